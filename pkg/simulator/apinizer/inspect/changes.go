package inspect

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// SeedConnection describes a connection as a seed does; see [Manager.Add].
type SeedConnection = model.SeedConnection

// Connection is a connection as it is stored.
type Connection struct {
	Project string
	Type    string
	Name    string
	// Fields are what was written, with numbers as float64, and without secrets.
	Fields map[string]any
	// Secrets are the names of the secrets that are set.
	Secrets []string
	// Deployed reports whether the workers have the connection as it is; Stale, that they have an older one.
	Deployed, Stale bool
}

// Connections returns all connections: by project, then by type in the documentation's order, then by creation.
func (m *Manager) Connections() []Connection {
	m.store.RLock()
	defer m.store.RUnlock()
	var all []Connection
	for _, r := range m.store.World.All(m.store.Seed.Projects) {
		all = append(all, m.exported(r))
	}
	return all
}

// Find returns the connection of that name, in exactly this spelling.
func (m *Manager) Find(project, name string) (Connection, bool) {
	m.store.RLock()
	defer m.store.RUnlock()
	r := m.store.World.Find(project, name)
	if r == nil {
		return Connection{}, false
	}
	return m.exported(r), true
}

// Add puts a connection there as a seed would.
func (m *Manager) Add(c SeedConnection) error {
	m.store.Lock()
	defer m.store.Unlock()
	fields, err := asDecoded(c.Fields)
	if err != nil {
		return fmt.Errorf("add connection %s: %w", c.Name, err)
	}
	c.Fields = fields
	if err := m.store.Add(c); err != nil {
		return fmt.Errorf("add connection %s: %w", c.Name, err)
	}
	return m.store.Save()
}

// Edit changes name and fields of a connection as a person would in the console, where secrets stay; the function's other
// changes are ignored. It is pushed to the workers.
func (m *Manager) Edit(project, name string, edit func(*Connection)) error {
	m.store.Lock()
	defer m.store.Unlock()
	old := m.store.World.Find(project, name)
	if old == nil {
		return fmt.Errorf("edit connection %s: not found", name)
	}
	c := m.exported(old)
	edit(&c)
	if holder := m.store.World.Holder(old.Place(), c.Name); holder != nil && holder != old {
		return fmt.Errorf("edit connection %s: name %q is taken", name, c.Name)
	}
	fields, err := m.edited(old, c.Fields)
	if err != nil {
		return fmt.Errorf("edit connection %s: %w", name, err)
	}
	next := &model.Record{Project: project, Type: old.Type, Name: c.Name, Fields: fields, Revision: old.Revision + 1}
	next.Live = next.Revision
	m.store.World.Put(next, old)
	return m.store.Save()
}

// edited returns the fields of a connection after an edit: those that are wanted, and the secrets that were there.
func (m *Manager) edited(old *model.Record, wanted map[string]any) (map[string]any, error) {
	wanted, err := asDecoded(wanted)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	for _, key := range host.SortedKeys(wanted) {
		f, known := m.store.Types[old.Type].Field(key)
		if !known {
			return nil, fmt.Errorf("no such field %q", key)
		}
		value, err := m.store.Clean(key, f, wanted[key])
		if err != nil {
			return nil, err
		}
		if value != nil {
			fields[key] = value
		}
	}
	for _, f := range m.store.Types[old.Type].Fields {
		if stored, set := old.Fields[f.Name]; f.Class == model.Secret && set {
			fields[f.Name] = stored
		}
	}
	return fields, nil
}

// TypeIn stores a secret with a connection as a person does who types it into the console; "" clears it.
func (m *Manager) TypeIn(project, name, field, value string) error {
	m.store.Lock()
	defer m.store.Unlock()
	old := m.store.World.Find(project, name)
	if old == nil {
		return fmt.Errorf("type %s into connection %s: not found", field, name)
	}
	f, known := m.store.Types[old.Type].Field(field)
	if !known || f.Class != model.Secret {
		return fmt.Errorf("type %s into connection %s: it is not a secret of type %s", field, name, old.Type)
	}
	next := *old
	next.Fields, next.Revision, next.Live, next.Stored = maps.Clone(old.Fields), old.Revision+1, old.Revision+1, nil
	delete(next.Fields, field)
	if value != "" {
		next.Fields[field] = m.store.SecretAfter(f, value, true, old)
	}
	m.store.World.Put(&next, old)
	return m.store.Save()
}

// Remove deletes a connection.
func (m *Manager) Remove(project, name string) error {
	m.store.Lock()
	defer m.store.Unlock()
	r := m.store.World.Find(project, name)
	if r == nil {
		return fmt.Errorf("remove connection %s: not found", name)
	}
	m.store.World.Remove(r)
	return m.store.Save()
}

// SecretEquals reports whether the stored secret was made from value; "" asks for one that is not set.
func (m *Manager) SecretEquals(project, name, field, value string) bool {
	m.store.RLock()
	defer m.store.RUnlock()
	r := m.store.World.Find(project, name)
	if r == nil {
		return false
	}
	switch stored := r.Fields[field].(type) {
	case nil:
		return value == ""
	case string:
		return stored == value
	default:
		return host.HashEquals(stored, value)
	}
}

// exported copies a record, so that the caller may change what it gets.
func (m *Manager) exported(r *model.Record) Connection {
	c := Connection{
		Project: r.Project, Type: r.Type, Name: r.Name, Fields: map[string]any{},
		Deployed: r.Live == r.Revision, Stale: r.Live != 0 && r.Live != r.Revision,
	}
	visible := maps.Clone(r.Fields)
	for _, f := range m.store.Types[r.Type].Fields {
		if _, set := visible[f.Name]; set && f.Class == model.Secret {
			c.Secrets = append(c.Secrets, f.Name)
			delete(visible, f.Name)
		}
	}
	slices.Sort(c.Secrets)
	if data, err := json.Marshal(visible); err == nil { // what came as JSON goes as JSON
		_ = json.Unmarshal(data, &c.Fields)
	}
	return c
}

// asDecoded returns fields that Go code wrote as they would come out of a request.
func asDecoded(fields map[string]any) (map[string]any, error) {
	data, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	out := make(map[string]any)
	err = host.DecodeOne(data, &out)
	return out, err
}

// Request is one entry of the request log.
type Request = host.Request

// Requests returns the requests so far, oldest first; those in flight are not among them.
func (m *Manager) Requests() []Request { return m.store.Journal.Requests() }

// Writes returns the requests that create, change or delete a connection, with any outcome.
func (m *Manager) Writes() []Request {
	var out []Request
	for _, r := range m.store.Journal.Requests() {
		if r.Method != http.MethodGet && r.Path != "/apiops/auth/token" {
			out = append(out, r)
		}
	}
	return out
}
