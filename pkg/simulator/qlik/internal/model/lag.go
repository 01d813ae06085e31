package model

import (
	"slices"
	"time"
)

// history is what connections were before their latest writes; the zero value keeps nothing.
type history struct {
	now    func() time.Time
	lag    time.Duration        // of the reads that lag the most
	before map[string][]earlier // by id, the oldest first
}

// earlier is a connection until a write; nil: there was none.
type earlier struct {
	until  time.Time
	record *Record
}

// note keeps what is about to be replaced, and forgets what no read can show any more.
func (h *history) note(id string, before *Record) {
	if h.lag == 0 {
		return
	}
	now := h.now()
	kept := slices.DeleteFunc(h.before[id], func(e earlier) bool { return !e.isShown(now, h.lag) })
	h.before[id] = append(kept, earlier{now, before})
}

// isShown reports whether a read at that time, which lags so much, is still of before the write.
func (e earlier) isShown(now time.Time, lag time.Duration) bool { return now.Sub(e.until) < lag }
