package terminal

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a terminal that may accept no output.
type fake struct {
	mu      sync.Mutex
	written bytes.Buffer
	columns int
	ready   bool
	stuck   chan struct{} // not nil: writes wait for it
	err     error
}

func (f *fake) Size() (columns, rows int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.columns, 24
}

func (f *fake) Ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ready
}

func (*fake) Prepare() (restore func(), ok bool) { return func() {}, true }

func (f *fake) Write(text []byte) (int, error) {
	f.mu.Lock()
	stuck, err := f.stuck, f.err
	f.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written.Write(text)
	return len(text), err
}

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// text returns what was written since the last time.
func (f *fake) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.written.Reset()
	return f.written.String()
}

// rows is a status that does not change.
type rows []string

func (r rows) Rows(int) []string { return r }
func (r rows) Line() string      { return strings.Join(r, " ") }

func onFake() (*fake, *Stream, *Stream) {
	f := &fake{columns: 80, ready: true}
	common := &shared{}
	return f, &Stream{w: f, device: f, shared: common}, &Stream{w: f, device: f, shared: common}
}

const (
	drawnA   = "\r\x1b[?7la\x1b[K\x1b[J\r\x1b[?7h"
	drawnAB  = "\r\x1b[?7la\x1b[K\r\nb\x1b[K\x1b[J\x1b[1A\r\x1b[?7h"
	takenOff = "\r\x1b[J"
)

func TestTheRowsAreDrawnAboveThemTheTextAndTakenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, stderr := onFake()
		d := stderr.Show(rows{"a", "b"}, true)
		expect := func(what, want string) {
			t.Helper()
			synctest.Wait()
			if got := f.text(); got != want {
				t.Errorf("%s: wrote %q, not %q", what, got, want)
			}
		}
		time.Sleep(quickly - time.Millisecond)
		expect("a command that is quick", "")
		time.Sleep(drawEvery)
		expect("one that is not", drawnAB)
		time.Sleep(5 * drawEvery)
		expect("what has not changed", "")
		_, _ = stderr.Write([]byte("a warning\nand the beginning of"))
		time.Sleep(drawEvery)
		expect("a text", takenOff+"a warning\n"+drawnAB)
		time.Sleep(refreshEvery + drawEvery)
		expect("after a second, as something else may have written", drawnAB)
		d.Close()
		d.Close()
		expect("the end", takenOff+"and the beginning of")
		_, _ = stderr.Write([]byte("the result\n"))
		expect("after it", "the result\n")
	})
}

func TestATerminalThatAcceptsNoOutputDelaysNoWorkAndIsCleanAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, stdout, stderr := onFake()
		d := stderr.Show(rows{"a"}, true)
		time.Sleep(quickly + drawEvery)
		synctest.Wait()
		if got := f.text(); got != drawnA {
			t.Fatalf("wrote %q to the terminal, want only the first frame", got)
		}
		f.set(func() { f.ready = false })
		begun := time.Now()
		_, _ = stderr.Write([]byte("a warning\n"))
		time.Sleep(time.Hour)
		if lasted := time.Since(begun); lasted != time.Hour {
			t.Errorf("a text was waited for: %v", lasted-time.Hour)
		}
		begun = time.Now()
		d.Close()
		if lasted := time.Since(begun); lasted < grace || lasted > grace+stuck {
			t.Errorf("Close took %v", lasted)
		}
		if got := f.text(); got != "" {
			t.Errorf("wrote %q to a terminal that accepts nothing", got)
		}
		_, _ = stdout.Write([]byte("the result\n"))
		if got, want := f.text(), takenOff+"a warning\nthe result\n"; got != want {
			t.Errorf("wrote %q, not %q", got, want)
		}
	})
}

func TestAWriteThatDoesNotReturnIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, stderr := onFake()
		f.stuck = make(chan struct{})
		d := stderr.Show(rows{"a"}, true)
		time.Sleep(quickly + drawEvery)
		begun := time.Now()
		d.Close()
		if lasted := time.Since(begun); lasted != grace+stuck {
			t.Errorf("Close took %v", lasted)
		}
		close(f.stuck)
		time.Sleep(time.Minute)
		f.set(func() { f.stuck = nil })
		_, _ = stderr.Write([]byte("the result\n"))
		if got, want := f.text(), drawnA+takenOff+"the result\n"; got != want {
			t.Errorf("wrote %q, not %q", got, want)
		}
	})
}

func TestATerminalThatHasGoneAwayIsNotWrittenToAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, stderr := onFake()
		f.err = errors.New("input/output error")
		d := stderr.Show(rows{"a"}, true)
		time.Sleep(time.Minute)
		d.Close()
		if got := f.text(); got != drawnA {
			t.Errorf("wrote %q to the terminal, want only the first frame", got)
		}
	})
}

func TestTextForASuspendedTerminalIsBoundedAndTheLossIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, stderr := onFake()
		f.ready = false
		d := stderr.Show(rows{"a"}, true)
		line := strings.Repeat("x", 1023) + "\n"
		for range maxQueue/len(line) + 3 {
			_, _ = stderr.Write([]byte(line))
		}
		f.set(func() { f.ready = true })
		time.Sleep(drawEvery)
		d.Close()
		got := f.text()
		if n := strings.Count(got, line); n != maxQueue/len(line) || !strings.Contains(got, "(3072 bytes of messages were dropped") {
			t.Errorf("%d lines, and at the end %q", n, got[max(0, len(got)-200):])
		}
	})
}

func TestWithoutATerminalLinesAreWrittenAndTextIsNotDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		_, stderr := NewStreams(f, f)
		d := stderr.Show(rows{"a", "b"}, true)
		_, _ = stderr.Write([]byte("text "))
		time.Sleep(2*time.Second + time.Millisecond)
		d.Close()
		time.Sleep(time.Minute)
		if got := f.text(); got != "text a b\na b\n" {
			t.Errorf("wrote %q, want the text at once and the line after it", got)
		}
	})
}

func TestAPipeThatNobodyReadsDoesNotKeepTheEndAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{stuck: make(chan struct{})}
		_, stderr := NewStreams(f, f)
		d := stderr.Show(rows{"a"}, false)
		time.Sleep(time.Minute)
		begun := time.Now()
		d.Close()
		if lasted := time.Since(begun); lasted != grace+stuck {
			t.Errorf("Close took %v", lasted)
		}
		close(f.stuck)
	})
}

func TestMoreRowsThanTheWindowHasAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, stderr := onFake()
		d := stderr.Show(rows(slices.Repeat([]string{"row"}, 100)), true)
		time.Sleep(quickly + drawEvery)
		synctest.Wait()
		if n := strings.Count(f.text(), "row"); n != 23 {
			t.Errorf("%d rows in a window of 24", n)
		}
		d.Close()
	})
}
