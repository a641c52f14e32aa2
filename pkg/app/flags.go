package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Verb is one of the ways to run Sluice, as a bit.
type Verb uint8

const (
	// VerbController serves a cluster.
	VerbController Verb = 1 << iota
	// VerbServe serves a folder.
	VerbServe

	bothVerbs = VerbController | VerbServe
)

// option declares one flag: the parser, the usage text, the environment
// variable and the reference page all come from it.
type option struct {
	name, value, doc string
	verbs            Verb
	bind             func(*Options) flag.Value
}

// declared lists every flag. The environment variable of --some-flag is
// SLUICE_SOME_FLAG; a flag on the command line wins.
var declared = slices.Concat(processFlags, boundFlags, tlsFlags)

// processFlags are those of the process as a whole.
var processFlags = []option{
	{"http-addr", "ADDRESS", "where HTTP is served", bothVerbs, func(o *Options) flag.Value { return text(&o.HTTPAddr) }},
	{"https-addr", "ADDRESS", "where HTTPS is served", bothVerbs, func(o *Options) flag.Value { return text(&o.HTTPSAddr) }},
	{"ops-addr", "ADDRESS", "where /healthz, /readyz and /metrics are served; \"off\" disables them", bothVerbs, func(o *Options) flag.Value { return text(&o.OpsAddr) }},
	{"admin-addr", "ADDRESS", "the loopback address of the admin API, which tells everything but secrets; \"off\" disables it", bothVerbs, func(o *Options) flag.Value { return text(&o.AdminAddr) }},
	{"ingress-class", "NAME", "a class of Ingresses and ProxyRoutes to serve; may be given several times; without it the controller serves \"sluice\", and serve every class", bothVerbs, func(o *Options) flag.Value { return list(&o.IngressClasses) }},
	{"alternative-domain", "DOMAIN=DOMAIN", "a domain whose hosts, itself and all names below it, answer in another domain, too, unless an object names a host there itself; for Ingresses and ProxyRoutes; may be given several times", bothVerbs, func(o *Options) flag.Value { return (*domainsValue)(&o.AlternativeDomains) }},
	{"log-format", "FORMAT", "json or text, for the process's log (standard error) and the access log (standard output)", bothVerbs, func(o *Options) flag.Value { return oneOf(&o.LogFormat, "json", "text") }},
	{"log-level", "LEVEL", "debug, info, warn or error", bothVerbs, func(o *Options) flag.Value { return (*levelValue)(&o.LogLevel) }},
	{"debug-headers", "", "say in X-Sluice-Reason why Sluice itself answered", bothVerbs, func(o *Options) flag.Value { return (*boolValue)(&o.DebugHeaders) }},
	{"trusted-proxies", "CIDR", "a network whose X-Forwarded-* headers are believed, while those of others are removed, whatever stands for the star; may be given several times", bothVerbs, func(o *Options) flag.Value { return (*prefixesValue)(&o.TrustedProxies) }},
	{"forwarded-header", "MODE", "whether requests to back ends say by Forwarded (RFC 7239) who the client is, beside X-Forwarded-*: off (what trusted proxies say passes), append (to what they say) or replace", bothVerbs, func(o *Options) flag.Value { return oneOf(&o.Forwarded, "off", "append", "replace") }},
	{"via", "NAME", "what Sluice is called in the field Via of requests to back ends and of their responses; without it there is none", bothVerbs, func(o *Options) flag.Value { return (*tokenValue)(&o.Via) }},
	{"ambiguous-paths", "MODE", "what becomes of requests with a path that a back end may take for one of another route (by ;, or by %2F, %5C, %3B and %25): refuse (400) or pass", bothVerbs, func(o *Options) flag.Value { return oneOf(&o.AmbiguousPaths, "refuse", "pass") }},
	{"proxy-protocol", "CIDR", "a network, that of load balancers, whose connections all begin with a header of the PROXY protocol (version 1 or 2); may be given several times", bothVerbs, func(o *Options) flag.Value { return (*prefixesValue)(&o.ProxyProtocol) }},
	{"h2c", "MODE", "how clients may come to speak HTTP/2 without TLS: prior-knowledge (by its preface, beside HTTP/1.1), upgrade (by an Upgrade to h2c, too: only where no proxy in front lets that through), off, or only (no HTTP/1.1)", bothVerbs, func(o *Options) flag.Value { return oneOf(&o.H2C, "prior-knowledge", "upgrade", "off", "only") }},
	{"http3", "", "serve HTTP/3 as well, over UDP on the port of --https-addr, and on those of HTTPS listeners of Gateways unless their tls.options say sluice.dev/http3: \"false\"", bothVerbs, func(o *Options) flag.Value { return (*boolValue)(&o.HTTP3) }},
	{"default-ssl-certificate", "NAMESPACE/NAME", "the Secret with the certificate for names that have none of their own", bothVerbs, func(o *Options) flag.Value { return (*nameValue)(&o.DefaultCertificate) }},
	{"zone", "ZONE", "the topology zone of this process, for ProxyRoutes that prefer it; the chart takes it from the Pod's label topology.kubernetes.io/zone", bothVerbs, func(o *Options) flag.Value { return text(&o.Zone) }},
	{"session-key", "KEY", "the secret, of 16 bytes or more, that signs sticky sessions, and that the keys of TLS session tickets are made of, one for each day; replicas share it, and it is safer in the environment than on the command line; without it sessions end with the process and other replicas do not know them", bothVerbs, func(o *Options) flag.Value { return (*keyValue)(&o.SessionKey) }},
	{"drain-delay", "DURATION", "how long to go on accepting connections after SIGTERM, while readiness fails and load balancers take note", bothVerbs, func(o *Options) flag.Value { return (*durationValue)(&o.DrainDelay) }},
	{"drain-timeout", "DURATION", "how long exchanges and tunnels may take to finish after the delay; what is left is cut off", bothVerbs, func(o *Options) flag.Value { return (*durationValue)(&o.DrainTimeout) }},
	{"map", "NAMESPACE/SERVICE:PORT=HOST:PORT", "an endpoint for a Service without an EndpointSlice; may be given several times", VerbServe, func(o *Options) flag.Value { return (*mapValue)(&o.Map) }},
	{"port-map", "PORT=PORT", "a port of this host for a port of Gateways, such as 80=8080; may be given several times, or as a list with commas; other ports are bound as they are", VerbServe, func(o *Options) flag.Value { return (*portMapValue)(&o.PortMap) }},
	{"publish-service", "NAMESPACE/NAME", "the Service whose load balancer addresses are written into the status of Ingresses", VerbController, func(o *Options) flag.Value { return (*nameValue)(&o.PublishService) }},
	{"publish-status-address", "ADDRESS", "an address to write into the status of Ingresses instead; may be given several times", VerbController, func(o *Options) flag.Value { return list(&o.PublishStatusAddresses) }},
	{"pods-service", "NAMESPACE/NAME", "the Service that selects Sluice's own Pods; the Service of each Gateway leads to the same Pods, and limits of scope Cluster are shared by them; without this flag no Gateway gets one, and each replica has the whole limit", VerbController, func(o *Options) flag.Value { return (*nameValue)(&o.PodsService) }},
	{"watch-namespace", "NAMESPACE", "watch this namespace alone", VerbController, func(o *Options) flag.Value { return text(&o.WatchNamespace) }},
	{"leader-elect", "", "elect one replica to write status; without it every replica does", VerbController, func(o *Options) flag.Value { return (*boolValue)(&o.LeaderElect) }},
	{"leader-election-namespace", "NAMESPACE", "the namespace of the Lease; the Pod's own where it is empty", VerbController, func(o *Options) flag.Value { return text(&o.LeaderElectionNamespace) }},
	{"leader-election-id", "NAME", "the name of the Lease", VerbController, func(o *Options) flag.Value { return text(&o.LeaderElectionID) }},
	{"kubeconfig", "FILE", "how to reach the API server from outside the cluster", VerbController, func(o *Options) flag.Value { return text(&o.Kubeconfig) }},
}

// environmentName is the variable of a flag.
func environmentName(flagName string) string {
	return "SLUICE_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// Flags returns the flags of a verb, bound to o, whose content is the defaults.
// Values of the environment are set already; parsing the command line then
// overrides them. The error names the variable that is wrong.
func Flags(v Verb, name string, o *Options) (*flag.FlagSet, error) {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	var wrong []error
	for _, d := range declared {
		if d.verbs&v == 0 {
			continue
		}
		value := d.bind(o)
		if text, ok := os.LookupEnv(environmentName(d.name)); ok {
			if err := setFromEnvironment(value, text); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", environmentName(d.name), err))
			}
			if list, ok := value.(repeatable); ok {
				value = &overriding{repeatable: list}
			}
		}
		set.Var(value, d.name, d.doc)
	}
	return set, errors.Join(wrong...)
}

// repeatable is the value of a flag that may be given several times.
type repeatable interface {
	flag.Value
	// reset forgets all values.
	reset()
}

// overriding is a list of the environment, which the command line replaces
// instead of adding to it.
type overriding struct {
	repeatable
	replaced bool
}

// Set implements flag.Value.
func (v *overriding) Set(s string) error {
	if !v.replaced {
		v.reset()
		v.replaced = true
	}
	return v.repeatable.Set(s)
}

// setFromEnvironment splits the values of flags that may be given several times
// at commas.
func setFromEnvironment(value flag.Value, text string) error {
	if _, ok := value.(repeatable); !ok {
		return value.Set(text)
	}
	for part := range strings.SplitSeq(text, ",") {
		if err := value.Set(strings.TrimSpace(part)); err != nil {
			return err
		}
	}
	return nil
}

// Usage writes the flags of a verb, one paragraph each. o holds the defaults.
func Usage(out io.Writer, v Verb, o Options) {
	for _, d := range declared {
		if d.verbs&v == 0 {
			continue
		}
		fmt.Fprintf(out, "  %s\n        %s", strings.TrimSpace("--"+d.name+" "+d.value), d.doc)
		if text := d.bind(&o).String(); text != "" && text != "0" {
			fmt.Fprintf(out, " (default %s)", text)
		}
		fmt.Fprintln(out)
	}
}

// Reference writes the page docs/reference/flags.md.
func Reference(out io.Writer) {
	fmt.Fprint(out, "# Flags\n\n<!-- Generated by `make generate` from pkg/app/flags.go; do not edit. -->\n\n"+
		"Each flag is also an environment variable; a flag on the command line wins. In a variable, the values of a flag that may be given several times are separated by commas. `sluice demo` has the flags of `sluice serve`.\n\n"+
		"| flag | variable | default of `controller` | default of `serve` | what it does |\n|---|---|---|---|---|\n")
	for _, d := range declared {
		fmt.Fprintf(out, "| `%s` | `%s` | %s | %s | %s |\n", strings.TrimSpace("--"+d.name+" "+d.value), environmentName(d.name),
			d.defaultOf(VerbController), d.defaultOf(VerbServe), d.doc)
	}
}

// defaultOf is the cell for a verb in the reference page.
func (d option) defaultOf(v Verb) string {
	if d.verbs&v == 0 {
		return "no such flag"
	}
	o := v.Defaults()
	if text := d.bind(&o).String(); text != "" {
		return "`" + text + "`"
	}
	return "none"
}
