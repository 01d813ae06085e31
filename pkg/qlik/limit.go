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

func (l Limits) budgets() (reads, writes *budget) {
	r, w := l.usable()
	return newBudget(r), newBudget(w)
}

// budget is one tier of the rate limit: a log of what was sent in the last window,
// and a queue of those who wait.
//
// A request takes its place when it is sent and keeps it until one window after
// its answer. The service counted it somewhere in between, so that its window has
// moved on when ours has, however long the network took. All places of a window may
// be used at once: nothing is faster, and nothing is gained by going slowly.
//
// The limit may be another than the published one, see [doubtsAbout]. The request
// that would be the first to exceed one of those goes alone: nobody else is sent
// before its answer, so that at most one is refused.
//
// A 429 means that the service counts otherwise than we do. It closes the tier for
// everybody until the time that the service names; then no more requests are under
// way than half of those that were admitted since. What is learned from it:
//
//	the service lets us in again ...              the limit is
//	when our oldest request is a minute old       what we had sent, in a minute
//	when our oldest request is a window old       what we had sent, in a window
//	at any other time                             unchanged: others use it too, see [refusal]
//
// The first two hold for the rest of the run (strict limits a minute; a tenant with
// one user, which has half of everything). They are believed where they come to a
// tenth of the published limit at least, and where the wait is not so short that
// it fits anything.
type budget struct {
	published connection.RateLimit

	mu    sync.Mutex
	limit connection.RateLimit // as learned
	taken int                  // places of requests under way, and those kept for a row
	away  int                  // requests under way
	log   []entry              // what was answered within the last window, oldest first
	queue []*waiter

	closed  time.Time              // until when the service has closed the tier
	doubts  []connection.RateLimit // that have not been exceeded yet
	alone   bool                   // nobody else goes before the last one under way is back
	refusal refusal                // the last one
}

// refusal is the last 429. Where the limit does not explain it, others have used the
// places that we had not. From when the tier is open again, they come back:
//
//	the first time                                all at once
//	when as many of ours are refused again        in a quarter of a window
//	once more                                     evenly, in a window
//	each time after that                          four times as slowly
//
// More slowly than evenly is for a number that has not fallen: a smaller one was
// admitted before, so it cannot have been too early. If none of ours was in the window,
// and the wait is short, others have used it evenly for certain. When a window has
// passed nothing is known of them any more; then the request that goes beyond our
// number goes alone.
type refusal struct {
	at       time.Time // zero: never
	used     int       // places of ours in the window
	repeated int       // how often as many had been refused before
	admitted int       // of those that were sent since
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
	sent   time.Time
}

// room is places that were taken together, for a few requests that must not be
// separated by a wait. A nil room has none.
type room struct {
	budget *budget
	left   int
	begun  bool // one of its requests was answered
}

func newBudget(limit connection.RateLimit) *budget {
	return &budget{published: limit, limit: limit, doubts: doubtsAbout(limit)}
}

// doubtsAbout gives the limits that there may be instead of the published one: others
// may have left nothing; a tenant with one user has half of everything; and where the
// documentation gives the window it contradicts itself, as to whether it is a minute.
func doubtsAbout(published connection.RateLimit) []connection.RateLimit {
	doubts := []connection.RateLimit{{Window: published.Window}, {Requests: published.Requests / 2, Window: published.Window}}
	if published.Window > time.Minute {
		share := int(int64(published.Requests) * int64(time.Minute) / int64(published.Window))
		doubts = append(doubts, connection.RateLimit{Requests: share / 2, Window: time.Minute}, connection.RateLimit{Requests: share, Window: time.Minute})
	}
	return doubts
}

// acquire waits for a place: one of the room's, or, when it has no more, one that is
// free. A row that has begun and has a place goes before everybody, and waits only while
// the tier is closed. Whoever else has a room, or was refused before, goes before the
// others.
func (b *budget) acquire(ctx context.Context, from *room, again bool) (*place, error) {
	w := newWaiter(1, &place{budget: b})
	b.mu.Lock()
	before := len(b.queue)
	others := slices.IndexFunc(b.queue, func(other *waiter) bool { return other.places > 0 })
	switch {
	case from != nil && from.begun && from.left > 0:
		before = 0
	case (from != nil || again) && others >= 0:
		before = others
	}
	if from != nil && from.left > 0 {
		from.left--
		w.places, w.place.room = 0, from
	}
	if err := b.wait(ctx, w, before); err != nil {
		return nil, err
	}
	w.place.sent = time.Now()
	return w.place, nil
}

// reserve waits until there are so many places at once, or as many as the limit has.
func (b *budget) reserve(ctx context.Context, places int) (*room, error) {
	b.mu.Lock()
	places = min(places, b.limit.Requests)
	w := newWaiter(places, nil)
	if err := b.wait(ctx, w, len(b.queue)); err != nil {
		return nil, err
	}
	return &room{budget: b, left: places}, nil
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
	for {
		if err := ctx.Err(); err != nil {
			b.leave(w)
			return err
		}
		b.serve(w)
		if w.granted {
			return nil
		}
		wait, known := b.delay(w, time.Now())
		first := b.queue[0] == w
		b.mu.Unlock()
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
		if wait, known := b.delay(w, now); wait <= 0 && known {
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
		b.alone = b.dispel(now) || b.alone
		b.away++
	}
	b.taken += w.places
	w.granted = true
	w.look(nil)
}

// delay tells how long it takes until somebody may go: at least, and not known, while
// that depends on answers that have yet to come.
func (b *budget) delay(w *waiter, now time.Time) (wait time.Duration, known bool) {
	most := b.most(now)
	missing := b.taken + len(b.log) + min(w.places, b.limit.Requests) - most
	switch {
	case now.Before(b.closed):
		return b.closed.Sub(now), true
	case w.places == 0 && w.place.room.begun:
		return 0, true
	case b.alone, w.place != nil && b.isCareful():
		return 0, false
	case w.places == 0 || missing <= 0:
		return 0, true
	}
	wait, known = b.limit.Window, false
	if missing <= len(b.log) {
		wait, known = b.log[missing-1].answered.Add(b.limit.Window).Sub(now), true
	}
	if most < b.limit.Requests {
		wait, known = min(wait, b.reaches(most+missing).Sub(now)), true
	}
	return wait, known
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

// waiting returns when the first in the queue may go; the zero time if nobody is in
// the queue, or if only answers that have yet to come decide that.
func (b *budget) waiting() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.forget(now)
	if len(b.queue) == 0 {
		return time.Time{}
	}
	wait, known := b.delay(b.queue[0], now)
	if !known || wait <= 0 {
		return time.Time{}
	}
	return now.Add(wait)
}

// most is how many places there are at this time.
func (b *budget) most(now time.Time) int {
	since := now.Sub(b.closed)
	if b.refusal.repeated == 0 || since >= b.limit.Window || b.refusal.used >= b.limit.Requests {
		return b.limit.Requests
	}
	return min(b.limit.Requests, b.refusal.used+int(b.recovery()*since.Seconds()))
}

// reaches tells when there are so many places, where there are fewer than the limit.
func (b *budget) reaches(places int) time.Time {
	seconds := min(float64(places-b.refusal.used)/b.recovery(), b.limit.Window.Seconds())
	return b.closed.Add(time.Duration(math.Ceil(seconds * float64(time.Second))))
}

// recovery is how many of the places that others have used come back in a second.
func (b *budget) recovery() float64 {
	others, window := float64(b.limit.Requests-b.refusal.used), b.limit.Window.Seconds()
	if b.refusal.repeated < evenly {
		return slower * float64(b.limit.Requests) / window
	}
	return others / window / math.Pow(slower, float64(b.refusal.repeated-evenly))
}

// forget drops what has left the window.
func (b *budget) forget(now time.Time) {
	b.log = b.log[len(b.log)-b.since(now.Add(-b.limit.Window)):]
}

// since counts the entries that were answered after a time.
func (b *budget) since(start time.Time) int {
	return len(b.log) - sort.Search(len(b.log), func(i int) bool { return b.log[i].answered.After(start) })
}

// dispel drops the doubts that the next request would be the first to settle, and
// tells whether there were any.
func (b *budget) dispel(now time.Time) bool {
	before := len(b.doubts)
	b.doubts = slices.DeleteFunc(b.doubts, func(limit connection.RateLimit) bool {
		return b.away+b.since(now.Add(-limit.Window)) >= limit.Requests
	})
	return len(b.doubts) < before
}

// isCareful tells that as many are under way as may be after a refusal.
func (b *budget) isCareful() bool {
	return !b.refusal.at.IsZero() && b.away >= max(1, b.refusal.admitted/2)
}

// back notes that a request is no longer under way. It is called with the lock.
func (b *budget) back() {
	b.taken--
	b.away--
	b.alone = b.alone && b.away > 0
	b.serve(nil)
}

// answered notes that the service has counted the request, or may have.
func (p *place) answered() {
	b := p.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, entry{p.sent, time.Now()})
	if p.sent.After(b.refusal.at) {
		b.refusal.admitted++
	}
	if p.room != nil {
		p.room.begun = true
	}
	b.back()
}

// begin reports whether the request may be sent now, which has taken some time since it
// got the place: the tier may have been closed.
func (p *place) begin() bool {
	p.budget.mu.Lock()
	defer p.budget.mu.Unlock()
	p.sent = time.Now()
	return !p.sent.Before(p.budget.closed)
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
	if until := now.Add(wait); until.After(b.closed) {
		b.closed = until
	}
	p.putBack()
	b.back()
}

const (
	// certain is how long a Retry-After must be to say anything about the limit:
	// within a shorter time one of many requests leaves the window in any case.
	certain = 10 * time.Second
	// noise is how many admitted requests say nothing.
	noise = 5
	// evenly is the repetition from which on others are taken to have used their places
	// evenly, and slower what each other one does to how they come back.
	evenly, slower = 2, 4
)

// learn draws the conclusions from a 429; see [budget]. Those that were on their way
// when the first one came belong to the same, and make the number more exact.
func (b *budget) learn(sent, now time.Time, wait time.Duration) {
	for _, window := range []time.Duration{time.Minute, b.limit.Window} {
		used := b.away - 1 + b.since(now.Add(-window))
		if window <= b.limit.Window && 10*used >= b.published.Requests && b.explains(window, now, wait) {
			b.limit = connection.RateLimit{Requests: max(1, used), Window: window}
			b.refusal = refusal{at: now, used: used}
			return
		}
	}
	used := b.away - 1 + len(b.log)
	if !sent.After(b.refusal.at) {
		b.refusal.used = used
		return
	}
	next := refusal{at: now, used: used}
	if last := b.refusal; !last.at.IsZero() && max(used, last.used)-min(used, last.used) <= noise {
		next.repeated = last.repeated
		if used >= last.used || last.repeated < evenly {
			next.repeated++
		}
	}
	if used == 0 && wait < certain {
		next.repeated = max(next.repeated, evenly)
	}
	b.refusal = next
	b.doubts = append(b.doubts, connection.RateLimit{Requests: used, Window: b.limit.Window})
}

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

// retryAfter reads how long the service asks to wait, within our bounds.
func retryAfter(header http.Header) time.Duration {
	wait, _ := transport.RetryAfter(header, time.Now())
	return min(max(wait, minRetryAfter), maxRetryAfter)
}
