package host

import (
	"net/http"
	"slices"
	"sync"
)

// Request is one entry of the request log.
type Request struct {
	Method string
	Path   string
	Query  string // as sent
	Tier   int    // Qlik Cloud: 1 or 2; 0 where no limit is documented, 3 for POST /users/actions/filter, which has its own
	Status int    // 0 if the connection was cut
}

// journalSize bounds what a long-lived server remembers.
const journalSize = 100_000

// Journal remembers requests, and those that no client should send. The zero Journal is ready; it is safe for concurrent
// use.
type Journal struct {
	mu       sync.Mutex
	requests []Request
	misuses  []string
}

// Record adds a request that was answered, or cut off.
func (j *Journal) Record(r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = appendBounded(j.requests, r)
}

// Misused adds a request that broke the contract, as "METHOD path: what was wrong".
func (j *Journal) Misused(text string) {
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

// Requests returns the requests so far, oldest first; those in flight are not among them.
func (j *Journal) Requests() []Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.requests)
}

// MisuseHeader is a header of the answer to a request that broke the contract, for tests that only
// see answers.
const MisuseHeader = "Embedded-Misuse"

// MarkMisuse returns the header of such an answer; header may be nil.
func MarkMisuse(header http.Header) http.Header {
	header = header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(MisuseHeader, "true")
	return header
}

// Misuse returns what Misused was told, oldest first.
func (j *Journal) Misuse() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.misuses)
}
