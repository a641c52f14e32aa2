package resolve

import (
	"slices"
	"strconv"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// TLSWords is a policy of TLS as it is written.
type TLSWords struct {
	MinVersion, MaxVersion string
	CipherSuites, Curves   []string
}

// Policy reads it. problem says what is wrong, and which of the fields that is: "minVersion",
// "maxVersion", "cipherSuites" or "curves".
func (w *TLSWords) Policy() (p ir.TLSPolicy, field, problem string) {
	var ok bool
	for _, v := range []struct {
		field, text string
		to          *uint16
	}{{"minVersion", w.MinVersion, &p.MinVersion}, {"maxVersion", w.MaxVersion, &p.MaxVersion}} {
		if v.text == "" {
			continue
		}
		if *v.to, ok = ir.ParseTLSVersion(v.text); !ok {
			return ir.TLSPolicy{}, v.field, "the TLS version " + strconv.Quote(v.text) + " is neither 1.2 nor 1.3"
		}
	}
	if p.MaxVersion != 0 && p.MinVersion > p.MaxVersion {
		return ir.TLSPolicy{}, "minVersion", "the lowest TLS version " + w.MinVersion + " is above the highest, " + w.MaxVersion
	}
	var unknown string
	if p.CipherSuites, unknown = parseAll(w.CipherSuites, ir.ParseCipherSuite); unknown != "" {
		return ir.TLSPolicy{}, "cipherSuites", "no cipher suite of TLS 1.2 with forward secrecy is called " + strconv.Quote(unknown)
	}
	if p.Curves, unknown = parseAll(w.Curves, ir.ParseCurve); unknown != "" {
		return ir.TLSPolicy{}, "curves", "no curve is called " + strconv.Quote(unknown)
	}
	return p, "", ""
}

// parseAll reads a list of names, sorted and each once; unknown is one that is not known.
func parseAll(names []string, parse func(string) (uint16, bool)) (ids []uint16, unknown string) {
	for _, name := range names {
		id, ok := parse(name)
		if !ok {
			return nil, name
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), ""
}
