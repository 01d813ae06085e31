package spec

import (
	"path"
	"strconv"
	"strings"
)

// glob is a pattern for the path of a file, one segment for each name. The segment ** matches any
// number of folders, including none; other segments match as in [path.Match]. An empty glob matches
// every path.
//
// A path is matched name by name, with the set of possible next segments. The work is therefore
// bounded by segments × names for every pattern.
type glob []string

// maxGlob is how many segments a glob may have: the set of them is the bits of a number.
const maxGlob = 60

// splitGlob splits an entry into the folder or file before the first wildcard,
// and the pattern below it.
func splitGlob(entry string) (root string, pattern glob) {
	segments := strings.Split(path.Clean(entry), "/")
	for i, segment := range segments {
		if !strings.ContainsAny(segment, "*?[") {
			continue
		}
		if i == 0 {
			return ".", segments
		}
		return strings.Join(segments[:i], "/") + "/", segments[i:]
	}
	return entry, nil
}

// places is a set of possible next segments; the bit after the last one is the end.
type places uint64

// after returns the set after some names.
func (g glob) after(names []string) places {
	at := g.skip(1)
	for _, name := range names {
		var next places
		for i, segment := range g {
			switch {
			case at&(1<<i) == 0:
			case segment == "**":
				next |= 1 << i
			default:
				if matched, err := path.Match(segment, name); err == nil && matched {
					next |= 1 << (i + 1)
				}
			}
		}
		at = g.skip(next)
	}
	return at
}

// skip adds the segments after every ** in the set.
func (g glob) skip(at places) places {
	for i, segment := range g {
		if at&(1<<i) != 0 && segment == "**" {
			at |= 1 << (i + 1)
		}
	}
	return at
}

// matches reports whether the names are the path of a file that the glob names.
func (g glob) matches(names []string) bool {
	return len(g) == 0 || g.after(names)&(1<<len(g)) != 0
}

// mayMatchBelow reports whether a folder may hold files that the glob names.
func (g glob) mayMatchBelow(names []string) bool {
	return len(g) == 0 || g.after(names)&(1<<len(g)-1) != 0
}

// state returns the same text for all folders below which the glob selects the same files.
func (g glob) state(names []string) string {
	if len(g) == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(g.after(names)), 16)
}
