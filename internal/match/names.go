package match

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// lookKey returns a key by what the eye sees of its name.
func lookKey(key connection.Key) connection.Key {
	return connection.Key{Space: key.Space, Name: connection.Skeleton(key.Name)}
}

// namesakes are the declared keys by which what is no longer declared is recognised as a name that
// was meant to stay.
type namesakes struct {
	folded map[connection.Key]connection.Key
	// created has, by looks, those that do not exist yet.
	created map[connection.Key]connection.Key
}

func newNamesakes(pairs []Pair) namesakes {
	n := namesakes{map[connection.Key]connection.Key{}, map[connection.Key]connection.Key{}}
	for i := range pairs {
		p := &pairs[i]
		n.folded[connection.FoldKey(p.Key)] = p.Key
		if p.Live == nil {
			n.created[lookKey(p.Key)] = p.Key
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

// LookAlikes warns of names that a reader takes for others.
func (found *Found) LookAlikes(snapshot *connection.Snapshot) []targets.Remark {
	return append(found.lookAlikeConnections(snapshot), found.lookAlikeSpaces(snapshot)...)
}

// lookAlikeConnections warns of each new connection whose name looks like that of a live one. Names that are
// equal without letter case or normalisation are refused instead.
func (found *Found) lookAlikeConnections(snapshot *connection.Snapshot) []targets.Remark {
	looks := map[connection.Key]connection.Key{}
	for i := range snapshot.Connections {
		live := snapshot.Connections[i].Key
		looks[lookKey(live)] = live
	}
	var remarks []targets.Remark
	for i := range found.Pairs {
		p := &found.Pairs[i]
		live, known := looks[lookKey(p.Key)]
		if p.Live != nil && (p.Live.Key == p.Key || p.Live.Key == live) || !known || connection.FoldKey(live) == connection.FoldKey(p.Key) {
			continue
		}
		remarks = append(remarks, targets.Remark{About: &p.Key, Reason: targets.Contrast("looks-alike", p.Key.Name, live.Name, connection.Resemblance(p.Key.Name, live.Name))})
	}
	return remarks
}

// lookAlikeSpaces warns of declared spaces whose names look like the name of another space: a
// reader cannot tell in which of them the connections are.
func (found *Found) lookAlikeSpaces(snapshot *connection.Snapshot) []targets.Remark {
	declared := map[string]bool{}
	for i := range found.Pairs {
		if p := &found.Pairs[i]; p.Space.Name != "" {
			declared[p.TenantSpace.Name] = true
		}
	}
	spaces := map[string][]string{}
	for _, space := range snapshot.Spaces {
		look := connection.Skeleton(space.Name)
		spaces[look] = append(spaces[look], space.Name)
	}
	var remarks []targets.Remark
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		for _, other := range spaces[connection.Skeleton(name)] {
			if differ := connection.Resemblance(name, other); differ != "" && differ != connection.LetterCase {
				remarks = append(remarks, targets.Remark{About: nil, Reason: targets.Contrast("space-looks-alike", name, other, differ)})
			}
		}
	}
	return remarks
}
