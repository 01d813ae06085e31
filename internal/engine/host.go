// Package engine contains the use cases of qlsync: validate, plan, apply, drift, export, snapshot,
// schemas and doctor. A use case takes an options struct and returns a value. It reads and writes
// the files of the project, calls the tenant through a [connection.Provider], and reports progress
// and warnings as typed events. The command line parses flags, prints, and ends the process; the
// engine does not.
package engine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Host is the environment of the use cases: all their inputs except their options. The meaning of a
// nil field is documented with the field. A Host may be shared by concurrent use cases.
type Host struct {
	// Lookup returns the value of an environment variable and whether it is set.
	Lookup func(string) (string, bool)
	// Environ returns the environment of the commands in references. Nil: the environment of the
	// process.
	Environ func() []string
	// WorkDir is the base of relative paths. Empty: the working directory of the process.
	WorkDir workdir.Dir
	// Now returns the time. Nil: [time.Now].
	Now func() time.Time
	// Stdin is the content of the file name "-".
	Stdin io.Reader
	// Version is the version of this qlsync, such as 1.2.0.
	Version string
	// Secrets is the redactor of the run. It learns every secret that is resolved.
	Secrets *transport.Redactor
	// Lifetime ends when requests in progress must be abandoned. The context of a call ends earlier:
	// then nothing new is sent, but responses are still awaited.
	Lifetime context.Context
	// Stopping is closed when no further step of an apply may begin. Nil: never.
	Stopping <-chan struct{}
	// Logger returns the logger of the requests to a tenant. Nil: no log.
	Logger func(tenant string) *slog.Logger
	// Notify receives the events of a tenant. Nil: events are ignored. It is called concurrently if a
	// use case handles several tenants.
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
	// Reason has the code and the arguments of the error.
	Reason connection.Reason
	// Details are lines that follow the error, such as the differences of a stale plan.
	Details []string
}

// Error returns the text of the error, without its details.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns the error.
func (r *Refusal) Unwrap() error { return r.Err }

// Refused returns a [Refusal] with the sentence of a reason, and without details.
func Refused(reason connection.Reason) error {
	return &Refusal{Err: errors.New(messages.Text(reason)), Reason: reason}
}

// LockedError reports that another apply of the project to the tenant is running.
// Nothing was written.
type LockedError struct{ message string }

// Error returns the text of the error.
func (e *LockedError) Error() string { return e.message }

// Interruptibly runs work without a context, such as reading a large file. When the context ends,
// Interruptibly returns, while the work continues until the process ends: the caller must then not
// use data that it shares with the work.
func Interruptibly(ctx context.Context, work func() error) error {
	done := guard.Start(work)
	select {
	case ended := <-done:
		return ended.Get()
	case <-ctx.Done():
		return ctx.Err()
	}
}
