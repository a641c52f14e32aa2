package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/pkg/app/echo"
)

// migrated serves examples/ingress-nginx with endpoints that say what they were asked, and answers
// by which clients reach it.
type migrated struct {
	app     *App
	client  *http.Client
	partner tls.Certificate
	// secret is the back end that ends TLS itself.
	secret *httptest.Server
}

// issueFor makes a certificate that signs itself.
func issueFor(t *testing.T, name string, hosts ...string) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

func secretOf(name string, data map[string][]byte) string {
	text := fmt.Sprintf("---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: shop}\ndata:\n", name)
	for key, value := range data {
		text += "  " + key + ": " + base64.StdEncoding.EncodeToString(value) + "\n"
	}
	return text
}

// asked is what stands behind a Service; errors are those that it is asked for by ?status.
func asked(t *testing.T, service string) net.Addr {
	t.Helper()
	var handler http.Handler = &echo.Handler{Service: service}
	if service == "legacy" {
		handler = http.HandlerFunc(legacy)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr()
}

// legacy sends clients to the host and path that it knows.
func legacy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Set-Cookie", "session=1; Path=/app/; Domain=legacy.internal; HttpOnly")
	http.Redirect(w, r, "http://"+r.Host+"/login", http.StatusFound)
}

// oauth2Proxy knows one cookie.
func oauth2Proxy(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie("_oauth2_proxy"); err != nil || cookie.Value != "ann" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("X-Auth-Request-User", "ann")
	w.WriteHeader(http.StatusAccepted)
}

func serveMigrated(t *testing.T) *migrated {
	t.Helper()
	dir := t.TempDir()
	auth := httptest.NewServer(http.HandlerFunc(oauth2Proxy))
	t.Cleanup(auth.Close)
	files, err := filepath.Glob("../../examples/ingress-nginx/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no manifests: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		// There is no DNS of a cluster here.
		moved := strings.ReplaceAll(string(text), "oauth2-proxy.shop.svc.cluster.local:4180", auth.Listener.Addr().String())
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(moved), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var more strings.Builder
	for _, service := range []string{"storefront", "storefront-next", "api", "admin", "uploads", "chat", "greeter", "partner", "oauth2-proxy", "acme-solver", "error-pages", "legacy"} {
		fmt.Fprintf(&more, `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s-1, namespace: shop, labels: {kubernetes.io/service-name: %[1]s}}
addressType: IPv4
ports: [{name: http, port: %[2]d}]
endpoints: [{addresses: [127.0.0.1]}]
`, service, asked(t, service).(*net.TCPAddr).Port)
	}
	secret := secretBackend(t)
	fmt.Fprintf(&more, `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: deploys-1, namespace: shop, labels: {kubernetes.io/service-name: deploys}}
addressType: IPv4
ports: [{name: https, port: %d}]
endpoints: [{addresses: [127.0.0.1]}]
`, secret.Listener.Addr().(*net.TCPAddr).Port)
	shop, shopKey := issueFor(t, "shop", "shop.example.com", "www.shop.example.com")
	server, serverKey := issueFor(t, "server", "partner.example.com")
	partner, partnerKey := issueFor(t, "partner")
	more.WriteString(secretOf("storefront-tls", map[string][]byte{"tls.crt": shop, "tls.key": shopKey}))
	more.WriteString(secretOf("partner-tls", map[string][]byte{"tls.crt": server, "tls.key": serverKey}))
	more.WriteString(secretOf("partner-ca", map[string][]byte{"ca.crt": partner}))
	if err := os.WriteFile(filepath.Join(dir, "cluster.yaml"), []byte(more.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	m := &migrated{secret: secret}
	if m.partner, err = tls.X509KeyPair(partner, partnerKey); err != nil {
		t.Fatal(err)
	}
	a := newApp(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- a.Serve(ctx, dir, func() { close(started) }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-started
	m.app, m.client = a, clientOf(a)
	return m
}

// clientOf makes a client that takes each host for the app, and follows no redirect.
func clientOf(a *App, certificates ...tls.Certificate) *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		to := a.HTTP
		if strings.HasSuffix(address, ":443") {
			to = a.HTTPS
		}
		return (&net.Dialer{}).DialContext(ctx, network, to.String())
	}
	return &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dial, DisableKeepAlives: true,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: certificates}, //nolint:gosec // The certificates sign themselves.
		},
	}
}

// probe is a request and what must come of it, as by ingress-nginx.
type probe struct {
	method, url, body string
	header            map[string]string
	// status is that of the answer, location its Location.
	status   int
	location string
	// service, path and host are what the back end says that it is and was asked, empty for no matter.
	service, path, host, protocol string
	// sees are fields that the back end gets: exactly so, or not at all where they are empty.
	sees map[string]string
	// gets are fields of the response, likewise; a value that ends in "*" is a beginning.
	gets map[string]string
}

func (m *migrated) check(t *testing.T, p probe) {
	t.Helper()
	method := p.method
	if method == "" {
		method = http.MethodGet
	}
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: method, URL: u, Host: u.Host, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(p.body)), ContentLength: int64(len(p.body))}
	for name, value := range p.header {
		r.Header.Set(name, value)
	}
	resp, err := m.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != p.status {
		t.Fatalf("got %d %s, %v; want %d", resp.StatusCode, text, err, p.status)
	}
	// Clients reach the app on another port than the usual one.
	got := strings.Replace(resp.Header.Get("Location"), fmt.Sprintf(":%d/", portOf(m.app.HTTPS)), "/", 1)
	if got != p.location {
		t.Errorf("got Location %q, want %q", got, p.location)
	}
	fields(t, "the client", resp.Header, p.gets)
	if p.service == "" {
		return
	}
	var said echo.Answer
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatalf("no back end answered: %s", text)
	}
	if said.Service != p.service || p.path != "" && said.Path != p.path || p.host != "" && said.Host != p.host {
		t.Errorf("%s was asked for %s of %s; want %s for %s of %s", said.Service, said.Path, said.Host, p.service, p.path, p.host)
	}
	if p.protocol != "" && said.Protocol != p.protocol {
		t.Errorf("it was asked by %s, want %s", said.Protocol, p.protocol)
	}
	fields(t, "the back end", said.Header, p.sees)
}

func fields(t *testing.T, who string, got http.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		has := strings.Join(got.Values(name), ", ")
		if beginning, found := strings.CutSuffix(value, "*"); found && strings.HasPrefix(has, beginning) && has != "" {
			continue
		}
		if has != value {
			t.Errorf("%s got %s: %q, want %q", who, name, has, value)
		}
	}
}

// TestManifestsOfIngressNginxKeepWorking asks what teams have asked ingress-nginx.
func TestManifestsOfIngressNginxKeepWorking(t *testing.T) {
	m := serveMigrated(t)
	const http, https = "http://", "https://"
	for name, p := range map[string]probe{
		"a host with a certificate redirects":   {url: http + "shop.example.com/cart?a=b", status: 308, location: "https://shop.example.com/cart?a=b"},
		"and serves over TLS":                   {url: https + "shop.example.com/cart", status: 200, service: "storefront", path: "/cart", host: "shop.example.com"},
		"what back ends are told":               {url: https + "shop.example.com/", status: 200, service: "storefront", sees: map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example.com", "X-Request-Id": "*", "X-Forwarded-For": "127.0.0.1"}},
		"www goes to the host":                  {url: https + "www.shop.example.com/cart?a=b", status: 308, location: "https://shop.example.com/cart?a=b"},
		"an alias serves the same":              {url: http + "store.example.com/", status: 200, service: "storefront", host: "store.example.com"},
		"challenges are not redirected":         {url: http + "shop.example.com/.well-known/acme-challenge/token", status: 200, service: "acme-solver"},
		"a header chooses the canary":           {url: https + "shop.example.com/", header: map[string]string{"X-Canary": "always"}, status: 200, service: "storefront-next"},
		"and never does":                        {url: https + "shop.example.com/", header: map[string]string{"X-Canary": "never", "Cookie": "canary=always"}, status: 200, service: "storefront"},
		"another value leaves it to the cookie": {url: https + "shop.example.com/", header: map[string]string{"X-Canary": "maybe", "Cookie": "a=b; canary=always"}, status: 200, service: "storefront-next"},
		"a cookie of another name does not":     {url: https + "shop.example.com/", header: map[string]string{"Cookie": "mycanary=always"}, status: 200, service: "storefront"},

		"captures make the path":      {url: http + "api.example.com/v1/orders/7?a=b", status: 200, service: "api", path: "/orders/7", sees: map[string]string{"X-Forwarded-Prefix": "/v1"}},
		"without what they hold":      {url: http + "api.example.com/v1", status: 200, service: "api", path: "/"},
		"in any case":                 {url: http + "api.example.com/V1/orders", status: 200, service: "api", path: "/orders"},
		"but not beyond the path":     {url: http + "api.example.com/v10", status: 404},
		"a preflight is answered":     {method: "OPTIONS", url: http + "api.example.com/v1", header: map[string]string{"Origin": "https://shop.example.com", "Access-Control-Request-Method": "PUT"}, status: 204, gets: map[string]string{"Access-Control-Allow-Origin": "https://shop.example.com", "Access-Control-Allow-Credentials": "true"}},
		"another origin gets nothing": {url: http + "api.example.com/v1/", header: map[string]string{"Origin": "https://evil.example"}, status: 200, service: "api", gets: map[string]string{"Access-Control-Allow-Origin": ""}},

		"errors are replaced": {url: http + "docs.example.com/gone?status=404", status: 200, service: "error-pages", path: "/", sees: map[string]string{
			"X-Code": "404", "X-Original-Uri": "/gone?status=404", "X-Namespace": "shop", "X-Ingress-Name": "api-docs", "X-Service-Name": "api", "X-Service-Port": "80", "X-Request-Id": "*",
		}},
		"others are not": {url: http + "docs.example.com/?status=500", status: 500, service: "api"},

		"who has no session signs in":     {url: http + "admin.example.com/a?b=c", status: 302, location: "https://admin.example.com/oauth2/start?rd=%2Fa%3Fb%3Dc"},
		"who has one is let in":           {url: http + "admin.example.com/a", header: map[string]string{"Cookie": "_oauth2_proxy=ann", "X-Auth-Request-User": "root"}, status: 200, service: "admin", host: "admin.shop.svc.cluster.local", sees: map[string]string{"X-Auth-Request-User": "ann"}},
		"the sign-in page itself is free": {url: http + "admin.example.com/oauth2/start", status: 200, service: "oauth2-proxy", path: "/oauth2/start"},

		"the root of an app":        {url: http + "tools.example.com/", status: 302, location: "http://tools.example.com/tools"},
		"nobody without password":   {url: http + "tools.example.com/tools", status: 401, gets: map[string]string{"WWW-Authenticate": `Basic realm="Tools"*`}},
		"with a wrong one":          {url: http + "tools.example.com/tools", header: map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("ann:shut"))}, status: 401},
		"with a good one":           {url: http + "tools.example.com/tools", header: map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("ann:open"))}, status: 200, service: "admin", sees: map[string]string{"Authorization": ""}},
		"addresses that are not in": {url: http + "office.example.com/", header: map[string]string{"X-Forwarded-For": "192.0.2.1"}, status: 403},

		"a body within bounds":         {method: "POST", url: http + "uploads.example.com/", body: strings.Repeat("x", 1024), status: 200, service: "uploads"},
		"a body beyond":                {method: "POST", url: http + "uploads.example.com/", body: strings.Repeat("x", 1025), status: 413},
		"a session begins":             {url: http + "chat.example.com/", status: 200, service: "chat", gets: map[string]string{"Set-Cookie": "route=*"}},
		"gRPC is spoken by HTTP/2":     {method: "POST", url: http + "grpc.example.com/a.B/C", header: map[string]string{"Content-Type": "application/grpc"}, status: 200, service: "greeter", protocol: "HTTP/2.0"},
		"a host that has moved":        {url: http + "old.example.com/a?b=c", status: 308, location: "https://shop.example.com/"},
		"an application elsewhere":     {url: http + "legacy.example.com/a", status: 302, location: "http://legacy.example.com/login", gets: map[string]string{"Set-Cookie": "session=1; Path=/shop/; Domain=example.com; HttpOnly"}},
		"TLS passed on, in clear text": {url: http + "deploys.example.com/a", status: 308, location: "https://deploys.example.com/a"},
		"certificates, in clear text":  {url: http + "partner.example.com/", status: 308, location: "https://partner.example.com/"},
	} {
		t.Run(name, func(t *testing.T) { m.check(t, p) })
	}
}

func TestTLSThatIsPassedOnEndsAtTheBackEnd(t *testing.T) {
	m := serveMigrated(t)
	nc := dialTLS(t, m.app.HTTPS, "deploys.example.com")
	if !nc.ConnectionState().PeerCertificates[0].Equal(m.secret.Certificate()) {
		t.Error("the certificate is not the back end's")
	}
	if status, body, err := overTLS(nc, "deploys.example.com"); err != nil || status != 200 || body != "secret of deploys.example.com" {
		t.Errorf("got %d %q, %v", status, body, err)
	}
}

func TestPartnersNeedTheirCertificate(t *testing.T) {
	m := serveMigrated(t)
	stranger, strangerKey := issueFor(t, "partner")
	forged, err := tls.X509KeyPair(stranger, strangerKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, certificates := range map[string][]tls.Certificate{"none": nil, "one of another CA": {forged}} {
		if resp, err := clientOf(m.app, certificates...).Get("https://partner.example.com/"); err == nil {
			resp.Body.Close()
			t.Errorf("%s: got %d", name, resp.StatusCode)
		}
	}
	m.client = clientOf(m.app, m.partner)
	m.check(t, probe{url: "https://partner.example.com/", header: map[string]string{"Ssl-Client-Subject-Dn": "CN=root"}, status: 200, service: "partner", sees: map[string]string{
		"Ssl-Client-Verify": "SUCCESS", "Ssl-Client-Subject-Dn": "CN=partner", "Ssl-Client-Issuer-Dn": "CN=partner", "Ssl-Client-Cert": "-----BEGIN%20CERTIFICATE-----%0A*",
	}})
}

func TestLimitsOfIngressNginx(t *testing.T) {
	m := serveMigrated(t)
	var statuses []int
	for range 40 {
		resp, err := m.client.Get("http://api.example.com/v1/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		statuses = append(statuses, resp.StatusCode)
	}
	// 20 at once and one more; however slow this machine is, 19 more do not come in time for one a minute.
	if slices.ContainsFunc(statuses[:21], func(s int) bool { return s != 200 }) || !slices.Contains(statuses, 503) {
		t.Errorf("got %v", statuses)
	}
}
