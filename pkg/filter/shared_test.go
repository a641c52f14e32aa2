package filter

import (
	"errors"
	"testing"
)

func TestDigestsAreThoseOfLists(t *testing.T) {
	seen := make(map[Digest][]string)
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"a", "b"}, {"ab"}, {"ab", ""}, {"", "ab"}, {"a", "", "b"}, {"b", "a"}} {
		d := DigestOf(parts...)
		if other, twice := seen[d]; twice {
			t.Errorf("%q and %q have one digest", parts, other)
		}
		seen[d] = parts
	}
	for d, parts := range seen {
		if DigestOf(parts...) != d {
			t.Errorf("%q has two digests", parts)
		}
	}
}

func TestValuesAreSharedAsLongAsTheyAreUsed(t *testing.T) {
	var s Shared[*int]
	made := 0
	build := func() (*int, error) {
		made++
		return new(int), nil
	}
	a, dropA, _ := s.Acquire(DigestOf("1"), build)
	b, dropB, _ := s.Acquire(DigestOf("1"), build)
	c, dropC, _ := s.Acquire(DigestOf("2"), build)
	if a != b || a == c || made != 2 || s.Len() != 2 {
		t.Errorf("%d values were made", made)
	}
	dropA()
	if d, drop, _ := s.Acquire(DigestOf("1"), build); d != a {
		t.Error("a value that is in use is forgotten")
	} else {
		drop()
	}
	dropB()
	dropC()
	if d, drop, _ := s.Acquire(DigestOf("1"), build); d == a {
		t.Error("a value that nobody uses is kept")
	} else {
		drop()
	}
	if n := s.Len(); n != 0 {
		t.Errorf("%d values are left", n)
	}
}

func TestWhatCannotBeMadeIsNotKept(t *testing.T) {
	var s Shared[int]
	broken := errors.New("broken")
	if _, _, err := s.Acquire(DigestOf("1"), func() (int, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if n := s.Len(); n != 0 {
		t.Errorf("%d values are there", n)
	}
}

func TestWithoutSharingEachHasItsOwn(t *testing.T) {
	var s *Shared[*int]
	build := func() (*int, error) { return new(int), nil }
	a, dropA, _ := s.Acquire(DigestOf("1"), build)
	b, dropB, _ := s.Acquire(DigestOf("1"), build)
	if a == b {
		t.Error("two have one value")
	}
	dropA()
	dropB()
}
