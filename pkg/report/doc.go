// Package report carries facts about the objects that users wrote: what is
// wrong, in which object, at which field, for which reason.
//
// In come facts from the translators (pkg/kube/translate), from table.Compile
// and from the loaders of manifests. Out go the same facts, sorted, to
// conditions and Events (pkg/kube/status), to `sluice check`, to `sluice
// explain` and to the log, always with the same words.
//
// A Set is not safe for concurrent use: one goroutine fills it and hands it on;
// after that it is only read. Facts and Origins are plain values.
package report
