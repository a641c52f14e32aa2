package h2_test

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

// FuzzFrames serves whatever comes behind the preface. The connection must end
// with its input, and nothing may throw or outlive it.
func FuzzFrames(f *testing.F) {
	var b bytes.Buffer
	enc := hpack.NewEncoder(&b)
	for _, line := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":authority", "h"}, {":path", "/"}, {"cookie", "a"}, {"cookie", "b"}} {
		enc.WriteField(hpack.HeaderField{Name: line[0], Value: line[1]})
	}
	block := bytes.Clone(b.Bytes())
	for _, write := range []func(*http2.Framer){
		func(w *http2.Framer) {},
		func(w *http2.Framer) {
			w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndHeaders: true})
			w.WriteDataPadded(1, false, []byte("hello"), make([]byte, 3))
			w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0, 1, 'a', 1, 'b'}, EndHeaders: true, EndStream: true})
		},
		func(w *http2.Framer) {
			w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:3], Priority: http2.PriorityParam{StreamDep: 3}})
			w.WriteContinuation(1, true, block[3:])
			w.WriteWindowUpdate(1, 7)
			w.WriteRSTStream(1, 8)
			w.WritePriority(5, http2.PriorityParam{StreamDep: 3})
			w.WritePing(false, [8]byte{})
			w.WriteGoAway(0, 0, nil)
			w.WriteSettings(http2.Setting{ID: 4, Val: 1}, http2.Setting{ID: 1, Val: 0})
		},
	} {
		b.Reset()
		w := http2.NewFramer(&b, nil)
		w.AllowIllegalWrites = true
		w.WriteSettings()
		write(w)
		f.Add(bytes.Clone(b.Bytes()))
	}
	f.Fuzz(func(t *testing.T, frames []byte) {
		h2.NewConn(&played{in: bytes.NewReader(append([]byte(h2.Preface), frames...))}, nil, nil).Serve(mirror)
	})
}

// played is a connection of which all input is known.
type played struct {
	net.Conn
	in *bytes.Reader
}

func (p *played) Read(b []byte) (int, error)       { return p.in.Read(b[:min(len(b), 50)]) }
func (p *played) Write(b []byte) (int, error)      { return io.Discard.Write(b) }
func (p *played) Close() error                     { return nil }
func (p *played) SetReadDeadline(time.Time) error  { return nil }
func (p *played) SetWriteDeadline(time.Time) error { return nil }
