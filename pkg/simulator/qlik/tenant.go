package qlik

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Options change how a tenant behaves. The zero value is the documented service.
type Options struct {
	Now         func() time.Time // clock of timestamps, tokens and rate limits; nil: time.Now
	RateLimits  RateLimits       // before those of the seed
	PageSize    int              // serve at most so many items a page, whatever limit asks for; 0: no such cap
	Behaviour   Behaviour
	Faults      []Fault
	LockTimeout time.Duration // how long Open waits for a state that another process holds; 0: 3 seconds
}

// Tenant is an embedded tenant. It is an http.Handler and safe for concurrent use.
type Tenant struct {
	now      func() time.Time
	options  Options
	mux      *http.ServeMux
	limiter  *limiter
	faults   *host.Faults
	journal  host.Journal
	keys     *keys
	id       string // of the tenant itself
	reseeded bool
	gateways []seedGateway

	behaviour Behaviour

	mu    sync.RWMutex // guards world and the state file
	world *world
	state *host.StateFile
}

// Reseeded says whether Open found a state that had begun from another seed, and dropped it.
func (t *Tenant) Reseeded() bool { return t.reseeded }

// Token gives the API key of the caller.
func (t *Tenant) Token() string { return t.keys.apiKey }

// UnfiredFaults gives the faults that no request has met; a test that asked for them has not tested what it says.
func (t *Tenant) UnfiredFaults() []Fault { return t.faults.Unfired() }

// Unsaved returns why the last write could not be saved in the state file, with its path; nil if it was. Such a write is
// answered with 500 and has changed nothing.
func (t *Tenant) Unsaved() error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.state.Unsaved()
}

// Close gives the state file back. The tenant must not be used any more.
func (t *Tenant) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.state.Close(); err != nil {
		return fmt.Errorf("close embedded tenant: %w", err)
	}
	return nil
}

func (t *Tenant) tenantID() string { return t.id }

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
