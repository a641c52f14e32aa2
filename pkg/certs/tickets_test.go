package certs

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// jar is a client's cache that offers every ticket under every name.
type jar struct{ session *tls.ClientSessionState }

func (j *jar) Get(string) (*tls.ClientSessionState, bool) { return j.session, j.session != nil }

func (j *jar) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		j.session = s
	}
}

// TestTicketsOfReplicas resumes at one replica what another one began.
func TestTicketsOfReplicas(t *testing.T) {
	certs := []ir.Certificate{issue(t, "n/a", ecdsaKey(), "a.test")}
	replica := func(now *time.Time, secret string) *Listener {
		r, err := NewRegistry(Options{Now: func() time.Time { return *now }, TicketSecret: []byte(secret)})
		if err != nil {
			t.Fatal(err)
		}
		l, _ := listener(t, r, certs, "a.test n/a")
		return l
	}
	for version, number := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		for name, test := range map[string]struct {
			secret string
			behind time.Duration
			after  time.Duration
			want   bool
		}{
			"at once":                               {"the secret", 0, 0, true},
			"a day later, when the key has changed": {"the secret", 0, 25 * time.Hour, true},
			"days later":                            {"the secret", 0, 6 * 24 * time.Hour, true},
			"when the key was dropped":              {"the secret", 0, 9 * 24 * time.Hour, false},
			"at one whose clock is behind":          {"the secret", -10 * time.Minute, 0, true},
			"at one with another secret":            {"another secret", 0, 0, false},
			"at one without a secret":               {"", 0, 0, false},
		} {
			t.Run(name+", TLS "+version, func(t *testing.T) {
				// Just behind the turn of a period.
				now := time.Unix(start.Unix()/86400*86400+60, 0)
				other := now.Add(test.behind)
				one, two := replica(&now, "the secret"), replica(&other, test.secret)
				tickets := new(jar)
				client := &tls.Config{ServerName: "a.test", MinVersion: number, MaxVersion: number, ClientSessionCache: tickets}
				mustShake(t, one, client)
				if tickets.session == nil {
					t.Fatal("the client got no ticket")
				}
				now, other = now.Add(test.after), other.Add(test.after)
				if got := mustShake(t, two, client).server.DidResume; got != test.want {
					t.Errorf("resumed: %v", got)
				}
			})
		}
	}
}

func TestTickets(t *testing.T) {
	for version, number := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		now := start
		r, err := NewRegistry(Options{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		certs := []ir.Certificate{issue(t, "n/a", ecdsaKey(), "a.test", "b.test"), issue(t, "n/b", ecdsaKey(), "b.test")}
		l, _ := listener(t, r, certs, "a.test n/a", "b.test n/b")
		rebuilt, _ := listener(t, r, certs, "a.test n/a", "b.test n/b")
		other := newRegistry(t)
		stranger, _ := listener(t, other, certs, "a.test n/a")

		tests := map[string]struct {
			first, second string
			on            *Listener
			after         time.Duration
			want          bool
		}{
			"resume at the same host":                  {"a.test", "a.test", l, 0, true},
			"resume in a later table":                  {"a.test", "a.test", rebuilt, 0, true},
			"resume after the key was rotated":         {"a.test", "a.test", l, 30 * time.Hour, true},
			"resume without a name":                    {"", "", l, 0, true},
			"do not resume at another host":            {"a.test", "b.test", l, 0, false},
			"do not resume at another host, in turn":   {"b.test", "a.test", l, 0, false},
			"do not resume without a name":             {"a.test", "", l, 0, false},
			"do not resume from no name":               {"", "a.test", l, 0, false},
			"do not resume with another process's key": {"a.test", "a.test", stranger, 0, false},
			"do not resume after the key was dropped":  {"a.test", "a.test", l, 9 * 24 * time.Hour, false},
		}
		for name, test := range tests {
			t.Run(name+", TLS "+version, func(t *testing.T) {
				now = start
				tickets := new(jar)
				client := func(name string) *tls.Config {
					return &tls.Config{ServerName: name, MinVersion: number, MaxVersion: number, ClientSessionCache: tickets}
				}
				if mustShake(t, l, client(test.first)).client.DidResume {
					t.Fatal("the first handshake is said to be resumed")
				}
				if tickets.session == nil {
					t.Fatal("the client got no ticket")
				}
				now = start.Add(test.after)
				d := mustShake(t, test.on, client(test.second))
				if d.client.DidResume != test.want || d.server.DidResume != test.want {
					t.Errorf("resumed: %v and %v, want %v", d.client.DidResume, d.server.DidResume, test.want)
				}
				if !test.want && test.second == "b.test" && d.leaf() != "n/b" {
					t.Errorf("the full handshake shows %s", d.leaf())
				}
			})
		}
	}
}
