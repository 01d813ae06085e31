package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A room receives its working directory and environment as parameters, from [environment]
// through engine.Host, so that several runs can share a process.
var (
	processState = []string{
		"os.Getwd", "os.Chdir", "os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "filepath.Abs", "os.Stdin", "os.Stdout", "os.Stderr",
	}
	// mayUse are the places where the process itself is meant, with what they use of it.
	mayUse = map[string][]string{
		"cmd/qlsync/main.go":           {"os.Stdin", "os.Stdout", "os.Stderr", "os.LookupEnv"},
		"cmd/qlsync/ending.go":         {"os.Stdout"},                // its name in the error of a write
		"internal/workdir/workdir.go":  {"os.Getwd", "filepath.Abs"}, // for an empty folder
		"internal/infile/infile.go":    {"os.Stdin"},                 // /dev/stdin
		"internal/infile/path.go":      {"filepath.Abs"},             // of a path that can be opened
		"internal/infile/walk.go":      {"filepath.Abs"},             // of a path that can be opened
		"internal/resolver/command.go": {"os.Environ"},               // where no other environment is given
		"internal/transport/proxy.go":  {"os.Getenv"},                // net/http reads the proxies of the process
	}
)

func TestTheRoomsTakeTheWorkingDirectoryAndTheEnvironmentAsParameters(t *testing.T) {
	root := filepath.Join("..", "..")
	used := map[string][]string{}
	for _, folder := range []string{"cmd", "internal", "pkg", "schemas", "examples"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			found, err := selectorsIn(path)
			used[filepath.ToSlash(name)] = found
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for file, selectors := range used {
		for _, selector := range selectors {
			if slices.Contains(processState, selector) && !slices.Contains(mayUse[file], selector) {
				t.Errorf("%s uses %s: take it as a parameter, see engine.Host", file, selector)
			}
		}
	}
	for file, selectors := range mayUse {
		for _, selector := range selectors {
			if !slices.Contains(used[file], selector) {
				t.Errorf("%s does not use %s any more: remove the exception", file, selector)
			}
		}
	}
}

// selectorsIn lists what a file uses of packages, as in "os.Getwd".
func selectorsIn(path string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []string
	ast.Inspect(file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if of, ok := selector.X.(*ast.Ident); ok {
				found = append(found, of.Name+"."+selector.Sel.Name)
			}
		}
		return true
	})
	return found, nil
}
