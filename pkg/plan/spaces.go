package plan

import (
	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/internal/spaces"
	"github.com/qlsync/qlsync/pkg/connection"
)

// A space that has to be created or completed is a change like that of a connection, with the key of
// the space: a key without a name. Its operations come from package spaces, not from the provider.

// findSpaces compares the declared spaces, and adds those that are not there to the snapshot, under
// an id that no service has.
func (a *analysis) findSpaces() {
	a.spaces = spaces.Find(a.in.Prepared, a.in.Snapshot)
	if len(a.spaces) > 0 {
		a.in.Snapshot = spaces.WithNew(a.in.Snapshot, a.spaces)
	}
}

// decideSpaces turns the differences of spaces into decisions.
func (a *analysis) decideSpaces() {
	for i := range a.spaces {
		found := &a.spaces[i]
		position := found.Declared.PositionOf(found.Refused.Path)
		d := &decision{space: found, change: Change{
			Action: ActionUpdate, Connection: found.Key(), ID: found.Space.ID, Fields: found.Fields, Refused: found.Refused,
			Position: &position, At: found.Declared.PositionOf,
		}}
		if found.Space.IsNew() {
			d.change.Action, d.change.ID = ActionCreate, ""
		}
		a.decisions = append(a.decisions, d)
	}
}

// inOtherSpace: the space is another one than the declared one, or cannot be created.
func inOtherSpace(a *analysis, p *match.Pair, _ *decision) connection.Reason {
	for i := range a.spaces {
		if found := &a.spaces[i]; found.Blocks && found.Declared.Name == p.Key.Space {
			return connection.Because("space-refused", "space", found.Declared.Name).About("/space")
		}
	}
	return connection.Reason{}
}

// spaceOperations returns the operations of a decision about a space. Those on a new space need its
// create, and what takes roles away waits for what adds roles: whoever was to lose access to others
// keeps it if these cannot get it.
func spaceOperations(d *decision) []*node {
	var nodes, gives []*node
	for _, operation := range d.space.Operations {
		n := &node{decision: d, operation: operation, advice: connection.Because("space-manager-needed")}
		if operation.Kind == connection.CreateSpace {
			n.advice = connection.Because("space-creator-needed", "type", d.space.Space.Type)
		}
		if d.space.Space.IsNew() && len(nodes) > 0 {
			n.created, n.needs = nodes[0], []*node{nodes[0]}
		}
		switch {
		case operation.Write.Takes(operation.Kind):
			n.needs = append(n.needs, gives...)
		case operation.Kind != connection.DescribeSpace:
			gives = append(gives, n)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// needSpaces lets the operations that bring a connection into a new space wait for the create of the
// space. It reports false if it had to refuse a change, because the space is not created.
func (o *orderer) needSpaces() bool {
	created := map[string]*node{}
	for _, n := range o.nodes {
		if n.operation.Kind == connection.CreateSpace {
			created[n.operation.Key.Space] = n
		}
	}
	ok := true
	for _, n := range o.nodes {
		if n.decision.space != nil || n.operation.Space == nil || !n.operation.Space.IsNew() {
			continue
		}
		if first := created[n.operation.Space.Name]; first != nil {
			n.needs = append(n.needs, first)
		} else if !n.decision.change.Refused.Holds() {
			n.decision.change.Refused, ok = connection.Because("space-refused", "space", n.operation.Space.Name), false
		}
	}
	return ok
}

// turned returns fields in the order of a finding: Before is what is declared, and After what is live.
func turned(fields []Field) []Field {
	var found []Field
	for _, field := range fields {
		field.Before, field.After = field.After, field.Before
		found = append(found, field)
	}
	return found
}
