package h1

// Limits bounds what a peer can make a connection hold. A field that is 0 means
// its default; nothing is ever unlimited.
type Limits struct {
	// MaxHeadBytes bounds a head: start line, field lines and the empty line, in
	// bytes. Default 64 KiB. Beyond it: 431.
	MaxHeadBytes int
	// MaxFields bounds the field lines of a head and those of a trailer section. Default 100. Beyond it: 431.
	MaxFields int
	// MaxTargetBytes bounds the request target, in bytes. Default 16 KiB. Beyond it: 414.
	MaxTargetBytes int
	// MaxChunkExtBytes bounds the chunk extensions of one message in total, in bytes. Default 1 KiB. Beyond it: 400.
	MaxChunkExtBytes int
	// MaxTrailerBytes bounds the trailer section, in bytes. Default 8 KiB. Beyond it: 431.
	MaxTrailerBytes int
	// KeepUnderscores keeps request fields with "_" in their names. Without it
	// they are left out: many an origin takes "X_Forwarded_For" for
	// "X-Forwarded-For", and so a client could set fields that only a proxy may set. Those that
	// [wire.Disguised] names are left out in any case.
	KeepUnderscores bool
	// UpgradeHTTP2 hands over an upgrade to HTTP/2 (RFC 7540 section 3.2), which is ignored
	// otherwise. A proxy in front that lets such requests through would not see what follows.
	UpgradeHTTP2 bool
}

// DefaultLimits returns the limits that a zero Limits stands for.
func DefaultLimits() Limits {
	return Limits{
		MaxHeadBytes:     64 << 10,
		MaxFields:        100,
		MaxTargetBytes:   16 << 10,
		MaxChunkExtBytes: 1 << 10,
		MaxTrailerBytes:  8 << 10,
	}
}

var defaultLimits = DefaultLimits()

// complete returns l with its zeros replaced by the defaults.
func (l *Limits) complete() *Limits {
	if l == nil {
		return &defaultLimits
	}
	if l.MaxHeadBytes > 0 && l.MaxFields > 0 && l.MaxTargetBytes > 0 && l.MaxChunkExtBytes > 0 && l.MaxTrailerBytes > 0 {
		return l
	}
	full := *l
	for _, f := range []struct{ have, def *int }{
		{&full.MaxHeadBytes, &defaultLimits.MaxHeadBytes},
		{&full.MaxFields, &defaultLimits.MaxFields},
		{&full.MaxTargetBytes, &defaultLimits.MaxTargetBytes},
		{&full.MaxChunkExtBytes, &defaultLimits.MaxChunkExtBytes},
		{&full.MaxTrailerBytes, &defaultLimits.MaxTrailerBytes},
	} {
		if *f.have <= 0 {
			*f.have = *f.def
		}
	}
	return &full
}
