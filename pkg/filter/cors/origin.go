package cors

import (
	"bytes"
	"fmt"
	"strings"
)

// origin is scheme://host[:port], in which the host may be "*", or begin with "*."
// for names of any depth.
type origin struct {
	// scheme has "://" behind it; it and the host are in lower case.
	scheme string
	host   string
	// port has ":" before it; empty for none, and with a host of "*" for any.
	port string
	// suffix says that host stands behind at least one more label and begins with ".".
	suffix bool
}

func parseOrigin(text string) (origin, error) {
	scheme, rest, ok := strings.Cut(strings.ToLower(text), "://")
	if !ok || scheme == "" || rest == "" || strings.ContainsAny(rest, "/?#@ ") {
		return origin{}, fmt.Errorf("%q is no origin (scheme://host[:port])", text)
	}
	o := origin{scheme: scheme + "://", host: rest}
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		o.host, o.port = rest[:i], rest[i:]
	}
	if after, wild := strings.CutPrefix(o.host, wildcard); wild {
		o.suffix, o.host = true, after
	}
	if strings.Contains(o.host, wildcard) || o.host != "" && o.suffix && o.host[0] != '.' {
		return origin{}, fmt.Errorf("%q has a wildcard that is not its whole first label", text)
	}
	return o, nil
}

// matches says whether an Origin field is that origin. Browsers write it in lower case.
func (o *origin) matches(from []byte) bool {
	from = bytes.ToLower(from)
	host, ok := bytes.CutPrefix(from, []byte(o.scheme))
	if !ok {
		return false
	}
	if i := bytes.LastIndexByte(host, ':'); i > bytes.LastIndexByte(host, ']') {
		if o.port == "" && (!o.suffix || o.host != "") || o.port != "" && string(host[i:]) != o.port {
			return false
		}
		host = host[:i]
	} else if o.port != "" {
		return false
	}
	if !o.suffix {
		return string(host) == o.host
	}
	return len(host) > len(o.host) && bytes.HasSuffix(host, []byte(o.host))
}
