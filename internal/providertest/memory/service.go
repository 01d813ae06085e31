package memory

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Service is a remote service with connections in memory. A connection has no id, tags or owner,
// and its name never changes: a PUT creates a connection or replaces all of it. Secrets are stored
// and never returned. The type does not depend on qlsync.
//
//	GET    /             everything but the secrets
//	PUT    /SPACE/NAME   create or replace
//	DELETE /SPACE/NAME
type Service struct {
	Spaces []string
	// Cleared lists the secrets that a PUT has erased because it did not carry them.
	Cleared []string

	mu      sync.Mutex
	stored  map[string]document // by path
	version int
}

// inventory is the whole content of a service.
type inventory struct {
	Spaces      []string   `json:"spaces"`
	Connections []document `json:"connections"`
}

// document is a connection in requests and, without the secrets, in answers.
type document struct {
	Space    string            `json:"space"`
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`
	Settings map[string]any    `json:"settings"`
	Secrets  map[string]string `json:"secrets,omitempty"`
	Holds    []string          `json:"holds,omitempty"` // the names of the stored secrets
	Notes    map[string]string `json:"notes"`           // texts of clients
	// Version changes with each write. A PUT contains the version that it replaces; 0: none.
	Version int `json:"version"`
}

// Holds reports whether a connection has a secret with that value.
func (s *Service) Holds(space, name, secret, value string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored["/"+space+"/"+name].Secrets[secret] == value
}

// ServeHTTP implements [http.Handler].
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, body := s.serve(r)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *Service) serve(r *http.Request) (status int, body any) {
	old, stands := s.stored[r.URL.Path]
	switch {
	case r.Method == http.MethodGet:
		all := inventory{s.Spaces, slices.Collect(maps.Values(s.stored))}
		for i := range all.Connections {
			d := &all.Connections[i]
			d.Holds, d.Secrets = slices.Sorted(maps.Keys(d.Secrets)), nil
		}
		return http.StatusOK, all
	case r.Method == http.MethodPut:
		return s.put(r, old)
	case !stands:
		return http.StatusNotFound, "there is no such connection"
	}
	delete(s.stored, r.URL.Path)
	return http.StatusOK, nil
}

func (s *Service) put(r *http.Request, old document) (status int, body any) {
	var sent document
	decoder := json.NewDecoder(r.Body)
	decoder.UseNumber()
	switch err := decoder.Decode(&sent); {
	case err != nil, r.URL.Path != "/"+sent.Space+"/"+sent.Name, strings.Contains(sent.Name, "/"):
		return http.StatusBadRequest, "this is no connection of that name"
	case !slices.Contains(s.Spaces, sent.Space):
		return http.StatusNotFound, "there is no such space"
	case sent.Version != old.Version:
		return http.StatusConflict, "it has another version"
	case old.Version != 0 && sent.Kind != old.Kind:
		return http.StatusBadRequest, "the kind of a connection never changes"
	}
	for secret := range old.Secrets {
		if sent.Secrets[secret] == "" {
			s.Cleared = append(s.Cleared, sent.Name+": "+secret)
		}
	}
	s.version++
	sent.Version = s.version
	if s.stored == nil {
		s.stored = map[string]document{}
	}
	s.stored[r.URL.Path] = sent
	return http.StatusOK, sent.Version
}
