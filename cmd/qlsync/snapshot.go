package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/words"
)

func snapshotCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:        "snapshot",
		Usage:       "save what a plan reads from the tenant, for plan --snapshot",
		Description: "The snapshot contains no secret. A plan from a snapshot needs neither a network nor a token.",
		Flags: slices.Concat(sharedFlags(), []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "the `FILE` to write, which only you can read (default: standard output)"},
		}),
		Action: func(c *cli.Context) error { return runSnapshot(c, env) },
	}
}

func runSnapshot(c *cli.Context, env *environment) error {
	if err := cmp.Or(commandline.NoArguments(c), env.checkOutputs(c)); err != nil {
		return err
	}
	s, _, err := openSession(c, env)
	if err != nil {
		return err
	}
	defer s.Close()
	file, err := s.Snapshot(c.Context)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return report.JSON(w, file.Redacted()) }
	name := c.String("out")
	if name == "" {
		return write(env.stdout)
	}
	if err := env.output("", name).Write(write); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	_, err = fmt.Fprintf(env.stdout, "%s holds %s of project %s on tenant %s, without secrets.\n",
		report.Sanitize(filepath.ToSlash(name)), words.Count(len(file.Snapshot.Connections), "connection"), report.Sanitize(file.Project), report.Sanitize(file.Tenant.Name))
	return err
}
