package compare

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Difference is what differs between a declared connection and its live one, and
// what would have to be written.
type Difference struct {
	// Fields are for people to read. Where there is none, nothing but the ownership record differs.
	Fields []connection.Field
	// Set and Remove are the properties to write, in the form that is sent, and to remove.
	Set    map[string]any
	Remove []string
	// Credentials reports whether they must be written, and CredentialsWhy why.
	Credentials    bool
	CredentialsWhy connection.Reason
	// These report what else must be written: tags, owner, and of the ownership record the
	// protection, what is sensitive, what is not sensitive, and the key.
	Tags, Owner, Protection, Sensitive, NotSensitive, Record bool
	// Demands is what the service demands of the change.
	Demands connection.Demands
	// Pending reports whether the last write is not in effect.
	Pending bool
	// Carried reports whether the credentials are written only because every write must
	// carry them, Alone whether nothing else differs.
	Carried, Alone bool
	// Hidden are declared properties that cannot be compared.
	Hidden map[string]any
	// Recreate is why only a recreate can make the change, if that is so.
	Recreate connection.Reason
}

// Staleness explains the renewal of a key record, if one is renewed.
func (d *Difference) Staleness() connection.Reason {
	if !d.shows("/keyRecord") {
		return connection.Reason{}
	}
	return connection.Because("record-of-another-key")
}

// shows reports whether there is a field of the path.
func (d *Difference) shows(path string) bool {
	return slices.ContainsFunc(d.Fields, func(f connection.Field) bool { return f.Path == path })
}

// Content reports whether something differs besides the ownership record.
func (d *Difference) Content() bool { return len(d.Fields) > 0 }

// add adds a field.
func (d *Difference) add(path string, before, after any) {
	d.Fields = append(d.Fields, connection.Field{Path: path, Before: before, After: after})
}

// addUnrecorded adds a field for names that an ownership record should record, and reports whether one
// of them is not recorded. The field shows those that are recorded, and all that should be.
func (d *Difference) addUnrecorded(path string, names []string, isRecorded func(name string) bool) bool {
	recorded := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !isRecorded(name) })
	if len(recorded) == len(names) {
		return false
	}
	var before any
	if len(recorded) > 0 {
		before = toList(recorded)
	}
	d.add(path, before, toList(names))
	return true
}

// WriteCredentials notes, once, that all declared credentials are to be written.
func (d *Difference) WriteCredentials(credentials map[string]any, why connection.Reason) {
	if len(credentials) == 0 || d.Credentials {
		return
	}
	d.Credentials, d.CredentialsWhy = true, why
	d.addCredentials(credentials)
}

// addCredentials adds a field without values for each declared credential.
func (d *Difference) addCredentials(credentials map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(credentials)) {
		d.Fields = append(d.Fields, connection.Field{Path: "/credentials/" + jsonpointer.Escape(name), Secret: true})
	}
}

// toList returns a list as it is in JSON: empty, and not null, where there are no items.
func toList(items []string) []any {
	list := make([]any, len(items))
	for i, item := range items {
		list[i] = item
	}
	return list
}
