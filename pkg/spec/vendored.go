package spec

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// ToJSON turns YAML text, one document, into JSON. The file is named in problems.
func ToJSON(file string, text []byte) ([]byte, connection.Problems) {
	root, problems := parseYAML(file, text)
	if len(problems) > 0 {
		problems.Sort()
		return nil, problems
	}
	encoded, err := json.Marshal(root.value())
	if err != nil {
		// The tree is in the JSON model.
		panic("spec: tree is not JSON: " + err.Error())
	}
	return encoded, nil
}

// maxVendored is how large a vendored schema may be, in bytes.
const maxVendored = 4 << 20

// VendoredSpecs reads the folder of vendored schemas: for each file ID.json the
// answer of the service for the data source ID. A folder that does not exist
// holds none. Hidden files and folders are passed over.
func VendoredSpecs(dir string) (map[string][]byte, connection.Problems) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, connection.Problems{fileProblem(dir, "read folder: "+reason(err))}
	}
	specs := map[string][]byte{}
	var problems connection.Problems
	for _, entry := range entries {
		id, isJSON := strings.CutSuffix(entry.Name(), ".json")
		if !isJSON || id == "" || strings.HasPrefix(id, ".") || entry.IsDir() {
			continue
		}
		text, problem := readJSON(filepath.Join(dir, entry.Name()))
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		specs[id] = text
	}
	return specs, problems
}

// CompareVendored tells where the vendored schemas of a folder are not what the
// tenant says now: a warning for each data source that both have. What is vendored
// serves editors and checks without a network, so a difference misleads, and harms
// nothing.
func CompareVendored(dir string, vendored, tenant *connection.Catalog) connection.Problems {
	var problems connection.Problems
	for _, id := range slices.Sorted(maps.Keys(tenant.DataSources)) {
		ours, theirs := vendored.DataSources[id], tenant.DataSources[id]
		if ours == nil || theirs == nil {
			continue
		}
		difference := ""
		switch {
		case ours.Version != theirs.Version:
			difference = fmt.Sprintf("is of connector version %q, the tenant has %q", ours.Version, theirs.Version)
		case canonicalSchema(ours.Schema) != canonicalSchema(theirs.Schema):
			difference = fmt.Sprintf("differs from the tenant's, of the same connector version %q", ours.Version)
		default:
			continue
		}
		problem := fileProblem(filepath.Join(dir, id+".json"), fmt.Sprintf("the vendored schema of data source %q %s", id, difference))
		problem.Severity = connection.SeverityWarning
		problem.Hint = "see qlsync schemas check, and take it over with qlsync schemas pull"
		problems = append(problems, problem)
	}
	return problems
}

// canonicalSchema gives one text for every way to write the same schema; the text
// itself where it is no JSON.
func canonicalSchema(text []byte) string {
	doc, err := decodeSchema(text)
	if err != nil {
		return string(text)
	}
	sortSets(doc)
	return connection.Canonical(doc)
}

// sets are the keywords of a schema whose lists say the same in any order.
var sets = []string{"enum", "required", "type"}

// sortSets brings the lists that are sets into one order, each value once.
func sortSets(tree any) {
	switch node := tree.(type) {
	case map[string]any:
		for key, value := range node {
			sortSets(value)
			if list, ok := value.([]any); ok && slices.Contains(sets, key) {
				slices.SortFunc(list, func(a, b any) int { return cmp.Compare(connection.Canonical(a), connection.Canonical(b)) })
				node[key] = slices.CompactFunc(list, connection.Equal)
			}
		}
	case []any:
		for _, item := range node {
			sortSets(item)
		}
	}
}

// readJSON reads a file that must hold one JSON value.
func readJSON(path string) ([]byte, *connection.Problem) {
	text, err := readBounded(path, maxVendored)
	var problem connection.Problem
	switch {
	case err != nil:
		problem = fileProblem(path, "read file: "+reason(err))
	case len(text) > maxVendored:
		problem = fileProblem(path, "the file is too large for a schema")
	default:
		var value json.RawMessage
		err := json.Unmarshal(text, &value)
		if err == nil {
			return text, nil
		}
		problem = fileProblem(path, "not valid JSON: "+err.Error())
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			problem.Position = textPosition(problem.Position.File, text, max(0, int(syntax.Offset)-1))
		}
	}
	return nil, &problem
}

// fileProblem is about a file as a whole.
func fileProblem(path, message string) connection.Problem {
	return connection.Problem{
		Position: connection.Position{File: filepath.ToSlash(path)},
		Severity: connection.SeverityError,
		Message:  message,
	}
}
