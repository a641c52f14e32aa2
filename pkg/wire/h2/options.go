package h2

import (
	"time"

	"github.com/sluice-dev/sluice/pkg/wire/section"
)

// Options bound what a client can make a connection hold and do. A field that is
// 0 means its default; nothing is ever unlimited.
type Options struct {
	// MaxStreams bounds the concurrent streams (SETTINGS_MAX_CONCURRENT_STREAMS). Default 100.
	MaxStreams int
	// MaxHeaderBytes bounds a head, counted as RFC 9113 section 6.5.2 does: names
	// and values and 32 bytes for each field. Beyond it: 431. The same bound holds
	// for its compressed form; beyond that, and for an endpoint beyond four times that, the connection ends. Default 64 KiB.
	MaxHeaderBytes int
	// MaxFields bounds the field lines of a head or trailer section, each crumb of a cookie
	// counted as one. Beyond it: 431. Default 100.
	MaxFields int
	// MaxTargetBytes bounds :path. Beyond it: 414. Default 16 KiB.
	MaxTargetBytes int
	// MaxContinuations bounds the CONTINUATION frames of one field section. Default 16.
	MaxContinuations int
	// KeepUnderscores keeps request fields with "_" in their names, as [h1.Limits] does.
	KeepUnderscores bool

	// StreamWindow and ConnWindow bound the bytes of bodies that wait to be read, in one
	// stream and in all of them. The protocol begins with 65,535, and less than
	// that is taken for it. Defaults 64 KiB and 1 MiB.
	StreamWindow, ConnWindow int
	// MaxQueue bounds the bytes of responses that wait to be sent. Default 64 KiB.
	MaxQueue int

	// MaxResets bounds the streams that a client may reset, or make us reset by
	// breaking a rule, ahead of those that it lets end; ResetsPerSecond are forgiven. Defaults 100 and 10.
	MaxResets, ResetsPerSecond int
	// MaxGlitches bounds the frames that ask for work and move nothing, weighed
	// by their cost: see costs in budget.go; GlitchesPerSecond are forgiven. Defaults 1,000 and 100.
	MaxGlitches, GlitchesPerSecond int

	// HeadTimeout bounds the time for the preface, for a frame and for a field section. Default 10 s.
	HeadTimeout time.Duration
	// IdleTimeout bounds the time without streams, and that for a frame of a body. Default 60 s.
	IdleTimeout time.Duration
	// WriteTimeout bounds the time that a client may take for MaxQueue bytes. Default 60 s.
	WriteTimeout time.Duration
	// CloseTimeout bounds the time for the last words, and is that for the client to read them. Default 500 ms.
	CloseTimeout time.Duration
	// DrainTimeout bounds the time that a client may take to see the first GOAWAY. Default 1 s.
	DrainTimeout time.Duration
}

// DefaultOptions returns the options that a zero Options stands for.
func DefaultOptions() Options {
	return Options{
		MaxStreams:        100,
		MaxHeaderBytes:    64 << 10,
		MaxFields:         100,
		MaxTargetBytes:    16 << 10,
		MaxContinuations:  16,
		StreamWindow:      64 << 10,
		ConnWindow:        1 << 20,
		MaxQueue:          64 << 10,
		MaxResets:         100,
		ResetsPerSecond:   10,
		MaxGlitches:       1000,
		GlitchesPerSecond: 100,
		HeadTimeout:       10 * time.Second,
		IdleTimeout:       60 * time.Second,
		WriteTimeout:      60 * time.Second,
		CloseTimeout:      500 * time.Millisecond,
		DrainTimeout:      time.Second,
	}
}

// Complete replaces the zeros in o by the defaults. It is for those who make many
// connections with the same options; NewConn takes any.
func (o *Options) Complete() *Options {
	full, def := *o, DefaultOptions()
	for _, f := range []struct{ have, def *int }{
		{&full.MaxStreams, &def.MaxStreams},
		{&full.MaxHeaderBytes, &def.MaxHeaderBytes},
		{&full.MaxFields, &def.MaxFields},
		{&full.MaxTargetBytes, &def.MaxTargetBytes},
		{&full.MaxContinuations, &def.MaxContinuations},
		{&full.StreamWindow, &def.StreamWindow},
		{&full.ConnWindow, &def.ConnWindow},
		{&full.MaxQueue, &def.MaxQueue},
		{&full.MaxResets, &def.MaxResets},
		{&full.ResetsPerSecond, &def.ResetsPerSecond},
		{&full.MaxGlitches, &def.MaxGlitches},
		{&full.GlitchesPerSecond, &def.GlitchesPerSecond},
	} {
		if *f.have <= 0 {
			*f.have = *f.def
		}
	}
	for _, f := range []struct{ have, def *time.Duration }{
		{&full.HeadTimeout, &def.HeadTimeout},
		{&full.IdleTimeout, &def.IdleTimeout},
		{&full.WriteTimeout, &def.WriteTimeout},
		{&full.CloseTimeout, &def.CloseTimeout},
		{&full.DrainTimeout, &def.DrainTimeout},
	} {
		if *f.have <= 0 {
			*f.have = *f.def
		}
	}
	full.StreamWindow = min(max(full.StreamWindow, initialWindow), maxWindow)
	full.ConnWindow = min(max(full.ConnWindow, initialWindow), maxWindow)
	return &full
}

// section are the limits of field sections.
func (o *Options) section() section.Limits {
	return section.Limits{MaxBytes: o.MaxHeaderBytes, MaxFields: o.MaxFields, MaxTargetBytes: o.MaxTargetBytes, KeepUnderscores: o.KeepUnderscores}
}
