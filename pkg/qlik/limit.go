package qlik

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	longWait               = 10 * time.Second             // a shorter Retry-After reveals nothing about the limit
	unknown                = time.Duration(math.MaxInt64) // to wait, because answers that have not arrived yet decide
	refusalWeight, crowded = 4, 28                        // admitted requests that offset a 429; weight at which other clients use the tier
)

// tier is the client's view of one rate limit: a log of the requests that were admitted in the last
// window, and a queue. A window is used up at once, because spreading requests is not faster. A 429
// closes the tier until Retry-After. Then one request goes alone. When it is admitted, the
// concurrency is half of what it was, and rises by one with each admitted request. If the oldest
// request leaves a minute or the published window when Retry-After ends, the number of requests
// admitted in that window is the limit for the run. Otherwise, after a few refusals, that number
// becomes the ceiling, which rises at the published rate, or only one window later after twice as
// many (one burst counts from a quarter on).
type tier struct {
	published connection.RateLimit
	group     chan struct{} // holds the one reservation that may exist
	mu        sync.Mutex
	limit     connection.RateLimit // the published one, or the one for the run
	log       []time.Time          // times of the answers within a window: the service counted earlier
	taken     int                  // by permits and the reservation
	away      int                  // requests in progress
	queue     []*waiter
	changed   chan struct{} // closed when waiters must check again

	closed  time.Time // until when
	refused time.Time // the last 429 of a request that was sent after the previous 429
	probing bool      // one request goes alone
	width   int       // how many requests may be in progress otherwise
	weight  int       // of refusals, minus admitted requests
	ceiling int       // without effect while rises is zero
	rises   time.Time // when the ceiling begins to rise
}

// waiter waits to send one request, or to reserve permits.
type waiter struct {
	permits int // that the tier must have; 0: taken from the reservation
	sends   bool
	from    *reservation
	rank    int  // the lowest goes first
	yields  bool // leaves a part of the limit to others; see [spare]
}

// permit is the right to send one request. It is a [transport.Permit].
type permit struct {
	tier        *tier
	reservation *reservation // the source of the permit; nil: none
	sent        time.Time
}

// reservation is a number of permits for a group of requests, so that no wait interrupts the group.
// There is one at a time, so that a 429 interrupts at most one group.
type reservation struct {
	tier  *tier
	left  int
	begun bool // one of the requests was answered
}

func newTier(limit connection.RateLimit) *tier {
	return &tier{published: limit, limit: limit, group: make(chan struct{}, 1), changed: make(chan struct{}), probing: true, width: math.MaxInt}
}

// acquire waits for a permit. A group that has begun and has a permit goes first and waits only
// while the tier is closed. Other groups and repeated requests go before the rest.
func (t *tier) acquire(ctx context.Context, from *reservation, again bool) (*permit, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &waiter{permits: 1, sends: true, rank: 2}
	if from != nil && from.left > 0 {
		w.permits, w.from = 0, from
	}
	if w.from != nil && from.begun {
		w.rank = 0
	} else if from != nil || again {
		w.rank = 1
	}
	if err := t.wait(ctx, w); err != nil {
		return nil, err
	}
	if w.from != nil {
		from.left--
	}
	return t.permit(w), nil
}

// permit returns the permit for which w has waited. The caller holds the lock.
func (t *tier) permit(w *waiter) *permit {
	t.taken += w.permits
	t.away++
	return &permit{tier: t, reservation: w.from, sent: time.Now()}
}

// yield waits for a permit behind all other requests, and while only the spare part of the limit is
// left.
func (t *tier) yield(ctx context.Context) (*permit, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &waiter{permits: 1, sends: true, rank: 3, yields: true}
	if err := t.wait(ctx, w); err != nil {
		return nil, err
	}
	return t.permit(w), nil
}

// reserve waits until that many permits are free at once, or as many as the limit has.
func (t *tier) reserve(ctx context.Context, permits int) (*reservation, error) {
	select {
	case t.group <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.wait(ctx, &waiter{permits: permits, rank: 2}); err != nil {
		<-t.group
		return nil, err
	}
	permits = min(permits, t.limit.Requests)
	t.taken += permits
	return &reservation{tier: t, left: permits}, nil
}

// release returns the unused permits.
func (r *reservation) release() {
	r.tier.mu.Lock()
	defer r.tier.mu.Unlock()
	r.tier.taken, r.left = r.tier.taken-r.left, 0
	<-r.tier.group
	r.tier.wake()
}

// wait returns when w is first in the queue and may go. The caller holds the lock.
func (t *tier) wait(ctx context.Context, w *waiter) error {
	at, _ := slices.BinarySearchFunc(t.queue, w.rank+1, func(w *waiter, rank int) int { return w.rank - rank })
	t.queue = slices.Insert(t.queue, at, w)
	defer t.wake()
	defer func() { t.queue = slices.DeleteFunc(t.queue, func(other *waiter) bool { return other == w }) }()
	for ctx.Err() == nil {
		var over <-chan time.Time
		if t.queue[0] == w {
			wait := t.delay(w, time.Now())
			if wait <= 0 {
				return nil
			}
			over = time.After(wait)
		}
		changed := t.changed
		t.mu.Unlock()
		select {
		case <-changed:
		case <-over:
		case <-ctx.Done():
		}
		t.mu.Lock()
	}
	return ctx.Err()
}

func (t *tier) wake() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// delay returns how long w must wait at least, if it is first in the queue.
func (t *tier) delay(w *waiter, now time.Time) time.Duration {
	t.log = t.within(t.limit.Window, now)
	most, interval := t.limit.Requests, max(1, t.published.Window/time.Duration(t.published.Requests))
	if !t.rises.IsZero() {
		most = min(most, t.ceiling+int(max(0, now.Sub(t.rises))/interval))
	}
	missing := t.taken + len(t.log) + min(w.permits, t.limit.Requests) - most
	if w.yields {
		missing += spare(t.limit)
	}
	switch {
	case now.Before(t.closed):
		return t.closed.Sub(now)
	case w.from != nil && w.from.begun:
		return 0
	case w.sends && t.away > 0 && (t.probing || t.away >= t.width):
		return unknown
	case w.permits == 0 || missing <= 0:
		return 0
	}
	wait := unknown
	if missing <= len(t.log) {
		wait = t.log[missing-1].Add(t.limit.Window).Sub(now)
	}
	if most < t.limit.Requests {
		wait = min(wait, t.rises.Add(time.Duration(most+missing-t.ceiling)*interval).Sub(now))
	}
	return wait
}

// Begin reports whether the request may be sent now: the tier may have closed in the meantime.
func (p *permit) Begin() bool {
	p.tier.mu.Lock()
	defer p.tier.mu.Unlock()
	p.sent = time.Now()
	return !p.sent.Before(p.tier.closed)
}

// Unused ends the permit of a request that the service has not counted.
func (p *permit) Unused() {
	p.tier.mu.Lock()
	defer p.tier.mu.Unlock()
	p.end(p.reservation != nil)
}

// end frees the permit, or returns it to its reservation.
func (p *permit) end(giveBack bool) {
	p.tier.away--
	if giveBack {
		p.reservation.left++
	} else {
		p.tier.taken--
	}
	p.tier.wake()
}

// Answered ends the permit of a request that the service has counted, or may have counted.
func (p *permit) Answered() {
	t := p.tier
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log = append(t.log, time.Now())
	t.weight = max(0, t.weight-1)
	if p.reservation != nil {
		p.reservation.begun = true
	}
	if p.sent.After(t.refused) {
		t.probing, t.width = false, min(t.width, math.MaxInt-1)+1
	}
	p.end(false)
}

// Limited ends the permit of a request that got a 429, which is assumed not to count.
func (p *permit) Limited(wait time.Duration) {
	t, now := p.tier, time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	defer p.end(p.reservation != nil)
	isNew := p.sent.After(t.refused)
	if isNew {
		t.refused, t.probing, t.width = now, true, max(1, min(t.width, t.away)/2)
	}
	if until := now.Add(wait); until.After(t.closed) {
		t.closed = until
	}
	for _, window := range []time.Duration{time.Minute, t.published.Window} {
		log := t.within(min(window, t.limit.Window), now)
		admitted := len(log) + t.away - 1
		if 10*admitted >= t.published.Requests && wait >= longWait && len(log) > 0 && log[0].Add(window).Sub(now.Add(wait)).Abs() <= 3*time.Second {
			t.limit, t.weight, t.rises = connection.RateLimit{Requests: admitted, Window: window}, 0, time.Time{}
			return
		}
	}
	t.weight += refusalWeight
	isShort, admitted := wait < longWait, len(t.within(t.limit.Window, now))+t.away-1
	switch {
	case t.weight >= crowded && (isNew || isShort && 4*admitted >= t.published.Requests):
		t.rises = now.Add(t.limit.Window)
	case t.weight >= crowded/2 && isShort:
		t.rises = t.closed
	default:
		return
	}
	t.ceiling = admitted
}
