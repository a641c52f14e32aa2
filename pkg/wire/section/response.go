package section

import "github.com/sluice-dev/sluice/pkg/wire"

// responseField takes a line of a response's head.
func (s *Section) responseField(f wire.Field) {
	switch f.Known {
	case wire.Connection, wire.KeepAlive, wire.ProxyConnection, wire.TransferEncoding, wire.Upgrade:
		s.malformed = "connection-field" // RFC 9113 section 8.2.2.
	case wire.ContentLength:
		s.lengths++
		n, ok := parseLength(f.Value)
		if !ok || s.lengths > 1 {
			s.malformed = "content-length"
		}
		s.length = n
	case wire.Trailer:
		if wire.AnnouncesTrailers(f.Value) {
			s.resp.Header.AppendAlias(f)
		}
	case wire.TE, wire.HTTP2Settings, wire.Host, wire.Expect:
	default:
		s.resp.Header.AppendAlias(f)
	}
}

// CloseResponse completes the response once its last field has come, which answers a
// HEAD if toHead is set. What it returns is that the head is malformed.
func (s *Section) CloseResponse(ended, toHead bool) (malformed string) {
	r := s.resp
	r.Version = s.version
	if s.malformed != "" {
		return s.malformed
	}
	if len(s.status) != 3 {
		return "status"
	}
	for _, c := range s.status {
		if c < '0' || c > '9' {
			return "status"
		}
		r.Status = r.Status*10 + int(c-'0')
	}
	r.Length = wire.UnknownLength
	if s.lengths > 0 {
		r.Length = s.length
	}
	switch {
	case r.Status < 100, r.Status == 101, r.Status < 200 && (ended || s.lengths > 0):
		return "status"
	case r.Status < 200, r.Status == 204:
		r.NoBody, r.Length = true, 0
	case toHead, r.Status == 304:
		r.NoBody = true
	case ended && s.lengths > 0 && s.length != 0:
		return "content-length"
	case ended:
		r.Length = 0
	}
	return ""
}
