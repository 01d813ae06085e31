package simulator

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// tier is the class of a request for the rate limits (API reference, per operation).
type tier int

const (
	untiered tier = iota // no limit is documented
	tier1                // reads
	tier2                // writes
)

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

	mu  sync.Mutex
	log map[string]map[tier][]time.Time // user id, tier: times of admitted requests, oldest first
}

func newLimiter(limits RateLimits) *limiter {
	return &limiter{
		limits: map[tier]Limit{tier1: limits.Tier1, tier2: limits.Tier2},
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
	tiers := l.log[user]
	if tiers == nil {
		tiers = make(map[tier][]time.Time)
		l.log[user] = tiers
	}
	window := time.Duration(limit.Seconds) * time.Second
	times := tiers[in]
	for len(times) > 0 && !times[0].After(now.Add(-window)) {
		times = times[1:]
	}
	if len(times) >= limit.Requests {
		tiers[in] = times
		wait := window
		if len(times) > 0 {
			wait = times[0].Add(window).Sub(now)
		}
		return tooManyRequests(int(math.Ceil(wait.Seconds())))
	}
	tiers[in] = append(times, now)
	return nil
}

// tooManyRequests is the answer that the rate limit page shows: seconds in Retry-After, no status in the body.
func tooManyRequests(seconds int) *apiError {
	return &apiError{
		Code: "HTTP-429", Title: "API rate limit reached.",
		Detail: fmt.Sprintf("You need to wait %d seconds until limit is lifted.", seconds),
		status: http.StatusTooManyRequests,
		header: http.Header{"Retry-After": {strconv.Itoa(seconds)}},
	}
}
