package apinizer

import (
	"maps"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Lower returns the one way in which the service can make a change. It is pure. What it knows
// of the service: a write replaces the whole connection, so it carries the declared credentials
// and the properties that nobody can read; a connection gets to another project or type only by
// being created there; and names cannot be swapped, so that the old one is deleted before the
// new one is created under its name.
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

// carried returns what every write to a live connection carries.
func carried(l connection.Lowering) *connection.Carried {
	return &connection.Carried{AllowSecretLoss: l.AllowSecretLoss, Credentials: l.Declared, Set: maps.Clone(l.WriteOnlyProperties), Remove: l.Absent}
}

// recreate returns the path of a recreate. Under a new key the new connection is created, and
// then the old one is deleted. Under the same key it is tried out beside the old one first, so that
// the service has taken all of it once before the old one is deleted. The two calls between which
// nothing stands at the key are a group. If the second one fails, the one that was tried out is
// still there, and the next run creates what is declared.
func recreate(l connection.Lowering, made connection.Object) connection.Path {
	old := l.From
	if old.Key != l.To.Key {
		made.Record.Moved = l.Place // with it, the next run knows what the old one is
		return connection.Path{States: []connection.State{{old}, {old, made}, {made}}}
	}
	trial := made
	trial.Part, trial.Way = connection.PartTrial, connection.Beside
	trial.Record.Phase, trial.Record.Moved, trial.Record.Protected = connection.PhaseNew, l.Place, false // with the place, the next run goes on
	return connection.Path{
		States: []connection.State{{old}, {old, trial}, {trial}, {made, trial}, {made}},
		Group:  connection.Span{From: 1, To: 3},
		Does:   connection.Because("tries-and-replaces"),
	}
}
