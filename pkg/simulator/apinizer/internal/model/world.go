// Package model is what an embedded manager holds, without HTTP: the types of connections and their fields, what a request
// defines, what a GET shows, the seed, and the state file.
package model

import (
	"encoding/json"
	"slices"
	"strings"
)

// world is the content of the manager and its indices. It does no locking: [Store] has the lock.
type world struct {
	behaviour Behaviour
	Lists     map[Place][]*Record // in the order of creation
	index     map[nameKey]*Record
}

// Record is one stored connection. It is replaced, never changed in place, but for stored.
type Record struct {
	Project string
	Type    string
	Name    string
	// Fields are what was written, without nulls. A secret is hashed, unless the manager must be able to show it.
	Fields   map[string]any
	Revision int // counts writes
	Live     int // the revision that the workers have; 0: none

	Stored json.RawMessage // as in the state file; nil: not encoded so far
}

// Place is one collection: connections are stored per type (facts, 2.1).
type Place struct{ Project, Type string }

type nameKey struct {
	Place
	name string
}

func newWorld(b Behaviour) *world {
	return &world{behaviour: b, Lists: make(map[Place][]*Record), index: make(map[nameKey]*Record)}
}

func (r *Record) Place() Place { return Place{r.Project, r.Type} }

// key is the key as names are compared.
func (w *world) key(p Place, name string) nameKey {
	if w.behaviour.LetterCase != "matters" {
		name = strings.ToLower(name)
	}
	return nameKey{p, name}
}

// Find returns the connection that a path means; nil if there is none.
func (w *world) Find(project, name string) *Record {
	order := TypeNames
	if w.behaviour.SameName == "last" {
		order = slices.Clone(order)
		slices.Reverse(order)
	}
	for _, typeName := range order {
		r := w.index[w.key(Place{project, typeName}, name)]
		if r != nil && (r.Name == name || w.behaviour.LetterCase == "ignored") {
			return r
		}
	}
	return nil
}

// Holder returns the connection that prevents a new one of that type and name; nil if the name is
// free.
func (w *world) Holder(p Place, name string) *Record {
	if w.behaviour.SameName != "" {
		return w.index[w.key(p, name)]
	}
	for _, typeName := range TypeNames {
		if r := w.index[w.key(Place{p.Project, typeName}, name)]; r != nil {
			return r
		}
	}
	return nil
}

// Put stores a record in the place of another one, nil for a new one. The caller has made sure that its name is free.
func (w *world) Put(r, old *Record) {
	list := w.Lists[r.Place()]
	if old == nil {
		w.Lists[r.Place()] = append(list, r)
	} else {
		delete(w.index, w.key(old.Place(), old.Name))
		list[slices.Index(list, old)] = r
	}
	w.index[w.key(r.Place(), r.Name)] = r
}

func (w *world) Remove(r *Record) {
	delete(w.index, w.key(r.Place(), r.Name))
	w.Lists[r.Place()] = slices.DeleteFunc(w.Lists[r.Place()], func(other *Record) bool { return other == r })
}

// All returns every record: by project, then by type in the documentation's order, then by creation.
func (w *world) All(projects []Project) []*Record {
	var out []*Record
	for _, p := range projects {
		for _, typeName := range TypeNames {
			out = append(out, w.Lists[Place{p.Name, typeName}]...)
		}
	}
	return out
}
