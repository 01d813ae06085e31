// Package keyrecord finds the declared key to which the ownership record or the temporary name of a
// live connection refers, and redacts the values that those records and the files call secret. It
// is pure.
package keyrecord

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Spaces holds the spaces of a tenant by name, and by the reference with their id, and computes the
// records of keys in them. A record is over the id of the space, which a rename does not change.
// Earlier versions wrote records over its name; both forms are accepted.
type Spaces map[string]connection.Space

// Of returns the spaces of the tenant, and the deleted spaces of moved blocks whose id is known.
func Of(snapshot *connection.Snapshot, moves []connection.Move) Spaces {
	s := Spaces{}
	for _, move := range moves {
		for _, ref := range []connection.SpaceRef{move.From.Space, move.To.Space} {
			if ref.ID != "" {
				s[ref.String()] = connection.Space{ID: ref.ID, Name: ref.String()}
			}
		}
	}
	for _, space := range snapshot.Spaces {
		if space.ID != "" {
			s[connection.SpaceRef{ID: space.ID}.String()] = space
		}
	}
	for _, space := range snapshot.Spaces {
		s[space.Name] = space
	}
	return s
}

// KeyIn returns the key of a name in a space as files refer to it.
func (s Spaces) KeyIn(ref connection.SpaceRef, name string) connection.Key {
	if space, known := s[ref.String()]; known && ref.ID != "" && space.ID == ref.ID {
		return connection.Key{Space: space.Name, Name: name}
	}
	return connection.Key{Space: ref.String(), Name: name}
}

// Record returns the record of a key in the form that is written.
func (s Spaces) Record(key connection.Key) string {
	if space, known := s[key.Space]; known {
		return connection.KeyRecord(space, key.Name)
	}
	return connection.KeyDigest(key)
}

// Forms returns every accepted record of a key, with the form that is written first.
func (s Spaces) Forms(key connection.Key) []string {
	return slices.Compact([]string{s.Record(key), connection.KeyDigest(key)})
}

// Apart returns the record of a connection that is not the one to which moved blocks lead the key.
// It matches no key, so that it is never taken for the record of a previous key.
func (s Spaces) Apart(to connection.Key) string {
	return connection.KeyDigest(connection.Key{Name: s.Record(to)})
}

// Fits reports whether a record is of the key.
func (s Spaces) Fits(record string, key connection.Key) bool {
	return record != "" && (record == s.Record(key) || record == connection.KeyDigest(key))
}

// prefixes are the prefixes of the names of connections on their way to a declared key. The record
// of the key follows, so such a name is unique.
var prefixes = map[connection.Way]string{
	connection.Beside:   "qlsync-new-",
	connection.Aside:    "qlsync-old-",
	connection.OnTheWay: "qlsync-temporary-",
}

// Name returns the name of a connection on such a way to the key. The planner appends a number if
// the name is taken.
func (s Spaces) Name(way connection.Way, to connection.Key) string {
	return prefixes[way] + s.Record(to)
}

// IsNamed reports whether a connection has a name of the way to the key.
func (s Spaces) IsNamed(live *connection.Live, way connection.Way, to connection.Key) bool {
	return slices.ContainsFunc(s.Forms(to), func(form string) bool { return strings.HasPrefix(live.Key.Name, prefixes[way]+form) })
}

// IsTemporary reports whether a name is the temporary one of a connection whose own name is taken.
func IsTemporary(name string) bool { return strings.HasPrefix(name, prefixes[connection.OnTheWay]) }

// IsLeftover reports whether a recreate of the key may have left the connection: a copy made by
// hand has another name.
func (s Spaces) IsLeftover(live *connection.Live, key connection.Key) bool {
	return live.Record.Phase != "" && s.IsNamed(live, wayOf(live), key)
}

// IsLeftoverOfAny is [Spaces.IsLeftover] for any key.
func IsLeftoverOfAny(live *connection.Live) bool {
	return live.Record.Key != "" && strings.HasPrefix(live.Key.Name, prefixes[wayOf(live)]+live.Record.Key)
}

// wayOf returns the way of a connection that an interrupted recreate has left.
func wayOf(live *connection.Live) connection.Way {
	if live.Record.Phase == connection.PhaseDeposed {
		return connection.Aside
	}
	return connection.Beside
}

// Only returns the one connection of the list that is on its way to the key: the one whose name has
// no number appended, preferably with the current form of the record, or else the only one. Nil:
// ambiguous.
func (s Spaces) Only(list []*connection.Live, to connection.Key) *connection.Live {
	for _, form := range s.Forms(to) {
		var exact []*connection.Live
		for _, live := range list {
			for _, prefix := range prefixes {
				if live.Key.Name == prefix+form {
					exact = append(exact, live)
				}
			}
		}
		if len(exact) == 1 {
			return exact[0]
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return nil
}
