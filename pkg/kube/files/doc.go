// Package files reads manifests from files: what `kubectl apply` would send to
// an API server, without one.
//
// In: a folder, a file or a stream of YAML or JSON, with several documents and
// lists. Out: a snapshot and facts about everything that could not be read as
// it is written, each naming file and line or object and field. A document that is
// broken does no harm to the others; a Watcher keeps serving its last good text.
//
// Objects without creationTimestamp count as created in the order in which they
// stand in the files, files in the order of their paths, and before all that have one.
//
// Load and Read may be called from any goroutine. A Watcher calls back from the
// goroutine of its Run.
package files
