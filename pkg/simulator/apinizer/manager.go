package apinizer

import (
	"fmt"
	"net/http"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Options change how a manager behaves. The zero value is the documented service, under the current dialect.
type Options struct {
	Now         func() time.Time // clock of tokens and the rate limit; nil: time.Now
	Behaviour   Behaviour        // after that of the seed
	Faults      []Fault
	LockTimeout time.Duration // how long Open waits for a state that another process holds; 0: 3 seconds
}

// Behaviour holds a switch for everything that the documentation leaves open, or says in two ways, and that a client may
// come to feel.
type Behaviour = model.Behaviour

// Dialect is one of the two contracts that the documentation holds.
type Dialect = model.Dialect

// Legacy is the first documentation, Current the present one.
const (
	Legacy  = model.Legacy
	Current = model.Current
)

// RateLimit is a limit on requests, as the seed has it; the zero value is none.
type RateLimit = model.RateLimit

// Manager is an embedded Apinizer manager. It is an http.Handler and safe for concurrent use.
type Manager struct {
	store *model.Store

	keys    *keys
	limiter *model.Limiter
	faults  *host.Faults
	routes  []route
}

// Reseeded reports whether Open found a state that had begun from another seed, and dropped it.
func (m *Manager) Reseeded() bool { return m.store.Reseeded }

// Token returns the personal access token of the caller.
func (m *Manager) Token() string { return m.keys.personal }

// UnfiredFaults returns the faults that no request has met; a test that asked for them has not tested what it says.
func (m *Manager) UnfiredFaults() []Fault { return m.faults.Unfired() }

// Misuse returns the requests that broke the contract (unknown route, query key or body field, a
// body that is not JSON), as "METHOD path: what was wrong". A test of a client demands that there
// are none.
func (m *Manager) Misuse() []string { return m.store.Journal.Misuse() }

// Unsaved returns why the last write could not be saved in the state file, with its path; nil if it was. Such a write is
// answered with 500 and has changed nothing.
func (m *Manager) Unsaved() error {
	m.store.RLock()
	defer m.store.RUnlock()
	return m.store.File.Unsaved()
}

// Close returns the state file back. The manager must not be used any more.
func (m *Manager) Close() error {
	m.store.Lock()
	defer m.store.Unlock()
	if err := m.store.File.Close(); err != nil {
		return fmt.Errorf("close embedded manager: %w", err)
	}
	return nil
}

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
	m.store.Journal.Misused(r.Method + " " + r.URL.Path + ": " + what)
}

// Store returns what the manager holds, for package inspect.
func (m *Manager) Store() *model.Store { return m.store }
