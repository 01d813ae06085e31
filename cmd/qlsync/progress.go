package main

import (
	"context"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/terminal"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/report"
)

// shown is the progress that is shown on standard error, with what the requests wait
// for, from the first request of a command to the last one before its output.
type shown struct {
	stream *terminal.Stream // nil: nothing is shown

	mu       sync.Mutex
	users    int
	progress *report.Progress
	display  *terminal.Display
}

// draws reports whether the progress is drawn and not told in lines: on a terminal,
// and while no log of requests is written there.
func (env *environment) draws(c *cli.Context) bool {
	name, _ := env.lookup("TERM")
	return env.isTerminal(env.stderr) && name != "dumb" && c.String("log-level") != "debug"
}

// begin shows the progress of a command on so many tenants, unless it is shown already,
// until every caller has called end.
func (s *shown) begin(draw bool, tenants int) (progress *report.Progress, end func()) {
	if s == nil || s.stream == nil {
		return report.NewProgress(tenants), func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		s.progress = report.NewProgress(tenants)
		s.display = s.stream.Show(s.progress, draw)
	}
	s.users++
	return s.progress, s.end
}

func (s *shown) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users == 0 {
		s.display.Close()
	}
}

// watch shows the progress until the end. It may be called again before that.
func (s *session) watch() (end func()) {
	progress, release := s.env.shown.begin(s.drawn, 1)
	isFirst := s.task == nil
	if isFirst {
		s.task = progress.Task()
	}
	s.follow()
	return func() {
		if isFirst {
			s.task = nil
		}
		release()
	}
}

// follow lets the progress ask the provider for its rate limit.
func (s *session) follow() {
	var pacing report.Pacing
	if waiter, ok := s.provider.(connection.Waiter); ok {
		pacing.Waiting = waiter.Waiting
	}
	if pacer, ok := s.provider.(connection.Pacer); ok {
		pacing.Pace = pacer.Pace
	}
	s.task.Follow(pacing)
}

// snapshot reads the tenant and shows how far it is.
func (s *session) snapshot(ctx context.Context, scope connection.Scope) (*connection.Snapshot, error) {
	defer s.watch()()
	s.task.Listing()
	scope.Reading = s.task.Read
	return s.provider.Snapshot(ctx, scope)
}

// sources reads data sources and shows how far it is.
func (s *session) sources(ctx context.Context, ids []string) (*connection.Catalog, error) {
	defer s.watch()()
	return s.provider.DataSources(connection.WithReading(ctx, s.task.ReadSchemas), ids)
}

// observed is a provider whose reading is shown.
type observed struct {
	connection.Provider
	session *session
}

// DataSources reads data sources.
func (o observed) DataSources(ctx context.Context, ids []string) (*connection.Catalog, error) {
	return o.session.sources(ctx, ids)
}

// Snapshot reads the tenant.
func (o observed) Snapshot(ctx context.Context, scope connection.Scope) (*connection.Snapshot, error) {
	return o.session.snapshot(ctx, scope)
}
