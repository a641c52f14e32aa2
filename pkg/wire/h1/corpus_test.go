package h1

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// outcome is all that a reader of one message sees, in comparable form.
type outcome struct {
	Start    string // method and target, or status
	Header   []string
	Length   int64
	Flags    string
	Body     string
	Trailer  []string
	Rest     string // bytes beyond the message
	Fault    string // of the head, or of the body where Start is set
	Status   int
	Reusable bool
}

func lines(h *wire.Header) (out []string) {
	if h == nil {
		return nil
	}
	for _, f := range h.Fields() {
		out = append(out, fmt.Sprintf("%s: %s", f.Name, f.Value))
	}
	return out
}

func (o *outcome) fault(err error) {
	var refused *Error
	switch {
	case errors.As(err, &refused):
		o.Fault, o.Status = refused.Fault, refused.Status
	case err != nil:
		o.Fault = err.Error()
	}
}

func (o *outcome) body(c *Conn, size int) {
	var body strings.Builder
	buf := make([]byte, size)
	for {
		n, err := c.Body().Read(buf)
		body.Write(buf[:n])
		if err != nil {
			if !errors.Is(err, io.EOF) {
				o.fault(err)
			}
			break
		}
	}
	o.Body = body.String()
	o.Trailer = lines(c.Body().Trailer())
	o.Rest = string(c.Buffered())
}

// readRequest reads one request from pieces with reads of size bytes.
func readRequest(lim *Limits, size int, pieces ...string) (o outcome) {
	c := NewConn(newScript(pieces...), lim)
	defer c.Release()
	var r wire.Request
	if err := c.ReadRequest(&r); err != nil {
		o.fault(err)
		return o
	}
	o.Start = fmt.Sprintf("%s %s|%s|%s %v", r.Method, r.Authority, r.Path, r.Query, r.HasQuery)
	o.Header, o.Length = lines(&r.Header), r.Length
	o.Flags = flags(map[string]bool{"close": r.Close, "expect": r.ExpectContinue, "trailers": r.TrailersAccepted, "1.0": r.Version == wire.HTTP10})
	if len(r.Upgrade) > 0 {
		o.Flags += " upgrade=" + string(r.Upgrade)
	}
	o.body(c, size)
	return o
}

// readResponse reads one response to a request with that method.
func readResponse(method string, size int, pieces ...string) (o outcome) {
	c := NewConn(newScript(pieces...), nil)
	defer c.Release()
	c.out.done = true
	var r wire.Response
	if err := c.ReadResponse(&r, []byte(method)); err != nil {
		o.fault(err)
		return o
	}
	o.Start = fmt.Sprint(r.Status)
	o.Header, o.Length = lines(&r.Header), r.Length
	o.Flags = flags(map[string]bool{"close": r.Close, "nobody": r.NoBody, "1.0": r.Version == wire.HTTP10})
	if len(r.Upgrade) > 0 {
		o.Flags += " upgrade=" + string(r.Upgrade)
	}
	o.body(c, size)
	o.Reusable = c.Reusable()
	return o
}

func flags(set map[string]bool) string {
	var on []string
	for _, name := range []string{"1.0", "close", "expect", "nobody", "trailers"} {
		if set[name] {
			on = append(on, name)
		}
	}
	return strings.Join(on, " ")
}

// bytewise cuts s into pieces of one byte.
func bytewise(s string) []string { return strings.Split(s, "") }

const host = "Host: a.example\r\n"

// get and post are messages with some field lines; body is what follows the head.
func get(fields string) string { return "GET / HTTP/1.1\r\n" + host + fields + "\r\n" }

func post(fields, body string) string { return "POST / HTTP/1.1\r\n" + host + fields + "\r\n" + body }

func chunked(body string) string { return post("Transfer-Encoding: chunked\r\n", body) }

func target(method, target string) string {
	return method + " " + target + " HTTP/1.1\r\n" + host + "\r\n"
}

func hosted(value string) string { return "GET / HTTP/1.1\r\nHost:" + value + "\r\n\r\n" }

type refusal struct {
	raw    string
	status int
	fault  string
}

var refusedRequests = map[string]refusal{
	// Lines.
	"a request line ends with a bare LF":         {"GET / HTTP/1.1\n" + host + "\r\n", 400, "bare-lf"},
	"a field line ends with a bare LF":           {"GET / HTTP/1.1\r\nHost: a.example\n\r\n", 400, "bare-lf"},
	"the head ends with a bare LF":               {"GET / HTTP/1.1\r\n" + host + "\n", 400, "bare-lf"},
	"all lines end with bare LFs":                {"GET / HTTP/1.1\nHost: a.example\n\n", 400, "bare-lf"},
	"a bare LF comes first":                      {"\n" + get(""), 400, "bare-lf"},
	"a bare CR comes first":                      {"\rGET / HTTP/1.1\r\n" + host + "\r\n", 400, "bare-cr"},
	"a bare CR stands for a line end":            {"GET / HTTP/1.1\r" + host + "\r\n", 400, "bare-cr"},
	"a bare CR stands in a value":                {get("X: a\rb\r\n"), 400, "bare-cr"},
	"a bare CR hides a field line":               {get("X: a\rTransfer-Encoding: chunked\r\n"), 400, "bare-cr"},
	"a bare CR ends a value":                     {get("X: a\r\r\n"), 400, "bare-cr"},
	"a bare CR begins a name":                    {get("\rX: a\r\n"), 400, "bare-cr"},
	"a bare CR stands in a name":                 {get("X\rY: a\r\n"), 400, "bare-cr"},
	"two empty lines come first":                 {"\r\n\r\n" + get(""), 400, "empty-line"},
	"whitespace comes first":                     {" " + get(""), 400, "method"},
	"a TLS hello comes":                          {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "method"},
	"a NUL comes first":                          {"\x00", 400, "method"},
	"a PROXY protocol header of version 2 comes": {"\r\n\r\n\x00\r\nQUIT\n", 400, "empty-line"},
	"a PROXY protocol header of version 1 comes": {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + get(""), 400, "request-line"},
	"the preface of HTTP/2 comes":                {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version"},
	"the request line is one word":               {"GET\r\n" + host + "\r\n", 400, "request-line"},
	"a request of HTTP/0.9 comes":                {"GET /\r\n\r\n", 400, "request-line"},
	"two spaces follow the method":               {"GET  / HTTP/1.1\r\n" + host + "\r\n", 400, "request-line"},
	"two spaces precede the version":             {"GET /  HTTP/1.1\r\n" + host + "\r\n", 400, "request-line"},
	"a tab follows the method":                   {"GET\t/ HTTP/1.1\r\n" + host + "\r\n", 400, "method"},
	"a tab precedes the version":                 {"GET /\tHTTP/1.1\r\n" + host + "\r\n", 400, "request-line"},
	"a space ends the request line":              {"GET / HTTP/1.1 \r\n" + host + "\r\n", 400, "request-line"},
	"a tab ends the request line":                {"GET / HTTP/1.1\t\r\n" + host + "\r\n", 400, "version-syntax"},
	"the target has a space":                     {target("GET", "/a b"), 400, "request-line"},
	"the target is missing":                      {"GET HTTP/1.1\r\n" + host + "\r\n", 400, "request-line"},
	"the version is in lower case":               {"GET / http/1.1\r\n" + host + "\r\n", 400, "version-syntax"},
	"the version has no minor part":              {"GET / HTTP/1\r\n" + host + "\r\n", 400, "version-syntax"},
	"the version has two minor digits":           {"GET / HTTP/1.10\r\n" + host + "\r\n", 400, "version-syntax"},
	"the version has a leading zero":             {"GET / HTTP/01.1\r\n" + host + "\r\n", 400, "version-syntax"},
	"the version has a sign":                     {"GET / HTTP/+1.1\r\n" + host + "\r\n", 400, "version-syntax"},
	"the version has a space":                    {"GET / HTTP/ 1.1\r\n" + host + "\r\n", 400, "request-line"},
	"the version has a comma":                    {"GET / HTTP/1,1\r\n" + host + "\r\n", 400, "version-syntax"},
	"the version is of another protocol":         {"GET / HTTPS/1.1\r\n" + host + "\r\n", 400, "version-syntax"},
	"the version is HTTP/2.0":                    {"GET / HTTP/2.0\r\n" + host + "\r\n", 505, "version"},
	"the version is HTTP/0.9":                    {"GET / HTTP/0.9\r\n" + host + "\r\n", 505, "version"},
	"the version is HTTP/9.9":                    {"GET / HTTP/9.9\r\n" + host + "\r\n", 505, "version"},
	"the method is empty":                        {" / HTTP/1.1\r\n" + host + "\r\n", 400, "method"},
	"the method has a parenthesis":               {target("GE(T", "/"), 400, "method"},
	"the method has a colon":                     {target("GET:", "/"), 400, "method"},
	"the method has a slash":                     {target("GET/", "/"), 400, "method"},
	"the method has a NUL":                       {target("GE\x00T", "/"), 400, "method"},
	"the method is not ASCII":                    {target("G\u00c9T", "/"), 400, "method"},
	"the method is very long":                    {target(strings.Repeat("M", 65), "/"), 501, "method-too-long"},
	"a method fills the head":                    {strings.Repeat("M", 70<<10), 414, "target-too-long"},
	// Targets.
	"the target has a fragment":                      {target("GET", "/a#b"), 400, "target"},
	"the query has a fragment":                       {target("GET", "/a?b#c"), 400, "target"},
	"the target is a fragment":                       {target("GET", "#"), 400, "target"},
	"the path is not ASCII":                          {target("GET", "/\u00e9"), 400, "target"},
	"the path is overlong UTF-8":                     {target("GET", "/\xc0\xaf"), 400, "target"},
	"the query is not ASCII":                         {target("GET", "/?\u00e9"), 400, "target"},
	"the path has a NUL":                             {target("GET", "/a\x00b"), 400, "target"},
	"the path has a control byte":                    {target("GET", "/a\x01b"), 400, "target"},
	"the path has a DEL":                             {target("GET", "/a\x7fb"), 400, "target"},
	"the path has a tab":                             {target("GET", "/a\tb"), 400, "target"},
	"the path has a bare CR":                         {target("GET", "/a\rb"), 400, "bare-cr"},
	"the query has a control byte":                   {target("GET", "/?a\x01b"), 400, "target"},
	"the path has a backslash":                       {target("GET", "/a\\..\\b"), 400, "target"},
	"an escape in the path has no digits":            {target("GET", "/%zz"), 400, "target"},
	"an escape in the path is cut off":               {target("GET", "/a%4"), 400, "target"},
	"an escape in the path is a lone percent sign":   {target("GET", "/100%"), 400, "target"},
	"an escape in the path is NUL":                   {target("GET", "/a%00.txt"), 400, "target"},
	"the target has no slash":                        {target("GET", "a"), 400, "target-form"},
	"the target is a host for a GET":                 {target("GET", "a.example:80"), 400, "target-form"},
	"the target is an asterisk for a GET":            {target("GET", "*"), 400, "target-form"},
	"the target is an asterisk and a path":           {target("OPTIONS", "*/a"), 400, "target-form"},
	"the scheme is ftp":                              {target("GET", "ftp://a.example/"), 400, "target-form"},
	"the scheme is file":                             {target("GET", "file:///etc/passwd"), 400, "target-form"},
	"the scheme lacks a slash":                       {target("GET", "http:/a.example/"), 400, "target-form"},
	"the scheme is empty":                            {target("GET", "://a.example/"), 400, "target-form"},
	"an absolute target has no host":                 {target("GET", "http:///a"), 400, "target"},
	"an absolute target has user information":        {target("GET", "http://u:p@a.example/"), 400, "target"},
	"an absolute target has a bad port":              {target("GET", "http://a.example:8x/"), 400, "target"},
	"an absolute target has a fragment":              {target("GET", "http://a.example/#a"), 400, "target"},
	"an absolute target has a fragment for its path": {target("GET", "http://a.example#a"), 400, "target"},
	"an absolute target has a backslash":             {target("GET", "http://a.example\\b/"), 400, "target"},
	"an absolute target names another host":          {target("GET", "http://b.example/"), 400, "target-conflicts-with-host"},
	"an absolute target names another port":          {target("GET", "http://a.example:81/"), 400, "target-conflicts-with-host"},
	"an absolute target comes without Host":          {"GET http://a.example/ HTTP/1.1\r\n\r\n", 400, "host-missing"},
	"CONNECT has a path":                             {target("CONNECT", "/"), 400, "target-form"},
	"CONNECT has no port":                            {target("CONNECT", "a.example"), 400, "target-form"},
	"CONNECT has an absolute target":                 {target("CONNECT", "http://a.example/"), 400, "target-form"},
	"CONNECT has user information":                   {target("CONNECT", "u@a.example:443"), 400, "target-form"},
	"CONNECT names another host than Host":           {target("CONNECT", "a.example:443"), 400, "target-conflicts-with-host"},
	"CONNECT announces content":                      {"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nContent-Length: 5\r\n\r\nhello", 400, "framing-forbidden"},
	"the target is too long":                         {target("GET", "/"+strings.Repeat("a", 16<<10)), 414, "target-too-long"},
	"the target is longer than any head":             {target("GET", "/"+strings.Repeat("a", 80<<10)), 414, "target-too-long"},
	"the target never ends":                          {"GET /" + strings.Repeat("a", 64<<10), 414, "target-too-long"},
	// Field lines.
	"a field line is folded":                         {get("X: a\r\n b\r\n"), 400, "obs-fold"},
	"a field line is folded with a tab":              {get("X: a\r\n\tb: c\r\n"), 400, "obs-fold"},
	"the first field line begins with a space":       {"GET / HTTP/1.1\r\n " + host + "\r\n", 400, "obs-fold"},
	"a line of spaces stands among the fields":       {get("X: a\r\n  \r\n"), 400, "obs-fold"},
	"a space precedes the colon":                     {get("X : a\r\n"), 400, "space-before-colon"},
	"a tab precedes the colon":                       {get("X\t: a\r\n"), 400, "space-before-colon"},
	"a space precedes the colon of Content-Length":   {post("Content-Length : 5\r\n", "hello"), 400, "space-before-colon"},
	"a space precedes the colon of a coding":         {post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400, "space-before-colon"},
	"a name is empty":                                {get(": a\r\n"), 400, "name-empty"},
	"a name has a space":                             {get("X Y: a\r\n"), 400, "name"},
	"a name has a slash":                             {get("X/Y: a\r\n"), 400, "name"},
	"a name has a parenthesis":                       {get("X(Y): a\r\n"), 400, "name"},
	"a name has a quote":                             {get("\"X\": a\r\n"), 400, "name"},
	"a name has a NUL":                               {get("X\x00: a\r\n"), 400, "name"},
	"a name has a vertical tab":                      {get("Transfer-Encoding\x0b: chunked\r\n"), 400, "name"},
	"a name is not ASCII":                            {get("X\u00e9: a\r\n"), 400, "name"},
	"a line has no colon":                            {get("X\r\n"), 400, "no-colon"},
	"a value has a NUL":                              {get("X: a\x00b\r\n"), 400, "value"},
	"a long value has a NUL at its end":              {get("X: " + strings.Repeat("a", 64) + "\x00\r\n"), 400, "value"},
	"a value has a control byte":                     {get("X: a\x01b\r\n"), 400, "value"},
	"a value has a form feed":                        {get("X: a\x0cb\r\n"), 400, "value"},
	"a value has a DEL":                              {get("X: a\x7f\r\n"), 400, "value"},
	"a value among many has a DEL in its first word": {get("X: 123\x7f567890\r\n"), 400, "value"},
	"the head is too large":                          {get("X: " + strings.Repeat("a", 64<<10) + "\r\n"), 431, "head-too-large"},
	"a head of small fields is too large":            {get(strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 70)), 431, "head-too-large"},
	"the fields are too many":                        {get(strings.Repeat("X: a\r\n", 100)), 431, "too-many-fields"},
	// Host.
	"Host is missing":                          {"GET / HTTP/1.1\r\n\r\n", 400, "host-missing"},
	"Host comes twice":                         {get("Host: b.example\r\n"), 400, "host-duplicate"},
	"Host comes twice with one value":          {get(host), 400, "host-duplicate"},
	"Host comes twice in HTTP/1.0":             {"GET / HTTP/1.0\r\n" + host + host + "\r\n", 400, "host-duplicate"},
	"Host is empty":                            {hosted(""), 400, "host"},
	"Host is blank":                            {hosted("   "), 400, "host"},
	"Host has user information":                {hosted(" u@a.example"), 400, "host"},
	"Host has a path":                          {hosted(" a.example/b"), 400, "host"},
	"Host has a query":                         {hosted(" a.example?b"), 400, "host"},
	"Host has a fragment":                      {hosted(" a.example#b"), 400, "host"},
	"Host has a backslash":                     {hosted(" a.example\\b"), 400, "host"},
	"Host has a scheme":                        {hosted(" http://a.example"), 400, "host"},
	"Host is a list":                           {hosted(" a.example, b.example"), 400, "host"},
	"Host is a list without spaces":            {hosted(" a.example,b.example"), 400, "host"},
	"Host has a space":                         {hosted(" a.example b.example"), 400, "host"},
	"Host has a tab":                           {hosted(" a.example\tb"), 400, "host"},
	"Host is not ASCII":                        {hosted(" \u00e9.example"), 400, "host"},
	"Host has an escape":                       {hosted(" a%2eexample"), 400, "host"},
	"Host has a quote":                         {hosted(" \"a.example\""), 400, "host"},
	"Host is only a port":                      {hosted(" :80"), 400, "host"},
	"Host has an empty port":                   {hosted(" a.example:"), 400, "host"},
	"Host has a word for a port":               {hosted(" a.example:http"), 400, "host"},
	"Host has a signed port":                   {hosted(" a.example:+80"), 400, "host"},
	"Host has port 0":                          {hosted(" a.example:0"), 400, "host"},
	"Host has a port above 65535":              {hosted(" a.example:65536"), 400, "host"},
	"Host has a port of many digits":           {hosted(" a.example:000080"), 400, "host"},
	"Host has two ports":                       {hosted(" a.example:80:81"), 400, "host"},
	"Host is an IPv6 address without brackets": {hosted(" ::1"), 400, "host"},
	"Host has an open bracket":                 {hosted(" [::1"), 400, "host"},
	"Host has a bracket alone":                 {hosted(" ["), 400, "host"},
	"Host has text behind a bracket":           {hosted(" [::1]a:80"), 400, "host"},
	"Host has an IPv4 address in brackets":     {hosted(" [127.0.0.1]"), 400, "host"},
	"Host has an IPv6 address that is none":    {hosted(" [::g]"), 400, "host"},
	"Host has an IPv6 zone":                    {hosted(" [fe80::1%25eth0]"), 400, "host"},
	"Host has an empty bracket":                {hosted(" []"), 400, "host"},
	"Host is very long":                        {hosted(" " + strings.Repeat("a", 256)), 400, "host"},
	// Framing.
	"the length is empty":                      {post("Content-Length:\r\n", ""), 400, "content-length"},
	"the length has a plus sign":               {post("Content-Length: +5\r\n", "hello"), 400, "content-length"},
	"the length has a minus sign":              {post("Content-Length: -5\r\n", "hello"), 400, "content-length"},
	"the length is hexadecimal":                {post("Content-Length: 0x5\r\n", "hello"), 400, "content-length"},
	"the length has an underscore":             {post("Content-Length: 1_0\r\n", "helloworld"), 400, "content-length"},
	"the length has a leading zero":            {post("Content-Length: 05\r\n", "hello"), 400, "content-length"},
	"the length is two zeros":                  {post("Content-Length: 00\r\n", ""), 400, "content-length"},
	"the length has a fraction":                {post("Content-Length: 5.0\r\n", "hello"), 400, "content-length"},
	"the length has an exponent":               {post("Content-Length: 1e1\r\n", "hello"), 400, "content-length"},
	"the length has a space inside":            {post("Content-Length: 1 0\r\n", "hello"), 400, "content-length"},
	"the length has a parameter":               {post("Content-Length: 5;a=b\r\n", "hello"), 400, "content-length"},
	"the length is a list of equal numbers":    {post("Content-Length: 5, 5\r\n", "hello"), 400, "content-length"},
	"the length is a list of unequal numbers":  {post("Content-Length: 5, 6\r\n", "hello"), 400, "content-length"},
	"the length has a comma at its end":        {post("Content-Length: 5,\r\n", "hello"), 400, "content-length"},
	"the length overflows 64 bits":             {post("Content-Length: 18446744073709551621\r\n", "hello"), 400, "content-length"},
	"the length overflows 63 bits":             {post("Content-Length: 9223372036854775808\r\n", "hello"), 400, "content-length"},
	"the length is in wide digits":             {post("Content-Length: \uff15\r\n", "hello"), 400, "content-length"},
	"the length comes twice":                   {post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400, "content-length-duplicate"},
	"the length comes twice with one value":    {post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400, "content-length-duplicate"},
	"the length comes twice in other cases":    {post("Content-Length: 5\r\ncontent-length: 0\r\n", "hello"), 400, "content-length-duplicate"},
	"a length and a coding come":               {post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, "content-length-and-transfer-encoding"},
	"a coding and a length come":               {post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400, "content-length-and-transfer-encoding"},
	"a coding and a length of 0 come":          {post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n"), 400, "content-length-and-transfer-encoding"},
	"an unknown coding and a length come":      {post("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", "hello"), 400, "content-length-and-transfer-encoding"},
	"the coding comes twice":                   {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, "transfer-encoding-duplicate"},
	"two codings come in two lines":            {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), 400, "transfer-encoding-duplicate"},
	"the coding is empty":                      {post("Transfer-Encoding:\r\n", ""), 400, "transfer-encoding"},
	"the coding is xchunked":                   {post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding is chunkedx":                   {post("Transfer-Encoding: chunkedx\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding is identity":                   {post("Transfer-Encoding: identity\r\n", ""), 400, "transfer-encoding"},
	"the coding is gzip alone":                 {post("Transfer-Encoding: gzip\r\n", ""), 400, "transfer-encoding"},
	"the coding is chunked and then gzip":      {post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding is chunked and then identity":  {post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding is chunked twice":              {post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding has a comma ahead":             {post("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding has a comma behind":            {post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding has a parameter":               {post("Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding is quoted":                     {post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding is followed by a vertical tab": {post("Transfer-Encoding: chunked\x0b\r\n", "0\r\n\r\n"), 400, "value"},
	"the coding is preceded by a colon":        {post("Transfer-Encoding: :chunked\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding has bytes that are not ASCII":  {post("Transfer-Encoding: chunk\u0435d\r\n", "0\r\n\r\n"), 400, "transfer-encoding"},
	"the coding is gzip and then chunked":      {post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501, "transfer-encoding-unknown"},
	"the coding is identity and then chunked":  {post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"), 501, "transfer-encoding-unknown"},
	"a coding comes in HTTP/1.0":               {"POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "transfer-encoding-in-http10"},
	"a coding and a length come in HTTP/1.0":   {"POST / HTTP/1.0\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "transfer-encoding-in-http10"},
	// Connection, Upgrade, Expect.
	"Connection nominates Host":              {get("Connection: Host\r\n"), 400, "connection"},
	"Connection nominates Content-Length":    {post("Connection: close, Content-Length\r\nContent-Length: 5\r\n", "hello"), 400, "connection"},
	"Connection nominates Transfer-Encoding": {post("Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, "connection"},
	"Connection is no list of tokens":        {get("Connection: close; a\r\n"), 400, "connection"},
	"Connection nominates too many fields":   {get("Connection: " + strings.Repeat("a,", 17) + "close\r\n"), 400, "connection"},
	"Upgrade is empty":                       {get("Connection: upgrade\r\nUpgrade:\r\n"), 400, "upgrade"},
	"Upgrade is no list of protocols":        {get("Connection: upgrade\r\nUpgrade: web socket\r\n"), 400, "upgrade"},
	"the expectation is unknown":             {post("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"), 417, "expectation"},
	"the expectation is a list":              {post("Expect: 100-continue, a\r\nContent-Length: 5\r\n", "hello"), 417, "expectation"},
	"the expectation comes twice":            {post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", "hello"), 417, "expectation"},
	"the expectation is empty":               {post("Expect:\r\nContent-Length: 5\r\n", "hello"), 417, "expectation"},
}

func TestRefusesEachRequestThat(t *testing.T) {
	for name, tt := range joined(t, refusedRequests, ambiguousRequests) {
		t.Run(name, func(t *testing.T) {
			want := outcome{Status: tt.status, Fault: tt.fault}
			if diff := cmp.Diff(want, readRequest(nil, 512, tt.raw)); diff != "" {
				t.Errorf("in one piece (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, readRequest(nil, 1, bytewise(tt.raw)...)); diff != "" {
				t.Errorf("byte by byte (-want +got):\n%s", diff)
			}
		})
	}
}

// A refused body shows after the head was accepted.
var refusedBodies = map[string]refusal{
	"a chunk size is empty":                        {chunked("\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a chunk size has a prefix":                    {chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a chunk size has a plus sign":                 {chunked("+5\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a chunk size has a minus sign":                {chunked("-5\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a chunk size has an underscore":               {chunked("1_0\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a chunk size is no number":                    {chunked("g\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a space precedes a chunk size":                {chunked(" 5\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a space follows a chunk size":                 {chunked("5 \r\nhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a tab follows a chunk size":                   {chunked("5\t\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a chunk size has seventeen digits":            {chunked("00000000000000005\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size-too-large"},
	"a chunk size overflows 64 bits":               {chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size-too-large"},
	"a chunk size overflows 63 bits":               {chunked("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size-too-large"},
	"a chunk size line ends with a bare LF":        {chunked("5\nhello\r\n0\r\n\r\n"), 400, "bare-lf"},
	"a chunk size line has a bare CR":              {chunked("5\rhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a chunk size line has two CRs":                {chunked("5\r\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a chunk ends with a bare LF":                  {chunked("5\r\nhello\n0\r\n\r\n"), 400, "chunk-end"},
	"a chunk ends with a bare CR":                  {chunked("5\r\nhello\r0\r\n\r\n"), 400, "chunk-end"},
	"a chunk is longer than its size":              {chunked("5\r\nhelloX\r\n0\r\n\r\n"), 400, "chunk-end"},
	"a chunk is shorter than its size":             {chunked("5\r\nhell\r\n0\r\n\r\n"), 400, "chunk-end"},
	"a chunk has no end":                           {chunked("5\r\nhello0\r\n\r\n"), 400, "chunk-end"},
	"the last chunk ends with a bare LF":           {chunked("5\r\nhello\r\n0\n\r\n"), 400, "bare-lf"},
	"the body ends with a bare LF":                 {chunked("0\r\n\n"), 400, "bare-lf"},
	"a chunk extension is a bare semicolon":        {chunked("5;\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a chunk extension is two semicolons":          {chunked("5;;a\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a chunk extension has no value":               {chunked("5;a=\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a chunk extension has no name":                {chunked("5;=b\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a chunk extension has a bad token":            {chunked("5;a[b]\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a chunk extension has a control byte":         {chunked("5;a=\x01\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a quoted chunk extension has a NUL":           {chunked("5;a=\"\x00\"\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a quoted chunk extension has a bare CR":       {chunked("5;a=\"b\rc\"\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a quoted chunk extension has a line end":      {chunked("5;a=\"b\r\nc\"\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a chunk extension ends with a bare LF":        {chunked("5;a\nhello\r\n0\r\n\r\n"), 400, "bare-lf"},
	"a chunk extension has a bare CR":              {chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a space precedes a chunk extension":           {chunked("5 ;a\r\nhello\r\n0\r\n\r\n"), 400, "chunk-size"},
	"a space follows a semicolon":                  {chunked("5; a\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension"},
	"a chunk extension is too long":                {chunked("5;a=" + strings.Repeat("b", 1100) + "\r\nhello\r\n0\r\n\r\n"), 400, "chunk-extension-too-long"},
	"a chunk extension never ends":                 {chunked("5;a=" + strings.Repeat("b", 64<<10)), 400, "chunk-extension-too-long"},
	"many small chunk extensions come":             {chunked(strings.Repeat("1;abcdefghi\r\nx\r\n", 110) + "0\r\n\r\n"), 400, "chunk-extension-too-long"},
	"a trailer line is folded":                     {chunked("0\r\nX: a\r\n b\r\n\r\n"), 400, "obs-fold"},
	"a trailer line begins with a space":           {chunked("0\r\n X: a\r\n\r\n"), 400, "obs-fold"},
	"a trailer line has no colon":                  {chunked("0\r\nX\r\n\r\n"), 400, "no-colon"},
	"a trailer line ends with a bare LF":           {chunked("0\r\nX: a\n\r\n"), 400, "bare-lf"},
	"a trailer line has a space before its colon":  {chunked("0\r\nX : a\r\n\r\n"), 400, "space-before-colon"},
	"a trailer value has a NUL":                    {chunked("0\r\nX: \x00\r\n\r\n"), 400, "value"},
	"a request follows the last chunk at once":     {chunked("0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "name"},
	"the trailer section is too large":             {chunked("0\r\n" + strings.Repeat("X: "+strings.Repeat("a", 1000)+"\r\n", 9) + "\r\n"), 431, "trailer-too-large"},
	"the trailer fields are too many":              {chunked("0\r\n" + strings.Repeat("X: a\r\n", 101) + "\r\n"), 431, "too-many-fields"},
	"the body is shorter than its length":          {post("Content-Length: 6\r\n", "hello"), 0, "unexpected EOF"},
	"the chunked body breaks off in its data":      {chunked("5\r\nhell"), 0, "unexpected EOF"},
	"the chunked body breaks off behind its data":  {chunked("5\r\nhello\r\n"), 0, "unexpected EOF"},
	"the chunked body breaks off in its last line": {chunked("5\r\nhello\r\n0\r\n"), 0, "unexpected EOF"},
	"the chunked body breaks off in its trailer":   {chunked("5\r\nhello\r\n0\r\nX: a\r\n"), 0, "unexpected EOF"},
}

func TestRefusesEachBodyWhere(t *testing.T) {
	for name, tt := range joined(t, refusedBodies, ambiguousBodies) {
		t.Run(name, func(t *testing.T) {
			whole := readRequest(nil, 512, tt.raw)
			if whole.Start == "" || whole.Fault != tt.fault || whole.Status != tt.status || whole.Trailer != nil {
				t.Errorf("got %+v, want fault %q, status %d", whole, tt.fault, tt.status)
			}
			bytes := readRequest(nil, 1, bytewise(tt.raw)...)
			whole.Rest, bytes.Rest = "", "" // How much was read ahead differs.
			if diff := cmp.Diff(whole, bytes); diff != "" {
				t.Errorf("byte by byte (-one piece +bytes):\n%s", diff)
			}
		})
	}
}

func status(line, fields, body string) string { return line + "\r\n" + fields + "\r\n" + body }

var refusedResponses = map[string]struct{ method, raw, fault string }{
	"the status line ends with a bare LF":         {"GET", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "bare-lf"},
	"an empty line comes first":                   {"GET", "\r\n" + status("HTTP/1.1 200 OK", "", ""), "empty-line"},
	"a field line ends with a bare LF":            {"GET", status("HTTP/1.1 200 OK", "X: a\n", ""), "bare-lf"},
	"the version is in lower case":                {"GET", status("http/1.1 200 OK", "", ""), "version-syntax"},
	"the version is HTTP/2.0":                     {"GET", status("HTTP/2.0 200 OK", "", ""), "version"},
	"the version is of another protocol":          {"GET", status("ICY/1.0 200 OK", "", ""), "status-line"},
	"the status has two digits":                   {"GET", status("HTTP/1.1 20 OK", "", ""), "status-line"},
	"the status has four digits":                  {"GET", status("HTTP/1.1 2000 OK", "", ""), "status-line"},
	"the status is below 100":                     {"GET", status("HTTP/1.1 099 OK", "", ""), "status-line"},
	"the status is no number":                     {"GET", status("HTTP/1.1 2x0 OK", "", ""), "status-line"},
	"the status has a sign":                       {"GET", status("HTTP/1.1 +20 OK", "", ""), "status-line"},
	"the status line is cut off":                  {"GET", status("HTTP/1.1", "", ""), "status-line"},
	"two spaces precede the status":               {"GET", status("HTTP/1.1  200 OK", "", ""), "status-line"},
	"a tab follows the status":                    {"GET", status("HTTP/1.1 200\tOK", "", ""), "status-line"},
	"the reason has a NUL":                        {"GET", status("HTTP/1.1 200 O\x00K", "", ""), "status-line"},
	"the reason has a bare CR":                    {"GET", status("HTTP/1.1 200 OK\rX: a", "", ""), "status-line"},
	"a field line is folded":                      {"GET", status("HTTP/1.1 200 OK", "X: a\r\n b\r\n", ""), "obs-fold"},
	"a space precedes a colon":                    {"GET", status("HTTP/1.1 200 OK", "X : a\r\n", ""), "space-before-colon"},
	"a name is no token":                          {"GET", status("HTTP/1.1 200 OK", "X/Y: a\r\n", ""), "name"},
	"a value has a NUL":                           {"GET", status("HTTP/1.1 200 OK", "X: \x00\r\n", ""), "value"},
	"a line has no colon":                         {"GET", status("HTTP/1.1 200 OK", "X\r\n", ""), "no-colon"},
	"the fields are too many":                     {"GET", status("HTTP/1.1 200 OK", strings.Repeat("X: a\r\n", 101), ""), "too-many-fields"},
	"the head is too large":                       {"GET", status("HTTP/1.1 200 OK", "X: "+strings.Repeat("a", 64<<10)+"\r\n", ""), "head-too-large"},
	"the status line never ends":                  {"GET", "HTTP/1.1 200 " + strings.Repeat("a", 64<<10), "head-too-large"},
	"a length and a coding come":                  {"GET", status("HTTP/1.1 200 OK", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "content-length-and-transfer-encoding"},
	"the length comes twice with one value":       {"GET", status("HTTP/1.1 200 OK", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "content-length-duplicate"},
	"the length is a list":                        {"GET", status("HTTP/1.1 200 OK", "Content-Length: 5, 5\r\n", "hello"), "content-length"},
	"the length has a sign":                       {"GET", status("HTTP/1.1 200 OK", "Content-Length: +5\r\n", "hello"), "content-length"},
	"the length is empty":                         {"GET", status("HTTP/1.1 200 OK", "Content-Length:\r\n", ""), "content-length"},
	"the coding is unknown":                       {"GET", status("HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "transfer-encoding-unknown"},
	"the coding is identity":                      {"GET", status("HTTP/1.1 200 OK", "Transfer-Encoding: identity\r\n", "hello"), "transfer-encoding"},
	"the coding comes twice":                      {"GET", status("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "transfer-encoding-duplicate"},
	"a coding comes in HTTP/1.0":                  {"GET", status("HTTP/1.0 200 OK", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), "transfer-encoding-in-http10"},
	"a coding comes with HEAD in bad syntax":      {"HEAD", status("HTTP/1.1 200 OK", "Transfer-Encoding: xchunked\r\n", ""), "transfer-encoding"},
	"100 announces content":                       {"GET", status("HTTP/1.1 100 Continue", "Content-Length: 5\r\n", "hello"), "framing-forbidden"},
	"103 is chunked":                              {"GET", status("HTTP/1.1 103 Early Hints", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), "framing-forbidden"},
	"101 is chunked":                              {"GET", status("HTTP/1.1 101 Switching", "Connection: upgrade\r\nUpgrade: a\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "framing-forbidden"},
	"101 names no protocol":                       {"GET", status("HTTP/1.1 101 Switching", "Connection: upgrade\r\n", ""), "upgrade"},
	"101 names two protocols":                     {"GET", status("HTTP/1.1 101 Switching", "Connection: upgrade\r\nUpgrade: a, b\r\n", ""), "upgrade"},
	"101 lacks Connection":                        {"GET", status("HTTP/1.1 101 Switching", "Upgrade: websocket\r\n", ""), "upgrade"},
	"an accepted CONNECT announces content":       {"CONNECT", status("HTTP/1.1 200 OK", "Content-Length: 5\r\n", "hello"), "framing-forbidden"},
	"Connection nominates Content-Length":         {"GET", status("HTTP/1.1 200 OK", "Connection: content-length\r\nContent-Length: 5\r\n", "hello"), "connection"},
	"a server of another protocol speaks first":   {"GET", "220 mail.example ESMTP\r\n\r\n", "status-line"},
	"HTTP/2 answers with a SETTINGS frame and LF": {"GET", "\x00\x00\x12\x04\x00\x00\x00\x00\x00\n", "bare-lf"},
}

func TestRefusesEachResponseWhere(t *testing.T) {
	for name, tt := range joined(t, refusedResponses, hostileResponses) {
		t.Run(name, func(t *testing.T) {
			want := outcome{Status: 502, Fault: tt.fault}
			if diff := cmp.Diff(want, readResponse(tt.method, 512, tt.raw)); diff != "" {
				t.Errorf("in one piece (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, readResponse(tt.method, 1, bytewise(tt.raw)...)); diff != "" {
				t.Errorf("byte by byte (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefusesEachResponseBodyWhere(t *testing.T) {
	for name, tt := range hostileBodies {
		t.Run(name, func(t *testing.T) {
			whole := readResponse("GET", 512, tt.raw)
			if whole.Start != "200" || whole.Fault != tt.fault || whole.Status != tt.status || whole.Trailer != nil || whole.Reusable {
				t.Errorf("got %+v, want fault %q, status %d", whole, tt.fault, tt.status)
			}
			bytes := readResponse("GET", 1, bytewise(tt.raw)...)
			whole.Rest, bytes.Rest = "", "" // How much was read ahead differs.
			if diff := cmp.Diff(whole, bytes); diff != "" {
				t.Errorf("byte by byte (-one piece +bytes):\n%s", diff)
			}
		})
	}
}
