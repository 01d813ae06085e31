package model

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// stateVersion is raised when the layout of the state file changes; an older file is dropped for the seed.
const stateVersion = 1

// state is the file next to the seed. Of secrets it holds salted digests; what may be one and is answered in clear is
// hidden.
type state struct {
	host.StateHead

	Connections []storedConnection `json:"connections"`
}

type storedConnection struct {
	Project  string            `json:"project"`
	Type     string            `json:"type"`
	Name     string            `json:"name"`
	Fields   map[string]any    `json:"fields"`
	Hidden   map[string]string `json:"hidden,omitempty"` // fields in the cipher
	Revision int               `json:"revision"`
	Live     int               `json:"live"`
}

// Load takes the state as it was left, or begins one.
func (m *Store) Load(seed []byte) error {
	if m.File == nil {
		return nil
	}
	var kept state
	found, reseeded, err := m.File.Load(stateVersion, seed, &kept)
	if err != nil {
		return err
	}
	m.Reseeded = reseeded
	if !found {
		return m.Save()
	}
	m.World, err = m.worldOf(kept)
	return err
}

// worldOf makes the world that a state describes.
func (m *Store) worldOf(kept state) (*world, error) {
	w := newWorld(m.Behaviour)
	for _, s := range kept.Connections {
		r := &Record{Project: s.Project, Type: s.Type, Name: s.Name, Fields: s.Fields, Revision: s.Revision, Live: s.Live}
		for key, hidden := range s.Hidden {
			var err error
			if r.Fields[key], err = m.cipher.Decrypt(hidden); err != nil {
				return nil, fmt.Errorf("state of the embedded manager: connection %q: %w", s.Name, err)
			}
		}
		w.Put(r, nil)
	}
	return w, nil
}

// Save makes the world durable, where there is a state file. If it cannot, the world is again as it was saved last: a
// write that the next process would not find has not happened. The caller holds the lock.
func (m *Store) Save() error {
	if m.File == nil {
		return nil
	}
	out := struct {
		host.StateHead

		Connections []json.RawMessage `json:"connections"`
	}{StateHead: m.File.Head(), Connections: []json.RawMessage{}}
	for _, r := range m.World.All(m.Seed.Projects) {
		if r.Stored == nil {
			var err error
			if r.Stored, err = m.encode(r); err != nil {
				return fmt.Errorf("encode state of the embedded manager: %w", err)
			}
		}
		out.Connections = append(out.Connections, r.Stored)
	}
	if err := m.File.Save(out); err != nil {
		return errors.Join(err, m.back())
	}
	return nil
}

// back takes the world back to what was saved last.
func (m *Store) back() error {
	var kept state
	if found, err := m.File.Last(&kept); !found || err != nil {
		return err
	}
	w, err := m.worldOf(kept)
	if err == nil {
		m.World = w
	}
	return err
}

// encode returns a record in the form of the state file.
func (m *Store) encode(r *Record) (json.RawMessage, error) {
	s := storedConnection{
		Project: r.Project, Type: r.Type, Name: r.Name, Fields: map[string]any{}, Hidden: map[string]string{},
		Revision: r.Revision, Live: r.Live,
	}
	for _, key := range host.SortedKeys(r.Fields) {
		value := r.Fields[key]
		f, known := m.Types[r.Type].Field(key)
		if known && f.Class == plain && f.kind != anyKind || host.IsHashed(value) {
			s.Fields[key] = value
			continue
		}
		var err error
		if s.Hidden[key], err = m.cipher.Encrypt(value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(s)
}
