package targets

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// isChoice reports whether a declared value is the name of a choice, or an id to look up.
func isChoice(property connection.Property, value any) bool {
	_, isName := property.ChoiceName(value)
	return property.ChosenBy != "" && value != nil && (isName || !property.AnyID)
}

// choices returns the data sources whose declared connections select a choice, sorted.
func (f *Files) choices() []string {
	var sources []string
	for i := range f.Desired {
		desired := &f.Desired[i]
		for name, value := range desired.Properties {
			if isChoice(f.source(desired.DataSource).Properties[name], value) {
				sources = append(sources, desired.DataSource)
			}
		}
	}
	slices.Sort(sources)
	return slices.Compact(sources)
}

// selectChoices replaces the names of choices by their ids, and reports names and ids that no
// choice has.
func (r *resolver) selectChoices(t *Target) {
	for _, property := range slices.Sorted(maps.Keys(t.Properties)) {
		value := t.Properties[property]
		if !isChoice(t.Source.Properties[property], value) {
			continue
		}
		of := t.Source.Properties[property]
		id, reason := r.choice(t.DataSource, &of, value)
		if reason.Code != "" {
			r.problem(t.PositionOf("/properties/"+property), reason.With("dataSource", t.DataSource).With("kind", of.ChosenBy))
			continue
		}
		desired := *t.Desired
		desired.Properties = maps.Clone(desired.Properties)
		desired.Properties[property] = id
		t.Desired = &desired
	}
}

// choice returns the id of the choice that a value means. An id of which nothing is known is
// returned as it is.
func (r *resolver) choice(dataSource string, property *connection.Property, value any) (id any, reason connection.Reason) {
	name, isName := property.ChoiceName(value)
	var ids, names []string
	isID := false
	for _, one := range r.Snapshot.Choices {
		if one.DataSource != dataSource {
			continue
		}
		names = append(names, one.Name)
		isID = isID || one.ID == value
		if one.Name == name {
			ids = append(ids, one.ID)
		}
	}
	isUnknown := slices.Contains(r.Snapshot.NoChoices, dataSource)
	text, _ := value.(string)
	switch {
	case isName && isUnknown:
		return nil, connection.Because("choice-not-listed", "name", name)
	case isName && len(ids) == 1:
		return ids[0], connection.Reason{}
	case isName && len(ids) > 1:
		return nil, connection.Because("several-choices", "name", name, "ids", ids)
	case isName:
		return nil, meantChoice(connection.Because("no-choice", "name", name), name, names)
	case isUnknown || isID:
		return value, connection.Reason{}
	}
	return nil, connection.Because("no-choice-id", "id", text)
}

func meantChoice(reason connection.Reason, name string, names []string) connection.Reason {
	if meant := words.Closest(name, names, 1); len(meant) > 0 {
		return reason.With("meant", meant[0])
	}
	return reason
}
