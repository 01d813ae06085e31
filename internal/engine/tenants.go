package engine

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// TenantsAtOnce bounds how many tenants are held in memory at the same time. Of finished tenants,
// only the report is kept.
const TenantsAtOnce = 12

// errNotStarted is the error of a tenant whose turn did not come.
var errNotStarted = errors.New("not started, because the run was interrupted")

// EachTenant runs look for these tenants of a project, some concurrently, each with its own provider
// and rate budget, and fills the tenants of the fleet. An error of one tenant, including an
// interrupt, is in its member of the fleet. So is a panic, of which the first is returned too. No
// tenant begins after the end of the context. EachTenant calls ended, which may be nil, for one
// member at a time, when its tenant is done.
func EachTenant[T any](ctx context.Context, p *Project, tenants []spec.Tenant, o SessionOptions, fleet *report.Fleet[T],
	look func(context.Context, *Session) (*T, error), ended func(*report.Member[T]),
) *guard.Panic {
	var first atomic.Pointer[guard.Panic]
	var one sync.Mutex
	fleet.Tenants = make([]report.Member[T], len(tenants))
	group := guard.Group{}
	group.SetLimit(TenantsAtOnce)
	for i := range tenants {
		tenant := &tenants[i]
		member := &fleet.Tenants[i]
		member.Tenant = plan.Tenant{Name: tenant.Name, URL: tenant.URL, ID: tenant.ID}
		group.Go(func() error {
			of := o
			of.Tenant = tenant.Name
			var found *T
			var err error
			if crash := guard.Try(func() { found, err = lookAt(ctx, p, of, look) }); crash != nil {
				first.CompareAndSwap(nil, crash)
				err = crash
			}
			if p.host.Notify != nil {
				p.host.Notify(tenant.Name, Finished{})
			}
			if err != nil {
				member.Outcome, member.Error = outcomeOf(ctx, err), errorText(err)
			} else {
				member.Report = found
			}
			if ended != nil {
				one.Lock()
				defer one.Unlock()
				ended(member)
			}
			return nil
		})
	}
	_ = group.Wait()
	return first.Load()
}

// outcomeOf returns the outcome of a tenant with an error: nothing was written to it.
func outcomeOf(ctx context.Context, err error) report.Outcome {
	_, isRefused := errors.AsType[*Refusal](err)
	_, isLocked := errors.AsType[*LockedError](err)
	switch {
	case isRefused:
		return report.OutcomeRefused
	case isLocked:
		return report.OutcomeLocked
	case ctx.Err() != nil:
		return report.OutcomeInterrupted
	case isUnreachable(err):
		return report.OutcomeUnreachable
	}
	return report.OutcomeFailed
}

// isUnreachable reports whether the only error is that a tenant did not answer, or answered that it
// cannot serve the request now: the same command may succeed later.
func isUnreachable(err error) bool {
	if problems, ok := errors.AsType[connection.Problems](err); ok {
		return !slices.ContainsFunc(problems, func(p connection.Problem) bool {
			return p.Severity == connection.SeverityError && p.Code != "tenant-unreachable"
		})
	}
	answer, ok := errors.AsType[*transport.Error](err)
	return errors.Is(err, connection.ErrUnreachable) ||
		ok && (answer.Status >= http.StatusInternalServerError || answer.Status == http.StatusTooManyRequests)
}

// errorText returns the text of an error with the details of a refusal.
func errorText(err error) string {
	lines := []string{infile.ErrorText(err)}
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		lines = append(lines, refusal.Details...)
	}
	return strings.Join(lines, "\n")
}

// lookAt opens one tenant and runs look for it.
func lookAt[T any](ctx context.Context, p *Project, o SessionOptions, look func(context.Context, *Session) (*T, error)) (*T, error) {
	if ctx.Err() != nil {
		return nil, errNotStarted
	}
	s, err := p.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return look(ctx, s)
}
