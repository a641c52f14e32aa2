package wire

// Field is one field line. Name is as received; two names are equal without
// regard to case (RFC 9110 section 5.1).
type Field struct {
	Name, Value []byte
	// Known is the well-known name that Name is, or 0; it spares comparing bytes.
	Known Known
}

// Header is an ordered list of field lines. The zero value is empty and ready.
// It is small (some ten lines), so a scan beats a map.
type Header struct {
	fields []Field
	arena  []byte
}

// Len returns the number of field lines.
func (h *Header) Len() int { return len(h.fields) }

// Fields returns the lines; the slice is valid until the next change.
func (h *Header) Fields() []Field { return h.fields }

// Reset empties the header and keeps its memory. Everything that Get and Fields
// returned becomes invalid.
func (h *Header) Reset() {
	clear(h.fields) // Let go of the buffers that the lines alias.
	h.fields = h.fields[:0]
	h.arena = h.arena[:0]
}

// AppendAlias adds a line without copying: name and value must live as long as
// the message. Codecs use it for what they have parsed.
func (h *Header) AppendAlias(f Field) { h.fields = append(h.fields, f) }

// Add adds a line behind the others; the bytes are copied into the header's arena.
func (h *Header) Add(name string, value []byte) {
	known := lookup(name)
	var kept []byte
	if known != Other && name == knownNames[known] {
		kept = knownBytes[known]
	} else {
		kept = keep(h, name)
	}
	h.fields = append(h.fields, Field{Name: kept, Value: keep(h, value), Known: known})
}

// AddKnown is Add for a well-known name, in its usual spelling.
func (h *Header) AddKnown(k Known, value []byte) {
	h.fields = append(h.fields, Field{Name: knownBytes[k], Value: keep(h, value), Known: k})
}

// SetKnown is Set for a well-known name.
func (h *Header) SetKnown(k Known, value []byte) {
	kept := keep(h, value) // Of a line that goes, value would be gone too.
	h.DelKnown(k)
	h.fields = append(h.fields, Field{Name: knownBytes[k], Value: kept, Known: k})
}

// CopyFrom makes h hold copies of the lines of src, in its own memory, so that
// they outlive the buffers that src aliases.
func (h *Header) CopyFrom(src *Header) {
	h.Reset()
	for _, f := range src.fields {
		h.fields = append(h.fields, Field{Name: keep(h, f.Name), Value: keep(h, f.Value), Known: f.Known})
	}
}

// Set replaces all lines of that name by one.
func (h *Header) Set(name string, value []byte) {
	h.Del(name)
	h.Add(name, value) // The bytes of deleted lines stay where they are, so value may be one of theirs.
}

// Get returns the value of the first line of that name, nil where there is none.
func (h *Header) Get(name string) []byte {
	if i := h.index(name); i >= 0 {
		return h.fields[i].Value
	}
	return nil
}

// GetKnown is Get for a well-known name.
func (h *Header) GetKnown(k Known) []byte {
	for i := range h.fields {
		if h.fields[i].Known == k {
			return h.fields[i].Value
		}
	}
	return nil
}

// Has says whether a line of that name is there.
func (h *Header) Has(name string) bool { return h.index(name) >= 0 }

// Del removes all lines of that name.
func (h *Header) Del(name string) {
	first := h.index(name)
	if first < 0 {
		return
	}
	kept := h.fields[:first]
	for _, f := range h.fields[first+1:] {
		if !EqualName(f.Name, name) {
			kept = append(kept, f)
		}
	}
	h.truncate(len(kept))
}

// DelBytes is Del for a name in bytes.
func (h *Header) DelBytes(name []byte) {
	kept := h.fields[:0]
	for i := range h.fields {
		if !equalFold(h.fields[i].Name, name) {
			kept = append(kept, h.fields[i])
		}
	}
	h.truncate(len(kept))
}

// DelKnown is Del for a well-known name.
func (h *Header) DelKnown(k Known) {
	kept := h.fields[:0]
	for i := range h.fields {
		if h.fields[i].Known == k {
			continue
		}
		if len(kept) < i {
			kept = append(kept, h.fields[i])
		} else {
			kept = h.fields[:i+1]
		}
	}
	h.truncate(len(kept))
}

// DelFunc removes the lines of which drop says so.
func (h *Header) DelFunc(drop func(f *Field) bool) {
	n := 0
	for n < len(h.fields) && !drop(&h.fields[n]) {
		n++
	}
	if n == len(h.fields) {
		return
	}
	kept := h.fields[:n]
	for i := n + 1; i < len(h.fields); i++ {
		if !drop(&h.fields[i]) {
			kept = append(kept, h.fields[i])
		}
	}
	h.truncate(len(kept))
}

// truncate drops the lines from n on and lets go of what they alias.
func (h *Header) truncate(n int) {
	clear(h.fields[n:])
	h.fields = h.fields[:n]
}

func (h *Header) index(name string) int {
	for i := range h.fields {
		if EqualName(h.fields[i].Name, name) {
			return i
		}
	}
	return -1
}

// keep copies b into the arena of h. Growing the arena leaves earlier slices on
// the old array, which stays alive as long as they do.
func keep[T string | []byte](h *Header, b T) []byte {
	n := len(h.arena)
	h.arena = append(h.arena, b...)
	return h.arena[n:len(h.arena):len(h.arena)]
}

// EqualName compares field names without regard to ASCII case.
func EqualName(a []byte, b string) bool { return equalFold(a, b) }

// EqualFold compares two names, such as hosts, without regard to ASCII case.
func EqualFold(a, b []byte) bool { return equalFold(a, b) }

func equalFold[A, B string | []byte](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if x, y := a[i], b[i]; x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}
