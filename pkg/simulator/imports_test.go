package simulator

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestTheSimulatorsImportNothingOfOurs keeps the embedded services independent of the client: what both would take from
// one package of this module, both would have wrong in the same way.
func TestTheSimulatorsImportNothingOfOurs(t *testing.T) {
	const module, below = "github.com/qlsync/qlsync/", "github.com/qlsync/qlsync/pkg/simulator/"
	seen := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		seen++
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if strings.HasPrefix(name+"/", module) && !strings.HasPrefix(name+"/", below) {
				t.Errorf("%s imports %s: an embedded service must not share code with the client", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 30 {
		t.Errorf("only %d files were looked at, want all of the simulators", seen)
	}
}
