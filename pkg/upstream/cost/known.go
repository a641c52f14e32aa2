package cost

import "sync"

// maxKnown bounds the programs that are kept.
const maxKnown = 256

// known are programs by their text: each translation and each table asks for the same ones again.
var known struct {
	mu       sync.Mutex
	programs map[string]*compiled
}

type compiled struct {
	program *Program
	err     error
}

// Compile makes a program of an expression whose value is a number. The error says what the
// expression is or does, as the rest of a sentence. Programs are shared.
func Compile(text string) (*Program, error) {
	known.mu.Lock()
	defer known.mu.Unlock()
	c := known.programs[text]
	if c == nil {
		c = new(compiled)
		c.program, c.err = compile(text)
		if known.programs == nil || len(known.programs) >= maxKnown {
			known.programs = make(map[string]*compiled)
		}
		known.programs[text] = c
	}
	return c.program, c.err
}
