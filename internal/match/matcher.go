package match

import (
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// matcher finds the live connection of every target.
type matcher struct {
	*targets.Resolved
	moves    moves
	rules    connection.Rules
	files    *targets.Files
	project  string
	carriers map[string][]*connection.Live // our connections at no declared key, by key record
	claimed  map[*connection.Live]bool
	leaving  map[connection.Key]bool // what leaves has found out
}

func newMatcher(files *targets.Files, rules connection.Rules, r *targets.Resolved) *matcher {
	m := &matcher{
		Resolved: r, moves: follow(files.Moves, r.Tenant, r.Declared), rules: rules, files: files, project: files.Project,
		carriers: map[string][]*connection.Live{}, claimed: map[*connection.Live]bool{}, leaving: map[connection.Key]bool{},
	}
	for i := range r.Snapshot.Connections {
		live := &r.Snapshot.Connections[i]
		if live.Record.Project == files.Project && live.Record.Key != "" && r.Declared[live.Key] == nil {
			m.carriers[live.Record.Key] = append(m.carriers[live.Record.Key], live)
		}
	}
	for to, sources := range m.moves.sources {
		m.moves.sources[to] = slices.DeleteFunc(sources, func(from connection.Key) bool {
			return m.isApart(from, to) || m.hasComeRound(from) && m.Live[from].Record.Project == m.project
		})
	}
	return m
}

// claim notes that a live connection is the declared one of the pair, and how it was found.
func (m *matcher) claim(p *Pair, live *connection.Live, because string) {
	m.claimed[live] = true
	p.Live, p.Because = live, connection.Because(because)
	p.Stale = live.Record.Project == m.project && live.Record.Key != "" && !m.explains(live.Record.Key, p.Key)
}

// explains reports whether a record is of the key, or of one from which moved blocks lead to it.
func (m *matcher) explains(record string, key connection.Key) bool {
	return m.Places.Fits(record, key) ||
		slices.ContainsFunc(m.moves.origins(key), func(from connection.Key) bool { return m.Places.Fits(record, from) })
}

func (m *matcher) findInPlace(p *Pair) {
	if live := m.Live[p.Key]; live != nil && !m.leaves(p.Key) {
		m.claim(p, live, "")
		p.Trouble = m.contested(p.Key, live)
	}
}

// contested says that a moved block leads to a key at which there is another connection already,
// while the one to be moved still exists: the name is taken. A finished move whose old name was
// used again, by a declaration or by somebody else, does not count.
func (m *matcher) contested(to connection.Key, there *connection.Live) connection.Reason {
	for _, from := range m.moves.sources[to] {
		if m.moves.declared[from] == nil && !m.isRecreated(from, there) && (there.Record.Project == "" || there.Record.Project == m.Live[from].Record.Project) {
			return connection.Because("moved-to-taken", "from", from)
		}
	}
	return connection.Reason{}
}

// isRecreated reports whether the connection at a key is a recreate of the one at the key from
// which it was to be moved there.
func (m *matcher) isRecreated(from connection.Key, there *connection.Live) bool {
	return there != nil && there.Record.Project == m.project && m.Places.Fits(there.Record.Moved, from)
}

// leaves reports whether the live connection at the key is still to be moved: there is nothing at
// its target, or what is there is itself about to leave. On a cycle of moves each leaves for the
// next, except for those that have come round already.
func (m *matcher) leaves(from connection.Key) bool {
	if known, ok := m.leaving[from]; ok {
		return known
	}
	m.leaving[from] = true // for a cycle that closes here
	to, moved := m.moves.target[from]
	free := m.Live[to] == nil
	m.leaving[from] = moved && slices.Equal(m.moves.sources[to], []connection.Key{from}) && !m.hasComeRound(from) && m.underway(to) == nil && !m.isTried(to, from) &&
		(free && !m.isOnItsWay(to) || !free && m.leaves(to))
	return m.leaving[from]
}

// hasComeRound reports whether the connection at a key on a cycle stays: it has come from the key
// before, or it was never ours to be moved.
func (m *matcher) hasComeRound(key connection.Key) bool {
	before, cyclic := m.moves.cycle[key]
	record := m.Live[key].Record
	return cyclic && (record.Project != m.project || m.Places.Fits(record.Moved, before))
}

// isApart reports whether the connection at a declared key is another one than that which moved
// blocks led from there: it has come to the key while nothing was at either end of them.
func (m *matcher) isApart(key, to connection.Key) bool {
	live := m.Live[key]
	return !m.moves.isCyclic(key) && m.moves.declared[key] != nil && live != nil && live.Record.Project == m.project && live.Record.Moved == m.Places.Apart(to)
}

// apart is [Found.apart]. The ownership record says so, or the next run would take what has come
// to the key for the connection to move.
func (m *matcher) apart() map[connection.Key]connection.Key {
	apart := map[connection.Key]connection.Key{}
	for key, to := range m.moves.target {
		if m.moves.declared[key] != nil && !m.moves.isCyclic(key) && (m.Live[to] == nil || m.leaves(to)) && (m.Live[key] == nil || m.isApart(key, to)) {
			apart[key] = to
		}
	}
	return apart
}

// tried returns the new connection that an interrupted recreate has tried out for the key, before
// it deleted the old one and created the new one under its name. Its record says where the old one was.
// Where names can be swapped, no recreate tries anything out, and such a record is forged.
func (m *matcher) tried(key connection.Key) *connection.Live {
	if m.Snapshot.Capabilities.Space != connection.Recreate {
		return nil
	}
	return m.Places.Only(slices.DeleteFunc(m.carriersOf(key), func(l *connection.Live) bool {
		return l.Record.Phase != connection.PhaseNew || l.Record.Moved == "" || !m.Places.IsLeftover(l, key)
	}), key)
}

// isTried reports whether what was tried out for a key is not of the connection at the other one.
func (m *matcher) isTried(to, from connection.Key) bool {
	tried := m.tried(to)
	return tried != nil && !m.Places.Fits(tried.Record.Moved, from)
}

// carriersOf lists the connections at no declared key that have the record of the key.
func (m *matcher) carriersOf(key connection.Key) []*connection.Live {
	var found []*connection.Live
	for _, form := range m.Places.Forms(key) {
		found = append(found, m.carriers[form]...)
	}
	return found
}

// isOnItsWay reports whether a connection at no declared key has the record of the key: the first
// of the two calls of a move has brought it there.
func (m *matcher) isOnItsWay(to connection.Key) bool {
	return slices.ContainsFunc(m.carriersOf(to), func(l *connection.Live) bool { return l.Record.Phase == "" })
}

func (m *matcher) findUnderway(p *Pair) {
	if live := m.underway(p.Key); live != nil {
		m.claim(p, live, "interrupted")
		p.Missed = m.Live[p.Key] == nil
	} else {
		p.Tried = m.tried(p.Key)
	}
}

// underway returns the connection that was on its way to the key when a run was interrupted: at a
// temporary name, or made by a recreate for which the old one has made way already, or that old
// one if the new one is gone. A new one next to an untouched old one is not: it is made again.
func (m *matcher) underway(to connection.Key) *connection.Live {
	found := map[string][]*connection.Live{}
	for _, live := range m.carriersOf(to) {
		if live.Record.Phase == "" && m.Places.IsNamed(live, connection.OnTheWay, to) || m.Places.IsLeftover(live, to) {
			found[live.Record.Phase] = append(found[live.Record.Phase], live)
		}
	}
	temporary := m.Places.Only(found[""], to)
	made, old := m.Places.Only(found[connection.PhaseNew], to), m.Places.Only(found[connection.PhaseDeposed], to)
	switch {
	case made != nil && old != nil:
		return made
	case temporary != nil:
		return temporary
	}
	return old
}

// findMoved looks for the live connection that was declared elsewhere before.
func (m *matcher) findMoved(p *Pair) {
	switch sources := m.moves.sources[p.Key]; {
	case m.wasTried(p):
	case len(sources) > 1:
		p.Trouble = connection.Because("several-moves", "from", quoted(sources))
	case len(sources) == 1 && m.leaves(sources[0]) && !m.claimed[m.Live[sources[0]]]:
		m.claim(p, m.Live[sources[0]], "moved")
	}
}

// findRecorded looks for a connection elsewhere that has the record of the key: because a move of two
// calls was interrupted, or because somebody renamed or moved it by hand.
func (m *matcher) findRecorded(p *Pair) {
	if m.wasTried(p) {
		return
	}
	found := m.unclaimed(p.Key)
	for _, from := range m.moves.origins(p.Key) {
		if len(found) == 0 && m.Live[from] == nil {
			found = m.unclaimed(from)
		}
	}
	switch {
	case len(found) == 1:
		m.claim(p, m.Live[found[0]], "moved-by-hand")
		p.Missed = m.Live[p.Key] == nil
	case len(found) > 1:
		p.Trouble = connection.Because("several-candidates", "found", quoted(found))
	}
}

// wasTried reports whether an interrupted recreate has tried out a connection for its own key: the
// old one is deleted, and all else that has the record of the key is a copy.
func (m *matcher) wasTried(p *Pair) bool {
	return p.Tried != nil && m.Places.Fits(p.Tried.Record.Moved, p.Key)
}

// unclaimed lists the keys of the connections that have the record of the key and are not claimed.
func (m *matcher) unclaimed(key connection.Key) []connection.Key {
	var found []connection.Key
	for _, live := range m.carriersOf(key) {
		if !m.claimed[live] && live.Record.Phase == "" {
			found = append(found, live.Key)
		}
	}
	return found
}

func quoted(keys []connection.Key) []string {
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = strconv.Quote(key.String())
	}
	slices.Sort(list)
	return list
}
