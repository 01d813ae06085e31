package transport

import (
	"net/http"
	"sync/atomic"
	"time"
)

// clock stores how far the clock of a service is ahead of ours, by the Date of its last answer. It
// is inexact by a few seconds, because of whole seconds and network delay. The zero clock is
// unknown. It may be used concurrently.
type clock struct{ skew atomic.Pointer[time.Duration] }

// Note records the Date of an answer that has just arrived. Without a Date nothing changes.
func (c *clock) Note(header http.Header) {
	at, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	skew := time.Until(at).Round(time.Second)
	c.skew.Store(&skew)
}

// Skew returns how far the service's clock is ahead; nil: unknown.
func (c *clock) Skew() *time.Duration { return c.skew.Load() }
