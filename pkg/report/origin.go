package report

import "strings"

// Origin names the object that something came from. It is comparable and may
// be the key of a map. The zero Origin stands for Sluice itself.
type Origin struct {
	// Kind is the object's kind, such as "Ingress".
	Kind string
	// Namespace is empty for cluster-scoped objects.
	Namespace string
	// Name is the object's metadata.name.
	Name string
}

// String returns Kind/Namespace/Name, without the namespace where there is
// none, and "sluice" for the zero Origin.
func (o Origin) String() string {
	switch {
	case o == Origin{}:
		return "sluice"
	case o.Namespace == "":
		return o.Kind + "/" + o.Name
	default:
		return o.Kind + "/" + o.Namespace + "/" + o.Name
	}
}

// Compare orders origins by kind, namespace and name.
func (o Origin) Compare(p Origin) int {
	if c := strings.Compare(o.Kind, p.Kind); c != 0 {
		return c
	}
	if c := strings.Compare(o.Namespace, p.Namespace); c != 0 {
		return c
	}
	return strings.Compare(o.Name, p.Name)
}
