package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/e2e/load"
)

// versioned is a Deployment whose Pods belong to the Service catalog, with a label that says their version.
func versioned(t *testing.T, name, version string) string {
	manifest, _, _ := strings.Cut(echoManifest(t, name, 1, version), "---\n")
	return strings.Replace(manifest, "labels: {app: "+name+"}\n      annotations", fmt.Sprintf("labels: {app: %s, part-of: catalog, version: %q}\n      annotations", name, version), 1) + "---\n"
}

// testPodVersions serves two versions from one Service by a label of its Pods, and rolls one of them to a
// third.
func testPodVersions(t *testing.T) {
	apply(t, versioned(t, "catalog-old", "1")+versioned(t, "catalog-new", "2")+`
apiVersion: v1
kind: Service
metadata: {name: catalog, namespace: `+apps+`}
spec:
  selector: {part-of: catalog}
  ports: [{name: http, port: 80, targetPort: web}]
---
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: catalog, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [catalog.example.com]
  versioning: {source: Header, name: App-Version, default: "1", responseHeader: Served-Version}
  routes:
  - backends: [{service: {name: catalog, port: 80}, versionFromPodLabel: version}]
  - matches: [{path: {value: /strict}}]
    versioning: {source: Header, name: App-Version, onNoMatch: Reject}
    backends: [{service: {name: catalog, port: 80}, versionFromPodLabel: version}]
`)
	waitRolledOut(t, apps, "deployment/catalog-old")
	waitRolledOut(t, apps, "deployment/catalog-new")
	f := frontAddress(t)
	const url, strict = "http://catalog.example.com/", "http://catalog.example.com/strict"
	serves := func(asked, version string) {
		t.Helper()
		got := f.asks(t, url, "App-Version", asked, 200, fmt.Sprintf(`"version":%q`, version))
		if served := got.header.Get("Served-Version"); served != version {
			t.Errorf("version %s: the response says %q served", asked, served)
		}
	}
	serves("1", "1")
	serves("2.5", "2")
	f.asks(t, strict, "App-Version", "3", 400, "Versions served: 1, 2")

	f.everywhere(t, url, 200, `"version":"1"`)
	run := load.Start(load.Options{Address: f.http, Host: "catalog.example.com", Rate: 50, Expect: `"version":"1"`})
	reapply(t, versioned(t, "catalog-new", "3"))
	waitRolledOut(t, apps, "deployment/catalog-new")
	serves("3.1", "3")
	// Once the last Pod of version 2 is gone, nobody serves it.
	f.asks(t, strict, "App-Version", "2", 400, "Versions served: 1, 3")
	serves("2", "1")
	result := run.Stop()
	t.Logf("%d requests of version 1 meanwhile, %d failed", result.Sent, len(result.Failures))
	for _, failure := range result.Failures {
		t.Errorf("after %v: %s", failure.At, failure.What)
	}
}

// testPodReadiness takes one of three endpoints out by an annotation of its Pod, and back, under a load.
func testPodReadiness(t *testing.T) {
	apply(t, `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: maintenance, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [maintenance.example.com]
  routes: [{backends: [{service: {name: shop, port: 80}}]}]
`)
	f := frontAddress(t)
	const url = "http://maintenance.example.com/"
	f.allServe(t, url)
	pod := f.eventually(t, url, 200, from("shop")).instance()
	run := load.Start(load.Options{Address: f.http, Host: "maintenance.example.com", Rate: 200, Expect: from("shop")})
	kubectl(t, "-n", apps, "annotate", "--overwrite", "pod", pod, "sluice.dev/ready=false")
	until(t, patience, "the Pod gets no requests", func() error {
		statuses, instances := f.many(t, url, 30)
		if statuses[200] != 30 || instances[pod] != 0 || len(instances) != 2 {
			return fmt.Errorf("%v by %v", statuses, instances)
		}
		return nil
	})
	kubectl(t, "-n", apps, "annotate", "pod", pod, "sluice.dev/ready-")
	f.allServe(t, url)
	result := run.Stop()
	t.Logf("%d requests, %d failed", result.Sent, len(result.Failures))
	for _, failure := range result.Failures {
		t.Errorf("after %v: %s", failure.At, failure.What)
	}
}

// testSuspend takes one route, and then the whole object, out of service and back.
func testSuspend(t *testing.T) {
	route := `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: suspended, namespace: ` + apps + `}
spec:
  ingressClassName: sluice
  suspend: false
  hosts: [suspended.example.com]
  routes:
  - {name: new, matches: [{path: {value: /x}}], suspend: false, backends: [{service: {name: blog, port: 80}}]}
  - {name: rest, backends: [{service: {name: shop, port: 80}}]}
`
	apply(t, route)
	f := frontAddress(t)
	const url = "http://suspended.example.com/x"
	says := func(want string) {
		t.Helper()
		until(t, patience, "the condition Suspended", func() error {
			is := kubectl(t, "-n", apps, "get", "pxr/suspended", "-o", `jsonpath={.status.conditions[?(@.type=="Suspended")].status}`)
			if is != want {
				return fmt.Errorf("it is %q, want %q", is, want)
			}
			return nil
		})
	}
	f.eventually(t, url, 200, from("blog"))
	says("False")
	reapply(t, strings.Replace(route, "value: /x}}], suspend: false", "value: /x}}], suspend: true", 1))
	f.eventually(t, url, 200, from("shop"))
	says("True")
	reapply(t, strings.Replace(route, "  suspend: false\n", "  suspend: true\n", 1))
	f.eventually(t, url, 404, "")
	says("True")
	reapply(t, route)
	f.eventually(t, url, 200, from("blog"))
	says("False")
}
