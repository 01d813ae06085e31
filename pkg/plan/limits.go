package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// limit applies the rules over the whole plan. The hash is known by now, so that
// the hint can name it.
func (a *analysis) limit(p *Plan) *Refusal {
	owned := 0
	for i := range a.in.Snapshot.Connections {
		if a.in.Snapshot.Connections[i].Record.Project == a.in.Project {
			owned++
		}
	}
	var confirm []string
	recreates := a.refuseRecreates(owned)
	first := recreates
	if deletes := a.refuseDeletes(owned); deletes != nil {
		first, deletes.Next = deletes, recreates
		confirm = append(confirm, fmt.Sprintf("--confirm-deletes %d@%s", p.Summary.Delete, p.Hash))
	}
	if recreates != nil {
		confirm = append(confirm, fmt.Sprintf("--confirm-recreates %d@%s", p.Summary.Recreate, p.Hash))
	}
	for refusal := first; refusal != nil; refusal = refusal.Next {
		refusal.Hint = "if this is intended, pass " + strings.Join(confirm, " ")
	}
	return first
}

// refuseDeletes returns the refusal of a plan that deletes too much; nil where it does not.
// What is owned is counted by the caller.
func (a *analysis) refuseDeletes(owned int) *Refusal {
	deletes := 0
	for _, d := range a.decisions {
		// A leftover without a temporary name is counted: nothing proves that a recreate has left it.
		if d.change.Action == ActionDelete && d.change.Refused == "" && (!d.repair || d.live.Record.Phase == "") {
			deletes++
		}
	}
	switch allowed := a.in.Policy.MaxDeletes.Allowed(owned); {
	case deletes == 0:
		return nil
	case len(a.in.Desired) == 0:
		return &Refusal{
			Rule:    RuleEmpty,
			Message: "the files declare no connection for this tenant, and the plan would delete " + strconv.Itoa(deletes),
		}
	case deletes > allowed:
		return &Refusal{
			Rule: RuleMaxDeletes,
			Message: fmt.Sprintf("the plan would delete %d of %d owned connections; policy.maxDeletes allows %d",
				deletes, owned, allowed),
		}
	}
	return nil
}

// refuseRecreates returns the refusal of a plan that recreates too much; nil where it does
// not. A recreate that brings a missing name back, or goes on with a connection that an
// interrupted one has made, is not counted: it was approved before, and to stop there would
// leave it half done.
func (a *analysis) refuseRecreates(owned int) *Refusal {
	limit := a.in.Policy.MaxRecreates
	if limit == nil {
		return nil
	}
	recreates := 0
	for _, d := range a.decisions {
		if d.change.Action == ActionRecreate && d.change.Refused == "" && !d.change.Waits && !d.missed && d.begun == nil {
			recreates++
		}
	}
	allowed := limit.Allowed(owned)
	if recreates <= allowed {
		return nil
	}
	return &Refusal{
		Rule: RuleMaxRecreates,
		Message: fmt.Sprintf("the plan would recreate %d connections, and the project owns %d; policy.maxRecreates allows %d",
			recreates, owned, allowed),
	}
}

// ConfirmDeletes lifts a refusal that counts deletes, if the confirmation is for
// exactly this plan: "N@HASH". The error says what does not fit.
func (p *Plan) ConfirmDeletes(confirmation string) error {
	return p.confirm(confirmation, "delete", p.Summary.Delete, RuleMaxDeletes, RuleEmpty)
}

// ConfirmRecreates lifts a refusal that counts recreates, as [Plan.ConfirmDeletes] does.
func (p *Plan) ConfirmRecreates(confirmation string) error {
	return p.confirm(confirmation, "recreate", p.Summary.Recreate, RuleMaxRecreates)
}

// confirm lifts the refusal by one of the rules, and no other.
func (p *Plan) confirm(confirmation, what string, counted int, rules ...string) error {
	count, hash, ok := strings.Cut(confirmation, "@")
	wrong := ""
	switch {
	case !ok:
		wrong = "it is not N@HASH"
	case hash != p.Hash:
		wrong = "the plan has changed"
	case count != strconv.Itoa(counted):
		wrong = fmt.Sprintf("the plan %ss %d", what, counted)
	}
	if wrong != "" {
		return fmt.Errorf("--confirm-%ss %q: %s; review the plan, then pass --confirm-%[1]ss %[4]d@%[5]s", what, confirmation, wrong, counted, p.Hash)
	}
	at := &p.Refusal
	for *at != nil && !slices.Contains(rules, (*at).Rule) {
		at = &(*at).Next
	}
	if *at != nil {
		*at = (*at).Next
	}
	return nil
}
