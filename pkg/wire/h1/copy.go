package h1

import (
	"errors"
	"io"
)

// spliceMin is the number of bytes from which on a body is worth the set-up of
// a pipe in the kernel, spliceLeast how many of them must have come; splicePart
// is how much goes between two calls of before.
const (
	spliceMin   = 64 << 10
	spliceLeast = 16 << 10
	splicePart  = 256 << 10
	copySize    = 32 << 10
)

// CopyBody copies what is left of the body that src reads to dst, whose head
// has been written, and flushes dst whenever src has nothing more at hand.
// before, if not nil, is called ahead of each read that may block, to renew
// deadlines. n is the number of bytes of content. At most one of the errors is
// set: readErr says that src failed, writeErr that dst did. FinishBody, with src's trailer, is left to the
// caller, so that it can share the last write.
//
// Large bodies with Content-Length go from socket to socket in the kernel where
// both sides are TCP in clear text: only what has come already, so that a slow
// src renews deadlines with each part, and a failure in there is dst's.
func CopyBody(dst, src *Conn, before func()) (n int64, readErr, writeErr error) {
	var buf *buffer
	defer func() { putBuffer(buf) }()
	for !src.BodyDone() {
		if src.BodyBuffered() == 0 {
			if writeErr = dst.Flush(); writeErr != nil {
				return n, nil, writeErr
			}
			if before != nil {
				before()
			}
			m, readErr, err := splice(dst, src)
			if n += m; readErr != nil || err != nil {
				return n, readErr, err
			}
			if m > 0 {
				continue
			}
		} else if p := src.body.take(); p != nil {
			n += int64(len(p))
			if writeErr = dst.WriteBody(p); writeErr != nil {
				return n, nil, writeErr
			}
			continue
		}
		if buf == nil {
			buf = getBuffer(copySize)
		}
		m, err := src.body.Read(buf.b)
		n += int64(m)
		if writeErr = dst.WriteBody(buf.b[:m]); writeErr != nil {
			return n, nil, writeErr
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return n, err, nil
		}
	}
	return n, nil, nil
}

// take consumes what is buffered of a body without chunks, without copying it;
// nil where there is none.
func (b *body) take() []byte {
	if b.kind == bodyChunked || b.err != nil {
		return nil
	}
	p := b.c.in.unread()[:b.c.BodyBuffered()]
	b.c.in.r += len(p)
	if b.kind == bodyLength {
		b.advance(int64(len(p)))
	}
	return p
}

// splice waits for src and moves a part of a large body from socket to socket
// in the kernel. 0 bytes without error mean that it cannot, or that it is not worth it: read it
// the ordinary way.
func splice(dst, src *Conn) (n int64, readErr, writeErr error) {
	b, o := &src.body, &dst.out
	if dst.tcp == nil || src.tcp == nil || b.kind != bodyLength || b.left < spliceMin || b.err != nil {
		return 0, nil, nil
	}
	if o.err != nil || o.drop || o.kind != bodyClose && (o.kind != bodyLength || o.left < b.left) {
		return 0, nil, nil
	}
	ready, err := src.in.ready()
	if err != nil {
		b.err = src.fail(err)
		return 0, b.err, nil
	}
	if ready < spliceLeast {
		return 0, nil, nil
	}
	n, err = dst.tcp.ReadFrom(&io.LimitedReader{R: src.tcp, N: min(b.left, int64(ready), splicePart)})
	b.advance(n)
	if o.kind == bodyLength {
		o.left -= n
	}
	if err != nil {
		o.err = err
		src.broken = true
	}
	return n, nil, err
}
