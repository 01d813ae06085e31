package engine

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/internal/report"
)

// KeepResult writes a result to a new file and returns its path. It tries these folders in order:
// .qlsync next to the project file, results in the user's cache folder, a private folder among the
// temporary files. The last one is also [Host.CacheFolder]'s last resort; it is tried again in case
// the disk of the cache folder is full.
func (p *Project) KeepResult(result any) (string, error) {
	name := fmt.Sprintf("result-%s-%d.json", p.host.now().UTC().Format("20060102T150405Z"), os.Getpid())
	folders := []func() (string, error){
		func() (string, error) { return ignoredFolder(p.host.at(filepath.Join(p.Dir, ".qlsync"))) },
		func() (string, error) { return p.host.CacheFolder("results") },
		func() (string, error) {
			return ownFolder(filepath.Join(p.host.tempDir(), fmt.Sprintf("qlsync-%d", os.Getuid())), "results")
		},
	}
	var first error
	for _, folder := range folders {
		path, err := folder()
		if err == nil {
			path = filepath.Join(path, name)
			err = outfile.Write(path, outfile.Private, func(w io.Writer) error { return report.JSON(w, result) })
		}
		if err == nil {
			return p.host.WorkDir.Relative(path), nil
		}
		first = cmp.Or(first, err)
	}
	return "", fmt.Errorf("cannot save the result in a file, so it follows as JSON: %w", p.host.WorkDir.Shown(first))
}
