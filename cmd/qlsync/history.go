package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/report"
)

// history gives the runs of the file that --history names that are about the project
// and the tenants, by time; none without the flag, or if there is no such file yet.
func (env *environment) history(c *cli.Context, project string, tenants ...string) ([]report.Point, error) {
	name := c.String("history")
	if name == "" {
		return nil, nil
	}
	file, err := infile.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("history %q: %s", name, infile.Reason(err))
	}
	defer file.Close()
	text, err := infile.TextReader(file)
	if err != nil {
		return nil, fmt.Errorf("history %q: it is %w: %s", name, err, infile.WayOut(err))
	}
	points, broken, err := report.ReadHistory(text, project, tenants)
	if err != nil {
		return nil, fmt.Errorf("history %q: %w", name, err)
	}
	if broken > 0 {
		fmt.Fprintf(env.stderr, "warning: history %q: %s no run of drift, or over 4 MiB, and left out\n", name, linesAre(broken))
	}
	return points, nil
}

func linesAre(n int) string {
	if n == 1 {
		return "1 line is"
	}
	return fmt.Sprintf("%d lines are", n)
}

// remember appends drift reports to the file that --history names, in one write.
func remember(c *cli.Context, drifts ...*plan.Drift) error {
	name := c.String("history")
	if name == "" || len(drifts) == 0 {
		return nil
	}
	var lines bytes.Buffer
	for _, drift := range drifts {
		if err := report.NewPoint(drift).Line(&lines); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	if err := outfile.Append(name, outfile.Private, lines.Bytes()); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}
