package qlik

import (
	"context"
	"math"
	"net/http"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/transport"
)

// The published limits (qlik.dev, rate-limit page).
var (
	publishedReads  = connection.RateLimit{Requests: 5000, Window: 5 * time.Minute}
	publishedWrites = connection.RateLimit{Requests: 500, Window: 5 * time.Minute}
)

const (
	// longWait is the shortest Retry-After that says something about the limit: in a
	// shorter time one of many requests leaves the window in any case.
	longWait = 10 * time.Second
	// refusalWeight is how many admitted requests make up for a refused one.
	refusalWeight = 4
	// unknown is the time to wait where answers that have yet to come decide.
	unknown = time.Duration(math.MaxInt64)
)

// Limits are the numbers of requests that the service allows one user. Zero: as published.
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

// tier is the client's side of one rate limit: a log of what was admitted in the last
// window, and a queue. A window is used up at once: spreading requests is not faster. The
// first request goes alone.
//
// A 429 closes the tier until Retry-After. Then one request goes alone; when it is
// admitted, half as many as before may be under way, and one more for each admitted one.
// If the oldest request leaves a documented window (a minute, or the published one) at the
// end of Retry-After, what was admitted in it is the limit for the run. Otherwise others
// use the tier too, or the service counts differently. As soon as refusals outweigh what
// is admitted, that becomes the ceiling, which rises evenly at the published rate; at
// twice the weight it rises only one window later.
type tier struct {
	published connection.RateLimit
	group     chan struct{} // holds the one reservation that may exist

	mu      sync.Mutex
	limit   connection.RateLimit // the published one, or the one for the run
	log     []time.Time          // of the answers within a window: the service counted before
	taken   int                  // places of permits and of the reservation
	away    int                  // requests under way
	queue   []*waiter
	changed chan struct{} // closed when those who wait must look again

	closed  time.Time // until when
	refused time.Time // the last 429 of a request that was sent after the 429 before
	probing bool      // one request goes alone
	width   int       // how many may be under way otherwise
	workers int       // the most that waited or were under way at one time
	weight  int       // of refusals, less what was admitted
	ceiling int       // without effect while rises is zero
	rises   time.Time // from when on the ceiling rises
}

// waiter waits for a permit, or for places to reserve.
type waiter struct {
	places int     // 0: it has one of the reservation's
	permit *permit // nil: to reserve
}

// permit is the right to send one request. It ends with answered, unused or limited.
type permit struct {
	tier        *tier
	reservation *reservation // that the place is from; nil: none
	sent        time.Time
}

// reservation is places for a group of requests, which no wait may separate. There is one
// at a time, so that a 429 interrupts one group at most.
type reservation struct {
	tier  *tier
	left  int
	begun bool // one of the requests was answered
}

func newTier(limit connection.RateLimit) *tier {
	return &tier{published: limit, limit: limit, group: make(chan struct{}, 1), changed: make(chan struct{}), probing: true, width: math.MaxInt}
}

// acquire waits for a permit. A group that has begun and has a place goes first, and waits
// only while the tier is closed. Other groups and repeated requests go before the rest.
func (t *tier) acquire(ctx context.Context, from *reservation, again bool) (*permit, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w, at := &waiter{places: 1, permit: &permit{tier: t}}, len(t.queue)
	if others := slices.IndexFunc(t.queue, func(w *waiter) bool { return w.places > 0 }); (from != nil || again) && others >= 0 {
		at = others
	}
	if from != nil && from.left > 0 {
		w.places, w.permit.reservation = 0, from
		if from.begun {
			at = 0
		}
	}
	if err := t.wait(ctx, w, at); err != nil {
		return nil, err
	}
	if w.places == 0 {
		from.left--
	}
	t.taken += w.places
	t.away++
	w.permit.sent = time.Now()
	return w.permit, nil
}

// reserve waits for so many places at once, or for as many as the limit has.
func (t *tier) reserve(ctx context.Context, places int) (*reservation, error) {
	select {
	case t.group <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.wait(ctx, &waiter{places: places}, len(t.queue)); err != nil {
		<-t.group
		return nil, err
	}
	places = min(places, t.limit.Requests)
	t.taken += places
	return &reservation{tier: t, left: places}, nil
}

// release returns the places that are left.
func (r *reservation) release() {
	r.tier.mu.Lock()
	defer r.tier.mu.Unlock()
	r.tier.taken -= r.left
	r.left = 0
	<-r.tier.group
	r.tier.wake()
}

// wait returns when w is first in the queue and may go. It is called with the lock.
func (t *tier) wait(ctx context.Context, w *waiter, at int) error {
	t.queue = slices.Insert(t.queue, at, w)
	t.workers = max(t.workers, len(t.queue)+t.away)
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

// delay returns how long w has to wait at least, if it is first in the queue.
func (t *tier) delay(w *waiter, now time.Time) time.Duration {
	t.log = t.within(t.limit.Window, now)
	most, interval := t.limit.Requests, t.published.Window/time.Duration(t.published.Requests)
	if !t.rises.IsZero() {
		most = min(most, t.ceiling+int(max(0, now.Sub(t.rises))/max(1, interval)))
	}
	missing := t.taken + len(t.log) + min(w.places, t.limit.Requests) - most
	switch {
	case now.Before(t.closed):
		return t.closed.Sub(now)
	case w.places == 0 && w.permit.reservation.begun:
		return 0
	case w.permit != nil && t.away > 0 && (t.probing || t.away >= t.width):
		return unknown
	case w.places == 0 || missing <= 0:
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

// within returns the part of the log that a window holds.
func (t *tier) within(window time.Duration, now time.Time) []time.Time {
	return t.log[sort.Search(len(t.log), func(i int) bool { return t.log[i].Add(window).After(now) }):]
}

// pace returns how long the limit delays the last of so many more requests.
func (t *tier) pace(requests int) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	wait, log := max(0, t.closed.Sub(now)), t.within(t.limit.Window, now)
	late := requests - (t.limit.Requests - t.taken - len(log)) // those for which there is no place now
	if requests <= 0 || late <= 0 {
		return wait
	}
	first := t.limit.Window
	if at := (late - 1) % t.limit.Requests; at < len(log) {
		first = log[at].Add(t.limit.Window).Sub(now)
	}
	return max(wait, first+time.Duration((late-1)/t.limit.Requests)*t.limit.Window)
}

// waiting returns when the first in the queue may go; zero if that is now or unknown.
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

// begin reports whether the request may be sent now: the tier may have closed meanwhile.
func (p *permit) begin() bool {
	p.tier.mu.Lock()
	defer p.tier.mu.Unlock()
	p.sent = time.Now()
	return !p.sent.Before(p.tier.closed)
}

// unused ends the permit of a request that the service has not counted.
func (p *permit) unused() {
	p.tier.mu.Lock()
	defer p.tier.mu.Unlock()
	p.end(p.reservation != nil)
}

// end frees the place of the permit, or gives it back to its reservation.
func (p *permit) end(giveBack bool) {
	p.tier.away--
	if giveBack {
		p.reservation.left++
	} else {
		p.tier.taken--
	}
	p.tier.wake()
}

// answered ends the permit of a request that the service has counted, or may have.
func (p *permit) answered() {
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

// limited ends the permit of a request that met a 429, which is assumed not to count.
func (p *permit) limited(wait time.Duration) {
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
	enough, isShort := refusalWeight*max(t.workers-1, 4), wait < longWait
	switch {
	case t.weight >= enough && (isShort || isNew):
		t.rises = now.Add(t.limit.Window)
	case t.weight >= enough/2 && isShort:
		t.rises = t.closed
	default:
		return
	}
	t.ceiling = len(t.within(t.limit.Window, now)) + t.away - 1
}

// retryAfter reads how long the service asks to wait: a second if it does not say.
func retryAfter(header http.Header) time.Duration {
	wait, _ := transport.RetryAfter(header, time.Now())
	return min(max(wait, time.Second), 10*time.Minute)
}
