package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
)

// fileEntry is one entry of the project's connections.
type fileEntry struct {
	path  string // relative to the project file, with forward slashes
	place place
}

// fileEntries reads connections, or its default.
func (n *notes) fileEntries(root *node) []fileEntry {
	tree := root.get("connections")
	switch {
	case root.entry("connections") == nil:
		return []fileEntry{{"connections", root.place}}
	case tree.is(kindString):
		return n.fileEntry(nil, tree)
	}
	var entries []fileEntry
	for _, item := range tree.items() {
		entries = n.fileEntry(entries, item.value)
	}
	return entries
}

// fileEntry appends one entry if it is a path.
func (n *notes) fileEntry(entries []fileEntry, tree *node) []fileEntry {
	text := textOf(tree)
	if text == "" || !n.isPath(tree.place, text) || !n.isSlashed(tree.place, text) {
		return entries
	}
	return append(entries, fileEntry{text, tree.place})
}

// isPath reports whether a text is an allowed path, and otherwise adds the problem. It must come
// before any access to the disk: see [infile.CheckPath].
func (n *notes) isPath(at place, path string) bool {
	if err := infile.CheckPath(path); err != nil {
		n.add(at, connection.Because("path-refused", "path", path, "reason", err.Error()))
		return false
	}
	return true
}

// isSlashed reports an entry with backslashes, which are ambiguous with the escapes of a glob.
func (n *notes) isSlashed(at place, path string) bool {
	if strings.Contains(path, `\`) {
		n.add(at, connection.Because("backslash-in-path", "path", path, "write", withSlashes(path)))
		return false
	}
	return true
}

// withSlashes returns a path as it is written for every system.
func withSlashes(path string) string { return strings.ReplaceAll(path, `\`, "/") }

// warnOfBackslash warns of a relative path that is found on Windows only. One with a drive letter
// or a host is meant for Windows.
func (n *notes) warnOfBackslash(at place, path string) {
	if !strings.Contains(path, `\`) || strings.HasPrefix(path, `\\`) || len(path) > 1 && path[1] == ':' {
		return
	}
	n.warn(at, connection.Because("backslash-in-path", "path", path, "write", withSlashes(path)))
}

// expansion is the files of the entries under connections.
type expansion struct {
	files []string // sorted, each once, even if several entries and links lead to it
	// unreadable are the places that cannot be read; unmatched the entries that match nothing.
	unreadable, unmatched connection.Problems
}

// expand finds the files that the entries name.
func (p *Project) expand() expansion {
	var all expansion
	var found []infile.Found
	unmatched, failed := &notes{file: p.File}, &notes{file: p.File}
	factor := p.options.factor()
	if limit := factor * maxProjectPatterns; len(p.entries) > limit {
		all.unreadable = append(all.unreadable, p.tooMuch("too-many-entries", "limit", limit))
		return all
	}
	looks := factor * maxProjectLooks
	for _, entry := range p.entries {
		files, failures, err := entry.expand(p, &looks)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			unmatched.add(entry.place, unreadableEntry(entry.path, err))
		case err != nil:
			failed.add(entry.place, unreadableEntry(entry.path, err))
		case len(files)+len(failures) == 0:
			unmatched.add(entry.place, connection.Because("no-file-matches", "path", shortPath(entry.path)))
		}
		found = append(found, files...)
		for _, failure := range failures {
			all.unreadable = append(all.unreadable, messages.FileProblem(failure.Path, unreadable(failure.Err)))
		}
	}
	if looks < 0 {
		all.unreadable = append(all.unreadable, p.tooMuch("too-many-places", "limit", factor*maxProjectLooks))
		return all
	}
	once := infile.Once(found)
	if limit := factor * maxProjectFiles; len(once) > limit {
		all.unreadable = append(all.unreadable, p.tooMuch("too-many-files", "limit", limit))
		return all
	}
	for _, file := range once {
		all.files = append(all.files, filepath.ToSlash(file.Path))
	}
	all.unreadable = append(all.unreadable, failed.problems...)
	all.unmatched = unmatched.problems
	return all
}

// unreadable returns why the file or folder at the position cannot be read.
func unreadable(err error) connection.Reason {
	var broken *infile.BrokenLinkError
	switch {
	case errors.Is(err, infile.ErrLeaves):
		return connection.Because("link-out-of-project")
	case errors.As(err, &broken), errors.Is(err, infile.ErrLinkLoop):
		return connection.Because("broken-link", "reason", infile.Reason(err))
	case errors.Is(err, fs.ErrNotExist):
		return connection.Because("file-not-found")
	}
	return connection.Because("file-not-readable", "reason", infile.Reason(err))
}

// entryCodes are the codes of [unreadable] for an entry of the project file, which names the file.
var entryCodes = map[string]string{
	"link-out-of-project": "entry-link-out-of-project", "broken-link": "entry-broken-link",
	"file-not-found": "entry-not-found", "file-not-readable": "entry-not-readable",
}

// unreadableEntry returns why the file or folder that an entry names cannot be read.
func unreadableEntry(path string, err error) connection.Reason {
	reason := unreadable(err).With("path", shortPath(path))
	reason.Code = entryCodes[reason.Code]
	return reason
}

// expand finds the files of one entry. A file may have any name; in a folder, at every depth, and
// for a glob, only names that end in .yaml or .yml count, without the project file and the files
// that [infile.Walk] ignores. In a glob, ** matches any number of folders. Each visited file and
// folder counts against looks.
func (e fileEntry) expand(p *Project, looks *int) ([]infile.Found, []infile.Failure, error) {
	root, pattern := splitGlob(e.path)
	for _, segment := range pattern {
		if _, err := path.Match(segment, ""); err != nil {
			return nil, nil, err
		}
	}
	if len(pattern) > maxGlob {
		return nil, nil, fmt.Errorf("more than %d folders in a pattern", maxGlob)
	}
	root = infile.Under(p.Dir, root)
	real, err := infile.Inside(p.at(p.Dir), p.at(root))
	if errors.Is(err, fs.ErrNotExist) && pattern != nil {
		return nil, nil, nil // a glob below a missing folder matches nothing
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := os.Stat(real)
	switch {
	case err != nil:
		return nil, nil, err
	case !info.IsDir() && pattern != nil:
		return nil, nil, nil
	case !info.IsDir() && !info.Mode().IsRegular():
		return nil, nil, infile.ErrNotRegular
	case !info.IsDir():
		return []infile.Found{{Path: root, Info: info}}, nil, nil
	}
	found, failures := infile.Walk{
		Root: root, Project: p.Dir, At: workdir.Dir(p.options.WorkDir),
		Take:  func(names []string) bool { return IsYAML(names[len(names)-1]) && pattern.matches(names) },
		Enter: pattern.mayMatchBelow, State: pattern.state, Left: looks,
	}.Files()
	if project, err := os.Stat(p.at(p.File)); err == nil {
		found = slices.DeleteFunc(found, func(file infile.Found) bool { return os.SameFile(project, file.Info) })
	}
	return found, failures, nil
}

// IsYAML reports whether a name is the name of a connection file. Letter case is ignored: on many
// disks a file renamed to A.YAML is still the same one, and skipping it would delete its
// connections.
func IsYAML(name string) bool {
	extension := strings.ToLower(path.Ext(name))
	return extension == ".yaml" || extension == ".yml"
}

// loaded is the content of the connection files, for any tenant.
type loaded struct {
	sources   []source
	problems  connection.Problems // of the files as such
	unmatched connection.Problems // those of entries that name no file
}

// Unmatched returns the problems of entries under connections that match no file. They are not
// problems for a command that will write the files.
func (p *Project) Unmatched() connection.Problems { return p.sources().unmatched }

// source is one connection file.
type source struct {
	file        string
	trees       *packed // connections, with the defaults of the file merged in, then spaces, then moved blocks
	connections []declared
	spaces      int // the first tree of a space
	moves       int // the first tree of a moved block
}

// Sources returns the project file and the connection files, as far as they can be found.
func (p *Project) Sources() []string {
	return append([]string{filepath.ToSlash(p.File)}, p.expand().files...)
}

// Reads reports whether a file is one of those that connections in the project
// file names.
func (p *Project) Reads(file string) bool {
	info, err := os.Stat(p.at(file))
	return err == nil && slices.ContainsFunc(p.expand().files, func(name string) bool {
		other, err := os.Stat(p.at(name))
		return err == nil && os.SameFile(info, other)
	})
}

// load reads the connection files.
func (p *Project) load() loaded {
	found := p.expand()
	all := loaded{unmatched: found.unmatched}
	left, connections := p.room(), 0
	for _, file := range found.files {
		read, problems := p.readSource(file, left)
		all.sources = append(all.sources, read)
		all.problems = gather(all.problems, problems)
		connections += len(read.connections)
		if left.full() {
			break
		}
	}
	all.problems = append(all.problems, left.problems...)
	if limit := left.factor * maxProjectDeclared; connections*len(p.Tenants) > limit {
		all.problems = append(all.problems, p.tooMuch("too-many-declared", "connections", connections, "tenants", len(p.Tenants), "limit", limit))
		all.sources = nil
	}
	all.problems = append(all.problems, found.unreadable...)
	all.problems = append(all.problems, found.unmatched...)
	return all
}

// readSource reads one connection file, within the limits of the project.
func (p *Project) readSource(file string, left *room) (source, connection.Problems) {
	read := source{file: file, trees: &packed{}}
	text, problems := readText(file, p.at(file))
	if len(problems) > 0 || !left.take(&left.bytes, len(text), maxProjectBytes, file, "bytes") {
		return read, problems
	}
	w := newWalker(file)
	w.complete = true
	root, problems := w.parse(text)
	if !left.take(&left.values, w.nodes, maxProjectValues, file, "values") || root == nil {
		return read, problems
	}
	n := &notes{file: file, problems: problems}
	n.checkStructure(p.formats.connections, root)
	defaults, items := root.get("defaults"), root.get("connections").items()
	if len(items) > 0 && defaults.size() > maxNodes/len(items) {
		n.add(defaults.place, connection.Because("defaults-too-large", "limit", maxNodes))
		return read, n.problems
	}
	moved, spaces := root.get("moved").items(), root.get("spaces").items()
	number, values := standFor(items, defaults)
	if !left.take(&left.connections, number+len(spaces), maxProjectConnections, file, "connections") ||
		!left.take(&left.moves, len(moved), maxProjectMoves, file, "moved blocks") ||
		!left.take(&left.values, values, maxProjectValues, file, "values, with the defaults in each connection") {
		return read, n.problems
	}
	var packer packer
	read.connections = make([]declared, 0, number)
	for _, item := range items {
		if item.value.is(kindObject) {
			read.connections = append(read.connections, packer.declare(merge(defaults, item.value))...)
		}
	}
	read.spaces = len(packer.trees)
	for _, item := range spaces {
		if item.value.is(kindObject) {
			packer.add(item.value)
		}
	}
	read.moves = len(packer.trees)
	for _, item := range moved {
		packer.add(item.value)
	}
	read.trees = packer.of(file)
	return read, n.problems
}

// maxQuoted is how much of a path a message quotes, in bytes.
const maxQuoted = 200

// shortPath returns a path, truncated if it would leave no space for the message.
func shortPath(path string) string {
	if len(path) <= maxQuoted {
		return path
	}
	return strings.ToValidUTF8(path[:maxQuoted], "") + "…"
}
