package gateway

import (
	"cmp"
	"hash/fnv"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/sluice-dev/sluice/pkg/kube/verdict"
)

// The ports that are bound for Gateways in a Pod. They lie below those that the
// kernel gives outgoing connections, and above those that Sluice has for itself.
const (
	firstTarget = 12000
	targets     = 20000
)

// allocate chooses the ports to bind. All replicas must choose the same ones, and
// keep them: what the Gateway's Service says stays, and what it does not say yet
// is made from the names, with the next free port where two Gateways would get
// the same one. The Service that is made of it remembers the choice.
func (t *translation) allocate() {
	taken := make(map[portKey]bool)
	for _, g := range t.gateways {
		t.recall(g, taken)
	}
	for _, g := range t.gateways {
		for _, key := range g.ports() {
			if _, known := g.targets[key]; !known {
				g.targets[key] = t.target(g, key, taken)
			}
		}
	}
}

// ports returns the ports that the Gateway's listeners need, sorted.
func (g *gateway) ports() []portKey {
	var keys []portKey
	for _, l := range g.all() {
		if l.programmedFault().ok() && !slices.Contains(keys, l.port()) {
			keys = append(keys, l.port())
		}
	}
	for _, key := range keys {
		if served, _ := g.http3(key.number); served {
			keys = append(keys, portKey{key.number, true})
		}
	}
	slices.SortFunc(keys, func(a, b portKey) int {
		return cmp.Or(cmp.Compare(a.number, b.number), compareBool(a.udp, b.udp))
	})
	return keys
}

// recall takes over the ports that the Gateway's Service says, for as long as the
// Gateway needs them. One that an older Gateway has is chosen anew.
func (t *translation) recall(g *gateway, taken map[portKey]bool) {
	if t.Options.Offline {
		return
	}
	service := t.services()[gatewayService{g.object.Namespace, verdict.GatewayLabelValue(g.object.Name)}]
	if service == nil {
		return
	}
	needed := g.ports()
	for i := range service.Spec.Ports {
		p := &service.Spec.Ports[i]
		key := portKey{p.Port, p.Protocol == corev1.ProtocolUDP}
		target := p.TargetPort.IntVal
		bound := portKey{target, key.udp}
		if target < firstTarget || target >= firstTarget+targets || taken[bound] || !slices.Contains(needed, key) {
			continue
		}
		taken[bound] = true
		g.targets[key] = target
	}
}

// target chooses a port.
func (t *translation) target(g *gateway, key portKey, taken map[portKey]bool) int32 {
	if t.Options.Offline {
		return t.mapped(key)
	}
	h := fnv.New32a()
	h.Write([]byte(g.object.Namespace + "/" + g.object.Name + ":" + key.String()))
	for i := range uint32(targets) {
		bound := portKey{int32(firstTarget + (h.Sum32()%targets+i)%targets), key.udp}
		if !taken[bound] {
			taken[bound] = true
			return bound.number
		}
	}
	return 0
}

// mapped returns the port of this host that stands for a port of a Gateway.
func (t *translation) mapped(key portKey) int32 {
	if port, found := t.Options.PortMap[uint16(key.number)]; found {
		return int32(port)
	}
	return key.number
}

// gatewayService names the Service of a Gateway by what its label says.
type gatewayService struct{ namespace, label string }

// services returns the Services that Sluice made for Gateways.
func (t *translation) services() map[gatewayService]*corev1.Service {
	if t.madeServices == nil {
		t.madeServices = make(map[gatewayService]*corev1.Service)
		for service := range t.Snapshot.Services() {
			if service.Labels[verdict.ManagedLabel] == verdict.ManagedValue && service.Labels[verdict.GatewayLabel] != "" {
				t.madeServices[gatewayService{service.Namespace, service.Labels[verdict.GatewayLabel]}] = service
			}
		}
	}
	return t.madeServices
}

// ports returns what the Gateway's Service has to offer.
func (t *translation) ports(g *gateway) []verdict.Port {
	var ports []verdict.Port
	for _, key := range g.ports() {
		protocol := corev1.ProtocolTCP
		if key.udp {
			protocol = corev1.ProtocolUDP
		}
		ports = append(ports, verdict.Port{Number: key.number, Protocol: protocol, Target: g.targets[key]})
	}
	return ports
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
