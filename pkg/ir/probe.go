package ir

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// Active probes endpoints. The zero value probes none.
type Active struct {
	// Type says what a probe asks; with ProbeNone the other fields are zero.
	Type ProbeType
	// Port is the one that is probed; 0 is that of the endpoint.
	Port uint16
	// Path is that of the request of an HTTP probe, with its query; it begins with "/".
	Path string
	// Host is what an HTTP or gRPC probe names as host; empty names the endpoint's address.
	Host string
	// Headers are further fields of an HTTP probe, sorted by name, each once.
	Headers []ProbeHeader
	// Service is the one that a gRPC probe asks for; empty asks for the server as a whole.
	Service string
	// Interval is the time between the beginnings of two probes, Timeout bounds one.
	Interval, Timeout time.Duration
	// Unhealthy is after how many failed probes in a row an endpoint is out, Healthy after
	// how many good ones it is back; each at least 1.
	Unhealthy, Healthy int
	// Expect are the statuses of a healthy answer to an HTTP probe, in ascending order, apart.
	Expect []StatusRange
}

// ProbeType is what a probe asks.
type ProbeType uint8

const (
	// ProbeNone does not probe.
	ProbeNone ProbeType = iota
	// ProbeTCP asks for a connection.
	ProbeTCP
	// ProbeHTTP asks for a response with one of some statuses.
	ProbeHTTP
	// ProbeGRPC asks by the gRPC health checking protocol, over HTTP/2.
	ProbeGRPC
)

// String returns the type as users write it.
func (t ProbeType) String() string {
	switch t {
	case ProbeNone:
		return "none"
	case ProbeTCP:
		return "TCP"
	case ProbeHTTP:
		return "HTTP"
	case ProbeGRPC:
		return "GRPC"
	}
	return "probe(" + strconv.Itoa(int(t)) + ")"
}

// ProbeHeader is a field of the request of a probe.
type ProbeHeader struct {
	// Name is in lower case.
	Name  string
	Value string
}

// Expects says that a status is that of a healthy answer.
func (a *Active) Expects(status int) bool { return inRanges(a.Expect, status) }

// words returns the words of a dump, none for the zero value. Of the values of headers, which
// may be secret, there is a digest.
func (a *Active) words() []string {
	if a.zero() {
		return nil
	}
	words := []string{"probe=" + a.Type.String()}
	if a.Port != 0 {
		words = append(words, "port="+strconv.Itoa(int(a.Port)))
	}
	if a.Path != "" {
		words = append(words, "path="+quote(a.Path))
	}
	if a.Host != "" {
		words = append(words, "host="+quote(a.Host))
	}
	for _, h := range a.Headers {
		sum := sha256.Sum256([]byte(h.Value))
		words = append(words, "header="+quote(h.Name)+":"+hex.EncodeToString(sum[:8]))
	}
	if a.Service != "" {
		words = append(words, "service="+quote(a.Service))
	}
	if len(a.Expect) > 0 {
		words = append(words, "expect="+rangesString(a.Expect))
	}
	return append(words, "every="+a.Interval.String(), "within="+a.Timeout.String(),
		"down-after="+strconv.Itoa(a.Unhealthy), "up-after="+strconv.Itoa(a.Healthy))
}

// String returns the probe as one line, nothing for the zero value. Two are the same where their
// lines are.
func (a *Active) String() string { return strings.Join(a.words(), " ") }

// zero reports whether nothing is said.
func (a *Active) zero() bool {
	return a.Type == ProbeNone && a.Port == 0 && a.Path == "" && a.Host == "" && len(a.Headers) == 0 && a.Service == "" &&
		a.Interval == 0 && a.Timeout == 0 && a.Unhealthy == 0 && a.Healthy == 0 && len(a.Expect) == 0
}

func (v *validator) active(a *Active) {
	if a.Type == ProbeNone {
		v.check(a.zero(), "a probe of no type says something")
		return
	}
	http, grpc := a.Type == ProbeHTTP, a.Type == ProbeGRPC
	v.check(a.Type <= ProbeGRPC, "the type of the probe is unknown")
	v.check(a.Interval > 0 && a.Timeout > 0, "a time of the probe is not positive")
	v.check(a.Unhealthy >= 1 && a.Healthy >= 1, "a threshold of the probe is below 1")
	v.check(http == strings.HasPrefix(a.Path, "/"), "the path of the probe is there without need, or missing")
	v.check(http == (len(a.Expect) > 0), "the statuses that the probe expects are there without need, or missing")
	v.check(http || len(a.Headers) == 0, "a probe that is not over HTTP has headers")
	v.check(http || grpc || a.Host == "", "a probe that names no host has one")
	v.check(grpc || a.Service == "", "a probe that is not gRPC names a service")
	v.statuses(a.Expect, "the statuses that the probe expects")
	for i, h := range a.Headers {
		v.check(h.Name != "" && h.Name == strings.ToLower(h.Name), "a header of the probe is not in lower case")
		v.check(i == 0 || a.Headers[i-1].Name < h.Name, "the headers of the probe are not in order")
	}
}
