package ingress

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/report"
)

// rewriteTarget is what ingress-nginx accepts there.
var rewriteTarget = regexp.MustCompile(`^/?[-._~A-Za-z0-9/:$]*$`)

// capture is a reference to what a group of the path matched.
var capture = regexp.MustCompile(`\$([1-9])`)

// readRewrite reads rewrite-target. A URL in it redirects.
func (t *translation) readRewrite(set *settings) string {
	at, target := t.text("rewrite-target")
	path := target
	if u, err := url.Parse(target); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		path = u.EscapedPath()
	}
	switch {
	case !rewriteTarget.MatchString(path):
		t.close(set, at, report.Invalid, strconv.Quote(target)+" is no path to rewrite to")
	case strings.Contains(capture.ReplaceAllString(target, ""), "$"):
		t.close(set, at, report.Unsupported, strconv.Quote(target)+" has variables besides $1 to $9")
	default:
		return target
	}
	return ""
}

// rewrite returns the filter that puts rewrite-target in the place of a path, nil for none.
func (s *settings) rewriteOf(path string) ir.Filter {
	if path == "" {
		path = "/"
	}
	if s.rewrite == "" || s.rewrite == path {
		return nil
	}
	if u, err := url.Parse(s.rewrite); err == nil && u.Host != "" && u.Scheme != "" {
		port, _ := strconv.ParseUint(u.Port(), 10, 16)
		return &ir.Redirect{Status: 302, Scheme: u.Scheme, Host: u.Hostname(), Port: uint16(port), Path: pathEdit(path, strings.TrimPrefix(s.rewrite, u.Scheme+"://"+u.Host))}
	}
	return &ir.RewriteURL{Path: pathEdit(path, s.rewrite)}
}

// pathEdit replaces the whole of the request's path.
func pathEdit(path, target string) ir.PathEdit {
	if !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "$") {
		target = "/" + target
	}
	if !strings.Contains(target, "$") {
		return ir.PathEdit{Kind: ir.PathReplaced, Value: target}
	}
	return ir.PathEdit{Kind: ir.PathSubstituted, Prefix: rewriteExpression(path), Value: capture.ReplaceAllString(target, "$${$1}")}
}
