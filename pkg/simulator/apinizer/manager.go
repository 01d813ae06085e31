package apinizer

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
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
	now       func() time.Time
	behaviour Behaviour // complete
	types     map[string]*connectionType
	seed      *seed
	keys      *keys
	limiter   *limiter
	faults    *host.Faults
	journal   host.Journal
	routes    []route
	reseeded  bool
	vault     *host.Vault

	mu    sync.RWMutex // guards world and the state file
	world *world
	past  []earlier // for [Behaviour.Lag]
	state *host.StateFile
}

// New makes a manager that lives in memory alone. The seed is JSON; unknown fields are errors:
//
//	{"token": "a personal access token", "user": {"name": "admin", "password": "..."},
//	 "projects": [{"name": "Payments", "description": "", "access": "manage"}],
//	 "environments": [{"name": "production", "type": "PRODUCTION", "pods": ["worker-1", "worker-2"]}],
//	 "connections": [{"project": "Payments", "type": "email", "name": "mail", "fields": {"host": "mail.example", "password": "..."}}],
//	 "newerFields": {"email": {"useSsl": false}}, "rateLimit": {"requests": 100, "seconds": 60, "header": true},
//	 "behaviour": {"dialect": "legacy"}}
//
// Only projects are needed. Access to a project is manage, view or none; without a token one is drawn. Newer fields are
// those that this server has beyond the documentation, with their defaults.
func New(seed []byte, o Options) (*Manager, error) {
	return open(seed, nil, o)
}

// Open makes a manager whose content is kept in stateFile and survives the process. The file is written after every write
// request, before its answer; if it cannot be written, the answer is 500 and nothing has changed. If the seed is not the one that the state began from, the manager begins anew (see
// [Manager.Reseeded]). The state is locked until Close: a second Open waits for a moment, then fails.
func Open(seed []byte, stateFile string, o Options) (*Manager, error) {
	return host.WithState(stateFile, o.LockTimeout, func(file *host.StateFile) (*Manager, error) { return open(seed, file, o) })
}

func open(data []byte, file *host.StateFile, o Options) (*Manager, error) {
	m := &Manager{now: o.Now, state: file}
	if m.now == nil {
		m.now = time.Now
	}
	var err error
	if m.seed, m.behaviour, err = parseSeed(data, o.Behaviour); err != nil {
		return nil, err
	}
	if m.faults, err = host.NewFaults(o.Faults, foreignFault); err != nil {
		return nil, err
	}
	if m.vault, err = host.NewVault(data); err != nil {
		return nil, err
	}
	m.types, m.world, m.limiter = types(m.behaviour), newWorld(m.behaviour), newLimiter(m.seed.RateLimit)
	m.keys = &keys{personal: m.seed.Token, user: m.seed.User, issued: make(map[string]time.Time)}
	if m.keys.personal == "" {
		m.keys.personal = rand.Text()
	}
	m.routes = routeTable(m.behaviour.Dialect)
	if err := m.populate(); err != nil {
		return nil, err
	}
	return m, m.load(data)
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
