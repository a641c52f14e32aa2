package match

import "testing"

func TestPartsOfARequest(t *testing.T) {
	in := &Input{
		Path:  []byte("/api/v2//x%2Fy"),
		Query: []byte("a=1&v=2%2E1&v=3&bad=%zz&empty="),
		Header: lines{
			{"Accept", "x"}, {"Cookie", `a=1; v=2.1 ;q="quoted"; V=upper`}, {"cookie", "v=3; late=4; broken"}, {"App-Version", "7"}, {"app-version", "8"},
		},
	}
	tests := map[string]struct {
		get  func() ([]byte, bool)
		want string
		ok   bool
	}{
		"the first line of a header":          {in.headerOf("app-version"), "7", true},
		"a header that is not there":          {in.headerOf("x"), "", false},
		"the first parameter, decoded":        {in.queryOf("v"), "2.1", true},
		"a parameter without a value":         {in.queryOf("empty"), "", true},
		"a parameter that cannot be decoded":  {in.queryOf("bad"), "", false},
		"a parameter that is not there":       {in.queryOf("x"), "", false},
		"a cookie between blanks":             {in.cookieOf("v"), "2.1", true},
		"a cookie in quotes":                  {in.cookieOf("q"), "quoted", true},
		"a cookie's name in another case":     {in.cookieOf("V"), "upper", true},
		"a cookie of the second line":         {in.cookieOf("late"), "4", true},
		"a cookie without a value":            {in.cookieOf("broken"), "", false},
		"the first part of the path":          {in.segmentOf(1), "api", true},
		"the second part of the path":         {in.segmentOf(2), "v2", true},
		"an empty part of the path":           {in.segmentOf(3), "", false},
		"a part of the path in encoded form":  {in.segmentOf(4), "x%2Fy", true},
		"a part beyond the path":              {in.segmentOf(5), "", false},
		"a cookie without a header":           {(&Input{}).cookieOf("a"), "", false},
		"a header without a header":           {(&Input{}).headerOf("a"), "", false},
		"the first part of an asterisk":       {(&Input{Path: []byte("*")}).segmentOf(1), "", false},
		"the first part of the shortest path": {(&Input{Path: []byte("/")}).segmentOf(1), "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, ok := tt.get(); string(got) != tt.want || ok != tt.ok {
				t.Errorf("got %q, %v; want %q, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func (in *Input) cookieOf(name string) func() ([]byte, bool) {
	return func() ([]byte, bool) { return in.Cookie(name) }
}

func (in *Input) headerOf(name string) func() ([]byte, bool) {
	return func() ([]byte, bool) { return in.HeaderValue(name) }
}

func (in *Input) segmentOf(n int) func() ([]byte, bool) {
	return func() ([]byte, bool) { return in.Segment(n) }
}

func (in *Input) queryOf(name string) func() ([]byte, bool) {
	return func() ([]byte, bool) { return in.QueryValue(name) }
}
