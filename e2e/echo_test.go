package e2e

import (
	"fmt"
	"testing"
)

// apps is the namespace of the back ends.
const apps = "e2e-apps"

// echoManifest is a Deployment of the echo program with its Service. The
// generation is part of the pod template, so that another one is a rollout. The
// pods have a readiness probe and five seconds to end, and no preStop hook. They share
// a process namespace, so that the program can be killed.
func echoManifest(t *testing.T, name string, replicas int, generation string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  replicas: %[3]d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata:
      labels: {app: %[1]s}
      annotations: {generation: %[4]q}
    spec:
      terminationGracePeriodSeconds: 5
      shareProcessNamespace: true
      containers:
      - name: echo
        image: %[5]s
        imagePullPolicy: IfNotPresent
        env:
        - {name: ECHO_SERVICE, value: %[1]s}
        - {name: ECHO_VERSION, value: %[4]q}
        ports: [{name: web, containerPort: 3000}]
        readinessProbe: {httpGet: {path: /ready, port: web}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  selector: {app: %[1]s}
  ports: [{name: http, port: 80, targetPort: web}]
---
`, name, apps, replicas, generation, need(t, "E2E_ECHO_IMAGE"))
}

// deployEchoes starts the two back ends that all cases use.
func deployEchoes(t *testing.T) {
	t.Helper()
	apply(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+apps+"}\n")
	apply(t, echoManifest(t, "shop", 3, "1")+echoManifest(t, "blog", 1, "1"))
	waitRolledOut(t, apps, "deployment/shop")
	waitRolledOut(t, apps, "deployment/blog")
}

// ingress is an Ingress of one rule to one Service.
func ingress(name, host, service string) string {
	return fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: %s, namespace: %s}
spec:
  ingressClassName: sluice
  rules:
  - host: %q
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: %s, port: {number: 80}}}
---
`, name, apps, host, service)
}
