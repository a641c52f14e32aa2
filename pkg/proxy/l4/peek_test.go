package l4

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// helloOf returns what crypto/tls sends first.
func helloOf(t testing.TB, c *tls.Config) []byte {
	t.Helper()
	var sent bytes.Buffer
	// The handshake fails, as nobody answers; what counts was written before.
	_ = tls.Client(&wire{out: &sent, in: new(bytes.Buffer)}, c).Handshake()
	if sent.Len() == 0 {
		t.Fatal("no ClientHello was sent")
	}
	return sent.Bytes()
}

// wire is a connection that reads from in and writes to out.
type wire struct {
	net.Conn
	in  io.Reader
	out io.Writer
}

func (w *wire) Read(p []byte) (int, error)  { return w.in.Read(p) }
func (w *wire) Write(p []byte) (int, error) { return w.out.Write(p) }
func (w *wire) Close() error                { return nil }

// resize cuts the only record of raw into records of n bytes.
func resize(raw []byte, n int) []byte {
	var out []byte
	for part := range slices.Chunk(raw[recordHeader:], n) {
		out = append(out, recordHandshake, 3, 1, byte(len(part)>>8), byte(len(part)))
		out = append(out, part...)
	}
	return out
}

func protocols(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = string(bytes.Repeat([]byte{'p'}, 200))
	}
	return list
}

func TestHelloIsReadInAnyPieces(t *testing.T) {
	plain := &tls.Config{ServerName: "shop.example.com", NextProtos: []string{"h2", "http/1.1"}}
	cases := map[string]struct {
		raw  []byte
		want *tls.Config
	}{
		"one record":              {helloOf(t, plain), plain},
		"records of one byte":     {resize(helloOf(t, plain), 1), plain},
		"records of seven bytes":  {resize(helloOf(t, plain), 7), plain},
		"bytes of more behind it": {append(helloOf(t, plain), "early data"...), plain},
	}
	large := &tls.Config{ServerName: "large.example.com", NextProtos: protocols(70)}
	cases["almost a whole record"] = struct {
		raw  []byte
		want *tls.Config
	}{helloOf(t, large), large}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for way, r := range map[string]io.Reader{
				"at once":         bytes.NewReader(c.raw),
				"byte by byte":    iotest.OneByteReader(bytes.NewReader(c.raw)),
				"in halves":       iotest.HalfReader(bytes.NewReader(c.raw)),
				"with the ending": iotest.DataErrReader(bytes.NewReader(c.raw)),
			} {
				h, raw, err := read(r)
				if err != nil || h.ServerName != c.want.ServerName || !slices.Equal(h.Protocols, c.want.NextProtos) {
					t.Fatalf("%s: got %q %q, %v", way, h.ServerName, h.Protocols, err)
				}
				rest, err := io.ReadAll(r)
				if err != nil || !bytes.Equal(append(raw, rest...), c.raw) {
					t.Errorf("%s: what is replayed is not what was sent (%v)", way, err)
				}
			}
		})
	}
}

func TestWhatIsNoHelloIsRefusedWithItsBytes(t *testing.T) {
	sound := helloOf(t, &tls.Config{ServerName: "a.example"})
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"HTTP":               {[]byte("GET / HTTP/1.1\r\n\r\n"), ErrNotHello},
		"another message":    {[]byte{22, 3, 1, 0, 4, 2, 0, 0, 0}, ErrNotHello},
		"an empty record":    {[]byte{22, 3, 1, 0, 0}, ErrNotHello},
		"an endless record":  {[]byte{22, 3, 1, 0xff, 0xff}, ErrNotHello},
		"an endless message": {[]byte{22, 3, 1, 0, 4, 1, 0xff, 0, 0}, ErrHelloTooLarge},
		"nothing":            {nil, io.ErrUnexpectedEOF},
		"a part":             {sound[:len(sound)-1], io.ErrUnexpectedEOF},
		"a large one in records of one byte": {
			resize(append([]byte{22, 3, 1, 0, 0, 1, 0, 0xff, 0}, make([]byte, 40<<10)...), 1), ErrHelloTooLarge,
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, raw, err := read(bytes.NewReader(c.raw))
			if !errors.Is(err, c.want) || h.ServerName != "" {
				t.Errorf("got %q, %v, want %v", h.ServerName, err, c.want)
			}
			if !bytes.HasPrefix(c.raw, raw) || len(raw) > maxRaw {
				t.Errorf("%d bytes were read, which are not those that were sent", len(raw))
			}
		})
	}
}

func TestSilentClientIsNotWaitedForLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		defer server.Close()
		begun := time.Now()
		if _, _, err := Peek(server, 5*time.Second); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begun); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// asked is the oracle: what crypto/tls reads, and whether it took the ClientHello.
func asked(raw []byte) (name string, alpn []string, ok bool) {
	c := &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		name, alpn, ok = h.ServerName, h.SupportedProtos, true
		return nil, errors.New("enough")
	}}
	_ = tls.Server(&wire{in: bytes.NewReader(raw), out: io.Discard}, c).Handshake()
	return name, alpn, ok
}

// FuzzPeekAgreesWithCryptoTLS holds what is read against crypto/tls. That may
// refuse more, as it looks into all extensions, and skips alerts, which are refused here.
func FuzzPeekAgreesWithCryptoTLS(f *testing.F) {
	for _, c := range []*tls.Config{
		{ServerName: "a.example"},
		{ServerName: "a.example", MaxVersion: tls.VersionTLS12},
		{InsecureSkipVerify: true, NextProtos: []string{"h2"}},
	} {
		raw := helloOf(f, c)
		f.Add(raw)
		f.Add(resize(raw, 50))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		h, raw, err := read(bytes.NewReader(sent))
		if !bytes.HasPrefix(sent, raw) {
			t.Fatal("what was read is not what was sent")
		}
		name, alpn, ok := asked(sent)
		switch {
		case !ok:
		case err != nil && onlyHandshake(sent):
			t.Fatalf("crypto/tls takes it: %v", err)
		case err == nil && (h.ServerName != name || !slices.Equal(h.Protocols, alpn)):
			t.Fatalf("got %q %q, crypto/tls %q %q", h.ServerName, h.Protocols, name, alpn)
		}
	})
}

// onlyHandshake says that all whole records are of the handshake.
func onlyHandshake(raw []byte) bool {
	for len(raw) >= recordHeader {
		if raw[0] != recordHandshake {
			return false
		}
		raw = raw[min(len(raw), recordHeader+(int(raw[3])<<8|int(raw[4]))):]
	}
	return true
}
