package class

import (
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/pkg/expression"
)

// asker is a request with one header field and one claim.
type asker struct{ header, claim string }

func (asker) Method() string { return "GET" }
func (asker) Host() string   { return "shop.example.com" }
func (asker) Path() string   { return "/cart" }
func (asker) Client() string { return "192.0.2.1" }

func (a asker) Header(name string) string {
	if name == "x-plan" {
		return a.header
	}
	return ""
}

func (a asker) Claim(name string) string {
	if name == "plan" {
		return a.claim
	}
	return ""
}

func TestClasses(t *testing.T) {
	for text, want := range map[string]string{
		`"gold"`:                     "gold",
		`request.header("X-Plan")`:   "gold",
		`request.header("X-Other")`:  "",
		`request.claim("plan")`:      "silver",
		`request.claim("Plan")`:      "",
		`request.claim("plan") + ""`: "silver",
		`request.path.startsWith("/cart") && request.method == "GET" ? "cart" : "rest"`: "cart",
		`request.host == "shop.example.com" && request.client == "192.0.2.1" ? "a":"b"`: "a",
		`request.header("X-Plan") in ["gold", "platinum"] ? "paying" : ""`:              "paying",
	} {
		t.Run(text, func(t *testing.T) {
			p, err := Compile(text)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.Of(asker{"gold", "silver"}); err != nil || got != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
			if _, err := p.Of(nil); err != nil {
				t.Errorf("without a request: %v", err)
			}
		})
	}
}

func TestExpressionsThatCannotBeClassesAreRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"no expression":       {`request.header(`, "is no expression"},
		"nothing":             {``, "is no expression"},
		"an unknown function": {`request.header("x").lowerAscii()`, "undeclared reference to 'lowerAscii'"},
		"an endpoint":         {`endpoint.zone`, "undeclared reference"},
		"a number":            {`1`, "gives a value of the type int, want the name of a class (string)"},
		"a truth":             {`request.path == "/"`, "gives a value of the type bool"},
		"anything":            {`dyn("gold")`, "gives a value of the type dyn"},
		"one that is long":    {`"` + strings.Repeat("a", expression.MaxLength) + `"`, "is longer than 1024 bytes"},
		"one that takes long": {`(request.path + request.path).matches("(a|b|c|d|e|f|g|h)*[a-z]+x.*y") ? "a" : "b"`, "operations for each request, at most 2000 are allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // The second time it is known.
				if _, err := Compile(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
			}
		})
	}
}

func TestAnExpressionMayFail(t *testing.T) {
	p, err := Compile(`["gold", "silver"][int(request.header("X-Plan"))]`)
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{"0": "gold", "1": "silver", "2": "", "gold": "", "": ""} {
		if got, err := p.Of(asker{header: header}); got != want || (err == nil) != (want != "") {
			t.Errorf("%q gave %q, %v, want %q", header, got, err, want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`"gold"`, "gold")
	f.Add(`request.header("x-plan") == "gold" ? "gold" : request.claim("plan")`, "gold")
	f.Add(`["gold", "silver"][int(request.header("x-plan"))]`, "7")
	f.Fuzz(func(t *testing.T, text, header string) {
		p, err := Compile(text)
		if err != nil {
			return
		}
		r := asker{header, header}
		one, oneErr := p.Of(r)
		two, twoErr := p.Of(r)
		if one != two || (oneErr == nil) != (twoErr == nil) {
			t.Errorf("%q gave %q, %v and then %q, %v", text, one, oneErr, two, twoErr)
		}
	})
}
