package spec

import (
	"strconv"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// checkLifted reports names under notSensitive that no connection with this list declares, and none
// of their data sources has: defaults may be for several data sources.
func checkLifted(set []connection.Desired, sources map[string]*sourceSchema) connection.Problems {
	known := map[string]bool{}
	for i := range set {
		for _, name := range set[i].NotSensitive {
			known[name] = known[name] || mayHave(sources[set[i].DataSource], &set[i], name)
		}
	}
	told := map[connection.Position]bool{}
	var problems connection.Problems
	for i := range set {
		d := &set[i]
		for n, name := range d.NotSensitive {
			at := d.PositionOf("/notSensitive/" + strconv.Itoa(n))
			if known[name] || told[at] {
				continue
			}
			told[at] = true
			reason := suggest(connection.Because("not-sensitive-unknown-property", "dataSource", d.DataSource, "property", name), name, sources[d.DataSource].names)
			problems = append(problems, messages.Problem(at, connection.SeverityError, reason))
		}
	}
	return problems
}
