package e2e

import "testing"

// TestSluice runs every case in order: they share the installation, and the
// last one takes it away.
func TestSluice(t *testing.T) {
	t.Run("kustomize installs and uninstalls", testKustomize)
	if t.Failed() {
		t.FailNow()
	}
	t.Run("helm installs", testHelmInstall)
	if t.Failed() {
		t.FailNow()
	}
	deployEchoes(t)
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"Ingress over HTTP and HTTPS", testIngress},
		{"the default back end serves what no path claims", testDefaultBackend},
		{"a wildcard host matches one label", testWildcard},
		{"an Ingress of another class is left alone", testClass},
		{"a certificate is rotated under load", testCertificateRotation},
		{"a deleted Ingress answers 404", testDeletion},
		{"a ProxyRoute is served and told so", testProxyRoute},
		{"a ProxyRoute serves three versions of one app", testVersions},
		{"a ProxyRoute bounds what runs and lets the rest wait", testQueue},
		{"waiting requests come to the endpoint in order, and nobody starves", testQueueOrder},
		{"no endpoint gets more than it may serve at once", testEndpointLimit},
		{"one Service serves the versions that the labels of its Pods say", testPodVersions},
		{"a Pod is taken out of service and back by its annotation", testPodReadiness},
		{"a suspended route is out of service and says so", testSuspend},
		{"a ProxyRoute passes TLS on beside hosts whose TLS ends here", testPassthrough},
		{"a ProxyRoute asks for passwords and bounds rates", testFilters},
		{"a ProxyRoute asks for tokens, whose keys change", testJWT},
		{"a ProxyRoute compresses and slows down bodies", testBodies},
		{"no request fails while an endpoint is killed", testKilledEndpoint},
		{"an endpoint at which requests fail is ejected and comes back", testEjection},
		{"an endpoint whose probes fail gets no requests, and the object says so", testProbes},
		{"a circuit opens and closes", testCircuit},
		{"a client keeps to its endpoint while the back end rolls", testSticky},
		{"a broken Ingress is told and harms no neighbour", testBrokenNeighbour},
		{"status and readiness", testStatus},
		{"Gateways have addresses of their own", testGateways},
		{"no request fails while a back end rolls", testBackendRollout},
		{"no request fails while Sluice is upgraded", testSelfUpgrade},
		{"no request to a Gateway fails while Sluice is upgraded", testGatewaySelfUpgrade},
		{"no request fails while a replica is deleted", testReplicaDeletion},
		{"no request fails and a WebSocket stays while 200 Ingresses come and go", testChurn},
		{"no request fails while the API server is away", testAPIServerOutage},
	} {
		t.Run(c.name, c.test)
	}
	t.Run("helm uninstalls and leaves nothing but CRDs", testHelmUninstall)
}
