package model

import (
	"errors"
	"fmt"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Populate makes the world of the seed.
func (m *Store) Populate() error {
	for name, fields := range m.Seed.NewerFields {
		for _, key := range host.SortedKeys(fields) {
			if _, known := m.Types[name].Field(key); known {
				return fmt.Errorf("seed: newerFields.%s.%s: is documented, so it cannot be a newer field", name, key)
			}
			m.Types[name].Fields = append(m.Types[name].Fields, field{Name: key, kind: anyKind, standard: fields[key]})
		}
	}
	var problems []error
	for i, c := range m.Seed.Connections {
		if err := m.Add(c); err != nil {
			problems = append(problems, fmt.Errorf("seed: connections[%d]: %w", i, err))
		}
	}
	return errors.Join(problems...)
}

// Add stores a described connection under the rules of a create request. It is on the workers as if a push had succeeded.
func (m *Store) Add(c SeedConnection) error {
	if m.Project(c.Project) == nil {
		return fmt.Errorf("no such project %q", c.Project)
	}
	if c.Name == "" {
		return errors.New("name: missing")
	}
	sent := Document{{"type", c.Type}, {"name", c.Name}}
	for _, key := range host.SortedKeys(c.Fields) {
		name := key
		if key == accessMode && c.Type == "elasticsearch" {
			name = m.Behaviour.AccessModeKey
		}
		sent = append(sent, Member{name, c.Fields[key]})
	}
	d, err := m.defineFrom(sent)
	if err != nil {
		return err
	}
	if m.World.Holder(Place{c.Project, c.Type}, c.Name) != nil {
		return fmt.Errorf("name: %q is taken", c.Name)
	}
	fields, err := m.Complete(d, nil)
	if err != nil {
		return err
	}
	r := &Record{Project: c.Project, Type: c.Type, Name: c.Name, Fields: fields, Revision: 1}
	if fields["deployToWorker"] != false {
		r.Live = 1
	}
	m.World.Put(r, nil)
	return nil
}
