// Package class names the class of a request by an expression in CEL, so that a queue can serve some
// of those who wait before the others.
//
// In: the text of an expression (Compile), and a request as an expression.Claimer. Out: the name of a
// class, or an error that says why there is none. Which classes there are, and which comes
// first, is not known here. An expression that could take too long is refused when it is compiled, as
// pkg/expression does. Any goroutine may call a Program at any time.
package class
