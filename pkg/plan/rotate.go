package plan

import (
	"github.com/qlsync/qlsync/internal/compare"
	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Rotations are writes of credentials for a reason that is visible neither in the files nor on the
// tenant: the values behind the references have changed, or the user requests them. They are
// therefore not part of the changes or of the hash: the same files and the same tenant have the
// same hash for any values. Each rotation is one patch with all credentials of the connection and
// their record, after the operations of its change, if there is one. [rotationTable] decides about
// it.

// The actions that are apart from the changes.
const (
	ActionRotate Action = "rotate" // write the credentials again
	ActionRecord Action = "record" // record the fingerprint of what is taken to be there
)

// credentialsCase is what decides whether credentials are written apart from the change of their
// connection.
type credentialsCase struct {
	asked   bool // somebody asks for it
	ignored bool // by the files
	refused bool // its change is refused
	written bool // its change writes them
	changed bool // it has a change
	carries bool // every write carries them
	once    bool // a code for one use is among them, which has no value that lasts
	known   Fingerprint
}

func (a *analysis) caseOf(p *match.Pair, d *decision) credentialsCase {
	return credentialsCase{
		asked:   a.asked[p.Key],
		ignored: p.Lifecycle.Ignores("credentials", ""),
		refused: d != nil && d.change.Refused.Holds(),
		written: p.Live == nil || d != nil && d.diff != nil && d.diff.Credentials,
		changed: d != nil,
		once:    p.Credentials[a.signIn(p.Target, p.Live)] != nil,
		known:   a.in.Fingerprints[p.Key],
	}
}

// rotationTable says what is written apart from a change, by the first row that applies. Without
// an action it is nothing.
var rotationTable = []struct {
	applies func(c *credentialsCase) bool
	action  Action
	reason  string
}{
	{func(c *credentialsCase) bool { return c.written }, "", ""}, // that records the fingerprint
	{func(c *credentialsCase) bool { return c.asked }, ActionRotate, "rotate-asked"},
	{func(c *credentialsCase) bool { return c.refused || c.ignored }, "", ""},
	{func(c *credentialsCase) bool { return c.known.Changed }, ActionRotate, "rotate-changed"},
	{func(c *credentialsCase) bool { return c.changed || c.carries }, "", ""}, // the change records it, or a record would write them
	{func(c *credentialsCase) bool { return c.known.Unknown }, ActionRecord, "record-unknown"},
}

// rotate finds out whether the credentials of a pair are to be written for a reason
// of their own; d is its change, nil where there is none.
func (a *analysis) rotate(p *match.Pair, d *decision) {
	c := a.caseOf(p, d)
	switch {
	case len(p.Credentials) == 0 && c.asked:
		a.problem(p.PositionOf(""), connection.Because("rotate-nothing", "connection", p.Key))
		return
	case len(p.Credentials) == 0:
		return
	}
	if !c.refused && !c.once && (c.written || c.asked || !c.ignored) {
		compared := Compared{Connection: p.Key, Credentials: p.Credentials}
		if p.Live != nil {
			compared.Recorded = p.Live.Record.Fingerprint
		}
		a.compared = append(a.compared, compared)
	}
	if c.known.Unknown && !c.written && !c.changed {
		c.carries = a.comparer.Compare(p).Demands.Carries.Holds()
	}
	for _, row := range rotationTable {
		if row.applies(&c) {
			a.addRotation(p, row.action, row.reason)
			return
		}
	}
}

// addRotation adds what is written apart from a change. An empty action adds nothing.
func (a *analysis) addRotation(p *match.Pair, action Action, reason string) {
	if action == "" {
		return
	}
	position, compared := p.PositionOf(""), a.comparer.Compare(p)
	r := &decision{target: p.Target, live: p.Live, diff: &compare.Difference{Demands: compared.Demands}, change: Change{
		Action: action, Connection: p.Key, ID: p.Live.ID, DataSource: p.DataSource, Reasons: reasons(connection.Because(reason)), Position: &position,
	}}
	rules := []rule{refusedByService}
	if action == ActionRotate {
		r.diff.Hidden = compared.Hidden
		r.diff.WriteCredentials(p.Credentials, connection.Because(reason))
		r.change.Fields = r.diff.Fields
		rules = []rule{rotatedByRecreate, crowded, refusedByService, rotatedBySignIn}
	}
	a.judge(rules, p, r)
	a.rotations = append(a.rotations, r)
}

// rotatedByRecreate: a recreate is reviewed, and a rotation is not.
func rotatedByRecreate(a *analysis, p *match.Pair, _ *decision) connection.Reason {
	if a.in.files().UpdateOf(p.Desired) != connection.UpdateRecreate {
		return connection.Reason{}
	}
	return connection.Because("rotate-needs-recreate")
}

// rotatedBySignIn: a code for one use cannot be written again.
func rotatedBySignIn(a *analysis, p *match.Pair, _ *decision) connection.Reason {
	if p.Credentials[a.signIn(p.Target, p.Live)] == nil {
		return connection.Reason{}
	}
	return connection.Because("rotate-needs-sign-in")
}

// unknownRotations notes what is asked for and not declared.
func (a *analysis) unknownRotations() {
	for _, key := range a.in.Rotate {
		if a.Declared[key] == nil {
			a.problem(connection.Position{}, connection.Because("rotate-undeclared", "connection", key))
		}
	}
}

// rotations returns the operations of the rotations, each behind the last one of its
// connection. One whose change is refused is refused too.
func (o *orderer) rotations() []*node {
	if len(o.analysis.rotations) == 0 {
		return nil
	}
	of := o.analysis.byTarget()
	last := map[*targets.Target]*node{}
	for _, n := range o.nodes {
		if n.decision.target != nil && n.operation.Kind != o.capabilities.Existence {
			last[n.decision.target] = n
		}
	}
	var nodes []*node
	for _, r := range o.analysis.rotations {
		d := of[r.target]
		if d != nil && d.change.Refused.Holds() && !r.change.Refused.Holds() {
			r.change.Refused = connection.Because("change-refused", "why", d.change.Refused)
		}
		if !r.change.Refused.Holds() {
			nodes = append(nodes, o.rotation(r, d, last[r.target])...)
		}
	}
	return nodes
}

// rotation returns the operations of one rotation, behind the last operation of the change of its
// connection. Both are nil where it has no change.
func (o *orderer) rotation(r, change *decision, last *node) []*node {
	lowering := o.analysis.lowering(r)
	lowering.From.Key, lowering.From.Space = r.target.Key, r.target.TenantSpace // the change has brought it there
	paths := o.paths(r, lowering)
	if paths == nil {
		return nil
	}
	nodes := o.derive(r, o.choose(r, paths))
	var set map[string]any
	if last != nil && len(nodes) > 0 {
		nodes[0].needs = []*node{last}
		if change.diff != nil {
			set = change.diff.Set
		}
	}
	o.liftWritten(r, nodes, set)
	return nodes
}

// byTarget returns the changes of declared connections.
func (a *analysis) byTarget() map[*targets.Target]*decision {
	of := make(map[*targets.Target]*decision, len(a.decisions))
	for _, d := range a.decisions {
		if d.target != nil {
			of[d.target] = d
		}
	}
	return of
}

// listRotations puts the rotations into the plan, apart from its changes.
func (a *analysis) listRotations(p *Plan) {
	of := a.byTarget()
	for _, r := range a.rotations {
		p.Rotations = append(p.Rotations, r.change)
		switch {
		case r.change.Refused.Holds():
			p.Summary.Refused++
		case r.change.Action == ActionRotate:
			p.Summary.Rotate++
		default:
			p.Summary.Record++
		}
		if of[r.target] == nil {
			p.Summary.Unchanged--
		}
	}
	p.Compared = a.compared
}
