package plan

import (
	"cmp"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/pkg/connection"
)

// fate is what becomes of a leftover.
type fate int

const (
	fateForeign    fate = iota // nobody's, or another project's: it stays
	fateKept                   // ours, and it stays for a reason
	fateFinished               // left by a recreate that was interrupted: its delete ends the recreate
	fateUndeclared             // ours, and no longer declared: policy.prune says what becomes of it
)

// leftover is a live connection that is no declared one.
type leftover struct {
	live *connection.Live
	fate fate
	kept connection.Reason // of what is [fateKept]
	// of is, of one that is [fateFinished], the key that was recreated; obsolete reports that the
	// connection is a new one, and that the one which it was to replace is at its key.
	of       connection.Key
	obsolete bool
	// elsewhere reports that its record is of another key, which moved blocks explain.
	elsewhere bool
	// recreated reports that it was to be moved, and a recreate of it is at the new key.
	recreated bool
	// released reports that the files lift the protection of what a recreate has replaced.
	released bool
}

// fates are the rules about a leftover. The first one that holds decides. Names, records and copies
// of them can be made by everybody who may edit the space, so what might be a declared connection,
// or the last one with its credentials, is kept.
var fates = []struct {
	holds func(*stray) bool
	fate  fate
	why   string             // the code of the reason why it is kept
	args  func(*stray) []any // of the reason
}{
	{(*stray).isForeign, fateForeign, "", nil},
	{(*stray).isListedTwice, fateKept, "kept-listed-twice", (*stray).other},
	{(*stray).isLastWithCredentials, fateKept, "kept-credentials", nil},
	{(*stray).isFinished, fateFinished, "", nil},
	{(*stray).isReplaced, fateFinished, "", nil},
	{(*stray).isPending, fateKept, "kept-pending", nil},
	{(*stray).isMisnamedHalf, fateKept, "kept-misnamed", nil},
	{(*stray).isProtectedHalf, fateKept, "kept-protected", (*stray).recreated},
	{(*stray).isHalfOfDeclared, fateKept, "kept-several", (*stray).recreated},
	{(*stray).isHalfOfMoved, fateKept, "kept-renamed", nil},
	{(*stray).isHalf, fateUndeclared, "", nil},
	{(*stray).isNamesake, fateKept, "kept-namesake", (*stray).namesake},
	{(*stray).isUnrecorded, fateKept, "kept-unrecorded", nil},
	{(*stray).isUnexplained, fateKept, "kept-unexplained", nil},
	{func(*stray) bool { return true }, fateUndeclared, "", nil},
}

// strays is what the rules look up.
type strays struct {
	*matcher
	byRecord map[string]*pair // the declared connections, by every form of their record
	ids      map[string]*connection.Live
	halves   map[half]int     // how many could be that half of a recreate
	made     map[string]*pair // the declared connections of ours that record where they come from, by that record
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
	of   *pair // the declared connection whose record it has; nil: none
}

// leave decides what becomes of each live connection in scope that no target has claimed.
func (found *matched) leave(m *matcher) {
	var left []*connection.Live
	for i := range m.snapshot.Connections {
		if live := &m.snapshot.Connections[i]; !m.claimed[live] && m.inScope[live.Key.Space] {
			left = append(left, live)
		}
	}
	if len(left) == 0 {
		return
	}
	all, begun := newStrays(m, found.pairs), map[connection.Key]*connection.Live{}
	found.recreated = map[string]bool{}
	for _, live := range left {
		if s := all.stray(live); s.mayBeFinished() {
			all.halves[s.half()]++
		}
	}
	for _, live := range left {
		rest := all.stray(live).decide()
		if rest.fate == fateFinished && live.Record.Phase == connection.PhaseNew && live.Key.Space == rest.of.Space {
			begun[rest.of] = live
		}
		found.leftovers = append(found.leftovers, rest)
		if rest.recreated {
			for _, form := range m.places.Forms(live.Key) {
				found.recreated[form] = true
			}
		}
	}
	found.begun = begun
}

func newStrays(m *matcher, pairs []pair) *strays {
	s := &strays{
		matcher: m, byRecord: make(map[string]*pair, len(pairs)), ids: make(map[string]*connection.Live, len(pairs)),
		halves: map[half]int{}, made: map[string]*pair{}, names: newNamesakes(pairs),
	}
	for i := range pairs {
		p := &pairs[i]
		for _, form := range m.places.Forms(p.key) {
			s.byRecord[form] = p
		}
		if live := p.live; live != nil && live.Key == p.key && live.Record.Project == m.project && live.Record.Moved != "" {
			s.made[live.Record.Moved] = p
		}
		for _, live := range []*connection.Live{p.live, m.live[p.key]} {
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

func (s *stray) decide() leftover {
	rest := leftover{live: s.live, recreated: s.isRecreatedElsewhere(), elsewhere: !s.places.Fits(s.live.Record.Key, s.live.Key)}
	for _, rule := range fates {
		if !rule.holds(s) {
			continue
		}
		var args []any
		if rule.args != nil {
			args = rule.args(s)
		}
		rest.fate, rest.kept = rule.fate, connection.Because(rule.why, args...)
		switch by := s.replacedBy(); {
		case rest.fate == fateFinished && by != nil:
			rest.of, rest.recreated, rest.released = by.key, true, by.isReleased()
		case rest.fate == fateFinished:
			rest.of, rest.obsolete = s.of.key, s.live.Record.Phase == connection.PhaseNew && s.standing() != nil
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

func (s *stray) recreated() []any { return []any{"of", s.of.key} }

// isLastWithCredentials reports whether deleting what a recreate has put aside would lose
// credentials that the connection in its place, if there is one, has not got: a change of owner may
// have taken them away.
func (s *stray) isLastWithCredentials() bool {
	return s.isHalfOfDeclared() && s.places.IsLeftover(s.live, s.of.key) && s.of.isUnsupplied() &&
		s.live.Record.Phase == connection.PhaseDeposed && s.live.HasCredentials && (s.of.live == nil || !s.of.live.HasCredentials || s.of.ownerDiffers())
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
func (s *stray) replacedBy() *pair {
	old, p := s.live, s.made[s.places.Record(s.live.Key)]
	switch to, moved := s.moves.target[old.Key]; {
	case p == nil, old.Record.Phase != "", old.Record.Protected && !p.isReleased(), p.isUnsupplied() && old.HasCredentials && !p.live.HasCredentials:
		return nil
	case !s.recreates(old, p): // the record is of a cycle, or of what is finished
		return nil
	case !moved && s.moves.away[p.key] != old.Key && s.explains(old.Record.Key, p.key): // moved by hand, and brought back
		return p
	case moved && to == p.key && old.Record.Moved == "" && s.places.Fits(old.Record.Key, old.Key):
		return p
	}
	return nil
}

// recreates reports whether to bring a connection to the key of a declared one takes a recreate
// that records where the old one is.
func (s *stray) recreates(old *connection.Live, p *pair) bool {
	if s.snapshot.Capabilities.Space != connection.Recreate {
		return false
	}
	demands := s.rules.Assess(s.difference(p.target, old))
	return demands.Recreate.Holds() || cmp.Or(p.Lifecycle.Update, s.update) == connection.UpdateRecreate
}

func (s *stray) mayBeFinished() bool {
	return !s.isForeign() && s.isHalfOfDeclared() && !s.live.Record.Protected && s.places.IsLeftover(s.live, s.of.key) && !s.isLastWithCredentials()
}

func (s *stray) half() half { return half{s.of.key, s.live.Record.Phase} }

// isPending reports whether moved blocks lead from the connection to a declared key that is taken.
func (s *stray) isPending() bool {
	_, moved := s.moves.target[s.live.Key]
	return moved && !s.isRecreatedElsewhere()
}

func (s *stray) isRecreatedElsewhere() bool {
	to, moved := s.moves.target[s.live.Key]
	return moved && s.isRecreated(s.live.Key, s.matcher.live[to])
}

// isHalf reports whether the connection has the ownership record of an unfinished recreate.
func (s *stray) isHalf() bool { return s.live.Record.Phase != "" }

func (s *stray) isHalfOfDeclared() bool { return s.isHalf() && s.of != nil }

func (s *stray) isProtectedHalf() bool { return s.isHalfOfDeclared() && s.live.Record.Protected }

// isMisnamedHalf reports whether a half does not have a name that a recreate uses.
func (s *stray) isMisnamedHalf() bool {
	if s.of != nil {
		return s.isHalf() && !s.places.IsLeftover(s.live, s.of.key)
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
			for _, form := range append(s.places.Forms(from), s.places.Forms(to)...) {
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
	if live := s.of.live; live != nil && live.Record.Project == s.project && live.Key == s.of.key {
		return live
	}
	return nil
}
