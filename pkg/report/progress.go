package report

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/qlsync/qlsync/pkg/apply"
)

// plainEvery is how often a progress line is written where there is no terminal.
const plainEvery = 5 * time.Second

// Progress shows how far an apply is: a bar on a terminal, a plain line every few
// seconds elsewhere. It is used from one goroutine.
type Progress struct {
	w      io.Writer
	bars   *mpb.Progress // nil without a terminal
	bar    *mpb.Bar
	spoken time.Time
	failed atomic.Int64 // read by the bar
}

// NewProgress begins to show the progress of that many steps.
func NewProgress(w io.Writer, terminal bool, steps int) *Progress {
	p := &Progress{w: w, spoken: time.Now()}
	if !terminal || steps == 0 {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithAutoRefresh())
	p.bar = p.bars.AddBar(int64(steps),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name("applying "), decor.CountersNoUnit("%d of %d steps")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			if p.failed.Load() == 0 {
				return ""
			}
			return fmt.Sprintf(" %d not done", p.failed.Load())
		})),
	)
	return p
}

// Step notes that a step has ended.
func (p *Progress) Step(now apply.Progress) {
	if now.Err != nil {
		p.failed.Add(1)
	}
	switch {
	case p.bar != nil:
		p.bar.Increment()
	case now.Done < now.Total && time.Since(p.spoken) >= plainEvery:
		p.spoken = time.Now()
		fmt.Fprintf(p.w, "applying: %d of %d steps ended, %d not done\n", now.Done, now.Total, p.failed.Load())
	}
}

// Close takes the bar away. It may be called more than once.
func (p *Progress) Close() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bars.Wait()
		p.bar = nil
	}
}
