package main

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// runReverseProxy makes this program the peer that it measures: Go's own
// reverse proxy in a process of its own. The arguments are where it listens in
// clear text and over TLS, the two back ends, and the certificate with its key.
func runReverseProxy(args []string) error {
	clearAt, secureAt, origin, grpc, cert, key := args[0], args[1], args[2], args[3], args[4], args[5]
	both, h2c := new(http.Protocols), new(http.Protocols)
	both.SetHTTP1(true)
	both.SetHTTP2(true)
	both.SetUnencryptedHTTP2(true)
	h2c.SetUnencryptedHTTP2(true)
	forward := pathMux{
		grpc: reverse(grpc, &http.Transport{Protocols: h2c}),
		rest: reverse(origin, &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute, DisableCompression: true}),
	}
	server := func(at string) *http.Server {
		return &http.Server{Addr: at, Handler: forward, ReadHeaderTimeout: 10 * time.Second, Protocols: both}
	}
	ended := make(chan error, 2)
	go func() { ended <- server(clearAt).ListenAndServe() }()
	go func() { ended <- server(secureAt).ListenAndServeTLS(cert, key) }()
	return <-ended
}

// pathMux tells calls from the rest without net/http's own mux, which would clean paths.
type pathMux struct{ grpc, rest http.Handler }

func (m pathMux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/bench.Echo/") {
		m.grpc.ServeHTTP(w, r)
		return
	}
	m.rest.ServeHTTP(w, r)
}

func reverse(to string, transport http.RoundTripper) http.Handler {
	target := &url.URL{Scheme: "http", Host: to}
	return &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
	}
}
