package simulator_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/qlsync/qlsync/"

// sources returns the parsed files of the program below a folder, without tests, by their paths.
func sources(t *testing.T, root string, mode parser.Mode) (*token.FileSet, map[string]*ast.File) {
	t.Helper()
	set, files := token.NewFileSet(), map[string]*ast.File{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files[path], err = parser.ParseFile(set, path, nil, mode)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d files were found below %s, want the whole program", len(files), root)
	}
	return set, files
}

func importsOf(t *testing.T, file *ast.File) []string {
	t.Helper()
	var names []string
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// TestTheSimulatorsImportNothingOfOurs keeps the embedded services independent of the client: what both would take from
// one package of this module, both would have wrong in the same way.
func TestTheSimulatorsImportNothingOfOurs(t *testing.T) {
	_, files := sources(t, ".", parser.ImportsOnly)
	for path, file := range files {
		for _, name := range importsOf(t, file) {
			if strings.HasPrefix(name, module) && !strings.HasPrefix(name+"/", module+"pkg/simulator/") {
				t.Errorf("%s imports %s: an embedded service must not share code with the client", path, name)
			}
		}
	}
}

// TestTheProgramDoesNotLookBehindTheAPI keeps the packages inspect for tests.
func TestTheProgramDoesNotLookBehindTheAPI(t *testing.T) {
	for _, root := range []string{"../../pkg", "../../internal", "../../cmd"} {
		_, files := sources(t, root, parser.ImportsOnly)
		for path, file := range files {
			for _, name := range importsOf(t, file) {
				if strings.HasPrefix(name, module+"pkg/simulator/") && strings.HasSuffix(name, "/inspect") {
					t.Errorf("%s imports %s, which is for tests", path, name)
				}
			}
		}
	}
}

// TestFilesDependDownwardsOnly demands an order of the files of each package in which every use of a declaration in
// another file points to an earlier file.
func TestFilesDependDownwardsOnly(t *testing.T) {
	set, files := sources(t, ".", parser.SkipObjectResolution)
	packages := map[string][]*ast.File{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], files[path])
	}
	for folder, files := range packages {
		uses := fileUses(set, files)
		for len(uses) > 0 {
			before := len(uses)
			for file, others := range uses {
				if !slices.ContainsFunc(slices.Collect(maps.Keys(others)), func(other string) bool { _, left := uses[other]; return left }) {
					delete(uses, file)
				}
			}
			if len(uses) == before {
				t.Errorf("%s: these files use one another in a circle, or stand above one: %v", folder, uses)
				break
			}
		}
	}
}

// fileUses returns for each file of a package the other files that it uses, with a name declared there. Imports are not
// read, so a method on a value of another package is not seen.
func fileUses(set *token.FileSet, files []*ast.File) map[string]map[string]string {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: nothing{}, Error: func(error) {}}
	this, _ := config.Check("p", set, files, info) // the imports are missing
	at := func(pos token.Pos) string { return filepath.Base(set.Position(pos).Filename) }
	uses := map[string]map[string]string{}
	for _, file := range files {
		uses[at(file.Pos())] = map[string]string{}
	}
	for name, object := range info.Uses {
		_, method := object.(*types.Func)
		if object.Pkg() != this || object.Parent() != this.Scope() && !method {
			continue
		}
		if from, to := at(name.Pos()), at(object.Pos()); from != to {
			uses[from][to] = object.Name()
		}
	}
	return uses
}

// nothing imports no package.
type nothing struct{}

func (nothing) Import(string) (*types.Package, error) { return nil, errors.New("not read") }
