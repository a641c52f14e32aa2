package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/e2e/load"
)

// from is what an answer of the echo program for that Service holds.
func from(service string) string { return fmt.Sprintf("%q:%q", "service", service) }

// testIngress serves by path and host in clear text and over TLS, redirects
// where a certificate covers the host, and not where the annotation says so.
func testIngress(t *testing.T) {
	f := frontAddress(t)
	secret, serial := tlsSecret(t, apps, "secure-tls", "secure.example.com", "plain.example.com")
	apply(t, secret+ingress("open", "open.example.com", "shop")+`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: secure, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  tls: [{hosts: [secure.example.com], secretName: secure-tls}]
  rules:
  - host: secure.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {name: http}}}}
      - {path: /blog, pathType: Prefix, backend: {service: {name: blog, port: {number: 80}}}}
      - {path: /blog/exact, pathType: Exact, backend: {service: {name: shop, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: plain
  namespace: `+apps+`
  annotations: {nginx.ingress.kubernetes.io/ssl-redirect: "false"}
spec:
  ingressClassName: sluice
  tls: [{hosts: [plain.example.com], secretName: secure-tls}]
  rules:
  - host: plain.example.com
    http:
      paths: [{path: /, pathType: Prefix, backend: {service: {name: blog, port: {number: 80}}}}]
`)
	f.eventually(t, "http://open.example.com/any/path", 200, from("shop"))
	over := f.eventually(t, "https://secure.example.com/", 200, from("shop"))
	if over.tls == nil || over.tls.serial.Cmp(serial) != 0 {
		t.Errorf("another certificate came: %+v", over.tls)
	}
	f.eventually(t, "https://secure.example.com/blog", 200, from("blog"))
	f.eventually(t, "https://secure.example.com/blog/deep", 200, from("blog"))
	f.eventually(t, "https://secure.example.com/blogger", 200, from("shop"))
	f.eventually(t, "https://secure.example.com/blog/exact", 200, from("shop"))
	f.eventually(t, "https://secure.example.com/blog/exact/not", 200, from("blog"))
	moved := f.eventually(t, "http://secure.example.com/a%20b?c=d&e", 308, "")
	if got, want := moved.header.Get("Location"), "https://secure.example.com/a%20b?c=d&e"; got != want {
		t.Errorf("redirect to %q, want %q", got, want)
	}
	f.eventually(t, "http://plain.example.com/", 200, from("blog"))
	f.eventually(t, "https://plain.example.com/", 200, from("blog"))
}

func testDefaultBackend(t *testing.T) {
	apply(t, `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: fallback, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  defaultBackend: {service: {name: blog, port: {number: 80}}}
`)
	f := frontAddress(t)
	f.eventually(t, "http://no-rule-names-me.example.net/x", 200, from("blog"))
}

func testWildcard(t *testing.T) {
	apply(t, ingress("wild", "*.wild.example.com", "blog")+ingress("tame", "tame.wild.example.com", "shop"))
	f := frontAddress(t)
	f.eventually(t, "http://a.wild.example.com/", 200, from("blog"))
	f.eventually(t, "http://tame.wild.example.com/", 200, from("shop"))
	f.eventually(t, "http://a.b.wild.example.com/", 404, "")
	f.eventually(t, "http://wild.example.com/", 404, "")
}

// testClass applies an Ingress of another class and one of ours after it: when
// ours serves, the other has been seen too.
func testClass(t *testing.T) {
	other := strings.Replace(ingress("other-class", "other-class.example.com", "shop"), "ingressClassName: sluice", "ingressClassName: somebody-else", 1)
	legacy := strings.Replace(ingress("legacy", "legacy.example.com", "shop"), "  ingressClassName: sluice\n", "", 1)
	legacy = strings.Replace(legacy, "metadata: {name: legacy,", `metadata: {annotations: {kubernetes.io/ingress.class: sluice}, name: legacy,`, 1)
	apply(t, other+legacy)
	f := frontAddress(t)
	f.eventually(t, "http://legacy.example.com/", 200, from("shop"))
	if got, err := f.get("http://other-class.example.com/"); err != nil || got.status != 404 {
		t.Errorf("status %d (%v), want 404 for another class", got.status, err)
	}
	if status := kubectl(t, "-n", apps, "get", "ingress/other-class", "-o", "jsonpath={.status.loadBalancer}"); strings.Contains(status, "ip") {
		t.Errorf("the status of another controller's Ingress was written: %s", status)
	}
}

// testCertificateRotation changes a Secret twenty times under TLS connections
// and a steady load in clear text beside it.
func testCertificateRotation(t *testing.T) {
	f := frontAddress(t)
	secret, _ := tlsSecret(t, apps, "rotating-tls", "rotating.example.com")
	apply(t, secret+strings.Replace(ingress("rotating", "rotating.example.com", "shop"), "spec:\n",
		"spec:\n  tls: [{hosts: [rotating.example.com], secretName: rotating-tls}]\n", 1)+ingress("beside", "beside.example.com", "shop"))
	f.everywhere(t, "https://rotating.example.com/", 200, from("shop"))
	f.everywhere(t, "http://beside.example.com/", 200, from("shop"))
	beside := load.Start(load.Options{Address: f.http, Host: "beside.example.com", Rate: rate, Expect: from("shop")})
	for range 20 {
		next, serial := tlsSecret(t, apps, "rotating-tls", "rotating.example.com")
		reapply(t, next)
		until(t, patience, "the new certificate", func() error {
			got, err := f.get("https://rotating.example.com/")
			if err != nil {
				t.Errorf("a request failed during rotation: %v", err)
				return nil
			}
			if got.status != 200 {
				t.Errorf("status %d during rotation", got.status)
			}
			if got.tls.serial.Cmp(serial) != 0 {
				return fmt.Errorf("still serial %v", got.tls.serial)
			}
			return nil
		})
	}
	wantNoFailure(t, beside.Stop(), 300)
}

func testDeletion(t *testing.T) {
	f := frontAddress(t)
	manifest := ingress("short-lived", "short-lived.example.com", "shop")
	apply(t, manifest)
	f.eventually(t, "http://short-lived.example.com/", 200, from("shop"))
	kubectl(t, "-n", apps, "delete", "ingress/short-lived")
	f.eventually(t, "http://short-lived.example.com/", 404, "")
}

func testProxyRoute(t *testing.T) {
	apply(t, `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: pxr, namespace: `+apps+`}
spec:
  hosts: [pxr.example.com]
  routes:
  - name: beta
    matches: [{path: {type: Prefix, value: /}, headers: [{name: X-Beta, value: "yes"}]}]
    backends: [{service: {name: blog, port: 80}}]
  - name: all
    matches: [{path: {type: Prefix, value: /}}]
    backends: [{service: {name: shop, port: 80}}]
`)
	f := frontAddress(t)
	f.eventually(t, "http://pxr.example.com/", 200, from("shop"))
	f.asks(t, "http://pxr.example.com/", "X-Beta", "yes", 200, from("blog"))
	kubectl(t, "-n", apps, "wait", "pxr/pxr", "--for=condition=Accepted", "--for=condition=ResolvedRefs", "--timeout=90s")
	_, err := run(t, "apiVersion: sluice.dev/v1alpha1\nkind: ProxyRoute\nmetadata: {name: bad, namespace: "+apps+"}\nspec: {hosts: [b.example.com], routes: [{backends: [{weight: 1}]}]}\n", need(t, "E2E_KUBECTL"), "apply", "-f", "-")
	if err == nil || !strings.Contains(err.Error(), "backends") {
		t.Errorf("a back end without service and address was not refused by name: %v", err)
	}
}

// testBrokenNeighbour applies one Ingress that is wrong in several ways beside
// a good one: the good one serves, and the broken one gets an Event.
func testBrokenNeighbour(t *testing.T) {
	broken := strings.Replace(ingress("broken", "broken.example.com", "no-such-service"), "spec:\n",
		"spec:\n  tls: [{hosts: [broken.example.com], secretName: no-such-secret}]\n", 1)
	apply(t, broken+ingress("healthy", "healthy.example.com", "shop"))
	f := frontAddress(t)
	f.eventually(t, "http://healthy.example.com/", 200, from("shop"))
	f.eventually(t, "http://broken.example.com/", 503, "")
	until(t, patience, "the Events", func() error {
		events := kubectl(t, "-n", apps, "get", "events", "--field-selector", "involvedObject.name=broken", "-o", "jsonpath={range .items[*]}{.reason} {.message}{'\\n'}{end}")
		for _, want := range []string{"no-such-service", "no-such-secret"} {
			if !strings.Contains(events, want) {
				return fmt.Errorf("no Event names %s: %s", want, events)
			}
		}
		return nil
	})
}

// testStatus wants the front's address in the Ingress, and no further write
// when nothing changes.
func testStatus(t *testing.T) {
	apply(t, ingress("status", "status.example.com", "shop"))
	if front := frontAddress(t); !strings.HasSuffix(front.http, ":80") {
		t.Log("the front is a node port here; the Ingress has no load balancer address to show")
		return
	}
	version := func() string {
		return kubectl(t, "-n", apps, "get", "ingress/status", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip} {.metadata.resourceVersion}")
	}
	address, _, _ := strings.Cut(frontAddress(t).http, ":")
	until(t, patience, "the address", func() error {
		if got := version(); !strings.HasPrefix(got, address+" ") {
			return fmt.Errorf("status is %q, want %s", got, address)
		}
		return nil
	})
	before := version()
	apply(t, ingress("status-neighbour", "status-neighbour.example.com", "shop"))
	frontAddress(t).eventually(t, "http://status-neighbour.example.com/", 200, from("shop"))
	if after := version(); after != before {
		t.Errorf("the object was written again though nothing of it changed: %s, then %s", before, after)
	}
}
