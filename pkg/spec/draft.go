package spec

import (
	"encoding/json"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Draft parses the text of a connection file that is not part of the project, for no particular
// tenant. It returns the connections in the order of the text, with defaults merged, and the
// problems of the structure, sorted. For a text that is not a connection file it returns only
// problems.
func (p *Project) Draft(file string, text []byte) ([]connection.Desired, connection.Problems) {
	return draft(p, file, text, func(r *reader, n *notes, root *node) (set []connection.Desired) {
		defaults := root.get("defaults")
		for _, item := range root.get("connections").items() {
			set = append(set, r.connection(n, merge(defaults, item.value)))
		}
		return set
	})
}

// DraftSpaces is [Project.Draft] for the spaces that the text declares.
func (p *Project) DraftSpaces(file string, text []byte) ([]connection.DesiredSpace, connection.Problems) {
	return draft(p, file, text, func(r *reader, n *notes, root *node) (set []connection.DesiredSpace) {
		for _, item := range root.get("spaces").items() {
			set = append(set, r.space(n, item.value))
		}
		return set
	})
}

func draft[T any](p *Project, file string, text []byte, declared func(*reader, *notes, *node) []T) ([]T, connection.Problems) {
	root, problems := parseYAML(file, text)
	if root == nil {
		return nil, problems
	}
	n := &notes{file: file, problems: problems}
	n.checkStructure(p.formats.connections, root)
	set := declared(&reader{project: p, tenant: &Tenant{}, scope: newScope("")}, n, root)
	return set, Collect(n.problems)
}

// StandsForMore reports whether a problem only says that there are more than [Collect] keeps.
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

// CanBeDeclared reports whether a file can contain a JSON value: within the limits of depth, length
// and numbers, including the structure around it.
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
