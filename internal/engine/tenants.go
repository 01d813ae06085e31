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
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// TenantsAtOnce bounds how many tenants are held in memory at the same time. Of finished tenants,
// only the report is kept. A tenant has, on average, two requests in flight.
const TenantsAtOnce = 96

// AppliesAtOnce is TenantsAtOnce for an apply. While it writes, a tenant has a plan and a result in
// memory, and as many requests in flight as it may have, so that more tenants would only wait.
const AppliesAtOnce = 48

// RequestsAtOnce bounds how many requests to all tenants together are in flight at the same time.
const RequestsAtOnce = 200

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
	fleet.Tenants = membersOf[T](p, tenants)
	v := visits[T]{project: p, options: o, atOnce: TenantsAtOnce, ended: ended}
	v.each(ctx, fleet.Tenants, nil, look)
	return v.crash.Load()
}

// PlanTenant returns a tenant of the files in the form of plans and results, with its declared id: a
// report without the id cannot be told from one on another tenant with that name and address.
func PlanTenant(tenant *spec.Tenant) plan.Tenant {
	return plan.Tenant{Name: tenant.Name, URL: tenant.URL, ID: tenant.ID}
}

// membersOf returns the members of a fleet for these tenants.
func membersOf[T any](p *Project, tenants []spec.Tenant) []report.Member[T] {
	members := make([]report.Member[T], len(tenants))
	for i := range tenants {
		members[i].Tenant = PlanTenant(&tenants[i])
		members[i].Wave = p.WaveOf(&tenants[i])
	}
	return members
}

// visits are the visits of a run to its tenants.
type visits[T any] struct {
	project *Project
	options SessionOptions
	atOnce  int // how many tenants
	// hold returns why the next tenant may not begin. Nil: each one may.
	hold  func() connection.Reason // also before the first write to a tenant
	ended func(*report.Member[T])  // of one member at a time; nil: nothing
	one   sync.Mutex
	crash atomic.Pointer[guard.Panic] // the first one
}

// each runs look for the tenants of these members that are selected, some concurrently. A nil
// selection is all of them.
func (v *visits[T]) each(ctx context.Context, members []report.Member[T], selected []int, look func(context.Context, *Session) (*T, error)) {
	ctx = transport.Together(ctx, RequestsAtOnce)
	group := guard.Group{}
	group.SetLimit(v.atOnce)
	for i := range members {
		if selected == nil || slices.Contains(selected, i) {
			group.Go(func() error { v.visit(ctx, &members[i], look); return nil })
		}
	}
	_ = group.Wait()
}

// visit runs look for the tenant of one member.
func (v *visits[T]) visit(ctx context.Context, member *report.Member[T], look func(context.Context, *Session) (*T, error)) {
	var found *T
	var err error
	if v.hold != nil && ctx.Err() == nil {
		if reason := v.hold(); reason.Holds() {
			err = &heldError{reason}
		}
	}
	if err == nil {
		o := v.options
		o.hold = v.hold
		found, err = within(ctx, v.project, o, member.Tenant.Name, &v.crash, look)
	}
	if err != nil {
		member.Outcome, member.Error = outcomeOf(ctx, err), errorText(err)
	} else {
		member.Report = found
	}
	v.end(member)
}

// within runs look for a tenant. A panic becomes its error, and crash if that is the first one.
func within[T any](ctx context.Context, p *Project, o SessionOptions, tenant string, crash *atomic.Pointer[guard.Panic],
	look func(context.Context, *Session) (*T, error),
) (found *T, err error) {
	o.Tenant = tenant
	if caught := guard.Try(func() { found, err = lookAt(ctx, p, o, look) }); caught != nil {
		crash.CompareAndSwap(nil, caught)
		found, err = nil, caught
	}
	if p.host.Notify != nil {
		p.host.Notify(tenant, Finished{})
	}
	return found, err
}

func (v *visits[T]) end(member *report.Member[T]) {
	v.one.Lock()
	defer v.one.Unlock()
	if v.ended != nil {
		v.ended(member)
	}
}

// heldError is the error of a tenant that a stopped rollout holds back. Nothing was written to it.
type heldError struct{ reason connection.Reason }

func (e *heldError) Error() string {
	return messages.Text(connection.Because("tenant-not-started", "reason", e.reason))
}

// outcomeOf returns the outcome of a tenant with an error: nothing was written to it.
func outcomeOf(ctx context.Context, err error) report.Outcome {
	refusal, isRefused := errors.AsType[*Refusal](err)
	_, isLocked := errors.AsType[*LockedError](err)
	_, isHeld := errors.AsType[*heldError](err)
	switch {
	case isHeld:
		return report.OutcomeNotStarted
	case isRefused && refusal.Reason.Code == staleCode:
		return report.OutcomeStale
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
