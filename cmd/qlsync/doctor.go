package main

import (
	"cmp"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

func doctorCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "check the files, the tenant and the connection to it; writes nothing",
		Description: "doctor checks the files, the vendored schemas, the secrets, QLSYNC_HOSTS, the lock folder, whether the tenant answers, the tenant's clock, the " +
			"token and its roles, the spaces, the data sources, and the right to write connections. After a failed check, doctor continues " +
			"with the checks that are still possible.",
		Flags:  slices.Concat(sharedFlags(), outputFlags(report.DoctorFormats().Names()), severalFlags(), []cli.Flag{lockFolderFlag()}),
		Action: func(c *cli.Context) error { return runDoctor(c, env) },
	}
}

func runDoctor(c *cli.Context, env *environment) error {
	if err := cmp.Or(commandline.NoArguments(c), checkFlags(c, env, report.DoctorFormats()), checkSeveral(c, false)); err != nil {
		return err
	}
	project, err := env.choose(c)
	if err != nil {
		return err
	}
	tenants := project.tenants
	if !project.isSeveral {
		tenant, err := project.Tenant(c.String("tenant"))
		if err != nil {
			return cmp.Or(project.Problems.Err(), err)
		}
		tenants = []spec.Tenant{*tenant}
	}
	options, err := sessionOptions(c)
	if err != nil {
		return err
	}
	found, err := project.Doctor(c.Context, tenants, engine.DoctorOptions{
		SessionOptions: options, LockDir: c.String(lockDirName),
		Command: func(words, tenant string) string { return followUp(c, words, tenant) },
	})
	if err != nil {
		return err
	}
	if err := write(c, env, report.DoctorFormats(), found); err != nil {
		return err
	}
	switch {
	case c.Context.Err() != nil:
		return c.Context.Err()
	case found.Failed():
		return &exit{code: exitError}
	}
	return nil
}
