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

// Reset empties the header and keeps its memory.
func (h *Header) Reset() {
	h.fields = h.fields[:0]
	h.arena = h.arena[:0]
}

// AppendAlias adds a line without copying: name and value must live as long as
// the message. Codecs use it for what they have parsed.
func (h *Header) AppendAlias(f Field) { h.fields = append(h.fields, f) }

// Add adds a line behind the others; the bytes are copied into the header's arena.
func (h *Header) Add(name string, value []byte) {
	h.fields = append(h.fields, Field{Name: h.keep([]byte(name)), Value: h.keep(value), Known: Lookup([]byte(name))})
}

// Set replaces all lines of that name by one.
func (h *Header) Set(name string, value []byte) {
	h.Del(name)
	h.Add(name, value)
}

// Get returns the value of the first line of that name, nil where there is none.
func (h *Header) Get(name string) []byte {
	if i := h.index(name, 0); i >= 0 {
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
func (h *Header) Has(name string) bool { return h.index(name, 0) >= 0 }

// Del removes all lines of that name.
func (h *Header) Del(name string) {
	kept := h.fields[:0]
	for _, f := range h.fields {
		if !EqualName(f.Name, name) {
			kept = append(kept, f)
		}
	}
	h.fields = kept
}

// DelKnown is Del for a well-known name.
func (h *Header) DelKnown(k Known) {
	kept := h.fields[:0]
	for _, f := range h.fields {
		if f.Known != k {
			kept = append(kept, f)
		}
	}
	h.fields = kept
}

func (h *Header) index(name string, from int) int {
	for i := from; i < len(h.fields); i++ {
		if EqualName(h.fields[i].Name, name) {
			return i
		}
	}
	return -1
}

// keep copies b into the arena. Growing the arena leaves earlier slices on the
// old array, which stays alive as long as they do.
func (h *Header) keep(b []byte) []byte {
	n := len(h.arena)
	h.arena = append(h.arena, b...)
	return h.arena[n:len(h.arena):len(h.arena)]
}

// EqualName compares field names without regard to ASCII case.
func EqualName(a []byte, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
