package ingress

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// access is what the annotations ask for of who comes in.
type access struct {
	cors  *ir.CORS
	lists *ir.IPAccess
	basic *ir.BasicAuth
	// external makes the filter for a route, as it depends on the host; nil for none.
	external *externalAuth
	// any says that one of lists, basic and external is enough.
	any bool
}

// readAccess reads the annotations about access. What cannot be used closes the object.
func (t *translation) readAccess(set *settings) {
	a := &set.access
	a.cors = t.readCORS()
	a.lists = t.readLists(set)
	a.basic = t.readBasicAuth(set)
	a.external = t.readExternalAuth(set)
	switch at, value := t.text("satisfy"); strings.ToLower(value) {
	case "any":
		a.any = true
	case "all", "":
	default:
		t.Facts.Warnf(t.origin, at.Field, report.Invalid, "the value %q is neither any nor all, so all must be satisfied", value)
	}
}

// filters returns the filters for a route, in the order in which nginx has them, or why it must
// be closed.
func (a *access) filters(t *translation, route *resolve.Route) (filters []ir.Filter, closed string) {
	var list, guards []ir.Filter
	if a.cors != nil {
		list = append(list, a.cors)
	}
	if a.lists != nil {
		guards = append(guards, a.lists)
	}
	if a.basic != nil {
		guards = append(guards, a.basic)
	}
	if a.external != nil {
		f, closed := a.external.filter(t, route)
		if closed != "" {
			return nil, closed
		}
		guards = append(guards, f)
	}
	var after []ir.Filter
	if a.basic != nil {
		// As nginx, whose back ends get no passwords.
		after = append(after, &ir.ModifyRequestHeader{Edit: ir.HeaderEdit{Remove: []string{"authorization"}}})
	}
	if a.any {
		// A list that only denies lets nobody in by itself.
		if len(guards) > 1 && a.lists != nil && len(a.lists.Allow) == 0 {
			guards = guards[1:]
		}
		if len(guards) > 1 {
			return append(append(list, &ir.SatisfyAny{Filters: guards}), after...), ""
		}
	}
	return append(append(list, guards...), after...), ""
}

// readLists reads allowlist-source-range, by its older name too, and denylist-source-range.
func (t *translation) readLists(set *settings) *ir.IPAccess {
	var out ir.IPAccess
	at, allow := t.text("allowlist-source-range")
	if allow == "" {
		at, allow = t.text("whitelist-source-range")
	}
	out.Allow = t.networks(allow, at, set)
	at, deny := t.text("denylist-source-range")
	out.Deny = t.networks(deny, at, set)
	if len(out.Allow)+len(out.Deny) == 0 {
		return nil
	}
	return &out
}

// networks reads a list of addresses and networks with commas between.
func (t *translation) networks(list string, at resolve.Place, set *settings) []netip.Prefix {
	var networks []netip.Prefix
	for text := range strings.SplitSeq(list, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		network, err := netip.ParsePrefix(text)
		if address, bad := netip.ParseAddr(text); bad == nil {
			network, err = netip.PrefixFrom(address.WithZone("").Unmap(), address.Unmap().BitLen()), nil
		}
		if err != nil {
			t.close(set, at, report.Invalid, "\""+text+"\" is no network and no address")
			return nil
		}
		networks = append(networks, network.Masked())
	}
	slices.SortFunc(networks, func(a, b netip.Prefix) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(networks)
}

// usersKey is the key of a Secret with an htpasswd file.
const usersKey = "auth"

// readBasicAuth reads auth-type and what belongs to it.
func (t *translation) readBasicAuth(set *settings) *ir.BasicAuth {
	at, kind := t.text("auth-type")
	switch strings.ToLower(kind) {
	case "":
		return nil
	case "basic":
	case "digest":
		t.close(set, at, report.Unsupported, "digest authentication is not supported")
		return nil
	default:
		t.close(set, at, report.Invalid, "the type \""+kind+"\" is not basic")
		return nil
	}
	_, realm := t.text("auth-realm")
	if strings.ContainsAny(realm, "\"\\\r\n") {
		t.close(set, t.at(field(NginxPrefix+"auth-realm")), report.Invalid, "the realm cannot stand in a header")
		return nil
	}
	users := t.users(set)
	if users == nil {
		return nil
	}
	return &ir.BasicAuth{Users: users, Realm: realm}
}

// users returns the htpasswd file of auth-secret, nil where there is none.
func (t *translation) users(set *settings) ir.Secret {
	at, written := t.text("auth-secret")
	name := types.NamespacedName{Namespace: t.object.Namespace, Name: written}
	if namespace, rest, both := strings.Cut(written, "/"); both {
		name = types.NamespacedName{Namespace: namespace, Name: rest}
	}
	switch {
	case written == "":
		t.close(set, at, report.Invalid, "auth-type is set, but no auth-secret")
		return nil
	case name.Namespace != t.object.Namespace:
		t.close(set, at, report.RefNotPermitted, "the Secret "+written+" lies in another namespace")
		return nil
	}
	secret := t.Snapshot.Secret(name)
	if secret == nil {
		t.close(set, at, report.SecretNotFound, "the Secret \""+name.String()+"\" does not exist")
		return nil
	}
	var users []byte
	switch at, kind := t.text("auth-secret-type"); kind {
	case "auth-file", "":
		users = secret.Data[usersKey]
	case "auth-map":
		for _, user := range sortedKeys(secret.Data) {
			users = append(users, user+":"+strings.TrimSpace(string(secret.Data[user]))+"\n"...)
		}
	default:
		t.close(set, at, report.Invalid, "the type \""+kind+"\" is neither auth-file nor auth-map")
		return nil
	}
	if len(users) == 0 {
		t.close(set, at, report.SecretNotFound, "the Secret \""+name.String()+"\" has no users")
		return nil
	}
	return users
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
