package settings

import (
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

func (f *filters) responseRewrite(s *v1alpha1.ResponseRewriteFilter, at resolve.Place) ir.Filter {
	if len(s.Location)+len(s.CookieDomain)+len(s.CookiePath) == 0 {
		f.refuse(at, "none of location, cookieDomain and cookiePath is set")
	}
	return &ir.RewriteResponse{
		Location:     f.substitutions(s.Location, at.At(".location")),
		CookieDomain: f.substitutions(s.CookieDomain, at.At(".cookieDomain")),
		CookiePath:   f.substitutions(s.CookiePath, at.At(".cookiePath")),
	}
}

func (f *filters) substitutions(list []v1alpha1.Substitution, at resolve.Place) []ir.Substitution {
	var out []ir.Substitution
	for i, s := range list {
		at := at.At("[" + strconv.Itoa(i) + "]")
		switch {
		case s.From == "":
			f.refuse(at.At(".from"), "nothing is to be replaced")
		case s.Regex:
			f.compile(s.From, at.At(".from"))
		}
		if strings.ContainsAny(s.From+s.To, "\r\n\x00") {
			f.refuse(at, "it holds what a header cannot")
		}
		out = append(out, ir.Substitution{From: s.From, To: ir.Text(s.To), Regex: s.Regex})
	}
	return out
}
