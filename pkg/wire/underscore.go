package wire

// Disguised says whether a field name with "_" is one that the proxy handles itself, or that tells who the client
// is, once "_" is read as "-". Many a program makes one name of both (RFC 3875 section 4.1.18), so that such a field
// of a client would pass for the proxy's word, wherever names with "_" are let through.
func Disguised(name []byte) bool {
	// Longer names are none of ours, but for the prefix of X-Forwarded.
	var dashed [32]byte
	n := copy(dashed[:], name)
	for i, c := range dashed[:n] {
		if c == '_' {
			dashed[i] = '-'
		}
	}
	f := Field{Name: dashed[:n]}
	if n == len(name) {
		f.Known = Lookup(f.Name)
	}
	return f.Known != Other || ForgesTrailer(f)
}
