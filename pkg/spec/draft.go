package spec

import (
	"encoding/json"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Draft reads the text of a connection file that is not among those of the project, for no
// tenant in particular. It returns the connections in the order of the text, with what
// stands under defaults, and the problems of the form, sorted. Where the text is no
// connection file there are only problems.
func (p *Project) Draft(file string, text []byte) ([]connection.Desired, connection.Problems) {
	root, problems := parseYAML(file, text)
	if root == nil {
		return nil, problems
	}
	n := &notes{file: file, problems: problems}
	n.checkStructure(p.formats.connections, root)
	r := &reader{project: p, tenant: &Tenant{}, scope: newScope("")}
	defaults := root.get("defaults")
	var set []connection.Desired
	for _, item := range root.get("connections").items() {
		set = append(set, r.connection(n, merge(defaults, item.value)))
	}
	return set, Collect(n.problems)
}

// StandsForMore reports whether a problem is not one itself, but says that there are more
// than [Collect] keeps.
func StandsForMore(problem connection.Problem) bool {
	return problem.Code == moreInFile || problem.Code == moreInAll
}

// UnknownProperty returns a function that reports whether a connection of the data source
// needs additionalProperties: allow to declare a property of that name.
func UnknownProperty(id string, source *connection.DataSource) func(name string) bool {
	schema, _ := prepareSource(id, source)
	return func(name string) bool {
		return schema != nil && len(schema.names) > 0 && !schema.open && !schema.knows(name)
	}
}

// CanBeDeclared reports whether a JSON value can stand in a file: within the limits of
// depth, length and numbers, with room for what is around it.
func CanBeDeclared(value any) bool { return canBeWritten(value, 0) }

func canBeWritten(value any, depth int) bool {
	if depth > maxDepth/2 {
		return false
	}
	switch value := value.(type) {
	case json.Number:
		return jsonNumber.MatchString(value.String()) && len(value) <= 400 && moderate(value.String())
	case string:
		return len(value) < maxScalar/2
	case []any:
		return !slices.ContainsFunc(value, func(item any) bool { return !canBeWritten(item, depth+1) })
	case map[string]any:
		for key, item := range value {
			if len(key) > maxScalar/2 || !canBeWritten(item, depth+1) {
				return false
			}
		}
		return len(value) < maxEntries
	}
	return true
}
