package qlik

import (
	"fmt"
	"net/http"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/ratelimit"
)

// Options change how a tenant behaves. The zero value is the documented service.
type Options struct {
	Now         func() time.Time // clock of timestamps, tokens and rate limits; nil: time.Now
	RateLimits  RateLimits       // before those of the seed
	PageSize    int              // maximum number of items on a page, even if the request's limit is higher; 0: none
	Behaviour   Behaviour
	Faults      []Fault
	LockTimeout time.Duration // how long Open waits for a state that another process holds; 0: 3 seconds
}

// Behaviour holds a switch for everything that the documentation leaves open and that a client may come to feel.
type Behaviour = model.Behaviour

// Lie makes answers show a connection with another statement than the one that its properties are read from.
type Lie = model.Lie

// RateLimits holds a limit per tier; a zero one means the documented default.
type RateLimits = ratelimit.RateLimits

// Limit allows a number of requests in any window of that many seconds.
type Limit = ratelimit.Limit

// Tenant is an embedded tenant. It is an http.Handler and safe for concurrent use.
type Tenant struct {
	now      func() time.Time
	options  Options
	mux      *http.ServeMux
	limiter  *ratelimit.Limiter
	faults   *host.Faults
	keys     *keys
	id       string // of the tenant itself
	gateways []model.Gateway
	place    *place
	console  *console // of an organization, instead of a tenant; nil: a tenant

	unreachable bool   // no request is answered
	tokenScope  string // the scope that answers of the token endpoint have; empty: none

	behaviour Behaviour
	store     *model.Store
}

// Reseeded reports whether Open found a state that had begun from another seed, and dropped it.
func (t *Tenant) Reseeded() bool { return t.store.Reseeded }

// Token returns the API key of the caller.
func (t *Tenant) Token() string { return t.keys.apiKey }

// UnfiredFaults returns the faults that no request has met; a test that asked for them has not tested what it says.
func (t *Tenant) UnfiredFaults() []Fault { return t.faults.Unfired() }

// Unsaved returns why the last write could not be saved in the state file, with its path; nil if it was. Such a write is
// answered with 500 and has changed nothing.
func (t *Tenant) Unsaved() error {
	t.store.RLock()
	defer t.store.RUnlock()
	return t.store.File.Unsaved()
}

// Close returns the state file back. The tenant must not be used any more.
func (t *Tenant) Close() error {
	t.store.Lock()
	defer t.store.Unlock()
	if err := t.store.File.Close(); err != nil {
		return fmt.Errorf("close embedded tenant: %w", err)
	}
	return nil
}

// Name returns the name of a tenant of a fleet, or of the console.
func (t *Tenant) Name() string { return t.place.name }

// Host returns the host of a tenant of a fleet; empty for another tenant.
func (t *Tenant) Host() string { return t.place.host }

// ID returns the tenant's own id, as GET /api/v1/tenants/me answers it.
func (t *Tenant) ID() string { return t.id }

func (t *Tenant) tenantID() string { return t.id }

// Store returns what the tenant holds, for package inspect.
func (t *Tenant) Store() *model.Store { return t.store }

// Misuse returns the requests that broke the contract (unknown route, query key or body field, a
// body that is not JSON), as "METHOD path: what was wrong". A test of a client demands that there
// are none.
func (t *Tenant) Misuse() []string { return t.store.Journal.Misuse() }
