package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
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
		confirm = append(confirm, "--confirm-deletes "+strconv.Itoa(p.Summary.Delete)+"@"+p.Hash)
	}
	if recreates != nil {
		confirm = append(confirm, "--confirm-recreates "+strconv.Itoa(p.Summary.Recreate)+"@"+p.Hash)
	}
	for refusal := first; refusal != nil; refusal = refusal.Next {
		refusal.Reason = refusal.Reason.With("confirm", strings.Join(confirm, " "))
	}
	return first
}

// refuseDeletes returns the refusal of a plan that deletes too much; nil where it does not.
// What is owned is counted by the caller.
func (a *analysis) refuseDeletes(owned int) *Refusal {
	deletes := 0
	for _, d := range a.decisions {
		// A leftover without a temporary name is counted: nothing proves that a recreate has left it.
		if d.change.Action == ActionDelete && !d.change.Refused.Holds() && (!d.repair || d.live.Record.Phase == "") {
			deletes++
		}
	}
	switch allowed := a.in.Policy.MaxDeletes.Allowed(owned); {
	case deletes == 0:
		return nil
	case len(a.in.Desired) == 0:
		return &Refusal{Rule: RuleEmpty, Reason: connection.Because("empty-desired-set", "deletes", deletes)}
	case deletes > allowed:
		return &Refusal{Rule: RuleMaxDeletes, Reason: connection.Because("max-deletes", "deletes", deletes, "owned", owned, "allowed", allowed)}
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
		if d.change.Action == ActionRecreate && !d.change.Refused.Holds() && !d.change.Waits && !d.missed && d.begun == nil {
			recreates++
		}
	}
	allowed := limit.Allowed(owned)
	if recreates <= allowed {
		return nil
	}
	return &Refusal{Rule: RuleMaxRecreates, Reason: connection.Because("max-recreates", "recreates", recreates, "owned", owned, "allowed", allowed)}
}

// ConfirmDeletes lifts a refusal that counts deletes, if the confirmation is for
// exactly this plan: "N@HASH". Otherwise it returns what does not fit.
func (p *Plan) ConfirmDeletes(confirmation string) connection.Reason {
	return p.confirm(confirmation, "delete", p.Summary.Delete, RuleMaxDeletes, RuleEmpty)
}

// ConfirmRecreates lifts a refusal that counts recreates, as [Plan.ConfirmDeletes] does.
func (p *Plan) ConfirmRecreates(confirmation string) connection.Reason {
	return p.confirm(confirmation, "recreate", p.Summary.Recreate, RuleMaxRecreates)
}

// confirm lifts the refusal by one of the rules, and no other.
func (p *Plan) confirm(confirmation, what string, counted int, rules ...string) connection.Reason {
	count, hash, ok := strings.Cut(confirmation, "@")
	wrong := ""
	switch {
	case !ok:
		wrong = "confirm-malformed"
	case hash != p.Hash:
		wrong = "confirm-changed"
	case count != strconv.Itoa(counted):
		wrong = "confirm-count"
	}
	if wrong != "" {
		return connection.Because(wrong, "what", what, "given", confirmation, "count", counted, "hash", p.Hash)
	}
	at := &p.Refusal
	for *at != nil && !slices.Contains(rules, (*at).Rule) {
		at = &(*at).Next
	}
	if *at != nil {
		*at = (*at).Next
	}
	return connection.Reason{}
}
