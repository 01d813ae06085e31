package plan

import "github.com/qlsync/qlsync/pkg/connection"

// Make plans. The problems are the user's to mend (an unknown space, an owner
// that nobody is); while there is one that is an error, there is no plan.
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
		found.warn(nil, "made from a snapshot of "+in.Taken+", not from the tenant: what has changed there since is not seen")
	}
	found.onlyReviewed()
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
	found.remark(unsuitedSpaces(found.targets))
	if steps := ordered.pack(); len(steps) > 0 {
		p.Steps = steps
	}
	p.Warnings = found.warnings
	p.Summary = summarize(found.decisions, found.unchanged)
	p.Summary.Omitted = found.omitted
	found.listRotations(p)
	p.Estimate = estimate(p.Steps, &in)
	p.Hash = hash(p)
	if p.Refusal = found.limit(p); in.Reviewed != nil && !in.Reviewed.reviews(p) {
		p.Refusal = &Refusal{
			Rule: RuleStale, Message: "the reviewed plan is not for this project and tenant, or was changed since", Hint: "plan and review again",
		}
		if in.Reviewed.IsEarlier() {
			p.Refusal.Message = "the reviewed plan was made by an earlier version of qlsync, whose hash covers less"
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
		case d.change.Refused != "":
			s.Refused++
		case d.change.Waits:
			s.Manual++
		default:
			*count[d.change.Action]++
		}
	}
	return s
}
