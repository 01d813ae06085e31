package match

import (
	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

// fates are the rules about a leftover. The first one that holds decides. Names, records and copies
// of them can be made by everybody who may edit the space, so what might be a declared connection,
// or the last one with its credentials, is kept.
var fates = []struct {
	holds func(*stray) bool
	fate  Fate
	why   string             // the code of the reason why it is kept
	args  func(*stray) []any // of the reason
}{
	{(*stray).isForeign, Foreign, "", nil},
	{(*stray).isListedTwice, Kept, "kept-listed-twice", (*stray).other},
	{(*stray).isLastWithCredentials, Kept, "kept-credentials", nil},
	{(*stray).isFinished, Finished, "", nil},
	{(*stray).isReplaced, Finished, "", nil},
	{(*stray).isPending, Kept, "kept-pending", nil},
	{(*stray).isMisnamedHalf, Kept, "kept-misnamed", nil},
	{(*stray).isProtectedHalf, Kept, "kept-protected", (*stray).recreated},
	{(*stray).isHalfOfDeclared, Kept, "kept-several", (*stray).recreated},
	{(*stray).isHalfOfMoved, Kept, "kept-renamed", nil},
	{(*stray).isHalf, Undeclared, "", nil},
	{(*stray).isNamesake, Kept, "kept-namesake", (*stray).namesake},
	{(*stray).isUnrecorded, Kept, "kept-unrecorded", nil},
	{(*stray).isUnexplained, Kept, "kept-unexplained", nil},
	{func(*stray) bool { return true }, Undeclared, "", nil},
}

// strays is what the rules look up.
type strays struct {
	*matcher
	byRecord map[string]*Pair // the declared connections, by every form of their record
	ids      map[string]*connection.Live
	halves   map[half]int     // how many could be that half of a recreate
	made     map[string]*Pair // the declared connections of ours that record where they come from, by that record
	names    namesakes
	moved    map[string]bool // see ends
}

// half is one of the two connections of an unfinished recreate.
type half struct {
	of    connection.Key
	phase string
}

// stray is a connection in scope that no target has claimed.
type stray struct {
	*strays
	live *connection.Live
	of   *Pair // the declared connection whose record it has; nil: none
}

// leave decides what becomes of each live connection in scope that no target has claimed.
func (found *Found) leave(m *matcher) {
	var left []*connection.Live
	for i := range m.Snapshot.Connections {
		if live := &m.Snapshot.Connections[i]; !m.claimed[live] && m.InScope[live.Key.Space] {
			left = append(left, live)
		}
	}
	if len(left) == 0 {
		return
	}
	all, begun := newStrays(m, found.Pairs), map[connection.Key]*connection.Live{}
	found.recreated = map[string]bool{}
	for _, live := range left {
		if s := all.stray(live); s.mayBeFinished() {
			all.halves[s.half()]++
		}
	}
	for _, live := range left {
		rest := all.stray(live).decide()
		if rest.Fate == Finished && live.Record.Phase == connection.PhaseNew && live.Key.Space == rest.Of.Space {
			begun[rest.Of] = live
		}
		found.Leftovers = append(found.Leftovers, rest)
		if rest.recreated {
			for _, form := range m.Places.Forms(live.Key) {
				found.recreated[form] = true
			}
		}
	}
	found.Begun = begun
}

func newStrays(m *matcher, pairs []Pair) *strays {
	s := &strays{
		matcher: m, byRecord: make(map[string]*Pair, len(pairs)), ids: make(map[string]*connection.Live, len(pairs)),
		halves: map[half]int{}, made: map[string]*Pair{}, names: newNamesakes(pairs),
	}
	for i := range pairs {
		p := &pairs[i]
		for _, form := range m.Places.Forms(p.Key) {
			s.byRecord[form] = p
		}
		if live := p.Live; live != nil && live.Key == p.Key && live.Record.Project == m.project && live.Record.Moved != "" {
			s.made[live.Record.Moved] = p
		}
		for _, live := range []*connection.Live{p.Live, m.Live[p.Key]} {
			if live != nil && live.ID != "" && s.ids[live.ID] == nil {
				s.ids[live.ID] = live
			}
		}
	}
	return s
}

func (s *strays) stray(live *connection.Live) *stray {
	return &stray{strays: s, live: live, of: s.byRecord[live.Record.Key]}
}

func (s *stray) decide() Leftover {
	rest := Leftover{Live: s.live, recreated: s.isRecreatedElsewhere(), Elsewhere: !s.Places.Fits(s.live.Record.Key, s.live.Key)}
	for _, rule := range fates {
		if !rule.holds(s) {
			continue
		}
		var args []any
		if rule.args != nil {
			args = rule.args(s)
		}
		rest.Fate, rest.Kept = rule.fate, connection.Because(rule.why, args...)
		switch by := s.replacedBy(); {
		case rest.Fate == Finished && by != nil:
			rest.Of, rest.recreated, rest.Released = by.Key, true, by.isReleased()
		case rest.Fate == Finished:
			rest.Of, rest.Obsolete = s.of.Key, s.live.Record.Phase == connection.PhaseNew && s.standing() != nil
		}
		return rest
	}
	return rest
}

func (s *stray) isForeign() bool { return s.live.Record.Project != s.project }

// isListedTwice reports whether the connection is a declared one: it was moved by hand while the
// lists were read, and is in several of them.
func (s *stray) isListedTwice() bool {
	other := s.ids[s.live.ID]
	return other != nil && other != s.live
}

func (s *stray) other() []any { return []any{"other", s.ids[s.live.ID].Key} }

func (s *stray) recreated() []any { return []any{"of", s.of.Key} }

// isLastWithCredentials reports whether deleting what a recreate has put aside would lose
// credentials that the connection in its place, if there is one, has not got: a change of owner may
// have taken them away.
func (s *stray) isLastWithCredentials() bool {
	return s.isHalfOfDeclared() && s.Places.IsLeftover(s.live, s.of.Key) && s.of.IsUnsupplied() &&
		s.live.Record.Phase == connection.PhaseDeposed && s.live.HasCredentials && (s.of.Live == nil || !s.of.Live.HasCredentials || s.of.OwnerDiffers())
}

// isFinished reports whether the delete of the connection needs no approval but that of the
// interrupted recreate: no limit counts it, and policy.prune does not matter. Names and marks prove
// nothing, so this is at most one new and one old connection for each declared key, and none where
// there are several. It is never a protected one: a recreate neither starts from a protected
// connection nor leaves one.
func (s *stray) isFinished() bool { return s.mayBeFinished() && s.halves[s.half()] == 1 }

// isReplaced reports whether a recreate has created the connection at another key, and was
// interrupted before it deleted this one.
func (s *stray) isReplaced() bool { return s.replacedBy() != nil }

// replacedBy returns the declared connection that has replaced this one; nil: none. Both must be as
// the recreate has left them: what has gone round a cycle of moved blocks also records where it came
// from. Neither protection nor credentials may be lost with the old one.
func (s *stray) replacedBy() *Pair {
	old, p := s.live, s.made[s.Places.Record(s.live.Key)]
	switch to, moved := s.moves.target[old.Key]; {
	case p == nil, old.Record.Phase != "", old.Record.Protected && !p.isReleased(), p.IsUnsupplied() && old.HasCredentials && !p.Live.HasCredentials:
		return nil
	case !s.recreates(old, p): // the record is of a cycle, or of what is finished
		return nil
	case !moved && s.moves.away[p.Key] != old.Key && s.explains(old.Record.Key, p.Key): // moved by hand, and brought back
		return p
	case moved && to == p.Key && old.Record.Moved == "" && s.Places.Fits(old.Record.Key, old.Key):
		return p
	}
	return nil
}

// recreates reports whether to bring a connection to the key of a declared one takes a recreate
// that records where the old one is.
func (s *stray) recreates(old *connection.Live, p *Pair) bool {
	if s.Snapshot.Capabilities.Space != connection.Recreate {
		return false
	}
	demands := s.rules.Assess(s.Difference(p.Target, old))
	return demands.Recreate.Holds() || s.files.UpdateOf(p.Desired) == connection.UpdateRecreate
}

func (s *stray) mayBeFinished() bool {
	return !s.isForeign() && s.isHalfOfDeclared() && !s.live.Record.Protected && s.Places.IsLeftover(s.live, s.of.Key) && !s.isLastWithCredentials()
}

func (s *stray) half() half { return half{s.of.Key, s.live.Record.Phase} }

// isPending reports whether moved blocks lead from the connection to a declared key that is taken.
func (s *stray) isPending() bool {
	_, moved := s.moves.target[s.live.Key]
	return moved && !s.isRecreatedElsewhere()
}

func (s *stray) isRecreatedElsewhere() bool {
	to, moved := s.moves.target[s.live.Key]
	return moved && s.isRecreated(s.live.Key, s.matcher.Live[to])
}

// isHalf reports whether the connection has the ownership record of an unfinished recreate.
func (s *stray) isHalf() bool { return s.live.Record.Phase != "" }

func (s *stray) isHalfOfDeclared() bool { return s.isHalf() && s.of != nil }

func (s *stray) isProtectedHalf() bool { return s.isHalfOfDeclared() && s.live.Record.Protected }

// isMisnamedHalf reports whether a half does not have a name that a recreate uses.
func (s *stray) isMisnamedHalf() bool {
	if s.of != nil {
		return s.isHalf() && !s.Places.IsLeftover(s.live, s.of.Key)
	}
	return s.isHalf() && !keyrecord.IsLeftoverOfAny(s.live)
}

// isHalfOfMoved reports whether the half is of a key at an end of a moved block.
func (s *stray) isHalfOfMoved() bool {
	if !s.isHalf() {
		return false
	}
	return s.ends()[s.live.Record.Key]
}

// ends returns the records of the keys at the ends of moved blocks.
func (s *strays) ends() map[string]bool {
	if s.moved == nil {
		s.moved = map[string]bool{}
		for from, to := range s.moves.away {
			for _, form := range append(s.Places.Forms(from), s.Places.Forms(to)...) {
				s.moved[form] = true
			}
		}
	}
	return s.moved
}

func (s *stray) isNamesake() bool {
	_, found := s.names.meant(s.live.Key)
	return found
}

func (s *stray) namesake() []any {
	declared, _ := s.names.meant(s.live.Key)
	own, other := connection.QuoteApart(s.live.Key.Name, declared.Name)
	return []any{"own", own, "other", other, "difference", connection.Resemblance(s.live.Key.Name, declared.Name)}
}

func (s *stray) isUnrecorded() bool { return s.live.Record.Key == "" }

// isUnexplained reports whether the record is of another key than the one at which the connection
// is, and no moved block explains that: it was renamed, moved or copied by hand. Which of these
// cannot be told from one connection alone.
func (s *stray) isUnexplained() bool { return !s.explains(s.live.Record.Key, s.live.Key) }

// standing returns the connection of ours that is at the key of the declared one; nil: none.
func (s *stray) standing() *connection.Live {
	if live := s.of.Live; live != nil && live.Record.Project == s.project && live.Key == s.of.Key {
		return live
	}
	return nil
}
