package transport

import (
	"net/http"
	"sync/atomic"
	"time"
)

// clock remembers how far the clock of a service is ahead of ours, by the Date of its
// last answer. Whole seconds and the time of the answer on its way make it inexact by a
// few seconds. The zero clock knows nothing. It may be used concurrently.
type clock struct{ skew atomic.Pointer[time.Duration] }

// Note takes the Date of an answer that has just come. Without a Date nothing changes.
func (c *clock) Note(header http.Header) {
	at, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	skew := time.Until(at).Round(time.Second)
	c.skew.Store(&skew)
}

// Skew returns how far the service's clock is ahead; nil: no answer told the time.
func (c *clock) Skew() *time.Duration { return c.skew.Load() }
