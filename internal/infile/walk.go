package infile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/workdir"
)

// maxLinks is how many links one path may lead through.
const maxLinks = 40

// The reasons why a link is not followed.
var (
	ErrLinkLoop = errors.New("a link that leads back to itself")
	ErrLeaves   = errors.New("a link that leads out of the project")
)

// BrokenLinkError is the reason why a link is not followed: its target cannot be reached.
type BrokenLinkError struct {
	Target string // as written in the link
	Err    error  // the reason, without a path
}

func (e *BrokenLinkError) Error() string {
	return fmt.Sprintf("a link to %q that cannot be followed: %s", e.Target, Reason(e.Err))
}

// Unwrap returns the reason, except [fs.ErrNotExist]: the link itself exists, so a caller that
// treats a missing file as absent must not treat a broken link in the same way.
func (e *BrokenLinkError) Unwrap() error {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return nil
	}
	return e.Err
}

// Follow returns the target of a path, without links. Unlike [filepath.EvalSymlinks] it refuses a
// link to a path that [CheckPath] refuses, without accessing it. Errors are [*fs.PathError].
func Follow(path string) (string, error) {
	resolved, pending := beginning(path)
	followed, first, behind := 0, "", 0 // behind: how many names follow those of the first link
	failed := func(err error) (string, error) {
		if first != "" && !errors.Is(err, ErrLinkLoop) {
			err = &BrokenLinkError{first, err}
		}
		return "", atPath(path, err)
	}
	for len(pending) > 0 {
		if len(pending) <= behind {
			first = "" // the link has been followed: now a file is missing, not its target
		}
		next := filepath.Join(resolved, pending[0])
		pending = pending[1:]
		info, err := os.Lstat(next)
		if err != nil {
			return failed(err)
		}
		if !isLink(info) {
			resolved = next
			continue
		}
		target, err := os.Readlink(next)
		if err != nil && info.Mode()&fs.ModeSymlink == 0 {
			resolved = next // Windows marks some plain files as irregular too
			continue
		}
		if err != nil {
			return failed(err)
		}
		if first == "" {
			first, behind = filepath.ToSlash(target), len(pending)
		}
		if followed++; followed > maxLinks {
			return failed(ErrLinkLoop)
		}
		if err := CheckPath(target); err != nil {
			return failed(err)
		}
		from, rest := beginning(target)
		if filepath.IsAbs(target) {
			resolved = from
		}
		pending = append(rest, pending...)
	}
	return resolved, nil
}

// beginning splits a path into its start and the following names.
func beginning(path string) (from string, names []string) {
	volume := filepath.VolumeName(path)
	rest := filepath.ToSlash(path[len(volume):])
	from = "."
	if strings.HasPrefix(rest, "/") {
		from = volume + string(filepath.Separator)
	} else if volume != "" {
		from = volume
	}
	names = strings.Split(rest, "/")
	return from, slices.DeleteFunc(names, func(name string) bool { return name == "" || name == "." })
}

// isLink reports whether a file is a symbolic link or one of the similar kinds of Windows.
func isLink(info fs.FileInfo) bool { return info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 }

// isWithin reports whether a path is the folder or below it; both are absolute and without links.
func isWithin(path, folder string) bool {
	relative, err := filepath.Rel(folder, path)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// Real returns the absolute path of the target of a path, without links.
func Real(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return Follow(absolute)
}

// Inside returns the absolute path of the target of a path, without links. It refuses with
// [ErrLeaves] a path below the folder that a link leads out of the folder; a path that is written
// with a place outside is accepted.
func Inside(folder, path string) (string, error) {
	real, err := Real(path)
	if err != nil {
		return "", atPath(path, err)
	}
	written, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	lexical, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	bound, err := Real(folder)
	if err != nil {
		return "", err
	}
	if (isWithin(written, lexical) || isWithin(written, bound)) && !isWithin(real, bound) {
		return "", atPath(path, ErrLeaves)
	}
	return real, nil
}

// Walk selects what to read in a folder. Names that begin with a dot, and leftovers of editors (x~,
// #x#), are never read, whether they are files, folders or links.
type Walk struct {
	Root string
	// At is the working directory: the base of the root and the project.
	At workdir.Dir
	// Project is a folder into which links may lead, in addition to the root.
	Project string
	// Take reports whether to read a file of this name; the names of the folders between the root and
	// the file come first.
	Take func(names []string) bool
	// Enter reports whether to read a folder. Its answer may depend on the names only through State.
	// Nil: every folder is read.
	Enter func(names []string) bool
	// State returns the same text for all names under which a folder has the same files to read. Nil:
	// the files do not depend on the names.
	State func(names []string) string
	// Left is how many files and folders may still be visited. A walk counts it down and ends when it
	// is below zero: the result is then incomplete. Nil: no limit.
	Left *int
}

// Found is a file to read.
type Found struct {
	Path string // the given root, and the names below it
	Info fs.FileInfo
}

// Failure is a path that cannot be read.
type Failure struct {
	Path string
	Err  error // the reason; see [Reason] for its text
}

// Files returns the regular files below the root, sorted by path. A file with several names is in
// the result once: under a name without links if it has one. Anything that cannot be read is a
// failure, never an absence: a folder without rights, a device or pipe to be taken, a broken link,
// a link out of the root and the project, and links that make a folder its own descendant.
func (w Walk) Files() ([]Found, []Failure) {
	root, err := Real(w.At.Path(w.Root))
	if err != nil {
		return nil, []Failure{{w.Root, err}}
	}
	run := &walking{Walk: w, bounds: []string{root}, visited: map[string]bool{}, edges: map[string][]edge{}}
	if project, err := Real(w.At.Path(w.Project)); err == nil {
		run.bounds = append(run.bounds, project)
	}
	run.folder(root, nil)
	for len(run.links) > 0 && !run.isOver() {
		next := run.links[0]
		run.links = run.links[1:]
		run.link(next)
	}
	run.loops(root)
	slices.SortFunc(run.failures, func(a, b Failure) int { return strings.Compare(a.Path, b.Path) })
	return Once(run.found), run.failures
}

// walking is one run of a [Walk]. Links are followed after everything reachable without links has
// been read, so that names without links have priority.
type walking struct {
	Walk
	bounds   []string
	visited  map[string]bool // folders without links, and the state of their names
	links    []linkEntry
	edges    map[string][]edge
	found    []Found
	failures []Failure
}

type linkEntry struct {
	folder string // without links
	names  []string
}

// edge leads from a folder to a folder in it, or to the target of a link in it.
type edge struct {
	to   string
	link string // the path of the link; empty: a folder
}

func (w *walking) path(names []string) string {
	return filepath.Join(append([]string{w.Root}, names...)...)
}

func (w *walking) fail(names []string, err error) {
	w.failures = append(w.failures, Failure{w.path(names), err})
}

func (w *walking) folder(real string, names []string) {
	state := real
	if w.State != nil {
		state += "\x00" + w.State(names)
	}
	if w.visited[state] {
		return
	}
	w.visited[state] = true
	entries, err := os.ReadDir(real)
	if err != nil {
		w.fail(names, fmt.Errorf("read folder: %s", Reason(err)))
		return
	}
	for _, entry := range entries {
		name := entry.Name()
		if w.isOver() {
			return
		}
		if isIgnored(name) {
			continue
		}
		below := append(slices.Clip(slices.Clone(names)), name)
		switch {
		case entry.Type()&(fs.ModeSymlink|fs.ModeIrregular) != 0:
			w.links = append(w.links, linkEntry{real, below})
		case entry.IsDir():
			w.enter(real, filepath.Join(real, name), below, "")
		case w.Take(below):
			info, err := entry.Info()
			w.file(below, info, err)
		}
	}
}

// isOver counts one more place, and reports whether the limit is exceeded.
func (w *walking) isOver() bool {
	if w.Left == nil {
		return false
	}
	*w.Left--
	return *w.Left < 0
}

func (w *walking) enter(from, to string, names []string, link string) {
	if w.Enter != nil && !w.Enter(names) {
		return
	}
	w.edges[from] = append(w.edges[from], edge{to, link})
	w.folder(to, names)
}

func (w *walking) file(names []string, info fs.FileInfo, err error) {
	switch {
	case err != nil:
		w.fail(names, err)
	case !info.Mode().IsRegular():
		w.fail(names, ErrNotRegular)
	default:
		w.found = append(w.found, Found{w.path(names), info})
	}
}

func (w *walking) link(at linkEntry) {
	taken, entered := w.Take(at.names), w.Enter == nil || w.Enter(at.names)
	if !taken && !entered {
		return
	}
	real, err := Follow(filepath.Join(at.folder, at.names[len(at.names)-1]))
	if err != nil {
		w.fail(at.names, err)
		return
	}
	info, err := os.Stat(real)
	if err != nil {
		w.fail(at.names, err)
		return
	}
	if !info.IsDir() && !taken {
		return
	}
	if !slices.ContainsFunc(w.bounds, func(folder string) bool { return isWithin(real, folder) }) {
		w.fail(at.names, ErrLeaves)
		return
	}
	if info.IsDir() {
		w.enter(at.folder, real, at.names, w.path(at.names))
		return
	}
	w.file(at.names, info, nil)
}

// loops reports links that make a folder its own descendant. Each folder has been read once, so
// this walk has ended; but the names of the files depend on the starting point, and most programs
// would not end.
func (w *walking) loops(root string) {
	const open, done = 1, 2
	colour := map[string]int{}
	told := map[string]bool{}
	var links []string // on the way from the root
	var visit func(folder string)
	visit = func(folder string) {
		colour[folder] = open
		for _, e := range w.edges[folder] {
			if e.link != "" {
				links = append(links, e.link)
			}
			switch last := len(links) - 1; {
			case colour[e.to] == 0:
				visit(e.to)
			case colour[e.to] == open && last >= 0 && !told[links[last]]:
				told[links[last]] = true
				w.failures = append(w.failures, Failure{links[last], ErrLinkLoop})
			}
			if e.link != "" {
				links = links[:len(links)-1]
			}
		}
		colour[folder] = done
	}
	visit(root)
}

// isIgnored reports whether a file of this name is never read.
func isIgnored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#")
}

// Once returns each file once, sorted by path. Of several names of one file, including names that
// differ by letter case if the file system ignores it, the first in the list remains.
func Once(files []Found) []Found {
	type looks struct {
		size     int64
		modified int64
	}
	known := map[looks][]fs.FileInfo{}
	var once []Found
	for _, file := range files {
		key := looks{file.Info.Size(), file.Info.ModTime().UnixNano()}
		if slices.ContainsFunc(known[key], func(other fs.FileInfo) bool { return os.SameFile(other, file.Info) }) {
			continue
		}
		known[key] = append(known[key], file.Info)
		once = append(once, file)
	}
	slices.SortFunc(once, func(a, b Found) int { return strings.Compare(a.Path, b.Path) })
	return once
}
