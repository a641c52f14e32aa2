package compress

import (
	"bytes"

	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// choose returns the coding that a value of Accept-Encoding likes best (RFC 9110 section
// 12.5.3), of equals the one that codings has first; false means that the content stays as it
// is. Without the field it does: a client that does not say what it takes may take nothing.
func choose(accept []byte, codings []ir.Coding) (ir.Coding, bool) {
	var best ir.Coding
	weight := 0
	for _, coding := range codings {
		named, others := weights(accept, coding.String())
		if named < 0 {
			named = others
		}
		if named > weight {
			best, weight = coding, named
		}
	}
	asItIs, _ := weights(accept, "identity")
	return best, weight > 0 && weight >= asItIs
}

// weights returns the weights of a coding and of "*" in thousandths, -1 for what is not there.
func weights(accept []byte, coding string) (named, others int) {
	named, others = -1, -1
	for len(accept) > 0 {
		var one []byte
		one, accept, _ = bytes.Cut(accept, []byte(","))
		name, params, _ := bytes.Cut(one, []byte(";"))
		name = bytes.TrimSpace(name)
		switch {
		case wire.EqualName(name, coding), coding == "gzip" && wire.EqualName(name, "x-gzip"):
			named = quality(params)
		case string(name) == "*":
			others = quality(params)
		}
	}
	return named, others
}

// quality returns the weight in thousandths that parameters give (RFC 9110 section 12.4.2), 1000
// without one, 0 for what is no weight.
func quality(params []byte) int {
	params = bytes.TrimSpace(params)
	if len(params) == 0 {
		return 1000
	}
	if len(params) < 3 || params[0]|0x20 != 'q' || params[1] != '=' || len(params) > 7 {
		return 0
	}
	value := params[2:]
	whole := int(value[0] - '0')
	if whole != 0 && whole != 1 || len(value) > 1 && value[1] != '.' {
		return 0
	}
	weight, unit := whole*1000, 100
	for _, c := range value[min(2, len(value)):] {
		if c < '0' || c > '9' {
			return 0
		}
		weight += int(c-'0') * unit
		unit /= 10
	}
	if weight > 1000 {
		return 0
	}
	return weight
}
