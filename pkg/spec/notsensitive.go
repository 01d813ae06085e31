package spec

import (
	"fmt"
	"strconv"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// checkLifted notes names under notSensitive that no connection with this list declares, and
// none of their data sources knows: defaults may speak of several data sources.
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
			problems = append(problems, connection.Problem{
				Position: at, Severity: connection.SeverityError,
				Message: fmt.Sprintf("notSensitive: data source %s has no property %q", d.DataSource, name),
				Hint:    words.DidYouMean(name, sources[d.DataSource].names),
			})
		}
	}
	return problems
}
