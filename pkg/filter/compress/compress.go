// Package compress holds the filter that compresses responses by gzip (RFC 1952), br (RFC 7932)
// or zstd (RFC 8878), as the client accepts.
//
// In comes an ir.Compress, checked once by the constructor; out comes a
// filter.ResponseBody. Any goroutine may call it; the encoders that it hands out belong to
// one exchange each, and come from pools that all filters share.
//
// A response is left alone that is compressed already or has another content coding,
// that is a part of something (206, Content-Range), has no content or is known to be too short, says
// no-transform, carries a digest of its content, or is one of gRPC, which compresses by itself.
// What is or could be compressed says Vary: Accept-Encoding.
package compress

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/wire"
)

// Filter compresses responses.
type Filter struct {
	codings []ir.Coding
	// types are whole media types, families those that end or begin in any.
	types              map[string]bool
	prefixes, suffixes []string
	least              int64
}

var _ interface {
	filter.ResponseHead
	filter.ResponseBody
} = (*Filter)(nil)

// New makes the filter. The error says what cannot be used.
func New(spec *ir.Compress) (*Filter, error) {
	if len(spec.Codings) == 0 || len(spec.Types) == 0 {
		return nil, errors.New("compression has no coding or no type")
	}
	f := &Filter{codings: slices.Clone(spec.Codings), types: make(map[string]bool), least: spec.MinBytes}
	for _, c := range f.codings {
		if c > ir.Zstd {
			return nil, fmt.Errorf("the coding %v is unknown", c)
		}
	}
	for _, t := range spec.Types {
		prefix, isPrefix := strings.CutSuffix(t, "/*")
		suffix, isSuffix := strings.CutPrefix(t, "*+")
		switch {
		case isPrefix && prefix != "" && !strings.ContainsAny(prefix, "*/"):
			f.prefixes = append(f.prefixes, prefix+"/")
		case isSuffix && suffix != "" && !strings.ContainsAny(suffix, "*/"):
			f.suffixes = append(f.suffixes, "+"+suffix)
		case strings.Count(t, "/") == 1 && !strings.Contains(t, "*"):
			f.types[t] = true
		default:
			return nil, fmt.Errorf("%q is no media type, and no family of them", t)
		}
	}
	return f, nil
}

// OnResponseHead says of each response that could be compressed that it depends on what the client
// accepts, whether it has content or not (RFC 9110 section 12.5.5).
func (f *Filter) OnResponseHead(x *filter.Exchange) {
	if f.fits(x.Response) {
		vary(&x.Response.Header)
	}
}

// OnResponseBody returns the encoder for a response that is to be compressed.
func (f *Filter) OnResponseBody(x *filter.Exchange, to io.Writer) filter.Encoder {
	r := x.Response
	if !f.fits(r) || r.Length >= 0 && r.Length < max(f.least, 1) || noTransform(&x.Request.Header) {
		return nil
	}
	coding, ok := choose(x.AcceptEncoding, f.codings)
	if !ok {
		return nil
	}
	r.Length = wire.UnknownLength
	r.Header.Set("Content-Encoding", []byte(coding.String()))
	// Ranges would be those of what is not sent.
	r.Header.Del("Accept-Ranges")
	weaken(&r.Header)
	return encoder(coding, to)
}

// fits says whether a response could be compressed, for some client.
func (f *Filter) fits(r *wire.Response) bool {
	switch {
	case r.Status < 200, r.Status == 204, r.Status == 205, r.Status == 206, r.Status == 304:
		return false
	case !f.fitting(r.Header.GetKnown(wire.ContentType)):
		return false
	}
	for _, field := range r.Header.Fields() {
		if field.Known != wire.Other {
			continue
		}
		for _, name := range untouched {
			if wire.EqualName(field.Name, name) {
				return false
			}
		}
	}
	return !noTransform(&r.Header)
}

// untouched are fields of responses whose content must stay as it is: it is encoded, a
// part, or has a digest (RFC 9530).
var untouched = [...]string{"Content-Encoding", "Content-Range", "Content-Digest", "Repr-Digest", "Digest", "Content-MD5"}

// fitting says whether a media type is one to compress.
func (f *Filter) fitting(contentType []byte) bool {
	media, _, _ := bytes.Cut(contentType, []byte(";"))
	media = bytes.TrimSpace(media)
	if len(media) == 0 || len(media) > maxType {
		return false
	}
	var room [maxType]byte
	lower := room[:len(media)]
	for i, c := range media {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
	}
	if bytes.HasPrefix(lower, []byte("application/grpc")) {
		return false
	}
	if f.types[string(lower)] {
		return true
	}
	for _, p := range f.prefixes {
		if len(lower) > len(p) && string(lower[:len(p)]) == p {
			return true
		}
	}
	for _, s := range f.suffixes {
		if len(lower) > len(s) && string(lower[len(lower)-len(s):]) == s {
			return true
		}
	}
	return false
}

// maxType is how long a media type may be to be compressed.
const maxType = 128

// noTransform says whether Cache-Control forbids to change the content (RFC 9111
// sections 5.2.1.6 and 5.2.2.6).
func noTransform(h *wire.Header) bool {
	for _, f := range h.Fields() {
		if wire.EqualName(f.Name, "cache-control") && listed(f.Value, "no-transform") {
			return true
		}
	}
	return false
}

// listed says whether a list of values separated by commas has one, in any case.
func listed(list []byte, want string) bool {
	for len(list) > 0 {
		var one []byte
		one, list, _ = bytes.Cut(list, []byte(","))
		if wire.EqualName(bytes.TrimSpace(one), want) {
			return true
		}
	}
	return false
}

// vary adds Accept-Encoding to Vary, once.
func vary(h *wire.Header) {
	for _, f := range h.Fields() {
		if wire.EqualName(f.Name, "vary") && (listed(f.Value, "accept-encoding") || listed(f.Value, "*")) {
			return
		}
	}
	h.Add("Vary", []byte("Accept-Encoding"))
}

// weaken makes a strong ETag a weak one: the bytes are other ones now, but mean the same
// (RFC 9110 section 8.8.1).
func weaken(h *wire.Header) {
	if tag := h.Get("ETag"); len(tag) > 0 && tag[0] == '"' {
		h.Set("ETag", append([]byte("W/"), tag...))
	}
}
