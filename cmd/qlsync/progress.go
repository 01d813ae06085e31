package main

import (
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/terminal"
)

// listener writes the events of a command to standard error: the progress, with what the
// requests wait for, while work is going on, and what the user must hear. Its methods may
// be called concurrently.
type listener struct {
	env     *environment
	stream  *terminal.Stream // nil: no progress is shown
	draw    bool
	several bool // the command looks at all tenants: each line begins with the tenant's name
	tenants int  // how many it looks at

	mu       sync.Mutex
	views    map[string]*view // by tenant
	users    int              // tenants that are worked on
	progress *report.Progress
	display  *terminal.Display
	said     sync.Mutex // of the lines with a prefix
}

// view is the part of a listener that is about one tenant.
type view struct {
	task  *report.Task
	lines *terminal.Prefixed // nil for a command on one tenant
}

// newListener returns the listener of a command on one tenant.
func newListener(c *cli.Context, env *environment) *listener {
	l := &listener{env: env, draw: env.draws(c), tenants: 1, views: map[string]*view{}}
	l.stream, _ = env.stderr.(*terminal.Stream)
	return l
}

// of returns the view of a tenant.
func (l *listener) of(tenant string) *view {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.views[tenant]
	if v == nil {
		v = &view{}
		if l.several {
			v.lines = terminal.NewPrefixed(l.env.stderr, &l.said, report.Clean(tenant)+": ")
		}
		l.views[tenant] = v
	}
	return v
}

// stderr returns where lines about a tenant are written.
func (l *listener) stderr(tenant string) io.Writer {
	if v := l.of(tenant); v.lines != nil {
		return v.lines
	}
	return l.env.stderr
}

// begin shows the progress until every caller has called end.
func (l *listener) begin() {
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

func (l *listener) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.users == 0 && l.display != nil {
		l.display.Close()
		l.display = nil
	}
}

// task returns the progress of a tenant. It exists while the tenant is worked on.
func (l *listener) task(tenant string) *report.Task {
	v := l.of(tenant)
	l.mu.Lock()
	defer l.mu.Unlock()
	if v.task == nil && l.progress != nil {
		v.task = l.progress.Task()
	}
	return v.task
}

// forget ends the progress of a tenant whose work has ended. It may begin again.
func (l *listener) forget(tenant string) {
	v := l.of(tenant)
	l.mu.Lock()
	defer l.mu.Unlock()
	v.task = nil
}

// notify is [engine.Host.Notify].
func (l *listener) notify(tenant string, event engine.Event) {
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
	case engine.Applying:
		l.env.wrote.Store(event.Steps > 0)
		l.env.writing.Store(true)
		l.task(tenant).Applying(event.Steps)
	case engine.Stepped:
		l.task(tenant).Step(event.Progress)
	default:
		l.tell(l.stderr(tenant), event)
	}
}

// tell writes what the user must hear.
func (l *listener) tell(w io.Writer, event engine.Event) {
	switch event := event.(type) {
	case engine.Warned:
		_ = l.env.text(w).Problems(w, event.Problems)
	case engine.Reseeded:
		fmt.Fprintf(w, "The embedded tenant starts anew: %s has changed.\n", report.Clean(event.Seed))
	case engine.Misused:
		tellMisuse(w, event.Requests)
	case engine.UnknownID:
		fmt.Fprintf(w, "warning: tenant %q does not report its id, so qlsync cannot notice a url that leads to another tenant: %s\n",
			report.Clean(event.Tenant), report.Clean(event.Reason.Error()))
	case engine.FromCache:
		fmt.Fprintf(w, "Of %d connections, %d were not read again: they have not been updated since, and %s holds what they were. apply and drift always read.\n",
			event.Total, event.Cached, report.Clean(filepath.ToSlash(event.Folder)))
		if event.NotKept != nil {
			fmt.Fprintf(w, "warning: %s: the next plan will read again what this one has read\n", report.Clean(event.NotKept.Error()))
		}
	case engine.FromSnapshot:
		fmt.Fprintf(w, "%s was taken %s; later changes on the tenant are not visible.\n", report.Clean(filepath.ToSlash(event.File)), ago(event.Age))
	case engine.NotExported:
		fmt.Fprintln(w, "warning: not everything is exported: "+report.Clean(event.Reason))
	}
}

// ago returns an age in the unit that fits: "5 minutes ago".
func ago(age time.Duration) string {
	switch {
	case age < -time.Minute:
		return "in the future, by this computer's clock"
	case age < 2*time.Minute:
		return "just now"
	case age < 2*time.Hour:
		return fmt.Sprintf("%d minutes ago", int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(age.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(age.Hours()/24))
}

func tellMisuse(w io.Writer, requests []string) {
	for _, request := range requests {
		fmt.Fprintln(w, "misuse: "+report.Clean(request))
	}
}
