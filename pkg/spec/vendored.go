package spec

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
