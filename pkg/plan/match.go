package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// pair is a declared connection and the live one that it is. Live is nil where
// there is none.
type pair struct {
	*target
	live *connection.Live
	// trouble says why it cannot be told which live connection is meant.
	trouble string
	// because says how the live one was found when it stands at another key.
	because string
}

// leftover is a live connection that is no declared one.
type leftover struct {
	live  *connection.Live
	owned bool // by this project
	// copied says why it may not be pruned although it bears our mark.
	copied string
}

// matcher finds the live connection of every declared key.
type matcher struct {
	live     map[connection.Key]*connection.Live
	declared map[connection.Key]bool
	moves    map[connection.Key][]connection.Key // from, by to
	away     map[connection.Key]connection.Key   // to, by from
	leaving  map[connection.Key]leaveState
	carriers map[string][]*connection.Live // at no declared key, by key digest
	claimed  map[*connection.Live]connection.Key
}

type leaveState int

const (
	unvisited leaveState = iota
	visiting
	stays
	leaves
)

// match pairs every target, and tells what is left over.
func (a *analysis) match() {
	m := a.newMatcher()
	// What stands at its own key comes first, so that nothing claims it away.
	a.pairs = make([]pair, len(a.targets))
	for i, t := range a.targets {
		a.pairs[i] = pair{target: t}
		if live := m.live[t.key]; live != nil && !m.leavesTo(t.key, m.away[t.key]) {
			a.pairs[i].live = live
			m.claimed[live] = t.key
			a.pairs[i].trouble = m.contested(t.key, live)
		}
	}
	for i := range a.pairs {
		if p := &a.pairs[i]; p.live == nil {
			m.find(p)
		}
	}
	a.leave(m)
}

func (a *analysis) newMatcher() *matcher {
	m := &matcher{
		live:     map[connection.Key]*connection.Live{},
		declared: map[connection.Key]bool{},
		moves:    map[connection.Key][]connection.Key{},
		away:     map[connection.Key]connection.Key{},
		leaving:  map[connection.Key]leaveState{},
		carriers: map[string][]*connection.Live{},
		claimed:  map[*connection.Live]connection.Key{},
	}
	for _, t := range a.targets {
		m.declared[t.key] = true
	}
	for i := range a.in.Snapshot.Connections {
		live := &a.in.Snapshot.Connections[i]
		m.live[live.Key] = live
		if live.Mark.Project == a.in.Project && live.Mark.Key != "" && !m.declared[live.Key] {
			m.carriers[live.Mark.Key] = append(m.carriers[live.Mark.Key], live)
		}
	}
	for _, move := range a.in.Moves {
		from, okFrom := a.end(move.From)
		to, okTo := a.end(move.To)
		if okFrom && okTo && from != to {
			m.moves[to] = append(m.moves[to], from)
			m.away[from] = to
		}
	}
	return m
}

func (a *analysis) end(end connection.MoveEnd) (connection.Key, bool) {
	space, ok := a.space(end.Space)
	return connection.Key{Space: space.Name, Name: end.Name}, ok
}

// leavesTo reports whether the live connection at from is still to be moved:
// nothing stands at the other end, or what stands there is itself about to leave.
func (m *matcher) leavesTo(from, to connection.Key) bool {
	if to == (connection.Key{}) || m.live[from] == nil || !m.reaches(to) {
		return false
	}
	switch m.leaving[from] {
	case visiting: // a cycle of moves: each leaves for the next
		return true
	case leaves:
		return true
	case stays:
		return false
	}
	m.leaving[from] = visiting
	state := stays
	if m.live[to] == nil || m.leavesTo(to, m.away[to]) {
		state = leaves
	}
	m.leaving[from] = state
	return state == leaves
}

// reaches reports whether the moves from the key lead to a declared connection.
func (m *matcher) reaches(key connection.Key) bool {
	for seen := map[connection.Key]bool{}; !seen[key]; {
		if m.declared[key] {
			return true
		}
		seen[key] = true
		next, ok := m.away[key]
		if !ok {
			return false
		}
		key = next
	}
	return false
}

// contested tells that a moved block leads to a key at which another connection
// stands already, while the one to be moved still exists: the name is taken. A
// finished move whose old name was used again, by a declaration or by somebody
// else, is no contest.
func (m *matcher) contested(to connection.Key, there *connection.Live) string {
	for _, from := range m.moves[to] {
		old := m.live[from]
		if old == nil || m.declared[from] || m.leavesTo(from, to) {
			continue
		}
		if there.Mark.Project == "" || old.Mark.Project == there.Mark.Project {
			m.claimed[old] = from
			return fmt.Sprintf("the name is taken: %q is to be moved here by a moved block, and both exist", from)
		}
	}
	return ""
}

// find looks for a live connection that was declared elsewhere before, or that
// somebody renamed or moved by hand.
func (m *matcher) find(p *pair) {
	switch sources := m.sources(p.key, map[connection.Key]bool{}); {
	case len(sources) == 1:
		m.claim(p, sources[0], "moved in the files")
		return
	case len(sources) > 1:
		p.trouble = "several moved blocks lead here: " + names(sources)
		return
	}
	switch carriers := m.unclaimed(connection.KeyDigest(p.key)); {
	case len(carriers) == 1:
		m.claim(p, carriers[0], "renamed or moved by hand; brought back")
	case len(carriers) > 1:
		p.trouble = "renamed or copied by hand, and it cannot be told which one is meant: " + names(carriers)
	}
}

// sources follows the moved blocks backward to the nearest live connections that
// are to leave.
func (m *matcher) sources(to connection.Key, seen map[connection.Key]bool) []*connection.Live {
	seen[to] = true
	var found []*connection.Live
	for _, from := range m.moves[to] {
		live := m.live[from]
		switch {
		case seen[from]:
		case live != nil && m.claimed[live] == (connection.Key{}) && m.leavesTo(from, to):
			found = append(found, live)
		case live == nil && !m.declared[from]:
			found = append(found, m.sources(from, seen)...)
		}
	}
	return found
}

func (m *matcher) unclaimed(digest string) []*connection.Live {
	var found []*connection.Live
	for _, live := range m.carriers[digest] {
		if _, taken := m.claimed[live]; !taken {
			found = append(found, live)
		}
	}
	return found
}

func (m *matcher) claim(p *pair, live *connection.Live, because string) {
	m.claimed[live] = p.key
	p.live, p.because = live, because
}

func names(live []*connection.Live) string {
	list := make([]string, len(live))
	for i, l := range live {
		list[i] = fmt.Sprintf("%q", l.Key)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// leave tells what no target has claimed. A connection that bears the mark of a
// key at which another one stands is a copy made by hand; where several bear the
// mark of a key and none stands at it, nobody can tell the copy from the original.
func (a *analysis) leave(m *matcher) {
	bearers := map[string]int{}
	for _, live := range m.live {
		if live.Mark.Project == a.in.Project {
			bearers[live.Mark.Key]++
		}
	}
	for i := range a.in.Snapshot.Connections {
		live := &a.in.Snapshot.Connections[i]
		if _, taken := m.claimed[live]; taken {
			continue
		}
		rest := leftover{live: live, owned: live.Mark.Project == a.in.Project}
		if key := live.Mark.Key; rest.owned && key != "" && key != connection.KeyDigest(live.Key) && bearers[key] > 1 {
			rest.copied = "bears the same mark as another connection: a copy made by hand"
		}
		a.leftovers = append(a.leftovers, rest)
	}
}
