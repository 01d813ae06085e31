// Package vendored stores the schemas of data sources in a folder of the project, and compares them
// with a tenant's.
package vendored

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Read reads the folder of vendored schemas: each file ID.json is the answer of the service for the
// data source ID. A folder that does not exist is empty. Hidden files and folders are ignored.
// Links may lead to places in the folder and in the project. The limits of the folder are
// multiplied by raise; zero means one.
func Read(at workdir.Dir, dir, project string, raise int) (map[string][]byte, connection.Problems) {
	if _, err := infile.Inside(at.Path(project), at.Path(dir)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, connection.Problems{readProblem(dir, err)}
	}
	found, failures := infile.Walk{
		Root: dir, Project: project, At: at,
		Take:  func(names []string) bool { return len(names) == 1 && strings.HasSuffix(names[0], vendoredExtension) },
		Enter: func([]string) bool { return false },
	}.Files()
	var problems connection.Problems
	for _, failure := range failures {
		problems = append(problems, readProblem(failure.Path, failure.Err))
	}
	specs := map[string][]byte{}
	if most := limits.SchemaCount.At(raise); int64(len(found)) > most {
		return specs, append(problems, messages.FileProblem(dir, connection.Because("too-many-schema-files", "limit", limits.Grouped(most))))
	}
	most := limits.SchemaFolder.At(raise)
	left := most
	for _, file := range found {
		text, problem := readJSON(at, file.Path)
		if left -= int64(len(text)); left < 0 {
			return specs, append(problems, messages.FileProblem(dir, connection.Because("schemas-too-large", "limit", limits.Size(most))))
		}
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		specs[strings.TrimSuffix(filepath.Base(file.Path), vendoredExtension)] = text
	}
	return specs, problems
}

const vendoredExtension = ".json"

// readProblem returns the problem of a file or folder that cannot be read.
func readProblem(path string, err error) connection.Problem {
	reason := connection.Because("schema-file-not-readable", "reason", infile.Reason(err))
	var broken *infile.BrokenLinkError
	switch {
	case errors.Is(err, infile.ErrUTF16):
		reason = connection.Because("schema-file-in-utf16")
	case errors.Is(err, infile.ErrLeaves):
		reason = connection.Because("schema-link-out-of-project")
	case errors.As(err, &broken), errors.Is(err, infile.ErrLinkLoop):
		reason.Code = "schema-broken-link"
	}
	return messages.FileProblem(path, reason)
}

// Compare returns a warning for each data source whose vendored schema differs from the tenant's.
// Vendored schemas are used by editors and offline checks only, so a difference misleads, but does
// no harm.
func Compare(dir string, vendored, tenant *connection.Catalog) connection.Problems {
	var problems connection.Problems
	for _, id := range slices.Sorted(maps.Keys(tenant.DataSources)) {
		ours, theirs := vendored.DataSources[id], tenant.DataSources[id]
		if ours == nil || theirs == nil {
			continue
		}
		var reason connection.Reason
		switch {
		case ours.Version != theirs.Version:
			reason = connection.Because("schema-of-other-version", "dataSource", id, "version", ours.Version, "tenantVersion", theirs.Version)
		case canonicalSchema(ours.Schema) != canonicalSchema(theirs.Schema):
			reason = connection.Because("schema-differs", "dataSource", id, "version", ours.Version)
		default:
			continue
		}
		problem := messages.FileProblem(filepath.Join(dir, id+".json"), reason)
		problem.Severity = connection.SeverityWarning
		problems = append(problems, problem)
	}
	return problems
}

// canonicalSchema returns one text for all equivalent notations of a schema; the text itself if it
// is not JSON.
func canonicalSchema(text []byte) string {
	doc, err := jsontext.Decode(text)
	if err != nil {
		return string(text)
	}
	sortSets(doc)
	return connection.Canonical(doc)
}

// sets are the keywords of a schema whose lists have no order.
var sets = []string{"enum", "required", "type"}

// sortSets sorts the lists that are sets, and removes duplicates.
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

// readJSON reads a file that must contain one JSON value.
func readJSON(at workdir.Dir, path string) ([]byte, *connection.Problem) {
	text, err := infile.Read(at.Path(path), spec.MaxSchema)
	if err == nil {
		text, err = infile.Text(text)
	}
	var problem connection.Problem
	var large *infile.TooLargeError
	switch {
	case errors.As(err, &large):
		problem = messages.FileProblem(path, connection.Because("schema-file-too-large"))
	case err != nil:
		problem = readProblem(path, err)
	default:
		var value json.RawMessage
		err := json.Unmarshal(text, &value)
		if err == nil {
			return text, nil
		}
		problem = messages.FileProblem(path, connection.Because("invalid-json", "reason", jsontext.Reason(err)))
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			problem.Position = connection.PositionIn(problem.Position.File, text, max(0, int(syntax.Offset)-1))
		}
	}
	return nil, &problem
}
