package filter

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestClaimsAsText(t *testing.T) {
	const token = `{
		"sub": "alice", "level": 3, "admin": true, "none": null, "groups": ["a", "b", 1], "odd": [{"a": 1}, null],
		"realm_access": {"roles": ["user"]}, "https://example.com/tenant": "t1", "a.b": "whole", "a": {"b": "path", "c": "inner"}}`
	d := json.NewDecoder(strings.NewReader(token))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil {
		t.Fatal(err)
	}
	c := NewClaims(members)
	for name, want := range map[string]string{
		"sub": "alice", "level": "3", "admin": "true", "groups": "a,b,1", "odd": `[{"a":1},null]`,
		"realm_access.roles": "user", "realm_access": `{"roles":["user"]}`, "https://example.com/tenant": "t1",
		"a.b": "whole", "a.c": "inner",
	} {
		if got, ok := c.Text(name); !ok || got != want {
			t.Errorf("%s is %q, %t, want %q", name, got, ok, want)
		}
	}
	for _, name := range []string{"none", "missing", "", ".", "a.", ".a", "a.d", "sub.x", "realm_access.roles.0"} {
		if got, ok := c.Text(name); ok {
			t.Errorf("%q is %q, want nothing", name, got)
		}
	}
	if got, ok := (*Claims)(nil).Text("sub"); ok || (*Claims)(nil).Value("sub") != nil {
		t.Errorf("no claims have %q", got)
	}
}
