package model

import (
	"slices"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Store is what a manager holds and the rules that it is kept by, with the lock and the state file that belong to it, and
// the request log.
type Store struct {
	Now       func() time.Time
	Behaviour Behaviour // complete
	Types     map[string]*connectionType
	Seed      *seed
	cipher    *host.Cipher
	Journal   host.Journal // has a lock of its own

	sync.RWMutex // guards world and the state file

	World    *world
	past     []earlier       // for [Behaviour.Lag]
	File     *host.StateFile // nil: the world lives in memory alone
	Reseeded bool            // the file held a world that had begun from another seed
}

// NewStore makes the store of a seed, without its connections. file may be nil.
func NewStore(data []byte, b Behaviour, now func() time.Time, file *host.StateFile) (*Store, error) {
	m := &Store{Now: now, File: file}
	var err error
	if m.Seed, m.Behaviour, err = parseSeed(data, b); err != nil {
		return nil, err
	}
	if m.cipher, err = host.NewCipher(data); err != nil {
		return nil, err
	}
	m.Types, m.World = types(m.Behaviour), newWorld(m.Behaviour)
	return m, nil
}

// NoteBefore keeps the world as it is before a write, where reads lag behind, and forgets what no read can show any more.
func (m *Store) NoteBefore() {
	if m.Behaviour.Lag > 0 {
		m.past = append(slices.DeleteFunc(m.past, func(e earlier) bool { return !m.shows(e) }), earlier{m.Now(), m.World.copied()})
	}
}

func (m *Store) shows(e earlier) bool {
	return m.Now().Sub(e.until) < time.Duration(m.Behaviour.Lag)*time.Second
}

// Lagging returns the world that reads show.
func (m *Store) Lagging() *world {
	if i := slices.IndexFunc(m.past, m.shows); i >= 0 {
		return m.past[i].world
	}
	return m.World
}

// Project finds a project; its name is case-sensitive (facts, 2.1).
func (m *Store) Project(name string) *Project {
	i := slices.IndexFunc(m.Seed.Projects, func(p Project) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &m.Seed.Projects[i]
}
