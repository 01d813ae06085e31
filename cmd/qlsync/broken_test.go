package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/qlsync/qlsync/internal/report"
)

// corpus is the folder of broken projects. Each archive is one: connection files
// and, where it is about these, a project file or schemas of its own. Its last file
// is what validate says, to the letter.
var corpus = filepath.Join("..", "..", "testdata", "broken")

const (
	verdict       = "want.txt"
	usualProject  = "version: 1\nproject: acme\nvariables: {stage: dev}\ntenants: {demo: {url: \"sim:tenant.yaml\"}}\n"
	leastOfBroken = 60
)

func TestEveryBrokenFileIsReported(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join(corpus, "*.txtar"))
	if err != nil || len(archives) < leastOfBroken {
		t.Fatalf("got %d broken files (%v), want at least %d", len(archives), err, leastOfBroken)
	}
	shared, err := filepath.Abs(filepath.Join(corpus, "schemas"))
	if err != nil {
		t.Fatal(err)
	}
	for _, archive := range archives {
		name := strings.TrimSuffix(filepath.Base(archive), ".txtar")
		t.Run(name, func(t *testing.T) {
			archive, err := filepath.Abs(archive)
			if err != nil {
				t.Fatal(err)
			}
			project, err := txtar.ParseFile(archive)
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			unpack(t, folder, project, shared)
			t.Chdir(folder)
			got := verdictOf(t)
			if again := verdictOf(t); again != got {
				t.Errorf("the second run says something else:\n%s", cmp.Diff(got, again))
			}
			if got == "" {
				t.Fatal("got no problem, want at least one in a broken file")
			}
			last := &project.Files[len(project.Files)-1]
			if last.Name != verdict {
				t.Fatalf("its last file is %s, not %s", last.Name, verdict)
			}
			if *update && string(last.Data) != got {
				last.Data = []byte(got)
				if err := os.WriteFile(archive, txtar.Format(project), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(last.Data), got); diff != "" {
				t.Errorf("the verdicts differ from the golden file (-want +got):\n%s", diff)
			}
		})
	}
}

// unpack writes the files of a project, and what the usual one has where it has
// none of its own.
func unpack(t *testing.T, folder string, project *txtar.Archive, shared string) {
	t.Helper()
	files := map[string][]byte{"qlsync.yaml": []byte(usualProject)}
	schemas, err := filepath.Glob(filepath.Join(shared, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, schema := range schemas {
		text, err := os.ReadFile(schema)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Join("schemas", filepath.Base(schema))] = text
	}
	for _, file := range project.Files {
		if file.Name != verdict {
			files[file.Name] = bytes.ReplaceAll(file.Data, []byte("<BOM>"), []byte("\ufeff"))
		}
	}
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// verdictOf returns what validate says, one line for each problem.
func verdictOf(t *testing.T) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	runLine([]string{"qlsync", "validate", "--format", "json"}, nil, &stdout, &stderr)
	var found report.ProblemList
	if err := json.Unmarshal(stdout.Bytes(), &found); err != nil || stderr.Len() > 0 {
		t.Fatalf("got error %v, want JSON on stdout and nothing on stderr:\n%s\n%s", err, stdout.String(), stderr.String())
	}
	var lines strings.Builder
	if err := (report.Text{}).Problems(&lines, found.Problems); err != nil {
		t.Fatal(err)
	}
	return lines.String()
}
