package plan

import (
	"maps"

	"github.com/qlsync/qlsync/internal/compare"
	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

func (a *analysis) warn(key *connection.Key, reason connection.Reason) {
	a.warnings = append(a.warnings, Warning{Connection: key, Reason: a.Named(reason)})
}

// problem notes an error once, however many times it is found.
func (a *analysis) problem(position connection.Position, reason connection.Reason) {
	noted := position.String() + " " + reason.Code + " " + connection.Canonical(reason.Args)
	if !a.noted[noted] {
		a.noted[noted] = true
		a.problems = append(a.problems, connection.Problem{Position: position, Severity: connection.SeverityError, Code: reason.Code, Args: reason.Args})
	}
}

func (a *analysis) remark(remarks []targets.Remark) {
	for _, r := range remarks {
		a.warn(r.About, r.Reason)
	}
}

// decide turns a pair into a change; nil where nothing has to change.
func (a *analysis) decide(p *match.Pair) *decision {
	position := p.PositionOf("")
	d := &decision{target: p.Target, live: p.Live, tried: p.Tried, missed: p.Missed, change: Change{
		Connection: p.Key, DataSource: p.DataSource, Reasons: reasons(p.Because), Position: &position, At: p.PositionOf,
	}}
	c := &d.change
	if p.Live == nil {
		c.Action, c.Declares = ActionCreate, declares(p.Target)
		c.Fields = a.comparer.Created(p.Target, a.declaredProperties(d))
		position = a.judge(createRules, p, d)
		a.manual(d)
		return d
	}
	c.ID = p.Live.ID
	if from := p.Live.Key; from != p.Key {
		c.From = &from
	}
	owner := p.Live.Record.Project
	if p.Live.Unreadable == "" && (owner == a.in.Project || owner == "") {
		a.decideFields(p, d)
	}
	c.Action = a.action(p, d.diff)
	if d.diff != nil && owner != "" && !d.diff.Content() && !p.Trouble.Holds() {
		return nil
	}
	c.Declares = declares(p.Target)
	position = a.judge(changeRules, p, d)
	a.goOn(d)
	a.manual(d)
	return d
}

// decideFields compares a pair, and says in its change what differs and why it is written.
func (a *analysis) decideFields(p *match.Pair, d *decision) {
	d.diff = a.comparer.Compare(p)
	var kept connection.Reason
	if p.Live.Record.Project == "" && len(p.Credentials) > 0 && !d.diff.Credentials {
		kept = connection.Because("credentials-taken")
	}
	d.change.Fields = d.diff.Fields
	d.change.Reasons = append(d.change.Reasons, reasons(d.diff.Recreate, d.diff.CredentialsWhy, d.diff.Staleness(), kept)...)
}

// judge refuses a change if one of the rules does, and returns the position of what the change is
// about.
func (a *analysis) judge(rules []rule, p *match.Pair, d *decision) connection.Position {
	reason := a.refuse(rules, p, d)
	if reason.Holds() {
		d.change.Refused = a.Named(reason)
	}
	return p.PositionOf(reason.Path)
}

// goOn lets a recreate go on with the new connection that an interrupted one has left,
// if that is what would be made now, but for what is written to it in any case.
func (a *analysis) goOn(d *decision) {
	made := a.Begun[d.target.Key]
	if made == nil || d.change.Action != ActionRecreate || d.change.Refused.Holds() || !d.diff.Demands.Resumes {
		return
	}
	if a.wouldBeMade(made, d) {
		d.begun = made
		d.change.Reasons = append(d.change.Reasons, connection.Because("resumes-recreate"))
	}
}

// wouldBeMade reports whether a connection is what a recreate would make, but for what is written
// to it in any case. The code of a sign-in cannot be written again.
func (a *analysis) wouldBeMade(made *connection.Live, d *decision) bool {
	owner := a.ownerAfter(d.target, d.live)
	switch {
	case made.DataSource != d.target.DataSource, made.Unreadable != "", !a.isRebuilt(made, d):
		return false
	case made.OwnerID != owner && a.in.Snapshot.Capabilities.Owner == "":
		return false
	case a.signIn(d.target, d.live) == "":
		return true
	}
	return made.OwnerID == owner && made.HasCredentials && made.Record.Credentials == d.target.CredentialsRecord(owner)
}

// isRebuilt reports whether a connection has the properties that a recreate would give it.
func (a *analysis) isRebuilt(made *connection.Live, d *decision) bool {
	want := *d.target.Desired
	want.Properties, want.Lifecycle.IgnoreChanges = a.rebuilt(d.target, d.live, d.diff.Demands.Leaves), nil
	for name := range made.Properties {
		if _, wanted := want.Properties[name]; !wanted {
			want.Properties[name] = nil
		}
	}
	return a.comparer.HasProperties(made, &targets.Target{Desired: &want, Source: d.target.Source})
}

func (a *analysis) action(p *match.Pair, d *compare.Difference) Action {
	switch {
	case d != nil && d.Recreate.Holds():
		return ActionRecreate
	case p.Live.Key != p.Key:
		return ActionMove
	case p.Live.Record.Project != a.in.Project:
		return ActionAdopt
	}
	return ActionUpdate
}

// reasons returns those that hold.
func reasons(list ...connection.Reason) (held []connection.Reason) {
	for _, r := range list {
		if r.Holds() {
			held = append(held, r)
		}
	}
	return held
}

// declaredProperties returns the properties of a connection that is created: those that are
// declared, and those that an interrupted recreate has kept of the old one.
func (a *analysis) declaredProperties(d *decision) map[string]any {
	t, declared := d.target, a.normalized(d.target)
	if d.tried == nil {
		return declared
	}
	old := *d.tried
	old.Properties = maps.Clone(old.Properties)
	maps.DeleteFunc(old.Properties, func(_ string, value any) bool { return len(connection.Secrets(value)) > 0 })
	properties := a.rebuilt(t, &old, a.in.Rules.Assess(a.Difference(t, &old)).Leaves)
	for _, name := range old.WriteOnlyProperties {
		if value, ok := declared[name]; ok {
			properties[name] = value
		}
	}
	return properties
}

// normalized returns the declared properties in the form in which they are sent,
// without those that must be absent.
func (a *analysis) normalized(t *targets.Target) map[string]any {
	properties := make(map[string]any, len(t.Properties))
	for name, value := range t.Properties {
		if value != nil {
			properties[name] = a.in.Rules.Normalize(t.Source.Properties[name], value)
		}
	}
	return properties
}

// rebuilt returns the properties of a recreated connection: the declared ones and, if
// the data source is the same, the ignored ones and the further ones of the old
// connection, without those that a recreate does not carry over.
func (a *analysis) rebuilt(t *targets.Target, old *connection.Live, leaves []string) map[string]any {
	properties := a.normalized(t)
	if old.DataSource != t.DataSource {
		return properties
	}
	for name := range t.Properties {
		if t.Lifecycle.Ignores("properties", name) {
			delete(properties, name)
		}
	}
	for name, value := range old.Properties {
		if _, declared := t.Properties[name]; !declared || t.Lifecycle.Ignores("properties", name) {
			properties[name] = value
		}
	}
	for _, name := range leaves {
		delete(properties, name)
	}
	return properties
}
