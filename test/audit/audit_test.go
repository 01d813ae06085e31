package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the folder of the project.
var root = filepath.Join("..", "..")

// A person who wants to know whether a binary was made from these sources can build it again
// and compare. A path of the builder's computer in the binary would make that impossible.
func TestTheSameSourcesBuildTheSameBinaryInAnyFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("builds qlsync twice")
	}
	var first []byte
	for _, name := range []string{"a", "another folder"} {
		folder := filepath.Join(t.TempDir(), name)
		copySources(t, folder)
		build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-X main.release=v1.0.0", "-o", "qlsync.bin", "./cmd/qlsync")
		build.Dir = folder
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
		binary, err := os.ReadFile(filepath.Join(folder, "qlsync.bin"))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case bytes.Contains(binary, []byte(folder)):
			t.Errorf("the binary holds the path of its folder, %s", folder)
		case first == nil:
			first = binary
		case !bytes.Equal(first, binary):
			t.Error("the binaries of two folders with the same sources differ")
		}
	}
}

// copySources copies what the binary is built from.
func copySources(t *testing.T, folder string) {
	t.Helper()
	for _, name := range []string{"cmd", "internal", "pkg", "schemas", "examples"} {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Every module that qlsync is linked from is in the table of docs/reference/security.md: a
// dependency without a reason should not be there.
func TestEveryDependencyIsInTheTableOfTheDocuments(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "reference", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "./cmd/qlsync")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := map[string]bool{}
	for path := range strings.FieldsSeq(string(out)) {
		linked[path] = true
	}
	if len(linked) < 5 {
		t.Fatalf("only %d modules are linked: the list is wrong", len(linked))
	}
	documented := modulesOfTable(string(text))
	for path := range linked {
		if !documented[path] {
			t.Errorf("%s is linked and not in the table of dependencies in docs/reference/security.md: say why it is needed and who keeps it", path)
		}
	}
	for path := range documented {
		if !linked[path] {
			t.Errorf("docs/reference/security.md lists %s, which is not linked any more", path)
		}
	}
}

// modulesOfTable returns the modules that the first column of the table of dependencies
// names.
func modulesOfTable(text string) map[string]bool {
	_, table, _ := strings.Cut(text, "\n| module |")
	table, _, _ = strings.Cut(table, "\n\n")
	_, table, _ = strings.Cut(table, "\n")
	documented := map[string]bool{}
	for line := range strings.SplitSeq(table, "\n") {
		first := strings.SplitN(line, "|", 3)[1]
		for i, part := range strings.Split(first, "`") {
			if i%2 == 1 {
				documented[part] = true
			}
		}
	}
	return documented
}

// reports writes so many reports of vulnerabilities into a folder.
func reports(t *testing.T, count int) string {
	t.Helper()
	folder := t.TempDir()
	for i := range count {
		name := fmt.Sprintf("GO-2026-%04d", i)
		text := fmt.Sprintf(`{"id": %q, "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"name": "example.com/m%d"}}]}`, name, i%7)
		if i == 3 {
			text = fmt.Sprintf(`{"id": %q, "withdrawn": "2026-01-02T00:00:00Z", "affected": [{"package": {"name": "example.com/withdrawn"}}]}`, name)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestTheDatabaseListsEveryReportUnderItsModule(t *testing.T) {
	database := t.TempDir()
	count, err := writeDatabase(reports(t, fewest), database)
	if err != nil || count != fewest-1 {
		t.Fatalf("%d reports and the error %v, want %d: all but the withdrawn one", count, err, fewest-1)
	}
	text, err := os.ReadFile(filepath.Join(database, "index", "modules.json"))
	if err != nil {
		t.Fatal(err)
	}
	var modules []indexedModule
	if err := json.Unmarshal(text, &modules); err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, m := range modules {
		listed += len(m.Vulns)
	}
	if len(modules) != 7 || listed != fewest-1 {
		t.Errorf("%d modules with %d reports, want 7 with %d", len(modules), listed, fewest-1)
	}
}

func TestAnEmptyDatabaseIsAnErrorAndNotACleanResult(t *testing.T) {
	if _, err := writeDatabase(reports(t, 5), t.TempDir()); err == nil {
		t.Error("five reports pass for the whole database, so that every check would pass")
	}
}
