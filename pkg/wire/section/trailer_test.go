package section

import (
	"testing"

	"github.com/sluice-dev/sluice/pkg/wire"
)

// TestTrailers gives one field to trailers of requests and of responses.
func TestTrailers(t *testing.T) {
	const taken, dropped = "taken", ""
	for name, tt := range map[string]struct {
		field, value string
		// request and response are the rule that the field breaks, taken or dropped.
		request, response string
	}{
		"a field of the user's":        {"x-sum", "1", taken, taken},
		"a status of gRPC":             {"grpc-status", "0", taken, taken},
		"an ETag":                      {"etag", `"a"`, taken, taken},
		"a length":                     {"content-length", "3", "trailer-forbidden", dropped},
		"a host":                       {"host", "evil", "trailer-forbidden", dropped},
		"credentials":                  {"authorization", "Basic eA==", "trailer-forbidden", dropped},
		"credentials for proxies":      {"proxy-authorization", "Basic eA==", "trailer-forbidden", dropped},
		"a cookie":                     {"cookie", "a=b", "trailer-forbidden", dropped},
		"a client's address":           {"x-forwarded-for", "1.2.3.4", "trailer-forbidden", dropped},
		"any field of forwarding":      {"x-forwarded-user", "root", "trailer-forbidden", dropped},
		"a real address":               {"x-real-ip", "1.2.3.4", "trailer-forbidden", dropped},
		"another URL":                  {"x-rewrite-url", "/admin", "trailer-forbidden", dropped},
		"which trailers there are":     {"trailer", "x", "trailer-forbidden", dropped},
		"what the client takes":        {"te", "trailers", "trailer-forbidden", dropped},
		"a coding":                     {"content-encoding", "gzip", dropped, dropped},
		"a bound of caches":            {"cache-control", "no-store", dropped, dropped},
		"a field of the connection":    {"connection", "close", "connection-field", "connection-field"},
		"a transfer coding":            {"transfer-encoding", "chunked", "connection-field", "connection-field"},
		"an upgrade":                   {"upgrade", "h2c", "connection-field", "connection-field"},
		"a pseudo-header":              {":path", "/", "pseudo-in-trailer", "pseudo-in-trailer"},
		"a name with capitals":         {"X-Sum", "1", "name", "name"},
		"a value with a line break":    {"x-sum", "1\r\nhost: evil", "value", "value"},
		"a name with underscores":      {"x_forwarded_for", "1.2.3.4", dropped, dropped},
		"a value that ends in a space": {"x-sum", "1 ", "value", "value"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, version := range []wire.Version{wire.HTTP2, wire.HTTP3} {
				s := New(version, Limits{MaxBytes: 1000, MaxFields: 10})
				result := func() string {
					var h wire.Header
					if s.ofRequest {
						s.RequestTrailer(&h)
					} else {
						s.Trailer(&h)
					}
					s.Field(tt.field, tt.value)
					if s.Malformed() != "" || h.Len() == 0 {
						return s.Malformed()
					}
					return taken
				}
				if got := result(); got != tt.response {
					t.Errorf("of a response over %v it is %q, want %q", version, got, tt.response)
				}
				s.ofRequest = true
				if got := result(); got != tt.request {
					t.Errorf("of a request over %v it is %q, want %q", version, got, tt.request)
				}
			}
		})
	}
}

// TestUnderscoresThatAreKept gives one field to each kind of section where names with underscores are let through.
func TestUnderscoresThatAreKept(t *testing.T) {
	for field, request := range map[string]bool{
		"my_sum": true, "x_forwarded_for": false, "x-real_ip": false, "content_length": false, "x_original_url": false,
	} {
		for _, version := range []wire.Version{wire.HTTP2, wire.HTTP3} {
			var h wire.Header
			taken := func(begin func(*Section)) bool {
				h.Reset()
				s := New(version, Limits{MaxBytes: 1000, MaxFields: 10, KeepUnderscores: true})
				begin(&s)
				s.Field(field, "1")
				return s.Malformed() == "" && h.Len() == 1
			}
			if got := taken(func(s *Section) { s.RequestTrailer(&h) }); got != request {
				t.Errorf("%s of a request's trailer over %v: taken is %v", field, version, got)
			}
			if !taken(func(s *Section) { s.Trailer(&h) }) {
				t.Errorf("%s of a response's trailer over %v is not taken", field, version)
			}
		}
	}
}
