package spec

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// fileEntry is one entry of the project's connections.
type fileEntry struct {
	path  string // relative to the project file, with forward slashes
	place place
}

// fileEntries reads connections, or gives what stands for it where it is left
// out.
func fileEntries(root *node) []fileEntry {
	tree := root.get("connections")
	switch {
	case root.entry("connections") == nil:
		return []fileEntry{{"connections", root.place}}
	case tree.is(kindString):
		return []fileEntry{{tree.text, tree.place}}
	}
	var entries []fileEntry
	for _, item := range tree.items() {
		if text := textOf(item.value); text != "" {
			entries = append(entries, fileEntry{text, item.place})
		}
	}
	return entries
}

// expand gives the files that the entries name, sorted, each once. An entry that
// names none is a mistake.
func (n *notes) expand(p *Project) []string {
	var files []string
	for _, entry := range p.entries {
		if strings.Contains(entry.path, `\`) {
			n.add(entry.place, fmt.Sprintf("%q has a backslash, which separates folders on Windows only", entry.path), "write "+withSlashes(entry.path))
			continue
		}
		found, err := entry.expand(p)
		switch {
		case err != nil:
			n.add(entry.place, fmt.Sprintf("read %q: %s", entry.path, reason(err)), "")
		case len(found) == 0:
			n.add(entry.place, fmt.Sprintf("%q matches no .yaml or .yml file", entry.path), "")
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// expand gives the files of one entry. A file may have any name; of a folder, at
// every depth, and of a glob, those that end in .yaml or .yml are taken, without
// hidden ones and without the project file. In a glob, ** stands for any number
// of folders.
func (e fileEntry) expand(p *Project) ([]string, error) {
	root, pattern := splitGlob(e.path)
	if strings.ContainsAny(pattern, "*?[") {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, err
		}
	}
	root = under(p.Dir, root)
	info, err := os.Stat(root)
	if err != nil && pattern != "" {
		return nil, nil // a glob below a folder that is not there matches nothing
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if pattern != "" {
			return nil, nil
		}
		return []string{filepath.ToSlash(root)}, nil
	}
	return filesBelow(root, pattern, p.File)
}

// withSlashes returns a path as it is written for every system.
func withSlashes(path string) string { return strings.ReplaceAll(path, `\`, "/") }

// warnOfBackslash warns of a relative path that is found on Windows only. One with a drive letter
// or a host is meant for Windows.
func (n *notes) warnOfBackslash(at place, path string) {
	if !strings.Contains(path, `\`) || strings.HasPrefix(path, `\\`) || len(path) > 1 && path[1] == ':' {
		return
	}
	n.warn(at, fmt.Sprintf("%q has a backslash, which separates folders on Windows only", path), "write "+withSlashes(path))
}

// splitGlob splits an entry into the folder or file before the first wildcard,
// and the pattern below it.
func splitGlob(entry string) (root, pattern string) {
	segments := strings.Split(path.Clean(entry), "/")
	i := slices.IndexFunc(segments, func(segment string) bool { return strings.ContainsAny(segment, "*?[") })
	switch {
	case i < 0:
		return entry, ""
	case i == 0:
		return ".", strings.Join(segments, "/")
	}
	return strings.Join(segments[:i], "/") + "/", strings.Join(segments[i:], "/")
}

// filesBelow walks a folder. An empty pattern takes everything.
func filesBelow(root, pattern, except string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && name != root
		if entry.IsDir() {
			if hidden {
				return fs.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		relative, name = filepath.ToSlash(relative), filepath.ToSlash(name)
		if hidden || name == except || !isYAML(name) || !isFile(name, entry) {
			return nil
		}
		if pattern == "" || matchGlob(strings.Split(pattern, "/"), strings.Split(relative, "/")) {
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

func isYAML(name string) bool {
	extension := path.Ext(name)
	return extension == ".yaml" || extension == ".yml"
}

// isFile reports whether an entry is a file, or a link to one.
func isFile(name string, entry fs.DirEntry) bool {
	if entry.Type().IsRegular() {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// matchGlob matches the segments of a path against those of a pattern.
func matchGlob(pattern, segments []string) bool {
	if len(pattern) == 0 {
		return len(segments) == 0
	}
	if pattern[0] == "**" {
		for skip := range len(segments) + 1 {
			if matchGlob(pattern[1:], segments[skip:]) {
				return true
			}
		}
		return false
	}
	if len(segments) == 0 {
		return false
	}
	matched, err := path.Match(pattern[0], segments[0])
	return err == nil && matched && matchGlob(pattern[1:], segments[1:])
}

// loaded is what the connection files hold, for whichever tenant.
type loaded struct {
	sources   []source
	problems  connection.Problems // of the files as such
	unmatched connection.Problems // those of entries that name no file
}

// Unmatched gives the problems of those entries under connections that name no
// file: for who is about to write the files they are none.
func (p *Project) Unmatched() connection.Problems { return p.sources().unmatched }

// source is one connection file.
type source struct {
	file        string
	connections []*node // with the defaults of the file merged in
	moved       []child
}

// Reads reports whether a file is one of those that connections in the project
// file names.
func (p *Project) Reads(file string) bool {
	info, err := os.Stat(file)
	return err == nil && slices.ContainsFunc((&notes{}).expand(p), func(name string) bool {
		other, err := os.Stat(name)
		return err == nil && os.SameFile(info, other)
	})
}

// load reads the connection files.
func (p *Project) load() loaded {
	n := &notes{file: p.File}
	var all loaded
	for _, file := range n.expand(p) {
		read, problems := p.readSource(file)
		all.sources = append(all.sources, read)
		all.problems = append(all.problems, problems...)
	}
	all.unmatched = n.problems
	all.problems = append(all.problems, n.problems...)
	return all
}

// readSource reads one connection file.
func (p *Project) readSource(file string) (source, connection.Problems) {
	root, problems := readTree(file)
	read := source{file: file}
	if root == nil {
		return read, problems
	}
	n := &notes{file: file, problems: problems}
	n.checkStructure(p.formats.connections, root)
	defaults, items := root.get("defaults"), root.get("connections").items()
	if len(items) > 0 && defaults.size() > maxNodes/len(items) {
		n.add(defaults.place, fmt.Sprintf("with the defaults in each of its connections, the file holds more than %d values", maxNodes), "split it, or declare less under defaults")
		return read, n.problems
	}
	for _, item := range items {
		if item.value.is(kindObject) {
			read.connections = append(read.connections, merge(defaults, item.value))
		}
	}
	read.moved = root.get("moved").items()
	return read, n.problems
}
