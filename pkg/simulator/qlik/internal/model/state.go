package model

import (
	"maps"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// stateVersion is raised when the layout of the state file changes; an older file is dropped for the seed.
const stateVersion = 2

// state is the file next to the seed. It holds no credential and no token, only salted digests.
type state struct {
	host.StateHead

	Users       []*User   `json:"users"`
	Spaces      []*Space  `json:"spaces"`
	Groups      []*Group  `json:"groups,omitempty"`
	Disabled    []string  `json:"disabled,omitempty"`
	Gone        []string  `json:"gone,omitempty"`
	Connections []*Record `json:"connections"`

	Credentials []*Credential     `json:"credentials,omitempty"`
	SignIns     map[string]SignIn `json:"signIns,omitempty"`
	Apps        []*App            `json:"apps,omitempty"`
	Holders     []*Holder         `json:"holders,omitempty"`
}

func (s *state) world(b Behaviour) *World {
	w := newWorld(b)
	w.Users, w.Spaces, w.Groups = s.Users, s.Spaces, s.Groups
	w.Apps, w.Holders = s.Apps, s.Holders
	for _, id := range s.Disabled {
		w.Disabled[id] = true
	}
	for _, id := range s.Gone {
		w.gone[id] = true
	}
	for _, k := range s.Credentials {
		w.Credentials[k.ID] = k
	}
	maps.Copy(w.SignIns, s.SignIns)
	for _, r := range s.Connections {
		w.Put(r)
	}
	return w
}
