package plan

import (
	"fmt"

	"github.com/qlsync/qlsync/pkg/connection"
)

// node is one operation in the graph.
type node struct {
	operation connection.Operation
	decision  *decision
	change    int
	// takes and frees are the keys that the operation occupies and gives up.
	takes, frees *connection.Key
	needs        []*node // must have succeeded before
	// level counts the batched operations that must come before, tail the
	// operations that wait for it, both along the longest chain.
	level, tail int
	id          int
	step        *stepNode
}

// operations splits a decision into what each mechanism can do in one call. The
// two parts of a change of space and name come in the order whose place in
// between is free.
func (o *orderer) operations(change int, d *decision) []*node {
	make := func(kind connection.Mechanism) *node {
		n := &node{decision: d, change: change}
		n.operation = connection.Operation{Kind: kind, Key: d.change.Connection, ID: d.change.ID}
		return n
	}
	switch {
	case d.change.Action == ActionCreate:
		n := make(connection.Create)
		o.fillCreate(&n.operation, d.target)
		n.takes = &d.change.Connection
		return []*node{n}
	case d.change.Action == ActionDelete:
		n := make(o.traits.Mechanisms[connection.AspectExistence])
		n.frees = &d.live.Key
		return []*node{n}
	}
	patch, move := make(connection.Patch), make(o.traits.Mechanisms[connection.AspectSpace])
	patched := o.fillPatch(&patch.operation, d)
	from, to := d.live.Key, d.target.key
	if from.Space == to.Space {
		if from.Name != to.Name {
			patch.takes, patch.frees = &to, &from
		}
		return []*node{patch}
	}
	space := d.target.space
	if move.operation.Kind == connection.Patch {
		patch.operation.Space = &space
		patch.takes, patch.frees = &to, &from
		return []*node{patch}
	}
	move.operation.Key, move.operation.Space = from, &space
	if !patched {
		move.takes, move.frees = &to, &from
		return []*node{move}
	}
	return o.twoCalls(d, move, patch)
}

// twoCalls orders a move between spaces and a patch of the same connection.
func (o *orderer) twoCalls(d *decision, move, patch *node) []*node {
	from, to := d.live.Key, d.target.key
	moved := connection.Key{Space: to.Space, Name: from.Name}
	renamed := connection.Key{Space: from.Space, Name: to.Name}
	switch {
	case from.Name == to.Name:
		move.takes, move.frees = &to, &from
		patch.operation.Key = to
	case o.reserve(moved):
		move.takes, move.frees = &moved, &from
		patch.takes, patch.frees = &to, &moved
		patch.operation.Key = moved
	case o.reserve(renamed):
		patch.takes, patch.frees = &renamed, &from
		patch.operation.Key = from
		move.takes, move.frees = &to, &renamed
		move.operation.Key = renamed
		move.needs = []*node{patch}
		return []*node{patch, move}
	default:
		d.change.Refused = fmt.Sprintf("a change of space and name needs %q or %q free on the way, and both are taken; that needs a temporary name, which is not supported yet", moved, renamed)
		return nil
	}
	patch.needs = []*node{move}
	return []*node{move, patch}
}

// reserve takes a key for the moment between two calls; it reports false when
// something stands there, now or at the end, or passes through as well.
func (o *orderer) reserve(key connection.Key) bool {
	if o.live[key] != nil || o.wanted[key] {
		return false
	}
	o.wanted[key] = true
	o.passing = append(o.passing, key)
	return true
}

func (o *orderer) fillCreate(op *connection.Operation, t *target) {
	space := t.space
	op.Name, op.Space, op.DataSource = t.Name, &space, t.DataSource
	op.Set = o.analysis.normalized(t)
	op.Credentials = t.Credentials
	if len(t.Tags) > 0 {
		op.Tags = &t.Tags
	}
	op.Mark = o.mark(t, nil, true)
}

// fillPatch puts into the operation whatever a patch can change; it reports
// whether there is anything. Every patch refreshes the mark.
func (o *orderer) fillPatch(op *connection.Operation, d *decision) bool {
	diff, live, t := d.diff, d.live, d.target
	op.Key = live.Key
	if live.Key.Name != t.key.Name {
		op.Name = t.key.Name
	}
	if len(diff.set) > 0 {
		op.Set = diff.set
	}
	op.Remove = diff.remove
	if diff.credentials {
		op.Credentials = t.Credentials
	}
	if diff.tags {
		op.Tags = &t.Tags
	}
	op.Mark = o.mark(t, live, diff.credentials)
	return op.Name != "" || op.Set != nil || op.Remove != nil || diff.credentials || diff.tags ||
		diff.protection || live.Mark.Project == ""
}

// mark is what will be known of the connection afterwards. Credentials are
// recorded when they are written, and as a baseline when nothing is recorded.
func (o *orderer) mark(t *target, live *connection.Live, written bool) *connection.Mark {
	mark := &connection.Mark{Project: o.analysis.in.Project, Key: connection.KeyDigest(t.key)}
	owner := o.analysis.in.Snapshot.Caller.ID
	if live != nil {
		mark.Credentials, mark.Protected = live.Mark.Credentials, live.Mark.Protected
		owner = live.OwnerID
	}
	if len(t.Credentials) > 0 && (written || mark.Credentials == "") {
		mark.Credentials = connection.CredentialsMark(t.CredentialsVersion, t.Credentials, owner)
	}
	if protect := t.Lifecycle.PreventDestroy; protect != nil {
		mark.Protected = *protect
	}
	return mark
}
