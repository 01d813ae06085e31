package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/keyrecord"
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
	// missed tells that apps look for the declared name in vain until it is back.
	missed bool
	// stale tells that its record is of another key than the declared one.
	stale bool
}

// leftover is a live connection that is no declared one.
type leftover struct {
	live  *connection.Live
	owned bool // by this project
	// kept says why it may not be pruned although it bears our mark, and wayOut what a
	// person can do about it; wayOut may be empty.
	kept, wayOut string
	// elsewhere tells that its record is of another key, which moved blocks explain.
	elsewhere bool
	// half reports that an interrupted recreate of a declared connection left it.
	half bool
	of   connection.Key // the key that was recreated
	// anew tells that it was to be moved, and stands elsewhere made anew.
	anew bool
	// needless tells of a half that it is a new one beside the one that it was to
	// replace, taken that a recreate goes on with it.
	needless, taken bool
}

// matcher finds the live connection of every declared key.
type matcher struct {
	live     map[connection.Key]*connection.Live
	declared map[connection.Key]bool
	target   map[string]connection.Key           // declared keys, by every form of their record
	moves    map[connection.Key][]connection.Key // from, by to
	away     map[connection.Key]connection.Key   // to, by from
	// incoming lists the keys of live connections whose moved blocks lead to a
	// declared key, by that key.
	incoming map[connection.Key][]connection.Key
	carriers map[string][]*connection.Live // at no declared key, by key record
	claimed  map[*connection.Live]bool
	leaving  map[connection.Key]bool // what leaves has found out
	// cycle holds the declared keys on a cycle of moved blocks, each with the one
	// before it.
	cycle   map[connection.Key]connection.Key
	project string
	places  keyrecord.Spaces
}

// match pairs every target, and tells what is left over. What stands at a
// declared key and is not to leave it is that one; then moved blocks count, then
// marks.
func (a *analysis) match() {
	m := a.newMatcher()
	a.pairs = make([]pair, len(a.targets))
	for i, t := range a.targets {
		a.pairs[i].target = t
		if live := m.live[t.key]; live != nil && !m.leaves(t.key) {
			m.claim(&a.pairs[i], live, "")
			a.pairs[i].trouble = m.contested(t.key, live)
		}
	}
	for i := range a.pairs {
		if p := &a.pairs[i]; p.live == nil {
			if live := m.underway(p.key); live != nil {
				m.claim(p, live, "finishes what was interrupted")
				p.missed = m.live[p.key] == nil
			}
		}
	}
	for i := range a.pairs {
		m.findMoved(&a.pairs[i])
	}
	for i := range a.pairs {
		m.findMarked(&a.pairs[i])
	}
	a.findStale(m)
	a.demandSpaces(m)
	a.warnOfGoneSpaces(m)
	a.leave(m)
}

// findStale notes which declared connections bear the record of another key than their own
// that no moved block explains: after a rename of their space, a moved block that was
// removed, or by hand. Without a record that fits they would never be deleted. A missing
// record is written with the next change.
func (a *analysis) findStale(m *matcher) {
	for i := range a.pairs {
		p := &a.pairs[i]
		p.stale = p.live != nil && p.live.Mark.Project == a.in.Project && p.live.Mark.Key != "" && !m.explains(p.live.Mark.Key, p.key)
	}
}

func (a *analysis) newMatcher() *matcher {
	m := &matcher{
		live:     make(map[connection.Key]*connection.Live, len(a.in.Snapshot.Connections)),
		declared: make(map[connection.Key]bool, len(a.targets)),
		target:   make(map[string]connection.Key, len(a.targets)),
		moves:    map[connection.Key][]connection.Key{},
		away:     map[connection.Key]connection.Key{},
		incoming: map[connection.Key][]connection.Key{},
		carriers: map[string][]*connection.Live{},
		claimed:  map[*connection.Live]bool{},
		cycle:    map[connection.Key]connection.Key{},
		leaving:  map[connection.Key]bool{},
		project:  a.in.Project,
		places:   a.places,
	}
	for _, t := range a.targets {
		m.declared[t.key] = true
		for _, form := range m.places.Forms(t.key) {
			m.target[form] = t.key
		}
	}
	for i := range a.in.Snapshot.Connections {
		live := &a.in.Snapshot.Connections[i]
		m.live[live.Key] = live
		if live.Mark.Project == a.in.Project && live.Mark.Key != "" && !m.declared[live.Key] {
			m.carriers[live.Mark.Key] = append(m.carriers[live.Mark.Key], live)
		}
	}
	for _, move := range a.in.Moves {
		from, to := a.end(move.From), a.end(move.To)
		if from != to {
			m.moves[to] = append(m.moves[to], from)
			m.away[from] = to
		}
	}
	for _, froms := range m.moves {
		slices.SortFunc(froms, connection.Key.Compare)
	}
	for i := range a.in.Snapshot.Connections {
		from := a.in.Snapshot.Connections[i].Key
		if to, ok := m.destination(from); ok {
			m.incoming[to] = append(m.incoming[to], from)
		}
	}
	if len(m.away) > 0 {
		m.findCycles()
	}
	a.cycle = m.cycle
	a.away = m.away
	return m
}

// end returns the key of an end of a moved block. Its space may be gone: blocks may stay
// for ever, and what a space holds that does not exist is moved already.
func (a *analysis) end(end connection.MoveEnd) connection.Key {
	return a.places.KeyIn(end.Space, end.Name)
}

// demandSpaces notes a problem for each pending move whose blocks end in a space that the
// token cannot see: such a connection is not one that is no longer declared.
func (a *analysis) demandSpaces(m *matcher) {
	refs := map[connection.Key]connection.SpaceRef{}
	for _, move := range a.in.Moves {
		if _, seen := a.visible(move.To.Space); !seen {
			refs[a.end(move.To)] = move.To.Space
		}
	}
	if len(refs) == 0 {
		return
	}
	for from := range m.live {
		if last, declared := m.destination(from); !declared && last != from {
			if ref, gone := refs[last]; gone {
				a.space(ref)
			}
		}
	}
}

// warnOfGoneSpaces tells of what is created because nothing is seen where its moved blocks
// come from.
func (a *analysis) warnOfGoneSpaces(m *matcher) {
	gone := map[connection.Key]bool{}
	for _, move := range a.in.Moves {
		if _, seen := a.visible(move.From.Space); !seen {
			gone[a.end(move.From)] = true
		}
	}
	for i := range a.pairs {
		p := &a.pairs[i]
		if p.live != nil || p.trouble != "" || len(gone) == 0 {
			continue
		}
		for _, from := range m.origins(p.key) {
			if gone[from] {
				a.warn(&p.key, fmt.Sprintf("a moved block comes from %q, and this token sees no space %q: if the space exists, make the token's user a member before it is created here", from, from.Space))
				break
			}
		}
	}
}

// destination follows the moved blocks from a key to the first declared one.
// Blocks that lead back to where they began move nothing.
func (m *matcher) destination(from connection.Key) (connection.Key, bool) {
	if _, moved := m.away[from]; !moved {
		return from, false
	}
	seen := map[connection.Key]bool{}
	for key := from; !seen[key]; {
		seen[key] = true
		next, ok := m.away[key]
		if !ok || next == from {
			return key, false
		}
		if m.declared[next] {
			return next, true
		}
		key = next
	}
	return from, false
}

// leaves reports whether the live connection at the key is still to be moved:
// nothing stands at its destination, or what stands there is itself about to
// leave. On a cycle of moves each leaves for the next, but for those that have
// come round already, which their mark tells.
func (m *matcher) leaves(from connection.Key) bool {
	var path []connection.Key
	result := true
	for key := from; ; {
		if known, ok := m.leaving[key]; ok {
			result = known
			break
		}
		m.leaving[key] = true // as on a cycle; corrected below
		path = append(path, key)
		to, ok := m.destination(key)
		if !ok || len(m.incoming[to]) > 1 || m.arrived(key) || m.underway(to) != nil || m.live[to] == nil && m.onItsWay(to) {
			result = false
			break
		}
		if m.live[to] == nil {
			break
		}
		key = to
	}
	for _, key := range path {
		m.leaving[key] = result
	}
	return result
}

// onItsWay reports whether a connection that stands at no declared key bears the
// mark of the key: the first of the two calls of a move has brought it there.
func (m *matcher) onItsWay(to connection.Key) bool {
	return slices.ContainsFunc(m.carriersOf(to), func(l *connection.Live) bool { return l.Mark.Transit == "" })
}

// arrived reports whether what stands at a key on a cycle is there to stay: it has
// come from the key before, or it was never ours to be moved.
func (m *matcher) arrived(key connection.Key) bool {
	before, ok := m.cycle[key]
	if !ok {
		return false
	}
	mark := m.live[key].Mark
	return mark.Project != m.project || m.places.Fits(mark.Moved, before)
}

// findCycles notes the declared keys from which moved blocks lead round to
// themselves, each with the one before it.
func (m *matcher) findCycles() {
	walk := map[connection.Key]connection.Key{} // the walk on which a key was seen first, by its start
	for start := range m.away {
		if !m.declared[start] {
			continue
		}
		key, ok := start, true
		for ok {
			if first, seen := walk[key]; seen {
				if first == start {
					m.closeCycle(key)
				}
				break
			}
			walk[key] = start
			key, ok = m.destination(key)
		}
	}
}

// closeCycle notes the cycle on which the key is.
func (m *matcher) closeCycle(start connection.Key) {
	for key := start; ; {
		to, _ := m.destination(key)
		m.cycle[to] = key
		if to == start {
			return
		}
		key = to
	}
}

// contested tells that a moved block leads to a key at which another connection
// stands already, while the one to be moved still exists: the name is taken. A
// finished move whose old name was used again, by a declaration or by somebody
// else, is no contest.
func (m *matcher) contested(to connection.Key, there *connection.Live) string {
	for _, from := range m.incoming[to] {
		old := m.live[from]
		if m.declared[from] || m.madeAnew(from, there) || there.Mark.Project != "" && there.Mark.Project != old.Mark.Project {
			continue
		}
		return fmt.Sprintf("the name is taken: a moved block leads here from %q, and both exist. Delete or rename one of them", from)
	}
	return ""
}

// madeAnew reports whether what stands at a key is the connection from the other key,
// made anew where it was to be moved.
func (m *matcher) madeAnew(from connection.Key, there *connection.Live) bool {
	return there != nil && there.Mark.Project == m.project && m.places.Fits(there.Mark.Moved, from)
}

// findMoved looks for the live connection that was declared elsewhere before.
func (m *matcher) findMoved(p *pair) {
	switch sources := m.incoming[p.key]; {
	case p.live != nil || len(sources) == 0:
	case len(sources) > 1:
		p.trouble = fmt.Sprintf("several moved blocks lead here, from %s: keep one of them", quoted(sources))
	case m.leaves(sources[0]) && !m.claimed[m.live[sources[0]]]:
		m.claim(p, m.live[sources[0]], "moved in the files")
	}
}

// findMarked looks for a connection that bears the mark of the key and stands
// elsewhere: because a recreate was interrupted, because a move of two calls was,
// or because somebody renamed or moved it by hand.
func (m *matcher) findMarked(p *pair) {
	if p.live != nil || p.trouble != "" {
		return
	}
	found := m.unclaimed(p.key)
	for _, from := range m.origins(p.key) {
		if len(found) == 0 && !m.declared[from] && m.live[from] == nil {
			found = m.unclaimed(from)
		}
	}
	switch {
	case len(found) == 1:
		m.claim(p, m.live[found[0]], "renamed or moved outside of the files; brought back")
		p.missed = m.live[p.key] == nil
	case len(found) > 1:
		p.trouble = fmt.Sprintf("several connections may be this one, renamed or copied by hand: %s. Add a moved block from the right one, or delete the others", quoted(found))
	}
}

// carriersOf lists the connections at no declared key that bear the record of the key.
func (m *matcher) carriersOf(key connection.Key) []*connection.Live {
	var found []*connection.Live
	for _, form := range m.places.Forms(key) {
		found = append(found, m.carriers[form]...)
	}
	return found
}

// unclaimed lists where connections stand that bear the mark of the key.
func (m *matcher) unclaimed(key connection.Key) []connection.Key {
	var found []connection.Key
	for _, live := range m.carriersOf(key) {
		if !m.claimed[live] && live.Mark.Transit == "" {
			found = append(found, live.Key)
		}
	}
	return found
}

// origins lists the undeclared keys from which moved blocks lead to the key, the
// nearest first, as far as no declared one is on the way.
func (m *matcher) origins(to connection.Key) []connection.Key {
	seen := map[connection.Key]bool{to: true}
	var found []connection.Key
	for keys := m.moves[to]; len(keys) > 0; keys = keys[1:] {
		if key := keys[0]; !seen[key] && !m.declared[key] {
			seen[key] = true
			found = append(found, key)
			keys = append(keys, m.moves[key]...)
		}
	}
	return found
}

// underway gives the connection that was on its way to the key when a run was
// interrupted: at a temporary name, or made by a recreate for which the old one has
// made way already, or that old one if the new one is gone. A new one beside an
// untouched old one is not: it is made again.
func (m *matcher) underway(to connection.Key) *connection.Live {
	var onItsWay, anew, aside []*connection.Live
	for _, live := range m.carriersOf(to) {
		switch {
		case live.Mark.Transit == "" && m.places.IsNamed(live, connection.OnTheWay, to):
			onItsWay = append(onItsWay, live)
		case live.Mark.Transit == "" || !m.places.IsLeftover(live, to):
		case live.Mark.Transit == connection.TransitNew:
			anew = append(anew, live)
		default:
			aside = append(aside, live)
		}
	}
	temporary, made, old := m.places.Only(onItsWay, to), m.places.Only(anew, to), m.places.Only(aside, to)
	switch {
	case temporary != nil:
		return temporary
	case made != nil && old != nil:
		return made
	}
	return old
}

// isUnsupplied reports whether the files neither declare credentials nor allow to let them go.
func (p *pair) isUnsupplied() bool { return len(p.Credentials) == 0 && !p.Lifecycle.RecreateAllowed }

// lastWithCredentials reports whether deleting what a recreate has put aside would lose
// credentials that the connection in its place, if there is one, has not got: a change of
// owner may have taken them away.
func lastWithCredentials(old, standing *connection.Live) bool {
	return old.Mark.Transit == connection.TransitOld && old.HasCredentials && (standing == nil || !standing.HasCredentials)
}

func (m *matcher) claim(p *pair, live *connection.Live, because string) {
	m.claimed[live] = true
	p.live, p.because = live, because
}

func quoted(keys []connection.Key) string {
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = strconv.Quote(key.String())
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// leave tells what no target has claimed. A mark of another key than the one at
// which the connection stands means that it was renamed, moved or copied by hand,
// unless a moved block explains it. Which of these cannot be told from one
// connection alone, so it is not deleted.
func (a *analysis) leave(m *matcher) {
	a.begun = map[connection.Key]*leftover{}
	if len(m.claimed) == len(a.in.Snapshot.Connections) {
		return
	}
	unsupplied, stands, declared := map[connection.Key]bool{}, map[connection.Key]bool{}, a.namesakes()
	byID, finished := a.declaredIDs(m), a.finished(m)
	standing := map[connection.Key]*connection.Live{}
	for i := range a.pairs {
		p := &a.pairs[i]
		unsupplied[p.key], standing[p.key] = p.isUnsupplied(), p.live
		stands[p.key] = p.live != nil && p.live.Mark.Project == a.in.Project && p.live.Key == p.key
	}
	for i := range a.in.Snapshot.Connections {
		live := &a.in.Snapshot.Connections[i]
		if m.claimed[live] || !a.inScope[live.Key.Space] {
			continue
		}
		rest := leftover{live: live, owned: live.Mark.Project == a.in.Project}
		to, moved := m.destination(live.Key)
		rest.anew = moved && m.madeAnew(live.Key, m.live[to])
		target, marked := m.target[live.Mark.Key]
		switch {
		case !rest.owned:
		case byID[live.ID] != nil && byID[live.ID] != live:
			rest.kept = fmt.Sprintf("the tenant also lists it as %q: it was moved or renamed while the lists were read", byID[live.ID].Key)
			rest.wayOut = "plan again"
		case marked && a.places.IsLeftover(live, target) && unsupplied[target] && lastWithCredentials(live, standing[target]):
			rest.kept = "the old one of a recreate, with credentials that the one in its place does not have"
			rest.wayOut = "declare credentials, or set lifecycle.recreate: allow to lose them"
		case finished[live]:
			rest.half, rest.of = true, target
			rest.needless = live.Mark.Transit == connection.TransitNew && stands[target]
		case moved && !rest.anew:
			rest.kept, rest.wayOut = "owned by this project, and a moved block leads from it to a name that is taken", "delete or rename one of the two"
		case live.Mark.Transit != "":
			rest.kept, rest.wayOut = m.keepLeftover(live)
			rest.elsewhere = true
		case declared.keep(live.Key) != "":
			rest.kept = declared.keep(live.Key)
		case live.Mark.Key == "":
			rest.kept, rest.wayOut = "owned by this project and no longer declared, but without the key record that qlsync writes", release
		case !m.explains(live.Mark.Key, live.Key):
			rest.kept, rest.wayOut = "owned by this project and no longer declared, but its key record is of another name or space: moved, renamed or copied", rewrite
		default:
			rest.elsewhere = !a.places.Fits(live.Mark.Key, live.Key)
		}
		a.leftovers = append(a.leftovers, rest)
	}
	for i := range a.leftovers {
		rest := &a.leftovers[i]
		if rest.half && rest.live.Mark.Transit == connection.TransitNew && rest.live.Key.Space == rest.of.Space {
			a.begun[rest.of] = rest
		}
	}
}

// What a person can do about a connection that is not deleted for want of a record that fits.
const (
	rewrite = "to have it deleted, declare it, apply (which renews the record), and remove it again, or delete it yourself; to keep it, remove its ownership record"
	release = "delete it yourself, or remove its ownership record to keep it"
)

// declaredIDs returns the live connections that are declared ones, by id. A connection that
// is moved by hand while lists are read may be in several of them.
func (a *analysis) declaredIDs(m *matcher) map[string]*connection.Live {
	found := map[string]*connection.Live{}
	for i := range a.pairs {
		p := &a.pairs[i]
		for _, live := range []*connection.Live{p.live, m.live[p.key]} {
			if live != nil && live.ID != "" && found[live.ID] == nil {
				found[live.ID] = live
			}
		}
	}
	return found
}

// explains reports whether a record is of the key, or of one from which moved blocks led to
// it.
func (m *matcher) explains(record string, key connection.Key) bool {
	if m.places.Fits(record, key) {
		return true
	}
	return slices.ContainsFunc(m.origins(key), func(from connection.Key) bool { return m.places.Fits(record, from) })
}
