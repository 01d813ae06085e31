// Package engine is the use cases of qlsync: validate, plan, apply, drift, export,
// snapshot, schemas and doctor. A use case takes an options struct and returns a value.
// It reads and writes the files of the project, talks to the tenant through a
// [connection.Provider], and reports progress and warnings as typed events. It knows no
// flags, prints nothing, and ends no process: that is the command line's part.
package engine

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/workdir"
)

// Host is the process around the use cases: everything that a use case takes from outside
// its options. Nil fields have the meaning that is documented with them. A Host may be
// shared by concurrent use cases.
type Host struct {
	// Lookup returns the value of an environment variable and whether it is set.
	Lookup func(string) (string, bool)
	// Environ returns the environment of the commands that references run. Nil is that of
	// the process.
	Environ func() []string
	// WorkDir is the folder that relative paths are relative to. Empty is the working
	// directory of the process.
	WorkDir workdir.Dir
	// Now returns the time. Nil is [time.Now].
	Now func() time.Time
	// Stdin is what the file name - stands for.
	Stdin io.Reader
	// Version is the version of this qlsync, such as 1.2.0.
	Version string
	// Secrets is the redactor of the run. It learns every secret that is resolved.
	Secrets *transport.Redactor
	// Lifetime ends when running requests must be abandoned. The context of a call ends
	// earlier: nothing new is sent, and what was sent is waited for.
	Lifetime context.Context
	// Stopping is closed when no further step of an apply may begin. Nil is never.
	Stopping <-chan struct{}
	// Logger returns the logger of the requests to a tenant. Nil discards the log.
	Logger func(tenant string) *slog.Logger
	// Notify receives the events of a tenant. Nil ignores them. It is called concurrently
	// where a use case looks at several tenants.
	Notify func(tenant string, event Event)
}

// at returns the path under which a file can be opened.
func (host *Host) at(path string) string { return host.WorkDir.Path(path) }

func (host *Host) now() time.Time {
	if host.Now == nil {
		return time.Now()
	}
	return host.Now()
}

func (host *Host) logger(tenant string) *slog.Logger {
	if host.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return host.Logger(tenant)
}

// Refusal is the error of a safety rule: nothing was written to the tenant.
type Refusal struct {
	Err error
	// Details are lines that follow the error, such as the differences of a stale plan.
	Details []string
}

// Error returns the text of the error, without its details.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns the error.
func (r *Refusal) Unwrap() error { return r.Err }

// Refused returns a [Refusal] without details.
func Refused(format string, args ...any) error {
	return &Refusal{Err: fmt.Errorf(format, args...)}
}

// LockedError reports that another apply of the project to the tenant is running.
// Nothing was written.
type LockedError struct{ message string }

// Error returns the text of the error.
func (e *LockedError) Error() string { return e.message }

// Interruptibly runs work that knows no context, such as reading a file of megabytes.
// Once the context has ended, Interruptibly returns, and the work goes on until the
// process ends: the caller must not use what it shares with the work then.
func Interruptibly(ctx context.Context, work func() error) error {
	done := guard.Start(work)
	select {
	case ended := <-done:
		return ended.Get()
	case <-ctx.Done():
		return ctx.Err()
	}
}
