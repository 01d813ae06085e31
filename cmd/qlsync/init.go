package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/examples"
)

func initCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:   "init",
		Usage:  "write a commented project that works against the embedded tenant",
		Action: func(c *cli.Context) error { return runInit(c, env) },
	}
}

// runInit writes the quickstart example into the current folder. It overwrites
// nothing: if one of its files exists, none is written.
func runInit(c *cli.Context, env *environment) error {
	if err := noArguments(c); err != nil {
		return err
	}
	files, err := quickstart()
	if err != nil {
		return err
	}
	var existing []string
	for _, file := range files {
		if _, err := os.Lstat(file.name); err == nil {
			existing = append(existing, file.name)
		}
	}
	if len(existing) > 0 {
		return fmt.Errorf("init: nothing was written, these files exist: %s", strings.Join(existing, ", "))
	}
	for _, file := range files {
		if err := os.MkdirAll(filepath.Dir(file.name), 0o755); err != nil {
			return fmt.Errorf("init: %w", err)
		}
		if err := os.WriteFile(file.name, file.text, 0o644); err != nil {
			return fmt.Errorf("init: %w", err)
		}
		fmt.Fprintf(env.stdout, "wrote %s\n", file.name)
	}
	fmt.Fprintln(env.stdout, "Next: qlsync plan, then qlsync apply.")
	return nil
}

type textFile struct {
	name string
	text []byte
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
