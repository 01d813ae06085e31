package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// hostNamer is an optional interface of the rules of a provider.
type hostNamer interface {
	// NamesHost reports whether a property names the host that a connection connects to.
	NamesHost(property string) bool
}

// weigh reads what depends on the connections that a plan can break, and applies the limits of the
// policy. It reads nothing for a plan that can break nothing, or if nobody wants to know.
func (s *Session) weigh(ctx context.Context, p *plan.Plan, o PlanOptions) error {
	own := s.ownLimits()
	changes := s.breaking(p, own)
	canBreak := func(c impact.Change) bool { return c.Breaks != "" }
	wanted := canBreak
	switch {
	case o.Applies:
		wanted = func(c impact.Change) bool { return canBreak(c) && c.Limits.Refuses() }
	case !o.Impact && s.project.Policy.Impact == nil:
		wanted = func(c impact.Change) bool { return canBreak(c) && own[c.Connection] != nil }
	}
	if !slices.ContainsFunc(changes, wanted) {
		return nil
	}
	o.Usage.decides = map[string]bool{}
	for _, change := range changes {
		o.Usage.decides[change.ID] = true
	}
	index, nothing, err := s.index(ctx, s.planned.Snapshot, s.planned.Snapshot.Connections, o.Usage)
	if err != nil {
		return err
	}
	if o.Reviewed != nil {
		for i := range changes {
			changes[i].Reviewed = o.Reviewed.Impact.Of(changes[i].Connection, changes[i].ID)
		}
	}
	var verdicts []impact.Verdict
	if index == nil {
		p.Impact, verdicts = impact.Blindly(changes, nothing)
	} else {
		p.Impact, verdicts = impact.Judge(changes, index)
	}
	if s.taken.IsZero() {
		rule(p, verdicts)
	}
	messages.Fill(p.Reasons(), s.planned.Rules.Messages())
	s.redactReasons(p.Reasons())
	return nil
}

// rule adds the verdicts to a plan: as warnings, and as one refusal behind those of other rules.
func rule(p *plan.Plan, verdicts []impact.Verdict) {
	var refused []connection.Reason
	for _, verdict := range verdicts {
		if verdict.Refuses {
			refused = append(refused, verdict.Reason)
			continue
		}
		p.Warnings = append(p.Warnings, plan.Warning{Connection: &verdict.Connection, Reason: verdict.Reason})
	}
	if len(refused) == 0 {
		return
	}
	confirm := "--confirm-impact " + confirmed(p.Impact.Refused) + "@" + p.Hash
	if p.Refusal != nil {
		others, areConfirmable := p.Refusal.Reason.Args["confirm"].(string)
		if !areConfirmable {
			return // the plan is refused because of its review
		}
		confirm = others + " " + confirm
	}
	at := &p.Refusal
	for *at != nil {
		at = &(*at).Next
	}
	*at = &plan.Refusal{Rule: impact.RuleImpact, Reason: connection.Because("impact-refused", "changes", refused)}
	for refusal := p.Refusal; refusal != nil; refusal = refusal.Next {
		refusal.Reason = refusal.Reason.With("confirm", confirm)
	}
}

// moreUnknown is what a confirmation adds to the number, if dependents may exist that were not seen.
const moreUnknown = "+unknown"

// confirmed returns the part of a confirmation before the hash.
func confirmed(refused *impact.Refused) string {
	text := strconv.Itoa(refused.Dependents)
	if refused.Unknown {
		text += moreUnknown
	}
	return text
}

// confirmImpact lifts the refusal because of dependents, if the confirmation is for this plan and
// covers all dependents that it has now. Otherwise it returns what does not fit.
func confirmImpact(p *plan.Plan, confirmation string) connection.Reason {
	if p.Impact == nil || p.Impact.Refused == nil {
		return connection.Reason{}
	}
	count, hash, ok := strings.Cut(confirmation, "@")
	digits, unknown := strings.CutSuffix(count, moreUnknown)
	most, err := strconv.Atoi(digits)
	wrong := ""
	switch refused := p.Impact.Refused; {
	case !ok, err != nil, most < 0:
		wrong = "confirm-impact-malformed"
	case hash != p.Hash:
		wrong = "confirm-impact-changed"
	case refused.Dependents > most, refused.Unknown && !unknown:
		wrong = "confirm-impact-exceeded"
	}
	if wrong != "" {
		return connection.Because(wrong, "given", confirmation, "needed", confirmed(p.Impact.Refused)+"@"+p.Hash, "dependents", p.Impact.Refused.Dependents)
	}
	at := &p.Refusal
	for *at != nil && (*at).Rule != impact.RuleImpact {
		at = &(*at).Next
	}
	if *at != nil {
		*at = (*at).Next
	}
	return connection.Reason{}
}

// ownLimits returns the limits that the declarations of connections set.
func (s *Session) ownLimits() map[connection.Key]*connection.ImpactLimits {
	own := map[connection.Key]*connection.ImpactLimits{}
	for i := range s.declared.Connections {
		if one := &s.declared.Connections[i]; one.Lifecycle.Impact != nil {
			own[declaredKey(one, s.planned.Snapshot.Spaces)] = one.Lifecycle.Impact
		}
	}
	return own
}

// breaking returns the changes of live connections that a plan makes, and how they can break what
// depends on the connections. own are the limits of declarations.
func (s *Session) breaking(p *plan.Plan, own map[connection.Key]*connection.ImpactLimits) []impact.Change {
	var policy connection.ImpactLimits
	if s.project.Policy.Impact != nil {
		policy = *s.project.Policy.Impact
	}
	var changes []impact.Change
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.ID == "" || c.Refused.Holds() || c.Waits || c.Connection.IsSpace() {
			continue
		}
		changes = append(changes, impact.Change{
			Connection: c.Connection, ID: c.ID, Breaks: breakOf(c, s.planned.Rules), Limits: policy.With(own[c.Connection]),
		})
	}
	return changes
}

// breakOf returns how a change can break what depends on the connection; empty: it cannot.
func breakOf(c *plan.Change, rules connection.Rules) impact.Break {
	hosts, _ := rules.(hostNamer)
	isHost := func(f plan.Field) bool {
		path, is := strings.CutPrefix(f.Path, "/properties/")
		name, _, _ := strings.Cut(path, "/")
		return is && hosts != nil && hosts.NamesHost(name)
	}
	switch {
	case c.Action == plan.ActionDelete:
		return impact.BreakDelete
	case slices.ContainsFunc(c.Fields, func(f plan.Field) bool { return f.Path == "/dataSource" }):
		return impact.BreakDataSource
	case c.From != nil && c.From.Space != c.Connection.Space:
		return impact.BreakSpace
	case c.From != nil && c.From.Name != c.Connection.Name:
		return impact.BreakRename
	case c.Action == plan.ActionRecreate:
		return impact.BreakRecreate
	case slices.ContainsFunc(c.Fields, isHost):
		return impact.BreakHost
	}
	return ""
}

// UsageOptions say how dependents are read.
type UsageOptions struct {
	// ErrorCodes requests the codes of failed reloads.
	ErrorCodes bool
	// History is a file to which the reading is added, and whose readings count too. Empty: none.
	History string
	// decides are the connections on whose dependents a decision rests: apps that use them are read
	// even if the read cache has them.
	decides map[string]bool
	// decidesOn returns what decides has of a connection that is read. Nil: decides stays as it is.
	decidesOn func(connection.Live) bool
}

// index reads what depends on live connections, which may include some that are not in the snapshot.
// Without an index, nothing is why.
func (s *Session) index(ctx context.Context, snapshot *connection.Snapshot, live []connection.Live, o UsageOptions) (index *impact.Index, nothing connection.Reason, err error) {
	reader, ok := s.provider.(connection.UsageReader)
	switch {
	case !s.taken.IsZero():
		return nil, connection.Because("impact-from-snapshot"), nil
	case !ok:
		return nil, connection.Because("impact-no-source"), nil
	}
	memory, err := s.recall(o.History)
	if err != nil {
		return nil, nothing, err
	}
	defer s.watch()()
	usage, err := reader.Usage(ctx, connection.UsageScope{
		Caller: snapshot.Caller, Spaces: snapshot.Spaces, ErrorCodes: o.ErrorCodes,
		Known: memory.known(), Fresh: readsFresh(snapshot.Connections, o.decides),
		Planned: func(requests int, wait time.Duration) { s.notify(UsagePlanned{requests, wait}) },
		Reading: func(done, total int) { s.notify(ReadUsage{done, total}) },
	})
	if ctx.Err() != nil {
		return nil, nothing, ctx.Err()
	}
	if err != nil {
		return nil, connection.Because("impact-not-read", "error", s.redactError(err).Error()), nil
	}
	s.redactUsage(usage)
	unlock := s.lockUsage(ctx, memory.history)
	history, err := memory.save(usage, snapshot.Connections)
	unlock()
	if err != nil {
		return nil, nothing, fmt.Errorf("save the uses of connections: %w", s.host.WorkDir.Shown(err))
	}
	return impact.New(usage, live, history), nothing, nil
}

// redactUsage replaces texts of apps and other objects that quote a secret of the run.
func (s *Session) redactUsage(usage *connection.Usage) {
	s.redactUser(&usage.Caller)
	for i := range usage.Owners {
		s.redactUser(&usage.Owners[i])
	}
	item := func(one *connection.Item) { s.redact(&one.Name, &one.Space) }
	for i := range usage.Apps {
		app := &usage.Apps[i]
		item(&app.Item)
		s.redactReason(&app.Unread)
		for j := range app.Reloads {
			s.redact(&app.Reloads[j].ErrorCode)
		}
	}
	for i := range usage.Holders {
		item(&usage.Holders[i].Item)
		s.redactReason(&usage.Holders[i].Unread)
	}
	for i := range usage.Incomplete {
		s.redactReason(&usage.Incomplete[i])
	}
}
