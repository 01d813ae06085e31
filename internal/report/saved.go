package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
)

// The JSON contracts of the reports of several tenants of one project.
const (
	PlansFormat   = "qlsync.plans/v1"
	DriftsFormat  = "qlsync.drifts/v1"
	ResultsFormat = "qlsync.results/v1"
)

// Fleet is the plans, drift reports or results of the tenants of one project. A tenant without a
// report has its error here, next to the reports of the others.
type Fleet[T any] struct {
	Format  string `json:"format"`
	Project string `json:"project"`
	// Hash covers the plans of all tenants: of these plans, or of the reviewed ones that were applied.
	Hash string `json:"hash,omitempty"`
	// At is when the run began, in RFC 3339. Of two runs on a tenant, the newer one counts.
	At string `json:"at,omitempty"`
	// Shard is the part of the tenants that the run was about, as I/N. Empty: all of them.
	Shard string `json:"shard,omitempty"`
	// Attempt is the number of the run among the attempts of its shard, from 1; 0: unknown.
	Attempt int `json:"attempt,omitempty"`
	// Count is the number of tenants of the run. Only lines of JSON Lines have it, so that the loss of the
	// first line is noticed.
	Count int `json:"count,omitempty"`
	// Wave is the only wave that the run was about. Empty: the run was not about one wave.
	Wave string `json:"wave,omitempty"`
	// Selections are the tenants that plans are about. Empty: all tenants of the project.
	Selections []Selection `json:"selections,omitempty"`
	// Lock is the digest of the lock file with the tenants of the project. Empty: there was none.
	Lock string `json:"lock,omitempty"`
	// Rollout is the order of the waves. Nil: the project has none, or merged reports have different
	// ones.
	Rollout *Rollout `json:"rollout,omitempty"`
	// Selected are the names of all tenants of the run. Only the first line of JSON Lines has them, so
	// that a tenant whose line is lost is known.
	Selected []string `json:"selected,omitempty"`
	// Signal is the number of the signal that interrupted the run; 0: none.
	Signal int `json:"signal,omitempty"`
	// Shards is the number of shards of a merged report; 0: its runs had none.
	Shards int `json:"shards,omitempty"`
	// Missing is what a merged report lacks: shards, and reports that are damaged.
	Missing []string `json:"missing,omitempty"`
	// Lost are the attempts whose reports a merged report lacks, although it has a later one.
	Lost    []string    `json:"lost,omitempty"`
	Tenants []Member[T] `json:"tenants"` // in the order of the project file
}

// Selection is the tenants that a line selects, apart from a shard. An empty field selects all.
type Selection struct {
	Names  string `json:"names,omitempty"`  // names and patterns, separated by commas
	Groups string `json:"groups,omitempty"` // the same, of groups
	Wave   string `json:"wave,omitempty"`
}

// Member is one tenant with either Report or Error.
type Member[T any] struct {
	Tenant plan.Tenant `json:"tenant"`
	// Wave is the wave of the tenant. Empty: there is no rollout.
	Wave string `json:"wave,omitempty"`
	// Outcome is set for a result and for an error.
	Outcome Outcome `json:"outcome,omitempty"`
	// Earlier is the failure that an earlier run has found, if this run neither found one nor is done: the
	// failure still counts. Empty: there is none.
	Earlier Outcome `json:"earlier,omitempty"`
	// Recheck reports that nothing was written, but connections were updated shortly before, perhaps by
	// a run that was stopped before its check: the apps must be checked as after a write.
	Recheck bool `json:"recheck,omitempty"`
	// Health is set when the apps were checked after the wave of the tenant.
	Health *Health `json:"health,omitempty"`
	Report *T      `json:"report,omitempty"`
	Error  string  `json:"error,omitempty"`
}

// Outcome is how a run ended for one tenant.
type Outcome string

// The outcomes, the worst first.
const (
	OutcomePartial     Outcome = "partial"     // changes were made, or may have been, but not all
	OutcomeMissing     Outcome = "missing"     // there is no report to merge
	OutcomeUnhealthy   Outcome = "unhealthy"   // apps that load the changed connections fail
	OutcomeUnreachable Outcome = "unreachable" // the tenant did not answer
	OutcomeLocked      Outcome = "locked"      // another apply is running
	OutcomeRefused     Outcome = "refused"     // because of a safety rule
	OutcomeStale       Outcome = "stale"       // the tenant or its plan has changed since the review
	OutcomeFailed      Outcome = "failed"      // nothing was written
	OutcomeInterrupted Outcome = "interrupted" // before the first write
	OutcomeNotStarted  Outcome = "not-started" // because the rollout has stopped
	OutcomeDone        Outcome = "done"
)

// Outcomes returns all outcomes, the worst first.
func Outcomes() []Outcome {
	return []Outcome{
		OutcomePartial, OutcomeMissing, OutcomeUnhealthy, OutcomeUnreachable, OutcomeLocked, OutcomeRefused, OutcomeStale,
		OutcomeFailed, OutcomeInterrupted, OutcomeNotStarted, OutcomeDone,
	}
}

// OutcomeOf returns the outcome of a result.
func OutcomeOf(r *apply.Result) Outcome {
	switch l := r.Ledger; {
	case r.Complete():
		return OutcomeDone
	case r.Wrote():
		return OutcomePartial
	case l.Blocked == l.Planned:
		return OutcomeRefused
	case l.Skipped > 0:
		return OutcomeInterrupted
	}
	return OutcomeFailed
}

// FleetHash returns the hash over the plans of several tenants, in any order: over the identity, the
// URL, the wave, and the hash of the plan or the error of each tenant, and over the lock and the
// rollout.
func FleetHash(f *Fleet[plan.Plan]) string {
	leaves := make([][]string, len(f.Tenants))
	for i, member := range f.Tenants {
		leaf := []string{cmp.Or(member.Tenant.ID, member.Tenant.URL), member.Tenant.URL, member.Wave, "error", member.Error}
		if member.Report != nil {
			leaf[3], leaf[4] = "plan", member.Report.Hash
		}
		leaves[i] = leaf
	}
	slices.SortFunc(leaves, slices.Compare)
	text, err := json.Marshal([]any{PlansFormat, f.Project, f.Lock, f.Rollout, leaves})
	if err != nil {
		panic("report: " + err.Error()) // strings are always encoded
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// ReadPlans reads the plans of several tenants that were written as JSON. As with [ReadPlan], they
// are evidence of what was reviewed.
func ReadPlans(r io.Reader) (*Fleet[plan.Plan], error) {
	f, err := ReadFleet[plan.Plan](r)
	switch {
	case err != nil:
		return nil, err
	case f.Format != PlansFormat:
		return nil, fmt.Errorf("not the plans of several tenants: the format is %q, not %q", f.Format, PlansFormat)
	case f.Hash != FleetHash(f):
		return nil, errors.New("the hash does not match the plans: the file was changed after qlsync wrote it. Plan again")
	}
	return f, nil
}

// Of returns the member of that name; nil if the fleet is nil or has none.
func (f *Fleet[T]) Of(name string) *Member[T] {
	if f == nil {
		return nil
	}
	for i := range f.Tenants {
		if f.Tenants[i].Tenant.Name == name {
			return &f.Tenants[i]
		}
	}
	return nil
}

// Before returns the member of the same tenant; nil if the fleet is nil or has none. A member of that
// name with another address or id is another tenant.
func (f *Fleet[T]) Before(tenant plan.Tenant) *Member[T] {
	member := f.Of(tenant.Name)
	if member == nil || member.Tenant.URL != tenant.URL || member.Tenant.IsAnother(tenant) {
		return nil
	}
	return member
}

// Names returns the names of the tenants; not nil.
func (f *Fleet[T]) Names() []string {
	names := make([]string, len(f.Tenants))
	for i := range f.Tenants {
		names[i] = f.Tenants[i].Tenant.Name
	}
	return names
}

// Reports returns the reports of the tenants that have one.
func (f *Fleet[T]) Reports() []*T {
	var reports []*T
	for i := range f.Tenants {
		if report := f.Tenants[i].Report; report != nil {
			reports = append(reports, report)
		}
	}
	return reports
}

// Failed counts the tenants without a report.
func (f *Fleet[T]) Failed() int { return len(f.Tenants) - len(f.Reports()) }

// ReadPlan reads a plan that was written as JSON. The plan is evidence of what was reviewed and
// cannot be applied: its steps have no operations.
func ReadPlan(r io.Reader) (*plan.Plan, error) {
	var p plan.Plan
	if err := readJSON(r, &p); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if p.Format != plan.Format {
		return nil, fmt.Errorf("not a plan: its format is %q, not %q", p.Format, plan.Format)
	}
	if p.Project == "" || p.Hash == "" {
		return nil, errors.New("not a plan: it has no project or no hash")
	}
	return &p, nil
}

// ReadDrift reads a drift report that was written as JSON.
func ReadDrift(r io.Reader) (*plan.Drift, error) {
	var d plan.Drift
	if err := readJSON(r, &d); err != nil {
		return nil, fmt.Errorf("not a drift report: %w", err)
	}
	if d.Format != plan.DriftFormat {
		return nil, fmt.Errorf("not a drift report: its format is %q, not %q", d.Format, plan.DriftFormat)
	}
	if d.Project == "" {
		return nil, errors.New("not a drift report: it has no project")
	}
	return &d, nil
}

// ReadFleet reads the reports of several tenants that were written as JSON; the caller has checked
// their format.
func ReadFleet[T any](r io.Reader) (*Fleet[T], error) {
	var f Fleet[T]
	if err := readJSON(r, &f); err != nil {
		return nil, fmt.Errorf("not a report of several tenants: %w", err)
	}
	if f.Project == "" || f.Tenants == nil {
		return nil, errors.New("not a report of several tenants: it has no project or no tenants")
	}
	for i := range f.Tenants {
		member := &f.Tenants[i]
		isKnown := slices.Contains(Outcomes(), member.Outcome) && (member.Outcome != OutcomeDone || member.Report != nil)
		if f.Format == ResultsFormat && !isKnown {
			return nil, fmt.Errorf("the outcome of tenant %q is %q, which is unknown or needs a report", member.Tenant.Name, member.Outcome)
		}
	}
	return &f, nil
}

func readJSON(r io.Reader, value any) error {
	decoder := json.NewDecoder(r)
	decoder.UseNumber() // so that values keep the text over which the hash was computed
	return decoder.Decode(value)
}
