package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/words"
)

// history returns the runs of the file that --history names; see [engine.Host.ReadHistory].
func (env *environment) history(c *cli.Context, project string, tenants ...string) ([]report.Point, error) {
	name := c.String("history")
	points, broken, err := env.files().ReadHistory(name, project, tenants)
	if broken > 0 {
		fmt.Fprintf(env.stderr, "warning: history %q: %s skipped (not a run of drift, or over 4 MiB)\n", name, linesAre(broken))
	}
	return points, err
}

func linesAre(n int) string { return words.Count(n, "line") + " " + words.Plural(n, "is", "are") }
