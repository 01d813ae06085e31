package qlik

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// limitWindow is the time over which both tiers are evaluated (qlik.dev,
	// rate-limit page).
	limitWindow = 5 * time.Minute
	// tier1 and tier2 are the published 1,000 and 100 requests a minute over that
	// window. Whether the service keeps a sliding log or a token bucket is not
	// documented; never more than this in any window is right under both.
	tier1 = 5000
	tier2 = 500
	// reservedWrites are never used for planned work, but kept for repairs.
	reservedWrites = 5

	// The bounds of what is believed of a Retry-After header, and what is assumed
	// where it is missing (one second, as in the sample of the rate-limit page).
	minRetryAfter = time.Second
	maxRetryAfter = 10 * time.Minute
)

// Limits are the numbers of requests that the service allows one user.
type Limits struct {
	Reads  connection.RateLimit // Tier 1. Zero: 5,000 in 5 minutes
	Writes connection.RateLimit // Tier 2. Zero: 500 in 5 minutes, of which 5 are kept in reserve
	// ReservedWrites are left unused. It counts only where Writes is given.
	ReservedWrites int
}

// usable gives the limits that the client keeps to.
func (l Limits) usable() (reads, writes connection.RateLimit) {
	reads, writes = l.Reads, l.Writes
	if reads.Requests <= 0 || reads.Window <= 0 {
		reads = connection.RateLimit{Requests: tier1, Window: limitWindow}
	}
	reserved := l.ReservedWrites
	if writes.Requests <= 0 || writes.Window <= 0 {
		writes, reserved = connection.RateLimit{Requests: tier2, Window: limitWindow}, reservedWrites
	}
	writes.Requests = max(1, writes.Requests-reserved)
	return reads, writes
}

func (l Limits) budgets(waiting func(string, time.Duration)) (reads, writes *budget) {
	r, w := l.usable()
	tell := func(tier string) func(time.Duration) {
		return func(wait time.Duration) {
			if waiting != nil {
				waiting(tier, wait)
			}
		}
	}
	return &budget{limit: r, tell: tell("reads")}, &budget{limit: w, tell: tell("writes")}
}

// budget is one tier of the rate limit: a log of what was sent in the last window.
//
// A request takes its place when it is sent and keeps it until one window after
// its answer. The service counted it somewhere in between, so that its window has
// moved on when ours has, however long the network took.
type budget struct {
	limit connection.RateLimit
	tell  func(wait time.Duration) // that somebody waits

	mu       sync.Mutex
	inFlight int
	answered []time.Time // within the last window, oldest first
	closed   time.Time   // until when the service has closed the tier
}

// acquire waits until there is a place. Whoever has one must release it.
func (b *budget) acquire(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wait := b.take()
		if wait <= 0 {
			return nil
		}
		b.tell(wait)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// take takes a place and returns 0, or tells how long it is worth waiting before
// asking again.
func (b *budget) take() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for len(b.answered) > 0 && !now.Before(b.answered[0].Add(b.limit.Window)) {
		b.answered = b.answered[1:]
	}
	switch {
	case now.Before(b.closed):
		return b.closed.Sub(now)
	case b.inFlight+len(b.answered) < b.limit.Requests:
		b.inFlight++
		return 0
	case len(b.answered) > 0:
		return b.answered[0].Add(b.limit.Window).Sub(now)
	}
	// All are under way; the first of their places is free one window after its
	// answer, which has yet to come.
	return b.limit.Window
}

// release notes the answer to a request.
func (b *budget) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
	b.answered = append(b.answered, time.Now())
}

// close shuts the whole tier for a while. A 429 blocks every endpoint of its tier
// and leaves the other tier alone (qlik.dev, rate-limit page).
func (b *budget) close(wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := time.Now().Add(wait); until.After(b.closed) {
		b.closed = until
	}
}

// retryAfter reads the header: whole seconds, or a date as HTTP also allows.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	wait := minRetryAfter
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(text); err == nil {
		wait = time.Until(date)
	}
	return min(max(wait, minRetryAfter), maxRetryAfter)
}

// sleep waits, or ends early with the error of the context.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
