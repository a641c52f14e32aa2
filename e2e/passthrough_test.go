package e2e

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
)

// vault is a back end that ends TLS itself, with the certificate of a Secret.
func vault(t *testing.T) (manifest string, serial *big.Int) {
	t.Helper()
	secret, serial := tlsSecret(t, apps, "vault", "vault.example.com")
	return secret + fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: vault, namespace: %[1]s}
spec:
  replicas: 1
  selector: {matchLabels: {app: vault}}
  template:
    metadata: {labels: {app: vault}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: echo
        image: %[2]s
        imagePullPolicy: IfNotPresent
        env:
        - {name: ECHO_SERVICE, value: vault}
        - {name: ECHO_TLS, value: /tls}
        ports: [{name: plain, containerPort: 3000}, {name: secure, containerPort: 3443}]
        readinessProbe: {httpGet: {path: /ready, port: secure, scheme: HTTPS}, periodSeconds: 1}
        volumeMounts: [{name: tls, mountPath: /tls, readOnly: true}]
      volumes: [{name: tls, secret: {secretName: vault}}]
---
apiVersion: v1
kind: Service
metadata: {name: vault, namespace: %[1]s}
spec:
  selector: {app: vault}
  ports: [{name: https, port: 443, targetPort: secure}]
---
`, apps, need(t, "E2E_ECHO_IMAGE")), serial
}

// testPassthrough passes hosts on to a back end with a certificate of its own, beside others on the same port.
func testPassthrough(t *testing.T) {
	backend, theirs := vault(t)
	secret, ours := tlsSecret(t, apps, "console", "console.pass.example.com")
	apply(t, backend+secret)
	waitRolledOut(t, apps, "deployment/vault")
	route := `
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: vault, namespace: ` + apps + `}
spec:
  ingressClassName: sluice
  hosts: [vault.example.com, "*.pass.example.com"]
  tls: {mode: Passthrough}
  health: {active: {type: TCP, interval: 1s}}
  routes: [{backends: [{service: {name: vault, port: 443}}]}]
`
	apply(t, route+`---
apiVersion: sluice.dev/v1alpha1
kind: ProxyRoute
metadata: {name: console, namespace: `+apps+`}
spec:
  ingressClassName: sluice
  hosts: [console.pass.example.com]
  tls: {secretName: console}
  routes: [{backends: [{service: {name: shop, port: 80}}]}]
`)
	f := frontAddress(t)
	for url, want := range map[string]struct {
		app    string
		serial *big.Int
	}{
		"https://vault.example.com/":        {"vault", theirs},
		"https://any.pass.example.com/":     {"vault", theirs},
		"https://console.pass.example.com/": {"shop", ours},
	} {
		f.everywhere(t, url, 200, from(want.app))
		got := f.eventually(t, url, 200, from(want.app))
		if got.tls == nil || got.tls.serial.Cmp(want.serial) != 0 || got.tls.alpn != "h2" {
			t.Errorf("%s: the client sees %+v, want the serial number %v and h2", url, got.tls, want.serial)
		}
	}
	f.eventually(t, "http://vault.example.com/", 404, "")
	kubectl(t, "-n", apps, "wait", "pxr/vault", "--for=condition=Accepted", "--for=condition=ResolvedRefs", "--for=condition=Healthy", "--timeout=90s")
	if got := kubectl(t, "-n", apps, "get", "pxr/vault", "-o", "jsonpath={.status.backends}"); !strings.Contains(got, `"backend":"vault:443"`) || !strings.Contains(got, `"ready":1`) {
		t.Errorf("the status says %s", got)
	}
	_, err := run(t, strings.Replace(route, "[{backends", "[{matches: [{path: {value: /a}}], backends", 1), need(t, "E2E_KUBECTL"), "apply", "-f", "-")
	if err == nil || !strings.Contains(err.Error(), "matches of routes must not be set where tls.mode is Passthrough") {
		t.Errorf("a match was not refused by name: %v", err)
	}

	// A younger object serves the host in clear text alone, and is told.
	apply(t, ingress("vault-too", "vault.example.com", "blog"))
	f.everywhere(t, "http://vault.example.com/", 200, from("blog"))
	f.everywhere(t, "https://vault.example.com/", 200, from("vault"))
	until(t, patience, "the Event", func() error {
		events := kubectl(t, "-n", apps, "get", "events", "--field-selector", "involvedObject.name=vault-too", "-o", "jsonpath={range .items[*]}{.reason} {.message}{'\\n'}{end}")
		if !strings.Contains(events, "is served over HTTP alone, as ProxyRoute/"+apps+"/vault") {
			return fmt.Errorf("no Event says who has the host: %s", events)
		}
		return nil
	})

	// Without an endpoint connections are closed, and the object says why.
	kubectl(t, "-n", apps, "scale", "deployment/vault", "--replicas=0")
	kubectl(t, "-n", apps, "wait", "pxr/vault", "--for=condition=Healthy=false", "--timeout=90s")
	until(t, patience, "connections are closed", func() error {
		if got, err := f.get("https://vault.example.com/"); err == nil {
			return fmt.Errorf("answered %d", got.status)
		}
		return nil
	})
	f.everywhere(t, "https://console.pass.example.com/", 200, from("shop"))
}
