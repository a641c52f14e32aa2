package app

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/upstream"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// The types in this file are the flag.Values of the options. They point into
// Options, so that its content is the default.

type textValue string

func text(s *string) *textValue { return (*textValue)(s) }

func (v *textValue) String() string     { return string(*v) }
func (v *textValue) Set(s string) error { *v = textValue(s); return nil }

// keyValue is a secret, which is never printed.
type keyValue string

func (v *keyValue) String() string { return "" }
func (v *keyValue) Set(s string) error {
	if len(s) < upstream.SessionKeySize {
		return fmt.Errorf("the key has %d bytes, which is less than %d", len(s), upstream.SessionKeySize)
	}
	*v = keyValue(s)
	return nil
}

// sessionKey returns the key for upstream.Options, nil for none.
func (o *Options) sessionKey() []byte {
	if o.SessionKey == "" {
		return nil
	}
	return []byte(o.SessionKey)
}

type boolValue bool

func (v *boolValue) String() string   { return strconv.FormatBool(bool(*v)) }
func (v *boolValue) IsBoolFlag() bool { return true }
func (v *boolValue) Set(s string) error {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return fmt.Errorf("%q is neither true nor false", s)
	}
	*v = boolValue(b)
	return nil
}

type intValue int

func (v *intValue) String() string { return strconv.Itoa(int(*v)) }
func (v *intValue) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a number from 0 up", s)
	}
	*v = intValue(n)
	return nil
}

type durationValue time.Duration

func (v *durationValue) String() string { return time.Duration(*v).String() }
func (v *durationValue) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a duration from 0 up, such as 10s", s)
	}
	*v = durationValue(d)
	return nil
}

type levelValue slog.Level

func (v *levelValue) String() string { return strings.ToLower(slog.Level(*v).String()) }
func (v *levelValue) Set(s string) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s)); err != nil {
		return fmt.Errorf("%q is not debug, info, warn or error", s)
	}
	*v = levelValue(level)
	return nil
}

// choiceValue is a string out of a set.
type choiceValue struct {
	target  *string
	allowed []string
}

func oneOf(target *string, allowed ...string) *choiceValue { return &choiceValue{target, allowed} }

func (v *choiceValue) String() string {
	if v.target == nil {
		return ""
	}
	return *v.target
}
func (v *choiceValue) Set(s string) error {
	if !slices.Contains(v.allowed, s) {
		return fmt.Errorf("%q is not %s", s, strings.Join(v.allowed, " or "))
	}
	*v.target = s
	return nil
}

// listValue is a flag that may be given several times.
type listValue []string

func list(l *[]string) *listValue { return (*listValue)(l) }

func (v *listValue) reset()         { *v = nil }
func (v *listValue) String() string { return strings.Join(*v, ",") }
func (v *listValue) Set(s string) error {
	if s == "" {
		return fmt.Errorf("an empty value")
	}
	*v = append(*v, s)
	return nil
}

type prefixesValue []netip.Prefix

func (v *prefixesValue) reset() { *v = nil }
func (v *prefixesValue) String() string {
	texts := make([]string, 0, len(*v))
	for _, p := range *v {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ",")
}
func (v *prefixesValue) Set(s string) error {
	if a, err := netip.ParseAddr(s); err == nil {
		*v = append(*v, netip.PrefixFrom(a, a.BitLen()))
		return nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", s)
	}
	*v = append(*v, p.Masked())
	return nil
}

// domainsValue are alternative domains.
type domainsValue []translate.AlternativeDomain

func (v *domainsValue) reset() { *v = nil }
func (v *domainsValue) String() string {
	texts := make([]string, 0, len(*v))
	for _, d := range *v {
		texts = append(texts, d.String())
	}
	return strings.Join(texts, ",")
}
func (v *domainsValue) Set(s string) error {
	d, err := translate.ParseAlternativeDomain(s)
	if err != nil {
		return err
	}
	*v = append(*v, d)
	return nil
}

type nameValue types.NamespacedName

func (v *nameValue) String() string {
	if v.Name == "" {
		return ""
	}
	return v.Namespace + "/" + v.Name
}
func (v *nameValue) Set(s string) error {
	namespace, name, ok := strings.Cut(s, "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return fmt.Errorf("%q is not NAMESPACE/NAME", s)
	}
	*v = nameValue{Namespace: namespace, Name: name}
	return nil
}

// MappedService gives one port of a Service an endpoint.
type MappedService struct {
	Service types.NamespacedName
	// Port is the number of the Service's port.
	Port     uint16
	Endpoint netip.AddrPort
}

// key is that of the endpoint set.
func (m MappedService) key() string { return fmt.Sprintf("%s:%d", m.Service, m.Port) }

// String returns the mapping as the flag takes it.
func (m MappedService) String() string { return m.key() + "=" + m.Endpoint.String() }

type mapValue []MappedService

func (v *mapValue) reset() { *v = nil }
func (v *mapValue) String() string {
	texts := make([]string, 0, len(*v))
	for _, m := range *v {
		texts = append(texts, m.String())
	}
	return strings.Join(texts, ",")
}
func (v *mapValue) Set(s string) error {
	from, to, ok := strings.Cut(s, "=")
	name, number, hasPort := strings.Cut(from, ":")
	var service nameValue
	if !ok || !hasPort || service.Set(name) != nil {
		return fmt.Errorf("%q is not NAMESPACE/SERVICE:PORT=HOST:PORT", s)
	}
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || port == 0 {
		return fmt.Errorf("%q is not the number of a port", number)
	}
	resolved, err := net.ResolveTCPAddr("tcp", to)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT: %w", to, err)
	}
	address := resolved.AddrPort()
	address = netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
	*v = append(*v, MappedService{types.NamespacedName(service), uint16(port), address})
	return nil
}

type portMapValue map[uint16]uint16

func (v *portMapValue) reset() { *v = nil }
func (v *portMapValue) String() string {
	texts := make([]string, 0, len(*v))
	for _, from := range slices.Sorted(maps.Keys(*v)) {
		texts = append(texts, fmt.Sprintf("%d=%d", from, (*v)[from]))
	}
	return strings.Join(texts, ",")
}
func (v *portMapValue) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		from, to, ok := strings.Cut(part, "=")
		fromPort, err := strconv.ParseUint(from, 10, 16)
		toPort, err2 := strconv.ParseUint(to, 10, 16)
		if !ok || err != nil || err2 != nil || fromPort == 0 || toPort == 0 {
			return fmt.Errorf("%q is not PORT=PORT", part)
		}
		if *v == nil {
			*v = make(map[uint16]uint16)
		}
		(*v)[uint16(fromPort)] = uint16(toPort)
	}
	return nil
}

// rateValue is a number of bytes per second, -1 for no bound.
type rateValue int64

func (v *rateValue) String() string { return strconv.FormatInt(int64(*v), 10) }
func (v *rateValue) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < -1 {
		return fmt.Errorf("%q is not a number from 0 up, or -1", s)
	}
	*v = rateValue(n)
	return nil
}

// tokenValue is a name that can stand in a header: a token (RFC 9110 section 5.6.2).
type tokenValue string

func (v *tokenValue) String() string { return string(*v) }
func (v *tokenValue) Set(s string) error {
	if s != "" && !wire.IsToken([]byte(s)) {
		return fmt.Errorf("%q is no name that a header can hold", s)
	}
	*v = tokenValue(s)
	return nil
}

// bytesValue is a number of bytes from 0 up.
type bytesValue int64

func (v *bytesValue) String() string { return strconv.FormatInt(int64(*v), 10) }
func (v *bytesValue) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not a number from 0 up", s)
	}
	*v = bytesValue(n)
	return nil
}
