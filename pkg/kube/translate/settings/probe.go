package settings

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

// Bounds and defaults of the CRD.
const (
	maxThreshold     = 1000
	defaultUnhealthy = 3
	defaultHealthy   = 2
	minInterval      = 100 * time.Millisecond
	defaultInterval  = 10 * time.Second
	defaultProbeTime = 5 * time.Second
)

var (
	defaultExpect = []ir.StatusRange{{From: 200, To: 399}}
	probePath     = regexp.MustCompile(`^/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$`)
	probeHost     = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)
	probeValue    = regexp.MustCompile(`^([!-~]([ -~]*[!-~])?)?$`)
)

// active returns how endpoints are probed.
func (r *Reader) active(spec *v1alpha1.ActiveHealth, at resolve.Place) ir.Active {
	refuse := func(field, problem string) { r.unset(at.At(field), problem) }
	out := ir.Active{Unhealthy: defaultUnhealthy, Healthy: defaultHealthy, Interval: defaultInterval, Timeout: defaultProbeTime}
	switch spec.Type {
	case v1alpha1.ProbeTCP:
		out.Type = ir.ProbeTCP
	case v1alpha1.ProbeGRPC:
		out.Type = ir.ProbeGRPC
	case v1alpha1.ProbeHTTP, "":
		out.Type = ir.ProbeHTTP
	default:
		refuse(".type", "is none of TCP, HTTP and GRPC")
		out.Type = ir.ProbeHTTP
	}
	if spec.Port < 0 || spec.Port > 65535 {
		refuse(".port", "is not between 1 and 65535")
	} else {
		out.Port = uint16(spec.Port)
	}
	for _, one := range []struct {
		field string
		value int32
		into  *int
	}{{".unhealthyThreshold", spec.UnhealthyThreshold, &out.Unhealthy}, {".healthyThreshold", spec.HealthyThreshold, &out.Healthy}} {
		if one.value < 0 || one.value > maxThreshold {
			refuse(one.field, "is not between 1 and 1000")
		} else if one.value > 0 {
			*one.into = int(one.value)
		}
	}
	r.duration(spec.Interval, &out.Interval, at.At(".interval"))
	if out.Interval < minInterval {
		refuse(".interval", "is less than 100ms")
		out.Interval = defaultInterval
	}
	r.duration(spec.Timeout, &out.Timeout, at.At(".timeout"))
	if out.Timeout == 0 {
		refuse(".timeout", "is no time")
		out.Timeout = defaultProbeTime
	}
	r.question(&out, spec, at)
	return out
}

// question reads the fields that only some types of probes have.
func (r *Reader) question(out *ir.Active, spec *v1alpha1.ActiveHealth, at resolve.Place) {
	refuse := func(field, problem string) { r.unset(at.At(field), problem) }
	isHTTP := out.Type == ir.ProbeHTTP
	switch {
	case spec.Host == "":
	case out.Type == ir.ProbeTCP:
		refuse(".host", "is not for the type TCP")
	case !probeHost.MatchString(spec.Host):
		refuse(".host", "is no host")
	default:
		out.Host = strings.ToLower(spec.Host)
	}
	if spec.Service != "" && out.Type != ir.ProbeGRPC {
		refuse(".service", "is for the type GRPC")
	} else {
		out.Service = spec.Service
	}
	if !isHTTP {
		for _, one := range []struct {
			field string
			set   bool
		}{{".path", spec.Path != ""}, {".headers", len(spec.Headers) > 0}, {".expect", spec.Expect != ""}} {
			if one.set {
				refuse(one.field, "is for the type HTTP")
			}
		}
		return
	}
	out.Path = cmp.Or(spec.Path, "/")
	if !probePath.MatchString(out.Path) {
		refuse(".path", "is no path")
		out.Path = "/"
	}
	out.Headers = r.probeHeaders(spec.Headers, at.At(".headers"))
	out.Expect = defaultExpect
	if spec.Expect == "" {
		return
	}
	var expect []ir.StatusRange
	for text := range strings.SplitSeq(spec.Expect, ",") {
		statuses, ok := parseStatuses(text)
		if !ok {
			refuse(".expect", strconv.Quote(spec.Expect)+" is no list of statuses and ranges of statuses")
			return
		}
		expect = append(expect, statuses)
	}
	out.Expect = mergeStatuses(expect)
}

func (r *Reader) probeHeaders(specs []v1alpha1.ProbeHeader, at resolve.Place) (out []ir.ProbeHeader) {
	for i, spec := range specs {
		name := strings.ToLower(spec.Name)
		field := at.At("[" + strconv.Itoa(i) + "]")
		known := slices.ContainsFunc(out, func(h ir.ProbeHeader) bool { return h.Name == name })
		switch {
		case !token.MatchString(name):
			r.unset(field.At(".name"), "is no name of a header")
		case ir.ManagedHeader(name):
			r.unset(field.At(".name"), "is a header that Sluice writes itself")
		case known:
			r.unset(field.At(".name"), "is there twice")
		case !probeValue.MatchString(spec.Value):
			r.unset(field.At(".value"), "is no value of a header")
		default:
			out = append(out, ir.ProbeHeader{Name: name, Value: spec.Value})
		}
	}
	slices.SortFunc(out, func(a, b ir.ProbeHeader) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
