package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func validateCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:        "validate",
		Usage:       "check the files without a network",
		Description: "validate checks the files for one tenant, or for all tenants without -t. It reads no secret.",
		Flags:       slices.Concat(sharedFlags(), outputFlags(report.ValidationFormats(version()).Names()), severalFlags()),
		Action: func(c *cli.Context) error {
			return engine.Interruptibly(c.Context, func() error { return runValidate(c, env) })
		},
	}
}

func runValidate(c *cli.Context, env *environment) error {
	if err := cmp.Or(commandline.NoArguments(c), checkFlags(c, env, report.ValidationFormats(version())), checkSeveral(c, false)); err != nil {
		return err
	}
	found, err := validate(c, env)
	if err != nil {
		return err
	}
	if err := write(c, env, report.ValidationFormats(version()), found); err != nil {
		return err
	}
	if found.Problems.Err() != nil {
		return &exit{code: exitError}
	}
	return nil
}

// validate checks the files for the chosen tenants. An unreadable project file is a result, not an
// error.
func validate(c *cli.Context, env *environment) (report.Validation, error) {
	excerpts := spec.Options{WorkDir: string(env.workDir)}.Excerpts
	project, err := readProject(c, env, env.listener(c))
	var problems connection.Problems
	if errors.As(err, &problems) {
		return report.Validation{Problems: problems, Excerpts: excerpts}, env.checkReplaced(c, nil)
	}
	if err != nil {
		return report.Validation{}, err
	}
	shard, err := engine.ParseShard(c.String(shardName))
	if err != nil {
		return report.Validation{}, fmt.Errorf("--%w", err)
	}
	choice := tenantChoice(c)
	choice.Shard = shard
	tenants, err := project.Choose(choice)
	if err != nil && (len(project.Tenants) > 0 || project.Problems.Err() == nil) {
		return report.Validation{}, err
	}
	found := project.Validate(tenants)
	found.Excerpts = excerpts
	return found, nil
}
