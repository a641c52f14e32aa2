package h3

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/wire/section"
)

// Options bound what a client can make a connection hold and do. A field that is
// 0 means its default; nothing is ever unlimited.
type Options struct {
	// MaxStreams bounds the concurrent requests. Default 100.
	MaxStreams int
	// MaxHeaderBytes bounds a head, counted as RFC 9114 section 4.2.2 does: names
	// and values and 32 bytes for each field; the client is told so. Beyond it: 431. Default 64 KiB.
	MaxHeaderBytes int
	// MaxFields bounds the field lines of a head or trailer section, each crumb of a cookie
	// counted as one. Beyond it: 431. Default 100.
	MaxFields int
	// MaxTargetBytes bounds :path. Beyond it: 414. Default 16 KiB.
	MaxTargetBytes int
	// KeepUnderscores keeps request fields with "_" in their names, as [h1.Limits] does.
	KeepUnderscores bool

	// StreamWindow and ConnWindow bound the bytes of bodies that wait to be read, in one
	// stream and in all of them. Defaults 256 KiB and 1 MiB.
	StreamWindow, ConnWindow int

	// MaxResets bounds the streams that a client may reset, or make us reset by
	// breaking a rule, ahead of those that it lets end; ResetsPerSecond are forgiven. Defaults 100 and 10.
	MaxResets, ResetsPerSecond int
	// MaxGlitches bounds the frames and streams that move nothing; GlitchesPerSecond are
	// forgiven. Defaults 1,000 and 100.
	MaxGlitches, GlitchesPerSecond int
	// RetryHandshakes is how many handshakes may be under way at a listener before addresses have to be
	// proven by Retry (RFC 9000 section 8.1.2), and MaxHandshakes is how many there may be. Defaults 64 and 1,024.
	RetryHandshakes, MaxHandshakes int

	// Refuse says that new connections are not wanted now; nil means never. It is called often.
	Refuse func() bool

	// HandshakeTimeout bounds a handshake. Default 10 s.
	HandshakeTimeout time.Duration
	// HeadTimeout bounds the time for a field section. Default 10 s.
	HeadTimeout time.Duration
	// IdleTimeout bounds the time without streams. Default 60 s.
	IdleTimeout time.Duration
	// LostTimeout bounds the time without a packet of the client, which is asked for one in time
	// (RFC 9000 section 10.1). Default 30 s.
	LostTimeout time.Duration
	// CloseTimeout is the time for the client to get the last responses and to close by itself. Default 3 s.
	CloseTimeout time.Duration
	// DrainTimeout bounds the time that a client may take to see the first GOAWAY. Default 1 s.
	DrainTimeout time.Duration
	// EndWait is how long a GET or the like without Content-Length waits for the end of its stream, which
	// most clients send in the same packet, before it is taken for one with a body. Default 20 ms.
	EndWait time.Duration
}

// Complete returns o with the defaults in the place of zeros.
func (o *Options) Complete() *Options {
	full := *o
	for _, f := range []struct {
		have *int
		def  int
	}{
		{&full.MaxStreams, 100},
		{&full.MaxHeaderBytes, 64 << 10},
		{&full.MaxFields, 100},
		{&full.MaxTargetBytes, 16 << 10},
		{&full.StreamWindow, 256 << 10},
		{&full.ConnWindow, 1 << 20},
		{&full.MaxResets, 100},
		{&full.ResetsPerSecond, 10},
		{&full.MaxGlitches, 1000},
		{&full.GlitchesPerSecond, 100},
		{&full.RetryHandshakes, 64},
		{&full.MaxHandshakes, 1024},
	} {
		if *f.have <= 0 {
			*f.have = f.def
		}
	}
	for _, f := range []struct {
		have *time.Duration
		def  time.Duration
	}{
		{&full.HandshakeTimeout, 10 * time.Second},
		{&full.HeadTimeout, 10 * time.Second},
		{&full.IdleTimeout, 60 * time.Second},
		{&full.LostTimeout, 30 * time.Second},
		{&full.CloseTimeout, 3 * time.Second},
		{&full.DrainTimeout, time.Second},
		{&full.EndWait, 20 * time.Millisecond},
	} {
		if *f.have <= 0 {
			*f.have = f.def
		}
	}
	return &full
}

// section are the limits of field sections.
func (o *Options) section() section.Limits {
	return section.Limits{MaxBytes: o.MaxHeaderBytes, MaxFields: o.MaxFields, MaxTargetBytes: o.MaxTargetBytes, KeepUnderscores: o.KeepUnderscores}
}
