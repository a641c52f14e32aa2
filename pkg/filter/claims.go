package filter

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Claims are the claims of a token that was verified (RFC 7519 section 4). They
// never change; any goroutine may read them.
type Claims struct{ members map[string]any }

// NewClaims takes over the members of a JSON object, with numbers as json.Number.
func NewClaims(members map[string]any) *Claims { return &Claims{members} }

// Text returns a claim as text: strings as they are, numbers and booleans as JSON writes
// them, lists of those with commas between, objects as JSON. The name is that of a
// claim, dots and all, or else a path of names with dots between them. It returns
// false where there is no such claim, or it is null; a nil Claims has none.
func (c *Claims) Text(name string) (string, bool) {
	if c == nil {
		return "", false
	}
	return claimText(lookup(c.members, name))
}

// Value returns a claim as encoding/json has it, nil for none.
func (c *Claims) Value(name string) any {
	if c == nil {
		return nil
	}
	return lookup(c.members, name)
}

// lookup finds a member by its whole name, then by the longest name in front of a dot.
func lookup(members map[string]any, name string) any {
	if v, ok := members[name]; ok {
		return v
	}
	for i := strings.LastIndexByte(name, '.'); i > 0; i = strings.LastIndexByte(name[:i], '.') {
		if inner, ok := members[name[:i]].(map[string]any); ok {
			return lookup(inner, name[i+1:])
		}
	}
	return nil
}

func claimText(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case []any:
		return claimList(v)
	}
	text, err := json.Marshal(v)
	return string(text), err == nil
}

// claimList joins a list whose members need no more than a comma between them.
func claimList(list []any) (string, bool) {
	words := make([]string, 0, len(list))
	for _, one := range list {
		switch one.(type) {
		case string, json.Number, bool:
			word, _ := claimText(one)
			words = append(words, word)
		default:
			text, err := json.Marshal(list)
			return string(text), err == nil
		}
	}
	return strings.Join(words, ","), true
}
