package memory

import (
	"maps"

	"github.com/qlsync/qlsync/internal/newhost"
	"github.com/qlsync/qlsync/pkg/connection"
)

// capabilities say how connections can be changed.
var capabilities = connection.Capabilities{
	Space: connection.Recreate, Existence: connection.Delete,
	Costs: map[connection.OperationKind]connection.Cost{
		connection.Create: {Reads: 2, Writes: 1}, connection.Patch: {Reads: 1, Writes: 1}, connection.Delete: {Reads: 1, Writes: 1},
	},
}

// hosts are the properties that select a host.
var hosts = []string{"address"}

// Check implements [connection.Rules].
func (*Provider) Check(declared *connection.Desired, _ *connection.DataSource, _ *connection.Capabilities) []connection.Reason {
	if len(declared.Tags) == 0 {
		return nil
	}
	return []connection.Reason{connection.Because("no-tags").About("/tags")}
}

// Assess implements [connection.Rules].
func (*Provider) Assess(c connection.Difference) connection.Demands {
	d := connection.Demands{Carries: connection.Because("carries"), Recreated: connection.Because("recreated"), Loses: c.Declared.Undeclared(c.Live.WriteOnlyCredentials)}
	newhost.Demand(&d, c, newhost.In(c, hosts))
	if c.Live.DataSource != c.Declared.DataSource || c.Space || c.Name {
		d.Recreate = connection.Because("anew")
	}
	return d
}

// Refuse implements [connection.Rules].
func (*Provider) Refuse(l connection.Lowering) connection.Reason {
	switch {
	case l.Live == nil || l.Recreate:
		return connection.Reason{}
	case len(l.Demands.Loses) > 0 && !l.AllowSecretLoss:
		return connection.Because("loses", "properties", l.Demands.Loses)
	}
	return newhost.Refuse(l, newhost.Of(l, hosts))
}

// Messages implements [connection.Rules].
func (*Provider) Messages() connection.Messages {
	all := maps.Clone(newhost.Messages)
	maps.Copy(all, connection.Messages{
		"no-tags":   {Text: "{connection:q} cannot have tags", Next: "leave tags out"},
		"carries":   {Text: "a write replaces everything, so it carries the credentials"},
		"recreated": {Text: "a recreate gives it another id. Users of the connection find it by its name"},
		"replaces":  {Text: "tries the new one, then puts it in the place of the old one"},
		"anew":      {Text: "another kind, space or name needs a recreate"},
		"loses":     {Text: "a write would lose {properties}", Next: "declare them under credentials"},
	})
	return all
}

// Lower implements [connection.Rules]. A write replaces the whole connection, so it carries the
// declared credentials. A connection gets another name, space or kind only by a new create. If its
// name is taken, or does not change, a trial under another name comes first, so that the service
// has accepted the content before the old connection is deleted.
func (*Provider) Lower(l connection.Lowering) []connection.Path {
	made := l.To
	made.Part, made.ID, made.Credentials, made.Writes = connection.PartNew, "", l.Declared, 1
	if l.Live == nil {
		return []connection.Path{{States: []connection.State{{}, {made}}}}
	}
	old := l.From
	if !l.Recreate {
		to := l.To
		to.Drops, to.Advice = l.Demands.Drops, l.Demands.Advice
		to.Carried = &connection.Carried{AllowSecretLoss: l.AllowSecretLoss, Credentials: l.Declared, Set: maps.Clone(l.WriteOnlyProperties), Remove: l.Absent}
		return []connection.Path{{States: []connection.State{{old}, {to}}}}
	}
	trial := made
	trial.Part, trial.Way = connection.PartTrial, connection.Beside
	trial.Record.Phase, trial.Record.Moved, trial.Record.Protected = connection.PhaseNew, l.Place, false
	if old.Key == l.To.Key {
		return []connection.Path{{
			States: []connection.State{{old}, {old, trial}, {trial}, {made, trial}, {made}},
			Group:  connection.Span{From: 1, To: 3},
			Does:   connection.Because("replaces"),
		}}
	}
	made.Record.Moved = l.Place // by it the next run recognises the old connection
	return []connection.Path{
		{States: []connection.State{{old}, {old, made}, {made}}},
		{States: []connection.State{{old}, {old, trial}, {trial}, {made, trial}, {made}}, ByTemporary: true},
	}
}
