package wire

// MayTrail says whether a field, with its Known set, may stand in a trailer section: not those that
// frame or direct a message, authenticate, or tell how to read its content (RFC
// 9110 section 6.5.1), nor those that tell a proxy's peers who the client is.
func MayTrail(f Field) bool {
	if f.Known != Other || hasPrefixFold(f.Name, "x-forwarded-") || hasPrefixFold(f.Name, "if-") {
		return false
	}
	for _, name := range noTrailers {
		if EqualName(f.Name, name) {
			return false
		}
	}
	return true
}

// noTrailers are the names, besides the well-known ones, that may not stand in a trailer section.
var noTrailers = [...]string{
	"Age", "Allow", "Alt-Svc", "Authentication-Info", "Cache-Control", "Content-Disposition", "Content-Encoding",
	"Content-Language", "Content-Location", "Content-Range", "Expires", "Max-Forwards", "Pragma",
	"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "Range", "Strict-Transport-Security",
	"Vary", "Warning", "WWW-Authenticate", "X-Original-Method", "X-Original-URL", "X-Rewrite-URL",
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && EqualName(b[:len(prefix)], prefix)
}
