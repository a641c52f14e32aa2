package apiserver

import (
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestTheServerRefusesWhatCannotBeDoneWithTLSThatIsPassedOn(t *testing.T) {
	server.InstallCRDs(t)
	namespace := server.Namespace(t)
	c, err := client.New(server.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const accepted = ""
	object := func(tls, settings, route, backend string) string {
		return `{hosts: ["a.example"], tls: {mode: Passthrough` + tls + `}` + settings + `, routes: [{backends: [{address: "192.0.2.1:443"` + backend + `}]` + route + `}]}`
	}
	cases := map[string]struct {
		spec string
		want string // is part of the complaint; empty where there is none
	}{
		"the mode alone":              {object("", "", "", ""), accepted},
		"what means something":        {object("", `, suspend: true, balance: {strategy: IPHash, slowStart: 10s, zone: Prefer}, timeouts: {connect: 1s, tunnelIdle: 1h}, limits: {maxActive: 9, scope: Cluster}, health: {passive: {}, active: {type: TCP}, panicPercent: 10}`, `, name: a, suspend: false`, `, weight: 2, ready: false, proxyProtocol: v2`), accepted},
		"the same of the route":       {object("", "", `, balance: {strategy: Hash, hash: {source: ClientAddress}}, timeouts: {connect: 1s}, limits: {maxActive: 9}, health: {active: {port: 8080, path: /health}}`, ""), accepted},
		"what is not set":             {object("", "", `, connect: false, bufferRequest: false`, ""), accepted},
		"another mode":                {`{hosts: ["a.example"], tls: {mode: Perhaps}, routes: [{backends: [{address: "192.0.2.1:443"}]}]}`, `Unsupported value: "Perhaps"`},
		"a Secret":                    {object(", secretName: a", "", "", ""), "tls.secretName must not be set where tls.mode is Passthrough"},
		"a redirect":                  {object(", redirect: true", "", "", ""), "tls.redirect must not be set where tls.mode is Passthrough"},
		"a version of TLS":            {object(`, minVersion: "1.3"`, "", "", ""), "tls.minVersion, maxVersion, cipherSuites and curves must not be set"},
		"a curve":                     {object(`, curves: [X25519]`, "", "", ""), "tls.minVersion, maxVersion, cipherSuites and curves must not be set"},
		"client certificates":         {object(`, client: {caSecretName: a}`, "", "", ""), "tls.client must not be set where tls.mode is Passthrough"},
		"two routes":                  {`{hosts: ["a.example"], tls: {mode: Passthrough}, routes: [{backends: [{address: "192.0.2.1:443"}]}, {backends: [{address: "192.0.2.1:443"}]}]}`, "routes must have one entry where tls.mode is Passthrough"},
		"matches":                     {object("", "", `, matches: [{path: {value: /a}}]`, ""), "matches of routes must not be set where tls.mode is Passthrough"},
		"filters":                     {object("", "", `, filters: [{type: Drop}]`, ""), "filters of routes must not be set where tls.mode is Passthrough"},
		"CONNECT":                     {object("", "", `, connect: true`, ""), "connect, maxBodyBytes, bufferRequest and unlogged of routes must not be set"},
		"what is not logged":          {object("", "", `, unlogged: true`, ""), "connect, maxBodyBytes, bufferRequest and unlogged of routes must not be set"},
		"a bound of bodies":           {object("", "", `, maxBodyBytes: 1`, ""), "connect, maxBodyBytes, bufferRequest and unlogged of routes must not be set"},
		"versions":                    {object("", `, versioning: {source: Header, name: V, default: "1"}`, "", ""), "versioning, retry, circuitBreaker and bufferResponse must not be set"},
		"retries of the route":        {object("", "", `, retry: {}`, ""), "versioning, retry, circuitBreaker and bufferResponse must not be set"},
		"a circuit":                   {object("", `, circuitBreaker: {}`, "", ""), "versioning, retry, circuitBreaker and bufferResponse must not be set"},
		"a timeout of requests":       {object("", `, timeouts: {request: 1s}`, "", ""), "timeouts may have connect and tunnelIdle alone"},
		"a timeout of the route":      {object("", "", `, timeouts: {idle: 1s}`, ""), "timeouts may have connect and tunnelIdle alone"},
		"a queue":                     {object("", `, limits: {maxActive: 1, queue: {length: 1}}`, "", ""), "limits may have maxActive and scope alone"},
		"a limit of endpoints":        {object("", "", `, limits: {maxActivePerEndpoint: 1}`, ""), "limits may have maxActive and scope alone"},
		"the fastest endpoint":        {object("", `, balance: {strategy: LeastLatency}`, "", ""), "balance must not have sticky, nor a strategy that goes by requests"},
		"a hash of a header":          {object("", "", `, balance: {strategy: Hash, hash: {source: Header, name: X}}`, ""), "balance must not have sticky, nor a strategy that goes by requests"},
		"sessions":                    {object("", `, balance: {sticky: {}}`, "", ""), "balance must not have sticky, nor a strategy that goes by requests"},
		"statuses that eject":         {object("", `, health: {passive: {statuses: ["503"]}}`, "", ""), "health.passive.statuses must not be set"},
		"probes of what speaks TLS":   {object("", "", `, health: {active: {}}`, ""), "health.active must have the type TCP or a port"},
		"a version of a back end":     {object("", "", "", `, version: "1"`), "backends must not have version, versionFromPodLabel, tls or filters"},
		"TLS with a back end":         {object("", "", "", `, tls: {}`), "backends must not have version, versionFromPodLabel, tls or filters"},
		"filters of a back end":       {object("", "", "", `, filters: [{type: Drop}]`), "backends must not have version, versionFromPodLabel, tls or filters"},
		"no back end":                 {`{hosts: ["a.example"], tls: {mode: Passthrough}, routes: [{}]}`, "backends must be set unless a filter answers every request"},
		"a Secret that is asked for":  {`{hosts: ["a.example"], tls: {mode: Terminate}, routes: [{backends: [{address: "192.0.2.1:443"}]}]}`, "tls.secretName must be set unless tls.mode is Passthrough"},
		"the mode that is by default": {`{hosts: ["a.example"], tls: {mode: Terminate, secretName: a, redirect: false}, routes: [{backends: [{address: "192.0.2.1:443"}]}]}`, accepted},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			err := c.Create(t.Context(), proxyRoute(t, namespace, test.spec), client.DryRunAll, client.FieldValidation("Strict"))
			switch {
			case test.want == accepted && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != accepted && err == nil:
				t.Error("accepted")
			case test.want != accepted && !strings.Contains(err.Error(), test.want):
				t.Errorf("the complaint is\n%v\nand lacks\n%s", err, test.want)
			}
		})
	}
}
