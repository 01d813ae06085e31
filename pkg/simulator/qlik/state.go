package qlik

import (
	"errors"
	"maps"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// stateVersion is raised when the layout of the state file changes; an older file is dropped for the seed.
const stateVersion = 1

// state is the file next to the seed. It holds no credential and no token, only salted digests.
type state struct {
	host.StateHead

	Users       []*userRecord  `json:"users"`
	Spaces      []*spaceRecord `json:"spaces"`
	Disabled    []string       `json:"disabled,omitempty"`
	Gone        []string       `json:"gone,omitempty"`
	Connections []*record      `json:"connections"`

	Credentials []*credential     `json:"credentials,omitempty"`
	SignIns     map[string]signIn `json:"signIns,omitempty"`
}

func (s *state) world(b Behaviour) *world {
	w := newWorld(b)
	w.users, w.spaces = s.Users, s.Spaces
	for _, id := range s.Disabled {
		w.disabled[id] = true
	}
	for _, id := range s.Gone {
		w.gone[id] = true
	}
	for _, k := range s.Credentials {
		w.credentials[k.ID] = k
	}
	maps.Copy(w.signIns, s.SignIns)
	for _, r := range s.Connections {
		w.put(r)
	}
	return w
}

// save makes the world durable, where there is a state file. If it cannot, the world is again as it was saved last: a
// write that the next process would not find has not happened. The caller holds the lock.
func (t *Tenant) save() error {
	if t.state == nil {
		return nil
	}
	w := t.world
	err := t.state.Save(state{
		StateHead: t.state.Head(), Users: w.users, Spaces: w.spaces,
		Disabled: host.SortedKeys(w.disabled), Gone: host.SortedKeys(w.gone), Connections: w.inOrder(),
		Credentials: w.credentialsInOrder(), SignIns: w.signIns,
	})
	if err == nil {
		return nil
	}
	var kept state
	found, damaged := t.state.Last(&kept)
	if found && damaged == nil {
		t.world = kept.world(t.behaviour)
		t.world.keepHistory(t.now)
	}
	return errors.Join(err, damaged)
}
