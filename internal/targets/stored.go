package targets

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
func (f *Files) stored() (refs []string, linked bool) {
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

// selectStored puts ids in the place of the names of stored credentials in the properties of a target,
// or notes which ones are not known.
func (f *Files) selectStored(t *Target, known []connection.StoredCredentials) {
	for _, name := range slices.Sorted(maps.Keys(t.Properties)) {
		ref, isText := t.Properties[name].(string)
		if t.Source.Properties[name].PerUserRole != connection.SelectsCredentials || !isText || ref == "" {
			continue
		}
		found := slices.IndexFunc(known, func(one connection.StoredCredentials) bool { return one.ID == ref || one.Name == ref })
		if found < 0 {
			t.Selects = name
			t.Lacks = f.noStored(ref)
			continue
		}
		desired := *t.Desired
		desired.Properties = maps.Clone(desired.Properties)
		desired.Properties[name] = known[found].ID
		t.Desired = &desired
	}
}

// noStored says that there are no stored credentials of a name, and which declared connection makes
// them.
func (f *Files) noStored(name string) connection.Reason {
	for i := range f.Desired {
		desired := &f.Desired[i]
		for property, value := range desired.Properties {
			if f.source(desired.DataSource).Properties[property].PerUserRole == connection.NamesCredentials && value == name {
				return connection.Because("no-stored-yet", "name", name, "connection", connection.Key{Space: desired.Space.String(), Name: desired.Name})
			}
		}
	}
	return connection.Because("no-stored", "name", name)
}
