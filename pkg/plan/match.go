package plan

import (
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

// pair is a declared connection and the live connection that it is. Live is nil where there is
// none.
type pair struct {
	*target
	live *connection.Live
	// tried is what an interrupted recreate has tried out before it deleted the old connection;
	// nil: nothing.
	tried *connection.Live
	// trouble is why it is not clear which live connection is meant.
	trouble connection.Reason
	// because says how the live connection was found where it is at another key.
	because connection.Reason
	// missed reports that no connection has the declared name, and apps look for it.
	missed bool
	// stale reports that the record of the live connection is of another key, which no moved block
	// explains: after a rename of its space, a moved block that was removed, or by hand. Without a
	// record that fits it would never be deleted. A missing record is written with the next change.
	stale bool
}

// matched is what match found: for every target its live connection, and what is left over.
type matched struct {
	pairs     []pair // by key
	leftovers []leftover
	// begun holds the new connections that interrupted recreates have left next to those that they
	// were to replace, by key.
	begun    map[connection.Key]*connection.Live
	problems []problem
	// remarks are about what is created because nothing is seen where its moved blocks come from.
	remarks []remark

	keys  keyrecord.Spaces
	moves  moves
	// recreated holds the records of the keys from which a connection was to be moved, and
	// was recreated instead.
	recreated map[string]bool
	// apart holds the declared keys to which something comes while moved blocks lead on from there
	// to another declared key at which nothing stays, with that key.
	apart map[connection.Key]connection.Key
}

// isUnsupplied reports whether the files neither declare credentials nor allow to let them go.
func (p *pair) isUnsupplied() bool { return len(p.Credentials) == 0 && !p.Lifecycle.RecreateAllowed }

// isReleased reports whether the files say that the connection is not protected.
func (p *pair) isReleased() bool {
	return p.Lifecycle.PreventDestroy != nil && !*p.Lifecycle.PreventDestroy
}

// ownerDiffers reports whether a live connection must be given to the declared owner. Where
// the service does not say who owns it, the record of its credentials, which is over their
// owner, decides: after a change of owner it fits, so that none follows. Without a record
// nobody knows, and the owner stays.
func (p *pair) ownerDiffers() bool {
	switch {
	case p.ownerID == "" || p.ownerID == p.live.OwnerID || p.Lifecycle.Ignores("owner", ""):
		return false
	case p.live.OwnerID != "" || p.live.Ownerless:
		return true
	case len(p.Credentials) == 0 || p.Lifecycle.Ignores("credentials", "") || p.live.Record.Credentials == "":
		return false
	}
	return !connection.SameCredentials(p.live.Record.Credentials, p.credentialsRecord(p.ownerID))
}

// matcher finds the live connection of every target.
type matcher struct {
	*resolved
	moves    moves
	rules    connection.Rules
	project  string
	update   string                        // policy.update
	carriers map[string][]*connection.Live // our connections at no declared key, by key record
	claimed  map[*connection.Live]bool
	leaving  map[connection.Key]bool // what leaves has found out
}

// match pairs every target with a live connection: first with what is at the declared key and is
// not to leave it, then with what an interrupted run has left on its way there, then by moved
// blocks, then by key records.
func match(files *files, rules connection.Rules, r *resolved) matched {
	m := &matcher{
		resolved: r, moves: follow(files.Moves, r.tenant, r.declared), rules: rules, project: files.Project, update: files.Policy.Update,
		carriers: map[string][]*connection.Live{}, claimed: map[*connection.Live]bool{}, leaving: map[connection.Key]bool{},
	}
	for i := range r.snapshot.Connections {
		live := &r.snapshot.Connections[i]
		if live.Record.Project == files.Project && live.Record.Key != "" && r.declared[live.Key] == nil {
			m.carriers[live.Record.Key] = append(m.carriers[live.Record.Key], live)
		}
	}
	for to, sources := range m.moves.sources {
		m.moves.sources[to] = slices.DeleteFunc(sources, func(from connection.Key) bool {
			return m.isApart(from, to) || m.hasComeRound(from) && m.live[from].Record.Project == m.project
		})
	}
	found := matched{keys: r.places, moves: m.moves, pairs: make([]pair, len(r.targets))}
	for i, t := range r.targets {
		found.pairs[i].target = t
	}
	for _, find := range []func(*pair){m.findInPlace, m.findUnderway, m.findMoved, m.findRecorded} {
		for i := range found.pairs {
			if p := &found.pairs[i]; p.live == nil && !p.trouble.Holds() {
				find(p)
			}
		}
	}
	found.apart = m.apart()
	found.leave(m)
	found.demandSpaces(r)
	found.remarks = found.unseenOrigins()
	found.refuseDisabled(r)
	return found
}

// demandSpaces notes a problem for each pending move whose blocks end in a space that the token
// cannot see: such a connection is not one that is no longer declared.
func (found *matched) demandSpaces(r *resolved) {
	for _, end := range found.moves.end {
		if ref, unseen := found.moves.unseen[end]; unseen {
			found.problems = append(found.problems, problem{ref.Position, r.noSpace(ref)})
		}
	}
}

// refuseDisabled refuses what is declared of a disabled data source, or live of one.
func (found *matched) refuseDisabled(r *resolved) {
	for i := range found.pairs {
		p := &found.pairs[i]
		disabled := ""
		switch {
		case r.disabled[p.DataSource]:
			disabled = p.DataSource
		case p.live != nil && r.disabled[p.live.DataSource]:
			disabled = p.live.DataSource
		}
		if disabled != "" {
			p.trouble = connection.Because("disabled-live", "dataSource", disabled)
			if p.live == nil {
				p.trouble.Code = "disabled"
			}
		}
	}
}

// unseenOrigins warns of what is created because nothing is seen where its moved blocks come from.
func (found *matched) unseenOrigins() []remark {
	var remarks []remark
	for i := range found.pairs {
		p := &found.pairs[i]
		if p.live != nil || p.trouble.Holds() || len(found.moves.unseen) == 0 {
			continue
		}
		for _, from := range found.moves.origins(p.key) {
			if _, unseen := found.moves.unseen[from]; unseen {
				remarks = append(remarks, remark{&p.key, connection.Because("moved-from-unseen", "from", from, "space", from.Space)})
				break
			}
		}
	}
	return remarks
}

func (m *matcher) claim(p *pair, live *connection.Live, because string) {
	m.claimed[live] = true
	p.live, p.because = live, connection.Because(because)
	p.stale = live.Record.Project == m.project && live.Record.Key != "" && !m.explains(live.Record.Key, p.key)
}

// explains reports whether a record is of the key, or of one from which moved blocks lead to it.
func (m *matcher) explains(record string, key connection.Key) bool {
	return m.places.Fits(record, key) ||
		slices.ContainsFunc(m.moves.origins(key), func(from connection.Key) bool { return m.places.Fits(record, from) })
}

func (m *matcher) findInPlace(p *pair) {
	if live := m.live[p.key]; live != nil && !m.leaves(p.key) {
		m.claim(p, live, "")
		p.trouble = m.contested(p.key, live)
	}
}

// contested says that a moved block leads to a key at which there is another connection already,
// while the one to be moved still exists: the name is taken. A finished move whose old name was
// used again, by a declaration or by somebody else, is no contest.
func (m *matcher) contested(to connection.Key, there *connection.Live) connection.Reason {
	for _, from := range m.moves.sources[to] {
		if m.moves.declared[from] == nil && !m.isRecreated(from, there) && (there.Record.Project == "" || there.Record.Project == m.live[from].Record.Project) {
			return connection.Because("moved-to-taken", "from", from)
		}
	}
	return connection.Reason{}
}

// isRecreated reports whether the connection at a key is a recreate of the one at the key from
// which it was to be moved there.
func (m *matcher) isRecreated(from connection.Key, there *connection.Live) bool {
	return there != nil && there.Record.Project == m.project && m.places.Fits(there.Record.Moved, from)
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
	free := m.live[to] == nil
	m.leaving[from] = moved && slices.Equal(m.moves.sources[to], []connection.Key{from}) && !m.hasComeRound(from) && m.underway(to) == nil && !m.isTried(to, from) &&
		(free && !m.isOnItsWay(to) || !free && m.leaves(to))
	return m.leaving[from]
}

// hasComeRound reports whether the connection at a key on a cycle stays: it has come from the key
// before, or it was never ours to be moved.
func (m *matcher) hasComeRound(key connection.Key) bool {
	before, cyclic := m.moves.cycle[key]
	record := m.live[key].Record
	return cyclic && (record.Project != m.project || m.places.Fits(record.Moved, before))
}

// isApart reports whether the connection at a declared key is another one than that which moved
// blocks led from there: it has come to the key while nothing was at either end of them.
func (m *matcher) isApart(key, to connection.Key) bool {
	live := m.live[key]
	return !m.moves.isCyclic(key) && m.moves.declared[key] != nil && live != nil && live.Record.Project == m.project && live.Record.Moved == m.places.Apart(to)
}

// apart is [matched.apart]. The ownership record says so, or the next run would take what has come
// to the key for the connection to move.
func (m *matcher) apart() map[connection.Key]connection.Key {
	apart := map[connection.Key]connection.Key{}
	for key, to := range m.moves.target {
		if m.moves.declared[key] != nil && !m.moves.isCyclic(key) && (m.live[to] == nil || m.leaves(to)) && (m.live[key] == nil || m.isApart(key, to)) {
			apart[key] = to
		}
	}
	return apart
}

// tried returns the new connection that an interrupted recreate has tried out for the key, before
// it deleted the old one and created the new one under its name. Its record says where the old one was.
// Where names can be swapped, no recreate tries anything out, and such a record is forged.
func (m *matcher) tried(key connection.Key) *connection.Live {
	if m.snapshot.Capabilities.Space != connection.Recreate {
		return nil
	}
	return m.places.Only(slices.DeleteFunc(m.carriersOf(key), func(l *connection.Live) bool {
		return l.Record.Phase != connection.PhaseNew || l.Record.Moved == "" || !m.places.IsLeftover(l, key)
	}), key)
}

// isTried reports whether what was tried out for a key is not of the connection at the other one.
func (m *matcher) isTried(to, from connection.Key) bool {
	tried := m.tried(to)
	return tried != nil && !m.places.Fits(tried.Record.Moved, from)
}

// carriersOf lists the connections at no declared key that have the record of the key.
func (m *matcher) carriersOf(key connection.Key) []*connection.Live {
	var found []*connection.Live
	for _, form := range m.places.Forms(key) {
		found = append(found, m.carriers[form]...)
	}
	return found
}

// isOnItsWay reports whether a connection at no declared key has the record of the key: the first
// of the two calls of a move has brought it there.
func (m *matcher) isOnItsWay(to connection.Key) bool {
	return slices.ContainsFunc(m.carriersOf(to), func(l *connection.Live) bool { return l.Record.Phase == "" })
}

func (m *matcher) findUnderway(p *pair) {
	if live := m.underway(p.key); live != nil {
		m.claim(p, live, "interrupted")
		p.missed = m.live[p.key] == nil
	} else {
		p.tried = m.tried(p.key)
	}
}

// underway returns the connection that was on its way to the key when a run was interrupted: at a
// temporary name, or made by a recreate for which the old one has made way already, or that old
// one if the new one is gone. A new one next to an untouched old one is not: it is made again.
func (m *matcher) underway(to connection.Key) *connection.Live {
	found := map[string][]*connection.Live{}
	for _, live := range m.carriersOf(to) {
		if live.Record.Phase == "" && m.places.IsNamed(live, connection.OnTheWay, to) || m.places.IsLeftover(live, to) {
			found[live.Record.Phase] = append(found[live.Record.Phase], live)
		}
	}
	temporary := m.places.Only(found[""], to)
	made, old := m.places.Only(found[connection.PhaseNew], to), m.places.Only(found[connection.PhaseDeposed], to)
	switch {
	case made != nil && old != nil:
		return made
	case temporary != nil:
		return temporary
	}
	return old
}

// findMoved looks for the live connection that was declared elsewhere before.
func (m *matcher) findMoved(p *pair) {
	switch sources := m.moves.sources[p.key]; {
	case m.wasTried(p):
	case len(sources) > 1:
		p.trouble = connection.Because("several-moves", "from", quoted(sources))
	case len(sources) == 1 && m.leaves(sources[0]) && !m.claimed[m.live[sources[0]]]:
		m.claim(p, m.live[sources[0]], "moved")
	}
}

// findRecorded looks for a connection elsewhere that has the record of the key: because a move of two
// calls was interrupted, or because somebody renamed or moved it by hand.
func (m *matcher) findRecorded(p *pair) {
	if m.wasTried(p) {
		return
	}
	found := m.unclaimed(p.key)
	for _, from := range m.moves.origins(p.key) {
		if len(found) == 0 && m.live[from] == nil {
			found = m.unclaimed(from)
		}
	}
	switch {
	case len(found) == 1:
		m.claim(p, m.live[found[0]], "moved-by-hand")
		p.missed = m.live[p.key] == nil
	case len(found) > 1:
		p.trouble = connection.Because("several-candidates", "found", quoted(found))
	}
}

// wasTried reports whether an interrupted recreate has tried out a connection for its own key: the
// old one is deleted, and whatever else has the record of the key is a copy.
func (m *matcher) wasTried(p *pair) bool {
	return p.tried != nil && m.places.Fits(p.tried.Record.Moved, p.key)
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
