// Package status writes what Sluice found out about objects back to them: the
// addresses of Ingresses, the conditions of ProxyRoutes and of the kinds of the
// Gateway API, and an Event for each thing that is wrong. It also keeps the Services
// that lead to Gateways as pkg/kube/front says.
//
// In: the snapshot, the verdicts and the report of each build (Writer.Report, from
// any goroutine). Out: writes to the API server (Writer.Run), by one goroutine, of the
// leader only. A write happens only where the object, as the cache knows it, says
// something else than it should; an object is written at most once a second; only
// objects that are Sluice's own are touched.
//
// Conditions and addresses are written by server-side apply under the field
// manager "sluice", so that what other controllers wrote beside them stays. Objects of
// the Gateway API have lists that several controllers write to as a whole: their
// status is patched on the condition that nobody wrote meanwhile. On
// shutdown everything stays as it is.
package status
