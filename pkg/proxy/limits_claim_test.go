package proxy_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/proxy/proxytest"
)

const (
	ownKey     = "0123456789abcdef0123456789abcdef"
	strangeKey = "fedcba9876543210fedcba9876543210"
)

// signed returns a token of a client that is good for an hour.
func signed(t *testing.T, key string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(key)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims["exp"] = time.Now().Add(time.Hour).Unix()
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// tokens is the filter that verifies those of ownKey.
func tokens(optional bool) ir.Filter {
	return &ir.JWT{
		Keys: ir.TokenKeys{HMAC: ir.Secret(ownKey)}, Algorithms: []string{"HS256"}, Realm: "r", Principal: "sub",
		From: []ir.TokenSource{{Kind: ir.TokenHeader, Name: "authorization", Prefix: "Bearer "}}, Optional: optional,
	}
}

// TestOnlyVerifiedClaimsCountInTheQueue sends requests with tokens to an endpoint that takes a second for
// each, and asks it in which order they came.
func TestOnlyVerifiedClaimsCountInTheQueue(t *testing.T) {
	type request struct{ id, key, sub string }
	fair := ir.Queue{Length: 9, Timeout: time.Minute, FairBy: ir.FairClaim, FairClaim: "sub"}
	byPlan := ir.Queue{Length: 9, Timeout: time.Minute, PriorityExpression: `request.claim("sub")`, PriorityClasses: "bob"}
	clients := []request{{"a1", ownKey, "alice"}, {"a2", ownKey, "alice"}, {"a3", ownKey, "alice"}, {"a4", ownKey, "alice"}, {"b5", ownKey, "bob"}, {"b6", ownKey, "bob"}}
	forged := []request{{"a1", ownKey, "alice"}, {"a2", ownKey, "alice"}, {"a3", ownKey, "alice"}, {"b4", strangeKey, "bob"}, {"b5", ownKey, "bob"}}
	for name, tt := range map[string]struct {
		queue    ir.Queue
		filters  []ir.Filter
		requests []request
		want     string
		// refused are the answers 401.
		refused int
	}{
		"clients take turns by a claim":                  {fair, []ir.Filter{tokens(false)}, clients, "a1 a2 b5 a3 b6 a4", 0},
		"a forged token has no turn":                     {fair, []ir.Filter{tokens(false)}, forged, "a1 a2 b5 a3", 1},
		"a forged token has none where none is asked":    {fair, []ir.Filter{tokens(true)}, forged, "a1 a2 b5 a3", 1},
		"without a filter nobody has a turn of his own":  {fair, nil, clients, "a1 a2 a3 a4 b5 b6", 0},
		"those without a token are one client":           {fair, []ir.Filter{tokens(true)}, []request{{"n1", "", ""}, {"n2", "", ""}, {"n3", "", ""}, {"a4", ownKey, "alice"}}, "n1 n2 a4 n3", 0},
		"a verified claim is a class":                    {byPlan, []ir.Filter{tokens(false)}, clients, "a1 b5 b6 a2 a3 a4", 0},
		"a claim that nobody has verified is no class":   {byPlan, nil, clients, "a1 a2 a3 a4 b5 b6", 0},
		"a forged claim is no class":                     {byPlan, []ir.Filter{tokens(true)}, forged, "a1 b5 a2 a3", 1},
		"without a token a request is of the last class": {byPlan, []ir.Filter{tokens(true)}, []request{{"n1", "", ""}, {"n2", "", ""}, {"b3", ownKey, "bob"}}, "n1 b3 n2", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := start(t, proxytest.Options{}, func(r *ir.Route) {
					r.Filters = tt.filters
					r.Limits = ir.Limits{Key: "r", MaxActive: 1, Queue: tt.queue}
				})
				var came []string
				k.SetEndpoints(k.Endpoint(func(nc net.Conn, r *bufio.Reader) {
					for {
						head, err := proxytest.ReadHead(r)
						if err != nil {
							return
						}
						came = append(came, strings.TrimPrefix(strings.Fields(head)[1], "/"))
						time.Sleep(time.Second)
						io.WriteString(nc, okResponse)
					}
				}))
				answers := make(chan string, len(tt.requests))
				for _, r := range tt.requests {
					head := "GET /" + r.id + " HTTP/1.1\r\nHost: h\r\n"
					if r.key != "" {
						head += "Authorization: Bearer " + signed(t, r.key, map[string]any{"sub": r.sub}) + "\r\n"
					}
					go func() { answers <- k.Send(head + "\r\n") }()
					synctest.Wait()
				}
				refused := 0
				for range tt.requests {
					if answer := <-answers; strings.HasPrefix(answer, "HTTP/1.1 401 ") {
						refused++
					}
				}
				if diff := cmp.Diff(tt.want, strings.Join(came, " ")); diff != "" || refused != tt.refused {
					t.Errorf("%d were refused, want %d; the order at the endpoint differs (-want +got):\n%s", refused, tt.refused, diff)
				}
			})
		})
	}
}
