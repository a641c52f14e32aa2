package ir

import (
	"slices"
	"strconv"
	"strings"
)

// BodySize answers requests with a larger body with 413: at once where the length is
// known before, else when more than that has come. It lowers Route.MaxBodyBytes, and never raises it.
type BodySize struct {
	// MaxBytes is above 0.
	MaxBytes int64
}

// Bandwidth bounds how fast the bodies of one exchange move. At least one of the rates is set.
type Bandwidth struct {
	// RequestBytesPerSecond bounds the request's body; 0 means no bound.
	RequestBytesPerSecond int64
	// ResponseBytesPerSecond bounds the response's body as the client gets it; 0 means no bound.
	ResponseBytesPerSecond int64
	// ResponseAfterBytes of the response are sent before its bound counts.
	ResponseAfterBytes int64
}

// Coding is a content coding (RFC 9110 section 8.4.1).
type Coding uint8

// The codings that Compress can use.
const (
	Gzip Coding = iota
	Brotli
	Zstd
)

// String returns the coding's name in Accept-Encoding and Content-Encoding.
func (c Coding) String() string {
	switch c {
	case Gzip:
		return "gzip"
	case Brotli:
		return "br"
	case Zstd:
		return "zstd"
	}
	return "coding(" + strconv.Itoa(int(c)) + ")"
}

// Compress compresses responses for clients that accept it (RFC 9110 section 12.5.3).
type Compress struct {
	// Codings are those that may be used, each once. Of those that the client likes
	// best the first is.
	Codings []Coding
	// Types are the media types that are compressed, in lower case, such as "text/html", or
	// "text/*" and "*+json" for families.
	Types []string
	// MinBytes leaves responses alone that are known to be shorter.
	MinBytes int64
}

func (*BodySize) isFilter()  {}
func (*Bandwidth) isFilter() {}
func (*Compress) isFilter()  {}

func (b *BodySize) words() string { return "body-size max=" + strconv.FormatInt(b.MaxBytes, 10) }

func (b *Bandwidth) words() string {
	text := "bandwidth"
	if b.RequestBytesPerSecond != 0 {
		text += " request=" + strconv.FormatInt(b.RequestBytesPerSecond, 10)
	}
	if b.ResponseBytesPerSecond != 0 {
		text += " response=" + strconv.FormatInt(b.ResponseBytesPerSecond, 10)
	}
	if b.ResponseAfterBytes != 0 {
		text += " after=" + strconv.FormatInt(b.ResponseAfterBytes, 10)
	}
	return text
}

func (c *Compress) words() string {
	codings := make([]string, len(c.Codings))
	for i, coding := range c.Codings {
		codings[i] = coding.String()
	}
	return "compress by=" + strings.Join(codings, ",") + " types=" + quote(strings.Join(c.Types, ",")) + " min=" + strconv.FormatInt(c.MinBytes, 10)
}

func (v *validator) bodySize(b *BodySize) {
	v.check(b.MaxBytes > 0, "the bound of a body is not above 0")
}

func (v *validator) bandwidth(b *Bandwidth) {
	v.check(b.RequestBytesPerSecond >= 0 && b.ResponseBytesPerSecond >= 0 && b.ResponseAfterBytes >= 0, "a bandwidth is negative")
	v.check(b.RequestBytesPerSecond > 0 || b.ResponseBytesPerSecond > 0, "a bandwidth bounds nothing")
	v.check(b.ResponseAfterBytes == 0 || b.ResponseBytesPerSecond > 0, "a bandwidth spares responses that it does not bound")
}

func (v *validator) compress(c *Compress) {
	v.check(len(c.Codings) > 0 && len(c.Types) > 0, "compression has no coding or no type")
	v.check(c.MinBytes >= 0, "the least length for compression is negative")
	for i, coding := range c.Codings {
		v.check(coding <= Zstd, "a coding is unknown")
		v.check(!slices.Contains(c.Codings[:i], coding), "a coding is there twice")
	}
	for _, t := range c.Types {
		v.check(t != "" && t == strings.ToLower(t), "a type to compress is empty, or not in lower case")
	}
}
