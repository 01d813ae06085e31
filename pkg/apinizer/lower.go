package apinizer

import (
	"maps"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Lower returns the one path by which the service can make a change. It is pure. Facts about the
// service: a write replaces the whole connection, so it carries the declared credentials and the
// write-only properties; a connection gets to another project or type only by a create there; and
// names cannot be swapped, so the old connection is deleted before the new one is created under its
// name.
func (Rules) Lower(l connection.Lowering) []connection.Path {
	made := l.To
	made.Part, made.ID, made.Owner, made.Credentials, made.Writes = connection.PartNew, "", l.Caller, l.Declared, 1
	switch {
	case l.Live == nil:
		return []connection.Path{{States: []connection.State{{}, {made}}}}
	case l.Recreate:
		return []connection.Path{recreate(l, made)}
	}
	from, to := l.From, l.To
	to.Drops, to.Advice = l.Demands.Drops, l.Demands.Advice
	to.Carried = carried(l)
	way := to
	way.Way = connection.OnTheWay
	return []connection.Path{{States: []connection.State{{from}, {way}, {to}}, ByTemporary: true}}
}

// carried returns the content that every write to a live connection carries.
func carried(l connection.Lowering) *connection.Carried {
	return &connection.Carried{AllowSecretLoss: l.AllowSecretLoss, Credentials: l.Declared, Set: maps.Clone(l.WriteOnlyProperties), Remove: l.Absent}
}

// recreate returns the path of a recreate. Under a new key the new connection is created, and then
// the old one is deleted. Under the same key a trial is created first, next to the old connection,
// so that the service has accepted the new content before the old one is deleted. The delete and
// the create, between which the key is missing, are a group. If the create fails, the trial is
// still there, and the next run creates the declared connection.
func recreate(l connection.Lowering, made connection.Object) connection.Path {
	old := l.From
	if old.Key != l.To.Key {
		made.Record.Moved = l.Place // by it the next run recognises the old connection
		return connection.Path{States: []connection.State{{old}, {old, made}, {made}}}
	}
	trial := made
	trial.Part, trial.Way = connection.PartTrial, connection.Beside
	trial.Record.Phase, trial.Record.Moved, trial.Record.Protected = connection.PhaseNew, l.Place, false // by the place the next run continues the recreate
	return connection.Path{
		States: []connection.State{{old}, {old, trial}, {trial}, {made, trial}, {made}},
		Group:  connection.Span{From: 1, To: 3},
		Does:   connection.Because("tries-and-replaces"),
	}
}
