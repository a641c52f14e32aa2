package ingress

import (
	"net/url"
	"regexp/syntax"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
	"github.com/sluice-dev/sluice/pkg/report"
)

// clientTLS is what the annotations ask of clients' certificates.
type clientTLS struct {
	at   resolve.Place
	auth ir.ClientAuth
	// guard lets nobody in who has not done that, nil where it need not be done.
	guard *ir.ClientCertificate
	// headers tell the back end who the client is, and take away what clients write there.
	headers *ir.ModifyRequestHeader
}

// readClientTLS reads auth-tls-*. What cannot be checked closes the object.
func (t *translation) readClientTLS(set *settings) *clientTLS {
	at, written := t.text("auth-tls-secret")
	if written == "" {
		for _, short := range []string{"auth-tls-match-cn", "auth-tls-verify-client"} {
			if at, value := t.text(short); value != "" && value != "off" {
				t.close(set, at, report.Invalid, "there is no auth-tls-secret to check certificates of clients by")
			}
		}
		for _, short := range []string{"auth-tls-verify-depth", "auth-tls-error-page"} {
			_, value := t.text(short)
			t.needless(value != "", short, "there is no auth-tls-secret to check certificates of clients by")
		}
		return nil
	}
	out := &clientTLS{at: at, auth: ir.ClientAuth{Mode: ir.ClientAuthRequire}}
	switch at, mode := t.text("auth-tls-verify-client"); mode {
	case "", "on":
	case "optional":
		out.auth.Mode = ir.ClientAuthOptional
	case "optional_no_ca":
		out.auth.Mode = ir.ClientAuthRequest
	case "off":
		return nil
	default:
		t.close(set, at, report.Invalid, "the value \""+mode+"\" is none of on, off, optional and optional_no_ca")
		return nil
	}
	namespace, name, both := strings.Cut(written, "/")
	if !both || name == "" {
		t.close(set, at, report.Invalid, "the Secret "+written+" is not written as NAMESPACE/NAME")
		return nil
	}
	if namespace != t.object.Namespace {
		t.close(set, at, report.RefNotPermitted, "the Secret "+written+" lies in another namespace")
		return nil
	}
	cas, fault := t.SecretCAs(types.NamespacedName{Namespace: namespace, Name: name})
	if fault != (resolve.Fault{}) {
		t.close(set, at, fault.Reason, fault.Message)
		return nil
	}
	if out.auth.Mode != ir.ClientAuthRequest {
		out.auth.CAs = cas
	}
	out.auth.ErrorPage = t.readClientErrorPage(set)
	if out.auth.Mode == ir.ClientAuthRequest {
		t.needless(out.auth.ErrorPage != "", "auth-tls-error-page", "auth-tls-verify-client lets everybody in")
		_, said := t.text("auth-tls-verify-depth")
		t.needless(said != "", "auth-tls-verify-depth", "auth-tls-verify-client lets everybody in")
		out.auth.ErrorPage = ""
	} else {
		out.auth.MaxChain = t.longestChain("auth-tls-verify-depth")
	}
	t.readSubject(out, set)
	out.tell(t.flag("auth-tls-pass-certificate-to-upstream", false))
	return out
}

// readClientErrorPage reads auth-tls-error-page, a URL. What cannot be used closes the object, rather than let clients fail in
// the handshake that are to be told why.
func (t *translation) readClientErrorPage(set *settings) string {
	at, written := t.text("auth-tls-error-page")
	if written == "" {
		return ""
	}
	u, err := url.Parse(written)
	if err != nil || strings.ContainsAny(written, " $\"'\\<>") || (u.Scheme != "http" && u.Scheme != "https" || u.Host == "") && !strings.HasPrefix(written, "/") {
		t.close(set, at, report.Unsupported, "the error page "+strconv.Quote(written)+" is no URL of http or https")
		return ""
	}
	return written
}

// chainOver is how much longer a chain is than OpenSSL's depth, for which neither the first nor the last certificate counts.
const chainOver = 2

// longestChain returns the longest chain by an annotation that is a depth, which is 1 in ingress-nginx unless it is said.
func (t *translation) longestChain(short string) int {
	depth, said := t.number(short, 0, 100)
	if !said {
		depth = 1
	}
	return depth + chainOver
}

// readSubject reads auth-tls-match-cn.
func (t *translation) readSubject(c *clientTLS, set *settings) {
	at, pattern := t.text("auth-tls-match-cn")
	if c.auth.Mode == ir.ClientAuthRequire || pattern != "" {
		c.guard = &ir.ClientCertificate{Auth: c.auth.ID(), Subject: pattern}
	}
	if pattern == "" {
		return
	}
	if _, err := syntax.Parse(pattern, syntax.Perl); err != nil {
		t.close(set, at, report.Invalid, "\""+pattern+"\" is no expression (RE2)")
	}
}

// tell makes the headers of ingress-nginx.
func (c *clientTLS) tell(certificate bool) {
	c.headers = &ir.ModifyRequestHeader{}
	edit := &c.headers.Edit
	edit.Remove = []string{"ssl-client-cert"}
	edit.Set = []ir.HeaderField{
		{Name: "ssl-client-verify", Value: "{tls.client}"},
		{Name: "ssl-client-subject-dn", Value: "{tls.subject}"},
		{Name: "ssl-client-issuer-dn", Value: "{tls.issuer}"},
	}
	if certificate {
		edit.Set = append(edit.Set, ir.HeaderField{Name: "ssl-client-cert", Value: "{tls.certificate}"})
	}
}

// hostPolicies enters what handshakes for the hosts of the rules are held to, each of which
// has its own.
func (t *translation) hostPolicies() {
	set := &t.settings
	if len(set.ciphers) == 0 && set.client == nil {
		return
	}
	at, _ := t.text("ssl-ciphers")
	policy := ir.TLSHost{Policy: ir.TLSPolicy{CipherSuites: set.ciphers}}
	if set.client != nil {
		at, policy.Client = set.client.at, set.client.auth
	}
	for _, host := range t.hosts {
		policy.Host = host
		t.fragment.Policies = append(t.fragment.Policies, resolve.Policy{TLSHost: policy, Field: at.Field})
	}
}
