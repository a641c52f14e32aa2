package resolve

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// staticPrefix begins the keys of static addresses. No Service has such a key, as
// a Service's has a slash.
const staticPrefix = "static:"

// Address returns the upstream of a static address, "host:port", with weight
// 1. One that cannot be used is reported at the place, and the result fails with 503.
func (r *Resolver) Address(address string, at Place) ir.WeightedUpstream {
	endpoint, err := parseAddress(address)
	if err != nil {
		return r.fail(at, report.Invalid, fmt.Sprintf("the address %q %v", address, err))
	}
	host := endpoint.Hostname
	if host == "" {
		host = endpoint.Address.Addr().String()
	}
	if fault := r.hostFault(host); fault != "" {
		return r.fail(at, report.Invalid, fmt.Sprintf("the address %q %s", address, fault))
	}
	key := staticPrefix + net.JoinHostPort(host, strconv.Itoa(int(endpoint.Address.Port())))
	return ir.WeightedUpstream{Upstream: r.upstream(key, at.Origin), Weight: 1}
}

// parseAddress returns the endpoint that "host:port" means.
func parseAddress(address string) (ir.Endpoint, error) {
	host, number, err := net.SplitHostPort(address)
	if err != nil {
		return ir.Endpoint{}, errors.New("is not host:port, with an IPv6 address in brackets")
	}
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || port == 0 {
		return ir.Endpoint{}, errors.New("has no port between 1 and 65535")
	}
	return endpointOf(strings.ToLower(strings.TrimSuffix(host, ".")), uint16(port)), nil
}

// endpointOf returns the endpoint of a host: an IP address, or a name that is
// resolved at connection time.
func endpointOf(host string, port uint16) ir.Endpoint {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ir.Endpoint{Address: netip.AddrPortFrom(ip.Unmap(), port)}
	}
	return ir.Endpoint{Hostname: host, Address: netip.AddrPortFrom(netip.Addr{}, port)}
}

// hostFault returns why requests must not be sent to a host, or "": an IP address
// or a DNS name in lower case.
func (r *Resolver) hostFault(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil {
		return r.addressFault(ip)
	}
	switch last := host[strings.LastIndexByte(host, '.')+1:]; {
	case !isDNSName(host):
		return "is neither an IP address nor a DNS name"
	// Some resolvers take such names for IPv4 addresses in disguise.
	case isNumber(last):
		return "looks like an IP address but is none"
	case last == "localhost" && !r.Options.LocalAddresses:
		return "names the proxy's own host"
	}
	return ""
}

func (r *Resolver) addressFault(ip netip.Addr) string {
	ip = ip.Unmap()
	switch {
	case ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "is a multicast or broadcast address"
	case r.Options.LocalAddresses:
		return ""
	case ip.IsLoopback() || ip.IsUnspecified():
		return "names the proxy's own host"
	case ip.IsLinkLocalUnicast():
		return "is a link-local address"
	}
	return ""
}

// isDNSName reports whether s is a DNS name in lower case (RFC 1123 section 2.1).
func isDNSName(s string) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		if c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// isNumber reports whether a label is a decimal or hexadecimal number.
func isNumber(label string) bool {
	digits, hex := strings.CutPrefix(label, "0x")
	if hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}
