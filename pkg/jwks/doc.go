// Package jwks holds the keys that tokens are verified with.
//
// In: texts with keys (a JSON Web Key Set of RFC 7517, PEM, a shared secret), or the URL
// of a key set. Out: a Set, which never changes and answers which keys may have made a
// signature. A Registry keeps the sets of URLs up to date, each by one goroutine, which
// Release of the last user, or Close, ends; it outlives tables. Any goroutine may call
// anything.
package jwks
