package match

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestNormalizePath(t *testing.T) {
	tests := map[string]struct {
		path, want string
		err        error
	}{
		"a plain path stays":                              {"/a/b", "/a/b", nil},
		"the root stays":                                  {"/", "/", nil},
		"the asterisk form stays":                         {"*", "*", nil},
		"the empty path of CONNECT stays":                 {"", "", nil},
		"a final slash stays":                             {"/a/", "/a/", nil},
		"double slashes stay":                             {"//a//b//", "//a//b//", nil},
		"a name with a dot in front stays":                {"/.well-known/..x/...", "/.well-known/..x/...", nil},
		"reserved characters stay as they are":            {"/a;b=c,d!$&'()*+:@", "/a;b=c,d!$&'()*+:@", nil},
		"an encoded slash stays encoded":                  {"/a%2Fb", "/a%2Fb", nil},
		"hexadecimal digits get upper case":               {"/a%2fb%3b", "/a%2Fb%3B", nil},
		"unreserved characters are decoded":               {"/%61%5A%30%2d%2E%5f%7e", "/aZ0-._~", nil},
		"an encoded percent sign stays":                   {"/%2561", "/%2561", nil},
		"an encoded backslash stays encoded":              {"/a%5cb", "/a%5Cb", nil},
		"what clients ought to encode is encoded":         {"/a b|c\"<>[]^`{}", "/a%20b%7Cc%22%3C%3E%5B%5D%5E%60%7B%7D", nil},
		"non-ASCII is encoded":                            {"/é", "/%C3%A9", nil},
		"a dot segment goes":                              {"/a/./b", "/a/b", nil},
		"a dot segment at the end leaves the slash":       {"/a/.", "/a/", nil},
		"a double-dot segment takes its parent":           {"/a/b/../c", "/a/c", nil},
		"a double-dot segment at the end leaves a slash":  {"/a/b/..", "/a/", nil},
		"a double-dot segment takes an empty segment":     {"/a//../b", "/a/b", nil},
		"double dots at the root go":                      {"/../../a", "/a", nil},
		"only dots give the root":                         {"/..", "/", nil},
		"encoded dots are dots":                           {"/a/%2e%2E/b/.%2e/c/%2e", "/c/", nil},
		"the example of RFC 3986 section 5.2.4":           {"/a/b/c/./../../g", "/a/g", nil},
		"dots between encoded slashes are refused":        {"/a%2F..%2Fb", "", PathHiddenDots},
		"dots behind an encoded slash are refused":        {"/a%2f..", "", PathHiddenDots},
		"a dot ahead of an encoded slash is refused":      {"/a/.%2fb", "", PathHiddenDots},
		"dots ahead of an encoded backslash are refused":  {"/..%5Cb", "", PathHiddenDots},
		"dots that are encoded twice are refused":         {"/a/%252e%252e/b", "", PathHiddenDots},
		"dots that are encoded in parts are refused":      {"/a/%%32%65./b", "", PathEscape},
		"dots that are encoded thrice are refused":        {"/a/.%25252E/b", "", PathHiddenDots},
		"a slash behind dots encoded twice is refused":    {"/a/..%252Fb", "", PathHiddenDots},
		"names with dots between encoded slashes stay":    {"/a%2F.git%2F..b%2Fc..", "/a%2F.git%2F..b%2Fc..", nil},
		"three dots are a name among changes too":         {"/%61/.../b/...;c", "/a/.../b/...;c", nil},
		"a relative path is refused":                      {"a", "", PathRelative},
		"two asterisks are refused":                       {"**", "", PathRelative},
		"a backslash is refused":                          {"/a\\..\\b", "", PathByte},
		"a control byte is refused":                       {"/a\x00", "", PathByte},
		"DEL is refused":                                  {"/a\x7f", "", PathByte},
		"a tab is refused":                                {"/a\tb", "", PathByte},
		"a fragment is refused":                           {"/a#b", "", PathByte},
		"a question mark is refused":                      {"/a?b", "", PathByte},
		"an encoded NUL is refused":                       {"/a%00", "", PathEscape},
		"an escape without digits is refused":             {"/a%zz", "", PathEscape},
		"an escape cut off is refused":                    {"/a%2", "", PathEscape},
		"a percent sign at the end is refused":            {"/a%", "", PathEscape},
		"a fault behind a dot segment is found":           {"/a/../%g0", "", PathEscape},
		"double dots with a parameter are refused":        {"/a/..;x=1/b", "", PathDotParameter},
		"a dot with an empty parameter is refused":        {"/a/.;", "", PathDotParameter},
		"encoded dots with a parameter are refused":       {"/a/%2e%2e;/b", "", PathDotParameter},
		"three dots with a parameter are a name":          {"/a/...;x/b", "/a/...;x/b", nil},
		"an encoded semicolon behind dots is refused":     {"/a/..%3B/b", "", PathHiddenDots},
		"an encoded semicolon elsewhere stays":            {"/a%3Bb", "/a%3Bb", nil},
		"a dot encoded before a parameter is found alike": {"/a/.%2e;/b", "", PathDotParameter},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := NormalizePath([]byte(tt.path), nil)
			if string(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("NormalizePath(%q) = %q, %v, want %q, %v", tt.path, got, err, tt.want, tt.err)
			}
		})
	}
}

func TestNormalizePathUsesTheMemoryItHas(t *testing.T) {
	buf := make([]byte, 0, 64)
	for name, path := range map[string]string{"a normal path": "/shop/.well-known/a%2Fb", "another spelling": "/%61/../b c"} {
		in := []byte(path)
		if n := testing.AllocsPerRun(100, func() {
			if _, err := NormalizePath(in, buf); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
	in := []byte("/a/b")
	if out, err := NormalizePath(in, buf); err != nil || &out[0] != &in[0] {
		t.Errorf("a normal path was copied, or refused: %v", err)
	}
}

// checkNormalPath holds a normal path against what it promises, with the
// standard library as the reader at the other end.
func checkNormalPath(t *testing.T, path, normal []byte) {
	t.Helper()
	again, err := NormalizePath(normal, nil)
	if err != nil || !bytes.Equal(again, normal) {
		t.Errorf("%q became %q, and that became %q, %v", path, normal, again, err)
	}
	if len(normal) == 0 || string(normal) == "*" {
		return
	}
	if normal[0] != '/' {
		t.Errorf("%q became %q without a slash in front", path, normal)
	}
	u, err := url.ParseRequestURI("http://h" + string(normal))
	if err != nil {
		t.Fatalf("%q became %q, which the standard library refuses: %v", path, normal, err)
	}
	if strings.Contains(u.Path, "\x00") || u.RawQuery != "" || u.Fragment != "" {
		t.Errorf("%q became %q, which is read as %#v", path, normal, u)
	}
	for segment := range strings.SplitSeq(string(normal), "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "." || plain == ".." || strings.HasPrefix(segment, "..;") || strings.HasPrefix(segment, ".;") {
			t.Errorf("%q became %q with the segment %q, %v", path, normal, segment, err)
		}
	}
}

func FuzzNormalizePath(f *testing.F) {
	for _, s := range []string{"/", "*", "/a/%2e%2e/b", "//..//.", "/é/%zz", "/a;b/..;/c", "/%25%32%65/", "/.%2e"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, path []byte) {
		before := bytes.Clone(path)
		normal, err := NormalizePath(path, make([]byte, 0, 8))
		if !bytes.Equal(before, path) {
			t.Fatalf("the input was changed from %q to %q", before, path)
		}
		var fault PathFault
		if err != nil {
			if !errors.As(err, &fault) || normal != nil {
				t.Errorf("refused with %q, %v", normal, err)
			}
			return
		}
		checkNormalPath(t, path, normal)
		// Every other spelling of the same path becomes the same.
		if other, err := NormalizePath(encodeUnreserved(normal), nil); err != nil || !bytes.Equal(other, normal) {
			t.Errorf("%q has another spelling that becomes %q, %v", normal, other, err)
		}
	})
}

// encodeUnreserved returns a spelling of a normal path in which every letter,
// digit and dot is encoded and all digits of escapes are in lower case.
func encodeUnreserved(path []byte) []byte {
	if len(path) == 0 || path[0] != '/' {
		return path
	}
	var out []byte
	for i := 0; i < len(path); i++ {
		switch {
		case path[i] == '%':
			out = append(out, bytes.ToLower(path[i:i+3])...)
			i += 2
		case isUnreserved(path[i]):
			out = append(out, '%', "0123456789abcdef"[path[i]>>4], "0123456789abcdef"[path[i]&15])
		default:
			out = append(out, path[i])
		}
	}
	return out
}

func TestNormalizeHost(t *testing.T) {
	long := strings.Repeat("a.", 126) + "a"
	tests := map[string]struct {
		authority, want string
		err             error
	}{
		"a name stays":                       {"shop.example.com", "shop.example.com", nil},
		"a single label stays":               {"shop", "shop", nil},
		"no authority is no host":            {"", "", nil},
		"letters get lower case":             {"Shop.EXAMPLE.com", "shop.example.com", nil},
		"the port goes":                      {"shop:8080", "shop", nil},
		"an empty port goes":                 {"shop:", "shop", nil},
		"the final dot goes":                 {"shop.example.com.", "shop.example.com", nil},
		"the final dot goes before a port":   {"Shop.:80", "shop", nil},
		"an underscore stays":                {"_a.b_c", "_a.b_c", nil},
		"253 bytes are let through":          {long, long, nil},
		"an IPv4 address stays":              {"127.0.0.1:80", "127.0.0.1", nil},
		"an IPv6 address keeps its brackets": {"[2001:DB8::1]:443", "[2001:db8::1]", nil},
		"an IPv6 address without a port":     {"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", nil},
		"254 bytes are too many":             {"a" + long, "", HostLong},
		"a label of 64 bytes is too long":    {strings.Repeat("a", 64), "", HostLabel},
		"a label before others is too long":  {strings.Repeat("a", 64) + ".b", "", HostLabel},
		"an empty label is refused":          {"a..b", "", HostLabel},
		"a dot in front is refused":          {".a", "", HostLabel},
		"only a dot is refused":              {".", "", HostLabel},
		"two final dots are refused":         {"a..", "", HostLabel},
		"only a port is refused":             {":80", "", HostLabel},
		"a port with letters is refused":     {"a:8o", "", HostPort},
		"a port beyond 65535 is refused":     {"a:65536", "", HostPort},
		"two ports are refused":              {"a:1:2", "", HostPort},
		"user information is refused":        {"user@a", "", HostByte},
		"a space is refused":                 {"a b", "", HostByte},
		"a slash is refused":                 {"a/b", "", HostByte},
		"percent-encoding is refused":        {"%61", "", HostByte},
		"non-ASCII is refused":               {"münchen.de", "", HostByte},
		"a NUL is refused":                   {"a\x00", "", HostByte},
		"an open bracket is refused":         {"[::1", "", HostByte},
		"empty brackets are refused":         {"[]", "", HostLabel},
		"text behind brackets is refused":    {"[::1]a", "", HostPort},
		"a zone is refused":                  {"[fe80::1%25eth0]", "", HostByte},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := NormalizeHost([]byte(tt.authority), nil)
			if string(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("NormalizeHost(%q) = %q, %v, want %q, %v", tt.authority, got, err, tt.want, tt.err)
			}
		})
	}
}

func FuzzNormalizeHost(f *testing.F) {
	for _, s := range []string{"", "Shop.Example.com.:80", "[::1]:443", "a..b", "a:b", "[", "_"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, authority []byte) {
		before := bytes.Clone(authority)
		host, err := NormalizeHost(authority, nil)
		if !bytes.Equal(before, authority) {
			t.Fatalf("the input was changed from %q to %q", before, authority)
		}
		if err != nil {
			return
		}
		again, err := NormalizeHost(host, nil)
		if err != nil || !bytes.Equal(again, host) {
			t.Errorf("%q became %q, and that became %q, %v", authority, host, again, err)
		}
		if len(host) == 0 {
			if len(authority) != 0 {
				t.Errorf("%q became no host", authority)
			}
			return
		}
		if bytes.ContainsAny(host, " /@%?#\\\r\n\t\x00ABCXYZ") {
			t.Errorf("%q became %q", authority, host)
		}
		if u, err := url.Parse("http://" + string(authority) + "/"); err == nil {
			if want := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."); want != strings.Trim(string(host), "[]") {
				t.Errorf("%q became %q, the standard library reads %q", authority, host, want)
			}
		}
	})
}
