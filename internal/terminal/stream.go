// Package terminal writes the output of a running command for people: text, and below the text a
// few status rows that are redrawn in place.
//
// Workers never wait for the terminal. While a [Display] is shown, one goroutine owns the terminal:
// other goroutines only append to its queue, and the goroutine writes only while the terminal
// accepts output. Suspended output (Ctrl-S, a dead remote session, a process in the background)
// therefore delays no work. No lock is held while the goroutine composes a status or writes.
package terminal

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// Stream is an output of the process: standard output or standard error. It may be
// used concurrently.
type Stream struct {
	w      io.Writer
	device device // nil: not a terminal
	shared *shared
	// direct serializes writes that bypass a display.
	direct sync.Mutex
}

// shared is the common state of the streams of a process, which may be one terminal.
type shared struct {
	mu      sync.Mutex // never held during a write
	display *Display   // on a terminal; nil: none
	// leftover is the text that a closed display has not written, because the terminal accepted no
	// output. The next write to the terminal begins with it.
	leftover []byte
}

// device is a terminal.
type device interface {
	// Size returns columns and rows; 0: unknown.
	Size() (columns, rows int)
	// Ready reports whether the status may be drawn now: the terminal accepts output, and the process
	// is not in the background.
	Ready() bool
	// Prepare makes the terminal interpret escape sequences and reports whether it does. restore
	// reverts that.
	Prepare() (restore func(), ok bool)
}

// NewStreams returns streams for standard output and standard error, which may be terminals.
func NewStreams(stdout, stderr io.Writer) (out, err *Stream) {
	common := &shared{}
	return newStream(stdout, common), newStream(stderr, common)
}

func newStream(w io.Writer, common *shared) *Stream {
	s := &Stream{w: w, shared: common}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		s.device = tty{file}
	}
	return s
}

// IsTerminal reports whether the stream is a terminal.
func (s *Stream) IsTerminal() bool { return s.device != nil }

// Columns returns the width of the terminal; 0 if it is unknown, or if the stream is not a terminal.
func (s *Stream) Columns() int {
	if s.device == nil {
		return 0
	}
	columns, _ := s.device.Size()
	return columns
}

// File returns the file to which the stream writes, or nil if there is none.
func (s *Stream) File() *os.File {
	file, _ := s.w.(*os.File)
	return file
}

// Colours reports whether the stream interprets escape sequences of colours: a terminal does; on
// Windows each stream must be switched on first.
func (s *Stream) Colours() bool {
	if s.device == nil {
		return false
	}
	_, ok := s.device.Prepare()
	return ok
}

// Write writes text. While a display is shown on the terminal, the text is queued and written above
// the status rows, and the error is nil.
func (s *Stream) Write(text []byte) (int, error) {
	if s.device == nil {
		return s.write(text)
	}
	s.shared.mu.Lock()
	if s.shared.display != nil {
		s.shared.display.queue.add(text)
		s.shared.mu.Unlock()
		return len(text), nil
	}
	leftover := s.shared.leftover
	s.shared.leftover = nil
	s.shared.mu.Unlock()
	if len(leftover) > 0 {
		if _, err := s.write(leftover); err != nil {
			return 0, err
		}
	}
	return s.write(text)
}

func (s *Stream) write(text []byte) (int, error) {
	s.direct.Lock()
	defer s.direct.Unlock()
	return s.w.Write(text)
}

// tty is a terminal that is a file.
type tty struct{ file *os.File }

func (t tty) Size() (columns, rows int) {
	columns, rows, err := term.GetSize(int(t.file.Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, rows
}
