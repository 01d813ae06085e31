package qlik_test

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// frugal is a service that admits fewer writes in a window than it publishes, and of those
// others use a part.
type frugal struct {
	limit  connection.RateLimit
	others time.Duration // between two writes of others; zero: there are none

	mu       sync.Mutex
	admitted []time.Time
}

// admit returns how long the caller must wait; zero if the write is admitted.
func (s *frugal) admit() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.admitted = slices.DeleteFunc(s.admitted, func(at time.Time) bool { return now.Sub(at) >= s.limit.Window })
	if len(s.admitted) >= s.limit.Requests {
		return s.admitted[0].Add(s.limit.Window).Sub(now)
	}
	s.admitted = append(s.admitted, now)
	return 0
}

// TestAtMostOneNameIsMissingUnderAnUnknownLimit swaps the names of forty pairs of connections
// with eight workers, under limits that the client does not know. A name is missing from the
// rename away to the rename that takes its place. Two are never missing at once, and one for
// longer than two round trips only where a refusal came in between.
func TestAtMostOneNameIsMissingUnderAnUnknownLimit(t *testing.T) {
	const swaps = 40
	for name, service := range map[string]*frugal{
		"a fifth of what is published":        {limit: connection.RateLimit{Requests: 20, Window: time.Minute}},
		"an odd number":                       {limit: connection.RateLimit{Requests: 13, Window: time.Minute}},
		"a longer window":                     {limit: connection.RateLimit{Requests: 30, Window: 5 * time.Minute}},
		"others use a part of it":             {limit: connection.RateLimit{Requests: 40, Window: time.Minute}, others: 2 * time.Second},
		"others use a part of a stricter one": {limit: connection.RateLimit{Requests: 20, Window: time.Minute}, others: 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				since := map[string]time.Time{} // when the name of a pair went missing
				refused := map[string]bool{}    // pairs of which a write was refused meanwhile
				answers := map[string]route{}
				for i := range swaps {
					pair := strconv.Itoa(i)
					answer := func(w http.ResponseWriter, admitted func()) {
						mu.Lock()
						defer mu.Unlock()
						if wait := service.admit(); wait > 0 {
							refused[pair] = true
							w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
							say(w, http.StatusTooManyRequests, "{}")
							return
						}
						admitted()
						say(w, http.StatusNoContent, "")
					}
					answers["old"+pair] = func(w http.ResponseWriter, _ *http.Request, _ int) {
						answer(w, func() {
							since[pair], refused[pair] = time.Now(), false
							if len(since) > 1 {
								t.Errorf("%d names are missing at once, want one at most", len(since))
							}
						})
					}
					answers["new"+pair] = func(w http.ResponseWriter, _ *http.Request, _ int) {
						answer(w, func() {
							if missed := time.Since(since[pair]); missed > 2*latency && !refused[pair] {
								t.Errorf("the name of pair %s was missing for %s without a refusal, want %s at most: two round trips", pair, missed, 2*latency)
							}
							delete(since, pair)
						})
					}
				}
				_, provider := renames(t, connection.RateLimit{Requests: 100, Window: time.Minute}, answers)
				done := make(chan struct{})
				var group sync.WaitGroup
				if service.others > 0 {
					group.Go(func() {
						for {
							select {
							case <-done:
								return
							case <-time.After(service.others):
								service.admit()
							}
						}
					})
				}
				work := make(chan string, swaps)
				for i := range swaps {
					work <- strconv.Itoa(i)
				}
				close(work)
				var swapping sync.WaitGroup
				for range workers {
					swapping.Go(func() {
						for pair := range work {
							must(t, provider.ExecuteGroup(t.Context(), connection.Group{Operations: []connection.Operation{rename("old"+pair, "aside"+pair), rename("new"+pair, "real"+pair)}}))
						}
					})
				}
				swapping.Wait()
				close(done)
				group.Wait()
				if len(since) > 0 {
					t.Errorf("%d names are still missing at the end, want none", len(since))
				}
			})
		})
	}
}
