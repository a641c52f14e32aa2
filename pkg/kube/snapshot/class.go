package snapshot

import (
	"fmt"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
)

const (
	// ControllerName is the spec.controller of the IngressClasses that Sluice serves.
	ControllerName = "sluice.dev/ingress-controller"
	// ClassAnnotation is how Ingresses named their class before spec.ingressClassName.
	ClassAnnotation = "kubernetes.io/ingress.class"
)

// Classes says which classes are served.
type Classes struct {
	// Names are the names of the classes (--ingress-class).
	Names []string
	// All serves every object, of whichever class.
	All bool
}

// ServesIngress reports whether an Ingress is ours, and if not, why.
//
// spec.ingressClassName counts first: it must be among the names, and where an
// IngressClass of that name exists, its controller must be ours. Only an
// Ingress without it is asked for the annotation kubernetes.io/ingress.class,
// which must be among the names; the controller does not matter, as it did not
// when the annotation was current. An Ingress with neither is ours where the default
// class is: that is the newest of those that ingressclass.kubernetes.io/is-default-class
// marks, as the API server chooses it.
func (s *Snapshot) ServesIngress(ing *networkingv1.Ingress, c Classes) (served bool, why string) {
	if c.All {
		return true, ""
	}
	if ing.Spec.IngressClassName != nil {
		return s.servesClass(*ing.Spec.IngressClassName, c)
	}
	if name, found := ing.Annotations[ClassAnnotation]; found && name != "" {
		if slices.Contains(c.Names, name) {
			return true, ""
		}
		return false, fmt.Sprintf("the annotation %s names the class %q, which this controller does not serve", ClassAnnotation, name)
	}
	class := s.defaultClass()
	if class == nil {
		return false, "it names no class, and no IngressClass is the default"
	}
	if served, why = s.servesClass(class.Name, c); !served {
		return false, "it names no class, and of the default one: " + why
	}
	return true, ""
}

// ServesProxyRoute reports whether an object of our own kinds with that
// ingressClassName is ours, and if not, why. One without a class is.
func (s *Snapshot) ServesProxyRoute(class *string, c Classes) (served bool, why string) {
	if c.All || class == nil || *class == "" {
		return true, ""
	}
	return s.servesClass(*class, c)
}

func (s *Snapshot) servesClass(name string, c Classes) (served bool, why string) {
	if !slices.Contains(c.Names, name) {
		return false, fmt.Sprintf("this controller does not serve the class %q", name)
	}
	if class := s.class(name); class != nil && class.Spec.Controller != ControllerName {
		return false, fmt.Sprintf("the IngressClass %q belongs to the controller %q", name, class.Spec.Controller)
	}
	return true, ""
}

func (s *Snapshot) class(name string) *networkingv1.IngressClass {
	for _, class := range s.classes {
		if class.Name == name {
			return class
		}
	}
	return nil
}

// defaultClass returns the newest default class, of several of one age the first by name.
func (s *Snapshot) defaultClass() *networkingv1.IngressClass {
	var newest *networkingv1.IngressClass
	for _, class := range s.classes {
		if class.Annotations[networkingv1.AnnotationIsDefaultIngressClass] != "true" {
			continue
		}
		if newest == nil || newest.CreationTimestamp.Time.Before(class.CreationTimestamp.Time) {
			newest = class
		}
	}
	return newest
}
