// Command api compares the exported Go API of the packages in pkg with that of the last release. A
// change that breaks programs must be listed in CHANGELOG.md, so that no release breaks them silently.
//
//	go run ./api ../..
package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/tools/go/packages"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: api REPOSITORY")
		os.Exit(1)
	}
	if err := check(os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

// check compares the working tree of a repository with its last release. It returns an error for a breaking
// change that the changelog does not list.
func check(out io.Writer, repository string) error {
	// A release is compared with the one before, and not with itself.
	tag, err := git(repository, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD^")
	if err != nil {
		fmt.Fprintln(out, "NOT COMPARED: there is no release yet (no tag v*), so nobody depends on the Go API of pkg.")
		return nil
	}
	folder, err := os.MkdirTemp("", "qlsync-api-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if _, err := git(repository, "clone", "--quiet", "--shared", "--no-checkout", ".", folder); err != nil {
		return err
	}
	if _, err := git(folder, "checkout", "--quiet", tag); err != nil {
		return err
	}
	before, err := load(folder)
	if err != nil {
		return err
	}
	after, err := load(repository)
	if err != nil {
		return err
	}
	changelog, err := os.ReadFile(filepath.Join(repository, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	return report(out, tag, breaks(before, after), string(changelog))
}

func git(folder string, args ...string) (string, error) {
	text, err := exec.Command("git", append([]string{"-C", folder}, args...)...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return "", fmt.Errorf("git %s: %s", strings.Join(args, " "), strings.TrimSpace(string(failed.Stderr)))
	}
	return strings.TrimSpace(string(text)), err
}

// load returns the packages of a repository that other modules can import, by their folder.
func load(repository string) (map[string]*packages.Package, error) {
	loaded, err := packages.Load(&packages.Config{
		Dir: repository, Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule,
	}, "./pkg/...")
	if err != nil {
		return nil, err
	}
	found := map[string]*packages.Package{}
	for _, one := range loaded {
		for _, problem := range one.Errors {
			return nil, problem
		}
		if folder := strings.TrimPrefix(one.PkgPath, one.Module.Path+"/"); !slices.Contains(strings.Split(folder, "/"), "internal") {
			found[folder] = one
		}
	}
	return found, nil
}

// breaks returns the changes after which a program may not compile, by the name of what has changed.
func breaks(before, after map[string]*packages.Package) map[string]string {
	found := map[string]string{}
	for folder, old := range before {
		now := after[folder]
		if now == nil {
			found[folder] = "removed"
			continue
		}
		for _, change := range apidiff.Changes(old.Types, now.Types).Changes {
			if name, what, _ := strings.Cut(change.Message, ": "); !change.Compatible {
				found[folder+"."+strings.NewReplacer("(*", "", "(", "", ")", "").Replace(name)] = what
			}
		}
	}
	return found
}

// report lists the changes, and returns an error for those that the changelog does not name above the section of the release.
func report(out io.Writer, tag string, breaks map[string]string, changelog string) error {
	later, _, _ := strings.Cut(changelog, "\n## ["+strings.TrimPrefix(tag, "v")+"]")
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(breaks)) {
		fmt.Fprintf(out, "breaking since %s: %s: %s\n", tag, name, breaks[name])
		if !strings.Contains(later, "`"+name+"`") {
			missing = append(missing, "`"+name+"`")
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("a program that uses the Go API of %s would break. Undo the change, or name it in CHANGELOG.md, under [Unreleased]: %s", tag, strings.Join(missing, ", "))
	}
	fmt.Fprintf(out, "The Go API of pkg has %d breaking changes since %s, and CHANGELOG.md names all of them.\n", len(breaks), tag)
	return nil
}
