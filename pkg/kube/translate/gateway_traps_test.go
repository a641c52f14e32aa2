package translate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/sluice-dev/sluice/pkg/kube/snapshot/snapshottest"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/kube/verdict"
)

// traps are what other implementations of the Gateway API have tripped over, each with the golden
// cases of this package, and the tests, that hold Sluice to it.
var traps = map[string][]string{
	// Status.
	"conditions have the generation that they are about":                      {"TestVerdictsAreComplete"},
	"what others wrote into a status stays":                                   {"pkg/kube/status.TestRoutesKeepWhatOthersWrote", "pkg/kube/status.TestPoliciesPreserveForeignStatus", "pkg/kube/status.TestGatewayPreserveForeignConditions"},
	"parentRefs in the status have group and kind":                            {"TestVerdictsAreComplete", "gateway-attach"},
	"references are resolved though the route is not accepted":                {"gateway-attach"},
	"a parent that is not ours gets no entry":                                 {"gateway-attach", "gateway-listeners-invalid"},
	"routes count as attached though back ends are missing":                   {"gateway-listeners-invalid", "gateway-precedence"},
	"routes count as attached though the listener is not programmed":          {"gateway-listeners-invalid"},
	"routes that are not accepted do not count":                               {"gateway-attach"},
	"both of two TCPRoutes are accepted and the older is served":              {"gateway-streams"},
	"kinds that a listener cannot serve are not listed":                       {"gateway-listeners-invalid"},
	"a listener that passes TLS on takes TLSRoutes alone":                     {"gateway-route-kinds"},
	"a listener of HTTP takes no TCPRoute":                                    {"gateway-route-kinds"},
	"a protocol that does not exist supports no kind":                         {"gateway-listeners-invalid"},
	"a Gateway with some bad listeners is accepted, with none good it is not": {"gateway-listeners-invalid"},
	"reasons of routes are those of the specification":                        {"gateway-attach", "gateway-backends"},
	"a name of 253 characters":                                                {"pkg/kube/status.TestGatewayNameMaximumLength", "pkg/kube/verdict.TestTheLabelOfAGatewayFits"},
	"many Gateways are ready":                                                 {"TestAThousandGatewaysHaveAPortEach", "e2e.TestGatewayScale"},

	// Certificates, grants, addresses, infrastructure.
	"certificates that are missing, malformed, or of a wrong kind or group": {"gateway-listeners-invalid"},
	"a grant is asked for before the Secret":                                {"gateway-v17", "gateway-listeners-invalid"},
	"grants for another namespace, group, kind or name":                     {"gateway-grants"},
	"without its grant a reference is refused at once":                      {"TestAGrantThatIsWithdrawn", "pkg/kube/controller.TestEachKindThatIsAppliedIsBuilt"},
	"the rule with the refused back end answers 500, the others serve":      {"gateway-backends", "gateway-grants"},
	"addresses: of an unknown type, unusable, usable, any":                  {"pkg/kube/status.TestAddressesThatAreAskedFor", "pkg/kube/status.TestEachAddressThatIsAskedForHasAService"},
	"labels and annotations of the infrastructure":                          {"pkg/kube/status.TestAGatewayGetsAServiceAndItsAddress"},
	"parameters that do not exist":                                          {"pkg/kube/status.TestParametersOfAGatewayThatAreNotThere", "pkg/kube/status.TestParametersOfAClassThatAreNotThere", "pkg/kube/front.TestParametersThatAreRefused"},
	"listeners come and go while others serve":                              {"pkg/app.TestListenersOpenAndCloseWhileOthersServe"},

	// Matching and precedence.
	"a request belongs to the most specific listener alone":                 {"gateway-isolation", "pkg/table.TestAListenerWithoutRoutesAnswersNothing"},
	"a wildcard stands for one label or more and not for its parent":        {"gateway-streams", "pkg/kube/translate/gateway.TestIntersectionIsWhatBothMatch", "pkg/table/match.TestHosts"},
	"the port of the Host header does not count":                            {"pkg/table/match.TestNormalizeHost"},
	"path, then method, then headers, then query, then age, name and order": {"gateway-precedence", "pkg/kube/translate.TestAnyObjectsMakeASoundModel"},
	"of equal matches the first rule serves though its back end is missing": {"gateway-precedence", "pkg/app.TestHTTPRouteRuleOrder"},
	"the route's own host name goes before its path":                        {"gateway-precedence", "gateway-v17", "pkg/app.TestHTTPRouteMultipleRoutesAttachmentSameHostnameIntersection"},
	"a prefix ends at a slash":                                              {"pkg/table/match.TestPaths"},
	"names of headers are the same in any case, of query parameters not":    {"gateway-matches", "pkg/table/match.TestConditions"},
	"parentRefs by section, by port, by both and by neither":                {"gateway-attach"},
	"back ends that are missing, unknown or none answer 500":                {"gateway-backends"},
	"a back end without endpoints answers 503":                              {"pkg/proxy.TestWithoutEndpointsNobodyWaits", "pkg/proxy.TestOwnAnswers"},

	// Traffic.
	"weights are kept, and 0 gets nothing":                                        {"gateway-http", "pkg/table.TestChoiceIsExactForAnyWeights", "pkg/table.TestChoiceSpreadsEvenly"},
	"shares of mirrors, several of them, and one whose back end is missing":       {"gateway-filters", "pkg/filter/mirror.TestTheShareOfCopies", "pkg/proxy.TestACopyHarmsNobody", "pkg/proxy.TestCopiesGoElsewhere"},
	"HTTP/2 without TLS beside HTTP/1.1":                                          {"pkg/proxy.TestHTTP2WithoutTLS"},
	"back ends that want h2c or WebSocket":                                        {"gateway-grpc", "pkg/proxy.TestUpgrades"},
	"gRPC without a rule is Unimplemented":                                        {"pkg/proxy.TestSluicesOwnAnswersToGRPC"},
	"timeouts, and 0s for none":                                                   {"gateway-http", "pkg/proxy.TestTimeouts"},
	"retries by status, after refused connections, and within the request's time": {"gateway-http", "gateway-v17", "pkg/app.TestHTTPRouteRetryCodes", "pkg/app.TestHTTPRouteRetryConnectionError", "pkg/app.TestHTTPRouteRetryWithRequestTimeout", "pkg/app.TestHTTPRouteRetryWithBackendTimeout", "pkg/proxy.TestARouteSaysWhenItIsTriedAgain"},
	"redirects keep the port of the listener and drop that of the scheme":         {"gateway-redirects", "pkg/filter/rewrite.TestRedirectsNameTheirTarget"},
	"a prefix is replaced by a slash":                                             {"gateway-filters", "pkg/filter/rewrite.TestPathsAreRewritten"},
	"paths are rewritten for one back end":                                        {"gateway-filters", "pkg/app.TestHTTPRouteBackendURLRewrite"},
	"headers are modified for a rule and for a back end":                          {"gateway-filters", "pkg/filter/headers.TestHeadsAreEdited"},
	"CORS with credentials, wildcards and strangers":                              {"gateway-filters", "pkg/filter/cors.TestBrowsersAreTold", "pkg/filter/cors.TestOrigins"},
	"requests over another listener's connection are misdirected":                 {"gateway-overlap", "pkg/proxy.TestMisdirectedHostsAreRefused", "pkg/table.TestScopesMustNotBeCrossed"},
	"Services without a selector or an address, and of both families":             {"headless", "endpoint-slices", "endpoint-dual-stack"},

	// TLS.
	"certificates of clients by port, and those that are let in without":              {"gateway-client-certificates", "pkg/certs.TestWhatIsAskedOfClients"},
	"CA certificates that cannot be used harm their port alone":                       {"gateway-client-certificates"},
	"the Gateway's own certificate for back ends":                                     {"gateway-backend-tls", "pkg/upstream.TestSluiceShowsItsCertificate"},
	"endpoints prove a DNS name or a URI":                                             {"gateway-backend-tls", "pkg/upstream.TestEndpointsProveWhoTheyAre"},
	"a BackendTLSPolicy that is invalid never means clear text":                       {"gateway-backend-tls"},
	"a policy for a port goes before one for the Service, the older before the newer": {"gateway-backend-tls"},
	"a BackendTLSPolicy counts for GRPCRoutes and TLSRoutes":                          {"gateway-v17", "gateway-backend-tls"},
	"TLS that is passed on and TLS that ends share a port":                            {"gateway-streams", "pkg/proxy.TestStreamsByServerName"},
	"a connection that nobody serves is closed without an alert":                      {"pkg/proxy.TestStreamsThatCannotBeServedAreClosed", "pkg/proxy.TestStreamsThatLeadNowhereAreClosed"},
	"listeners of the Gateway win, then those of older ListenerSets":                  {"gateway-listenersets"},
	"a ListenerSet without a listener that serves does not count":                     {"gateway-listenersets"},
	"ListenerSets are not allowed unless the Gateway says so":                         {"gateway-listenersets"},
	"a Gateway as parent does not have the listeners of its ListenerSets":             {"gateway-listenersets"},
	"the namespace of a ListenerSet counts for routes and certificates":               {"gateway-listenersets", "gateway-listenersets-invalid"},
}

// TestEveryTrapHasACase checks that the cases and tests of traps are there.
func TestEveryTrapHasACase(t *testing.T) {
	for trap, names := range traps {
		for _, name := range names {
			if strings.Contains(name, "Test") {
				testBody(t, name)
			} else if _, err := os.Stat(filepath.Join("testdata", name+".txtar")); err != nil {
				t.Errorf("%s: there is no case %s", trap, name)
			}
		}
	}
}

// testBody returns the text of a test that is named as FOLDER.TEST, or TEST in this package.
func testBody(t *testing.T, name string) string {
	t.Helper()
	folder, test, found := strings.Cut(name, ".")
	if !found {
		folder, test = "pkg/kube/translate", name
	}
	files, err := filepath.Glob(filepath.Join("../../..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, body, found := strings.Cut(string(text), "\nfunc "+test+"("); found {
			body, _, _ = strings.Cut(body, "\n}\n")
			return body
		}
	}
	t.Errorf("there is no test %s", name)
	return ""
}

// TestVerdictsAreComplete gives the objects of all golden cases a generation, and checks that each
// condition about them has it, and that each reference in a status says of which group and kind it is.
func TestVerdictsAreComplete(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(file(archive, wantStatus)) == 0 {
			continue
		}
		for i := range archive.Files {
			f := &archive.Files[i]
			f.Data = []byte(strings.ReplaceAll(string(f.Data), "\nmetadata: {name:", "\nmetadata: {generation: 7, name:"))
		}
		s, _ := snapshottest.LoadLax(t, withCertificates(t, archive))
		_, found, _ := translate.Translate(s, options(t, file(archive, "options")))
		for what, conditions := range conditionsOf(t, found) {
			for _, c := range conditions {
				seen++
				if c.ObservedGeneration != 7 {
					t.Errorf("%s: %s: %s is about the generation %d", name, what, c.Type, c.ObservedGeneration)
				}
				if c.Message == "" {
					t.Errorf("%s: %s: %s says nothing", name, what, c.Type)
				}
			}
		}
	}
	if seen < 500 {
		t.Errorf("there are only %d conditions", seen)
	}
}

// conditionsOf returns all conditions of a set, by what they are about.
func conditionsOf(t *testing.T, set *verdict.Set) map[string][]metav1.Condition {
	all := make(map[string][]metav1.Condition)
	reference := func(ref gatewayv1.ParentReference, within string) string {
		if ref.Group == nil || ref.Kind == nil {
			t.Errorf("%s: the reference %+v lacks its group or kind", within, ref)
			return within
		}
		return within + " " + refWords(ref)
	}
	for _, c := range set.Classes {
		all["GatewayClass "+c.Object.Name] = c.Conditions
	}
	for _, g := range set.Gateways {
		all["Gateway "+g.Object.Name] = g.Conditions
		for _, l := range g.Listeners {
			all["Gateway "+g.Object.Name+" "+string(l.Name)] = l.Conditions
		}
	}
	for _, s := range set.ListenerSets {
		all["ListenerSet "+s.Object.Name] = s.Conditions
		for _, l := range s.Listeners {
			all["ListenerSet "+s.Object.Name+" "+string(l.Name)] = l.Conditions
		}
	}
	for _, r := range set.Routes {
		for _, p := range r.Parents {
			all[reference(p.ParentRef, r.Kind+" "+r.Object.GetName())] = p.Conditions
		}
	}
	for _, p := range set.Policies {
		for _, a := range p.Ancestors {
			all[reference(a.AncestorRef, p.Kind+" "+p.Object.GetName())] = a.Conditions
		}
	}
	return all
}

// TestAGrantThatIsWithdrawn takes the grants away from a case in which references need them.
func TestAGrantThatIsWithdrawn(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/gateway-grants.txtar")
	if err != nil {
		t.Fatal(err)
	}
	look := func() (served, refused bool) {
		s, _ := snapshottest.Load(t, withCertificates(t, archive))
		config, found, _ := translate.Translate(s, options(t, nil))
		for _, u := range config.Upstreams {
			served = served || u.Endpoints == "granted/web:80"
		}
		for _, c := range found.Gateways[0].Listeners[1].Conditions {
			refused = refused || c.Type == "ResolvedRefs" && c.Reason == "RefNotPermitted"
		}
		return served, refused
	}
	if served, refused := look(); !served || refused {
		t.Error("what is granted is refused")
	}
	for i := range archive.Files {
		f := &archive.Files[i]
		f.Data = []byte(strings.Replace(string(f.Data), "metadata: {name: good, namespace: granted}", "metadata: {name: good, namespace: elsewhere}", 1))
	}
	if served, refused := look(); served || !refused {
		t.Error("what was granted once is still served")
	}
}
