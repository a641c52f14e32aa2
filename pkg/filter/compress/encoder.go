package compress

import (
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// What the codings are told. All of it is a trade of CPU and memory for size, at the point
// where a proxy spends no more on a response than it saves.
const (
	gzipLevel     = 4
	brotliQuality = 4
	// window bounds what an encoder remembers of the content, and so its memory. A
	// client of zstd must take 8 MiB (RFC 9659).
	windowBits = 18
)

// stream is what the libraries' writers have in common.
type stream interface {
	io.Writer
	Flush() error
	Close() error
	Reset(w io.Writer)
}

// pooled is a stream that goes back to its pool.
type pooled struct {
	stream
	pool *sync.Pool
}

var _ filter.Encoder = (*pooled)(nil)

// Release puts the encoder back, with nothing in it that belongs to the exchange.
func (p *pooled) Release() {
	p.Reset(io.Discard)
	p.pool.Put(p)
}

// pools has the encoders of each coding.
var pools [ir.Zstd + 1]sync.Pool

// encoder takes an encoder out of its pool, or makes one.
func encoder(c ir.Coding, to io.Writer) filter.Encoder {
	pool := &pools[c]
	p, ok := pool.Get().(*pooled)
	if !ok {
		p = &pooled{stream: newStream(c), pool: pool}
	}
	p.Reset(to)
	return p
}

func newStream(c ir.Coding) stream {
	switch c {
	case ir.Zstd:
		// One goroutine alone, the caller's.
		return sound(zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
			zstd.WithWindowSize(1<<windowBits), zstd.WithEncoderLevel(zstd.SpeedDefault)))
	case ir.Brotli:
		return brotli.NewWriterOptions(nil, brotli.WriterOptions{Quality: brotliQuality, LGWin: windowBits})
	case ir.Gzip:
	}
	return sound(gzip.NewWriterLevel(nil, gzipLevel))
}

// sound returns what was made with options that are constants, so that nothing can be wrong with them.
func sound[S stream](s S, err error) S {
	if err != nil {
		panic(err)
	}
	return s
}
