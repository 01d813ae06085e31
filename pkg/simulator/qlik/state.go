package qlik

import (
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
