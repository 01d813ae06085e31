package engine

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/examples"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Initialized is the result of [Host.Init].
type Initialized struct {
	// Written are the files that were written, in order.
	Written []string
	// Ignored says what was done to an existing .gitignore; empty if there was none.
	Ignored string
	// NotIgnored are the patterns that a new .gitignore has and the existing one lacks.
	NotIgnored []string
}

// Init writes the quickstart example into the current folder. It overwrites nothing: if one of its
// files exists, none is written. Only an existing .gitignore is extended by the missing line. The
// result is valid even with an error.
func (host *Host) Init() (Initialized, error) {
	var done Initialized
	files, err := quickstart()
	if err != nil {
		return done, err
	}
	editor, err := editorFiles(files)
	if err != nil {
		return done, err
	}
	files = append(files, editor...)
	slices.SortFunc(files, func(a, b TextFile) int { return strings.Compare(a.Name, b.Name) })
	ignored, err := infile.Read(host.at(ignoreFile), MaxWrittenFile)
	hasIgnored := err == nil
	if hasIgnored {
		ignored, err = infile.Text(ignored)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return done, fmt.Errorf("init: cannot read %s: %s. Nothing was written", ignoreFile, infile.Reason(err))
	}
	files = slices.DeleteFunc(files, func(file TextFile) bool { return hasIgnored && file.Name == ignoreFile })
	if err := host.checkNew(files); err != nil {
		return done, fmt.Errorf("%w (to start another project, use an empty folder; to add a pipeline to this one, run: qlsync init --ci github)", err)
	}
	if err := host.writeNew(&done, files); err != nil {
		return done, err
	}
	if hasIgnored {
		if done.Ignored, err = host.ignoreState(ignored); err != nil {
			return done, fmt.Errorf("init: %w", err)
		}
		done.NotIgnored = notIgnored(ignored)
	}
	return done, nil
}

// WriteIgnored writes the .gitignore of [Host.Init] next to the project file, and returns its name;
// empty if there is one already.
func (p *Project) WriteIgnored() (string, error) {
	file := TextFile{filepath.Join(p.Dir, ignoreFile), ignoreTemplate()}
	if len(p.host.existingFiles([]TextFile{file})) > 0 {
		return "", nil
	}
	return filepath.ToSlash(file.Name), file.write(p.host.WorkDir)
}

const (
	ignoreFile = ".gitignore"
	ignoreLine = ".qlsync/" // the state of embedded tenants
)

// ignoreState adds the missing line to the .gitignore with that text, and returns what it did.
func (host *Host) ignoreState(text []byte) (string, error) {
	if slices.Contains(ignoredNames(text), strings.Trim(ignoreLine, "/")) {
		return "left .gitignore as it is: it has " + ignoreLine, nil
	}
	added := ignoreLine + "\n"
	if len(text) > 0 && text[len(text)-1] != '\n' {
		added = "\n" + added
	}
	mode := outfile.Public
	if info, err := os.Stat(host.at(ignoreFile)); err == nil {
		mode = info.Mode().Perm()
	}
	return "added " + ignoreLine + " to .gitignore", host.WorkDir.Shown(outfile.WriteBytes(host.at(ignoreFile), mode, append(slices.Clone(text), added...)))
}

// ignoreTemplate returns the .gitignore of a new project.
func ignoreTemplate() []byte {
	text, _ := examples.Quickstart.ReadFile("quickstart/" + ignoreFile)
	return text
}

// ignoredNames returns the names in the lines of a .gitignore, without slashes around them.
func ignoredNames(text []byte) []string {
	var names []string
	for line := range strings.Lines(string(text)) {
		if pattern := strings.TrimPrefix(strings.TrimSpace(line), "**"); pattern != "" && pattern[0] != '#' {
			names = append(names, strings.Trim(pattern, "/"))
		}
	}
	return names
}

// notIgnored returns the lines of the template, apart from the one that is always added, of which
// the .gitignore with that text has none.
func notIgnored(text []byte) []string {
	var missing []string
	has := append(ignoredNames(text), strings.Trim(ignoreLine, "/"))
	for _, name := range ignoredNames(ignoreTemplate()) {
		if !slices.Contains(has, name) {
			missing = append(missing, "/"+name)
		}
	}
	return missing
}

// checkNew returns an error if one of the files exists.
func (host *Host) checkNew(files []TextFile) error {
	if existing := host.existingFiles(files); len(existing) > 0 {
		return fmt.Errorf("init: these files exist: %s. Nothing was written", filepath.ToSlash(strings.Join(existing, ", ")))
	}
	return nil
}

// writeNew writes files that do not exist yet.
func (host *Host) writeNew(done *Initialized, files []TextFile) error {
	for _, file := range files {
		if err := file.write(host.WorkDir); err != nil {
			return fmt.Errorf("init: %w", err)
		}
		done.Written = append(done.Written, filepath.ToSlash(file.Name))
	}
	return nil
}

// existingFiles returns the names of the files that exist already.
func (host *Host) existingFiles(files []TextFile) []string {
	var existing []string
	for _, file := range files {
		if _, err := os.Lstat(host.at(file.Name)); err == nil {
			existing = append(existing, file.Name)
		}
	}
	return existing
}

// TextFile is a file that a use case writes.
type TextFile struct {
	Name string
	Text []byte
}

// write writes a file that does not exist yet, completely or not at all. A script is executable.
func (f TextFile) write(at workdir.Dir) error {
	if err := os.MkdirAll(at.Path(filepath.Dir(f.Name)), 0o755); err != nil {
		return at.Shown(err)
	}
	mode := outfile.Public
	if bytes.HasPrefix(f.Text, []byte("#!")) {
		mode |= 0o111
	}
	return at.Shown(outfile.Create(at.Path(f.Name), mode, f.Text))
}

func quickstart() ([]TextFile, error) { return exampleFiles(examples.Quickstart, "quickstart") }

// exampleFiles returns the files of an example, named relative to its folder.
func exampleFiles(example embed.FS, folder string) ([]TextFile, error) {
	var files []TextFile
	err := fs.WalkDir(example, folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := example.ReadFile(path)
		files = append(files, TextFile{filepath.FromSlash(strings.TrimPrefix(path, folder+"/")), text})
		return err
	})
	return files, err
}

// editorFiles returns the schemas for editors, computed from the vendored schemas among the files.
func editorFiles(files []TextFile) ([]TextFile, error) {
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}}
	for _, file := range files {
		folder, name := path.Split(filepath.ToSlash(file.Name))
		id, isSource := strings.CutSuffix(name, ".json")
		if folder != schemasFolder || !isSource {
			continue
		}
		source, err := ParseDataSource(spec.ProviderQlik, id, file.Text)
		if err != nil {
			return nil, err
		}
		catalog.DataSources[id] = source
	}
	connections, project := spec.EditorSchemas(catalog)
	return []TextFile{
		{filepath.FromSlash(schemasFolder + spec.EditorConnections), connections},
		{filepath.FromSlash(schemasFolder + spec.EditorProject), project},
	}, nil
}

// schemasFolder is the folder of schemas in the project that init writes.
const schemasFolder = "schemas/"
