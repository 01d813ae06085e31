package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// ProjectFile is the default name of a project file.
const ProjectFile = "qlsync.yaml"

// FindProject returns the path of the project file: the named file, or [ProjectFile] in the named
// folder. For an empty name it searches the working directory and the folders above it. Like Git's,
// the search ends at the root of a Git repository, below the home directory, and at the end of a
// file system. It ignores files of other users, who may be able to write to a folder above, such as
// /tmp. An error is a [connection.Problems].
func (host *Host) FindProject(named string) (string, error) {
	if named != "" {
		if info, err := os.Stat(host.at(named)); err == nil && info.IsDir() {
			return filepath.Join(named, ProjectFile), nil
		}
		return named, nil
	}
	folder := "."
	info, err := os.Stat(host.at(folder))
	for err == nil {
		file := filepath.Join(folder, ProjectFile)
		switch found, err := os.Lstat(host.at(file)); {
		case errors.Is(err, fs.ErrNotExist):
		case folder != "." && err == nil && !outfile.IsOwned(host.at(file), found):
			return "", projectProblem(file, connection.Because("project-of-another-user", "file", filepath.ToSlash(file)))
		default:
			return file, nil
		}
		if _, err := os.Lstat(host.at(filepath.Join(folder, ".git"))); err == nil {
			break
		}
		above := filepath.Join(folder, "..")
		next, err := os.Stat(host.at(above))
		if err != nil || os.SameFile(info, next) || host.isHome(next) || !outfile.SameSystem(info, next) {
			break
		}
		folder, info = above, next
	}
	return "", projectProblem(ProjectFile, connection.Because("no-project"))
}

func projectProblem(file string, reason connection.Reason) error {
	return connection.Problems{messages.FileProblem(file, reason)}
}

// isHome reports whether a folder is the user's home directory.
func (host *Host) isHome(folder fs.FileInfo) bool {
	variable := "HOME"
	if runtime.GOOS == "windows" {
		variable = "USERPROFILE"
	}
	home, _ := host.Lookup(variable)
	if !filepath.IsAbs(home) {
		return false
	}
	info, err := os.Stat(home)
	return err == nil && os.SameFile(folder, info)
}
