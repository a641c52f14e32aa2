package settings

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// Filters returns the filters in the order in which they act, or nil and false where one
// cannot be used: then what they are for must be answered 500. The objects that they name are
// in the namespace of the object that the place is in. What replaces a prefix
// gets that of the match from FiltersFor; byPrefix says that each match has one.
func Filters(r *resolve.Resolver, specs []v1alpha1.Filter, byPrefix bool, at resolve.Place) ([]ir.Filter, bool) {
	f := filters{Resolver: r, byPrefix: byPrefix, sound: true}
	var list []ir.Filter
	for i := range specs {
		if made := f.filter(&specs[i], at.At("["+strconv.Itoa(i)+"]")); made != nil {
			list = append(list, made)
		}
	}
	if !f.sound {
		return nil, false
	}
	ir.OrderFilters(list)
	return list, true
}

// filters is the translation of the filters of one route or back end.
type filters struct {
	*resolve.Resolver
	byPrefix, sound bool
}

// broken is what becomes of requests whose filter cannot be used.
const broken = "the requests that the filter is for are answered 500"

// refuse reports a part of a filter that cannot be used.
func (f *filters) refuse(at resolve.Place, format string, args ...any) {
	f.sound = false
	f.Facts.Errorf(at.Origin, at.Field, report.Invalid, "%s, so %s", fmt.Sprintf(format, args...), broken)
}

// filter returns nil for what is refused, and for a mirror without a back end.
func (f *filters) filter(s *v1alpha1.Filter, at resolve.Place) ir.Filter {
	switch {
	case s.Type == v1alpha1.FilterDrop:
		return &ir.Drop{}
	case s.Type == v1alpha1.FilterIPAccess && s.IPAccess != nil:
		return f.access(s.IPAccess, at.At(".ipAccess"))
	case s.Type == v1alpha1.FilterCORS && s.CORS != nil:
		return f.cors(s.CORS, at.At(".cors"))
	case s.Type == v1alpha1.FilterBodySize && s.BodySize != nil:
		return f.bodySize(s.BodySize, at.At(".bodySize"))
	case s.Type == v1alpha1.FilterRateLimit && s.RateLimit != nil:
		return f.rateLimit(s.RateLimit, at.At(".rateLimit"))
	case s.Type == v1alpha1.FilterBasicAuth && s.BasicAuth != nil:
		return f.basicAuth(s.BasicAuth, at.At(".basicAuth"))
	case s.Type == v1alpha1.FilterBearerAuth && s.BearerAuth != nil:
		return f.bearerAuth(s.BearerAuth, at.At(".bearerAuth"))
	case s.Type == v1alpha1.FilterJWT && s.JWT != nil:
		return f.jwt(s.JWT, at.At(".jwt"))
	case s.Type == v1alpha1.FilterExternalAuth && s.ExternalAuth != nil:
		return f.externalAuth(s.ExternalAuth, at.At(".externalAuth"))
	case s.Type == v1alpha1.FilterFault && s.Fault != nil:
		return f.fault(s.Fault, at.At(".fault"))
	case s.Type == v1alpha1.FilterRedirect && s.Redirect != nil:
		return f.redirect(s.Redirect, at.At(".redirect"))
	case s.Type == v1alpha1.FilterDirectResponse && s.DirectResponse != nil:
		return f.respond(s.DirectResponse, at.At(".directResponse"))
	case s.Type == v1alpha1.FilterRequestHeader && s.RequestHeader != nil:
		return &ir.ModifyRequestHeader{Edit: f.headers(s.RequestHeader, at.At(".requestHeader"))}
	case s.Type == v1alpha1.FilterRewrite && s.Rewrite != nil:
		return f.rewrite(s.Rewrite, at.At(".rewrite"))
	case s.Type == v1alpha1.FilterBandwidth && s.Bandwidth != nil:
		return f.bandwidth(s.Bandwidth, at.At(".bandwidth"))
	case s.Type == v1alpha1.FilterErrorPage && s.ErrorPage != nil:
		return f.errorPage(s.ErrorPage, at.At(".errorPage"))
	case s.Type == v1alpha1.FilterCompression && s.Compression != nil:
		return f.compression(s.Compression, at.At(".compression"))
	case s.Type == v1alpha1.FilterMirror && s.Mirror != nil:
		return f.mirror(s.Mirror, at.At(".mirror"))
	case s.Type == v1alpha1.FilterResponseRewrite && s.ResponseRewrite != nil:
		return f.responseRewrite(s.ResponseRewrite, at.At(".responseRewrite"))
	case s.Type == v1alpha1.FilterResponseHeader && s.ResponseHeader != nil:
		return &ir.ModifyResponseHeader{Edit: f.headers(s.ResponseHeader, at.At(".responseHeader"))}
	}
	f.refuse(at.At(".type"), "the field that belongs to the type %q is missing, or the type is unknown", s.Type)
	return nil
}

func (f *filters) access(s *v1alpha1.IPAccessFilter, at resolve.Place) ir.Filter {
	if len(s.Deny)+len(s.Allow) == 0 {
		f.refuse(at, "neither deny nor allow is set")
	}
	return &ir.IPAccess{Deny: f.networks(s.Deny, at.At(".deny")), Allow: f.networks(s.Allow, at.At(".allow"))}
}

func (f *filters) networks(list []string, at resolve.Place) []netip.Prefix {
	var networks []netip.Prefix
	for i, text := range list {
		network, err := netip.ParsePrefix(text)
		if addr, bad := netip.ParseAddr(text); bad == nil {
			network, err = netip.PrefixFrom(addr.WithZone("").Unmap(), addr.Unmap().BitLen()), nil
		}
		if err != nil {
			f.refuse(at.At("["+strconv.Itoa(i)+"]"), "%q is no network and no address", text)
			continue
		}
		networks = append(networks, network.Masked())
	}
	return networks
}

func (f *filters) cors(s *v1alpha1.CORSFilter, at resolve.Place) ir.Filter {
	if len(s.Origins)+len(s.OriginExpressions) == 0 {
		f.refuse(at, "neither origins nor originExpressions is set")
	}
	for i, expression := range s.OriginExpressions {
		f.compile(expression, at.At(".originExpressions["+strconv.Itoa(i)+"]"))
	}
	if s.Credentials && slices.Contains(s.Origins, "*") {
		f.Facts.Warnf(at.Origin, at.Field+".credentials", report.Unsupported, "with the origin \"*\" scripts of every site may send the cookies of its visitors and read the answers")
	}
	return &ir.CORS{
		Origins: s.Origins, OriginExpressions: s.OriginExpressions, Methods: s.Methods, Headers: s.Headers,
		Expose: s.Expose, Credentials: s.Credentials, MaxAge: int(valueOr(s.MaxAgeSeconds, 5)),
	}
}

// compile reports an expression that does not compile.
func (f *filters) compile(expression string, at resolve.Place) {
	if _, err := regexp.Compile(expression); err != nil || expression == "" {
		f.refuse(at, "%q is no regular expression", expression)
	}
}

// maxDelay bounds how long a filter holds requests back.
const maxDelay = 5 * time.Minute

func (f *filters) fault(s *v1alpha1.FaultFilter, at resolve.Place) ir.Filter {
	var out ir.Fault
	if s.Delay == nil && s.Abort == nil {
		f.refuse(at, "neither delay nor abort is set")
	}
	if d := s.Delay; d != nil {
		var err error
		if out.Delay, err = time.ParseDuration(d.Time); err != nil || out.Delay <= 0 || out.Delay > maxDelay {
			f.refuse(at.At(".delay.time"), "%q is no duration above 0 and up to 5m", d.Time)
		}
		out.DelayPercent = f.percent(d.Percent, 1, at.At(".delay.percent"))
	}
	if a := s.Abort; a != nil {
		if a.Status < 400 || a.Status > 599 {
			f.refuse(at.At(".abort.status"), "the status %d is not between 400 and 599", a.Status)
		}
		out.AbortStatus, out.AbortPercent = int(a.Status), f.percent(a.Percent, 1, at.At(".abort.percent"))
	}
	return &out
}

func (f *filters) percent(p *int32, least int32, at resolve.Place) int {
	n := valueOr(p, 100)
	if n < least || n > 100 {
		f.refuse(at, "%d is not between %d and 100", n, least)
	}
	return int(n)
}

func (f *filters) redirect(s *v1alpha1.RedirectFilter, at resolve.Place) ir.Filter {
	if s.Scheme == "" && s.Host == "" && s.Port == 0 && s.Path == nil {
		f.refuse(at, "none of scheme, host, port and path is set, so that it would lead to where it comes from")
	}
	out := &ir.Redirect{Status: int(cmp.Or(s.Status, 302)), Scheme: s.Scheme, Host: s.Host, Path: f.path(s.Path, at.At(".path"))}
	switch out.Status {
	case 301, 302, 303, 307, 308:
	default:
		f.refuse(at.At(".status"), "the status %d does not redirect", s.Status)
	}
	if s.Scheme != "" && s.Scheme != "http" && s.Scheme != "https" {
		f.refuse(at.At(".scheme"), "the scheme %q is neither http nor https", s.Scheme)
	}
	if s.Port < 0 || s.Port > 65535 {
		f.refuse(at.At(".port"), "the port %d is not between 1 and 65535", s.Port)
	} else {
		out.Port = uint16(s.Port)
	}
	return out
}

func (f *filters) rewrite(s *v1alpha1.RewriteFilter, at resolve.Place) ir.Filter {
	if s.Host == "" && s.Path == nil && s.HostFrom == "" {
		f.refuse(at, "none of host, hostFrom and path is set")
	}
	if s.Host != "" && s.HostFrom != "" {
		f.refuse(at.At(".hostFrom"), "host is set, too")
	}
	if s.HostFrom == v1alpha1.HostBackend && s.Path == nil {
		return nil // BackendHost says what is done.
	}
	return &ir.RewriteURL{Host: s.Host, ClientHost: s.HostFrom == v1alpha1.HostClient, Path: f.path(s.Path, at.At(".path"))}
}

func (f *filters) path(s *v1alpha1.PathEdit, at resolve.Place) ir.PathEdit {
	if s == nil {
		return ir.PathEdit{}
	}
	out := ir.PathEdit{Value: s.Value}
	switch s.Type {
	case v1alpha1.PathEditFull:
		out.Kind = ir.PathReplaced
	case v1alpha1.PathEditPrefix:
		out.Kind, out.Prefix = ir.PrefixReplaced, "/"
		if !f.byPrefix {
			f.refuse(at.At(".type"), "the route has a match that is not by prefix, so there is none to replace")
		}
	case v1alpha1.PathEditRegex:
		out.Kind, out.Prefix = ir.PathSubstituted, s.Expression
		f.compile(s.Expression, at.At(".expression"))
		f.groups(s, at.At(".value"))
	default:
		f.refuse(at.At(".type"), "the type %q is none of Full, Prefix and Regex", s.Type)
	}
	if strings.ContainsAny(s.Value, "?#") || s.Type != v1alpha1.PathEditRegex && !strings.HasPrefix(s.Value, "/") {
		f.refuse(at.At(".value"), `the path %q does not begin with "/", or holds "?" or "#"`, s.Value)
	}
	return out
}

// groupRef finds what regexp.Expand takes for a reference to a group, and "$$".
var groupRef = regexp.MustCompile(`\$(?:\$|\{(\w+)\}|(\w+))`)

// groups reports references to groups that the expression does not have, which stand for nothing.
func (f *filters) groups(s *v1alpha1.PathEdit, at resolve.Place) {
	expression, err := regexp.Compile(s.Expression)
	if err != nil {
		return // It has been reported.
	}
	for _, found := range groupRef.FindAllStringSubmatch(s.Value, -1) {
		name := found[1] + found[2]
		n, err := strconv.Atoi(name)
		if name != "" && (err != nil && expression.SubexpIndex(name) < 0 || err == nil && n > expression.NumSubexp()) {
			f.refuse(at, `the expression %q has no group %q (a group before a letter or digit is written as in "${1}a")`, s.Expression, name)
		}
	}
}

func (f *filters) headers(s *v1alpha1.HeaderFilter, at resolve.Place) ir.HeaderEdit {
	if len(s.Set)+len(s.Add)+len(s.Remove) == 0 {
		f.refuse(at, "none of set, add and remove is set")
	}
	edit := ir.HeaderEdit{Set: f.fields(s.Set, at.At(".set")), Add: f.fields(s.Add, at.At(".add"))}
	for i, name := range s.Remove {
		f.headerName(name, at.At(".remove["+strconv.Itoa(i)+"]"))
		edit.Remove = append(edit.Remove, strings.ToLower(name))
	}
	return edit
}

func (f *filters) fields(list []v1alpha1.HeaderField, at resolve.Place) []ir.HeaderField {
	var out []ir.HeaderField
	seen := make(map[string]bool)
	for i, field := range list {
		f.headerName(field.Name, at.At("["+strconv.Itoa(i)+"].name"))
		if name := strings.ToLower(field.Name); seen[name] {
			f.refuse(at.At("["+strconv.Itoa(i)+"].name"), "the header %q is there twice", field.Name)
		} else {
			seen[name] = true
		}
		out = append(out, ir.HeaderField{Name: field.Name, Value: ir.Text(field.Value)})
	}
	return out
}

// headerName reports a field that a filter may not touch.
func (f *filters) headerName(name string, at resolve.Place) {
	switch {
	case !token.MatchString(name):
		f.refuse(at, "%q is no name of a header", name)
	case ir.ManagedHeader(strings.ToLower(name)):
		f.refuse(at, "the header %s belongs to the connection or the framing of the message", name)
	}
}

// mirror leaves the filter out where its back end cannot be used, which is
// reported: a copy that nobody gets harms nobody.
func (f *filters) mirror(s *v1alpha1.MirrorFilter, at resolve.Place) ir.Filter {
	var share ir.WeightedUpstream
	switch {
	case (s.Service != nil) == (s.Address != ""):
		f.refuse(at, "exactly one of service and address must be set")
		return nil
	case s.Service != nil:
		share = Service(f.Resolver, s.Service, at.At(".service").Otherwise("nothing is copied to it"))
	default:
		share = f.Address(s.Address, at.At(".address").Otherwise("nothing is copied to it"))
	}
	percent := f.percent(s.Percent, 0, at.At(".percent"))
	if share.Upstream == "" {
		return nil
	}
	return &ir.Mirror{Upstream: share.Upstream, Numerator: percent, Denominator: 100, Host: s.Host, WithoutBody: s.WithoutBody}
}

func valueOr(p *int32, otherwise int32) int32 {
	if p == nil {
		return otherwise
	}
	return *p
}
