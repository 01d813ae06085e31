package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/pkg/plan"
)

// HistoryFormat names the JSON contract of one line of a history.
const HistoryFormat = "qlsync.history/v1"

// Point is one run of drift on one tenant: a line of a history file, which contains one JSON value
// in each line and is only appended to.
type Point struct {
	Format  string            `json:"format"`
	At      time.Time         `json:"at"`
	Project string            `json:"project"`
	Tenant  string            `json:"tenant"`
	Summary plan.DriftSummary `json:"summary"`
	// Spaces counts the connections that differ, by space; the others have none.
	Spaces map[string]int `json:"spaces,omitempty"`
	// Incomplete reports that the lists of the tenant were incomplete.
	Incomplete bool `json:"incomplete,omitempty"`
	// Ignored are the kinds of drift that were not counted.
	Ignored []plan.DriftKind `json:"ignored,omitempty"`
}

// NewPoint returns the point of a drift report.
func NewPoint(d *plan.Drift) Point {
	p := Point{
		Format: HistoryFormat, At: d.At, Project: d.Project, Tenant: d.Tenant.Name, Summary: d.Summary,
		Spaces: map[string]int{}, Incomplete: len(d.Incomplete) > 0, Ignored: d.Ignored,
	}
	for i := range d.Items {
		p.Spaces[d.Items[i].Connection.Space]++
	}
	return p
}

// Line writes the point as one line.
func (p Point) Line(w io.Writer) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	var line bytes.Buffer // one write appends the whole line to the file
	escapeJSON(&line, text)
	line.WriteByte('\n')
	_, err = w.Write(line.Bytes())
	return err
}

// maxHistoryLine bounds a line of a history, in bytes.
const maxHistoryLine = limits.HistoryLine

// ReadHistory reads the lines of one project and tenant, ordered by time. It counts and skips lines
// that are not points, such as lines that a killed process left incomplete, or that are too long.
func ReadHistory(r io.Reader, project string, tenants []string) (points []Point, broken int, err error) {
	lines := bufio.NewReaderSize(r, maxHistoryLine)
	for err == nil {
		var line []byte
		var whole bool
		line, whole, err = readLine(lines)
		if whole && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var p Point
		if !whole || json.Unmarshal(line, &p) != nil || p.Format != HistoryFormat || p.At.IsZero() {
			broken++
			continue
		}
		if p.Project == project && slices.Contains(tenants, p.Tenant) {
			points = append(points, p)
		}
	}
	slices.SortStableFunc(points, func(x, y Point) int { return x.At.Compare(y.At) })
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return points, broken, err
}

// readLine reads up to the end of a line. whole is false for a line that is longer than the buffer,
// which is skipped.
func readLine(lines *bufio.Reader) (line []byte, whole bool, err error) {
	line, err = lines.ReadSlice('\n')
	for whole = true; errors.Is(err, bufio.ErrBufferFull); whole = false {
		_, err = lines.ReadSlice('\n')
	}
	return line, whole, err
}

// run is the sum of the points of one moment.
type run struct {
	at      time.Time
	summary plan.DriftSummary
	tenants map[string]bool
	// incomplete reports that the lists of a tenant were incomplete.
	incomplete bool
	ignored    []plan.DriftKind
}

// runs adds up the points of the tenants of one run: those of the same moment, each tenant once.
// The points are sorted by time.
func runs(points []Point) []run {
	var all []run
	for _, p := range points {
		if n := len(all); n == 0 || !all[n-1].at.Equal(p.At) || all[n-1].tenants[p.Tenant] {
			all = append(all, run{at: p.At, tenants: map[string]bool{}})
		}
		last := &all[len(all)-1]
		last.tenants[p.Tenant] = true
		last.summary = last.summary.Add(p.Summary)
		last.incomplete = last.incomplete || p.Incomplete
		last.ignored = p.Ignored
	}
	return all
}
