package compare

import (
	"slices"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Equals returns a function for [connection.Scope]. Names of users and of other connections are not
// known before a snapshot is complete, so a plan may still mention a connection for which the function
// reports true: the caller then has it read in detail.
func Equals(files *targets.Files, rules connection.Rules) func(*connection.Live, map[string]any) (map[string]any, bool) {
	named := files.Named()
	return func(live *connection.Live, properties map[string]any) (map[string]any, bool) {
		desired, moved := named(live)
		if desired == nil || moved || files.Catalog == nil || !isListedAsDeclared(files.Project, desired, live) {
			return nil, false
		}
		source := files.Catalog.DataSources[desired.DataSource]
		if source == nil || !isComparable(desired, source) {
			return nil, false
		}
		declared, equal := map[string]any{}, true
		for name, value := range desired.Properties {
			if desired.Lifecycle.Ignores("properties", name) {
				continue
			}
			declared[name] = value
			property := source.Properties[name]
			have, present := properties[name]
			equal = equal && present &&
				connection.EqualBy(desired.Lifecycle.Compare, name, rules.Normalize(property, value), rules.Normalize(property, have))
		}
		return declared, equal
	}
}

// isListedAsDeclared reports whether everything that a list shows is certainly as declared.
func isListedAsDeclared(project string, d *connection.Desired, live *connection.Live) bool {
	record := live.Record
	rest := record // without the parts that are compared
	rest.Project, rest.Key, rest.Credentials, rest.Fingerprint, rest.Protected = "", "", "", "", false
	switch {
	case record.Project != project, record.Key == "", rest != connection.Record{}:
		return false
	case live.DataSource != d.DataSource, live.Ownerless, live.Unreadable != "", live.Crowded != "", len(live.WriteOnlyProperties) > 0:
		return false
	case d.OwnerID != "" && d.OwnerID != live.OwnerID:
		return false
	case d.Tags != nil && !d.Lifecycle.Ignores("tags", "") && !slices.Equal(slices.Sorted(slices.Values(d.Tags)), live.Tags):
		return false
	case d.Lifecycle.PreventDestroy != nil && *d.Lifecycle.PreventDestroy != record.Protected:
		return false
	}
	return len(d.Credentials) == 0 || record.Credentials == connection.CredentialsRecord(d.CredentialsVersion, d.Credentials, live.OwnerID)
}

// isComparable reports whether the properties of a declaration can be compared one by one, and decide
// alone what a plan says.
func isComparable(d *connection.Desired, source *connection.DataSource) bool {
	if len(d.Sensitive) > 0 || len(d.NotSensitive) > 0 || len(d.Lifecycle.Unreadable) > 0 {
		return false
	}
	if source.SignIn != nil && d.Properties[source.SignIn.Property] == nil {
		return false // the live property decides who signs in
	}
	for name, value := range d.Properties {
		role := source.Properties[name].PerUserRole
		if value == nil || source.Properties[name].Class != connection.ClassProperty || role == connection.SelectsCredentials || role == connection.NamesCredentials {
			return false
		}
	}
	return true
}
