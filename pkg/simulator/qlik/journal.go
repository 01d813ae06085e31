package qlik

import (
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Request is one entry of the request log.
type Request = host.Request

// Requests gives the requests so far, oldest first; those in flight are not among them.
func (t *Tenant) Requests() []Request { return t.journal.Requests() }

// Writes gives the requests of tier 2: every create, change and delete that was asked for, whatever its outcome.
func (t *Tenant) Writes() []Request {
	return slices.DeleteFunc(t.Requests(), func(r Request) bool { return r.Tier != int(tier2) })
}

// Misuse gives the requests that broke the contract (unknown route, query key or body field, a body that is no JSON), as
// "METHOD path: what was wrong". A test of a client demands that there are none.
func (t *Tenant) Misuse() []string { return t.journal.Misuse() }
