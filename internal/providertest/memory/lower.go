package memory

import (
	"maps"

	"github.com/qlsync/qlsync/pkg/connection"
)

// traits say how connections are changed there.
var traits = connection.Traits{
	Space: connection.Recreate, Existence: connection.Delete, Untagged: true, Whole: true, Trial: true,
	Recreated: "the old one is deleted, and what uses it finds the new one by its name",
	Costs: map[connection.Mechanism]connection.Cost{
		connection.Create: {Reads: 2, Writes: 1}, connection.Patch: {Reads: 1, Writes: 1}, connection.Delete: {Reads: 1, Writes: 1},
	},
	HostProperties: []string{"address"},
}

// Lower implements [connection.Provider]. A write replaces the whole connection, so it carries
// the declared credentials. A connection gets another name, space or kind only by being created
// anew; where its name is taken, or is its own, it is created under another name first, so
// that the service has taken all of it once before the old one is deleted.
func (*Provider) Lower(l connection.Lowering) []connection.Path {
	made := l.To
	made.Part, made.ID, made.Credentials, made.Writes = connection.PartNew, "", l.Declared, 1
	if l.Live == nil {
		return []connection.Path{{States: []connection.State{{}, {made}}}}
	}
	old := l.From
	if !l.Recreate && old.Key == l.To.Key {
		to := l.To
		to.Carried = &connection.Carried{Credentials: l.Declared, Set: maps.Clone(l.Hidden), Remove: l.Absent}
		return []connection.Path{{States: []connection.State{{old}, {to}}}}
	}
	trial := made
	trial.Part, trial.Way = connection.PartTrial, connection.Beside
	trial.Mark.Transit, trial.Mark.Moved, trial.Mark.Protected = connection.TransitNew, "", false
	if old.Key == l.To.Key {
		return []connection.Path{{
			States: []connection.State{{old}, {old, trial}, {trial}, {made, trial}, {made}},
			Group:  connection.Span{From: 1, To: 3},
		}}
	}
	made.Mark.Moved = l.Place // with it, the next run knows what the old one is
	return []connection.Path{
		{States: []connection.State{{old}, {old, made}, {made}}},
		{States: []connection.State{{old}, {old, trial}, {trial}, {made, trial}, {made}}, ByTemporary: true},
	}
}
