package model

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// seed is the description of a manager before the first request; see New for an example.
type seed struct {
	Token        string                    `json:"token"`
	User         *SeedUser                 `json:"user"`
	Projects     []Project                 `json:"projects"`
	Environments []environment             `json:"environments"`
	Connections  []SeedConnection          `json:"connections"`
	NewerFields  map[string]map[string]any `json:"newerFields"`
	RateLimit    RateLimit                 `json:"rateLimit"`
	Behaviour    json.RawMessage           `json:"behaviour"`
}

// SeedUser is who may ask for an access token.
type SeedUser struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

type Project struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Access      string `json:"access"` // of the caller: manage, view or none
}

// environment is where gateways run; all of them get what is deployed.
type environment struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Type        string   `json:"type"`
	Status      string   `json:"status"`
	AccessURL   string   `json:"accessUrl"`
	Pods        []string `json:"pods"`
}

// SeedConnection describes a connection that is there without a request: of a seed, or of [Manager.Add].
type SeedConnection struct {
	Project string         `json:"project"`
	Type    string         `json:"type"`
	Name    string         `json:"name"`
	Fields  map[string]any `json:"fields"` // secrets are plain values
}

func parseSeed(data []byte, b Behaviour) (*seed, Behaviour, error) {
	s := new(seed)
	if err := host.DecodeStrict(data, s); err != nil {
		return nil, b, fmt.Errorf("seed: %w", err)
	}
	if s.Behaviour != nil {
		if err := host.DecodeStrict(s.Behaviour, &b); err != nil {
			return nil, b, fmt.Errorf("seed: behaviour: %w", err)
		}
	}
	if err := errors.Join(b.check(), s.check()); err != nil {
		return nil, b, err
	}
	if s.Environments == nil {
		s.Environments = []environment{{Name: "production", Pods: []string{"worker-1", "worker-2"}}}
	}
	for i := range s.Environments {
		e := &s.Environments[i]
		e.Type, e.Status = cmp.Or(e.Type, "PRODUCTION"), cmp.Or(e.Status, "PUBLISHED")
	}
	return s, b.complete(), nil
}

// check returns all mistakes of the seed but those of connections, with their paths.
func (s *seed) check() error {
	var problems []error
	note := func(format string, args ...any) { problems = append(problems, fmt.Errorf("seed: "+format, args...)) }
	if len(s.Projects) == 0 {
		note("projects: at least one is needed")
	}
	for i, p := range s.Projects {
		if p.Name == "" {
			note("projects[%d].name: missing", i)
		}
		if slices.ContainsFunc(s.Projects[:i], func(other Project) bool { return other.Name == p.Name }) {
			note("projects[%d].name: %q is used twice", i, p.Name)
		}
		if !slices.Contains([]string{"", accessManage, AccessView, AccessNone}, p.Access) {
			note("projects[%d].access: must be manage, view or none", i)
		}
	}
	for i, e := range s.Environments {
		if !slices.Contains([]string{"", "PRODUCTION", "SANDBOX", "TEST"}, e.Type) {
			note("environments[%d].type: must be PRODUCTION, SANDBOX or TEST", i)
		}
		if !slices.Contains([]string{"", "UNPUBLISHED", "PUBLISHED", "REPUBLISH_REQUIRED"}, e.Status) {
			note("environments[%d].status: must be UNPUBLISHED, PUBLISHED or REPUBLISH_REQUIRED", i)
		}
	}
	for _, name := range host.SortedKeys(s.NewerFields) {
		if !slices.Contains(TypeNames, name) {
			note("newerFields.%s: no such type", name)
		}
	}
	if err := s.RateLimit.check(); err != nil {
		note("rateLimit: %w", err)
	}
	return errors.Join(problems...)
}

// What the caller may do in a project.
const (
	accessManage = "manage"
	AccessView   = "view"
	AccessNone   = "none"
)
