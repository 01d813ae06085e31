package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// WaveOf returns the name of the wave of a tenant; empty without a rollout.
func (p *Project) WaveOf(tenant *spec.Tenant) string {
	if p.Rollout == nil {
		return ""
	}
	if at := p.Rollout.WaveOf(tenant); at >= 0 {
		return p.Rollout.Waves[at].Name
	}
	return ""
}

// checkWave returns an error if the project has no wave of that name. An empty name means no wave.
func (p *Project) checkWave(name string) error {
	switch {
	case name == "":
		return nil
	case p.Rollout == nil:
		return fmt.Errorf("%s has no wave %q: it declares no rollout", p.File, name)
	}
	names := p.Rollout.Names()
	if slices.Contains(names, name) {
		return nil
	}
	return fmt.Errorf("%s has no wave %q (%s)", p.File, name, cmp.Or(words.DidYouMean(name, names), "there is "+words.OneOf(names)))
}

// Rolling returns the rollout of the project with the number of tenants in each wave; nil if the
// project has none.
func (p *Project) Rolling() *report.Rollout {
	if p.Rollout == nil {
		return nil
	}
	r := &report.Rollout{StopAfter: p.Rollout.StopAfter}
	if p.Rollout.Check > 0 {
		r.Check = shortly(p.Rollout.Check)
	}
	for _, name := range p.Rollout.Names() {
		r.Waves = append(r.Waves, report.Wave{Name: name})
	}
	for i := range p.Tenants {
		if at := p.Rollout.WaveOf(&p.Tenants[i]); at >= 0 {
			r.Waves[at].Tenants++
		}
	}
	return r
}

// shortly returns a duration as a file has it, such as 30m.
func shortly(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	case d%time.Minute == 0:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}

// Outside is what a run of a rollout knows of tenants that it does not visit.
type Outside struct {
	// Earlier is the result of the run that this one continues. Nil: there is none.
	Earlier *report.Fleet[apply.Result]
	// Rest are tenants of the result that the run leaves out, such as one without a reviewed plan, after
	// [report.Member.Keep].
	Rest []report.Member[apply.Result]
}

// rollout is an apply that goes through the waves.
type rollout struct {
	*visits[apply.Result]
	fleet    *report.Fleet[apply.Result]
	outside  Outside
	standing *report.Standing   // only under the lock of the visits
	halted   connection.Reason  // why no further wave begins
	recent   map[string]Updates // by the name of the tenant; only under the lock of the visits
}

// Updates are the times of the first and the last one of some updates. The zero value: none.
type Updates struct{ First, Last time.Time }

// Recent returns the updates of the project's connections in the 24 hours before the plan, by
// whomever. An apply that was stopped before it checked the apps has left no other trace.
func (s *Session) Recent() Updates { return s.updatedSince(s.host.now().Add(-report.RecheckFor)) }

// updatedSince returns the updates from that time until now. An update in the future, by a wrong clock,
// counts as one of now: a check would wait for that time, and see no reload before it.
func (s *Session) updatedSince(since time.Time) (recent Updates) {
	if s.planned.Snapshot == nil {
		return Updates{}
	}
	now := s.host.now()
	for i := range s.planned.Snapshot.Connections {
		live := &s.planned.Snapshot.Connections[i]
		if live.Record.Project != s.project.Name || live.UpdatedAt.Before(since) {
			continue
		}
		at := live.UpdatedAt
		if at.After(now) {
			at = now
		}
		if recent.First.IsZero() || at.Before(recent.First) {
			recent.First = at
		}
		if at.After(recent.Last) {
			recent.Last = at
		}
	}
	return recent
}

// Since returns the options of a check of the connections that an apply has changed, and of those that
// were updated shortly before it.
func (u Updates) Since(result *apply.Result) CheckOptions {
	o := CheckOptions{Since: result.Ended, Began: result.Began, Result: result, Updated: u.First}
	if !result.Wrote() {
		o.Since = u.Last
	}
	if !u.First.IsZero() && u.First.Before(o.Began) {
		o.Began = u.First
	}
	return o
}

// RollOut is [EachTenant] for an apply: it goes through the tenants wave after wave, and decides
// after each tenant and between the waves whether a further tenant may begin. Tenants outside of the
// run count too. After a wave, ended is called once more for each member whose apps were checked.
// Without a rollout in the project, all tenants are in one wave, and nothing stops.
func (p *Project) RollOut(ctx context.Context, tenants []spec.Tenant, o SessionOptions, fleet *report.Fleet[apply.Result], outside Outside,
	look func(context.Context, *Session) (*apply.Result, error), ended func(*report.Member[apply.Result]),
) *guard.Panic {
	fleet.Tenants = membersOf[apply.Result](p, tenants)
	r := &rollout{fleet: fleet, outside: outside, standing: report.NewStanding(fleet.Rollout), recent: map[string]Updates{}}
	r.visits = &visits[apply.Result]{project: p, options: o, atOnce: AppliesAtOnce, ended: func(member *report.Member[apply.Result]) {
		if result := member.Report; result != nil {
			member.Outcome, member.Tenant = report.OutcomeOf(result), result.Tenant
			member.Recheck = !result.Wrote() && !r.recent[member.Tenant.Name].Last.IsZero() && r.fleet.Rollout.Checks(member)
			r.carry(member)
		}
		member.Keep(outside.Earlier.Before(member.Tenant))
		r.add(member)
		ended(member)
	}}
	r.addOutside()
	if fleet.Rollout == nil {
		r.each(ctx, fleet.Tenants, nil, look)
		return r.crash.Load()
	}
	r.hold = r.mayNot
	look = r.noting(look)
	for at, wave := range fleet.Rollout.Waves {
		isLast := at == len(fleet.Rollout.Waves)-1
		selected := []int{}
		for i := range fleet.Tenants {
			// A tenant in no wave is an error of the project, with which the tenant ends.
			if of := fleet.Tenants[i].Wave; of == wave.Name || isLast && of == "" {
				selected = append(selected, i)
			}
		}
		r.each(ctx, fleet.Tenants, selected, look)
		if isLast || r.halted.Holds() || ctx.Err() != nil {
			continue
		}
		r.check(ctx, wave.Name, selected, ended)
		r.halted = r.standing.Next(wave.Name)
	}
	return r.crash.Load()
}

// noting returns look, and notes which tenants have connections that were updated before: before this
// run, or before an earlier one that owes their check.
func (r *rollout) noting(look func(context.Context, *Session) (*apply.Result, error)) func(context.Context, *Session) (*apply.Result, error) {
	return func(ctx context.Context, s *Session) (*apply.Result, error) {
		result, err := look(ctx, s)
		recent := s.Recent()
		if before := r.outside.Earlier.Before(s.planTenant()); before != nil && before.Recheck && before.Report != nil {
			recent = s.updatedSince(before.Report.Began.Add(-report.RecheckFor))
		}
		r.one.Lock()
		defer r.one.Unlock()
		r.recent[s.tenant.Name] = recent
		return result, err
	}
}

// mayNot returns why the next tenant may not begin.
func (r *rollout) mayNot() connection.Reason {
	r.one.Lock()
	defer r.one.Unlock()
	if r.halted.Holds() {
		return r.halted
	}
	return r.standing.Stop()
}

// addOutside counts the tenants outside of the run: of the earlier run those that are done, because
// this run visits the others.
func (r *rollout) addOutside() {
	for i := range r.outside.Rest {
		r.add(&r.outside.Rest[i])
	}
	if r.outside.Earlier == nil {
		return
	}
	for i := range r.outside.Earlier.Tenants {
		if member := &r.outside.Earlier.Tenants[i]; member.Outcome == report.OutcomeDone && r.fleet.Of(member.Tenant.Name) == nil {
			r.add(member)
		}
	}
}

func (r *rollout) add(member *report.Member[apply.Result]) {
	r.standing.Add(member.Tenant.Name, member.Wave, member.Counted())
}

// carry keeps the earlier result of a tenant that was not written to again, if its apps failed or have
// not been checked. Otherwise the finding, and what was to be checked, would be lost.
func (r *rollout) carry(member *report.Member[apply.Result]) {
	before := r.outside.Earlier.Before(member.Tenant)
	if before != nil && member.Outcome == report.OutcomeDone && !member.Report.Wrote() &&
		(before.Outcome == report.OutcomeUnhealthy || r.fleet.Rollout.Unchecked(before)) {
		member.Report = before.Report
		member.Recheck = !member.Report.Wrote() // otherwise what it has written is known, also a delete
		return
	}
	isOwed := before != nil && before.Outcome == report.OutcomePartial && before.Report != nil && before.Report.Wrote()
	member.Recheck = member.Recheck || isOwed && !member.Report.Wrote() && r.fleet.Rollout.Checks(member)
}

// toCheck returns the changes whose apps are checked: those of this run, and of an earlier one that has
// applied a part and checked nothing. Its updates may be seen on the tenant, but not its deletes.
func (r *rollout) toCheck(member *report.Member[apply.Result]) *apply.Result {
	before := r.outside.Earlier.Before(member.Tenant)
	if before == nil || before.Outcome != report.OutcomePartial || before.Report == nil {
		return member.Report
	}
	both := *member.Report
	both.Items = slices.Concat(before.Report.Items, both.Items)
	if !before.Report.Began.IsZero() {
		both.Began = before.Report.Began
	}
	return &both
}

// check waits, and then checks the apps of the tenants of a wave that were written to, now or by an
// earlier run that may have been stopped before its check.
func (r *rollout) check(ctx context.Context, wave string, selected []int, ended func(*report.Member[apply.Result])) {
	results := map[int]*apply.Result{}
	var last time.Time // when the last apply ended
	for _, i := range selected {
		member := &r.fleet.Tenants[i]
		if !r.fleet.Rollout.Unchecked(member) {
			continue
		}
		results[i] = r.toCheck(member)
		if since := r.recent[member.Tenant.Name].Since(results[i]).Since; since.After(last) {
			last = since
		}
	}
	if len(results) == 0 || !r.waits(ctx, wave, len(results), last.Add(r.project.Rollout.Check)) {
		return // what was not checked does not count as working
	}
	healths := map[int]*report.Health{}
	for i := range results {
		healths[i] = &report.Health{}
	}
	group := guard.Group{}
	group.SetLimit(TenantsAtOnce)
	for i, result := range results {
		group.Go(func() error {
			found, err := within(ctx, r.project, r.options, r.fleet.Tenants[i].Tenant.Name, &r.crash, func(ctx context.Context, s *Session) (*report.Health, error) {
				return s.health(ctx, r.recent[s.tenant.Name].Since(result))
			})
			if err != nil {
				found = &report.Health{Text: messages.Text(connection.Because("unknown-health", "reason", errorText(err)))}
			}
			*healths[i] = *found
			return nil
		})
	}
	_ = group.Wait()
	for _, i := range selected {
		if results[i] == nil {
			continue
		}
		member := &r.fleet.Tenants[i]
		member.Health = healths[i]
		if !member.Health.Works {
			member.Outcome = report.OutcomeUnhealthy
			r.standing.Fail(member.Tenant.Name, wave)
		}
		ended(member)
	}
}

// waits waits until that time, and reports whether the context did not end first.
func (r *rollout) waits(ctx context.Context, wave string, tenants int, until time.Time) bool {
	wait := until.Sub(r.project.host.now())
	if notify := r.project.host.Notify; notify != nil && wait > 0 {
		notify("", WaveEnded{wave, tenants, until})
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// health returns whether the apps still work that load what an apply has changed.
func (s *Session) health(ctx context.Context, o CheckOptions) (*report.Health, error) {
	if _, ok := s.provider.(connection.UsageReader); !ok {
		return &report.Health{Works: true, Text: messages.Text(connection.Because("no-health"))}, nil
	}
	check, err := s.CheckUse(ctx, o)
	if err != nil {
		return nil, err
	}
	reloaded := 0
	var failing []string
	for i := range check.Connections {
		reloaded += check.Connections[i].Succeeded
		for _, app := range check.Connections[i].Failing {
			if !slices.Contains(failing, app.Name) {
				failing = append(failing, app.Name)
			}
		}
	}
	if len(failing) > 0 {
		return &report.Health{Text: messages.Text(connection.Because("apps-failing", "apps", len(failing), "names", failing))}, nil
	}
	return &report.Health{Works: true, Text: messages.Text(connection.Because("apps-working", "reloaded", reloaded))}, nil
}
