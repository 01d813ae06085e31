package plan

import (
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Rotations are writes of credentials for a reason that no reviewer can see in the
// files or on the tenant: the values behind the references have changed, or somebody
// asks for it. So they are no part of the changes, nor of the hash: the same files
// and the same tenant have the same hash whatever the values are. Each is one patch
// with all credentials of the connection and the record of them, behind the
// operations of its change, if it has one.
//
//	credentials are written anyway                         no rotation: that records the fingerprint
//	asked for                                              rotate
//	ours, and the recorded fingerprint is of other values  rotate
//	ours, unchanged, nothing comparable is recorded        record: the values are taken as they are
//	changed, nothing comparable is recorded, not asked for the patch of the change records it
//
// Where every write replaces the whole connection there is no record alone: it would
// write the credentials.

// The actions that are apart from the changes.
const (
	ActionRotate Action = "rotate" // write the credentials again
	ActionRecord Action = "record" // record the fingerprint of what is taken to be there
)

// Fingerprint is what is known of the values of a connection's credentials.
type Fingerprint struct {
	// Fresh is what is recorded of them.
	Fresh string
	// Changed tells that what is recorded is of other values, Unknown that nothing
	// comparable is recorded.
	Changed, Unknown bool
}

// Compared is a declared connection whose values matter to [Input.Fingerprints]:
// its credentials are written, or what is recorded of them is compared.
type Compared struct {
	Connection  connection.Key
	Credentials map[string]any // with references
	Recorded    string         // fingerprint; empty: none
}

// rotate finds out whether the credentials of a pair are to be written for a reason
// of their own; d is its change, nil where there is none.
func (a *analysis) rotate(p *pair, d *decision) {
	asked := slices.Contains(a.in.Rotate, p.key)
	if len(p.Credentials) == 0 {
		if asked {
			a.problem(p.PositionOf(""), "", "the credentials of %q cannot be written again: it declares none", p.key)
		}
		return
	}
	code := a.signIn(p.target, p.live)
	once := p.Credentials[code] != nil // a code for one use has no value that lasts
	refused := d != nil && d.change.Refused != ""
	written := p.live == nil || d != nil && d.diff != nil && d.diff.credentials
	if !refused && !once && (written || asked || !p.Lifecycle.Ignores("credentials", "")) {
		c := Compared{Connection: p.key, Credentials: p.Credentials}
		if p.live != nil {
			c.Recorded = p.live.Mark.Fingerprint
		}
		a.compared = append(a.compared, c)
	}
	if written || p.live == nil || refused && !asked || !asked && p.Lifecycle.Ignores("credentials", "") {
		return
	}
	known, ok := a.in.Fingerprints[p.key]
	switch {
	case asked:
		r := a.addRotation(p, ActionRotate, "asked for")
		if once && r.change.Refused == "" {
			r.change.Refused = "a person must sign in for it: raise credentialsVersion"
		}
	case ok && known.Changed:
		a.addRotation(p, ActionRotate, "the values behind its references have changed")
	case ok && known.Unknown && d == nil && !a.compare(p).demands.Carries.Holds():
		a.addRotation(p, ActionRecord, "nothing is recorded of the values of its credentials that the key can be compared with: they are taken as they are")
	}
}

func (a *analysis) addRotation(p *pair, action Action, reason string) *decision {
	position, compared := p.PositionOf(""), a.compare(p)
	r := &decision{target: p.target, live: p.live, diff: &difference{demands: compared.demands}, change: Change{
		Action: action, Connection: p.key, ID: p.live.ID, DataSource: p.DataSource, Reason: reason, Position: &position,
	}}
	switch action {
	case ActionRecord:
		a.judge([]rule{refusedByService}, p, r)
	case ActionRotate:
		r.diff.credentials = true
		r.diff.addCredentials(p.Credentials)
		r.change.Fields = r.diff.fields
		r.diff.hidden = compared.hidden
		a.judge([]rule{crowded, refusedByService}, p, r)
		if a.updateOf(p.target) == connection.UpdateRecreate {
			r.change.Refused = "writing its credentials needs a recreate (update: recreate), which must be reviewed: raise credentialsVersion"
		}
	}
	a.rotations = append(a.rotations, r)
	return r
}

// unknownRotations notes what is asked for and not declared.
func (a *analysis) unknownRotations() {
	for _, key := range a.in.Rotate {
		if !slices.ContainsFunc(a.targets, func(t *target) bool { return t.key == key }) {
			a.problem(connection.Position{}, "give it as SPACE/NAME", "the credentials of %q cannot be written again: it is not declared", key)
		}
	}
}

// rotations gives the operations of the rotations, each behind the last one of its
// connection. One whose change is refused is refused too.
func (o *orderer) rotations() []*node {
	if len(o.analysis.rotations) == 0 {
		return nil
	}
	of := map[*target]*decision{}
	for _, d := range o.analysis.decisions {
		if d.target != nil {
			of[d.target] = d
		}
	}
	last := map[*target]*node{}
	for _, n := range o.nodes {
		if n.decision.target != nil && n.operation.Kind != connection.BulkDelete && n.operation.Kind != connection.Delete {
			last[n.decision.target] = n
		}
	}
	var nodes []*node
	for i, r := range o.analysis.rotations {
		if d := of[r.target]; d != nil && d.change.Refused != "" && r.change.Refused == "" {
			r.change.Refused = "its change is refused: " + d.change.Refused
		}
		if r.change.Refused != "" {
			continue
		}
		change := o.analysis.lowering(r)
		change.From.Key, change.From.Space = r.target.key, r.target.space // the operations of its change have brought it there
		written := o.derive(len(o.analysis.decisions)+i, r, o.choose(r, o.analysis.in.Rules.Lower(change)))
		var set map[string]any
		if first := last[r.target]; first != nil && len(written) > 0 {
			written[0].needs = []*node{first}
			if d := of[r.target]; d != nil && d.diff != nil {
				set = d.diff.set
			}
		}
		o.liftWritten(r, written, set)
		nodes = append(nodes, written...)
	}
	return nodes
}

// fingerprint gives what is recorded of the values: of those that are written, what
// is known; of those that are there already, what stands on the connection or, where
// that says nothing, a baseline.
func (a *analysis) fingerprint(t *target, live *connection.Live, written bool) string {
	known, ok := a.in.Fingerprints[t.key]
	switch {
	case len(t.Credentials) > 0 && written:
		return known.Fresh
	case ok && known.Unknown && !slices.Contains(a.in.Rotate, t.key):
		return known.Fresh
	case live != nil:
		return live.Mark.Fingerprint
	}
	return ""
}

// onlyRotations leaves out the rotations that nobody asked for.
func (a *analysis) onlyRotations() {
	wanted := func(key connection.Key) bool { return slices.Contains(a.in.Only, key) }
	a.rotations = slices.DeleteFunc(a.rotations, func(r *decision) bool { return !wanted(r.change.Connection) })
	a.compared = slices.DeleteFunc(a.compared, func(c Compared) bool {
		return !wanted(c.Connection) && !slices.ContainsFunc(a.decisions, func(d *decision) bool { return d.change.Connection == c.Connection })
	})
}

// listRotations puts the rotations into the plan, apart from its changes.
func (a *analysis) listRotations(p *Plan) {
	for _, r := range a.rotations {
		p.Rotations = append(p.Rotations, r.change)
		switch {
		case r.change.Refused != "":
			p.Summary.Refused++
		case r.change.Action == ActionRotate:
			p.Summary.Rotate++
		default:
			p.Summary.Record++
		}
		if !slices.ContainsFunc(a.decisions, func(d *decision) bool { return d.target == r.target }) {
			p.Summary.Unchanged--
		}
	}
	p.Compared = a.compared
}
