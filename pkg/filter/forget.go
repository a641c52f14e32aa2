package filter

import "github.com/sluice-dev/sluice/pkg/wire"

// Forget removes the lines of a name that endpoints could take for those of a filter: "_"
// counts as "-", as many programs turn both into one.
func Forget(h *wire.Header, name string) {
	for i := 0; i < h.Len(); i++ {
		if field := h.Fields()[i].Name; looksLike(field, name) {
			h.DelBytes(field)
			i = -1
		}
	}
}

func looksLike(field []byte, name string) bool {
	if len(field) != len(name) {
		return false
	}
	for i := range len(name) {
		if fold(field[i]) != fold(name[i]) {
			return false
		}
	}
	return true
}

func fold(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c + 'a' - 'A'
	case c == '_':
		return '-'
	}
	return c
}
