package engine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/plan"
)

// ReadHistory returns the runs of the project and the tenants in a file, ordered by time, and the
// number of lines that are not runs. A file that does not exist and an empty name have no runs. Of
// a file larger than the limit only the end is read, which has the newest runs.
func (host *Host) ReadHistory(name, project string, tenants []string) (points []report.Point, broken int, err error) {
	if name == "" {
		return nil, 0, nil
	}
	file, err := infile.Open(host.at(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("history %q: %s", name, infile.Reason(err))
	}
	defer file.Close()
	text, err := newest(file, limits.History.At(1))
	if err != nil {
		return nil, 0, fmt.Errorf("history %q is %w: %s", name, err, infile.WayOut(err))
	}
	points, broken, err = report.ReadHistory(text, project, tenants)
	if err != nil {
		return nil, 0, fmt.Errorf("history %q: %w", name, err)
	}
	return points, broken, nil
}

// AppendHistory appends drift reports to a file, in one write. An empty name means no file. A pipe
// is refused, because opening it could wait for a reader forever.
func (host *Host) AppendHistory(name string, drifts ...*plan.Drift) error {
	if name == "" || len(drifts) == 0 {
		return nil
	}
	var lines bytes.Buffer
	for _, drift := range drifts {
		if err := report.NewPoint(drift).Line(&lines); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	if info, err := os.Stat(host.at(name)); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("history %q is %w. Name a file that keeps what is written to it", name, infile.ErrNotRegular)
	}
	if err := outfile.Append(host.at(name), outfile.Private, lines.Bytes()); err != nil {
		return fmt.Errorf("history: %w", host.WorkDir.Shown(err))
	}
	return nil
}

// newest returns the text of a file or, of a longer one, the lines within the last most bytes.
func newest(file *os.File, most int64) (io.Reader, error) {
	text, err := infile.TextReader(file)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || info.Size() <= most {
		return text, err
	}
	if _, err := file.Seek(-most-1, io.SeekEnd); err != nil {
		return nil, err
	}
	end := bufio.NewReader(io.LimitReader(file, most+1)) // the file may grow in the meantime
	for {
		_, err := end.ReadSlice('\n') // the rest of a line whose beginning was not read
		if !errors.Is(err, bufio.ErrBufferFull) {
			return end, nil
		}
	}
}
