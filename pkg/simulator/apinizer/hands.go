package apinizer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// What follows is for tests and demonstrations: to look behind the API, and to change things behind a client's back. It
// is no request: nothing is logged, counted or refused for lack of rights.

// Connection is a connection as it is stored.
type Connection struct {
	Project string
	Type    string
	Name    string
	// Fields are what was written, with numbers as float64, and without secrets.
	Fields map[string]any
	// Secrets are the names of the secrets that are set.
	Secrets []string
	// Deployed says whether the workers have the connection as it is; Stale, that they have an older one.
	Deployed, Stale bool
}

// Connections gives all connections: by project, then by type in the documentation's order, then by creation.
func (m *Manager) Connections() []Connection {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var all []Connection
	for _, r := range m.world.all(m.seed.Projects) {
		all = append(all, m.exported(r))
	}
	return all
}

// Find gives the connection of that name, in exactly this spelling.
func (m *Manager) Find(project, name string) (Connection, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.world.find(project, name)
	if r == nil {
		return Connection{}, false
	}
	return m.exported(r), true
}

// Add puts a connection there as a seed would.
func (m *Manager) Add(c SeedConnection) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	fields, err := asDecoded(c.Fields)
	if err != nil {
		return fmt.Errorf("add connection %s: %w", c.Name, err)
	}
	c.Fields = fields
	if err := m.add(c); err != nil {
		return fmt.Errorf("add connection %s: %w", c.Name, err)
	}
	return m.save()
}

// Edit changes name and fields of a connection as a person would in the console, where secrets stay; the function's other
// changes are ignored. It is pushed to the workers.
func (m *Manager) Edit(project, name string, edit func(*Connection)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.world.find(project, name)
	if old == nil {
		return fmt.Errorf("edit connection %s: not found", name)
	}
	c := m.exported(old)
	edit(&c)
	if holder := m.world.holder(old.place(), c.Name); holder != nil && holder != old {
		return fmt.Errorf("edit connection %s: name %q is taken", name, c.Name)
	}
	fields, err := m.edited(old, c.Fields)
	if err != nil {
		return fmt.Errorf("edit connection %s: %w", name, err)
	}
	next := &record{Project: project, Type: old.Type, Name: c.Name, Fields: fields, Revision: old.Revision + 1}
	next.Live = next.Revision
	m.world.put(next, old)
	return m.save()
}

// edited gives the fields of a connection after an edit: those that are wanted, and the secrets that were there.
func (m *model) edited(old *record, wanted map[string]any) (map[string]any, error) {
	wanted, err := asDecoded(wanted)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	for _, key := range host.SortedKeys(wanted) {
		f, known := m.types[old.Type].field(key)
		if !known {
			return nil, fmt.Errorf("no such field %q", key)
		}
		value, err := m.clean(key, f, wanted[key])
		if err != nil {
			return nil, err
		}
		if value != nil {
			fields[key] = value
		}
	}
	for _, f := range m.types[old.Type].fields {
		if stored, set := old.Fields[f.name]; f.class == secret && set {
			fields[f.name] = stored
		}
	}
	return fields, nil
}

// TypeIn stores a secret with a connection as a person does who types it into the console; "" clears it.
func (m *Manager) TypeIn(project, name, field, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.world.find(project, name)
	if old == nil {
		return fmt.Errorf("type %s into connection %s: not found", field, name)
	}
	f, known := m.types[old.Type].field(field)
	if !known || f.class != secret {
		return fmt.Errorf("type %s into connection %s: it is not a secret of type %s", field, name, old.Type)
	}
	next := *old
	next.Fields, next.Revision, next.Live, next.stored = maps.Clone(old.Fields), old.Revision+1, old.Revision+1, nil
	delete(next.Fields, field)
	if value != "" {
		next.Fields[field] = m.secretAfter(f, value, true, old)
	}
	m.world.put(&next, old)
	return m.save()
}

// Remove deletes a connection.
func (m *Manager) Remove(project, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.world.find(project, name)
	if r == nil {
		return fmt.Errorf("remove connection %s: not found", name)
	}
	m.world.remove(r)
	return m.save()
}

// SecretEquals says whether the stored secret was made from value; "" asks for one that is not set.
func (m *Manager) SecretEquals(project, name, field, value string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.world.find(project, name)
	if r == nil {
		return false
	}
	switch stored := r.Fields[field].(type) {
	case nil:
		return value == ""
	case string:
		return stored == value
	default:
		return host.SealedEquals(stored, value)
	}
}

// exported copies a record, so that the caller may change what it gets.
func (m *model) exported(r *record) Connection {
	c := Connection{
		Project: r.Project, Type: r.Type, Name: r.Name, Fields: map[string]any{},
		Deployed: r.Live == r.Revision, Stale: r.Live != 0 && r.Live != r.Revision,
	}
	visible := maps.Clone(r.Fields)
	for _, f := range m.types[r.Type].fields {
		if _, set := visible[f.name]; set && f.class == secret {
			c.Secrets = append(c.Secrets, f.name)
			delete(visible, f.name)
		}
	}
	slices.Sort(c.Secrets)
	if data, err := json.Marshal(visible); err == nil { // what came as JSON goes as JSON
		_ = json.Unmarshal(data, &c.Fields)
	}
	return c
}

// asDecoded gives fields that Go code wrote as they would come out of a request.
func asDecoded(fields map[string]any) (map[string]any, error) {
	data, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	out := make(map[string]any)
	err = host.DecodeOne(data, &out)
	return out, err
}
