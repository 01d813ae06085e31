package targets

import (
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Namesake says that another connection than the live one, which may be nil, has the name of the key
// but for letter case or normalisation: whether the service distinguishes them is not documented.
func (t *Tenant) Namesake(key connection.Key, live *connection.Live) connection.Reason {
	for _, other := range t.folded[connection.FoldKey(key)] {
		if other.Key != key && other != live {
			return Contrast("namesake", key.String(), other.Key.String(), connection.Resemblance(key.Name, other.Key.Name))
		}
	}
	return connection.Reason{}
}

// NoSpace says that a space does not exist, and which one may be meant.
func (t *Tenant) NoSpace(ref connection.SpaceRef) connection.Reason {
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

// maxTypos is how many of them are compared letter by letter.
const maxTypos = 100

func (t *Tenant) meantSpace(ref connection.SpaceRef, compared bool) connection.Reason {
	if !compared {
		return connection.Because("no-space", "space", ref)
	}
	var names []string
	for _, space := range t.Snapshot.Spaces {
		names = append(names, space.Name)
		switch differ := connection.Resemblance(ref.Name, space.Name); {
		case ref.Name == "" || differ == "":
		case differ == connection.LetterCase:
			return connection.Because("no-space-case", "space", ref, "meant", space.Name)
		default:
			return Contrast("no-space-alike", ref.Name, space.Name, differ).With("space", ref)
		}
	}
	if len(ref.Name) > 2 && len(t.noSpaces) < maxTypos { // of two letters, everything is a typo
		if likely := words.Closest(ref.Name, names, 1); len(likely) > 0 {
			return connection.Because("no-space-typo", "space", ref, "meant", likely[0])
		}
	}
	return connection.Because("no-space", "space", ref)
}
