// Package extauth holds the filter that asks somebody else whether a request may pass.
//
// In comes an ir.ExternalAuth, checked once by the constructor, the upstream by Use, and
// the registry of what is remembered, which outlives tables; out comes a
// filter.RequestHead. Any goroutine may call it until Release. It asks by a request of
// HTTP, as nginx's auth_request and oauth2-proxy have it, or by Envoy's gRPC service
// envoy.service.auth.v3.Authorization. No answer is a no unless the description says
// otherwise. What the client sent in fields that the answer may set is removed first.
package extauth
