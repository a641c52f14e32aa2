package section

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// Limits bound a section. Each must be set.
type Limits struct {
	// MaxBytes bounds names and values and 32 bytes for each field (RFC 9113 section
	// 6.5.2, RFC 9114 section 4.2.2). Beyond it: 431.
	MaxBytes int
	// MaxFields bounds the field lines, each crumb of a cookie counted as one. Beyond it: 431.
	MaxFields int
	// MaxTargetBytes bounds :path. Beyond it: 414.
	MaxTargetBytes int
	// KeepUnderscores keeps fields with "_" in their names.
	KeepUnderscores bool
}

// Section is the field section that is being read. It may be used for any number of
// them, one after the other, by one goroutine at a time.
type Section struct {
	limits Limits
	// version is that of the messages.
	version wire.Version
	// req, resp and trailer are what it goes to; all are nil where nobody wants it.
	req     *wire.Request
	resp    *wire.Response
	trailer *wire.Header
	// ofRequest says that trailer is that of a request.
	ofRequest bool
	// arena holds the bytes that alias no string of the caller.
	arena []byte

	scheme, path, host []byte
	// protocol is that of an extended CONNECT (RFC 8441).
	protocol []byte
	// status is that of a response.
	status []byte
	seen   pseudo
	// regular says that a field that is no pseudo-header field has come.
	regular bool
	cookies int
	hosts   int
	lengths int
	length  int64
	expects int

	size, fields int
	// malformed is the rule that was broken (RFC 9113 section 8.1.1), "" for none.
	malformed string
	// refused is the limit that was passed.
	refused *Error
}

// pseudo is a set of pseudo-header fields.
type pseudo uint8

const (
	pseudoMethod pseudo = 1 << iota
	pseudoScheme
	pseudoAuthority
	pseudoPath
	pseudoProtocol
	pseudoStatus
)

// New returns one for messages of that version, which is HTTP2 or HTTP3.
func New(version wire.Version, limits Limits) Section {
	return Section{version: version, limits: limits}
}

// Request makes it ready for the head of a request; arena is memory to use.
func (s *Section) Request(r *wire.Request, arena []byte) {
	s.Drop()
	s.req, s.arena = r, arena
}

// Response makes it ready for the head of a response.
func (s *Section) Response(r *wire.Response) {
	s.Drop()
	s.resp = r
}

// Trailer makes it ready for trailers.
func (s *Section) Trailer(h *wire.Header) {
	s.Drop()
	s.trailer = h
}

// RequestTrailer is Trailer for those of a request, which is malformed if one of them would forge
// its header (wire.ForgesTrailer).
func (s *Section) RequestTrailer(h *wire.Header) {
	s.Trailer(h)
	s.ofRequest = true
}

// Drop makes it ready for what nobody wants.
func (s *Section) Drop() { *s = Section{limits: s.limits, version: s.version} }

// Malformed is the rule that was broken so far (RFC 9113 section 8.1.1), "" for none.
func (s *Section) Malformed() string { return s.malformed }

// Refused is the limit that was passed so far, nil for none.
func (s *Section) Refused() *Error { return s.refused }

// Size is that of the section so far, counted as in Limits.MaxBytes.
func (s *Section) Size() int { return s.size }

// Arena is the memory in use for the request.
func (s *Section) Arena() []byte { return s.arena }

// fieldOverhead is what a line counts besides its bytes (RFC 9113 section 6.5.2).
const fieldOverhead = 32

// Field takes one line. The message aliases both strings.
func (s *Section) Field(name, value string) {
	s.size += len(name) + len(value) + fieldOverhead
	s.fields++
	if s.malformed != "" || s.req == nil && s.resp == nil && s.trailer == nil {
		return
	}
	if len(name) > 0 && name[0] == ':' {
		s.fields--
		s.pseudoField(name, value)
		return
	}
	s.regular = true
	line := wire.Field{Name: alias(name), Value: alias(value)}
	underscore, ok := lowerToken(name)
	switch {
	case !ok:
		s.malformed = "name"
		return
	case !isValue(line.Value):
		s.malformed = "value"
		return
	case s.size > s.limits.MaxBytes:
		s.refuse(errHeadTooLarge)
		return
	case s.fields > s.limits.MaxFields:
		s.refuse(errTooManyFields)
		return
	}
	line.Known = wire.Lookup(line.Name)
	if underscore && !s.keepsUnderscores(line.Name) {
		return
	}
	if s.trailer != nil {
		s.trailerField(line)
		return
	}
	if s.resp != nil {
		s.responseField(line)
		return
	}
	if line.Known == wire.Other || s.take(line) {
		s.req.Header.AppendAlias(line)
	}
}

// TooLarge notes that the section is beyond Limits.MaxBytes, so that the caller has not read it.
func (s *Section) TooLarge() { s.refuse(errHeadTooLarge) }

func (s *Section) refuse(e *Error) {
	if s.refused == nil {
		s.refused = e
	}
}

// alias returns the bytes of a string of a decoder, which other fields may share:
// a field of a thousand bytes that comes as one byte costs no copy. Nobody writes to
// what a message aliases.
func alias(text string) []byte {
	return unsafe.Slice(unsafe.StringData(text), len(text))
}

// keepsUnderscores says whether a field with "_" in its name stays. In a response it forges nothing.
func (s *Section) keepsUnderscores(name []byte) bool {
	return s.limits.KeepUnderscores && (s.resp != nil || s.trailer != nil && !s.ofRequest || !wire.Disguised(name))
}

// lowerToken says whether name is a token without capitals (RFC 9113 section 8.2.1).
func lowerToken(name string) (underscore, ok bool) {
	for i := range len(name) {
		c := name[i]
		if !wire.IsTokenByte(c) || 'A' <= c && c <= 'Z' {
			return false, false
		}
		underscore = underscore || c == '_'
	}
	return underscore, len(name) > 0
}

// isValue is the stricter rule of RFC 9113 section 8.2.1: no space at either end.
func isValue(v []byte) bool {
	if len(v) == 0 {
		return true
	}
	return !isSpace(v[0]) && !isSpace(v[len(v)-1]) && wire.IsFieldValue(v)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// pseudoField takes a pseudo-header field (RFC 9113 section 8.3.1).
func (s *Section) pseudoField(name, value string) {
	var which pseudo
	switch name {
	case ":status":
		if s.resp != nil {
			which = pseudoStatus
			break
		}
		s.malformed = "pseudo-unknown"
		return
	case ":method":
		which = pseudoMethod
	case ":scheme":
		which = pseudoScheme
	case ":authority":
		which = pseudoAuthority
	case ":path":
		which = pseudoPath
	case ":protocol":
		which = pseudoProtocol
	default:
		s.malformed = "pseudo-unknown"
		return
	}
	v := alias(value)
	switch {
	case s.resp != nil && which != pseudoStatus:
		s.malformed = "pseudo-unknown"
	case s.trailer != nil:
		s.malformed = "pseudo-in-trailer"
	case s.regular:
		s.malformed = "pseudo-behind-field"
	case s.seen&which != 0:
		s.malformed = "pseudo-duplicate"
	case !isValue(v):
		s.malformed = "value"
	}
	if s.malformed != "" {
		return
	}
	s.seen |= which
	switch which {
	case pseudoMethod:
		s.req.Method = v
	case pseudoScheme:
		s.scheme = v
	case pseudoAuthority:
		s.req.Authority = v
	case pseudoPath:
		s.path = v
	case pseudoProtocol:
		s.protocol = v
	case pseudoStatus:
		s.status = v
	}
}

// take looks at a well-known field; kept says that it belongs into the header.
func (s *Section) take(f wire.Field) (kept bool) {
	switch f.Known {
	case wire.Connection, wire.KeepAlive, wire.ProxyConnection, wire.TransferEncoding, wire.Upgrade:
		s.malformed = "connection-field" // RFC 9113 section 8.2.2.
	case wire.TE:
		if !wire.EqualName(f.Value, "trailers") {
			s.malformed = "te"
		}
		s.req.TrailersAccepted = true
	case wire.Host:
		s.host = f.Value
		s.hosts++
	case wire.ContentLength:
		s.lengths++
		n, ok := parseLength(f.Value)
		if !ok || s.lengths > 1 {
			s.malformed = "content-length"
		}
		s.length = n
	case wire.Expect:
		s.expects++
		if !wire.EqualName(f.Value, "100-continue") || s.expects > 1 {
			s.refuse(errExpectation)
		}
	case wire.Cookie:
		s.addCookie(f)
	case wire.Trailer:
		return wire.AnnouncesTrailers(f.Value)
	case wire.HTTP2Settings:
	default:
		return true
	}
	return false
}

// addCookie joins the crumbs of a cookie (RFC 9113 section 8.2.3).
func (s *Section) addCookie(f wire.Field) {
	s.cookies++
	if s.cookies == 1 {
		s.req.Header.AppendAlias(f)
		return
	}
	fields := s.req.Header.Fields()
	for i := range fields {
		if fields[i].Known != wire.Cookie {
			continue
		}
		if s.cookies == 2 {
			s.arena = append(s.arena[:0], fields[i].Value...)
		}
		if need := len("; ") + len(f.Value); cap(s.arena)-len(s.arena) < need {
			// Doubled, where append would take smaller steps: each array that is left behind is memory, too.
			s.arena = slices.Grow(s.arena, max(need, cap(s.arena)))
		}
		s.arena = append(append(s.arena, "; "...), f.Value...)
		fields[i].Value = s.arena
		return
	}
}

// trailerField keeps a field of a trailer section.
func (s *Section) trailerField(f wire.Field) {
	switch f.Known {
	case wire.Connection, wire.KeepAlive, wire.ProxyConnection, wire.TransferEncoding, wire.Upgrade:
		s.malformed = "connection-field"
		return
	}
	if s.ofRequest && wire.ForgesTrailer(f) {
		s.malformed = "trailer-forbidden"
		return
	}
	if wire.MayTrail(f) {
		s.trailer.AppendAlias(f)
	}
}

// parseLength takes a number of at most 18 digits without leading zeros, as the codec of HTTP/1.1 does.
func parseLength(digits []byte) (n int64, ok bool) {
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// CloseRequest completes the request once its last field has come; ended says that no
// body follows. What it returns is that the head is malformed; what is only refused is in Refused.
func (s *Section) CloseRequest(ended bool) (malformed string) {
	r := s.req
	r.Version = s.version
	if s.malformed != "" {
		return s.malformed
	}
	switch {
	case s.seen&pseudoMethod == 0, !wire.IsToken(r.Method):
		return "method"
	case s.seen&pseudoProtocol != 0:
		if malformed := s.checkConnect(); malformed != "" {
			return malformed
		}
	case string(r.Method) == "CONNECT":
		if s.seen&(pseudoScheme|pseudoPath) != 0 || s.seen&pseudoAuthority == 0 || s.lengths > 0 {
			return "connect"
		}
	case s.seen&pseudoScheme == 0, !isScheme(s.scheme):
		return "scheme"
	case s.seen&pseudoPath == 0, len(s.path) == 0:
		return "path"
	}
	r.Length = wire.UnknownLength
	switch {
	case len(r.Upgrade) > 0:
		r.Length = 0
	case ended && s.lengths > 0 && s.length != 0:
		return "content-length"
	case ended:
		r.Length = 0
	case s.lengths > 0:
		r.Length = s.length
	}
	r.ExpectContinue = s.expects > 0 && r.Length != 0
	if s.refused == nil {
		s.refused = s.checkTarget()
	}
	return ""
}

// checkConnect makes an extended CONNECT (RFC 8441 section 4) the GET with an Upgrade that
// HTTP/1.1 has in its place, so that it is matched and forwarded like that.
func (s *Section) checkConnect() (malformed string) {
	r := s.req
	switch {
	case string(r.Method) != "CONNECT", !wire.IsToken(s.protocol), s.lengths > 0,
		s.seen&pseudoAuthority == 0, s.seen&pseudoScheme == 0, !isScheme(s.scheme), len(s.path) == 0:
		return "connect"
	}
	r.Method, r.Upgrade = methodGET, s.protocol
	if len(s.protocol) >= 2 && wire.EqualName(s.protocol[:2], "h2") || len(s.protocol) >= 4 && wire.EqualName(s.protocol[:4], "http") {
		s.refuse(errProtocol) // Requests in a tunnel would go past the routes.
	}
	return ""
}

var methodGET = []byte("GET")

// isScheme leaves out what is not HTTP: nothing here could serve it.
func isScheme(scheme []byte) bool {
	return wire.EqualName(scheme, "https") || wire.EqualName(scheme, "http")
}

// checkTarget looks at what could mean something else to an endpoint that speaks
// HTTP/1.1: those requests are well formed to HTTP/2, so they get an answer.
func (s *Section) checkTarget() *Error {
	r := s.req
	switch {
	case s.hosts > 1:
		return errHostConflict
	case s.hosts == 1 && s.seen&pseudoAuthority == 0:
		r.Authority = s.host
	case s.hosts == 1 && !wire.EqualFold(s.host, r.Authority):
		return errHostConflict
	case s.seen&pseudoAuthority == 0:
		return errHostMissing
	}
	if !wire.IsAuthority(r.Authority) {
		return errHost
	}
	if len(s.path) > s.limits.MaxTargetBytes {
		return errTargetTooLong
	}
	if string(r.Method) == "CONNECT" {
		return nil
	}
	if s.path[0] != '/' {
		if string(s.path) != "*" || string(r.Method) != "OPTIONS" {
			return errTargetForm
		}
		r.Path = s.path
		return nil
	}
	r.Path = s.path
	if i := bytes.IndexByte(s.path, '?'); i >= 0 {
		r.Path, r.Query, r.HasQuery = s.path[:i:i], s.path[i+1:], true
	}
	if !wire.IsPath(r.Path) || !wire.IsQuery(r.Query) {
		return errTarget
	}
	return nil
}
