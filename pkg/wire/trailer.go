package wire

import "bytes"

// MayTrail says whether a field, with its Known set, may stand in a trailer section: not those that
// frame or direct a message, authenticate, or tell how to read its content (RFC
// 9110 section 6.5.1), nor those that tell a proxy's peers who the client is.
func MayTrail(f Field) bool {
	if f.Known != Other || IsForwarding(f.Name) || hasPrefixFold(f.Name, "if-") {
		return false
	}
	for _, name := range noTrailers {
		if EqualName(f.Name, name) {
			return false
		}
	}
	return true
}

// ForgesTrailer says whether a field, with its Known set, would change where a request ends, where it
// goes or who has sent it, if somebody took it from a trailer section for one of the header. A
// request with such a trailer is refused; in a response it is left out.
func ForgesTrailer(f Field) bool {
	switch f.Known {
	case Host, Connection, KeepAlive, ProxyConnection, TE, Trailer, TransferEncoding, ContentLength, Upgrade, HTTP2Settings,
		Forwarded, XForwardedFor, XForwardedProto, XForwardedHost, XForwardedPort, XRealIP, XRequestID, Authorization, Cookie:
		return true
	case Other:
	default:
		return false
	}
	if IsForwarding(f.Name) {
		return true
	}
	for _, name := range forgers {
		if EqualName(f.Name, name) {
			return true
		}
	}
	return false
}

// AnnouncesTrailers says whether the value of a field Trailer (RFC 9110 section 6.6.2) may be passed on: some programs
// hand over only trailers that it names, and some refuse a message where it names what cannot be one.
func AnnouncesTrailers(value []byte) bool {
	for rest, more := value, true; more; {
		var name []byte
		name, rest, more = bytes.Cut(rest, []byte(","))
		name = bytes.Trim(name, " \t")
		if !IsToken(name) || !MayTrail(Field{Name: name, Known: Lookup(name)}) || Disguised(name) {
			return false
		}
	}
	return true
}

// forgers are the names, besides well-known ones, of ForgesTrailer.
var forgers = [...]string{"Proxy-Authorization", "X-Original-Method", "X-Original-URL", "X-Rewrite-URL"}

// noTrailers are the names, besides the well-known ones, that may not stand in a trailer section.
var noTrailers = [...]string{
	"Age", "Allow", "Alt-Svc", "Authentication-Info", "Cache-Control", "Content-Disposition", "Content-Encoding",
	"Content-Language", "Content-Location", "Content-Range", "Expires", "Max-Forwards", "Pragma",
	"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "Range", "Strict-Transport-Security",
	"Vary", "Warning", "WWW-Authenticate", "X-Original-Method", "X-Original-URL", "X-Rewrite-URL",
}

// IsForwarding says whether a name is one of those by which proxies say who the client is.
func IsForwarding(name []byte) bool { return hasPrefixFold(name, "x-forwarded-") }

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && EqualName(b[:len(prefix)], prefix)
}
