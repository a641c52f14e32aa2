package ir

import (
	"strconv"
	"strings"
	"time"
)

// Sticky keeps the requests of a session at the endpoint that served its first one,
// over whatever strategy chose it, as long as it serves. The zero value keeps none.
type Sticky struct {
	// Source is what carries the session (HTTPRoute sessionPersistence.type).
	Source StickySource
	// Name is that of the cookie, or of the header field in lower case.
	Name string
	// Lifetime is how long a session lasts at most (sessionPersistence.absoluteTimeout);
	// 0 means no bound.
	Lifetime time.Duration
	// Permanent lets the cookie outlive the browser's session, for Lifetime
	// (sessionPersistence.cookieConfig.lifetimeType).
	Permanent bool
	// Path is the cookie's, empty for a header.
	Path string
	// Domain is the cookie's, empty to leave it to the host that sets it.
	Domain string
	// SameSite is the cookie's attribute: Strict, Lax, None, or empty to leave it out.
	SameSite string
	// Secure says when the cookie has that attribute.
	Secure StickySecure
	// Readable leaves out the cookie's attribute HttpOnly.
	Readable bool
}

// StickySource is what carries a session.
type StickySource uint8

const (
	// StickyNone carries none.
	StickyNone StickySource = iota
	// StickyCookie is a cookie that the response sets.
	StickyCookie
	// StickyHeader is a header field of the response, which the client sends again.
	StickyHeader
)

// String returns the name as the Gateway API writes it.
func (s StickySource) String() string {
	switch s {
	case StickyNone:
		return "none"
	case StickyCookie:
		return "Cookie"
	case StickyHeader:
		return "Header"
	}
	return "source(" + strconv.Itoa(int(s)) + ")"
}

// StickySecure says when a cookie is for TLS alone.
type StickySecure uint8

const (
	// SecureAuto makes it so where the request came over TLS.
	SecureAuto StickySecure = iota
	// SecureAlways makes it so, as behind a load balancer that ends TLS.
	SecureAlways
	// SecureNever leaves it out.
	SecureNever
)

// String returns the name as ProxyRoute writes it.
func (s StickySecure) String() string {
	switch s {
	case SecureAuto:
		return "Auto"
	case SecureAlways:
		return "Always"
	case SecureNever:
		return "Never"
	}
	return "secure(" + strconv.Itoa(int(s)) + ")"
}

// String returns it as one line.
func (s Sticky) String() string {
	words := []string{"by=" + s.Source.String(), "name=" + quote(s.Name)}
	if s.Lifetime != 0 {
		words = append(words, "lifetime="+s.Lifetime.String())
	}
	if s.Permanent {
		words = append(words, "permanent")
	}
	if s.Path != "" {
		words = append(words, "path="+quote(s.Path))
	}
	if s.Domain != "" {
		words = append(words, "domain="+quote(s.Domain))
	}
	if s.SameSite != "" {
		words = append(words, "same-site="+quote(s.SameSite))
	}
	if s.Secure != SecureAuto {
		words = append(words, "secure="+s.Secure.String())
	}
	if s.Readable {
		words = append(words, "readable")
	}
	return strings.Join(words, " ")
}

func (v *validator) sticky(s Sticky) {
	switch s.Source {
	case StickyNone:
		v.check(s == Sticky{}, "sessions that nothing carries have attributes")
		return
	case StickyHeader:
		v.check(s == Sticky{Source: StickyHeader, Name: s.Name, Lifetime: s.Lifetime}, "a header that carries sessions has attributes of a cookie")
		v.check(s.Name == strings.ToLower(s.Name), "the header that carries sessions is not in lower case")
	case StickyCookie:
		v.check(strings.HasPrefix(s.Path, "/") && !strings.ContainsAny(s.Path, ";, \r\n\t"), "the path of the cookie that carries sessions is not valid")
	default:
		v.problem("what carries sessions is unknown")
	}
	v.check(s.Name != "" && !strings.ContainsAny(s.Name, "=;, \r\n\t"), "the name of what carries sessions is not valid")
	v.check(!strings.ContainsAny(s.Domain, ";, \r\n\t"), "the domain of the cookie that carries sessions is not valid")
	v.check(s.Lifetime >= 0 && (s.Lifetime > 0 || !s.Permanent), "the lifetime of sessions is negative, or missing for a permanent cookie")
	v.check(s.Secure <= SecureNever, "when the cookie is secure is unknown")
	switch s.SameSite {
	case "", "Strict", "Lax", "None":
	default:
		v.problem("the cookie's attribute SameSite is unknown")
	}
}
