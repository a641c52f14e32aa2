package upstream

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/ir"
)

var key = bytes.Repeat([]byte("k"), 32)

// sessions makes a pool of the endpoints 1 to n on a replica that has a key.
func sessions(t testing.TB, key []byte, n int) (*Registry, *Pool) {
	t.Helper()
	r := newRegistry(t, Options{SessionKey: key})
	p := r.Acquire(upstreamOf("u", "s"))
	t.Cleanup(p.Release)
	var last []byte
	for i := range n {
		last = append(last, byte(i+1))
	}
	r.SetEndpoints(ready("s", last...))
	return r, p
}

func TestASessionStaysAtItsEndpointOnEveryReplica(t *testing.T) {
	r, p := sessions(t, key, 3)
	other, there := sessions(t, key, 3)
	for _, e := range p.list.Load().all {
		token := r.Token("name", e.SessionID(), time.Unix(1_900_000_000, 5))
		id, created, ok := other.ParseToken("name", []byte(token))
		if !ok || created.Unix() != 1_900_000_000 {
			t.Fatalf("the other replica reads %v, %v", created, ok)
		}
		if !there.Holds(id) {
			t.Fatal("the other replica does not know the endpoint")
		}
		for range 5 {
			if got := pickFor(t, there, Ask{Session: id}); got.Address() != e.Address() || !there.Bound(got, id) {
				t.Fatalf("picked %s for a session at %s", got.Address(), e.Address())
			}
		}
	}
}

func TestASessionSurvivesEndpointsThatComeAndGo(t *testing.T) {
	r, p := sessions(t, key, 3)
	id := p.list.Load().all[1].SessionID()
	at := func() string { return pickFor(t, p, Ask{Session: id}).Address() }
	for _, others := range [][]byte{{2}, {2, 9}, {1, 2, 3, 4, 5}, {2, 3}} {
		r.SetEndpoints(ready("s", others...))
		if got := at(); got != "10.0.0.2:8080" {
			t.Errorf("with endpoints %v it is served by %s", others, got)
		}
	}
	r.SetEndpoints(ready("s", 1, 3))
	if got := at(); got == "10.0.0.2:8080" || p.Holds(id) {
		t.Error("the endpoint that is gone was picked")
	}
	for _, state := range []ir.EndpointState{ir.EndpointTerminating, ir.EndpointUnready} {
		set := ready("s", 1, 2)
		set.Endpoints[1].State = state
		r.SetEndpoints(set)
		if got := at(); got != "10.0.0.1:8080" {
			t.Errorf("a session at an endpoint that is %v was served by %s", state, got)
		}
	}
	r.SetEndpoints(ready("s", 1, 2))
	if got := at(); got != "10.0.0.2:8080" {
		t.Errorf("it did not come back but went to %s", got)
	}
	// A second try of a request goes elsewhere.
	if got := pickFor(t, p, Ask{Session: id}, p.list.Load().all[1]).Address(); got != "10.0.0.1:8080" {
		t.Errorf("the second try went to %s", got)
	}
}

func TestASessionFollowsThePodAndNotTheAddress(t *testing.T) {
	r, p := sessions(t, key, 0)
	pods := func(names ...string) ir.EndpointSet {
		set := ready("s", 1, 2)
		for i, name := range names {
			set.Endpoints[i].Target = name
		}
		return set
	}
	r.SetEndpoints(pods("ns/web-0", "ns/web-1"))
	id := p.list.Load().all[0].SessionID()
	r.SetEndpoints(pods("ns/web-1", "ns/web-0"))
	if got := pickFor(t, p, Ask{Session: id}).Address(); got != "10.0.0.2:8080" {
		t.Errorf("the session of web-0 went to %s", got)
	}
	r.SetEndpoints(pods("ns/web-2", "ns/web-3"))
	if p.Holds(id) {
		t.Error("another Pod at the same address took over the session")
	}
}

func TestASessionStaysInAnotherZone(t *testing.T) {
	r := newRegistry(t, Options{Zone: "a", SessionKey: key})
	u := upstreamOf("u", "s")
	u.Balance.PreferZone = true
	p := r.Acquire(u)
	defer p.Release()
	set := ready("s", 1, 2)
	set.Endpoints[0].ForZones, set.Endpoints[1].ForZones = "a", "b"
	r.SetEndpoints(set)
	id := p.list.Load().all[1].SessionID()
	if got := pickFor(t, p, Ask{Session: id}).Address(); got != "10.0.0.2:8080" {
		t.Errorf("the session moved to %s", got)
	}
	if got := pickFor(t, p, Ask{}).Address(); got != "10.0.0.1:8080" {
		t.Errorf("a request without session went to %s", got)
	}
}

func TestTokensThatWeHaveNotMadeAreRefused(t *testing.T) {
	r, p := sessions(t, key, 1)
	stranger, _ := sessions(t, nil, 1)
	good := r.Token("name", p.list.Load().all[0].SessionID(), time.Unix(1_900_000_000, 0))
	if _, _, ok := r.ParseToken("name", []byte(good)); !ok {
		t.Fatal("our own token is refused")
	}
	for i := range good {
		bad := []byte(good)
		bad[i] = 'A' + (bad[i]-'A'+1)%26
		if _, _, ok := r.ParseToken("name", bad); ok {
			t.Errorf("a token changed at %d is taken", i)
		}
	}
	for name, ok := range map[string]bool{
		"another session":    parses(r, "other", good),
		"another key":        parses(stranger, "name", good),
		"nothing":            parses(r, "name", ""),
		"a part":             parses(r, "name", good[:len(good)-1]),
		"more":               parses(r, "name", good+"A"),
		"no base64":          parses(r, "name", string(bytes.Repeat([]byte("="), len(good)))),
		"an address":         parses(r, "name", "10.0.0.1:8080"),
		"the zero ID unmade": parses(r, "name", string(bytes.Repeat([]byte("A"), len(good)))),
	} {
		if ok {
			t.Errorf("%s is taken", name)
		}
	}
}

func parses(r *Registry, session, token string) bool {
	_, _, ok := r.ParseToken(session, []byte(token))
	return ok
}

func TestATokenTellsNoAddress(t *testing.T) {
	r, p := sessions(t, key, 2)
	first, second := p.list.Load().all[0].SessionID(), p.list.Load().all[1].SessionID()
	if first == second || first == (SessionID{}) {
		t.Fatal("the IDs do not tell endpoints apart")
	}
	unlike, same := sessions(t, bytes.Repeat([]byte("x"), 32), 2)
	if same.list.Load().all[0].SessionID() == first {
		t.Error("without the key the ID can be computed from the address")
	}
	if at := time.Now(); unlike.Token("n", first, at) == r.Token("n", first, at) {
		t.Error("without the key the token can be made")
	}
}

func FuzzParseTokenTakesOnlyWhatTokenMade(f *testing.F) {
	r := NewRegistry(Options{SessionKey: key})
	f.Cleanup(r.Close)
	f.Add([]byte(r.Token("name", SessionID{1, 2, 3}, time.Unix(7, 0))))
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, token []byte) {
		id, created, ok := r.ParseToken("name", token)
		if ok && r.Token("name", id, created) != string(token) {
			t.Fatalf("%q is taken, though it is no token of %v, %v", token, id, created)
		}
	})
}

func BenchmarkSession(b *testing.B) {
	for _, n := range []int{3, 300} {
		r, p := sessions(b, key, min(n, 255))
		token := []byte(r.Token("name", p.list.Load().all[0].SessionID(), time.Now()))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				id, _, _ := r.ParseToken("name", token)
				e, _ := p.PickFor(Ask{Session: id})
				e.Done()
			}
		})
	}
}
