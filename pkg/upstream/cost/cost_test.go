package cost

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/expression"
	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// asker is a request with one header field.
type asker struct{ name, value string }

func (asker) Method() string { return "GET" }
func (asker) Host() string   { return "shop.example.com" }
func (asker) Path() string   { return "/cart" }
func (asker) Client() string { return "192.0.2.1" }

func (a asker) Header(name string) string {
	if name == a.name {
		return a.value
	}
	return ""
}

var subject = balance.Subject{
	Active: 3, Latency: 20 * time.Millisecond, Weight: 2, Age: time.Minute, Failures: 4,
	Address: "10.0.0.1:80", Zone: "a", Node: "n", ProxyZone: "a",
}

func TestCosts(t *testing.T) {
	for text, want := range map[string]float64{
		`1`:               1,
		`2u`:              2,
		`1.5`:             1.5,
		`endpoint.active`: 3,
		`double(endpoint.active + 1) / double(endpoint.weight) * endpoint.latencyMs`:  40,
		`endpoint.zone == proxy.zone ? 0 : 100`:                                       0,
		`endpoint.ageSeconds + double(endpoint.failures)`:                             64,
		`endpoint.address == "10.0.0.1:80" && endpoint.node == "n" ? 1 : 2`:           1,
		`request.header("X-Tenant") == "big" ? 7 : 8`:                                 7,
		`request.header("other") == "" ? 7 : 8`:                                       7,
		`request.path.startsWith("/cart") && request.method == "GET" ? 1 : 2`:         1,
		`request.host == "shop.example.com" && request.client == "192.0.2.1" ? 1 : 2`: 1,
	} {
		t.Run(text, func(t *testing.T) {
			p, err := Compile(text)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.Of(&subject, asker{"x-tenant", "big"}); err != nil || got != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
			if _, err := p.Of(&subject, nil); err != nil {
				t.Errorf("without a request: %v", err)
			}
		})
	}
}

func TestExpressionsThatCannotBeCostsAreRefused(t *testing.T) {
	for name, test := range map[string]struct{ expression, want string }{
		"no expression":       {`endpoint.active +`, "is no expression"},
		"an unknown field":    {`endpoint.color`, "undeclared reference"},
		"no number":           {`endpoint.zone`, "gives a value of the type string, want a number"},
		"a truth":             {`endpoint.active > 1`, "gives a value of the type bool"},
		"one that is long":    {`1 + ` + strings.Repeat("1 + ", expression.MaxLength) + `1`, "is longer than 1024 bytes"},
		"one that takes long": {`[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, a*b*c))).size()`, "operations for each endpoint"},
		"a text that grows":   {`(request.path + request.path).matches("(a|b|c|d|e|f|g|h)*[a-z]+x.*y") ? 1 : 2`, "operations for each endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // The second time it is known.
				if _, err := Compile(test.expression); err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
			}
		})
	}
}

func TestWhatIsNoNumberIsAnError(t *testing.T) {
	for _, text := range []string{`1 / (endpoint.active - 3)`, `0.0 / 0.0`, `int(request.header("x"))`} {
		p, err := Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Of(&subject, asker{}); err == nil {
			t.Errorf("%s gave %v", text, got)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`endpoint.active`)
	f.Add(`request.header("a") == "b" ? 1.0 : endpoint.latencyMs`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Compile(text)
		if err != nil {
			return
		}
		_, _ = p.Of(&subject, asker{})
	})
}

func BenchmarkOf(b *testing.B) {
	p, err := Compile(`double(endpoint.active + 1) * (endpoint.latencyMs + 1.0)`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Of(&subject, asker{}); err != nil {
			b.Fatal(err)
		}
	}
}
