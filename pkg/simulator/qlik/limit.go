package qlik

import (
	"math"
	"sync"
	"time"
)

// tier is the class of a request for the rate limits (API reference, per operation).
type tier int

const (
	untiered tier = iota // no limit is documented
	tier1                // reads
	tier2                // writes

	tierUsersFilter // POST /users/actions/filter alone (published specification)
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

// The rate limit page: 1,000 and 100 requests a minute, evaluated over 5 minutes. That this is a sliding log is
// undocumented; assumed.
var documentedLimits = RateLimits{Tier1: Limit{5000, 300}, Tier2: Limit{500, 300}}

// or fills what is zero from defaults.
func (l RateLimits) or(defaults RateLimits) RateLimits {
	if l.Tier1 == (Limit{}) {
		l.Tier1 = defaults.Tier1
	}
	if l.Tier2 == (Limit{}) {
		l.Tier2 = defaults.Tier2
	}
	return l
}

// limiter counts requests per user and tier.
type limiter struct {
	limits map[tier]Limit
	users  int // how many share the tenant's own limit; 0: it has none

	mu  sync.Mutex
	log map[string]map[tier][]time.Time // user id, tier: times of admitted requests, oldest first
}

// wholeTenant stands in the log for all users together.
const wholeTenant = ""

func newLimiter(limits RateLimits, users int) *limiter {
	return &limiter{
		limits: map[tier]Limit{tier1: limits.Tier1, tier2: limits.Tier2, tierUsersFilter: usersFilterLimit},
		users:  users,
		log:    make(map[string]map[tier][]time.Time),
	}
}

// admit counts a request, or gives the 429 that answers it. Refused requests do not count.
func (l *limiter) admit(user string, in tier, now time.Time) *apiError {
	limit, limited := l.limits[in]
	if !limited {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.wait(user, in, limit.Requests, now)
	if l.users > 0 { // the user's limit, times the users, times a half (rate limit page)
		wait = max(wait, l.wait(wholeTenant, in, limit.Requests*l.users/2, now))
	}
	if wait > 0 {
		return tooManyRequests(int(math.Ceil(wait.Seconds())))
	}
	l.count(user, in, now)
	return nil
}

// wait gives how long somebody must wait before another request; 0 if they need not.
func (l *limiter) wait(who string, in tier, most int, now time.Time) time.Duration {
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

func (l *limiter) count(user string, in tier, now time.Time) {
	for _, who := range []string{user, wholeTenant} {
		if who == wholeTenant && l.users == 0 {
			continue
		}
		if l.log[who] == nil {
			l.log[who] = make(map[tier][]time.Time)
		}
		l.log[who][in] = append(l.log[who][in], now)
	}
}

// use counts requests of another client of the same user: percent of what the tier allows.
func (l *limiter) use(user string, in tier, percent int, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range l.limits[in].Requests * percent / 100 {
		l.count(user, in, now)
	}
}
