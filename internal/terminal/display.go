package terminal

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qlsync/qlsync/internal/guard"
)

const (
	// drawEvery is the interval of redrawing on a terminal, and lineEvery the interval of asking a
	// status for a line elsewhere.
	drawEvery = 100 * time.Millisecond
	lineEvery = time.Second
	// quickly is how long a command may work before anything is drawn.
	quickly = 500 * time.Millisecond
	// refreshEvery is when unchanged rows are drawn again, because other output may have overwritten
	// them.
	refreshEvery = time.Second
	// grace is how long the closing of a display waits for a terminal that accepts no output, and stuck
	// is added if a write does not return.
	grace, stuck = time.Second, 200 * time.Millisecond
	// defaultColumns is the width of a terminal whose width is unknown.
	defaultColumns = 80
	// maxQueue bounds the text that waits for a suspended terminal, in bytes.
	maxQueue = 256 << 10
)

// The escape sequences of ECMA-48 and DEC that every terminal emulator knows.
const (
	toStart   = "\r"
	clearDown = "\x1b[J"
	clearRest = "\x1b[K"
	wrapOff   = "\x1b[?7l"
	wrapOn    = "\x1b[?7h"
)

// Status is the content of a display. Its methods are called from one goroutine.
type Status interface {
	// Rows returns the rows for a terminal of that many columns, none of them wider.
	Rows(columns int) []string
	// Line returns a line for an output that is not a terminal, or "" if none is due. It is called
	// every second.
	Line() string
}

// Display shows a status until it is closed: rows that are redrawn on a terminal, or occasional
// lines elsewhere.
type Display struct {
	stream  *Stream
	status  Status
	queue   queue
	closing chan struct{}
	done    chan struct{}
	once    sync.Once

	mu        sync.Mutex // never held during a write
	abandoned bool       // nothing more may be written
}

// Show starts to show a status. draw allows rows if the stream is a terminal. At most one display
// is shown at a time.
func (s *Stream) Show(status Status, draw bool) *Display {
	d := &Display{stream: s, status: status, closing: make(chan struct{}), done: make(chan struct{})}
	if draw && s.device != nil {
		if restore, ok := s.device.Prepare(); ok {
			s.shared.mu.Lock()
			s.shared.display = d
			s.shared.mu.Unlock()
			guard.Go(func() { d.draw(restore) })
			return d
		}
	}
	guard.Go(d.speak)
	return d
}

// Close removes the rows and writes the queued text. If the terminal accepts no output, Close
// returns after about a second, and the next write to the terminal writes the rest. Close may be
// called more than once.
func (d *Display) Close() { d.once.Do(d.close) }

func (d *Display) close() {
	close(d.closing)
	timer := time.NewTimer(grace + stuck)
	defer timer.Stop()
	select {
	case <-d.done:
	case <-timer.C:
	}
	d.mu.Lock()
	d.abandoned = true
	d.mu.Unlock()
	if rest := d.leave(); len(rest) > 0 {
		_, _ = d.stream.write(rest)
	}
}

// leave lets writes bypass the display, and returns the text that came too late for it. A terminal
// that accepts no output gets the text with the next write.
func (d *Display) leave() []byte {
	common := d.stream.shared
	common.mu.Lock()
	defer common.mu.Unlock()
	if common.display != d {
		return nil
	}
	common.display = nil
	rest := d.queue.take(true)
	if d.isDone() {
		return rest
	}
	common.leftover = slices.Concat([]byte(toStart+clearDown), rest)
	return nil
}

func (d *Display) isDone() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// mayWrite reports whether the display has not been abandoned.
func (d *Display) mayWrite() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.abandoned
}

// speak writes lines.
func (d *Display) speak() {
	defer close(d.done)
	ticker := time.NewTicker(lineEvery)
	defer ticker.Stop()
	for {
		select {
		case <-d.closing:
			return
		case <-ticker.C:
		}
		line := d.status.Line()
		if line == "" {
			continue
		}
		if _, err := d.stream.write([]byte(line + "\n")); err != nil || !d.mayWrite() {
			return
		}
	}
}

// draw redraws the rows.
func (d *Display) draw(restore func()) {
	ticker := time.NewTicker(drawEvery)
	defer ticker.Stop()
	s := screen{stream: d.stream, begun: time.Now()}
	for {
		select {
		case <-d.closing:
			if d.clear(&s) {
				restore()
				close(d.done)
			}
			return
		case <-ticker.C:
		}
		if !d.stream.device.Ready() {
			continue
		}
		text := d.queue.take(false)
		s.show(text, d.rows(&s))
		if !d.mayWrite() {
			return
		}
	}
}

// rows returns the rows to draw now.
func (d *Display) rows(s *screen) []string {
	if time.Since(s.begun) < quickly {
		return nil
	}
	columns, height := d.stream.device.Size()
	if columns <= 0 {
		columns = defaultColumns
	}
	rows := d.status.Rows(columns)
	if height > 1 && len(rows) > height-1 {
		rows = rows[:height-1]
	}
	return rows
}

// clear removes the rows as soon as the terminal accepts output. It reports whether the terminal
// did in time.
func (d *Display) clear(s *screen) bool {
	for end := time.Now().Add(grace); !d.stream.device.Ready(); time.Sleep(drawEvery / 4) {
		if s.isEmpty() && d.queue.isEmpty() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
	if !d.mayWrite() {
		return false
	}
	s.show(d.queue.take(true), nil)
	return true
}

// screen is what the goroutine of a display knows of the terminal.
//
// Between two writes the cursor is at the start of the first row. Therefore clearing from the
// cursor down removes all rows, even if a resized window has wrapped them, and other output does
// not begin at the end of a row. Rows are drawn with wrapping off: a window that has become
// narrower truncates a row and does not wrap it.
type screen struct {
	stream *Stream
	begun  time.Time
	rows   []string
	at     time.Time // when the rows were drawn
	broken bool      // the terminal is gone
}

func (s *screen) isEmpty() bool { return len(s.rows) == 0 }

// show writes text above the rows, and redraws the rows if they have changed.
func (s *screen) show(text []byte, rows []string) {
	same := slices.Equal(rows, s.rows) && (len(rows) == 0 || time.Since(s.at) < refreshEvery)
	if len(text) == 0 && same || s.broken {
		return
	}
	var frame strings.Builder
	if len(text) > 0 || len(rows) == 0 {
		if !s.isEmpty() {
			frame.WriteString(toStart + clearDown)
		}
		frame.Write(text)
	}
	if len(rows) > 0 {
		frame.WriteString(toStart + wrapOff)
		for i, row := range rows {
			if i > 0 {
				frame.WriteString("\r\n")
			}
			frame.WriteString(row + clearRest)
		}
		frame.WriteString(clearDown)
		if len(rows) > 1 {
			fmt.Fprintf(&frame, "\x1b[%dA", len(rows)-1)
		}
		frame.WriteString(toStart + wrapOn)
	}
	_, err := s.stream.write([]byte(frame.String()))
	s.broken = err != nil
	s.rows, s.at = rows, time.Now()
}

// queue is text that waits to be written.
type queue struct {
	mu   sync.Mutex
	text []byte
	lost int // bytes
}

// add appends text. Text beyond the bound is dropped and counted.
func (q *queue) add(text []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.text)+len(text) > maxQueue || q.lost > 0 {
		q.lost += len(text)
		return
	}
	q.text = append(q.text, text...)
}

func (q *queue) isEmpty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.text) == 0
}

// take removes and returns the complete lines, or all of the text.
func (q *queue) take(all bool) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	end := bytes.LastIndexByte(q.text, '\n') + 1
	if all {
		end = len(q.text)
	}
	taken := bytes.Clone(q.text[:end])
	q.text = slices.Delete(q.text, 0, end)
	if q.lost > 0 {
		taken = fmt.Appendf(taken, "(%d bytes of messages were dropped while the terminal accepted no output)\n", q.lost)
		q.lost = 0
	}
	return taken
}
