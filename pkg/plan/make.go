package plan

import (
	"cmp"
	"slices"

	"github.com/qlsync/qlsync/internal/compare"
	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Make returns a plan. The problems are for the user to fix (an unknown space, an owner who does
// not exist); if one of them is an error, there is no plan.
func Make(in Input) (*Plan, connection.Problems) {
	found := analyze(in)
	if err := found.problems.Err(); err != nil {
		return nil, found.problems
	}
	p := &Plan{
		Format: Format, Project: in.Project, Caller: in.Snapshot.Caller.ID,
		Tenant: in.Tenant,
		Steps:  []Step{}, Seen: []Seen{},
	}
	if in.Taken != "" {
		p.Snapshot = &Source{Taken: in.Taken}
		found.warn(nil, connection.Because("from-snapshot", "taken", in.Taken))
	}
	if in.Reviewed != nil {
		onlyReviewed(found.decisions, in.Reviewed)
	}
	ordered := order(found)
	if len(in.Only) > 0 {
		found.onlyTargets(ordered)
	}
	p.Changes = make([]Change, 0, len(found.decisions))
	for _, d := range found.decisions {
		found.warnAbout(d)
		p.Changes = append(p.Changes, d.change)
		if d.live != nil {
			p.Seen = append(p.Seen, see(d.live))
		}
	}
	found.warnOnce()
	found.remark(unsuitedSpaces(found.Targets))
	if steps := ordered.pack(); len(steps) > 0 {
		p.Steps = steps
	}
	p.Warnings = found.warnings
	p.Summary = summarize(found.decisions, found.unchanged)
	p.Summary.Omitted = found.omitted
	found.listRotations(p)
	p.Estimate, p.Reads = estimate(p.Steps, &in), in.Snapshot.Counts(in.Catalog)
	p.Hash = hash(p)
	p.Refusal = found.limit(p)
	if in.Reviewed != nil {
		if refusal := p.refuseReviewed(in.Reviewed); refusal != nil {
			p.Refusal = refusal
		}
	}
	return p, found.problems
}

func summarize(decisions []*decision, unchanged int) Summary {
	s := Summary{Unchanged: unchanged}
	count := map[Action]*int{
		ActionCreate: &s.Create, ActionAdopt: &s.Adopt, ActionUpdate: &s.Update,
		ActionMove: &s.Move, ActionRecreate: &s.Recreate, ActionDelete: &s.Delete,
	}
	for _, d := range decisions {
		switch {
		case d.change.Refused.Holds():
			s.Refused++
		case d.change.Waits:
			s.Manual++
		default:
			*count[d.change.Action]++
		}
	}
	return s
}

// Scope returns what must be read of a tenant to plan for the files: the
// connections of the project's spaces, in detail where they are declared, moved
// from, or owned by the project.
func Scope(in Input) connection.Scope { return targets.Scope(in.files()) }

// Equals returns [connection.Scope.Equals] for the files. What the caller does with the snapshot may
// still mention a proved connection, which must then be read in detail: [connection.Detailer].
func Equals(in Input) func(*connection.Live, map[string]any) (map[string]any, bool) {
	return compare.Equals(in.files(), in.Rules)
}

// files returns what the files of the project declare.
func (in *Input) files() *targets.Files {
	return &targets.Files{
		Project: in.Project, Policy: in.Policy, Desired: in.Desired, Moves: in.Moves, Spaces: in.Spaces, OnlyMoves: in.OnlyMoves, Catalog: in.Catalog,
		Prepared: in.Prepared,
	}
}

// analyze compares the files with the tenant.
func analyze(in Input) *analysis {
	in.Snapshot = keyrecord.Redact(in.Snapshot, in.Desired, in.Moves)
	declared := in.files()
	a := &analysis{in: in, noted: map[string]bool{}, warnings: []Warning{}}
	a.findSpaces()
	a.Resolved = targets.Resolve(declared, in.Rules, targets.NewTenant(a.in.Snapshot, in.Moves))
	a.Found = match.Find(declared, in.Rules, &a.Resolved)
	for _, p := range slices.Concat(a.Resolved.Problems, a.Found.Problems) {
		a.problem(p.Position, p.Reason)
	}
	a.comparer = compare.New(declared, in.Rules, a.Tenant)
	a.asked = map[connection.Key]bool{}
	for _, key := range in.Rotate {
		a.asked[key] = true
	}
	a.remark(a.Remarks)
	a.warnAboutInactive()
	a.warnAboutUnknownOwners()
	a.remark(a.LookAlikes(in.Snapshot))
	for i := range a.Pairs {
		d := a.decide(&a.Pairs[i])
		if d != nil {
			a.decisions = append(a.decisions, d)
		} else {
			a.unchanged++
		}
		a.rotate(&a.Pairs[i], d)
	}
	a.unknownRotations()
	a.prune()
	a.decideSpaces()
	slices.SortStableFunc(a.decisions, func(x, y *decision) int {
		return cmp.Or(x.change.Connection.Compare(y.change.Connection), cmp.Compare(x.change.ID, y.change.ID))
	})
	for _, reason := range in.Snapshot.Incomplete {
		a.warn(nil, connection.Because("list-incomplete", "why", reason))
	}
	a.problems.Sort()
	return a
}

// EarlierHash returns the hash of version 1 of the plan for the input. It is not accepted and only
// explains why a hash does not match. Empty: there is no plan.
func EarlierHash(in Input) string {
	p, problems := Make(in)
	if problems.Err() != nil || p == nil {
		return ""
	}
	declared := map[connection.Key]*targets.Target{}
	for _, t := range analyze(in).Targets {
		declared[t.Key] = t
	}
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Declares != "" {
			c.Declares = earlierDeclares(declared[c.Connection])
		}
	}
	for i := range p.Seen {
		p.Seen[i].Digest = p.Seen[i].Digest[:len("sha256:")+32]
	}
	return earlierHash(p)
}
