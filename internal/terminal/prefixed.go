package terminal

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// Prefixed writes complete lines, each with a prefix. Several of them may share a writer and its
// lock.
type Prefixed struct {
	mu     *sync.Mutex
	w      io.Writer
	prefix string
	rest   []byte
}

// NewPrefixed returns a Prefixed. mu is the lock of the writer.
func NewPrefixed(w io.Writer, mu *sync.Mutex, prefix string) *Prefixed {
	return &Prefixed{mu: mu, w: w, prefix: prefix}
}

// Write writes the complete lines, and keeps the rest.
func (p *Prefixed) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, text...)
	for {
		line, rest, whole := bytes.Cut(p.rest, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		if _, err := fmt.Fprintf(p.w, "%s%s\n", p.prefix, line); err != nil {
			return 0, err
		}
		p.rest = rest
	}
}

// Flush ends an incomplete line. An abandoned request may still
// be writing at the same time.
func (p *Prefixed) Flush() {
	if p == nil {
		return
	}
	p.mu.Lock()
	begun := len(p.rest) > 0
	p.mu.Unlock()
	if begun {
		_, _ = p.Write([]byte("\n"))
	}
}
