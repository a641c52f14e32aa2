package main

import "fmt"

// benchHost is the host that every request asks for. It is a name that
// resolves to loopback, since load generators send the URL's host as SNI.
const benchHost = "localhost"

// ports are where a proxy and its back ends listen. HTTP/2 in clear text has a
// port of its own, since not every proxy tells it from HTTP/1.1.
type ports struct {
	clear, clear2, secure int
	tcp                   int // where connections are passed on to the origin; 0 for who does not
	origin, grpc          int
}

// nginxOrigin is the back end: fixed bodies, kept-alive connections. Uploads it
// hands on to our own, since it would answer them before it read them.
func nginxOrigin(dir string, port, upload int) string {
	return fmt.Sprintf(`
worker_processes 1;
daemon off;
pid %[1]s/origin.pid;
error_log %[1]s/origin.err;
events { worker_connections 16384; }
http {
  access_log off;
  sendfile on;
  keepalive_requests 100000000;
  keepalive_timeout 1h;
  client_max_body_size 0;
  upstream upload { server 127.0.0.1:%[3]d; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:%[2]d backlog=4096;
    listen 127.0.0.2:%[2]d backlog=4096;
    root %[1]s/files;
    location = /64k { }
    location = /10m { }
    location = /up {
      proxy_pass http://upload;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Connection "";
    }
    location / { return 200 "hello, world\n"; }
  }
}
`, dir, port, upload)
}

// nginxProxy is nginx as it is tuned for a proxy: kept-alive upstream, bodies
// streamed and never on disk, no access log.
func nginxProxy(dir string, p ports) string {
	return fmt.Sprintf(`
worker_processes 2;
daemon off;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx.err;
events { worker_connections 32768; }
http {
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 1h;
  http2_max_requests 100000000;
  client_max_body_size 0;
  upstream origin { server 127.0.0.1:%[5]d; keepalive 256; keepalive_requests 100000000; }
  upstream grpc { server 127.0.0.1:%[6]d; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:%[2]d backlog=4096;
    listen 127.0.0.1:%[3]d http2 backlog=4096;
    listen 127.0.0.1:%[4]d ssl http2 backlog=4096;
    server_name %[7]s;
    ssl_certificate %[1]s/tls.crt;
    ssl_certificate_key %[1]s/tls.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:10m;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
    location /bench.Echo/ {
      grpc_pass grpc://grpc;
      grpc_set_header X-Forwarded-For $remote_addr;
    }
  }
}
`, dir, p.clear, p.clear2, p.secure, p.origin, p.grpc, benchHost)
}

// haproxyConfig is HAProxy with the same duties.
func haproxyConfig(dir string, p ports) string {
	return fmt.Sprintf(`
global
  nbthread 2
  maxconn 12000
  no strict-limits
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout client 1h
  timeout server 1h
  timeout connect 5s
  option forwardfor
  http-reuse always
frontend bench
  bind 127.0.0.1:%[2]d
  bind 127.0.0.1:%[3]d proto h2
  bind 127.0.0.1:%[4]d ssl crt %[1]s/haproxy.pem alpn h2,http/1.1
  use_backend grpc if { hdr_dom(host) -i %[7]s } { path_beg /bench.Echo/ }
  use_backend origin if { hdr_dom(host) -i %[7]s }
backend origin
  server origin 127.0.0.1:%[5]d
backend grpc
  server grpc 127.0.0.1:%[6]d proto h2
listen tcp
  mode tcp
  option splice-auto
  bind 127.0.0.1:%[8]d
  server origin 127.0.0.1:%[5]d
`, dir, p.clear, p.clear2, p.secure, p.origin, p.grpc, benchHost, p.tcp)
}

// caddyfile is Caddy with the same duties.
func caddyfile(dir string, p ports) string {
	return fmt.Sprintf(`
{
  admin off
  auto_https off
  persist_config off
  log {
    output discard
  }
  servers {
    protocols h1 h2 h2c
  }
}
(forward) {
  bind 127.0.0.1
  handle /bench.Echo/* {
    reverse_proxy h2c://127.0.0.1:%[5]d {
      flush_interval -1
    }
  }
  handle {
    reverse_proxy 127.0.0.1:%[4]d {
      transport http {
        keepalive_idle_conns_per_host 256
        compression off
      }
    }
  }
}
http://%[6]s:%[2]d {
  import forward
}
https://%[6]s:%[3]d {
  tls %[1]s/tls.crt %[1]s/tls.key
  import forward
}
`, dir, p.clear, p.secure, p.origin, p.grpc, benchHost)
}
