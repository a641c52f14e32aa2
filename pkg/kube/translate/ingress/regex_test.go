package ingress

import (
	"regexp"
	"testing"

	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestPathExpressionMatchesAsNginxDoes(t *testing.T) {
	for name, test := range map[string]struct {
		path      string
		is, isNot []string
	}{
		"a plain path is a beginning":       {"/foo", []string{"/foo", "/foobar", "/FOO/x"}, []string{"/", "/x/foo"}},
		"an end counts":                     {"/id/[0-9]+$", []string{"/id/1"}, []string{"/id/1a", "/x/id/1"}},
		"a choice as a whole":               {"/a|/b", []string{"/a", "/ax", "/x/b"}, []string{"/x/a"}},
		"a choice within":                   {"/api(/|$)(.*)", []string{"/api", "/api/x"}, []string{"/apix"}},
		"a dot is any character":            {"/a.b", []string{"/a.b", "/axb"}, []string{"/ab"}},
		"a choice in a class is no choice":  {"/[]|]", []string{"/|", "/]"}, []string{"/a"}},
		"no path is all":                    {"", []string{"/", "/x"}, nil},
		"one that only Perl has is a guess": {"/v1/(?!admin).*", []string{"/v1/admin", "/v1/x"}, []string{"/v2"}},
	} {
		t.Run(name, func(t *testing.T) {
			match, _ := pathExpression(test.path)
			if match.Kind != ir.PathRegex {
				t.Fatalf("got kind %v", match.Kind)
			}
			expression := regexp.MustCompile(`\A(?:` + match.Value + `)\z`)
			for _, path := range test.is {
				if !expression.MatchString(path) {
					t.Errorf("%s does not match %s", match.Value, path)
				}
			}
			for _, path := range test.isNot {
				if expression.MatchString(path) {
					t.Errorf("%s matches %s", match.Value, path)
				}
			}
		})
	}
}

func TestLiteralPrefixIsNeverTooLong(t *testing.T) {
	for path, want := range map[string]string{
		"/plain": "/plain", "/a?b": "/", "/ab?c(?=d)": "/a", "/a|/b(?=c)": "/", "/a(?!b)": "/a", "/ab{2}(?!c)": "/a",
	} {
		if got := literalPrefix(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
