package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
)

// stateFile returns the file for the state of an embedded tenant, and makes its folder:
// .qlsync next to the seed. A seed outside the project has its state in .qlsync next to
// the project file, under a name with a digest of the seed's path: qlsync writes into no
// folder that is not the project's. A folder or file that is a link, or of another user,
// is an error.
func stateFile(project, seed string) (string, error) {
	folder, err := infile.Real(filepath.Dir(seed))
	if err != nil {
		return "", err
	}
	above, err := infile.Real(project)
	if err != nil {
		return "", err
	}
	name := filepath.Base(seed)
	place := filepath.Dir(seed)
	if inside, err := filepath.Rel(above, folder); err != nil || !filepath.IsLocal(inside) {
		place, name = project, name+"-"+digest(filepath.Join(folder, name))[:16]
	}
	state, err := ignoredFolder(filepath.Join(place, ".qlsync"))
	if err != nil {
		return "", err
	}
	state = filepath.Join(state, name+".json")
	return state, firstOf(checkOurs(state), checkOurs(state+".lock"))
}

// checkOurs refuses a file that is a link or belongs to another user, who may have put
// it there.
func checkOurs(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil // whoever makes the file says what is wrong
	case !info.Mode().IsRegular():
		return fmt.Errorf("%q is not a regular file: remove it", path)
	case !outfile.IsOurs(info):
		return fmt.Errorf("%q belongs to another user: remove it, or run qlsync as that user", path)
	}
	return nil
}

// checkCache refuses a file of the read cache that is an input of the project.
func (s *session) checkCache(folder, path string) error {
	if _, err := os.Lstat(path); err != nil {
		return nil // there is none yet
	}
	return output{flag: "--cache " + folder, path: path}.apartFrom(s.project.Inputs(s.variables))
}

// checkState refuses a state for simulate that would replace one of its inputs. A file
// that is not a state is refused by the embedded tenant.
func checkState(c *cli.Context) error {
	state := c.String("state")
	if state == "" {
		return nil
	}
	for _, path := range []string{state, state + ".lock"} {
		if err := (output{flag: "--state " + state, path: path}).apartFrom(namedInputs(c)); err != nil {
			return err
		}
	}
	return nil
}
