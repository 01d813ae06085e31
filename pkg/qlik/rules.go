package qlik

import (
	"fmt"
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/internal/newhost"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Rules implements [connection.Rules] for Qlik Cloud.
type Rules struct{}

var _ connection.Rules = Rules{}

// hostProperties are the properties that select the host. Since July 2026 a patch of one of them
// without credentials is refused (changelog 236).
var hostProperties = []string{"host", "server", "url"}

// NamesHost reports whether a property names the host that a connection connects to.
func (Rules) NamesHost(property string) bool { return slices.Contains(hostProperties, property) }

// patchable are the kinds of value to which a patch can set a property: no object, no decimal
// and no null (API reference, PATCH).
var patchable = []connection.ValueKind{connection.KindString, connection.KindBool, connection.KindInteger, connection.KindList}

// Classify implements [connection.Rules].
func (Rules) Classify(dataSource, property string) connection.Class {
	return Classify(dataSource, property)
}

// Normalize implements [connection.Rules].
func (Rules) Normalize(property connection.Property, value any) any {
	return Normalize(property, value)
}

// Check implements [connection.Rules]: tags must leave space for those of qlsync, and no write
// removes a part of the credentials.
func (Rules) Check(declared *connection.Desired, source *connection.DataSource, _ *connection.Capabilities) []connection.Reason {
	var found []connection.Reason
	most := maxUserTags
	for _, names := range [][]string{declared.Sensitive, declared.NotSensitive} {
		if len(names) > 0 {
			most-- // they use one of our tags
		}
	}
	if len(declared.Tags) > most {
		found = append(found, connection.Because("too-many-tags", "tags", len(declared.Tags), "most", most).About("/tags"))
	}
	for _, name := range slices.Sorted(maps.Keys(declared.Properties)) {
		known := source.Properties[name]
		secret := known.Class != connection.ClassProperty && !(known.Guessed && slices.Contains(declared.NotSensitive, name)) ||
			slices.Contains(declared.Sensitive, name)
		if declared.Properties[name] == nil && secret {
			found = append(found, connection.Because("absent-credential", "property", name).About("/properties/"+jsonpointer.Escape(name)))
		}
	}
	return found
}

// change is a difference with the properties that matter to Qlik Cloud.
type change struct {
	connection.Difference
	// host is the changed property that selects the host, whose the one that selects the owner of the
	// credentials, and separates the switch between credentials of the connection and per-user
	// credentials. Empty: no change.
	host, whose, separates string
}

func examine(difference connection.Difference) change {
	c := change{Difference: difference, host: newhost.In(difference, hostProperties)}
	for _, name := range slices.Sorted(maps.Keys(c.Set)) {
		c.note(name)
	}
	for _, name := range c.Remove {
		c.note(name)
	}
	return c
}

// note records the change of a property.
func (c *change) note(name string) {
	switch c.Source.Properties[name].PerUserRole {
	case connection.SeparatesCredentials:
		c.whose, c.separates = name, name
	case connection.NamesCredentials:
		c.whose = name
	}
}

// Assess implements [connection.Rules]. A change of host, of the selected credentials, or of the
// owner removes the stored credentials, so the declared ones are written with it.
func (Rules) Assess(difference connection.Difference) connection.Demands {
	c := examine(difference)
	d := connection.Demands{Recreate: c.recreate(), Recreated: connection.Because("recreated-id"), Resumes: true, Leaves: c.leaves()}
	newhost.Demand(&d, difference, c.host)
	switch {
	case c.whose != "":
		d.Credentials, d.Drops = connection.Because("property-takes-credentials", "property", c.whose), true
	case c.host == "" && c.Owner != "":
		d.Credentials = connection.Because("owner-takes-credentials")
	}
	if c.host != "" && c.Live.PerUserCredentials {
		d.Set = c.relinked()
	}
	d.Warnings = append(d.Warnings, c.warnings(d.Set)...)
	if c.Owner != "" && len(c.Declared.Credentials) > 0 && c.Live.HasCredentials && c.Owner != c.Caller {
		d.Common = []connection.Reason{connection.Because("owner-writes-credentials")}
	}
	return d
}

// recreate returns why a patch cannot make the change; the zero value: it can.
func (c *change) recreate() connection.Reason {
	if c.Live.DataSource != c.Declared.DataSource {
		return connection.Because("another-data-source")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Set)) {
		if !slices.Contains(patchable, connection.KindOf(c.Set[name])) {
			return connection.Because("not-patchable", "property", name)
		}
	}
	return connection.Reason{}
}

// relinked returns the properties that link to per-user credentials, because a change of host
// removes the link.
func (c *change) relinked() map[string]any {
	set := map[string]any{}
	for name, value := range c.Declared.Properties {
		if value != nil && links(c.Source, name) && !c.Declared.Lifecycle.Ignores("properties", name) {
			set[name] = Normalize(c.Source.Properties[name], value)
		}
	}
	return set
}

// links reports whether a property selects or names per-user credentials.
func links(source *connection.DataSource, name string) bool {
	role := source.Properties[name].PerUserRole
	return role == connection.SelectsCredentials || role == connection.NamesCredentials
}

// leaves returns the links that a recreate must not carry over, because the new connection has
// credentials for everybody: the credentials of one user would otherwise become everybody's.
func (c *change) leaves() []string {
	var leaves []string
	for name, property := range c.Source.Properties {
		value, declared := c.Declared.Properties[name]
		if !declared || c.Declared.Lifecycle.Ignores("properties", name) {
			value = c.Live.Properties[name]
		}
		if property.PerUserRole == connection.SeparatesCredentials && isOn(value) {
			return nil
		}
		if links(c.Source, name) && c.Declared.Properties[name] == nil {
			leaves = append(leaves, name)
		}
	}
	return leaves
}

// isOn reports whether the value of a switch is true, in any form.
func isOn(value any) bool {
	return Normalize(connection.Property{Type: "string"}, value) == "true"
}

// warnings returns what a reviewer must know of the change.
func (c *change) warnings(relinked map[string]any) []connection.Reason {
	var found []connection.Reason
	for _, name := range slices.Sorted(maps.Keys(relinked)) {
		if c.Source.Properties[name].PerUserRole == connection.SelectsCredentials {
			found = append(found, newhost.Gets(c.Difference, c.host, fmt.Sprintf("the stored credentials %q", c.Shown(name, relinked[name]))))
		}
	}
	if c.host != "" && c.Live.PerUserCredentials {
		found = append(found, connection.Because("host-unlinks-users", "property", c.host))
	}
	if c.Owner != "" && c.Live.HasCredentials && len(c.Declared.Credentials) == 0 {
		found = append(found, connection.Because("owner-loses-credentials"))
	}
	switch {
	case c.separates == "":
	case isOn(c.Set[c.separates]):
		found = append(found, connection.Because("users-need-credentials"))
	default:
		found = append(found, connection.Because("users-credentials-unused"))
	}
	return found
}

// Refuse implements [connection.Rules].
func (Rules) Refuse(l connection.Lowering) connection.Reason {
	creates := l.Live == nil || l.Recreate
	owner := l.From.Owner
	if creates {
		owner = l.Caller // the creator
	}
	moves := l.Live != nil && l.From.Key.Space != l.To.Key.Space
	switch toPersonal := l.To.Space.Type == "personal"; {
	case l.Live != nil && tags(l) > maxTags:
		return connection.Because("no-room-for-tags", "tags", tags(l)-records(l), "ours", records(l), "limit", maxTags, "most", maxUserTags)
	case toPersonal && moves && l.From.Owner != l.Caller:
		return connection.Because("personal-of-another", "owner", connection.UserID(l.From.Owner))
	case toPersonal && l.To.Owner != owner:
		return connection.Because("personal-owner").About("/owner")
	case l.To.Owner != owner && l.Capabilities.Owner == "":
		return connection.Because("may-not-change-owner").About("/owner")
	case creates && l.SignIn && l.To.Owner != l.Caller:
		return connection.Because("sign-in-of-another")
	case creates:
		return connection.Reason{}
	case moves && l.Capabilities.Space == "":
		return connection.Because("may-not-move")
	}
	return refuseHost(l)
}

// refuseHost returns why the host of a connection cannot be changed.
func refuseHost(l connection.Lowering) connection.Reason {
	host := newhost.Of(l, hostProperties)
	if reason := newhost.Refuse(l, host); reason.Holds() {
		return reason
	}
	link := unlinkedBy(l.Desired, l.Source)
	if host != "" && len(l.Declared) > 0 && l.Live.PerUserCredentials && link != "" {
		return connection.Because("host-needs-link", "property", host, "link", link)
	}
	return connection.Reason{}
}

// unlinkedBy returns the property by which the declared credentials could be linked; empty if one
// is declared already, or the data source has none.
func unlinkedBy(declared *connection.Desired, source *connection.DataSource) string {
	unlinked := ""
	for _, name := range slices.Sorted(maps.Keys(source.Properties)) {
		switch {
		case !links(source, name):
		case declared.Properties[name] != nil:
			return ""
		case source.Properties[name].PerUserRole == connection.NamesCredentials:
			unlinked = name
		}
	}
	return unlinked
}

// tags returns the maximum number of tags of the connection during the change: those of its user,
// of others, and of qlsync. If there are too many, the service refuses the change at every apply.
func tags(l connection.Lowering) int {
	users, others := len(l.To.Tags), l.Live.OtherTags
	if l.Recreate { // the old connection keeps its tags, and the service adds one to the new connection
		users, others = max(users, len(l.Live.Tags)), max(others, 1)
	}
	return users + others + records(l)
}

// records returns the maximum number of tags of the ownership record. Neither connection of a
// recreate is protected during the recreate.
func records(l connection.Lowering) int {
	most := l.To.Record.Records()
	if !l.Recreate {
		return most
	}
	beside := l.To.Record
	beside.Phase, beside.Moved, beside.Protected = connection.PhaseNew, "", false
	aside := beside
	if aside.Sensitive == "" {
		aside.Sensitive = l.Live.Record.Sensitive
	}
	return max(most, beside.Records(), aside.Records())
}
