package apinizer

import (
	"fmt"
	"net/http"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Options change how a manager behaves. The zero value is the documented service, under the current dialect.
type Options struct {
	Now         func() time.Time // clock of tokens and the rate limit; nil: time.Now
	Behaviour   Behaviour        // after that of the seed
	Faults      []Fault
	LockTimeout time.Duration // how long Open waits for a state that another process holds; 0: 3 seconds
}

// Manager is an embedded Apinizer manager. It is an http.Handler and safe for concurrent use.
type Manager struct {
	*model

	keys    *keys
	limiter *limiter
	faults  *host.Faults
	journal host.Journal
	routes  []route
}

// Reseeded says whether Open found a state that had begun from another seed, and dropped it.
func (m *Manager) Reseeded() bool { return m.reseeded }

// Token gives the personal access token of the caller.
func (m *Manager) Token() string { return m.keys.personal }

// UnfiredFaults gives the faults that no request has met; a test that asked for them has not tested what it says.
func (m *Manager) UnfiredFaults() []Fault { return m.faults.Unfired() }

// Requests gives the requests so far, oldest first; those in flight are not among them.
func (m *Manager) Requests() []Request { return m.journal.Requests() }

// Writes gives the requests that create, change or delete a connection, whatever their outcome.
func (m *Manager) Writes() []Request {
	var out []Request
	for _, r := range m.journal.Requests() {
		if r.Method != http.MethodGet && r.Path != tokenPath {
			out = append(out, r)
		}
	}
	return out
}

// Misuse gives the requests that broke the contract (unknown route, query key or body field, a body that is no JSON), as
// "METHOD path: what was wrong". A test of a client demands that there are none.
func (m *Manager) Misuse() []string { return m.journal.Misuse() }

// Unsaved returns why the last write could not be saved in the state file, with its path; nil if it was. Such a write is
// answered with 500 and has changed nothing.
func (m *Manager) Unsaved() error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.state.Unsaved()
}

// Close gives the state file back. The manager must not be used any more.
func (m *Manager) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.state.Close(); err != nil {
		return fmt.Errorf("close embedded manager: %w", err)
	}
	return nil
}

// Request is one entry of the request log.
type Request = host.Request

// route is one operation of the documentation, as far as it is served. A part {x} of the pattern stands for any text.
type route struct {
	method, pattern string
	query           []string
	handle          handler
	open            bool // needs no token
}

// handler serves one route. It runs under the lock: exclusive for a write, else shared.
type handler func(*Manager, *call) (answer, error)

func (m *Manager) misused(r *http.Request, what string) {
	m.journal.Misused(r.Method + " " + r.URL.Path + ": " + what)
}
