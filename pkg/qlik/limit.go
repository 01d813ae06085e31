package qlik

import (
	"context"
	"net/http"
	"slices"
	"sort"
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

	// The bounds of what is believed of a Retry-After header, and what is assumed
	// where it is missing (one second, as in the sample of the rate-limit page).
	minRetryAfter = time.Second
	maxRetryAfter = 10 * time.Minute
)

// Limits are the numbers of requests that the service allows one user.
type Limits struct {
	Reads  connection.RateLimit // Tier 1. Zero: 5,000 in 5 minutes
	Writes connection.RateLimit // Tier 2. Zero: 500 in 5 minutes
	// ReservedWrites are left to others. It counts only where Writes is given.
	ReservedWrites int
}

// usable gives the limits that the client keeps to.
func (l Limits) usable() (reads, writes connection.RateLimit) {
	reads, writes = l.Reads, l.Writes
	if reads.Requests <= 0 || reads.Window <= 0 {
		reads = connection.RateLimit{Requests: tier1, Window: limitWindow}
	}
	if writes.Requests <= 0 || writes.Window <= 0 {
		return reads, connection.RateLimit{Requests: tier2, Window: limitWindow}
	}
	writes.Requests = max(1, writes.Requests-l.ReservedWrites)
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
	return newBudget(r, tell("reads")), newBudget(w, tell("writes"))
}

// budget is one tier of the rate limit: a log of what was sent in the last window,
// and a queue of those who wait.
//
// A request takes its place when it is sent and keeps it until one window after
// its answer. The service counted it somewhere in between, so that its window has
// moved on when ours has, however long the network took. All places of a window may
// be used at once: nothing is faster, and nothing is gained by going slowly.
//
// A 429 means that the service counts otherwise than we do. It closes the tier for
// everybody until the time that the service names; then one request goes first,
// alone, and the rest when it was admitted. What is learned from it:
//
//	the service lets us in again ...               the limit is
//	when our oldest request is a minute old        what we had sent, in a minute
//	when our oldest request is a window old        what we had sent, in a window
//	at any other time                              unchanged: others had used the window up
//	the same, for the second time in a window      what we had sent, for a window: others go on,
//	                                               unless much was admitted in between
//
// The first two hold for the rest of the run (strict limits a minute; a tenant with
// one user, which has half of everything). They are believed where they come to a
// tenth of the published limit at least, and where the wait is not so short that
// it fits anything.
type budget struct {
	published connection.RateLimit
	tell      func(wait time.Duration) // that somebody waits

	mu    sync.Mutex
	limit connection.RateLimit // as learned
	taken int                  // places of requests under way, and those kept for a row
	away  int                  // requests under way
	log   []entry              // what was answered within the last window, oldest first
	queue []*waiter

	closed  time.Time // until when the service has closed the tier
	gentle  bool      // the next request goes alone
	alone   bool      // nobody else goes before the last one under way is back
	trusted bool      // the one that went alone was admitted
	tested  bool      // more than a minute's share has been sent within a minute
	refusal time.Time // when the tier was last closed
	crowded time.Time // until when others are known to use the tier too
	share   int       // of the places, until then
}

// entry is a request that the service has counted, at some time between the two.
type entry struct{ sent, answered time.Time }

// waiter is somebody who wants a place for a request, or several to keep.
type waiter struct {
	places  int    // 0: the place is one of a room, and counted as taken
	place   *place // nil: to keep
	granted bool
	wake    chan struct{}
}

func newWaiter(places int, place *place) *waiter {
	return &waiter{places: places, place: place, wake: make(chan struct{}, 1)}
}

// look wakes somebody, if they are not awake.
func (w *waiter) look(asking *waiter) {
	if w == asking {
		return
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// place is the right to send one request. Exactly one of its methods must be called.
type place struct {
	budget *budget
	room   *room // that it came from; nil: none
	alone  bool
	sent   time.Time
}

// room is places that were taken together, for a few requests that must not be
// separated by a wait. A nil room has none.
type room struct {
	budget *budget
	left   int
}

func newBudget(limit connection.RateLimit, tell func(time.Duration)) *budget {
	return &budget{published: limit, limit: limit, tell: tell, tested: limit.Window <= time.Minute}
}

// acquire waits for a place: one of the room's, which waits only while the tier is
// closed, or, when it has no more, one that is free. Whoever has a room goes before
// those who have none.
func (b *budget) acquire(ctx context.Context, from *room) (*place, error) {
	w := newWaiter(1, &place{budget: b})
	b.mu.Lock()
	before := len(b.queue)
	if from != nil {
		before = slices.IndexFunc(b.queue, func(other *waiter) bool { return other.places > 0 })
		if before < 0 {
			before = len(b.queue)
		}
		if from.left > 0 {
			from.left--
			w.places, w.place.room = 0, from
		}
	}
	if err := b.wait(ctx, w, before); err != nil {
		return nil, err
	}
	w.place.sent = time.Now()
	return w.place, nil
}

// reserve waits until there are so many places at once, or as many as the limit has.
// While others leave fewer to us than that, it waits.
func (b *budget) reserve(ctx context.Context, places int) (*room, error) {
	b.mu.Lock()
	places = min(places, b.limit.Requests)
	w := newWaiter(places, nil)
	if err := b.wait(ctx, w, len(b.queue)); err != nil {
		return nil, err
	}
	return &room{b, places}, nil
}

// release gives back what was not used of a room.
func (r *room) release() {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	r.budget.taken -= r.left
	r.left = 0
	r.budget.serve(nil)
}

// wait queues up at that place in the queue. It is called with the lock, and
// returns without it.
func (b *budget) wait(ctx context.Context, w *waiter, before int) error {
	defer b.mu.Unlock()
	b.queue = slices.Insert(b.queue, before, w)
	for told := false; ; told = true {
		if err := ctx.Err(); err != nil {
			b.leave(w)
			return err
		}
		b.serve(w)
		if w.granted {
			return nil
		}
		wait, known := b.delay(w.places, time.Now())
		first := b.queue[0] == w
		b.mu.Unlock()
		if !told && wait > 0 {
			b.tell(wait)
		}
		w.doze(ctx, wait, known && first)
		b.mu.Lock()
	}
}

// doze ends when it is worth looking at the queue again: for whoever is first in it,
// after a time that is known; for all, when they are woken.
func (w *waiter) doze(ctx context.Context, wait time.Duration, known bool) {
	var over <-chan time.Time
	if known {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-w.wake:
	case <-over:
	case <-ctx.Done():
	}
}

// leave takes somebody out of the queue who no longer waits, with the place that
// they were given meanwhile or brought along. It is called with the lock.
func (b *budget) leave(w *waiter) {
	at := slices.Index(b.queue, w)
	if at >= 0 {
		b.queue = slices.Delete(b.queue, at, at+1)
	}
	switch {
	case at >= 0 && w.places == 0:
		b.taken--
	case at < 0 && w.place != nil:
		b.back()
	case at < 0:
		b.taken -= w.places
	}
	b.serve(nil)
}

// serve lets those in who are first in the queue, as far as there is room, and lets
// the next one see how long it takes now, unless that is who asks. It is called with
// the lock.
func (b *budget) serve(asking *waiter) {
	now := time.Now()
	b.forget(now)
	for len(b.queue) > 0 {
		w := b.queue[0]
		if wait, known := b.delay(w.places, now); wait <= 0 && known {
			b.queue = b.queue[1:]
			b.grant(w, now)
		} else {
			w.look(asking)
			return
		}
	}
}

func (b *budget) grant(w *waiter, now time.Time) {
	if w.place != nil {
		b.alone = b.gentle || b.isUntested(now)
		w.place.alone = b.alone
		b.away++
	}
	b.taken += w.places
	w.granted = true
	w.look(nil)
}

// delay tells how long it takes until there are so many places: at least, and not
// known, while that depends on answers that have yet to come.
func (b *budget) delay(places int, now time.Time) (wait time.Duration, known bool) {
	most := b.most(now)
	missing := b.taken + len(b.log) + min(places, most) - most
	switch {
	case now.Before(b.closed):
		return b.closed.Sub(now), true
	case b.alone:
		return 0, false
	case now.Before(b.crowded) && places > most && most < b.limit.Requests:
		return b.crowded.Sub(now), true
	case missing <= 0:
		return 0, true
	case missing <= len(b.log):
		wait = b.log[missing-1].answered.Add(b.limit.Window).Sub(now)
		if now.Before(b.crowded) {
			wait = min(wait, b.crowded.Sub(now))
		}
		return wait, true
	case now.Before(b.crowded):
		return b.crowded.Sub(now), true
	}
	return b.limit.Window, false
}

// pace tells how long it takes until so many more requests may be sent, if nobody else
// does. Those under way count as if they were answered now.
func (b *budget) pace(requests int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.forget(now)
	wait := max(0, b.closed.Sub(now))
	late := requests - (b.limit.Requests - b.taken - len(b.log)) // those for which there is no place now
	if requests <= 0 || late <= 0 {
		return wait
	}
	rounds, at := (late-1)/b.limit.Requests, (late-1)%b.limit.Requests
	first := b.limit.Window
	if at < len(b.log) {
		first = b.log[at].answered.Add(b.limit.Window).Sub(now)
	}
	return max(wait, first+time.Duration(rounds)*b.limit.Window)
}

// most is how many places there are at this time.
func (b *budget) most(now time.Time) int {
	if now.Before(b.crowded) {
		return min(b.share, b.limit.Requests)
	}
	return b.limit.Requests
}

// forget drops what has left the window.
func (b *budget) forget(now time.Time) {
	b.log = b.log[len(b.log)-b.since(now.Add(-b.limit.Window)):]
}

// since counts the entries that were answered after a time.
func (b *budget) since(start time.Time) int {
	return len(b.log) - sort.Search(len(b.log), func(i int) bool { return b.log[i].answered.After(start) })
}

// isUntested tells that the next request would be the first to show whether more
// than a minute's share is allowed in a minute: the documentation of the window
// contradicts itself. It goes alone, so that at most one is refused.
func (b *budget) isUntested(now time.Time) bool {
	share := int(int64(b.published.Requests) * int64(time.Minute) / int64(b.published.Window))
	return !b.tested && b.taken+b.since(now.Add(-time.Minute)) >= share
}

// back notes that a request is no longer under way. It is called with the lock.
func (b *budget) back() {
	b.taken--
	b.away--
	if b.alone && b.away == 0 {
		if b.trusted {
			b.gentle, b.tested = false, true
		}
		b.alone, b.trusted = false, false
	}
	b.serve(nil)
}

// answered notes that the service has counted the request, or may have.
func (p *place) answered() {
	b := p.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, entry{p.sent, time.Now()})
	b.trusted = b.trusted || p.alone && p.sent.After(b.refusal)
	b.back()
}

// unused gives a place back: the request was not sent.
func (p *place) unused() {
	p.budget.mu.Lock()
	defer p.budget.mu.Unlock()
	p.putBack()
	p.budget.back()
}

// putBack gives the place back to its room, for another try: what is in the middle of
// a row needs no other place than the one it had. It is called with the lock.
func (p *place) putBack() {
	if p.room != nil {
		p.room.left++
		p.budget.taken++
	}
}

// refused notes a 429, which does not count as a request (assumed). It closes the
// whole tier for a while and leaves the other tier alone (qlik.dev, rate-limit page).
func (p *place) refused(wait time.Duration) {
	b := p.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.forget(now)
	b.learn(p.sent, now, wait)
	b.gentle, b.tested, b.trusted = true, true, false
	if until := now.Add(wait); until.After(b.closed) {
		b.closed = until
	}
	p.putBack()
	b.back()
}

// certain is how long a Retry-After must be to say anything about the limit:
// within a shorter time one of many requests leaves the window in any case.
const certain = 10 * time.Second

// learn draws the conclusions from a 429; see [budget]. Those that were on their way
// when the first one came belong to the same, and make the number more exact.
func (b *budget) learn(sent, now time.Time, wait time.Duration) {
	var repeated bool
	if sent.After(b.refusal) {
		repeated = !b.refusal.IsZero() && now.Before(b.refusal.Add(b.limit.Window)) && !b.isFast(now)
		b.refusal = now
	} else {
		repeated = now.Before(b.crowded)
	}
	for _, window := range []time.Duration{time.Minute, b.limit.Window} {
		used := b.taken - 1 + b.since(now.Add(-window))
		if window <= b.limit.Window && 10*used >= b.published.Requests && b.explains(window, now, wait) {
			b.limit = connection.RateLimit{Requests: max(1, used), Window: window}
			return
		}
	}
	if repeated {
		b.share, b.crowded = max(1, b.taken-1+len(b.log)), now.Add(b.limit.Window)
	}
}

// isFast tells that since the last 429 more was admitted than the published rate would
// give back in that time: then it was no window that others had used up, but a limit
// over a short time, for which the Retry-After is all there is to wait.
func (b *budget) isFast(now time.Time) bool {
	admitted := b.taken - 1 + b.since(b.refusal)
	earned := float64(b.published.Requests) * now.Sub(b.refusal).Seconds() / b.published.Window.Seconds()
	return admitted > noise && float64(admitted) > 1.5*earned
}

// noise is how many admitted requests say nothing.
const noise = 5

// explains tells whether the service lets us in again just when our oldest request
// leaves a window of that length.
func (b *budget) explains(window time.Duration, now time.Time, wait time.Duration) bool {
	count := b.since(now.Add(-window))
	if wait < certain || count == 0 {
		return false
	}
	oldest := b.log[len(b.log)-count]
	earliest, latest := oldest.sent.Add(window).Sub(now), oldest.answered.Add(window).Sub(now)
	return wait >= earliest-time.Second && wait <= latest+2*time.Second // it is in whole seconds
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
