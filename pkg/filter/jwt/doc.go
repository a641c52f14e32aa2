// Package jwt holds the filter that asks for a JSON Web Token (RFC 7519).
//
// In comes an ir.JWT, checked once by the constructor, and the registry that keeps key
// sets of URLs, which outlive tables; out comes a filter.RequestHead. Any goroutine may
// call it until Release. A token counts only where its signature was made with a key of
// the set, by an algorithm that is listed and that fits the type of the key, and where its
// time, issuer and audience are right; as long as there are no keys every request
// is answered 503. What was verified is remembered by the token's hash as long as
// the token and the keys are good: in a Registry, by all that it depends on, so that it outlives tables.
package jwt
