package plan

import (
	"fmt"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

// finished returns the leftovers of interrupted recreates that the plan deletes under the
// approval of the recreate, without a limit and whatever policy.prune says. Names and marks
// prove nothing: everybody who may edit the space can write them. So this is at most one new
// and one old connection for each declared key, and none where there are several. It is never
// a protected one: a recreate neither starts from a protected connection nor leaves one.
func (a *analysis) finished(m *matcher) map[*connection.Live]bool {
	type place struct {
		of      connection.Key
		transit string
	}
	found := map[place][]*connection.Live{}
	for i := range a.in.Snapshot.Connections {
		live := &a.in.Snapshot.Connections[i]
		of, declared := m.target[live.Mark.Key]
		if !declared || m.claimed[live] || live.Mark.Project != m.project || live.Mark.Protected || !a.inScope[live.Key.Space] || !m.places.IsLeftover(live, of) {
			continue
		}
		at := place{of, live.Mark.Transit}
		found[at] = append(found[at], live)
	}
	finished := map[*connection.Live]bool{}
	for _, list := range found {
		if len(list) == 1 { // of several, nobody can tell which one a recreate has left
			finished[list[0]] = true
		}
	}
	return finished
}

// keepLeftover says why a leftover of a recreate, which is not to be finished, is not deleted
// either, and what a person can do. Both are empty for the leftover of a connection that is no
// longer declared: that one is deleted and counted as any other undeclared connection.
func (m *matcher) keepLeftover(live *connection.Live) (kept, wayOut string) {
	of, declared := m.target[live.Mark.Key]
	switch {
	case declared && !m.places.IsLeftover(live, of), !declared && !keyrecord.IsLeftoverOfAny(live):
		return "has the ownership record of an interrupted recreate, but not a name that qlsync writes", release
	case declared && live.Mark.Protected:
		return fmt.Sprintf("looks like a leftover of a recreate of %q, but is protected, and a recreate leaves nothing protected", of), release
	case declared:
		return fmt.Sprintf("one of several connections that look like the leftover of a recreate of %q", of), release
	case m.isMoved(live.Mark.Key):
		return "a leftover of an interrupted recreate of a connection that a moved block has renamed since", release
	}
	return "", ""
}

// isMoved reports whether a record is of a key at an end of a moved block.
func (m *matcher) isMoved(record string) bool {
	for from, to := range m.away {
		if m.places.Fits(record, from) || m.places.Fits(record, to) {
			return true
		}
	}
	return false
}
