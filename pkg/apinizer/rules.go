package apinizer

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/newhost"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Rules implements [connection.Rules] for Apinizer API managers.
type Rules struct{}

var _ connection.Rules = Rules{}

// Classify implements [connection.Rules].
func (Rules) Classify(dataSource, property string) connection.Class {
	return Classify(dataSource, property)
}

// Normalize implements [connection.Rules].
func (Rules) Normalize(property connection.Property, value any) any {
	return Normalize(property, value)
}

// NamesHost reports whether a property names the host that a connection connects to.
func (Rules) NamesHost(property string) bool { return slices.Contains(hosts, property) }

// Check implements [connection.Rules]: there are no tags, and without ownership records
// notSensitive has no effect.
func (Rules) Check(declared *connection.Desired, _ *connection.DataSource, capabilities *connection.Capabilities) []connection.Reason {
	var found []connection.Reason
	if len(declared.Tags) > 0 {
		found = append(found, connection.Because("no-tags").About("/tags"))
	}
	if capabilities.NoRecords && len(declared.NotSensitive) > 0 {
		found = append(found, connection.Because("not-sensitive-unmarked", "properties", declared.NotSensitive).About("/notSensitive"))
	}
	return found
}

// Assess implements [connection.Rules]. A write replaces the whole connection, so it carries the
// declared credentials, and undeclared ones would be lost.
func (Rules) Assess(c connection.Difference) connection.Demands {
	d := connection.Demands{
		Carries: connection.Because("write-carries-credentials"), Recreated: connection.Because("recreated-by-delete"), Loses: c.Declared.Undeclared(c.Live.WriteOnlyCredentials),
	}
	if _, declared := c.Declared.Properties[deployKey]; !declared && c.Live.Record.Phase == connection.PhaseNew {
		d.Leaves = []string{deployKey} // a trial is never deployed
	}
	newhost.Demand(&d, c, newhost.In(c, hosts))
	switch {
	case c.Live.DataSource != c.Declared.DataSource:
		d.Recreate = connection.Because("another-data-source")
	case c.Space:
		d.Recreate = connection.Because("another-space")
	}
	return d
}

// Refuse implements [connection.Rules].
func (Rules) Refuse(l connection.Lowering) connection.Reason {
	creates := l.Live == nil || l.Recreate
	owner := l.From.Owner
	if creates {
		owner = l.Caller
	}
	switch {
	case l.To.Owner != owner:
		return connection.Because("no-owners").About("/owner")
	case creates:
		return connection.Reason{}
	case len(l.Demands.Loses) > 0 && !l.AllowSecretLoss:
		return connection.Because("write-loses", "properties", l.Demands.Loses)
	}
	return newhost.Refuse(l, newhost.Of(l, hosts))
}

// Messages implements [connection.Rules].
func (Rules) Messages() connection.Messages {
	all := maps.Clone(newhost.Messages)
	maps.Copy(all, messages)
	return all
}

var messages = connection.Messages{
	"no-tags": {
		Text: "{connection:q} cannot have tags, because this kind of tenant has none", Next: "leave tags out",
		Meaning: "Tags are declared for a connection, and this service has no tags.",
		Example: map[string]any{"connection": "Logs/Orders"},
	},
	"not-sensitive-unmarked": {
		Text: "notSensitive has no effect on {properties} of {connection:q}, because it needs an ownership record, and ownership: none writes no record", Next: "leave notSensitive out",
		Meaning: "notSensitive takes effect by the ownership record, and the tenant has ownership: none.",
		Example: map[string]any{"connection": "Logs/Orders", "properties": []string{"headers"}},
	},
	"another-data-source": {
		Text:    "another data source needs a recreate",
		Meaning: "The service cannot change the type of a connection.",
	},
	"another-space": {
		Text:    "another space needs a recreate",
		Meaning: "The service cannot move a connection to another project.",
	},
	"write-carries-credentials": {
		Text:    "a write replaces the whole connection, so it carries the credentials",
		Meaning: "A write of this service replaces all parts of a connection. Parts that are not sent are erased.",
	},
	"recreated-by-delete": {
		Text:    "a recreate deletes it and puts a new connection in its place. API proxies find the new one by its name",
		Meaning: "A recreate creates the new connection and deletes the old one. The users of the connection find it by its name.",
	},
	"tries-and-replaces": {
		Text:    "creates the new one under a temporary name as a test, then replaces the old one with it",
		Meaning: "Description of a step: the service has accepted all parts of the new connection before the old one is deleted.",
	},
	"no-owners": {
		Text: "connections of this kind of tenant have no owner", Next: "leave owner out",
		Meaning: "An owner is declared, and connections of this service have none.",
	},
	"write-loses": {
		Text: "a write replaces the whole connection and would lose {properties}, which the service may store but does not show", Next: "declare {properties:and} under credentials, or as null under properties if there is no value. To lose it anyway, set lifecycle.recreate: allow",
		Meaning: "A write of this service erases write-only parts that are not sent.",
		Example: map[string]any{"properties": []string{"password"}},
	},
}
