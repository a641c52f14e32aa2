package h2_test

import (
	"testing"

	"golang.org/x/net/http2"
)

// TestTrailersOfRequests sends one field behind a body: what would forge the request ends the stream alone.
func TestTrailersOfRequests(t *testing.T) {
	for name, tt := range map[string]struct {
		line, trailer string
		refused       bool
	}{
		"a field of the user's":   {"x-sum: 1", "x-sum: 1\n", false},
		"what is no trailer":      {"vary: accept", "", false},
		"a length":                {"content-length: 5", "", true},
		"a host":                  {"host: evil", "", true},
		"credentials":             {"authorization: Basic eA==", "", true},
		"a client's address":      {"x-forwarded-for: 1.2.3.4", "", true},
		"a field of a connection": {"connection: close", "", true},
		"a pseudo-header":         {":path: /admin", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			cl := dial(t, nil, echo)
			cl.headers(1, false, ":method: POST", ":scheme: http", ":authority: h", ":path: /")
			cl.check(cl.WriteData(1, false, []byte("hello")))
			cl.headers(1, true, tt.line)
			got := cl.answer(1)
			switch {
			case tt.refused && got.code != int(http2.ErrCodeProtocol):
				t.Errorf("got %+v", got)
			case !tt.refused && (got.status != "200 " || got.trailer != tt.trailer):
				t.Errorf("got %+v, want the trailer %q", got, tt.trailer)
			}
			cl.headers(3, true, get()...)
			if got := cl.answer(3); got.status != "200 " {
				t.Errorf("the next stream got %+v", got)
			}
		})
	}
}
