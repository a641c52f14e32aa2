package main

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// reverseProxyVerb makes this program the peer that it measures: Go's own
// reverse proxy in a process of its own.
const reverseProxyVerb = "reverseproxy"

// runReverseProxy serves listen and forwards to origin until it is ended.
func runReverseProxy(listen, origin string) error {
	target := &url.URL{Scheme: "http", Host: origin}
	transport := &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute}
	rp := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: rp, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(ln)
}
