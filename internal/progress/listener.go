// Package progress shows the engine's events to a person while a command runs: the progress, and
// information in addition to the result.
package progress

import (
	"io"
	"sync"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/terminal"
)

// Listener writes the events of a command to standard error: the progress, with the reasons for
// delays, while work is in progress, and messages for the user. Its methods may be called
// concurrently.
type Listener struct {
	w       io.Writer
	stream  *terminal.Stream // nil: the progress is not shown
	text    func(io.Writer) report.Text
	draw    bool
	several bool // the command covers all tenants: each line begins with the tenant's name
	tenants int  // how many tenants the command covers

	mu       sync.Mutex
	views    map[string]*view // by tenant
	users    int              // tenants in progress
	progress *report.Progress
	display  *terminal.Display
	said     sync.Mutex // of the lines with a prefix
}

// view is the part of a listener that is about one tenant.
type view struct {
	task  *report.Task
	lines *terminal.Prefixed // nil for a command on one tenant
}

// NewListener returns the listener of a command on one tenant, which writes to w. The progress is
// shown if w is a [terminal.Stream] and quiet is false: drawn, or else written in lines. text
// returns the formatter for a writer.
func NewListener(w io.Writer, text func(io.Writer) report.Text, draw, quiet bool) *Listener {
	l := &Listener{w: w, text: text, draw: draw, tenants: 1, views: map[string]*view{}}
	if !quiet {
		l.stream, _ = w.(*terminal.Stream)
	}
	return l
}

// Several sets the number of tenants of the command, and shows the progress until the caller calls
// end.
func (l *Listener) Several(tenants int) (end func()) {
	l.mu.Lock()
	l.several, l.tenants = true, tenants
	for _, v := range l.views {
		v.task = nil // of an earlier pass over the tenants
	}
	l.mu.Unlock()
	l.begin()
	return l.end
}

// of returns the view of a tenant.
func (l *Listener) of(tenant string) *view {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.views[tenant]
	if v == nil {
		v = &view{}
		if l.several {
			v.lines = terminal.NewPrefixed(l.w, &l.said, report.Sanitize(tenant)+": ")
		}
		l.views[tenant] = v
	}
	return v
}

// Lines returns the writer for lines about a tenant.
func (l *Listener) Lines(tenant string) io.Writer {
	if v := l.of(tenant); v.lines != nil {
		return v.lines
	}
	return l.w
}

// begin shows the progress until every caller has called end.
func (l *Listener) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users == 0 {
		l.progress = report.NewProgress(l.tenants)
		if l.stream != nil {
			l.display = l.stream.Show(l.progress, l.draw)
		}
	}
	l.users++
}

func (l *Listener) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.users == 0 && l.display != nil {
		l.display.Close()
		l.display = nil
	}
}

// task returns the progress of a tenant. It exists while the tenant is in progress.
func (l *Listener) task(tenant string) *report.Task {
	v := l.of(tenant)
	l.mu.Lock()
	defer l.mu.Unlock()
	if v.task == nil && l.progress != nil {
		v.task = l.progress.Task()
	}
	return v.task
}

// forget ends the progress of a tenant whose work has ended. It may begin again.
func (l *Listener) forget(tenant string) {
	v := l.of(tenant)
	l.mu.Lock()
	defer l.mu.Unlock()
	v.task = nil
}

// Notify is [engine.Host.Notify].
func (l *Listener) Notify(tenant string, event engine.Event) {
	switch event := event.(type) {
	case engine.Began:
		l.begin()
		l.task(tenant)
	case engine.Ended:
		if !l.several {
			l.forget(tenant)
		}
		l.end()
	case engine.Finished:
		l.task(tenant).End()
		l.of(tenant).lines.Flush()
	case engine.Paced:
		var pacing report.Pacing
		if event.Waiter != nil {
			pacing.Waiting = event.Waiter.Waiting
		}
		if event.Pacer != nil {
			pacing.Pace = event.Pacer.Pace
		}
		l.task(tenant).Follow(pacing)
	case engine.Listing:
		l.task(tenant).Listing()
	case engine.Read:
		l.task(tenant).Read(event.Done, event.Total)
	case engine.ReadSchemas:
		l.task(tenant).ReadSchemas(event.Done, event.Total)
	case engine.ReadUsage:
		l.task(tenant).ReadUsage(event.Done, event.Total)
	case engine.WaitingForReloads:
		l.task(tenant).WaitingForReloads(event.Until)
	case engine.WaveEnded:
		l.said.Lock()
		defer l.said.Unlock()
		_ = l.text(l.w).WaveEnded(l.w, event.Wave, event.Tenants, event.Until)
	case engine.Applying:
		l.task(tenant).Applying(event.Steps)
	case engine.Stepped:
		l.task(tenant).Step(event.Progress)
	default:
		l.say(l.Lines(tenant), event)
	}
}

// say writes a message for the user. A write error is ignored.
func (l *Listener) say(w io.Writer, event engine.Event) {
	switch event := event.(type) {
	case engine.Warned:
		_ = l.text(w).Problems(w, event.Problems)
	case engine.Reseeded:
		_ = l.text(w).Reseeded(w, event.Seed)
	case engine.Misused:
		_ = l.text(w).Misuse(w, event.Requests)
	case engine.UnknownID:
		_ = l.text(w).UnknownID(w, event.Tenant, event.Reason)
	case engine.FromCache:
		_ = l.text(w).FromCache(w, report.FromCache(event))
	case engine.FromSnapshot:
		_ = l.text(w).FromSnapshot(w, event.File, event.Age)
	case engine.UsagePlanned:
		_ = l.text(w).UsagePlanned(w, event.Requests, event.Wait)
	case engine.NotExported:
		_ = l.text(w).NotExported(w, event.Reason)
	}
}
