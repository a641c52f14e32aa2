package ir

import (
	"net/netip"
	"time"

	"github.com/sluice-dev/sluice/pkg/report"
)

// sample returns a Config in canonical form that uses every field of the model.
func sample() *Config {
	shop := report.Origin{Kind: "Ingress", Namespace: "ns", Name: "shop"}
	return &Config{
		Listeners: []Listener{
			{
				Name: "gateway/ns/gw/443", Port: 8082, Protocol: HTTPS, HTTP3: true, HTTP3Port: 8083,
				Scopes: []Scope{{Host: "", RouteSet: "default"}, {Host: "*.example.org", RouteSet: "default"}},
				Streams: []Stream{
					{
						ID: "tlsroute/ns/pass", Origin: report.Origin{Kind: "TLSRoute", Namespace: "ns", Name: "pass"}, Field: "spec.rules[0]",
						Host: "pass.example.org", Backends: []WeightedUpstream{{Upstream: "static", Weight: 1}},
						Timeouts: Timeouts{Connect: time.Second, TunnelIdle: time.Hour},
						Limits:   Limits{Key: "tlsroute/ns/pass", MaxActive: 9},
					},
					{ID: "tlsroute/ns/end", Host: "z.example.org", Terminate: true},
				},
			},
			{Name: "gateway/ns/gw/web", Origin: report.Origin{Kind: "Gateway", Namespace: "ns", Name: "gw"}, Port: 8081, PublicPort: 80, RouteSet: "default"},
			{Name: ListenerHTTP, RouteSet: "default"},
			{
				Name: ListenerHTTPS, Protocol: HTTPS, RouteSet: "default",
				TLS: ListenerTLS{
					Client: ClientAuth{Mode: ClientAuthRequire, CAs: "-----BEGIN CERTIFICATE-----"},
					Bindings: []TLSBinding{
						{Host: "*.example.com", Certificates: []string{"ns/ecdsa", "ns/rsa"}},
						{Host: "shop.example.com", Certificates: []string{"ns/rsa"}},
					},
					Default: "ns/ecdsa",
					Hosts: []TLSHost{
						{Host: "*.example.com", Client: ClientAuth{Mode: ClientAuthOptional, CAs: "-----BEGIN CERTIFICATE-----", MaxChain: 3, ErrorPage: "https://help.example.com/"}},
						{Host: "shop.example.com", Policy: TLSPolicy{MinVersion: 0x0303, MaxVersion: 0x0304, CipherSuites: []uint16{0xc02b, 0xc02f}, Curves: []uint16{29, 4588}}, Origin: report.Origin{Kind: "Ingress", Namespace: "ns", Name: "shop"}, Field: "spec.tls"},
					},
				},
			},
		},
		RouteSets: []RouteSet{{
			Name: "default",
			Hosts: []Host{
				{Pattern: "", Routes: []Route{{
					ID:     "default",
					Match:  Match{Path: PathMatch{Kind: PathPrefix, Value: "/"}},
					Action: &Respond{Status: 404, Reason: "no default backend", Body: "nothing\nhere"},
				}}},
				{Pattern: "shop.example.com", Routes: sampleRoutes(shop)},
			},
		}},
		Upstreams: []Upstream{
			{
				Key: "ns/shop-v1:80", Origin: report.Origin{Kind: "Service", Namespace: "ns", Name: "shop-v1"}, Endpoints: "ns/shop-v1:80", MaxIdlePerEndpoint: 64,
				Balance: Balance{Strategy: Hash, Hash: HashBy{Source: HashHeader, Name: "x-user", MaxLoadPercent: 150}, SlowStart: time.Minute, PreferZone: true},
				Health: Health{
					Passive: Passive{Failures: 5, EjectFor: 30 * time.Second, MaxPercent: 50, Statuses: []StatusRange{{429, 429}, {500, 599}}},
					Active: Active{
						Type: ProbeHTTP, Port: 9000, Path: "/health?deep", Host: "shop.example.com",
						Headers:  []ProbeHeader{{"authorization", "Bearer secret"}, {"x-probe", "1"}},
						Interval: 10 * time.Second, Timeout: 5 * time.Second, Unhealthy: 3, Healthy: 2, Expect: []StatusRange{{200, 299}, {304, 304}},
					},
					PanicPercent: 30,
				},
				Breaker:         Breaker{ErrorPercent: 50, MinRequests: 20, Window: 10 * time.Second, OpenFor: 5 * time.Second, HalfOpen: 3},
				RetryConstraint: RetryConstraint{Percent: 20, Window: 10 * time.Second, MinRetries: 5, MinInterval: time.Second},
			},
			{
				Key: "static", Endpoints: "static 192.0.2.1:80", ProxyProtocol: 2,
				Balance: Balance{Strategy: Expression, Cost: "endpoint.active * 2"},
				Health:  Health{Active: Active{Type: ProbeGRPC, Service: "shop.v1.Shop", Interval: time.Second, Timeout: time.Second, Unhealthy: 1, Healthy: 1}},
				TLS: UpstreamTLS{
					Enabled: true, ServerName: "shop.internal", CAs: "-----BEGIN CERTIFICATE-----",
					Names: []string{"shop.internal"}, URIs: []string{"spiffe://shop"}, Certificate: "ns/rsa", MaxChain: 3,
					Policy: TLSPolicy{MinVersion: 0x0303, MaxVersion: 0x0304, CipherSuites: []uint16{0xc02b, 0xc02f}},
				},
			},
		},
		Certificates: []Certificate{
			{
				Name: "ns/ecdsa", Origin: report.Origin{Kind: "Secret", Namespace: "ns", Name: "ecdsa"},
				ChainPEM: []byte("chain"), KeyPEM: Secret("the private key"), Fingerprint: "0123ab",
				Staple: []byte("staple"), StapleUntil: 1798858445,
			},
			{Name: "ns/rsa", ChainPEM: []byte("chain"), KeyPEM: Secret("the private key"), Fingerprint: "4567cd"},
		},
	}
}

func sampleRoutes(shop report.Origin) []Route {
	return []Route{
		{
			ID: "ingress/ns/shop/0/0", Origin: shop, Field: "spec.rules[0].http.paths[0]",
			Match: Match{
				Path:   PathMatch{Kind: PathExact, Value: "/cart"},
				Method: "GET",
				Headers: []ValueMatch{
					{Name: "x-present", Kind: ValuePresent},
					{Name: "x-version", Value: `v "2"`},
				},
				Query: []ValueMatch{{Name: "a b", Kind: ValueRegex, Value: "[0-9]+"}},
			},
			Filters: sampleFilters(),
			Action: &Forward{
				Backends: []WeightedUpstream{
					{
						Upstream: "ns/shop-v1:80", Weight: 90, Version: "1",
						Filters: []Filter{&ModifyRequestHeader{HeaderEdit{Remove: []string{"x-backend"}}}},
					},
					{Upstream: "static", Weight: 0, Version: "2"},
					{Weight: 10, Version: "2.1", Unready: true, FailStatus: 503, FailReason: "Service ns/shop-v2 has no port 80"},
				},
				Sticky:     Sticky{Source: StickyCookie, Name: "session", Lifetime: time.Hour, Permanent: true, Path: "/", Domain: "example.com", SameSite: "Lax", Secure: SecureAlways, Readable: true},
				Versioning: Versioning{Source: VersionHeader, Name: "app-version", Default: "1", NoMatch: NoMatchReject, Tell: "app-version"},
			},
			Timeouts: Timeouts{
				Connect: 5 * time.Second, Request: time.Minute, BackendRequest: 1500 * time.Millisecond,
				Idle: time.Minute, TunnelIdle: time.Hour,
			},
			Retry: Retry{
				Own: true, Attempts: 3, OnConnect: true, OnReset: true, OnTimeout: true, Statuses: []int{502, 503},
				PerTry: 2 * time.Second, Backoff: time.Millisecond, Within: 10 * time.Second, BudgetPercent: 20,
			},
			MaxBodyBytes: 1 << 20, Unlogged: true, BufferRequest: true, BufferResponse: ResponseBuffer{MemoryBytes: 1 << 16, DiskBytes: 1 << 20},
			Sources: []Source{{Setting: "limits", Origin: report.Origin{Kind: "ProxyPolicy", Namespace: "ns", Name: "p"}, Field: "spec.limits"}},
			Limits: Limits{
				Key: "ingress/ns/shop", MaxActive: 50, PerEndpoint: 5, Shared: true,
				Queue: Queue{
					Length: 100, Timeout: 10 * time.Second, Order: QueueLIFO, FairBy: FairHeader, FairHeader: "x-tenant",
					PriorityHeader: "x-class", PriorityClasses: "gold,silver",
				},
			},
		},
		{
			ID: "ingress/ns/shop/0/1", Origin: shop, Field: "spec.rules[0].http.paths[1]",
			Match:  Match{Path: PathMatch{Kind: PathRegex, Value: "/v[0-9]/.*"}},
			Action: &Forward{},
			Limits: Limits{
				Key: "claims", MaxActive: 1,
				Queue: Queue{
					Length: 1, Timeout: time.Second, FairBy: FairClaim, FairClaim: "sub",
					PriorityExpression: `request.claim("plan")`, PriorityClasses: "gold",
				},
			},
		},
	}
}

// sampleFilters has one of each kind.
func sampleFilters() []Filter {
	edit := HeaderEdit{
		Set:    []HeaderField{{Name: "X-Host", Value: "{host}"}},
		Add:    []HeaderField{{Name: "X-Added", Value: Literal("a {b}")}},
		Remove: []string{"x-gone"},
	}
	return []Filter{
		&RedirectHTTPS{Status: 308, Port: 443},
		&CORS{
			Origins: []string{"https://*.example.com"}, OriginExpressions: []string{"http://[a-z]+"}, Methods: []string{"GET"},
			Headers: []string{"X-A"}, Expose: []string{"X-B"}, Credentials: true, MaxAge: 5,
		},
		&IPAccess{Deny: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Allow: []netip.Prefix{netip.MustParsePrefix("192.0.0.0/8")}},
		&ModifyRequestHeader{edit},
		&ModifyResponseHeader{HeaderEdit{Set: []HeaderField{{Name: "Server", Value: "x"}}}},
		&RewriteURL{Host: "inner.example.com", Path: PathEdit{Kind: PrefixReplaced, Prefix: "/cart", Value: "/basket"}},
		&Redirect{Status: 302, Scheme: "https", Host: "new.example.com", Port: 8443, Path: PathEdit{Kind: PathSubstituted, Prefix: "/(.*)", Value: "/$1"}},
		&BasicAuth{Users: Secret("a:b"), Realm: "shop"},
		&BearerAuth{Tokens: []BearerToken{{Name: "ci", Token: Secret("t0ken")}}, Realm: "shop", Forward: true},
		&ClientCertificate{Auth: "require cas=sha256:01", Subject: "CN=ci"},
		&RateLimit{Key: "shop", Shared: true, Requests: 100, Per: time.Minute, Burst: 20, By: RateByHeader, Header: "x-tenant", Exempt: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Unavailable: true},
		&ActiveLimit{Key: "shop", MaxActive: 8, Exempt: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		&JWT{
			Keys:       TokenKeys{URL: "https://id.example.com/keys", Refresh: time.Minute, CAs: "cas"},
			Algorithms: []string{"ES256", "RS256"}, Issuers: []string{"https://id.example.com/"}, Audiences: []string{"shop"}, Leeway: time.Second,
			From:    []TokenSource{{Kind: TokenHeader, Name: "Authorization", Prefix: "Bearer "}, {Kind: TokenCookie, Name: "token"}, {Kind: TokenQuery, Name: "t"}},
			Headers: []ClaimHeader{{"X-User", "sub"}}, Principal: "sub", Realm: "shop", Optional: true, Forward: true,
		},
		&ExternalAuth{
			Key: "k", Protocol: AuthGRPC, Upstream: "static", Timeout: time.Second, FailOpen: true, FailStatus: 503, Method: "GET", Host: "h", Path: "/a",
			Headers: []string{"cookie"}, AllHeaders: true, Set: []HeaderField{{Name: "X-A", Value: "{path}"}}, MaxBody: 10, OnlyOK: true,
			ToEndpoint: []string{"x-user"}, AllToEndpoint: true, ToClient: []string{"set-cookie"}, ToClientAlways: true, Principal: "x-user", Plain: true,
			SignIn: "https://in/", CacheKey: "{path}", Cache: []AuthCache{{Status: 200, For: time.Minute}},
		},
		&SatisfyAny{Filters: []Filter{&BasicAuth{Users: Secret("a:b"), Realm: "any"}, &IPAccess{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}},
		&Mirror{Upstream: "static", Numerator: 1, Denominator: 3, Host: "copy.example.com", WithoutBody: true},
		&Fault{Delay: time.Second, DelayPercent: 10, AbortStatus: 500, AbortPercent: 20},
		&DirectResponse{Status: 410, Header: []HeaderField{{Name: "X-Why", Value: "moved"}}, ContentType: "text/html", Body: "<p>gone"},
		&Drop{},
		&BodySize{MaxBytes: 1 << 20},
		&Bandwidth{RequestBytesPerSecond: 1 << 20, ResponseBytesPerSecond: 2 << 20, ResponseAfterBytes: 64 << 10},
		&ErrorPage{Statuses: []StatusRange{{404, 404}, {500, 599}}, Endpoints: true, ContentType: "text/html", Body: "<p>{status}"},
		&ErrorPage{Statuses: []StatusRange{{400, 499}}, Upstream: "static", Header: []HeaderField{{Name: "X-Namespace", Value: "ns"}}, OwnStatus: true},
		&RewriteResponse{
			Location:     []Substitution{{From: "http://inner.example/", To: "{scheme}://{authority}/"}, {From: "^http://([a-z]+)/", To: "/$1/", Regex: true}},
			CookieDomain: []Substitution{{From: "inner.example", To: "example.com"}}, CookiePath: []Substitution{{From: "/app/", To: "/"}},
		},
		&Compress{Codings: []Coding{Zstd, Brotli, Gzip}, Types: []string{"text/html", "*+json"}, MinBytes: 256},
	}
}
