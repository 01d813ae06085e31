package model

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// RateLimit is a limit on requests. The documentation knows of one by its error body alone (facts, section 4), so all of it
// is a choice. The zero value is none.
type RateLimit struct {
	Requests int  `json:"requests"`
	Seconds  int  `json:"seconds"`
	Status   int  `json:"status"` // 0: 429
	Header   bool `json:"header"` // tell the wait in Retry-After too
}

func (l RateLimit) check() error {
	if l.Requests < 0 || l.Seconds < 0 || (l.Requests > 0) != (l.Seconds > 0) {
		return errors.New("needs requests and seconds")
	}
	return nil
}

// Limiter keeps a log of the requests in the window.
type Limiter struct {
	RateLimit

	mu  sync.Mutex
	log []time.Time
}

func NewLimiter(l RateLimit) *Limiter { return &Limiter{RateLimit: l} }

// Admit counts a request, or refuses it.
func (l *Limiter) Admit(now time.Time) error {
	if l.Requests == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	window := time.Duration(l.Seconds) * time.Second
	for len(l.log) > 0 && !now.Before(l.log[0].Add(window)) {
		l.log = l.log[1:]
	}
	if len(l.log) < l.Requests {
		l.log = append(l.log, now)
		return nil
	}
	wait := int(math.Ceil(l.log[0].Add(window).Sub(now).Seconds()))
	refused := TooMany(wait)
	refused.status = l.Status
	if l.Header {
		refused.Header = http.Header{"Retry-After": {strconv.Itoa(wait)}}
	}
	return refused
}
