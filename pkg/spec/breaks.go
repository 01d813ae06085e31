package spec

import (
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Break is a declared connection that one state of the schemas refuses and another
// does not.
type Break struct {
	Connection connection.Key
	Problems   connection.Problems
}

// Breaks finds the connections that the schemas of one catalog accept and those of
// the other refuse, in the order of the set.
func Breaks(set []connection.Desired, ours, theirs *connection.Catalog) []Break {
	known := map[string]bool{}
	for _, problem := range CheckProperties(set, ours) {
		known[problem.Error()] = true
	}
	sources, _ := prepareSources(set, theirs)
	var broken []Break
	for i := range set {
		d := &set[i]
		found := unknownSource(d, theirs)
		switch source := sources[d.DataSource]; {
		case source != nil:
			found = Collect(source.check(d))
		case theirs.DataSources[d.DataSource] != nil:
			continue
		}
		found = slices.DeleteFunc(found, func(p connection.Problem) bool {
			return p.Severity == connection.SeverityWarning || known[p.Error()]
		})
		if len(found) > 0 {
			broken = append(broken, Break{connection.Key{Space: d.Space.String(), Name: d.Name}, found})
		}
	}
	return broken
}
