package ir

import "strconv"

// PathEditKind says how a path is changed.
type PathEditKind uint8

const (
	// PathKept leaves it as it is.
	PathKept PathEditKind = iota
	// PathReplaced puts Value in its place (ReplaceFullPath).
	PathReplaced
	// PrefixReplaced puts Value in the place of Prefix, which are whole path
	// elements (ReplacePrefixMatch).
	PrefixReplaced
	// PathSubstituted replaces the match of the RE2 expression Prefix by Value, in
	// which "$1" or "${1}" stand for what groups matched and "$$" for "$".
	PathSubstituted
)

// String returns the kind in lower case.
func (k PathEditKind) String() string {
	switch k {
	case PathKept:
		return "keep"
	case PathReplaced:
		return "full"
	case PrefixReplaced:
		return "prefix"
	case PathSubstituted:
		return "regex"
	}
	return "path(" + strconv.Itoa(int(k)) + ")"
}

// PathEdit changes a path. What comes out is normalised again before it is used.
type PathEdit struct {
	Kind PathEditKind
	// Prefix is the prefix that the route matches, or the expression; else empty.
	Prefix string
	// Value is empty for PathKept.
	Value string
}

// RewriteURL changes the URL before the request is sent to an endpoint
// (HTTPRouteFilter.urlRewrite).
type RewriteURL struct {
	// Host is sent as Host; empty leaves it as it is.
	Host string
	// ClientHost sends what the client sent as Host, whatever filters before made of it; Host is
	// empty then.
	ClientHost bool
	Path       PathEdit
}

// Redirect answers with a redirect (HTTPRouteFilter.requestRedirect).
type Redirect struct {
	// Status is 301, 302, 303, 307 or 308.
	Status int
	// Scheme is "http", "https" or empty for the request's.
	Scheme string
	// Host is empty for the request's.
	Host string
	// Port is that of the target. 0 means the well-known port of Scheme where that
	// is set, else that of the listener. The well-known port of the target's
	// scheme is left out of the URL.
	Port uint16
	Path PathEdit
}

func (*RewriteURL) isFilter() {}
func (*Redirect) isFilter()   {}

func (e PathEdit) words() string {
	switch {
	case e == PathEdit{}:
		return ""
	case e.Prefix != "":
		return " path=" + e.Kind.String() + ":" + quote(e.Prefix) + "=>" + quote(e.Value)
	}
	return " path=" + e.Kind.String() + ":" + quote(e.Value)
}

func (r *RewriteURL) words() string {
	text := "rewrite"
	if r.Host != "" {
		text += " host=" + quote(r.Host)
	}
	if r.ClientHost {
		text += " client-host"
	}
	return text + r.Path.words()
}

func (r *Redirect) words() string {
	text := "redirect status=" + strconv.Itoa(r.Status)
	if r.Scheme != "" {
		text += " scheme=" + quote(r.Scheme)
	}
	if r.Host != "" {
		text += " host=" + quote(r.Host)
	}
	if r.Port != 0 {
		text += " port=" + strconv.Itoa(int(r.Port))
	}
	return text + r.Path.words()
}

func (v *validator) pathEdit(e PathEdit) {
	v.check(e.Kind <= PathSubstituted, "a change of the path is of unknown kind")
	v.check(e.Kind != PathKept || e == PathEdit{}, "a path that is kept has a change")
	v.check((e.Prefix != "") == (e.Kind == PrefixReplaced || e.Kind == PathSubstituted), "a change of the path has no prefix, or one without need")
}
