package main

import (
	"context"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/report"
)

// watching is how a command shows its progress on standard error.
type watching struct {
	shown bool // at all: not beside a result that a machine reads from standard output
	drawn bool // as bars: on a terminal, and while no log is written there
}

func (env *environment) watching(c *cli.Context) watching {
	return watching{
		shown: c.String("format") != asJSON,
		drawn: env.isTerminal(env.stderr) && c.String("log-level") != "debug",
	}
}

// pace tells how long the rate limit makes so many more requests wait; zero where the
// provider does not know.
func (s *session) pace(reads, writes int) time.Duration {
	if pacer, ok := s.provider.(connection.Pacer); ok {
		return pacer.Pace(reads, writes)
	}
	return 0
}

// snapshot reads the tenant and shows how far it is.
func (s *session) snapshot(ctx context.Context, scope connection.Scope) (*connection.Snapshot, error) {
	if !s.watching.shown {
		return s.provider.Snapshot(ctx, scope)
	}
	var once sync.Once
	var progress *report.Progress
	scope.Reading = func(done, total int) {
		once.Do(func() {
			s.env.progressing.Store(true)
			progress = report.NewReading(s.env.stderr, s.watching.drawn, total, func(calls int) time.Duration { return s.pace(calls, 0) })
		})
		progress.Read(done)
	}
	now, err := s.provider.Snapshot(ctx, scope)
	if progress != nil {
		progress.Close()
		s.env.progressing.Store(false)
	}
	return now, err
}

// applying begins to show the progress of an apply: what notes a step, and what ends it.
func (s *session) applying(steps int) (step func(apply.Progress), end func()) {
	if !s.watching.shown {
		return nil, func() {}
	}
	progress := report.NewProgress(s.env.stderr, s.watching.drawn, steps, func(calls int) time.Duration { return s.pace(0, calls) })
	s.env.progressing.Store(true)
	return progress.Step, func() { progress.Close(); s.env.progressing.Store(false) }
}
