package app

import (
	"bytes"
	"errors"
	"flag"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
)

var update = flag.Bool("update", false, "write the page of flags")

// referencePage is what Reference writes.
const referencePage = "../../docs/reference/flags.md"

func TestFlagsReference(t *testing.T) {
	var page bytes.Buffer
	Reference(&page)
	if *update {
		if err := os.WriteFile(referencePage, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(written), page.String()); diff != "" {
		t.Errorf("%s is stale, run `make generate` (-written +declared):\n%s", referencePage, diff)
	}
}

// parse reads a command line of a verb.
func parse(t *testing.T, v Verb, args ...string) (Options, error) {
	t.Helper()
	o := v.Defaults()
	set, err := Flags(v, "test", &o)
	if err != nil {
		return o, err
	}
	return o, set.Parse(args)
}

func TestFlagsSetOptions(t *testing.T) {
	tests := map[string]struct {
		verb Verb
		args []string
		want func(*Options)
	}{
		"nothing is the default": {VerbController, nil, func(*Options) {}},
		"addresses": {VerbServe, []string{"--http-addr", ":80", "--https-addr=:443", "--ops-addr", "off", "--admin-addr", "[::1]:1"}, func(o *Options) {
			o.HTTPAddr, o.HTTPSAddr, o.OpsAddr, o.AdminAddr = ":80", ":443", "off", "[::1]:1"
		}},
		"classes add up": {VerbController, []string{"--ingress-class", "a", "--ingress-class", "b"}, func(o *Options) { o.IngressClasses = []string{"a", "b"} }},
		"logs": {VerbServe, []string{"--log-format", "text", "--log-level", "debug"}, func(o *Options) {
			o.LogFormat, o.LogLevel = "text", slog.LevelDebug
		}},
		"ports of this host": {VerbServe, []string{"--port-map", "80=8080,443=8443", "--port-map", "53=5353"}, func(o *Options) {
			o.PortMap = map[uint16]uint16{80: 8080, 443: 8443, 53: 5353}
		}},
		"a key and a zone": {VerbController, []string{"--session-key", "0123456789abcdef", "--zone", "a"}, func(o *Options) {
			o.SessionKey, o.Zone = "0123456789abcdef", "a"
		}},
		"switches": {VerbController, []string{"--debug-headers", "--leader-elect=false"}, func(o *Options) {
			o.DebugHeaders, o.LeaderElect = true, false
		}},
		"paths":              {VerbServe, []string{"--ambiguous-paths", "pass"}, func(o *Options) { o.AmbiguousPaths = "pass" }},
		"HTTP/2 without TLS": {VerbServe, []string{"--h2c", "off"}, func(o *Options) { o.H2C = "off" }},
		"networks and single addresses": {VerbServe, []string{"--trusted-proxies", "10.1.2.3/8", "--trusted-proxies", "192.0.2.1"}, func(o *Options) {
			o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")}
		}},
		"load balancers that announce clients": {VerbController, []string{"--proxy-protocol", "10.0.0.0/8"}, func(o *Options) {
			o.ProxyProtocol = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		}},
		"times": {VerbServe, []string{"--drain-delay", "5s", "--drain-timeout", "1m"}, func(o *Options) {
			o.DrainDelay, o.DrainTimeout = 5*time.Second, time.Minute
		}},
		"a mapped Service": {VerbServe, []string{"--map", "shop/front:80=127.0.0.1:3000"}, func(o *Options) {
			o.Map = []MappedService{{types.NamespacedName{Namespace: "shop", Name: "front"}, 80, netip.MustParseAddrPort("127.0.0.1:3000")}}
		}},
		"status": {VerbController, []string{"--publish-service", "sluice/sluice", "--publish-status-address", "192.0.2.1", "--publish-status-address", "lb.example.com"}, func(o *Options) {
			o.PublishService = types.NamespacedName{Namespace: "sluice", Name: "sluice"}
			o.PublishStatusAddresses = []string{"192.0.2.1", "lb.example.com"}
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parse(t, tt.verb, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.verb.Defaults()
			tt.want(&want)
			prefixes := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
			if diff := cmp.Diff(want, got, prefixes, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
				t.Errorf("options differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFlagsRefuse(t *testing.T) {
	tests := map[string]struct {
		verb Verb
		args []string
		want string
	}{
		"a flag of another verb":         {VerbController, []string{"--map", "a/b:80=127.0.0.1:1"}, "not defined: -map"},
		"another flag of another verb":   {VerbServe, []string{"--leader-elect"}, "not defined: -leader-elect"},
		"a level that is none":           {VerbServe, []string{"--log-level", "loud"}, `"loud" is not debug, info, warn or error`},
		"a format that is none":          {VerbServe, []string{"--log-format", "xml"}, `"xml" is not json or text`},
		"a time without a unit":          {VerbServe, []string{"--drain-delay", "5"}, `"5" is not a duration from 0 up`},
		"a time that runs backwards":     {VerbServe, []string{"--drain-delay", "-5s"}, `"-5s" is not a duration from 0 up`},
		"a negative bound":               {VerbServe, []string{"--max-connections", "-1"}, `"-1" is not a number from 0 up`},
		"a network that is none":         {VerbServe, []string{"--trusted-proxies", "10.0.0.0/40"}, `"10.0.0.0/40" is neither an address nor a network`},
		"an empty class":                 {VerbServe, []string{"--ingress-class", ""}, "an empty value"},
		"a Secret without a namespace":   {VerbServe, []string{"--default-ssl-certificate", "tls"}, `"tls" is not NAMESPACE/NAME`},
		"a name with too many parts":     {VerbServe, []string{"--default-ssl-certificate", "a/b/c"}, `"a/b/c" is not NAMESPACE/NAME`},
		"a mapping without a port":       {VerbServe, []string{"--map", "a/b=127.0.0.1:1"}, "is not NAMESPACE/SERVICE:PORT=HOST:PORT"},
		"a mapping with a port by name":  {VerbServe, []string{"--map", "a/b:http=127.0.0.1:1"}, `"http" is not the number of a port`},
		"a mapping of no port":           {VerbServe, []string{"--map", "a/b:0=127.0.0.1:1"}, `"0" is not the number of a port`},
		"a mapping to nowhere":           {VerbServe, []string{"--map", "a/b:80=127.0.0.1"}, `"127.0.0.1" is not HOST:PORT`},
		"a switch that is not a boolean": {VerbController, []string{"--leader-elect=perhaps"}, `"perhaps" is neither true nor false`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, tt.verb, tt.args...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestTheEnvironmentSetsOptions(t *testing.T) {
	t.Setenv("SLUICE_HTTP_ADDR", ":1")
	t.Setenv("SLUICE_HTTPS_ADDR", ":2")
	t.Setenv("SLUICE_INGRESS_CLASS", "a, b")
	t.Setenv("SLUICE_DEBUG_HEADERS", "true")
	t.Setenv("SLUICE_LEADER_ELECT", "nonsense") // It is not a flag of serve.
	got, err := parse(t, VerbServe, "--https-addr", ":3")
	if err != nil {
		t.Fatal(err)
	}
	if got.HTTPAddr != ":1" || got.HTTPSAddr != ":3" || !got.DebugHeaders {
		t.Errorf("got %q, %q, %v; the command line must win", got.HTTPAddr, got.HTTPSAddr, got.DebugHeaders)
	}
	if diff := cmp.Diff([]string{"a", "b"}, got.IngressClasses); diff != "" {
		t.Errorf("classes differ (-want +got):\n%s", diff)
	}
	_, err = parse(t, VerbController)
	if err == nil || !strings.Contains(err.Error(), "SLUICE_LEADER_ELECT") {
		t.Errorf("got %v, want the name of the variable", err)
	}
}

func TestTheCommandLineReplacesListsOfTheEnvironment(t *testing.T) {
	t.Setenv("SLUICE_INGRESS_CLASS", "a,b")
	got, err := parse(t, VerbServe, "--ingress-class", "c", "--ingress-class", "d")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"c", "d"}, got.IngressClasses); diff != "" {
		t.Errorf("classes differ (-want +got):\n%s", diff)
	}
}

func TestEveryFlagIsDocumented(t *testing.T) {
	seen := make(map[string]bool)
	for _, d := range declared {
		if seen[d.name] {
			t.Errorf("--%s is declared twice", d.name)
		}
		seen[d.name] = true
		if d.doc == "" || strings.HasSuffix(d.doc, ".") {
			t.Errorf("--%s: the doc %q is empty or ends in a period", d.name, d.doc)
		}
		if d.verbs == 0 {
			t.Errorf("--%s belongs to no verb", d.name)
		}
	}
}

func TestHelpIsAsked(t *testing.T) {
	if _, err := parse(t, VerbServe, "--help"); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
}
