package ingress

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// readAliases returns the names of server-alias by which the hosts of an Ingress answer, too.
func (t *translation) readAliases(served map[string]bool) []string {
	at, _ := t.text("server-alias")
	var names []string
	for _, written := range t.words("server-alias", "") {
		name, err := resolve.Host(written, resolve.HostKinds{})
		switch {
		case strings.ContainsAny(written, "~^$()[]\\+?"):
			t.Facts.Errorf(t.origin, at.Field, report.Unsupported, "names that are expressions, such as %q, are not supported, so it is not served", written)
		case err != nil:
			t.Facts.Errorf(t.origin, at.Field, report.Invalid, "the name %q %v, so it is not served", written, err)
		case served[name]:
			t.Facts.Warnf(t.origin, at.Field, report.Conflict, "an Ingress has the host %s itself, so it is no other name of this one's", name)
		default:
			names = append(names, name)
		}
	}
	return names
}

// aliases lets hosts answer by other names, too: with all their routes, of whichever Ingress, what
// handshakes are held to, and the certificates that cover the name. As in ingress-nginx the
// alias belongs to the host of the oldest Ingress that has it.
func aliases(all []*translation, served map[string]bool) {
	of := make(map[string]string)
	for _, t := range all {
		for _, name := range t.readAliases(served) {
			for _, host := range t.hosts {
				at, _ := t.text("server-alias")
				switch owner, taken := of[name]; {
				case host == "":
				case !taken:
					of[name] = host
				case owner != host:
					t.Facts.Warnf(t.origin, at.Field, report.Conflict, "%s is another name of the host %s, so it is none of %s", name, owner, host)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		for _, t := range all {
			t.answerAs(of[name], name)
		}
	}
}

// answerAs copies what an Ingress has for a host to another name.
func (t *translation) answerAs(host, name string) {
	for _, route := range t.fragment.Routes {
		if route.Host == host {
			route.Host = name
			route.ID += "/alias/" + name
			t.fragment.Routes = append(t.fragment.Routes, route)
		}
	}
	for _, stream := range t.fragment.Streams {
		if stream.Host == host {
			stream.Host = name
			stream.ID += "/alias/" + name
			t.fragment.Streams = append(t.fragment.Streams, stream)
		}
	}
	for _, policy := range t.fragment.Policies {
		if policy.Host == host {
			policy.Host = name
			t.fragment.Policies = append(t.fragment.Policies, policy)
		}
	}
	t.bindAlso(host, name)
}
