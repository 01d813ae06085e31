package model

import (
	"errors"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Store is what a tenant holds: its world, with the lock and the state file that belong to it, and the request log.
type Store struct {
	sync.RWMutex // guards world and the state file

	World    *World
	Journal  host.Journal // has a lock of its own
	Caller   string       // user id of the API key
	Now      func() time.Time
	File     *host.StateFile // nil: the world lives in memory alone
	Reseeded bool            // the file held a world that had begun from another seed
}

// Load takes the world as the state file has it, or begins the file with the world of the seed.
func (s *Store) Load(seed []byte) error {
	if s.File == nil {
		return nil
	}
	var kept state
	found, reseeded, err := s.File.Load(stateVersion, seed, &kept)
	if err != nil {
		return err
	}
	s.Reseeded = reseeded
	if !found {
		return s.Save()
	}
	s.restore(&kept)
	return nil
}

func (s *Store) restore(kept *state) {
	s.World = kept.world(s.World.behaviour)
	s.World.KeepHistory(s.Now)
}

// Save makes the world durable, where there is a state file. If it cannot, the world is again as it was saved last: a
// write that the next process would not find has not happened. The caller holds the lock.
func (s *Store) Save() error {
	if s.File == nil {
		return nil
	}
	w := s.World
	err := s.File.Save(state{
		StateHead: s.File.Head(), Users: w.Users, Spaces: w.Spaces, Groups: w.Groups,
		Disabled: host.SortedKeys(w.Disabled), Gone: host.SortedKeys(w.gone), Connections: w.InOrder(),
		Credentials: w.CredentialsInOrder(), SignIns: w.SignIns, Apps: w.Apps, Holders: w.Holders,
	})
	if err == nil {
		return nil
	}
	var kept state
	found, damaged := s.File.Last(&kept)
	if found && damaged == nil {
		s.restore(&kept)
	}
	return errors.Join(err, damaged)
}
