package anyof

import (
	"testing"

	"github.com/sluice-dev/sluice/pkg/filter"
)

// part answers with a status, 0 for a yes.
type part struct {
	status   int
	asked    *int
	used     bool
	released bool
}

func (p *part) OnRequestHead(*filter.Exchange) *filter.Answer {
	*p.asked++
	if p.status == 0 {
		return nil
	}
	return &filter.Answer{Status: p.status}
}

func (p *part) Use(filter.Caller) { p.used = true }
func (p *part) Release()          { p.released = true }

func TestOneIsEnough(t *testing.T) {
	for name, tt := range map[string]struct {
		parts       []int
		want, asked int
	}{
		"the first":               {[]int{0, 401}, 0, 1},
		"the last":                {[]int{403, 401, 0}, 0, 3},
		"none, 401 goes before":   {[]int{403, 401, 403}, 401, 3},
		"none, all 403":           {[]int{403, 403}, 403, 2},
		"a place to sign in":      {[]int{401, 302, 403}, 302, 3},
		"an error ends it":        {[]int{401, 500, 0}, 500, 2},
		"too large ends it":       {[]int{413, 0}, 413, 1},
		"what is before does not": {[]int{0, 500}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			var parts []filter.RequestHead
			var all []*part
			for _, status := range tt.parts {
				p := &part{status: status, asked: &asked}
				parts, all = append(parts, p), append(all, p)
			}
			f, err := New(parts)
			if err != nil {
				t.Fatal(err)
			}
			f.Use(nil)
			status := 0
			if a := f.OnRequestHead(&filter.Exchange{}); a != nil {
				status = a.Status
			}
			if status != tt.want || asked != tt.asked {
				t.Errorf("got %d from %d, want %d from %d", status, asked, tt.want, tt.asked)
			}
			f.Release()
			for _, p := range all {
				if !p.used || !p.released {
					t.Errorf("a part was not used and released: %+v", p)
				}
			}
		})
	}
	if _, err := New(nil); err == nil {
		t.Error("nothing can be satisfied")
	}
}
