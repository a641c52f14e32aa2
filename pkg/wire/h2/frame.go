package h2

import "encoding/binary"

// Frames are read and written here, not with x/net's Framer: that allocates for
// each of them, and a frame is nine bytes and a payload.

// frameType is a type of frames (RFC 9113 section 6).
type frameType uint8

const (
	frameData frameType = iota
	frameHeaders
	framePriority
	frameRSTStream
	frameSettings
	framePushPromise
	framePing
	frameGoAway
	frameWindowUpdate
	frameContinuation
)

// Flags of frames; which of them mean something depends on the type.
const (
	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

const (
	// preface is what a client begins with (RFC 9113 section 3.4).
	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

	frameHeaderSize = 9
	// maxFrame is the largest payload that we accept and send: what the protocol begins with.
	maxFrame = 16384
	// initialWindow is the size that windows begin with.
	initialWindow = 65535
	maxWindow     = 1<<31 - 1
	maxStreamID   = 1<<31 - 1
)

// Preface is what the bytes of a client that speaks HTTP/2 by prior knowledge begin with.
const Preface = preface

// Settings (RFC 9113 section 6.5.2).
const (
	settingHeaderTableSize      = 1
	settingEnablePush           = 2
	settingMaxConcurrentStreams = 3
	settingInitialWindowSize    = 4
	settingMaxFrameSize         = 5
	settingMaxHeaderListSize    = 6
	// settingEnableConnectProtocol is of RFC 8441 section 3.
	settingEnableConnectProtocol = 8
)

// frame is a frame that was read; payload aliases the read buffer.
type frame struct {
	kind    frameType
	flags   uint8
	id      uint32
	payload []byte
}

func (f *frame) has(flag uint8) bool { return f.flags&flag != 0 }

// unpad takes the padding off; false means that there is more of it than payload.
func (f *frame) unpad() bool {
	if !f.has(flagPadded) {
		return true
	}
	if len(f.payload) == 0 || int(f.payload[0]) >= len(f.payload) {
		return false
	}
	f.payload = f.payload[1 : len(f.payload)-int(f.payload[0])]
	return true
}

// appendFrameHeader appends the nine bytes that begin a frame.
func appendFrameHeader(b []byte, length int, kind frameType, flags uint8, id uint32) []byte {
	return append(b, byte(length>>16), byte(length>>8), byte(length), byte(kind), flags,
		byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
}

// putFrameHeader writes them into room left for them.
func putFrameHeader(b []byte, length int, kind frameType, flags uint8, id uint32) {
	appendFrameHeader(b[:0], length, kind, flags, id)
}

func appendRSTStream(b []byte, id uint32, code Code) []byte {
	b = appendFrameHeader(b, 4, frameRSTStream, 0, id)
	return binary.BigEndian.AppendUint32(b, uint32(code))
}

func appendWindowUpdate(b []byte, id uint32, n int) []byte {
	b = appendFrameHeader(b, 4, frameWindowUpdate, 0, id)
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

func appendGoAway(b []byte, last uint32, code Code) []byte {
	b = appendFrameHeader(b, 8, frameGoAway, 0, 0)
	b = binary.BigEndian.AppendUint32(b, last)
	return binary.BigEndian.AppendUint32(b, uint32(code))
}

func appendPing(b []byte, flags uint8, data []byte) []byte {
	b = appendFrameHeader(b, 8, framePing, flags, 0)
	return append(b, data...)
}

func appendSetting(b []byte, id uint16, value int) []byte {
	b = binary.BigEndian.AppendUint16(b, id)
	return binary.BigEndian.AppendUint32(b, uint32(value))
}
