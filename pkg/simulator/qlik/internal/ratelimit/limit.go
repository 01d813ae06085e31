// Package ratelimit counts requests per user and tier, as the rate limit page describes it.
package ratelimit

import (
	"math"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// Tier is the class of a request for the rate limits (API reference, per operation).
type Tier int

const (
	Untiered Tier = iota // no limit is documented
	Tier1                // reads
	Tier2                // writes

	UsersFilter // POST /users/actions/filter alone (published specification)
)

var usersFilterLimit = Limit{200, 60}

// Limit allows a number of requests in any window of that many seconds. Without Seconds it never blocks.
type Limit struct {
	Requests int `json:"requests"`
	Seconds  int `json:"seconds"`
}

// RateLimits holds a limit per tier; a zero one means the documented default.
type RateLimits struct {
	Tier1 Limit `json:"tier1"`
	Tier2 Limit `json:"tier2"`
}

// DocumentedLimits are those of the rate limit page: 1,000 and 100 requests a minute, evaluated over 5 minutes. That this is a sliding log is
// undocumented; assumed.
var DocumentedLimits = RateLimits{Tier1: Limit{5000, 300}, Tier2: Limit{500, 300}}

// Or fills what is zero from defaults.
func (l RateLimits) Or(defaults RateLimits) RateLimits {
	if l.Tier1 == (Limit{}) {
		l.Tier1 = defaults.Tier1
	}
	if l.Tier2 == (Limit{}) {
		l.Tier2 = defaults.Tier2
	}
	return l
}

// Limiter counts requests per user and tier.
type Limiter struct {
	limits map[Tier]Limit
	Users  int // how many share the tenant's own limit; 0: it has none

	mu  sync.Mutex
	log map[string]map[Tier][]time.Time // user id, tier: times of admitted requests, oldest first
}

// wholeTenant is the key of the log for all users together.
const wholeTenant = ""

func New(limits RateLimits, users int) *Limiter {
	return &Limiter{
		limits: map[Tier]Limit{Tier1: limits.Tier1, Tier2: limits.Tier2, UsersFilter: usersFilterLimit},
		Users:  users,
		log:    make(map[string]map[Tier][]time.Time),
	}
}

// Admit counts a request, or returns the 429 that answers it. Refused requests do not count.
func (l *Limiter) Admit(user string, in Tier, now time.Time) *refusal.Error {
	limit, limited := l.limits[in]
	if !limited {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.wait(user, in, limit.Requests, now)
	if l.Users > 0 { // the user's limit, times the users, times a half (rate limit page)
		wait = max(wait, l.wait(wholeTenant, in, limit.Requests*l.Users/2, now))
	}
	if wait > 0 {
		return refusal.TooManyRequests(int(math.Ceil(wait.Seconds())))
	}
	l.count(user, in, now)
	return nil
}

// wait returns how long somebody must wait before another request; 0 if they need not.
func (l *Limiter) wait(who string, in Tier, most int, now time.Time) time.Duration {
	window := time.Duration(l.limits[in].Seconds) * time.Second
	times := l.log[who][in]
	for len(times) > 0 && !times[0].After(now.Add(-window)) {
		times = times[1:]
	}
	if l.log[who] != nil {
		l.log[who][in] = times
	}
	switch {
	case len(times) < most:
		return 0
	case len(times) == 0:
		return window
	}
	return times[len(times)-max(most, 1)].Add(window).Sub(now)
}

func (l *Limiter) count(user string, in Tier, now time.Time) {
	for _, who := range []string{user, wholeTenant} {
		if who == wholeTenant && l.Users == 0 {
			continue
		}
		if l.log[who] == nil {
			l.log[who] = make(map[Tier][]time.Time)
		}
		l.log[who][in] = append(l.log[who][in], now)
	}
}

// Use counts requests of another client of the same user: percent of what the tier allows.
func (l *Limiter) Use(user string, in Tier, percent int, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range l.limits[in].Requests * percent / 100 {
		l.count(user, in, now)
	}
}
