package settings

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/pkg/api/v1alpha1"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/kube/translate/resolve"
)

func (f *filters) bodySize(s *v1alpha1.BodySizeFilter, at resolve.Place) ir.Filter {
	if s.MaxBytes < 1 {
		f.refuse(at.At(".maxBytes"), "the bound %d of the body is below 1", s.MaxBytes)
	}
	return &ir.BodySize{MaxBytes: s.MaxBytes}
}

func (f *filters) bandwidth(s *v1alpha1.BandwidthFilter, at resolve.Place) ir.Filter {
	switch {
	case s.RequestBytesPerSecond < 0 || s.ResponseBytesPerSecond < 0 || s.ResponseAfterBytes < 0:
		f.refuse(at, "a rate is below 0")
	case s.RequestBytesPerSecond == 0 && s.ResponseBytesPerSecond == 0:
		f.refuse(at, "neither requestBytesPerSecond nor responseBytesPerSecond is set")
	case s.ResponseAfterBytes > 0 && s.ResponseBytesPerSecond == 0:
		f.refuse(at.At(".responseAfterBytes"), "there is no responseBytesPerSecond")
	}
	return &ir.Bandwidth{
		RequestBytesPerSecond: s.RequestBytesPerSecond, ResponseBytesPerSecond: s.ResponseBytesPerSecond, ResponseAfterBytes: s.ResponseAfterBytes,
	}
}

// leastCompressed is the length from which on a response is worth the effort.
const leastCompressed = 256

// compressedTypes are the media types that get much smaller.
var compressedTypes = []string{
	"text/html", "text/plain", "text/css", "text/javascript", "text/xml", "text/csv", "text/markdown", "text/x-component", "text/calendar", "text/vcard",
	"application/json", "application/javascript", "application/x-javascript", "application/xml", "application/wasm", "application/graphql",
	"application/x-ndjson", "application/yaml", "application/toml", "application/vnd.ms-fontobject", "*+json", "*+xml", "*+yaml",
	"image/bmp", "image/x-icon", "image/vnd.microsoft.icon", "font/ttf", "font/otf", "application/x-font-ttf",
}

func (f *filters) compression(s *v1alpha1.CompressionFilter, at resolve.Place) ir.Filter {
	out := &ir.Compress{Codings: []ir.Coding{ir.Zstd, ir.Brotli, ir.Gzip}, Types: compressedTypes, MinBytes: leastCompressed}
	if len(s.Algorithms) > 0 {
		out.Codings = nil
	}
	for i, name := range s.Algorithms {
		at := at.At(".algorithms[" + strconv.Itoa(i) + "]")
		coding, known := codings[name]
		switch {
		case !known:
			f.refuse(at, "the algorithm %q is none of gzip, br and zstd", name)
		case slices.Contains(out.Codings, coding):
			f.refuse(at, "the algorithm %q is there twice", name)
		default:
			out.Codings = append(out.Codings, coding)
		}
	}
	if len(s.Types) > 0 {
		out.Types = nil
	}
	for i, t := range s.Types {
		lower := strings.ToLower(t)
		if !mediaType(lower) {
			f.refuse(at.At(".types["+strconv.Itoa(i)+"]"), `%q is no media type, and no family such as "text/*" or "*+json"`, t)
			continue
		}
		out.Types = append(out.Types, lower)
	}
	if s.MinBytes != nil {
		out.MinBytes = *s.MinBytes
		if out.MinBytes < 0 {
			f.refuse(at.At(".minBytes"), "%d is below 0", out.MinBytes)
		}
	}
	return out
}

var codings = map[v1alpha1.CompressionAlgorithm]ir.Coding{
	v1alpha1.CompressionGzip: ir.Gzip, v1alpha1.CompressionBrotli: ir.Brotli, v1alpha1.CompressionZstd: ir.Zstd,
}

// mediaType says whether a text is a media type without parameters (RFC 9110 section 8.3.1), or
// a family of them.
func mediaType(s string) bool {
	if suffix, ok := strings.CutPrefix(s, "*+"); ok {
		return token.MatchString(suffix) && !strings.Contains(suffix, "*")
	}
	kind, sub, found := strings.Cut(s, "/")
	if !found || !token.MatchString(kind) || strings.Contains(kind, "*") {
		return false
	}
	return sub == "*" || token.MatchString(sub) && !strings.Contains(sub, "*")
}
