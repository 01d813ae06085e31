package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Where each user brings their own credentials, those of the caller are stored apart
// from connections, under a name of their own, and a connection links to them. A
// file may select stored ones by name; what is sent and compared is the id.

// storedIn lists the stored credentials that the files select, and tells whether
// they say anything about which ones are used.
func storedIn(in Input) (refs []string, linked bool) {
	if in.Catalog == nil {
		return nil, false
	}
	for i := range in.Desired {
		desired := &in.Desired[i]
		source := in.Catalog.DataSources[desired.DataSource]
		if source == nil {
			continue
		}
		for name, value := range desired.Properties {
			switch source.Properties[name].Separated {
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
func (a *analysis) selectStored(t *target) {
	for _, name := range slices.Sorted(maps.Keys(t.Properties)) {
		ref, isText := t.Properties[name].(string)
		if t.source.Properties[name].Separated != connection.SelectsCredentials || !isText || ref == "" {
			continue
		}
		found := slices.IndexFunc(a.in.Snapshot.Stored, func(one connection.StoredCredentials) bool { return one.ID == ref || one.Name == ref })
		if found < 0 {
			t.selects = name
			t.lacks = fmt.Sprintf("this token's user has no stored credentials %q", ref) + a.maker(ref)
			continue
		}
		desired := *t.Desired
		desired.Properties = maps.Clone(desired.Properties)
		desired.Properties[name] = a.in.Snapshot.Stored[found].ID
		t.Desired = &desired
	}
}

// maker says which declared connection makes stored credentials of a name.
func (a *analysis) maker(name string) string {
	for i := range a.in.Desired {
		desired := &a.in.Desired[i]
		for property, value := range desired.Properties {
			if a.source(desired.DataSource).Properties[property].Separated == connection.NamesCredentials && value == name {
				return fmt.Sprintf(": they are made with %q; apply once more then", connection.Key{Space: desired.Space.String(), Name: desired.Name})
			}
		}
	}
	return ": they belong to one user, and are made by whoever declares their name with a connection"
}

// storedName gives the value of a property for people to read: stored credentials
// by name, if it is known.
func (a *analysis) storedName(property connection.Property, value any) any {
	if property.Separated != connection.SelectsCredentials {
		return value
	}
	for _, one := range a.in.Snapshot.Stored {
		if one.ID == value && one.Name != "" {
			return one.Name
		}
	}
	return value
}

// noteSeparated notes what a property that differs means for credentials.
func (a *analysis) noteSeparated(d *difference, property connection.Property, name string, want any) {
	switch property.Separated {
	case connection.SeparatesCredentials:
		on := a.isOn(want)
		d.whose, d.separates = name, &on
	case connection.NamesCredentials:
		d.whose = name
	}
}

// isOn tells whether the value of a switch is true, in whatever form.
func (a *analysis) isOn(value any) bool {
	return a.in.Normalize(connection.Property{Type: "string"}, value) == "true"
}

// unlink takes the stored credentials that are not declared out of the properties of
// a connection that is made with credentials for everybody: those of one user would
// become everybody's.
func (a *analysis) unlink(t *target, properties map[string]any) {
	apart := false
	for name, value := range properties {
		apart = apart || t.source.Properties[name].Separated == connection.SeparatesCredentials && a.isOn(value)
	}
	maps.DeleteFunc(properties, func(name string, _ any) bool {
		role := t.source.Properties[name].Separated
		return !apart && t.Properties[name] == nil && (role == connection.SelectsCredentials || role == connection.NamesCredentials)
	})
}

// linkAgain sends what selects or names the credentials together with a change of
// host, which takes the link away.
func (a *analysis) linkAgain(p *pair, d *difference) {
	if d.host == "" || !p.live.Separated {
		return
	}
	for name, value := range p.Properties {
		role := p.source.Properties[name].Separated
		if (role == connection.SelectsCredentials || role == connection.NamesCredentials) && value != nil && !p.ignores("properties", name) {
			d.set[name] = a.in.Normalize(p.source.Properties[name], value)
			if role == connection.SelectsCredentials {
				d.relinked = a.storedName(p.source.Properties[name], value)
			}
		}
	}
}

// unnamed gives the property by which the declared credentials could be linked; empty
// if one is declared already, or the data source has none.
func (a *analysis) unnamed(t *target) string {
	unnamed := ""
	for _, name := range slices.Sorted(maps.Keys(t.source.Properties)) {
		role := t.source.Properties[name].Separated
		if role != connection.SelectsCredentials && role != connection.NamesCredentials {
			continue
		}
		if t.Properties[name] != nil {
			return ""
		}
		if role == connection.NamesCredentials {
			unnamed = name
		}
	}
	return unnamed
}
