package resolve

// Memo keeps what was parsed in earlier translations, by its content, as parsing
// thousands of private keys takes seconds. One goroutine at a time may use it.
type Memo struct {
	// now are the certificates that the running translation has used; before
	// are those of the one before it, which are dropped after it.
	now, before map[fingerprint]*certificate
}

// NewMemo returns an empty memo.
func NewMemo() *Memo { return &Memo{} }

// turn begins a translation.
func (m *Memo) turn() {
	m.before, m.now = m.now, make(map[fingerprint]*certificate, len(m.now))
}
