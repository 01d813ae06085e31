package qlik

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
	record *record
}

// keepHistory begins to keep what reads show that lag behind.
func (w *world) keepHistory(now func() time.Time) {
	if lag := time.Duration(max(w.behaviour.Lag, w.behaviour.ListLag)) * time.Second; lag > 0 {
		w.past = history{now: now, lag: lag, before: make(map[string][]earlier)}
	}
}

// note keeps what is about to be replaced, and forgets what no read can show any more.
func (h *history) note(id string, before *record) {
	if h.lag == 0 {
		return
	}
	now := h.now()
	kept := slices.DeleteFunc(h.before[id], func(e earlier) bool { return !e.isShown(now, h.lag) })
	h.before[id] = append(kept, earlier{now, before})
}

// isShown says whether a read at that time, which lags so much, is still of before the write.
func (e earlier) isShown(now time.Time, lag time.Duration) bool { return now.Sub(e.until) < lag }

// lagging gives the world that reads show which lag so much.
func (w *world) lagging(lag time.Duration) *world {
	old, now := newWorld(w.behaviour), w.past.now()
	old.users, old.spaces, old.credentials = w.users, w.spaces, w.credentials
	old.signIns, old.disabled, old.gone = w.signIns, w.disabled, w.gone
	for id, r := range w.connections {
		if len(w.past.before[id]) == 0 {
			old.put(r)
		}
	}
	for id, versions := range w.past.before {
		r := w.connections[id]
		if i := slices.IndexFunc(versions, func(e earlier) bool { return e.isShown(now, lag) }); i >= 0 {
			r = versions[i].record
		}
		if r != nil {
			old.put(r)
		}
	}
	return old
}
