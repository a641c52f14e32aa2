package resolve

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Service returns the upstream of a port of a Service with weight 1, spoken to as the
// appProtocol of the port says: by HTTP/2 for kubernetes.io/h2c (KEP-3726) and grpc,
// over TLS for https, else by HTTP/1.1 in clear text. Where there is no such Service
// or port, that is reported at the place (of the field that names it), and the
// result fails with 503.
func (r *Resolver) Service(name types.NamespacedName, port intstr.IntOrString, at Place) ir.WeightedUpstream {
	number, field, fault := r.FindService(name, port)
	if fault != (Fault{}) {
		return r.fail(at.At(field), fault.Reason, fault.Message)
	}
	key := r.ServiceUpstream(name, number)
	switch strings.ToLower(r.appProtocol(name, number)) {
	case "kubernetes.io/h2c", "grpc":
		if version, _ := r.announces(name); version != 0 {
			return r.fail(at, report.Unsupported, NotShared)
		}
		key = r.Speaking(key, ir.UpstreamHTTP2)
	case appHTTPS:
		// The endpoints must prove with the CAs of the system to be the Service.
		host := r.ServiceHost(name)
		key = r.Secured(key, ir.UpstreamTLS{Enabled: true, ServerName: host, System: true, Names: []string{host}})
	}
	return ir.WeightedUpstream{Upstream: key, Weight: 1}
}

// ReferredService is Service for a reference from an object of that group at the place, which across namespaces
// takes a ReferenceGrant. Without it the reference fails like one to a Service that is not there.
func (r *Resolver) ReferredService(group string, name types.NamespacedName, port intstr.IntOrString, at Place) ir.WeightedUpstream {
	if problem := r.notPermitted(group, name, at); problem != "" {
		return r.fail(at.At(".namespace"), report.RefNotPermitted, problem)
	}
	return r.Service(name, port, at)
}

// notPermitted returns why an object of that group at the place may not refer to a Service, or "".
func (r *Resolver) notPermitted(group string, name types.NamespacedName, at Place) string {
	from := snapshot.Referrer{Group: group, Kind: at.Origin.Kind, Namespace: at.Origin.Namespace}
	if r.Snapshot.Permits(from, snapshot.Referent{Kind: "Service", NamespacedName: name}) {
		return ""
	}
	return fmt.Sprintf("no ReferenceGrant in the namespace %q allows the reference to the Service %q", name.Namespace, name.Name)
}

// appProtocol returns what a TCP port of a Service says is spoken there, "" where it does not.
func (r *Resolver) appProtocol(name types.NamespacedName, number int32) string {
	service := r.Snapshot.Service(name)
	if service == nil {
		return ""
	}
	port, found := snapshot.ServicePort(service, intstr.FromInt32(number), corev1.ProtocolTCP)
	if !found {
		return ""
	}
	return deref(port.AppProtocol)
}

// ServiceUpstream returns the key of the upstream of a port that FindService found.
func (r *Resolver) ServiceUpstream(name types.NamespacedName, number int32) string {
	key := r.upstream(ServiceKey(name, number), report.Origin{Kind: "Service", Namespace: name.Namespace, Name: name.Name})
	if version, _ := r.announces(name); version != 0 {
		key = r.Announcing(key, version)
	}
	return key
}

// UDPServiceUpstream is ServiceUpstream for FindUDPService.
func (r *Resolver) UDPServiceUpstream(name types.NamespacedName, number int32) string {
	return r.upstream(ServiceKey(name, number)+udpSuffix, report.Origin{Kind: "Service", Namespace: name.Namespace, Name: name.Name})
}

// FindService returns the number of the TCP port of a Service that is meant. A fault
// comes with the field, below that which names the Service, that it is about.
func (r *Resolver) FindService(name types.NamespacedName, port intstr.IntOrString) (number int32, field string, fault Fault) {
	return r.findService(name, port, corev1.ProtocolTCP)
}

// FindUDPService is FindService for UDP ports.
func (r *Resolver) FindUDPService(name types.NamespacedName, port intstr.IntOrString) (number int32, field string, fault Fault) {
	return r.findService(name, port, corev1.ProtocolUDP)
}

func (r *Resolver) findService(name types.NamespacedName, port intstr.IntOrString, protocol corev1.Protocol) (number int32, field string, fault Fault) {
	service := r.Snapshot.Service(name)
	if service == nil {
		return 0, ".name", Fault{report.BackendNotFound, fmt.Sprintf("the Service %q does not exist", name)}
	}
	number, found := portNumber(service, port, protocol)
	if !found {
		return 0, ".port", Fault{report.BackendNotFound, fmt.Sprintf("the Service %q has no %s port %s%s", name, protocol, quotePort(port), ports(service))}
	}
	if _, fault := r.announces(name); fault != (Fault{}) && protocol == corev1.ProtocolTCP {
		return 0, ".name", fault
	}
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		if problem := r.hostFault(externalName(service)); problem != "" {
			return 0, ".name", Fault{report.Invalid, fmt.Sprintf("the externalName of the Service %q %s", name, problem)}
		}
	}
	return number, "", Fault{}
}

// portNumber returns the port of the Service that is meant. An ExternalName
// Service need not list its ports; any number is one of it then.
func portNumber(service *corev1.Service, port intstr.IntOrString, protocol corev1.Protocol) (int32, bool) {
	if p, found := snapshot.ServicePort(service, port, protocol); found {
		return p.Port, true
	}
	if service.Spec.Type == corev1.ServiceTypeExternalName && len(service.Spec.Ports) == 0 &&
		port.Type == intstr.Int && port.IntVal > 0 && port.IntVal <= 65535 {
		return port.IntVal, true
	}
	return 0, false
}

func externalName(service *corev1.Service) string {
	return strings.ToLower(strings.TrimSuffix(service.Spec.ExternalName, "."))
}

// udpSuffix ends the keys of UDP ports, which may have the number of a TCP port.
const udpSuffix = "/udp"

// ServiceKey is the key of the upstream, and of the endpoint set, of a TCP port of a Service.
func ServiceKey(name types.NamespacedName, port int32) string {
	return name.Namespace + "/" + name.Name + ":" + strconv.Itoa(int(port))
}

// ParseServiceKey returns what the key of an endpoint set stands for, and false for
// keys of other things than a Service. Which of the Service's Pods it is for is told by
// parseLabelled alone.
func ParseServiceKey(key string) (name types.NamespacedName, port int32, protocol corev1.Protocol, ok bool) {
	key, _, _ = parseLabelled(key)
	namespace, rest, ok := strings.Cut(key, "/")
	if !ok {
		return types.NamespacedName{}, 0, "", false
	}
	service, number, ok := strings.Cut(rest, ":")
	if !ok {
		return types.NamespacedName{}, 0, "", false
	}
	protocol = corev1.ProtocolTCP
	if udp, found := strings.CutSuffix(number, udpSuffix); found {
		number, protocol = udp, corev1.ProtocolUDP
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return types.NamespacedName{}, 0, "", false
	}
	return types.NamespacedName{Namespace: namespace, Name: service}, int32(n), protocol, true
}

func quotePort(port intstr.IntOrString) string {
	if port.Type == intstr.Int {
		return port.String()
	}
	return strconv.Quote(port.StrVal)
}

// ports says which ports a Service has, for whoever got one wrong.
func ports(service *corev1.Service) string {
	var words []string
	for _, p := range service.Spec.Ports {
		word := strconv.Itoa(int(p.Port))
		if p.Name != "" {
			word += " (" + p.Name + ")"
		}
		if p.Protocol != corev1.ProtocolTCP && p.Protocol != "" {
			word += " of " + string(p.Protocol)
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return ", and no other"
	}
	return ", but " + strings.Join(words, ", ")
}

// versionAnnotation says which version of an application the endpoints of a Service are.
const versionAnnotation = "sluice.dev/version"

var versionPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.+_-]{0,61}[A-Za-z0-9])?$`)

// ServiceVersion returns the version that the annotation sluice.dev/version of the Service of an
// endpoint set names, "" where it names none, or what is no version, which is reported.
func (r *Resolver) ServiceVersion(key string) string {
	name, _, _, ok := ParseServiceKey(key)
	service := r.Snapshot.Service(name)
	if !ok || service == nil {
		return ""
	}
	version := service.Annotations[versionAnnotation]
	if version != "" && !versionPattern.MatchString(version) {
		r.Facts.Warnf(report.Origin{Kind: "Service", Namespace: name.Namespace, Name: name.Name}, "metadata.annotations["+versionAnnotation+"]",
			report.Invalid, "%q is no version, so it does not count", version)
		return ""
	}
	return version
}
