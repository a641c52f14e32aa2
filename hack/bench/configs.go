package main

import "fmt"

// benchHost is the host that every request asks for.
const benchHost = "bench.example.com"

// nginxOrigin is the back end: fixed bodies from memory, kept-alive connections.
func nginxOrigin(dir string, port int) string {
	return fmt.Sprintf(`
worker_processes 1;
daemon off;
pid %[1]s/origin.pid;
error_log %[1]s/origin.err;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 100000000;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:%[2]d backlog=4096;
    location / { return 200 "hello, world\n"; }
  }
}
`, dir, port)
}

// nginxProxy is nginx as it is tuned for a proxy: kept-alive upstream, no access log.
func nginxProxy(dir string, port, origin int) string {
	return fmt.Sprintf(`
worker_processes 2;
daemon off;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx.err;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 100000000;
  upstream origin { server 127.0.0.1:%[3]d; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:%[2]d backlog=4096;
    server_name %[4]s;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`, dir, port, origin, benchHost)
}

// haproxyConfig is HAProxy with the same duties.
func haproxyConfig(port, origin int) string {
	return fmt.Sprintf(`
global
  nbthread 2
  maxconn 8000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option forwardfor
  http-reuse always
frontend bench
  bind 127.0.0.1:%d
  use_backend origin if { hdr(host) -i %s }
backend origin
  server origin 127.0.0.1:%d
`, port, benchHost, origin)
}

// sluiceManifests is the same for Sluice, as a user would write it.
func sluiceManifests(origin int) string {
	return fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: bench, namespace: bench}
spec:
  rules:
  - host: %s
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: origin, port: {number: 80}}}
---
apiVersion: v1
kind: Service
metadata: {name: origin, namespace: bench}
spec: {ports: [{port: 80, targetPort: %[2]d}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: origin-1, namespace: bench, labels: {kubernetes.io/service-name: origin}}
addressType: IPv4
endpoints: [{addresses: [127.0.0.1]}]
ports: [{port: %[2]d}]
`, benchHost, origin)
}
