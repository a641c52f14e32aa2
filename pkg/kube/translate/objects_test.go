package translate_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
)

// maker makes objects of good, bad and clashing parts, as no validation has seen them.
type maker struct{ *rand.Rand }

func one[T any](m maker, of ...T) T { return of[m.IntN(len(of))] }

func some[T any](m maker, most int, make func() T) []T {
	var list []T
	for range m.IntN(most + 1) {
		list = append(list, make())
	}
	return list
}

func (m maker) host() string {
	return one(m, "", "a.example.com", "A.example.com", "b.example.com", "*.example.com", "**.example.com", "*", "10.0.0.1", "bad_host", "x..y", "[::1]", "a.example.com.")
}

func (m maker) path() string {
	return one(m, "", "/", "/a", "/a/", "/a/b", "relative", "/a//b", "/(", "/[a-z]+", "/\x00", "/?")
}

func (m maker) meta() metav1.ObjectMeta {
	o := metav1.ObjectMeta{Namespace: one(m, "default", "other"), Name: fmt.Sprintf("o%d", m.Uint32()), CreationTimestamp: metav1.Unix(int64(m.IntN(3)), 0)}
	if m.IntN(3) == 0 {
		o.Annotations = map[string]string{
			one(m, "sluice.dev/", "nginx.ingress.kubernetes.io/", "kubernetes.io/") + one(m, "ssl-redirect", "force-ssl-redirect", "auth-url", "canary", "ingress.class", "x"): one(m, "", "true", "false", "sluice", "x"),
		}
	}
	return o
}

func (m maker) ingressBackend() networkingv1.IngressBackend {
	return one(m,
		networkingv1.IngressBackend{},
		networkingv1.IngressBackend{Resource: &corev1.TypedLocalObjectReference{}},
		path("", "shop").Backend,
		path("", "gone").Backend,
		path("", "external").Backend,
		networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "shop", Port: networkingv1.ServiceBackendPort{Name: one(m, "http", "x")}}},
	)
}

func (m maker) ingress() *networkingv1.Ingress {
	kinds := []*networkingv1.PathType{nil}
	for _, kind := range []networkingv1.PathType{"Exact", "Prefix", "ImplementationSpecific", "Odd"} {
		kinds = append(kinds, &kind)
	}
	o := &networkingv1.Ingress{ObjectMeta: m.meta()}
	if m.IntN(3) == 0 {
		b := m.ingressBackend()
		o.Spec.DefaultBackend = &b
	}
	o.Spec.Rules = some(m, 4, func() networkingv1.IngressRule {
		rule := networkingv1.IngressRule{Host: m.host()}
		if m.IntN(5) > 0 {
			rule.HTTP = &networkingv1.HTTPIngressRuleValue{Paths: some(m, 4, func() networkingv1.HTTPIngressPath {
				return networkingv1.HTTPIngressPath{Path: m.path(), PathType: one(m, kinds...), Backend: m.ingressBackend()}
			})}
		}
		return rule
	})
	o.Spec.TLS = some(m, 2, func() networkingv1.IngressTLS {
		return networkingv1.IngressTLS{Hosts: some(m, 2, m.host), SecretName: one(m, "", "tls", "gone", "broken")}
	})
	return o
}

func (m maker) proxyRoute() *v1alpha1.ProxyRoute {
	o := &v1alpha1.ProxyRoute{ObjectMeta: m.meta()}
	o.Spec.Hosts = some(m, 3, m.host)
	if m.IntN(3) == 0 {
		o.Spec.TLS = &v1alpha1.TLS{SecretName: one(m, "", "tls", "gone", "broken"), Mode: one[v1alpha1.TLSMode](m, "", v1alpha1.TLSTerminate, v1alpha1.TLSPassthrough, "x")}
	}
	value := func() *string { return one(m, nil, new(string), ptr("x"), ptr("[")) }
	o.Spec.Balance, o.Spec.Health, o.Spec.CircuitBreaker = m.balance(), m.health(), m.breaker()
	o.Spec.Routes = some(m, 4, func() v1alpha1.Route {
		return v1alpha1.Route{
			Name:     one(m, "", "a", "b"),
			Settings: v1alpha1.Settings{Balance: m.balance(), Health: m.health(), CircuitBreaker: m.breaker()},
			Matches: some(m, 3, func() v1alpha1.Match {
				match := v1alpha1.Match{Method: one(m, "", "GET")}
				if m.IntN(4) > 0 {
					match.Path = &v1alpha1.PathMatch{Type: one(m, "", v1alpha1.PathExact, v1alpha1.PathPrefix, v1alpha1.PathRegex, "Odd"), Value: m.path()}
				}
				match.Headers = some(m, 2, func() v1alpha1.HeaderMatch {
					return v1alpha1.HeaderMatch{Name: one(m, "", "x", "X", "y"), Type: one(m, "", v1alpha1.ValueExact, v1alpha1.ValueRegex, v1alpha1.ValuePresent, "Odd"), Value: value()}
				})
				match.Query = some(m, 2, func() v1alpha1.QueryMatch {
					return v1alpha1.QueryMatch{Name: one(m, "", "x", "X", "y"), Type: one(m, "", v1alpha1.ValueRegex, v1alpha1.ValuePresent), Value: value()}
				})
				return match
			}),
			Backends: some(m, 3, func() v1alpha1.Backend {
				return v1alpha1.Backend{
					Service: one(m, nil, &v1alpha1.ServiceRef{Name: one(m, "shop", "gone", "external"), Port: one(m, intstr.FromInt32(80), intstr.FromString("http"))}),
					Address: one(m, "", "10.0.0.1:80", "[fd00::1]:80", "127.0.0.1:80", "name.example.com:80", ":80", "x", "10.0.0.1:0"),
					Weight:  one(m, nil, new(int32), ptr(int32(-1)), ptr(int32(2_000_000))),
				}
			}),
		}
	})
	return o
}

func (m maker) health() *v1alpha1.Health {
	if m.IntN(2) == 0 {
		return nil
	}
	number := func() int32 { return one[int32](m, 0, 0, 1, 3, -1, 2_000_000) }
	duration := func() string { return one(m, "", "", "1s", "0s", "-1s", "x", "1ms") }
	return &v1alpha1.Health{
		Passive: one(m, nil, &v1alpha1.PassiveHealth{
			ConsecutiveFailures: number(), EjectFor: duration(), MaxEjectedPercent: number(), Statuses: one(m, nil, []v1alpha1.StatusRange{"503", "500-502", "9"}),
		}),
		Active: one(m, nil, &v1alpha1.ActiveHealth{
			Type: one(m, "", v1alpha1.ProbeHTTP, v1alpha1.ProbeTCP, v1alpha1.ProbeGRPC, "Odd"),
			Path: one(m, "", "/a?b", "a", "/ "), Port: one[int32](m, 0, 80, -1, 70000), Host: one(m, "", "h", "H:80", "a b"), Service: one(m, "", "s"),
			Headers: some(m, 3, func() v1alpha1.ProbeHeader {
				return v1alpha1.ProbeHeader{Name: one(m, "", "x", "X", "host", "a b"), Value: one(m, "", "v", "\n")}
			}),
			Interval: duration(), Timeout: duration(), UnhealthyThreshold: number(), HealthyThreshold: number(),
			Expect: one(m, "", "200", "200-299,250-400,599", "400-200", "x", ","),
		}),
		PanicPercent: one[int32](m, 0, 50, -1, 101),
	}
}

func (m maker) breaker() *v1alpha1.CircuitBreaker {
	if m.IntN(2) == 0 {
		return nil
	}
	number := func() int32 { return one[int32](m, 0, 1, 100, -1, 2_000_000) }
	duration := func() string { return one(m, "", "1s", "0s", "-1s", "x") }
	return &v1alpha1.CircuitBreaker{ErrorPercent: number(), MinRequests: number(), HalfOpenRequests: number(), Window: duration(), OpenFor: duration()}
}

func (m maker) balance() *v1alpha1.Balance {
	if m.IntN(2) == 0 {
		return nil
	}
	return &v1alpha1.Balance{
		Strategy: one(m, "", v1alpha1.BalanceRoundRobin, v1alpha1.BalanceLeastLatency, v1alpha1.BalanceRandom, v1alpha1.BalanceIPHash, v1alpha1.BalanceHash, "Odd"),
		Choices:  one(m, nil, nil, ptr(int32(2)), ptr(int32(-1))),
		Hash: one(m, nil, nil, &v1alpha1.BalanceHashBy{
			Source:         one(m, "", v1alpha1.HashClientAddress, v1alpha1.HashHeader, v1alpha1.HashQuery, "Odd"),
			Name:           one(m, "", "", "X", "[", "\n"),
			MaxLoadPercent: one[int32](m, 0, 0, 1, 125, -1, 1_000_000),
		}),
		SlowStart: one(m, "", "", "10s", "-1s", "x"),
		Zone:      one(m, "", v1alpha1.ZonePrefer, "Odd"),
		Sticky: one(m, nil, nil, &v1alpha1.BalanceSticky{
			Source:   one(m, "", v1alpha1.StickyByCookie, v1alpha1.StickyByHeader, "Odd"),
			Name:     one(m, "", "S", "a;b"),
			Lifetime: one(m, "", "1h", "-1s", "0s", "x"),
			Cookie: one(m, nil, &v1alpha1.StickyCookie{
				Path: one(m, "", "/", "/a", "a", "/;x"), SameSite: one[v1alpha1.StickySameSite](m, "", "Lax", "Odd"),
				Secure: one(m, "", v1alpha1.SecureAlways, v1alpha1.SecureNever, "Odd"), HTTPOnly: one(m, nil, ptr(false)),
			}),
		}),
	}
}

// proxyPolicy is for Ingresses that are there, and for other things.
func (m maker) proxyPolicy(ingresses ...string) *v1alpha1.ProxyPolicy {
	o := &v1alpha1.ProxyPolicy{ObjectMeta: m.meta()}
	o.Spec.TargetRefs = some(m, 3, func() v1alpha1.PolicyTarget {
		return one(m,
			v1alpha1.PolicyTarget{Group: "networking.k8s.io", Kind: v1alpha1.TargetIngress, Name: one(m, ingresses...)},
			v1alpha1.PolicyTarget{Kind: v1alpha1.TargetService, Name: one(m, "shop", "gone"), SectionName: one(m, "", "http", "x")},
			v1alpha1.PolicyTarget{Group: one(m, "", "odd"), Kind: one(m, v1alpha1.TargetGateway, "Odd"), Name: "g"},
		)
	})
	o.Spec.Balance = m.balance()
	o.Spec.Limits = one(m, nil, &v1alpha1.Limits{MaxActive: 5}, &v1alpha1.Limits{MaxActive: -1}, &v1alpha1.Limits{MaxActive: 1, Queue: &v1alpha1.Queue{Length: 1}})
	o.Spec.Timeouts = one(m, nil, &v1alpha1.Timeouts{Request: one(m, "", "1s", "x")})
	o.Spec.Retry = one(m, nil, &v1alpha1.Retry{When: []v1alpha1.RetryCondition{one[v1alpha1.RetryCondition](m, "reset", "odd")}})
	o.Spec.Health = one(m, nil, &v1alpha1.Health{Passive: &v1alpha1.PassiveHealth{ConsecutiveFailures: one[int32](m, 3, -1)}})
	o.Spec.Versioning = one(m, nil, &v1alpha1.Versioning{Source: v1alpha1.VersionHeader, Name: "v", OnNoMatch: v1alpha1.NoMatchAny})
	o.Spec.Filters = some(m, 2, func() v1alpha1.Filter {
		return one(m,
			v1alpha1.Filter{Type: v1alpha1.FilterDrop},
			v1alpha1.Filter{Type: v1alpha1.FilterRateLimit, RateLimit: &v1alpha1.RateLimitFilter{Requests: one[int32](m, 1, -1)}},
			v1alpha1.Filter{Type: v1alpha1.FilterRewrite, Rewrite: &v1alpha1.RewriteFilter{Path: &v1alpha1.PathEdit{Type: v1alpha1.PathEditPrefix, Value: "/x"}}},
			v1alpha1.Filter{Type: v1alpha1.FilterBasicAuth, BasicAuth: &v1alpha1.BasicAuthFilter{SecretName: "gone"}},
			v1alpha1.Filter{Type: "Odd"},
		)
	})
	return o
}

func ptr[T any](v T) *T { return &v }

// TestAnyObjectsMakeASoundModel translates heaps of objects that no validation has seen.
func TestAnyObjectsMakeASoundModel(t *testing.T) {
	for seed := range uint64(500) {
		m := maker{rand.New(rand.NewPCG(seed, seed))}
		var b snapshot.Builder
		named := service("shop")
		named.Spec.Ports[0].Name = "http"
		external := service("external")
		external.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: one(m, "", "a.example.org", "localhost", "10.0.0.1", "BAD_")}
		b.Add(named, external, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "broken"}})
		var names []string
		for range 6 {
			object := m.ingress()
			names = append(names, object.Name)
			b.Add(object, m.proxyRoute())
		}
		for range m.IntN(4) {
			b.Add(m.proxyPolicy(names...))
		}
		quiet := service("quiet")
		quiet.Namespace = "neighbour"
		object := ingress("quiet", "neighbour.example.com", 0, path("/", "quiet"))
		object.Namespace = "neighbour"
		b.Add(quiet, object)
		s := b.Snapshot()
		check(t, s, false)
		config, _, _ := translate.Translate(s, translate.DefaultOptions())
		for _, host := range config.RouteSets[0].Hosts {
			for i := 1; i < len(host.Routes); i++ {
				if ir.CompareMatches(host.Routes[i-1].Match, host.Routes[i].Match) > 0 {
					t.Errorf("host %q: %s stands before %s", host.Pattern, host.Routes[i-1].Match, host.Routes[i].Match)
				}
			}
		}
		if t.Failed() {
			t.Fatalf("the seed was %d", seed)
		}
	}
}
