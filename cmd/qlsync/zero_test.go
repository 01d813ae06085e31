package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/transport"
)

// TestEveryLineOfZeroToleranceHasItsTests reads the list in docs/reference/security.md.
func TestEveryLineOfZeroToleranceHasItsTests(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Zero tolerance\n")
	if !found {
		t.Fatal("docs/reference/security.md has no section \"Zero tolerance\"")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	tests := testsOf(t, "../..")
	kinds := map[string]int{"leak": 0, "foreign delete": 0, "token elsewhere": 0, "unbounded": 0, "non-atomic": 0}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| kind ") {
			continue
		}
		kind := strings.TrimSpace(cells[0])
		if _, known := kinds[kind]; !known || len(cells) != 3 {
			t.Errorf("a line of another kind or form: %s", line)
			continue
		}
		kinds[kind]++
		names := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[2], -1)
		if len(names) == 0 {
			t.Errorf("no test is named for: %s", line)
		}
		for _, name := range names {
			if !slices.Contains(tests, name[1]) {
				t.Errorf("the list names the test %s, which does not exist, for: %s", name[1], cells[1])
			}
		}
	}
	for kind, lines := range kinds {
		if lines == 0 {
			t.Errorf("the list has no line of the kind %q", kind)
		}
	}
}

// testsOf lists the tests of a module by name.
func testsOf(t *testing.T, root string) []string {
	t.Helper()
	var tests []string
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\) \{`)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, test := range declared.FindAllSubmatch(text, -1) {
			tests = append(tests, string(test[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

// TestACrashShowsNoSecret panics with a value that quotes secrets of the run in every
// encoding, from a function that has secrets among its arguments.
func TestACrashShowsNoSecret(t *testing.T) {
	const secret = `canary-7F3a"/&+<é> 51d0e2ab`
	for i, encode := range quotations {
		var stderr bytes.Buffer
		env := &environment{stdout: &stderr, stderr: &stderr, secrets: transport.NewRedactor(secret)}
		got := env.crashed(guard.Try(func() {
			crash(secret, fmt.Sprintf("400: the body was {%s}\x1b[31m", encode(secret)))
		}))
		if got == exitOK {
			t.Errorf("a crash ends with %d, as a success", got)
		}
		for j, look := range quotations {
			form := strings.TrimRight(strings.Trim(strings.TrimSpace(look(secret)), `"`), "=")
			if strings.Contains(stderr.String(), form) {
				t.Errorf("a crash that quotes a secret (encoding %d) shows it (encoding %d):\n%s", i, j, stderr.String())
			}
		}
		if !strings.Contains(stderr.String(), "qlsync has crashed") || !strings.Contains(stderr.String(), "zero_test.go") || strings.Contains(stderr.String(), "\x1b") {
			t.Errorf("a crash does not say what happened and where, or steers the terminal:\n%s", stderr.String())
		}
	}
}

//go:noinline
func crash(secret, quoted string) {
	if secret != "" {
		panic(quoted)
	}
}
