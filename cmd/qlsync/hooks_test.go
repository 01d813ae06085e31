package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/examples"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/schemas"
)

// The hooks of .pre-commit-hooks.yaml run as pre-commit runs them: the entry and the arguments,
// followed by the files of the repository that the pattern selects.
func TestTheHooksOfPreCommitRunOnAProject(t *testing.T) {
	var hooks []struct {
		ID, Entry, Language, Files string
		Passes                     *bool `json:"pass_filenames"`
	}
	readYAML(t, ".pre-commit-hooks.yaml", &hooks)
	folder := t.TempDir()
	quickstart, err := fs.Sub(examples.Quickstart, "quickstart")
	if err == nil {
		err = os.CopyFS(folder, quickstart)
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "connections", "finance.yaml")
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(want), "\n", "  \r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(id string) (int, string) {
		t.Helper()
		for _, hook := range hooks {
			if hook.ID != id {
				continue
			}
			line := strings.Fields(hook.Entry)
			if hook.Passes == nil || *hook.Passes {
				line = append(line, selected(t, folder, hook.Files)...)
			}
			var out strings.Builder
			env := &environment{stdin: strings.NewReader(""), stdout: &out, stderr: &out, workDir: workdir.Dir(folder), lookup: func(string) (string, bool) { return "", false }}
			return env.run(context.Background(), line), out.String()
		}
		t.Fatalf("there is no hook %s", id)
		return 0, ""
	}
	if code, out := run("qlsync-fmt"); code != exitOK || !strings.Contains(out, "connections/finance.yaml\nFormatted 1 of 2 files.") {
		t.Errorf("the hook ends with %d and says %q, want 0 and one file of two", code, out)
	}
	if got, err := os.ReadFile(file); err != nil || strings.ReplaceAll(string(got), "\r", "") != string(want) {
		t.Errorf("the file is\n%s\n(%v), want it formatted:\n%s", got, err, want)
	}
	if code, out := run("qlsync-validate"); code != exitOK {
		t.Errorf("the hook ends with %d and says %q, want 0 for a valid project", code, out)
	}
	if err := os.WriteFile(file, []byte("version: 1\nconnexions: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := run("qlsync-validate"); code != exitError || !strings.Contains(out, `connections/finance.yaml:2:1: error: unknown field "connexions"`) {
		t.Errorf("the hook ends with %d and says %q, want 1 and the mistake", code, out)
	}
}

// The entry has the form of the catalogue of SchemaStore, and its address is a schema of this
// repository that describes exactly the file it is for.
func TestTheEntryForSchemaStoreLeadsToTheSchemaOfTheProjectFile(t *testing.T) {
	text, err := os.ReadFile("../../schemas/schemastore/catalog-entry.json")
	if err != nil {
		t.Fatal(err)
	}
	var entry struct {
		Name, Description, URL string
		FileMatch              []string
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&entry); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(entry.FileMatch, []string{engine.ProjectFile}) || entry.Name == "" || entry.Description == "" {
		t.Errorf("the entry is %+v, want one with a name and a description for %s", entry, engine.ProjectFile)
	}
	file, found := strings.CutPrefix(entry.URL, "https://raw.githubusercontent.com/qlsync/qlsync/main/")
	schema, err := os.ReadFile(filepath.Join("../..", file))
	if !found || err != nil || !bytes.Equal(schema, schemas.Project()) {
		t.Errorf("%s is not the schema of the project file (%v)", entry.URL, err)
	}
}

// selected returns the files in a folder whose path matches a pattern.
func selected(t *testing.T, folder, pattern string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && regexp.MustCompile(pattern).MatchString(path) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
