package apinizer

import (
	"encoding/json"
	"slices"
	"strings"
)

// world is the content of the manager and its indices. It does no locking: the Manager does.
type world struct {
	behaviour Behaviour
	lists     map[place][]*record // in the order of creation
	index     map[nameKey]*record
}

// record is one stored connection. It is replaced, never changed in place, but for stored.
type record struct {
	Project string
	Type    string
	Name    string
	// Fields are what was written, without nulls. A secret is sealed, unless the manager must be able to show it.
	Fields   map[string]any
	Revision int // counts writes
	Live     int // the revision that the workers have; 0: none

	stored json.RawMessage // as it stands in the state file; nil: not encoded so far
}

// place is one collection: connections are stored per type (facts, 2.1).
type place struct{ project, typeName string }

type nameKey struct {
	place
	name string
}

func newWorld(b Behaviour) *world {
	return &world{behaviour: b, lists: make(map[place][]*record), index: make(map[nameKey]*record)}
}

func (r *record) place() place { return place{r.Project, r.Type} }

// key is the key as names are compared.
func (w *world) key(p place, name string) nameKey {
	if w.behaviour.LetterCase != "matters" {
		name = strings.ToLower(name)
	}
	return nameKey{p, name}
}

// find gives the connection that a path means; nil if there is none.
func (w *world) find(project, name string) *record {
	order := typeNames
	if w.behaviour.SameName == "last" {
		order = slices.Clone(order)
		slices.Reverse(order)
	}
	for _, typeName := range order {
		r := w.index[w.key(place{project, typeName}, name)]
		if r != nil && (r.Name == name || w.behaviour.LetterCase == "ignored") {
			return r
		}
	}
	return nil
}

// holder gives the connection that stands in the way of a new one of that type and name; nil if the name is free.
func (w *world) holder(p place, name string) *record {
	if w.behaviour.SameName != "" {
		return w.index[w.key(p, name)]
	}
	for _, typeName := range typeNames {
		if r := w.index[w.key(place{p.project, typeName}, name)]; r != nil {
			return r
		}
	}
	return nil
}

// put stores a record in the place of another one, nil for a new one. The caller has made sure that its name is free.
func (w *world) put(r, old *record) {
	list := w.lists[r.place()]
	if old == nil {
		w.lists[r.place()] = append(list, r)
	} else {
		delete(w.index, w.key(old.place(), old.Name))
		list[slices.Index(list, old)] = r
	}
	w.index[w.key(r.place(), r.Name)] = r
}

func (w *world) remove(r *record) {
	delete(w.index, w.key(r.place(), r.Name))
	w.lists[r.place()] = slices.DeleteFunc(w.lists[r.place()], func(other *record) bool { return other == r })
}

// all gives every record: by project, then by type in the documentation's order, then by creation.
func (w *world) all(projects []project) []*record {
	var out []*record
	for _, p := range projects {
		for _, typeName := range typeNames {
			out = append(out, w.lists[place{p.Name, typeName}]...)
		}
	}
	return out
}
