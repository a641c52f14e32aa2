package respond

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

func TestADirectResponseIsWhatItWasTold(t *testing.T) {
	f, err := NewDirect(&ir.DirectResponse{
		Status: 410, ContentType: "application/json", Body: `{{"gone":true}`,
		Header: []ir.HeaderField{{Name: "X-Host", Value: "it was {host}"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &filter.Answer{
		Status: 410, Reason: "direct_response", Body: []byte(`{"gone":true}`),
		Header: []filter.AnswerField{{Name: "X-Host", Value: "it was a.example"}, {Name: "Content-Type", Value: "application/json"}},
	}
	if diff := cmp.Diff(want, f.OnRequestHead(&filter.Exchange{Host: []byte("a.example")})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestADropSaysNothing(t *testing.T) {
	f, err := NewDrop(&ir.Drop{})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.OnRequestHead(&filter.Exchange{}); got == nil || got.Status != 0 {
		t.Errorf("the answer is %+v", got)
	}
}

func TestAResponseThatCannotBeSentIsRefused(t *testing.T) {
	header := func(name, value string) *ir.DirectResponse {
		return &ir.DirectResponse{Status: 200, Header: []ir.HeaderField{{Name: name, Value: ir.Text(value)}}}
	}
	tests := map[string]struct {
		spec *ir.DirectResponse
		want string
	}{
		"an informational status":     {&ir.DirectResponse{Status: 101}, "status 101 is not between 200 and 599"},
		"a name with a space":         {header("a b", "c"), `"a b" is no name of a header`},
		"a length of its own":         {header("Content-Length", "3"), "the header Content-Length belongs to the connection"},
		"a second line in a value":    {header("X", "a\r\nb: c"), "the value of the header X holds a control character"},
		"an unknown variable":         {header("X", "{password}"), "there is no variable {password}"},
		"a content type of two lines": {&ir.DirectResponse{Status: 200, ContentType: "a\nb", Body: "x"}, "holds a control character"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := NewDirect(tt.spec); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
