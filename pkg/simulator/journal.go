package simulator

import (
	"slices"
	"sync"
)

// Request is one entry of the request log.
type Request struct {
	Method string
	Path   string
	Query  string // as sent
	Tier   int    // 1 or 2; 0 where no limit is documented, 3 for POST /users/actions/filter, which has its own
	Status int    // 0 if the connection was cut
}

// journalSize bounds what a long-lived server remembers.
const journalSize = 100_000

// journal remembers requests, and those that no client should send.
type journal struct {
	mu       sync.Mutex
	requests []Request
	misuses  []string
}

func (j *journal) record(r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = appendBounded(j.requests, r)
}

func (j *journal) misuse(text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.misuses = appendBounded(j.misuses, text)
}

// appendBounded drops the older half when the list is full.
func appendBounded[T any](list []T, item T) []T {
	if len(list) >= journalSize {
		list = slices.Clone(list[journalSize/2:])
	}
	return append(list, item)
}

// Requests gives the requests so far, oldest first; those in flight are not among them.
func (t *Tenant) Requests() []Request {
	t.journal.mu.Lock()
	defer t.journal.mu.Unlock()
	return slices.Clone(t.journal.requests)
}

// Writes gives the requests of tier 2: every create, change and delete that was asked for, whatever its outcome.
func (t *Tenant) Writes() []Request {
	return slices.DeleteFunc(t.Requests(), func(r Request) bool { return r.Tier != int(tier2) })
}

// Misuse gives the requests that broke the contract (unknown route, query key or body field, a body that is no JSON), as
// "METHOD path: what was wrong". A test of a client demands that there are none.
func (t *Tenant) Misuse() []string {
	t.journal.mu.Lock()
	defer t.journal.mu.Unlock()
	return slices.Clone(t.journal.misuses)
}
