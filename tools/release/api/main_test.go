package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestABreakOfTheAPIMustBeInTheChangelog(t *testing.T) {
	const (
		source    = "package a\n\ntype Plan struct{ Hash string }\n\nfunc (*Plan) Run() {}\n\nfunc Old() {}\n"
		changelog = "# Changelog\n\n## [Unreleased]\n\n"
		released  = "\n## [0.1.0]\n\n- `pkg/a.Old` is an old text\n"
	)
	for name, test := range map[string]struct {
		source, unreleased string
		missing            []string // in the error; nil: no error
	}{
		"nothing has changed":            {source, "", nil},
		"a function is new":              {source + "\nfunc New() {}\n", "", nil},
		"a function is removed":          {strings.ReplaceAll(source, "func Old() {}", ""), "", []string{"`pkg/a.Old`"}},
		"a removed function is named":    {strings.ReplaceAll(source, "func Old() {}", ""), "- `pkg/a.Old` is removed\n", nil},
		"a method and a field change":    {strings.NewReplacer("Run()", "Run(int)", "Hash string", "Hash int").Replace(source), "- `pkg/a.Plan.Run`\n", []string{"`pkg/a.Plan.Hash`"}},
		"the package is for itself only": {"", "", []string{"`pkg/a`"}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := repository(t, source)
			write(t, folder, "CHANGELOG.md", changelog+test.unreleased+released)
			var out bytes.Buffer
			if err := check(&out, folder); err != nil || !strings.Contains(out.String(), "NOT COMPARED") {
				t.Fatalf("without a tag, got the output %q and the error %v; want a text that nothing was compared", out.String(), err)
			}
			for _, args := range [][]string{
				{"tag", "v0.1.0"}, {"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--allow-empty", "-m", "second"},
			} {
				if _, err := git(folder, args...); err != nil {
					t.Fatal(err)
				}
			}
			if test.source == "" {
				if err := os.RemoveAll(filepath.Join(folder, "pkg", "a")); err != nil {
					t.Fatal(err)
				}
			} else {
				write(t, folder, "pkg/a/a.go", test.source)
			}
			out.Reset()
			err := check(&out, folder)
			if (err == nil) != (test.missing == nil) {
				t.Fatalf("got the error %v, want one: %t\n%s", err, test.missing != nil, out.String())
			}
			for _, name := range test.missing {
				if !strings.HasSuffix(err.Error(), "[Unreleased]: "+strings.Join(test.missing, ", ")) {
					t.Errorf("the error does not end with %s: %v", name, err)
				}
			}
		})
	}
}

// The commit of a release has its changes in a section of its own, and then gets the tag.
func TestAReleaseIsComparedWithTheOneBefore(t *testing.T) {
	folder := repository(t, "package a\n\nfunc Old() {}\n")
	write(t, folder, "pkg/a/a.go", "package a\n")
	for _, args := range [][]string{
		{"tag", "v0.1.0"},
		{"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-a", "-m", "second"},
		{"tag", "v0.2.0"},
	} {
		if _, err := git(folder, args...); err != nil {
			t.Fatal(err)
		}
	}
	for changelog, isNamed := range map[string]bool{
		"\n## [Unreleased]\n\n## [0.2.0]\n\n- `pkg/a.Old` is removed\n\n## [0.1.0]\n": true,
		"\n## [Unreleased]\n\n## [0.2.0]\n\n## [0.1.0]\n\n- `pkg/a.Old` is new\n":     false,
	} {
		write(t, folder, "CHANGELOG.md", changelog)
		var out bytes.Buffer
		if err := check(&out, folder); (err == nil) != isNamed || !strings.Contains(out.String(), "breaking since v0.1.0: pkg/a.Old") {
			t.Errorf("got the error %v and the output %q; want the comparison with v0.1.0, and an error: %t", err, out.String(), !isNamed)
		}
	}
}

// repository returns a new repository with two packages and one commit.
func repository(t *testing.T, source string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, "go.mod", "module example.com/m\n\ngo 1.26\n")
	write(t, folder, "pkg/a/a.go", source)
	write(t, folder, "pkg/b/b.go", "package b\n")
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"add", "."},
		{"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "first"},
	} {
		if _, err := git(folder, args...); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	file := filepath.Join(folder, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
