package ir

import "slices"

// managed are the header fields that belong to one connection or to the framing
// of one message (RFC 9110 sections 7.6.1 and 8.6). Codecs take them out of the
// header and write their own.
var managed = []string{
	"connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-connection", "te",
	"trailer", "transfer-encoding", "upgrade",
}

// ManagedHeader says whether a header field, in lower case, is one that no
// condition sees and no filter may write.
func ManagedHeader(name string) bool { return slices.Contains(managed, name) }
