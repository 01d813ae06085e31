package infile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/infile"
)

// walk returns the YAML files of a folder by their names below it, then the failures,
// each with a mark in front.
func walk(t *testing.T, root, project string) []string {
	t.Helper()
	found, failures := infile.Walk{
		Root: root, Project: project,
		Take: func(names []string) bool { return strings.HasSuffix(names[len(names)-1], ".yaml") },
	}.Files()
	var said []string
	for _, file := range found {
		said = append(said, below(t, root, file.Path))
	}
	for _, failure := range failures {
		said = append(said, fmt.Sprintf("! %s: %s", below(t, root, failure.Path), infile.Reason(failure.Err)))
	}
	return said
}

func below(t *testing.T, root, path string) string {
	t.Helper()
	relative, err := filepath.Rel(root, path)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(relative)
}

func equal(got, want []string) bool { return slices.Equal(got, want) }

func TestWhatIsReadOfAFolderWithLinks(t *testing.T) {
	for name, test := range map[string]struct {
		files []string
		links map[string]string
		want  []string
	}{
		"files and folders by their path": {[]string{"c/b.yaml", "c/a/z.yaml", "c/x.txt"}, nil, []string{"a/z.yaml", "b.yaml"}},
		"names with a dot and droppings of editors": {
			[]string{"c/a.yaml", "c/.b.yaml", "c/.git/c.yaml", "c/d.yaml~", "c/#e.yaml#", "c/old~/f.yaml"},
			map[string]string{"c/.#a.yaml": "user@host.1:2", "c/.l": "none", "c/g.yaml~": "none", "c/#h#": "none"},
			[]string{"a.yaml"},
		},
		"a link to a file that is read anyway": {[]string{"c/z.yaml"}, map[string]string{"c/a.yaml": "z.yaml"}, []string{"z.yaml"}},
		"a link to a file elsewhere in the project": {
			[]string{"common/s.yaml"}, map[string]string{"c/s.yaml": "../common/s.yaml"}, []string{"s.yaml"},
		},
		"a link to a folder elsewhere in the project": {
			[]string{"common/s.yaml", "common/deep/t.yaml"}, map[string]string{"c/all": "../common"}, []string{"all/deep/t.yaml", "all/s.yaml"},
		},
		"two links to one folder": {
			[]string{"common/s.yaml"}, map[string]string{"c/a": "../common", "c/b": "../common"}, []string{"a/s.yaml"},
		},
		"a volume of a Kubernetes ConfigMap": {
			[]string{"c/..2026_01_01/a.yaml", "c/..2026_01_01/b.yaml"},
			map[string]string{"c/..data": "..2026_01_01", "c/a.yaml": "..data/a.yaml", "c/b.yaml": "..data/b.yaml"},
			[]string{"a.yaml", "b.yaml"},
		},
		"broken links, also where a folder may be meant": {
			[]string{"c/a.yaml"},
			map[string]string{"c/s.yaml": "../gone/s.yaml", "c/folder": "../gone"},
			[]string{
				"a.yaml", `! folder: a link to "../gone" that cannot be followed: no such file or directory`,
				`! s.yaml: a link to "../gone/s.yaml" that cannot be followed: no such file or directory`,
			},
		},
		"links out of the project": {
			[]string{"c/a.yaml", "../out/o.yaml", "../out/readme"},
			map[string]string{"c/o.yaml": "../../out/o.yaml", "c/out": "../../out", "c/by": "../around", "around": "../out", "c/readme": "../../out/readme"},
			[]string{
				"a.yaml", "! by: a link that leads out of the project", "! o.yaml: a link that leads out of the project",
				"! out: a link that leads out of the project",
			},
		},
		"a link to itself, two to each other": {
			nil,
			map[string]string{"c/x.yaml": "x.yaml", "c/y": "z", "c/z": "y"},
			[]string{
				"! x.yaml: a link that leads back to itself", "! y: a link that leads back to itself", "! z: a link that leads back to itself",
			},
		},
		"a link to a folder around it": {
			[]string{"c/d/a.yaml"}, map[string]string{"c/d/up": ".."}, []string{"d/a.yaml", "! d/up: a link that leads back to itself"},
		},
		"links that lead round in two steps": {
			[]string{"c/a/a.yaml", "c/b/b.yaml"},
			map[string]string{"c/a/x": "../b", "c/b/y": "../a"},
			[]string{"a/a.yaml", "b/b.yaml", "! b/y: a link that leads back to itself"},
		},
		"a link to the network": {
			nil,
			map[string]string{"c/n.yaml": "//host/share/n.yaml", "c/w": `\\host\share`},
			[]string{
				`! n.yaml: a link to "//host/share/n.yaml" that cannot be followed: a path to a network share or a device`,
				`! w: a link to "\\\\host\\share" that cannot be followed: a path to a network share or a device`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			project := filepath.Join(t.TempDir(), "project")
			if err := os.MkdirAll(filepath.Join(project, "c"), 0o755); err != nil {
				t.Fatal(err)
			}
			for _, file := range test.files {
				write(t, filepath.Join(project, file), file)
			}
			for link, target := range test.links {
				mustLink(t, target, filepath.Join(project, link))
			}
			if got := walk(t, filepath.Join(project, "c"), project); !equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestWorkGrowsWithTheFilesNotWithTheLinks: 2^30 ways lead through these folders, and each
// has two files.
func TestWorkGrowsWithTheFilesNotWithTheLinks(t *testing.T) {
	root := t.TempDir()
	folder := func(i int) string { return fmt.Sprintf("f%02d", i) }
	for i := range 30 {
		write(t, filepath.Join(root, folder(i), "a.yaml"), folder(i))
		if i > 0 {
			mustLink(t, "../"+folder(i), filepath.Join(root, folder(i-1), "x"))
			mustLink(t, "../"+folder(i), filepath.Join(root, folder(i-1), "y"))
		}
		if err := os.Link(filepath.Join(root, folder(i), "a.yaml"), filepath.Join(root, folder(i), "hard.yaml")); err != nil {
			t.Skip(err)
		}
	}
	if got := walk(t, root, root); len(got) != 30 || got[0] != "f00/a.yaml" {
		t.Errorf("got %d files %q, want each of the 30 once", len(got), got)
	}
}

func TestWhatIsNamedInAFolderMustNotLeadOutOfIt(t *testing.T) {
	outer := t.TempDir()
	project := filepath.Join(outer, "project")
	write(t, filepath.Join(project, "a"), "")
	write(t, filepath.Join(outer, "common", "b"), "")
	mustLink(t, "../common", filepath.Join(project, "link"))
	mustLink(t, "a", filepath.Join(project, "within"))
	for path, leaves := range map[string]bool{"a": false, "within": false, "link": true, "link/b": true, "../common": false, "../common/b": false, ".": false} {
		_, err := infile.Inside(project, filepath.Join(project, path))
		if errors.Is(err, infile.ErrLeaves) != leaves || !leaves && err != nil {
			t.Errorf("%s: got error %v, want ErrLeaves: %v", path, err, leaves)
		}
	}
}

func TestAFileThatIsMissingBehindALinkIsMissingAndTheLinkIsNotBroken(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"good": "folder", "twice": "good", "bad": "nowhere"} {
		if err := os.Symlink(target, link); err != nil {
			t.Skip(err)
		}
	}
	for path, want := range map[string]bool{"good/file": true, "twice/file": true, "bad/file": false, "bad": false, "good/../bad/file": false} {
		_, err := infile.Follow(path)
		if err == nil || errors.Is(err, fs.ErrNotExist) != want {
			t.Errorf("%s: got the error %v; a missing file: want %v", path, err, want)
		}
	}
}
