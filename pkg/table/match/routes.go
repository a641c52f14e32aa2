package match

import (
	"fmt"
	"math"
	"slices"
)

// routes are the routes of one host, without their payloads.
type routes struct {
	// list is by rank.
	list  []conditions
	paths tree
}

// noRank is worse than any rank.
const noRank = math.MaxInt

// add appends a route. A route at fault is kept for Explain but not indexed;
// part names the condition that err is about.
func add[T any](s *routes, r *Route[T], known regexes) (part string, err error) {
	rank := len(s.list)
	c, part, err := prepare(r, known)
	if err != nil {
		c.fault = fmt.Sprintf("%s: %v", part, err)
	}
	s.list = append(s.list, c)
	if err != nil {
		return part, err
	}
	switch c.path.Kind {
	case Exact:
		n := s.paths.insert(c.path.Value)
		n.exact = append(n.exact, rank)
	case Prefix:
		n := s.paths.insert(trimSlash(c.path.Value))
		n.prefix = append(n.prefix, rank)
	case Regex:
		n := s.paths.insert(c.regex.prefix)
		n.regex = append(n.regex, rank)
	}
	return "", nil
}

// prepare makes the conditions of a route.
func prepare[T any](r *Route[T], known regexes) (c conditions, part string, err error) {
	c = conditions{path: r.Path, method: r.Method}
	if err = c.preparePath(known); err != nil {
		return c, "path", err
	}
	if c.headers, part, err = prepareValues("headers", r.Headers, known); err != nil {
		return c, part, err
	}
	c.query, part, err = prepareValues("query", r.Query, known)
	return c, part, err
}

func (c *conditions) preparePath(known regexes) error {
	switch c.path.Kind {
	case Regex:
		var err error
		c.regex, err = known.parse(c.path.Value)
		return err
	case Exact, Prefix:
		if c.path.Value == "" || c.path.Value[0] != '/' {
			return PathRelative
		}
		normal, err := NormalizePath([]byte(c.path.Value), nil)
		c.path.Value = string(normal)
		return err
	}
	return fmt.Errorf("kind %d is unknown", c.path.Kind)
}

func prepareValues(what string, values []Value, known regexes) (list []condition, part string, err error) {
	for _, v := range values {
		part = what + "[" + v.Name + "]"
		c := condition{Value: v}
		switch v.Kind {
		case Equal, Present:
		case Matches:
			if c.regex, err = known.parse(v.Value); err != nil {
				return nil, part, err
			}
		default:
			return nil, part, fmt.Errorf("kind %d is unknown", v.Kind)
		}
		list = append(list, c)
	}
	return slices.Clip(list), "", nil
}

// find returns the lowest rank whose conditions all hold, or noRank. The
// deepest nodes come first, because their routes mostly have the lowest ranks
// and then spare looking at the others.
func (s *routes) find(in *Input) int {
	exact, n := s.paths.walk(in.Path)
	best := s.first(exact, in, noRank)
	for ; n != nil; n = n.up {
		if n.endsElement(in.Path) {
			best = s.first(n.prefix, in, best)
		}
		best = s.firstRegex(n.regex, in, best)
	}
	return best
}

// first returns the first of ranks that is below best and holds, else best.
func (s *routes) first(ranks []int, in *Input, best int) int {
	for _, rank := range ranks {
		if rank >= best {
			break
		}
		if s.list[rank].hold(in) {
			return rank
		}
	}
	return best
}

func (s *routes) firstRegex(ranks []int, in *Input, best int) int {
	for _, rank := range ranks {
		if rank >= best {
			break
		}
		c := &s.list[rank]
		if c.regex.match(in.Path) && c.hold(in) {
			return rank
		}
	}
	return best
}
