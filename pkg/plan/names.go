package plan

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// lookKey returns a key by what the eye sees of its name.
func lookKey(key connection.Key) connection.Key {
	return connection.Key{Space: key.Space, Name: connection.Skeleton(key.Name)}
}

// namesakeOf says that another connection has the name but for letter case or normalisation: whether
// the service tells them apart is not documented.
func (t *tenant) namesakeOf(p *pair) connection.Reason {
	for _, other := range t.folded[connection.FoldKey(p.key)] {
		if other.Key != p.key && other != p.live {
			return contrast("namesake", p.key.String(), other.Key.String(), connection.Resemblance(p.key.Name, other.Key.Name))
		}
	}
	return connection.Reason{}
}

// namesakes are the declared keys by which what is no longer declared is recognised as a name that
// was meant to stay.
type namesakes struct {
	folded map[connection.Key]connection.Key
	// created has, by looks, those that do not exist yet.
	created map[connection.Key]connection.Key
}

func newNamesakes(pairs []pair) namesakes {
	n := namesakes{map[connection.Key]connection.Key{}, map[connection.Key]connection.Key{}}
	for i := range pairs {
		p := &pairs[i]
		n.folded[connection.FoldKey(p.key)] = p.key
		if p.live == nil {
			n.created[lookKey(p.key)] = p.key
		}
	}
	return n
}

// meant returns the declared key that is the same as a live one but for letter case or
// normalisation, or that looks the same and is about to be created.
func (n namesakes) meant(live connection.Key) (declared connection.Key, found bool) {
	if declared, found = n.folded[connection.FoldKey(live)]; !found {
		declared, found = n.created[lookKey(live)]
	}
	return declared, found
}

// lookAlikes warns of each new connection whose name looks like that of a live one. Names that are
// equal without letter case or normalisation are refused instead.
func lookAlikes(snapshot *connection.Snapshot, pairs []pair) []remark {
	looks := map[connection.Key]connection.Key{}
	for i := range snapshot.Connections {
		live := snapshot.Connections[i].Key
		looks[lookKey(live)] = live
	}
	var remarks []remark
	for i := range pairs {
		p := &pairs[i]
		live, found := looks[lookKey(p.key)]
		if p.live != nil && (p.live.Key == p.key || p.live.Key == live) || !found || connection.FoldKey(live) == connection.FoldKey(p.key) {
			continue
		}
		remarks = append(remarks, remark{&p.key, contrast("looks-alike", p.key.Name, live.Name, connection.Resemblance(p.key.Name, live.Name))})
	}
	return remarks
}

// lookAlikeSpaces warns of declared spaces whose names look like the name of another space: a
// reader cannot tell in which of them the connections are.
func lookAlikeSpaces(snapshot *connection.Snapshot, pairs []pair) []remark {
	declared := map[string]bool{}
	for i := range pairs {
		if p := &pairs[i]; p.Space.Name != "" {
			declared[p.space.Name] = true
		}
	}
	spaces := map[string][]string{}
	for _, space := range snapshot.Spaces {
		look := connection.Skeleton(space.Name)
		spaces[look] = append(spaces[look], space.Name)
	}
	var remarks []remark
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		for _, other := range spaces[connection.Skeleton(name)] {
			if differ := connection.Resemblance(name, other); differ != "" && differ != connection.LetterCase {
				remarks = append(remarks, remark{nil, contrast("space-looks-alike", name, other, differ)})
			}
		}
	}
	return remarks
}

// noSpace says that a space does not exist, and which one may be meant.
func (t *tenant) noSpace(ref connection.SpaceRef) connection.Reason {
	at := plain(ref)
	reason, known := t.noSpaces[at]
	if !known {
		reason = t.meantSpace(ref, len(t.noSpaces) < maxMeant)
		t.noSpaces[at] = reason
	}
	return reason
}

// maxMeant is how many spaces that do not exist are compared with all others.
const maxMeant = 1000

func (t *tenant) meantSpace(ref connection.SpaceRef, compared bool) connection.Reason {
	if !compared {
		return connection.Because("no-space", "space", ref)
	}
	for _, space := range t.snapshot.Spaces {
		switch differ := connection.Resemblance(ref.Name, space.Name); {
		case ref.Name == "" || differ == "":
		case differ == connection.LetterCase:
			return connection.Because("no-space-case", "space", ref, "meant", space.Name)
		default:
			return contrast("no-space-alike", ref.Name, space.Name, differ).With("space", ref)
		}
	}
	return connection.Because("no-space", "space", ref)
}
