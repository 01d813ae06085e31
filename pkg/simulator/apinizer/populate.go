package apinizer

import (
	"errors"
	"fmt"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// populate makes the world of the seed.
func (m *model) populate() error {
	for name, fields := range m.seed.NewerFields {
		for _, key := range host.SortedKeys(fields) {
			if _, known := m.types[name].field(key); known {
				return fmt.Errorf("seed: newerFields.%s.%s: is documented", name, key)
			}
			m.types[name].fields = append(m.types[name].fields, field{name: key, kind: anyKind, standard: fields[key]})
		}
	}
	var problems []error
	for i, c := range m.seed.Connections {
		if err := m.add(c); err != nil {
			problems = append(problems, fmt.Errorf("seed: connections[%d]: %w", i, err))
		}
	}
	return errors.Join(problems...)
}

// add stores a described connection under the rules of a create request. It is on the workers as if a push had succeeded.
func (m *model) add(c SeedConnection) error {
	if m.project(c.Project) == nil {
		return fmt.Errorf("no such project %q", c.Project)
	}
	if c.Name == "" {
		return errors.New("name: missing")
	}
	sent := document{{"type", c.Type}, {"name", c.Name}}
	for _, key := range host.SortedKeys(c.Fields) {
		name := key
		if key == accessMode && c.Type == "elasticsearch" {
			name = m.behaviour.AccessModeKey
		}
		sent = append(sent, member{name, c.Fields[key]})
	}
	d, err := m.defineFrom(sent)
	if err != nil {
		return err
	}
	if m.world.holder(place{c.Project, c.Type}, c.Name) != nil {
		return fmt.Errorf("name: %q is taken", c.Name)
	}
	fields, err := m.complete(d, nil)
	if err != nil {
		return err
	}
	r := &record{Project: c.Project, Type: c.Type, Name: c.Name, Fields: fields, Revision: 1}
	if fields["deployToWorker"] != false {
		r.Live = 1
	}
	m.world.put(r, nil)
	return nil
}
