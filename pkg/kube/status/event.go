package status

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/report"
)

const (
	// eventsPerObject bounds the Events for one generation of one object. An
	// object with ten thousand wrong paths is told of the first ones.
	eventsPerObject = 10
	// eventBytes is the API server's limit for the message of an Event.
	eventBytes = 1024
)

// event returns the Event for one fact about an object. Its name is made from
// the object's identity and generation and from the fact: a second Event for the
// same thing, also from another replica or after a restart, has the same name and
// is refused by the API server.
func event(object client.Object, apiVersion string, fact report.Fact, instance string, now metav1.Time) *corev1.Event {
	message := sentence(fact)
	id := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%s\n%s", object.GetUID(), object.GetGeneration(), fact.Reason, message))
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault // As for all cluster-scoped objects.
	}
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace,
			Name:      eventName(object.GetName(), hex.EncodeToString(id[:8])),
		},
		InvolvedObject: corev1.ObjectReference{
			APIVersion:      apiVersion,
			Kind:            fact.Origin.Kind,
			Namespace:       object.GetNamespace(),
			Name:            object.GetName(),
			UID:             object.GetUID(),
			ResourceVersion: object.GetResourceVersion(),
		},
		Type:                corev1.EventTypeWarning,
		Reason:              string(fact.Reason),
		Message:             shorten(message, eventBytes),
		Source:              corev1.EventSource{Component: Component},
		ReportingController: Component,
		ReportingInstance:   instance,
		FirstTimestamp:      now,
		LastTimestamp:       now,
		Count:               1,
	}
}

// eventName joins an object's name and an identity within the length of a name.
func eventName(object, id string) string {
	const longest = 253
	if most := longest - len(id) - 1; len(object) > most {
		object = strings.TrimRight(object[:most], "-.")
	}
	return object + "." + id
}

// shorten cuts a text to at most n bytes at the border of a character.
func shorten(text string, n int) string {
	const rest = "…"
	if len(text) <= n {
		return text
	}
	cut := n - len(rest)
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + rest
}

// involved are the kinds of object that Events are sent for.
var involved = map[string]func() client.Object{
	kindIngress:             func() client.Object { return &networkingv1.Ingress{} },
	kindProxyRoute:          func() client.Object { return &v1alpha1.ProxyRoute{} },
	"ProxyPolicy":           func() client.Object { return &v1alpha1.ProxyPolicy{} },
	"IngressClass":          func() client.Object { return &networkingv1.IngressClass{} },
	kindGatewayClass:        func() client.Object { return &gatewayv1.GatewayClass{} },
	kindGateway:             func() client.Object { return &gatewayv1.Gateway{} },
	kindListenerSet:         func() client.Object { return &gatewayv1.ListenerSet{} },
	"HTTPRoute":             func() client.Object { return &gatewayv1.HTTPRoute{} },
	"GRPCRoute":             func() client.Object { return &gatewayv1.GRPCRoute{} },
	"TLSRoute":              func() client.Object { return &gatewayv1.TLSRoute{} },
	"TCPRoute":              func() client.Object { return &gatewayv1.TCPRoute{} },
	"UDPRoute":              func() client.Object { return &gatewayv1.UDPRoute{} },
	kindBackendTLSPolicy:    func() client.Object { return &gatewayv1.BackendTLSPolicy{} },
	"XBackendTrafficPolicy": func() client.Object { return &gatewayxv1.XBackendTrafficPolicy{} },
	kindService:             func() client.Object { return &corev1.Service{} },
	"Secret":                func() client.Object { return &corev1.Secret{} },
}

// events tells of each warning and error that was not told of before, once for
// each generation of its object.
func (t *term) events(ctx context.Context, f *found) {
	told := make(map[string]struct{}, len(t.told))
	for _, origin := range slices.SortedFunc(maps.Keys(f.facts), report.Origin.Compare) {
		if t.interrupted(ctx) {
			return // With what was told so far: the next pass begins anew.
		}
		t.eventsOf(ctx, origin, f.facts[origin], told)
	}
	t.told = told
}

// eventsOf sends the Events for the facts about one object and puts the names of
// those that need not be sent again into told.
func (t *term) eventsOf(ctx context.Context, origin report.Origin, facts []report.Fact, told map[string]struct{}) {
	facts = worstFirst(slices.DeleteFunc(slices.Clone(facts), func(f report.Fact) bool { return f.Severity == report.Info }))
	made, known := involved[origin.Kind]
	if len(facts) == 0 || !known {
		return
	}
	object := made()
	if !t.read(ctx, origin, object) {
		return
	}
	gvk, err := apiutil.GVKForObject(object, t.opts.Client.Scheme())
	if err != nil {
		t.log.Error("no Events for a kind", "kind", origin.Kind, "error", err)
		return
	}
	var due []*corev1.Event
	for _, fact := range facts[:min(len(facts), eventsPerObject)] {
		e := event(object, gvk.GroupVersion().String(), fact, t.opts.Instance, now())
		key := e.Namespace + "/" + e.Name
		if _, done := t.told[key]; done {
			told[key] = struct{}{}
			continue
		}
		due = append(due, e)
	}
	if len(due) == 0 {
		return
	}
	eventsOrigin := origin
	eventsOrigin.Kind = "Event of " + origin.Kind // Its own second, beside that of the status.
	t.write(eventsOrigin, func() error {
		for _, e := range due {
			if err := send(ctx, t.opts.Client, e); err != nil {
				return err
			}
			key := e.Namespace + "/" + e.Name
			told[key], t.told[key] = struct{}{}, struct{}{}
		}
		return nil
	})
}

// send creates an Event. One that is there already is none to complain about.
func send(ctx context.Context, c client.Client, e *corev1.Event) error {
	err := c.Create(ctx, e)
	if err == nil || apierrors.IsAlreadyExists(err) {
		return nil
	}
	return fmt.Errorf("create Event %s/%s: %w", e.Namespace, e.Name, err)
}
