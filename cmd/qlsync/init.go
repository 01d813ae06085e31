package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/examples"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

func initCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:   "init",
		Usage:  "write a commented project that works against the embedded tenant",
		Action: func(c *cli.Context) error { return runInit(c, env) },
	}
}

// runInit writes the quickstart example into the current folder. It overwrites
// nothing: if one of its files exists, none is written. Only an existing .gitignore
// gets the line that it lacks.
func runInit(c *cli.Context, env *environment) error {
	if err := noArguments(c); err != nil {
		return err
	}
	files, err := quickstart()
	if err != nil {
		return err
	}
	editor, err := editorFiles(files)
	if err != nil {
		return err
	}
	files = append(files, editor...)
	slices.SortFunc(files, func(a, b textFile) int { return strings.Compare(a.name, b.name) })
	ignored, err := infile.Read(ignoreFile, engine.MaxWrittenFile)
	hasIgnored := err == nil
	if hasIgnored {
		ignored, err = infile.Text(ignored)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("init: nothing was written: %s: %s", ignoreFile, infile.Reason(err))
	}
	files = slices.DeleteFunc(files, func(file textFile) bool { return hasIgnored && file.name == ignoreFile })
	if existing := existingFiles(files); len(existing) > 0 {
		return fmt.Errorf("init: nothing was written, these files exist: %s", filepath.ToSlash(strings.Join(existing, ", ")))
	}
	for _, file := range files {
		if err := file.write(); err != nil {
			return fmt.Errorf("init: %w", err)
		}
		fmt.Fprintf(env.stdout, "wrote %s\n", report.Clean(filepath.ToSlash(file.name)))
	}
	if hasIgnored {
		said, err := ignoreState(ignored)
		if err != nil {
			return fmt.Errorf("init: %w", err)
		}
		fmt.Fprintln(env.stdout, said)
	}
	fmt.Fprintln(env.stdout, "Next: qlsync plan, then qlsync apply.")
	return nil
}

const (
	ignoreFile = ".gitignore"
	ignoreLine = ".qlsync/" // where embedded tenants keep their state
)

// ignoreState adds the line to the file with that text, if it is missing, and
// tells what it did.
func ignoreState(text []byte) (string, error) {
	for line := range strings.Lines(string(text)) {
		pattern := strings.TrimPrefix(strings.TrimSpace(line), "**")
		if strings.Trim(pattern, "/") == strings.Trim(ignoreLine, "/") {
			return "left .gitignore as it is: it has " + ignoreLine, nil
		}
	}
	added := ignoreLine + "\n"
	if len(text) > 0 && text[len(text)-1] != '\n' {
		added = "\n" + added
	}
	mode := outfile.Public
	if info, err := os.Stat(ignoreFile); err == nil {
		mode = info.Mode().Perm()
	}
	return "added " + ignoreLine + " to .gitignore", outfile.WriteBytes(ignoreFile, mode, append(slices.Clone(text), added...))
}

// existingFiles names those of the files that are there already.
func existingFiles(files []textFile) []string {
	var existing []string
	for _, file := range files {
		if _, err := os.Lstat(file.name); err == nil {
			existing = append(existing, file.name)
		}
	}
	return existing
}

type textFile struct {
	name string
	text []byte
}

// write writes a file that is not there yet, as a whole or not at all.
func (f textFile) write() error {
	if err := os.MkdirAll(filepath.Dir(f.name), 0o755); err != nil {
		return err
	}
	return outfile.Create(f.name, outfile.Public, f.text)
}

func quickstart() ([]textFile, error) {
	var files []textFile
	err := fs.WalkDir(examples.Quickstart, "quickstart", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := examples.Quickstart.ReadFile(path)
		files = append(files, textFile{filepath.FromSlash(strings.TrimPrefix(path, "quickstart/")), text})
		return err
	})
	return files, err
}

// editorFiles gives the schemas for editors, made from those that are vendored among
// the files.
func editorFiles(files []textFile) ([]textFile, error) {
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}}
	for _, file := range files {
		folder, name := path.Split(filepath.ToSlash(file.name))
		id, isSource := strings.CutSuffix(name, ".json")
		if folder != schemasFolder || !isSource {
			continue
		}
		source, err := engine.ParseDataSource(spec.ProviderQlik, id, file.text)
		if err != nil {
			return nil, err
		}
		catalog.DataSources[id] = source
	}
	connections, project := spec.EditorSchemas(catalog)
	return []textFile{
		{filepath.FromSlash(schemasFolder + spec.EditorConnections), connections},
		{filepath.FromSlash(schemasFolder + spec.EditorProject), project},
	}, nil
}

// schemasFolder is where the project that init writes has its schemas.
const schemasFolder = "schemas/"
