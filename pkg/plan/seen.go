package plan

import "github.com/qlsync/qlsync/pkg/connection"

// expect reports each operation how the plan saw the connection that it is about: whoever
// carries it out must not write on anything else. What an operation leaves is read again
// where a later one is about the same connection, so that the later one also notices what
// somebody else does in between. Where it would delay what brings a name back, that is only
// done before an operation that destroys.
func (o *orderer) expect() {
	seen := map[string]*connection.Live{}
	for _, live := range o.analysis.in.Snapshot.Connections {
		seen[live.ID] = &live // a copy: the plan does not change with the snapshot
	}
	type subject struct {
		id      string
		created *node
	}
	before, urgent := map[subject]*node{}, o.scheduled.Urgent
	for _, n := range o.nodes {
		about := subject{n.operation.ID, n.created}
		switch {
		case n.operation.ID != "":
			n.operation.Seen = seen[n.operation.ID]
		case n.created == nil:
			continue // it makes one
		}
		if n.decision.space != nil {
			continue // package spaces says what was seen of it
		}
		if earlier := before[about]; earlier != nil && (n.operation.Destroys() || !urgent[n.task] && !urgent[earlier.task]) {
			earlier.operation.ReadBack = true
		}
		before[about] = n
		n.operation.Successor = o.successor(n.decision)
	}
}

// successor returns the connection whose credentials replace those that a delete takes away:
// what is under the declared name, where the old one of an interrupted recreate is deleted and
// the files declare no credentials to write. Nil: there is no such condition.
func (o *orderer) successor(d *decision) *connection.Live {
	if !d.repair || d.obsolete || d.live.Record.Phase != connection.PhaseDeposed || !d.live.HasCredentials {
		return nil
	}
	for i := range o.analysis.Pairs {
		p := &o.analysis.Pairs[i]
		if p.Key == d.of && p.Live != nil && p.IsUnsupplied() {
			return p.Live
		}
	}
	return nil
}
