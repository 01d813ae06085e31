package plan

import (
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// places holds the spaces of a tenant by name, and knows how records refer to keys in
// them. Records are over the id of the space, which a rename does not change. Earlier
// versions wrote them over its name; both forms fit.
type places map[string]connection.Space

// newPlaces returns the spaces of the tenant, and those of moved blocks that are gone and
// whose id is known.
func newPlaces(snapshot *connection.Snapshot, moves []connection.Move) places {
	p := places{}
	for _, move := range moves {
		for _, ref := range []connection.SpaceRef{move.From.Space, move.To.Space} {
			if ref.ID != "" {
				p[ref.String()] = connection.Space{ID: ref.ID, Name: ref.String()}
			}
		}
	}
	for _, space := range snapshot.Spaces {
		delete(p, connection.SpaceRef{ID: space.ID}.String())
		p[space.Name] = space
	}
	return p
}

// keyIn returns the key of a name in a space as files refer to it.
func (p places) keyIn(ref connection.SpaceRef, name string) connection.Key {
	if ref.ID != "" {
		for _, space := range p {
			if space.ID == ref.ID {
				return connection.Key{Space: space.Name, Name: name}
			}
		}
	}
	return connection.Key{Space: ref.String(), Name: name}
}

// record returns the record of a key as it is written.
func (p places) record(key connection.Key) string {
	if space, known := p[key.Space]; known {
		return connection.KeyRecord(space, key.Name)
	}
	return connection.KeyDigest(key)
}

// forms returns every record that fits a key: the one that is written comes first.
func (p places) forms(key connection.Key) []string {
	return slices.Compact([]string{p.record(key), connection.KeyDigest(key)})
}

// fits reports whether a record is of the key.
func (p places) fits(record string, key connection.Key) bool {
	return record != "" && (record == p.record(key) || record == connection.KeyDigest(key))
}
