package report

import (
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/qlsync/qlsync/pkg/apply"
)

const (
	// plainEvery is how often a progress line is written where there is no terminal,
	// as long as something happens.
	plainEvery = 5 * time.Second
	// quietAtMost is how long there is none while nothing does.
	quietAtMost = 30 * time.Second
	// barWidth is that of a bar, in cells.
	barWidth = 30
)

// Progress shows how far a reading or an apply is: a bar on a terminal, a plain line
// every few seconds elsewhere. Its methods may be called concurrently.
type Progress struct {
	w     io.Writer
	words progressWords
	left  func(calls int) time.Duration // may be nil

	mu     sync.Mutex
	now    state
	total  int
	closed bool
	bars   *mpb.Progress // nil without a terminal
	bar    *mpb.Bar
	ending chan struct{} // without a terminal
	ended  chan struct{}
}

// progressWords are what is said of it.
type progressWords struct{ doing, unit, calls string }

// state is what changes.
type state struct{ done, failed, calls int }

// NewProgress begins to show the progress of that many steps. Left tells how long the
// rate limit makes so many more write calls wait; it may be nil.
func NewProgress(w io.Writer, terminal bool, steps int, left func(calls int) time.Duration) *Progress {
	p := &Progress{w: w, words: progressWords{"applying", "steps", "write"}, left: left}
	p.begin(terminal, steps)
	return p
}

// NewReading begins to show how many connections have been read, as soon as it is
// known how many there are; see [Progress.Read]. Left is about read calls.
func NewReading(w io.Writer, terminal bool, connections int, left func(calls int) time.Duration) *Progress {
	p := &Progress{w: w, words: progressWords{"reading", "connections", "read"}, left: left}
	p.begin(terminal, connections)
	return p
}

func (p *Progress) begin(terminal bool, total int) {
	p.total = total
	switch {
	case total == 0:
	case terminal:
		p.bars = mpb.New(mpb.WithOutput(p.w), mpb.WithAutoRefresh())
		p.bar = p.bars.AddBar(int64(total),
			mpb.BarWidth(barWidth), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(p.words.doing+" "), decor.CountersNoUnit("%d of %d "+p.words.unit)),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return p.rest(" ", p.state()) })),
		)
	default:
		p.ending, p.ended = make(chan struct{}), make(chan struct{})
		go p.speak()
	}
}

// Step notes that a step has ended.
func (p *Progress) Step(now apply.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.done, p.now.calls = now.Done, now.CallsLeft
	if now.Err != nil {
		p.now.failed++
	}
	p.show()
}

// Read notes that so many connections have been read.
func (p *Progress) Read(done int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now.done = max(p.now.done, done) // they come from many goroutines
	p.now.calls = p.total - p.now.done
	p.show()
}

func (p *Progress) show() {
	if p.bar != nil && !p.closed {
		p.bar.SetCurrent(int64(p.now.done))
	}
}

func (p *Progress) state() state {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// speak writes a line now and then, until the end.
func (p *Progress) speak() {
	defer close(p.ended)
	ticker := time.NewTicker(plainEvery)
	defer ticker.Stop()
	var told state
	spoken := time.Now()
	for {
		select {
		case <-p.ending:
			return
		case <-ticker.C:
		}
		now := p.state()
		if now.done == p.total || now == told && time.Since(spoken) < quietAtMost {
			continue
		}
		told, spoken = now, time.Now()
		fmt.Fprintf(p.w, "%s: %d of %d %s%s\n", p.words.doing, now.done, p.total, p.words.unit, p.rest(", ", now))
	}
}

// rest says what has failed, and what is left: calls, and the time that the rate limit
// makes them wait.
func (p *Progress) rest(separator string, now state) string {
	text := ""
	if now.failed > 0 {
		text = fmt.Sprintf("%s%d not done", separator, now.failed)
	}
	if now.calls == 0 {
		return text
	}
	text += separator + count(now.calls, p.words.calls+" call") + " left"
	if p.left == nil {
		return text
	}
	if seconds := int(math.Ceil(p.left(now.calls).Seconds())); seconds > 0 {
		text += ", " + duration(seconds) + " at the rate limit"
	}
	return text
}

// Close ends it and takes the bar away. It may be called more than once.
func (p *Progress) Close() {
	p.mu.Lock()
	closed := p.closed
	p.closed = true
	p.mu.Unlock()
	switch {
	case closed:
	case p.bar != nil:
		p.bar.Abort(true)
		p.bars.Wait()
	case p.ending != nil:
		close(p.ending)
		<-p.ended
	}
}
