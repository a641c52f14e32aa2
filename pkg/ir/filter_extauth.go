package ir

import (
	"strconv"
	"strings"
	"time"
)

// AuthProtocol is how an ExternalAuth asks.
type AuthProtocol uint8

const (
	// AuthHTTP sends a request of HTTP for each.
	AuthHTTP AuthProtocol = iota
	// AuthGRPC is Envoy's envoy.service.auth.v3.Authorization.
	AuthGRPC
)

// String returns the name as users write it.
func (p AuthProtocol) String() string {
	switch p {
	case AuthHTTP:
		return "HTTP"
	case AuthGRPC:
		return "GRPC"
	}
	return "protocol(" + strconv.Itoa(int(p)) + ")"
}

// ExternalAuth asks an upstream whether a request may pass.
type ExternalAuth struct {
	// Key names what is remembered; it is stable as Route.ID is. Empty where CacheKey is.
	Key      string
	Protocol AuthProtocol
	// Upstream is the Key of an entry of Config.Upstreams.
	Upstream string
	// Timeout bounds one question, more than 0.
	Timeout time.Duration
	// FailOpen lets requests pass that nobody answers for; else they are answered FailStatus,
	// between 400 and 599.
	FailOpen   bool
	FailStatus int

	// Method, Host and Path are those of the question over HTTP; an empty Method or Host is
	// the request's. Path holds the query as well.
	Method     string
	Host, Path Text
	// Headers are the fields of the request that the question has, in lower case and sorted;
	// AllHeaders asks for all of them.
	Headers    []string
	AllHeaders bool
	// Set are fields that the question has besides, over HTTP.
	Set []HeaderField
	// MaxBody is how many bytes of body go with the question; 0 means none. A request with
	// a longer one is answered 413.
	MaxBody int

	// OnlyOK takes 200 alone for a yes, else any status from 200 to 299.
	OnlyOK bool
	// ToEndpoint are the fields of a yes that the endpoint gets, in lower case and sorted;
	// those of clients are removed. AllToEndpoint asks for all.
	ToEndpoint    []string
	AllToEndpoint bool
	// ToClient are the fields of a yes that the response gets, in lower case and sorted, unless
	// it says that something went wrong; with ToClientAlways then, too.
	ToClient       []string
	ToClientAlways bool
	// Principal is the field of a yes that says who it is, in lower case, empty for none.
	Principal string
	// Plain answers a no with 401 or 403 alone, and FailStatus for all others; else the
	// client gets the answer as it is.
	Plain bool
	// SignIn is where a client is sent in the place of a 401, empty for nowhere.
	SignIn Text

	// CacheKey is what answers are remembered by, empty for not at all, and Cache for how
	// long, by status, sorted.
	CacheKey Text
	Cache    []AuthCache
}

// AuthCache says how long answers of a status are remembered.
type AuthCache struct {
	Status int
	For    time.Duration
}

func (*ExternalAuth) isFilter() {}

func (a *ExternalAuth) words() string {
	words := []string{"external-auth", a.Protocol.String(), "upstream=" + quote(a.Upstream), "timeout=" + a.Timeout.String()}
	add := func(name, value string) {
		if value != "" {
			words = append(words, name+"="+quote(value))
		}
	}
	flag := func(is bool, name string) {
		if is {
			words = append(words, name)
		}
	}
	flag(a.FailOpen, "fail-open")
	words = append(words, "fail="+strconv.Itoa(a.FailStatus))
	add("method", a.Method)
	add("host", string(a.Host))
	add("path", string(a.Path))
	flag(a.AllHeaders, "all-headers")
	add("headers", strings.Join(a.Headers, ","))
	for _, f := range a.Set {
		words = append(words, "set="+quote(f.Name)+":"+strconv.Quote(string(f.Value)))
	}
	if a.MaxBody > 0 {
		words = append(words, "body="+strconv.Itoa(a.MaxBody))
	}
	flag(a.OnlyOK, "only-200")
	flag(a.AllToEndpoint, "all-to-endpoint")
	add("to-endpoint", strings.Join(a.ToEndpoint, ","))
	add("to-client", strings.Join(a.ToClient, ","))
	flag(a.ToClientAlways, "to-client-always")
	add("principal", a.Principal)
	flag(a.Plain, "plain")
	add("sign-in", string(a.SignIn))
	add("cache", string(a.CacheKey))
	for _, c := range a.Cache {
		words = append(words, strconv.Itoa(c.Status)+":"+c.For.String())
	}
	add("key", a.Key)
	return strings.Join(words, " ")
}

func (v *validator) externalAuth(a *ExternalAuth) {
	v.refer(v.upstreams, "upstream", a.Upstream)
	v.check(a.Protocol <= AuthGRPC, "external authentication is of unknown protocol")
	v.check(a.Timeout > 0, "external authentication waits for ever")
	v.check(a.FailStatus >= 400 && a.FailStatus <= 599, "the status of a failed external authentication is not between 400 and 599")
	v.check(a.MaxBody >= 0, "the body of an external authentication is shorter than nothing")
	v.check(a.Protocol == AuthGRPC || strings.HasPrefix(string(a.Path), "/") || strings.HasPrefix(string(a.Path), "{"), "the path of an external authentication does not begin with /")
	v.check((a.CacheKey != "") == (len(a.Cache) > 0) && (a.CacheKey != "") == (a.Key != ""), "external authentication remembers by no key, no status or under no name")
	for _, c := range a.Cache {
		v.check(c.Status >= 200 && c.Status <= 599 && c.For > 0, "external authentication remembers a status that is none, or for no time")
	}
	for _, list := range [][]string{a.Headers, a.ToEndpoint, a.ToClient, {a.Principal}} {
		for _, name := range list {
			v.check(name == strings.ToLower(name), "a field of external authentication is not in lower case")
		}
	}
	for _, name := range a.ToEndpoint {
		v.check(!ManagedHeader(name), "external authentication sets a field of the connection")
	}
}
