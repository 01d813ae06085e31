package impact

import (
	"maps"
	"slices"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Covered is the time of which all reloads of an app are known: from a complete, successful reload
// to the newest one. Zero: none.
type Covered struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// listLag is how much later than in its metadata a reload may end in the list of apps.
const listLag = time.Minute

// Covered returns the time of which all reloads of an app are known.
func (x *Index) Covered(app string) Covered {
	one := x.apps[app]
	if one == nil || one.past == nil || one.Unread.Holds() {
		return Covered{}
	}
	return Covered{From: one.past.From, To: one.past.To}
}

// isCovered reports whether every use of connections by the app since that time is known: its last
// reload was complete and is known, and so are all before it since that time.
func (x *Index) isCovered(app *connection.App, since time.Time) bool {
	covered, one := x.Covered(app.ID), x.apps[app.ID]
	return !covered.From.IsZero() && !covered.From.After(since) && one.past.Unknown.Before(since) && one.endsComplete() && !app.DirectQuery && !one.nameless
}

// endsComplete reports whether the newest reload of an app is known and was complete. Its past must
// not be nil.
func (s *sighted) endsComplete() bool {
	past := s.past
	return !past.To.IsZero() && past.To.Equal(past.LastAt) && !s.State.ReloadedAt.After(past.LastAt.Add(listLag))
}

// Unused is the answer to which connections nothing has used for some days.
type Unused struct {
	// IDs are the connections without any known use that have not been changed for that time, sorted.
	// They are unused only if Doubts is empty.
	IDs []string `json:"ids"`
	// Recent are the connections without a known use that were created or changed within the time, or
	// of which that is unknown, sorted.
	Recent []string `json:"recent,omitempty"`
	// Doubts say why no connection can be called unused.
	Doubts []connection.Reason `json:"doubts,omitempty"`
	// NotCovered are the ids of the readable apps whose reloads are not all known, sorted.
	NotCovered []string `json:"notCovered,omitempty"`
}

// Unused returns which of the live connections nothing has used for that many days.
func (x *Index) Unused(days int) Unused {
	var u Unused
	since := x.At.Add(-time.Duration(days) * 24 * time.Hour)
	for _, id := range slices.Sorted(maps.Keys(x.live)) {
		switch updated := x.live[id].UpdatedAt; {
		case len(x.dependents[id]) > 0:
		case updated.IsZero() || updated.After(since):
			u.Recent = append(u.Recent, id)
		default:
			u.IDs = append(u.IDs, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(x.apps)) {
		if app := x.apps[id]; !app.Unread.Holds() && !x.isCovered(app.App, since) {
			u.NotCovered = append(u.NotCovered, id)
		}
	}
	u.Doubts = x.doubts(days, len(u.NotCovered))
	return u
}

// doubts returns why the absence of a use proves nothing.
func (x *Index) doubts(days, notCovered int) []connection.Reason {
	var doubts []connection.Reason
	add := func(holds bool, code string, args ...any) {
		if holds {
			doubts = append(doubts, connection.Because(code, args...))
		}
	}
	add(!x.Caller.Admin, "usage-not-admin")
	add(x.Apps == 0, "usage-no-apps")
	add(x.Unseen.NotListed, "usage-not-listed")
	add(len(x.Unseen.NotReadable) > 0, "usage-not-readable", "objects", len(x.Unseen.NotReadable))
	add(notCovered > 0, "usage-not-covered", "apps", notCovered, "days", days)
	return append(doubts, x.Unseen.Incomplete...)
}
