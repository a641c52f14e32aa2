package proxy

import "math/rand/v2"

// requestIDLength is the length of an ID that we make.
const requestIDLength = 32

const hexDigits = "0123456789abcdef"

// makeRequestID fills id with 128 random bits. The generator is the runtime's
// ChaCha8, seeded by the system: an ID can be neither guessed nor repeated.
func makeRequestID(id *[requestIDLength]byte) {
	for half := range 2 {
		bits := rand.Uint64()
		for i := range requestIDLength / 2 {
			id[half*requestIDLength/2+i] = hexDigits[bits&15]
			bits >>= 4
		}
	}
}

// validRequestID says whether an ID from outside may stand in headers and logs as it is.
func validRequestID(id []byte) bool {
	if len(id) == 0 || len(id) > 128 {
		return false
	}
	for _, c := range id {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '_', c == '~', c == '+', c == '/', c == '=', c == ':':
		default:
			return false
		}
	}
	return true
}
