package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func schemasCommand(env *environment) *cli.Command {
	command := func(name, usage, arguments string, flags []cli.Flag, run func(*cli.Context, *environment) error) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage, ArgsUsage: arguments, Flags: slices.Concat(sharedFlags(), flags),
			Action: func(c *cli.Context) error { return run(c, env) },
		}
	}
	return &cli.Command{
		Name:  "schemas",
		Usage: "keep the tenant's schemas of data sources next to the files, for validate and editors",
		Subcommands: []*cli.Command{
			command("pull", "write the schemas of the named data sources, or of those in use, next to the files, and update the others", "[ID...]",
				[]cli.Flag{&cli.BoolFlag{Name: "all", Usage: "write the schemas of all data sources that the tenant offers"}}, pullSchemas),
			command("list", "list the vendored schemas, without a network", "", outputFlags(report.SchemaListFormats().Names()), listSchemas),
			command("check", "compare the vendored schemas with those of the tenant, and list the connections that a change breaks", "", outputFlags(report.SchemaCheckFormats().Names()), checkSchemas),
			command("editor", "write JSON Schemas for editors, without a network", "", nil, writeEditorSchemas),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return commandline.UnknownCommand("qlsync schemas", c.Args().First(), c.Command.Subcommands)
			}
			return env.help(c, c.Command, c.Command.HelpName)
		},
	}
}

// pullSchemas updates the folder of vendored schemas to the tenant's. Schemas that cannot be pulled
// are reported at the end and do not prevent the others.
func pullSchemas(c *cli.Context, env *environment) error {
	s, _, err := openSession(c, env)
	if err != nil {
		return err
	}
	defer s.Close()
	if env.builtIn(c, s.Tenant()) {
		return nil
	}
	pulled, err := s.PullSchemas(c.Context, engine.PullOptions{All: c.Bool("all"), IDs: c.Args().Slice()})
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, file := range pulled.Files {
		lines.WriteString(report.Sanitize(file.File+": "+file.Change) + "\n")
	}
	for _, file := range pulled.Editor {
		lines.WriteString(wroteLine(file))
	}
	fmt.Fprintf(&lines, "%s.\n", words.Count(len(pulled.Files), "schema"))
	problems := pulled.Problems
	if _, err := io.WriteString(env.stdout, lines.String()); err != nil {
		problems = append(problems, messages.Problem(connection.Position{}, connection.SeverityError, connection.Because("file-failed", "reason", infile.ErrorText(err))))
	}
	return spec.Collect(problems).Err()
}

func wroteLine(file string) string { return "wrote " + report.Sanitize(file) + "\n" }

// listSchemas lists the vendored schemas, and those in use that are not vendored.
func listSchemas(c *cli.Context, env *environment) error {
	if err := cmp.Or(commandline.NoArguments(c), checkFlags(c, env, report.SchemaListFormats())); err != nil {
		return err
	}
	return engine.Interruptibly(c.Context, func() error {
		project, tenants, err := chosenTenants(c, env)
		if err != nil {
			return err
		}
		for i := range tenants {
			env.builtIn(c, &tenants[i])
		}
		listed, err := project.ListSchemas(tenants)
		if err != nil {
			return err
		}
		listed.Pull = followUp(c, "schemas pull", c.String("tenant"))
		return write(c, env, report.SchemaListFormats(), listed)
	})
}

// chosenTenants reads the project and returns the tenants that the flags name.
func chosenTenants(c *cli.Context, env *environment) (*engine.Project, []spec.Tenant, error) {
	project, err := readProject(c, env, env.listener(c))
	if err != nil {
		return nil, nil, err
	}
	tenants, err := project.Choose(tenantChoice(c))
	return project, tenants, err
}

// builtIn reports whether the data sources of a tenant's kind are built in, and prints that there
// is nothing to vendor.
func (env *environment) builtIn(c *cli.Context, tenant *spec.Tenant) bool {
	if !engine.IsBuiltIn(tenant) {
		return false
	}
	fmt.Fprintf(env.stderr, "The schemas of %s are built in (provider %s), so there is nothing to vendor. To write them for editors, run: %s\n",
		report.Sanitize(tenant.Name), tenant.Provider, report.Sanitize(followUp(c, "schemas editor", c.String("tenant"))))
	return true
}

// checkSchemas compares the vendored schemas with the tenant's.
func checkSchemas(c *cli.Context, env *environment) error {
	if err := cmp.Or(commandline.NoArguments(c), checkFlags(c, env, report.SchemaCheckFormats())); err != nil {
		return err
	}
	s, _, err := openSession(c, env)
	if err != nil {
		return err
	}
	defer s.Close()
	if env.builtIn(c, s.Tenant()) {
		return nil
	}
	checked, err := s.CheckSchemas(c.Context)
	if err != nil {
		return err
	}
	checked.Pull = followUp(c, "schemas pull", checked.Tenant)
	if err := write(c, env, report.SchemaCheckFormats(), checked); err != nil {
		return err
	}
	differs := slices.ContainsFunc(checked.Sources, func(source report.SchemaSource) bool {
		return source.State == report.SchemaDiffers || source.State == report.SchemaGone
	})
	if differs || len(checked.Breaks) > 0 {
		return &exit{code: exitDiffers}
	}
	return nil
}

// writeEditorSchemas writes the schemas for editors from the vendored ones.
func writeEditorSchemas(c *cli.Context, env *environment) error {
	if err := commandline.NoArguments(c); err != nil {
		return err
	}
	project, tenants, err := chosenTenants(c, env)
	if err != nil {
		return err
	}
	if len(tenants) == 0 {
		return fmt.Errorf("%s declares no tenant", project.File)
	}
	files, err := project.WriteEditorSchemas(tenants)
	for _, file := range files {
		_, unwritten := io.WriteString(env.stdout, wroteLine(file))
		err = cmp.Or(err, unwritten)
	}
	return err
}
