package qlik

import (
	"sort"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// The published limits (qlik.dev, rate-limit page).
var (
	publishedReads  = connection.RateLimit{Requests: 5000, Window: 5 * time.Minute}
	publishedWrites = connection.RateLimit{Requests: 500, Window: 5 * time.Minute}
)

// Limits are the numbers of requests that the service allows one user. Zero: the published ones.
type Limits struct{ Reads, Writes connection.RateLimit }

func (l Limits) orPublished() Limits {
	if l.Reads.Requests <= 0 || l.Reads.Window <= 0 {
		l.Reads = publishedReads
	}
	if l.Writes.Requests <= 0 || l.Writes.Window <= 0 {
		l.Writes = publishedWrites
	}
	return l
}

// within returns the part of the log within a window.
func (t *tier) within(window time.Duration, now time.Time) []time.Time {
	return t.log[sort.Search(len(t.log), func(i int) bool { return t.log[i].Add(window).After(now) }):]
}

// spare returns how many requests within a window are left to others by requests that yield.
func spare(limit connection.RateLimit) int { return min(1000, limit.Requests/2) }

// pace returns how long the limit delays the last of that many more requests.
func (t *tier) pace(requests int) time.Duration { return t.paceWithin(requests, 0) }

// paceWithin is [tier.pace] for requests that leave so many of the limit to others.
func (t *tier) paceWithin(requests, left int) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, limit := time.Now(), t.limit
	limit.Requests = max(1, limit.Requests-left)
	wait, log := max(0, t.closed.Sub(now)), t.within(limit.Window, now)
	last := requests - (limit.Requests - t.taken - len(log)) - 1 // index among the requests that must wait
	if requests <= 0 || last < 0 {
		return wait
	}
	first := limit.Window
	if at := last % limit.Requests; at < len(log) {
		first = log[at].Add(limit.Window).Sub(now)
	}
	return max(wait, first+time.Duration(last/limit.Requests)*limit.Window)
}

// waiting returns when the first waiter may go; zero if that is now or unknown.
func (t *tier) waiting() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if len(t.queue) > 0 {
		if wait := t.delay(t.queue[0], now); wait > 0 && wait < unknown {
			return now.Add(wait)
		}
	}
	return time.Time{}
}
