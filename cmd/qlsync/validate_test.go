package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/report"
)

// writeProject writes a project with these files, and goes to its folder.
func writeProject(t *testing.T, files map[string]string) {
	t.Helper()
	folder := t.TempDir()
	t.Chdir(folder)
	files["qlsync.yaml"] = usualProject
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheFirstOfVeryManyMistakesAreReported: a program wrote a file with forty thousand
// mistakes, and every format reports as many of them as a person can read.
func TestTheFirstOfVeryManyMistakesAreReported(t *testing.T) {
	writeProject(t, map[string]string{
		"connections/a.yaml": "version: 1\nconnections:\n" + strings.Repeat("- a\n", 40_000),
		"connections/b.yaml": "version: 2\n",
	})
	var stdout, stderr bytes.Buffer
	code := runLine([]string{
		"qlsync", "validate", "--report", "json=a.json", "--report", "github=a.github", "--report", "sarif=a.sarif", "--report", "junit=a.xml",
	}, nil, &stdout, &stderr)
	if code != exitError || stderr.Len() > 0 {
		t.Fatalf("exit code %d\n%s", code, stderr.String())
	}
	const told, rest, last = 1002, "more than 1,000 errors in this file. The others are not shown", `field "version" must be 1`
	read := func(name string) []byte {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var list report.ProblemList
	var scan struct{ Runs []struct{ Results []any } }
	var suites struct {
		Failures int `xml:"failures,attr"`
	}
	for _, err := range []error{
		json.Unmarshal(read("a.json"), &list), json.Unmarshal(read("a.sarif"), &scan), xml.Unmarshal(read("a.xml"), &suites),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for format, found := range map[string]int{
		"text":   strings.Count(stdout.String(), "error: "),
		"json":   len(list.Problems),
		"github": strings.Count(string(read("a.github")), "::error "),
		"sarif":  len(scan.Runs[0].Results),
		"junit":  suites.Failures,
	} {
		if found != told {
			t.Errorf("got %[2]d mistakes in the format %[1]s, want %d", format, found, told)
		}
	}
	for format, text := range map[string]string{
		"text": stdout.String(), "json": string(read("a.json")), "github": string(read("a.github")), "sarif": string(read("a.sarif")), "junit": string(read("a.xml")),
	} {
		text = strings.NewReplacer(`\"`, `"`, "&#34;", `"`).Replace(text)
		if !strings.Contains(text, rest) || !strings.Contains(text, last) {
			t.Errorf("%s leaves out that there is more, or the other file", format)
		}
	}
	if want := "connections/a.yaml:1003:3: error: " + rest + "\n"; !strings.Contains(stdout.String(), want) {
		t.Errorf("not said: %s", want)
	}
}

func TestWhatIsValidSteersNoTerminal(t *testing.T) {
	writeProject(t, map[string]string{
		"connections/a.yaml": "version: 1\nconnections: [{name: A, space: S, dataSource: \"x\\e[31m ##[error]\"}]\n",
	})
	var stdout bytes.Buffer
	runLine([]string{"qlsync", "validate"}, nil, &stdout, io.Discard)
	if want := `the properties of x\x1b[31m \x23#[error] (no schema`; !strings.Contains(stdout.String(), want) {
		t.Errorf("got %q, want the escaped name without a control character", stdout.String())
	}
}
