package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// lookKey returns a key by what the eye sees of its name.
func lookKey(key connection.Key) connection.Key {
	return connection.Key{Space: key.Space, Name: connection.Skeleton(key.Name)}
}

// refuseNamesake says that another connection has the name but for letter case or normalisation:
// whether the service tells them apart is not documented.
func (a *analysis) refuseNamesake(p *pair) string {
	for _, other := range a.folded[connection.FoldKey(p.key)] {
		if other.Key != p.key && other != p.live {
			own, others := connection.QuoteApart(p.key.String(), other.Key.String())
			return fmt.Sprintf("%s exists, and %s differs from it only in %s: declare the name as it exists, or rename it with a moved block",
				others, own, connection.Resemblance(p.key.Name, other.Key.Name))
		}
	}
	return ""
}

// namesakes are the declared keys by which what is no longer declared is recognised as a name that
// was meant to stay.
type namesakes struct {
	folded map[connection.Key]connection.Key
	// created has, by looks, those that do not exist yet.
	created map[connection.Key]connection.Key
}

func (a *analysis) namesakes() namesakes {
	n := namesakes{map[connection.Key]connection.Key{}, map[connection.Key]connection.Key{}}
	for i := range a.pairs {
		p := &a.pairs[i]
		n.folded[connection.FoldKey(p.key)] = p.key
		if p.live == nil {
			n.created[lookKey(p.key)] = p.key
		}
	}
	return n
}

// keep says why a connection that is not declared is not deleted: a declared name is the same but
// for letter case or normalisation, or looks the same and is about to be created. Empty: neither is.
func (n namesakes) keep(live connection.Key) string {
	declared, found := n.folded[connection.FoldKey(live)]
	if !found {
		declared, found = n.created[lookKey(live)]
	}
	if !found {
		return ""
	}
	quoted, meant := connection.QuoteApart(live.Name, declared.Name)
	return fmt.Sprintf("%s differs from the declared name %s only in %s", quoted, meant, connection.Resemblance(live.Name, declared.Name))
}

// warnOfLookAlikes warns of each new connection whose name looks like that of a live one.
// Names that are equal without letter case or normalisation are refused instead.
func (a *analysis) warnOfLookAlikes() {
	looks := map[connection.Key]connection.Key{}
	for i := range a.in.Snapshot.Connections {
		live := a.in.Snapshot.Connections[i].Key
		looks[lookKey(live)] = live
	}
	for i := range a.pairs {
		p := &a.pairs[i]
		live, found := looks[lookKey(p.key)]
		if p.live != nil && (p.live.Key == p.key || p.live.Key == live) || !found || connection.FoldKey(live) == connection.FoldKey(p.key) {
			continue
		}
		key := p.key
		own, other := connection.QuoteApart(p.key.Name, live.Name)
		a.warn(&key, fmt.Sprintf("the new name %s differs from the live connection %s only in %s", own, other, connection.Resemblance(p.key.Name, live.Name)))
	}
}

// warnOfLookAlikeSpaces warns of declared spaces whose names look like the name of another
// space: a reader cannot tell in which of them the connections are.
func (a *analysis) warnOfLookAlikeSpaces() {
	declared := map[string]bool{}
	for i := range a.pairs {
		if p := &a.pairs[i]; p.Space.Name != "" {
			declared[p.space.Name] = true
		}
	}
	spaces := map[string][]string{}
	for _, space := range a.in.Snapshot.Spaces {
		look := connection.Skeleton(space.Name)
		spaces[look] = append(spaces[look], space.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		for _, other := range spaces[connection.Skeleton(name)] {
			if differ := connection.Resemblance(name, other); differ != "" && differ != connection.LetterCase {
				own, others := connection.QuoteApart(name, other)
				a.warn(nil, fmt.Sprintf("the declared space %s differs from the space %s only in %s: check which of them the files mean", own, others, differ))
			}
		}
	}
}

// meantSpace returns the hint for a space that does not exist.
func (a *analysis) meantSpace(ref connection.SpaceRef) string {
	for _, space := range a.in.Snapshot.Spaces {
		switch differ := connection.Resemblance(ref.Name, space.Name); {
		case ref.Name == "" || differ == "":
		case differ == connection.LetterCase:
			return fmt.Sprintf("did you mean %q?", space.Name)
		default:
			own, other := connection.QuoteApart(ref.Name, space.Name)
			return fmt.Sprintf("did you mean %s? %s differs from it only in %s", other, own, differ)
		}
	}
	return "check the name, and that the token's user is a member"
}
