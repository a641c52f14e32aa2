package ir

import (
	"strconv"
	"strings"
)

// HeaderField is one field line that a filter writes.
type HeaderField struct {
	// Name is in the spelling in which it is sent.
	Name string
	// Value is a Text.
	Value Text
}

// Text is a text with variables: "{name}" stands for one of those that
// filter.Variables lists, "{{" for a brace.
type Text string

// Literal returns the Text that stands for s itself.
func Literal(s string) Text { return Text(strings.ReplaceAll(s, "{", "{{")) }

// HeaderEdit changes the fields of a head: first Remove, then Set, then Add.
type HeaderEdit struct {
	// Set replaces all lines of the name by one.
	Set []HeaderField
	// Add adds a line behind those of the name.
	Add []HeaderField
	// Remove names fields in lower case.
	Remove []string
}

// ModifyRequestHeader edits the request's head before it is sent to an endpoint
// (HTTPRouteFilter.requestHeaderModifier).
type ModifyRequestHeader struct{ Edit HeaderEdit }

// ModifyResponseHeader edits the response's head before it is sent to the
// client (HTTPRouteFilter.responseHeaderModifier).
type ModifyResponseHeader struct{ Edit HeaderEdit }

func (*ModifyRequestHeader) isFilter()  {}
func (*ModifyResponseHeader) isFilter() {}

func (e HeaderEdit) words(kind string) string {
	words := []string{kind}
	for _, name := range e.Remove {
		words = append(words, "remove="+quote(name))
	}
	for _, f := range e.Set {
		words = append(words, "set="+quote(f.Name)+":"+strconv.Quote(string(f.Value)))
	}
	for _, f := range e.Add {
		words = append(words, "add="+quote(f.Name)+":"+strconv.Quote(string(f.Value)))
	}
	return strings.Join(words, " ")
}

func (v *validator) headerEdit(e *HeaderEdit) {
	v.check(len(e.Set)+len(e.Add)+len(e.Remove) > 0, "a header filter changes nothing")
	for _, f := range e.Set {
		v.check(f.Name != "", "a header filter sets a field without a name")
	}
	for _, f := range e.Add {
		v.check(f.Name != "", "a header filter adds a field without a name")
	}
	for _, name := range e.Remove {
		v.check(name != "" && name == strings.ToLower(name), "a header filter removes a field without a name, or not in lower case")
	}
}
