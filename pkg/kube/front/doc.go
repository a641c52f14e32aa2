// Package front says what leads to a Gateway: a Service of its own, with
// EndpointSlices that send its ports to the ports that Sluice's Pods bind for it.
//
// In: a Gateway's verdict, the ConfigMaps that it and its class name as
// parameters, and the EndpointSlices of the Service that has Sluice's Pods. Out:
// objects as they should be; pkg/kube/status writes them. No clients, no clock.
//
// The Service lies in the Gateway's namespace and is owned by the Gateway, so that
// it goes when the Gateway goes, even where Sluice has gone before; its owner sees its
// events and pays its quota. Sluice's Pods run in another namespace, where a
// selector cannot reach them: hence the EndpointSlices.
package front
