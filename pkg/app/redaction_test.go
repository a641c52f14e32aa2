package app

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/sluice-dev/sluice/pkg/admin"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// keys are private keys of Secrets: a good one, and texts that are none, which
// complaints might be tempted to quote.
func keys(t *testing.T) (secrets []string, forbidden []string) {
	t.Helper()
	text, err := selfSignedSecret("ns", "good", "good.example")
	if err != nil {
		t.Fatal(err)
	}
	var good corev1.Secret
	if err := yaml.Unmarshal(text, &good); err != nil {
		t.Fatal(err)
	}
	chain := base64.StdEncoding.EncodeToString(good.Data[corev1.TLSCertKey])
	add := func(name string, key []byte, shown ...string) {
		secrets = append(secrets, fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: ns}\ntype: kubernetes.io/tls\ndata: {tls.crt: %q, tls.key: %q}\n",
			name, chain, base64.StdEncoding.EncodeToString(key)))
		forbidden = append(forbidden, shown...)
	}
	const canary = "canaryOfAPrivateKey"
	key := good.Data[corev1.TLSPrivateKeyKey]
	block, _ := pem.Decode(key)
	add("good", key, strings.Split(string(key), "\n")[1], string(block.Bytes[40:60]), base64.StdEncoding.EncodeToString(key)[60:120])
	add("no-pem", []byte(canary), canary, base64.StdEncoding.EncodeToString([]byte(canary)))
	add("no-key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(canary)}))
	secrets = append(secrets,
		"apiVersion: v1\nkind: Secret\nmetadata: {name: torn, namespace: ns}\ntype: kubernetes.io/tls\ndata: {tls.crt: \"\", tls.key: \"!"+canary+"\"}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: typo, namespace: ns}\ntype: kubernetes.io/tls\nstringData: {tls.crt: \"\", tls.key: ["+canary+"]}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: yaml, namespace: ns\ndata: {tls.key: "+canary+"}\n")
	return secrets, forbidden
}

// TestNothingShowsAPrivateKey looks into all that Sluice tells.
func TestNothingShowsAPrivateKey(t *testing.T) {
	secrets, forbidden := keys(t)
	dir := t.TempDir()
	tls := ""
	for i, text := range secrets {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("secret-%d.yaml", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"good", "no-pem", "no-key", "torn", "typo", "yaml"} {
		tls += fmt.Sprintf("  - {hosts: [%s.example], secretName: %s}\n", name, name)
	}
	manifest := "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, namespace: ns}\nspec:\n  tls:\n" + tls +
		"  defaultBackend: {service: {name: a, port: {number: 80}}}\n"
	if err := os.WriteFile(filepath.Join(dir, "ingress.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}

	told := make(map[string]string)
	log, accessLog := new(lines), new(lines)
	a := newApp(t, func(o *Options) { o.Log, o.AccessLog, o.LogLevel, o.DebugHeaders = log, accessLog, -8, true })
	ctx, cancel := context.WithCancel(context.Background())
	serving, ran := make(chan struct{}), make(chan error, 1)
	go func() { ran <- a.Serve(ctx, dir, func() { close(serving) }) }()
	<-serving
	for _, page := range []string{"/config", "/table", "/certificates", "/reports", "/upstreams",
		"/explain?url=" + url.QueryEscape("https://good.example/"), "/explain?url=" + url.QueryEscape("https://no-pem.example/"),
		"/debug/pprof/goroutine?debug=2"} {
		status, body, err := fetch(a.Admin, a.Admin.String(), page)
		if status != 200 || err != nil || body == "" {
			t.Errorf("%s: got %d, %v", page, status, err)
		}
		told[page] = body
	}
	_, told["/metrics"], _ = fetch(a.Ops, "", "/metrics")
	_, told["an answer"], _ = fetch(a.HTTP, "good.example", "/")
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	told["log"], told["access log"] = log.String(), accessLog.String()

	offline, err := OpenOffline(dir, nil, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer offline.Close()
	var dump strings.Builder
	if err := ir.Dump(&dump, offline.Config); err != nil {
		t.Fatal(err)
	}
	told["check"] = fmt.Sprintf("%v %+v", offline.Facts.All(), admin.Facts(offline.Facts))
	told["dump"] = dump.String()
	told["the model, printed by mistake"] = fmt.Sprintf("%v %+v %#v", *offline.Config, offline.Config.Certificates, offline.Config.Certificates)

	if complaints := strings.Count(told["check"], "Ingress/ns/a"); complaints < 5 {
		t.Errorf("there are %d complaints about Secrets; are they read at all?\n%s", complaints, told["check"])
	}
	for where, text := range told {
		if text == "" {
			t.Errorf("%s says nothing, so nothing is proven", where)
		}
		for _, secret := range forbidden {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %q of a private key:\n%s", where, secret, text)
			}
		}
	}
}
