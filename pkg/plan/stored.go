package plan

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Where each user brings their own credentials, those of the caller are stored apart
// from connections, under a name of their own, and a connection links to them. A
// file may select stored ones by name; what is sent and compared is the id.

// stored lists the stored credentials that the files select, and reports whether
// they say anything about which ones are used.
func (f *files) stored() (refs []string, linked bool) {
	for i := range f.Desired {
		desired := &f.Desired[i]
		source := f.source(desired.DataSource)
		for name, value := range desired.Properties {
			switch source.Properties[name].PerUserRole {
			case connection.SelectsCredentials:
				linked = true
				if ref, ok := value.(string); ok && ref != "" {
					refs = append(refs, ref)
				}
			case connection.NamesCredentials:
				linked = true
			}
		}
	}
	slices.Sort(refs)
	return slices.Compact(refs), linked
}

// selectStored puts ids in the place of the names of stored credentials.
func (r *resolver) selectStored(t *target) {
	for _, name := range slices.Sorted(maps.Keys(t.Properties)) {
		ref, isText := t.Properties[name].(string)
		if t.source.Properties[name].PerUserRole != connection.SelectsCredentials || !isText || ref == "" {
			continue
		}
		found := slices.IndexFunc(r.snapshot.Stored, func(one connection.StoredCredentials) bool { return one.ID == ref || one.Name == ref })
		if found < 0 {
			t.selects = name
			t.lacks = r.noStored(ref)
			continue
		}
		desired := *t.Desired
		desired.Properties = maps.Clone(desired.Properties)
		desired.Properties[name] = r.snapshot.Stored[found].ID
		t.Desired = &desired
	}
}

// noStored says that there are no stored credentials of a name, and which declared connection makes
// them.
func (r *resolver) noStored(name string) connection.Reason {
	for i := range r.files.Desired {
		desired := &r.files.Desired[i]
		for property, value := range desired.Properties {
			if r.files.source(desired.DataSource).Properties[property].PerUserRole == connection.NamesCredentials && value == name {
				return connection.Because("no-stored-yet", "name", name, "connection", connection.Key{Space: desired.Space.String(), Name: desired.Name})
			}
		}
	}
	return connection.Because("no-stored", "name", name)
}

// storedName returns the value of a property for people to read: stored credentials
// by name, if it is known.
func (t *tenant) storedName(property connection.Property, value any) any {
	if property.PerUserRole != connection.SelectsCredentials {
		return value
	}
	for _, one := range t.snapshot.Stored {
		if one.ID == value && one.Name != "" {
			return one.Name
		}
	}
	return value
}
