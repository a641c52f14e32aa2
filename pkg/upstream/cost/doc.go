// Package cost computes what an endpoint would cost a request by an expression in CEL, so that
// the cheapest gets it.
//
// In: the text of an expression (Compile), and for each endpoint a balance.Subject, with the
// request as a balance.Asker. Out: a number, or an error that says why there is none. An
// expression that could take too long is refused when it is compiled, as pkg/expression does. Any
// goroutine may call a Program at any time.
package cost
