package ir

import (
	"reflect"
	"slices"
	"testing"
)

func TestFiltersActInOneOrderWhateverWasWrittenFirst(t *testing.T) {
	want := sampleFilters()
	OrderFilters(want)
	first, last := want[0], want[len(want)-1]
	if _, ok := first.(*RedirectHTTPS); !ok {
		t.Errorf("the first is %T", first)
	}
	if _, ok := last.(*Compress); !ok {
		t.Errorf("the last is %T", last)
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	OrderFilters(got)
	sameKind := func(a, b Filter) bool { return reflect.TypeOf(a) == reflect.TypeOf(b) }
	if !slices.EqualFunc(got, want, sameKind) {
		t.Errorf("reversed, they come out as %v, want %v", got, want)
	}
}

func TestFiltersOfOneKindKeepTheirOrder(t *testing.T) {
	a, b := &ModifyRequestHeader{}, &ModifyRequestHeader{}
	a.Edit.Remove, b.Edit.Remove = []string{"a"}, []string{"b"}
	list := []Filter{b, &Drop{}, a}
	OrderFilters(list)
	if list[1] != Filter(b) || list[2] != Filter(a) {
		t.Errorf("they come out as %v", list)
	}
}

func TestEachKindHasAPlaceOfItsOwn(t *testing.T) {
	seen := make(map[int]Filter)
	for _, f := range sampleFilters() {
		if other := seen[filterRank(f)]; other != nil && reflect.TypeOf(other) != reflect.TypeOf(f) {
			t.Errorf("%T and %T have the same place", f, other)
		}
		seen[filterRank(f)] = f
	}
}
