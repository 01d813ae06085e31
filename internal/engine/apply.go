package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// staleCode is the code of the refusal of a plan that is not the reviewed one.
const staleCode = "plan-is-stale"

// Check returns a [Refusal] if the plan may not be carried out: it differs from the reviewed plan
// or hash, or a safety rule refuses it as a whole. reviewed may be nil, and hash empty.
func (s *Session) Check(p, reviewed *plan.Plan, hash string) error {
	if reviewed != nil {
		if stale := p.Stale(reviewed); len(stale) > 0 {
			lines := make([]string, len(stale))
			for i, reason := range stale {
				lines[i] = messages.Text(reason)
			}
			reason := connection.Because(staleCode)
			return &Refusal{Err: errors.New(messages.Text(reason)), Reason: reason, Details: lines}
		}
	}
	switch {
	case hash != "" && hash != p.Hash && hash == plan.EarlierHash(s.planned):
		return Refused(connection.Because("hash-of-earlier-version", "hash", p.Hash))
	case hash != "" && hash != p.Hash:
		return Refused(connection.Because("hash-differs", "hash", p.Hash, "reviewed", hash))
	case p.Refusal != nil:
		return &Refusal{Err: fmt.Errorf("%s. Nothing was written (%s)", p.Refusal.Reason.Text, p.Refusal.Reason.Next), Reason: p.Refusal.Reason}
	}
	return nil
}

// Missing returns a problem for each secret that the plan writes and that does not exist. It reads
// no values: see [resolver.Resolver.Present].
func (s *Session) Missing(p *plan.Plan) connection.Problems {
	var problems connection.Problems
	for _, ref := range apply.References(p) {
		if problem, ok := errors.AsType[connection.Problem](s.secrets.resolver.Present(ref)); ok {
			problems = append(problems, problem)
		}
	}
	return spec.Collect(problems)
}

// Apply carries out a plan of this session, with at most that many concurrent requests. An error
// means that nothing was written; the result has the outcome of each change.
func (s *Session) Apply(ctx context.Context, p *plan.Plan, parallelism int) (*apply.Result, error) {
	defer s.watch()()
	if len(p.Steps) > 0 {
		if err := s.identifyAgain(ctx); err != nil {
			return nil, err
		}
	}
	s.notify(Applying{len(p.Steps)})
	began := s.host.now()
	result, err := apply.Run(ctx, p, apply.Options{
		Execute: s.provider.Execute, ExecuteGroup: s.provider.ExecuteGroup,
		Resolve: func(ref connection.Reference) (connection.Secret, error) {
			return s.secrets.read(ctx, ref)
		},
		Again:       s.again,
		Detail:      s.detailChanges,
		Redact:      s.host.Secrets.Value,
		Parallelism: parallelism,
		Stop:        s.host.Stopping,
		Progress:    func(step apply.Progress) { s.notify(Stepped{step}) },
	})
	if result != nil {
		result.Began, result.Ended = began.UTC().Truncate(time.Millisecond), s.host.now().UTC().Truncate(time.Millisecond)
		messages.Fill(result.Reasons(), s.planned.Rules.Messages())
	}
	s.redactResult(result)
	return result, err
}

// ApplyOptions are the options of [Session.PlanAndApply].
type ApplyOptions struct {
	// Plan has the reviewed plan, if there is one.
	Plan PlanOptions
	// LockDir and LockTimeout are those of [Session.Lock].
	LockDir     string
	LockTimeout time.Duration
	// Parallelism bounds the number of concurrent requests.
	Parallelism int
}

// PlanAndApply plans under the lock and carries out the plan, if it equals the reviewed one and no
// safety rule refuses it. A plan without changes needs no review, so that the command can run again
// after a part of the tenants, and so can it after a part of a tenant: a plan of which every change is
// reviewed is carried out. An error means that nothing was written.
func (s *Session) PlanAndApply(ctx context.Context, o ApplyOptions) (*apply.Result, error) {
	unlock, err := s.Lock(ctx, o.LockDir, o.LockTimeout)
	if err != nil {
		return nil, err
	}
	defer unlock()
	p, err := s.plan(ctx, o.Plan)
	if err == nil && isRest(p, o.Plan.Reviewed) {
		p, err = s.planReviewed(ctx, o.Plan.Reviewed)
	}
	if err == nil {
		err = s.weigh(ctx, p, o.Plan)
	}
	if err != nil {
		return nil, err
	}
	demanded := o.Plan.Reviewed
	if s.planned.Reviewed != nil || p.Empty() {
		demanded = nil // differences are refused change by change
	}
	if err := cmp.Or(s.Check(p, demanded, ""), s.Missing(p).Err()); err != nil {
		return nil, err
	}
	if s.hold != nil && len(p.Steps) > 0 {
		if reason := s.hold(); reason.Holds() { // other tenants may have failed while this one was read, or was waited for
			return nil, &heldError{reason}
		}
	}
	return s.Apply(ctx, p, o.Parallelism)
}

// isRest reports whether a plan differs from the reviewed one only by changes that are no longer needed,
// because an earlier run has made them.
func isRest(p, reviewed *plan.Plan) bool {
	if reviewed == nil || p.Empty() {
		return false
	}
	stale := p.Stale(reviewed)
	return len(stale) > 0 && !slices.ContainsFunc(stale, func(r connection.Reason) bool { return r.Code != "stale-gone" })
}

// planReviewed plans again from what was read, and compares each change with its review, as
// [PlanOptions.SkipStale] does.
func (s *Session) planReviewed(ctx context.Context, reviewed *plan.Plan) (*plan.Plan, error) {
	s.planned.Reviewed = reviewed
	p, problems, err := s.makeDetailed(ctx)
	if err != nil {
		return nil, s.explained(err)
	}
	return p, problems.Err()
}

// Confirmations confirm that a plan may do what a rule refuses. An empty one confirms nothing.
type Confirmations struct{ Deletes, Recreates, Impact string }

// Confirm lifts the refusals of deletes, of recreates and because of dependents, if the
// confirmations match exactly this plan.
func Confirm(p *plan.Plan, with Confirmations) error {
	if p.Refusal == nil {
		return nil
	}
	var ofDeletes, ofRecreates, ofImpact connection.Reason
	if with.Deletes != "" {
		ofDeletes = p.ConfirmDeletes(with.Deletes)
	}
	if with.Recreates != "" {
		ofRecreates = p.ConfirmRecreates(with.Recreates)
	}
	if with.Impact != "" {
		ofImpact = confirmImpact(p, with.Impact)
	}
	for _, wrong := range []connection.Reason{ofDeletes, ofRecreates, ofImpact} {
		if wrong.Holds() {
			return Refused(wrong)
		}
	}
	return nil
}
