// Package expression compiles expressions in CEL that are computed for requests, so that none of
// them can take long.
//
// In: a Language, which says what expressions of one purpose may name and give, and the text of
// one. Out: a program, or an error that says what is wrong with the text, as the rest of a
// sentence. The worst case of an expression is known when it is compiled, as CEL has no loops
// without bounds, and one that could take too long is refused. In every language the variable
// request is there: its fields are those of an Asker, which the caller's activation wraps in a
// Request. Any goroutine may use a Language and its programs at any time.
package expression
