package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

func validateCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:   "validate",
		Usage:  "check the files without a network, for one tenant or for all",
		Flags:  append(sharedFlags(), outputFlags()...),
		Action: func(c *cli.Context) error { return runValidate(c, env) },
	}
}

func runValidate(c *cli.Context, env *environment) error {
	if err := firstOf(noArguments(c), checkOutputs(c)); err != nil {
		return err
	}
	if _, err := env.prepare(c); err != nil {
		return err
	}
	checked, problems, err := validate(c)
	if err != nil {
		return err
	}
	if c.String("format") == "json" {
		err = report.JSON(env.stdout, report.NewProblems(problems))
	} else {
		err = env.text(env.stdout).Problems(env.stdout, problems)
	}
	if err != nil {
		return err
	}
	if problems.Err() != nil {
		return &exit{code: exitError}
	}
	if c.String("format") == "text" {
		fmt.Fprint(env.stdout, checked)
	}
	return nil
}

// validate checks the files for the chosen tenants. The text says what was
// checked, and what could not be.
func validate(c *cli.Context) (string, connection.Problems, error) {
	project, problems := spec.LoadProject(c.String("config"))
	if project == nil {
		return "", problems, nil
	}
	set, err := variables(c)
	if err != nil {
		return "", nil, err
	}
	tenants := project.Tenants
	if name := c.String("tenant"); name != "" {
		tenant, err := project.Tenant(name)
		if err != nil {
			return "", nil, err
		}
		tenants = []spec.Tenant{*tenant}
	}
	catalog, more := vendored(project)
	problems = spec.Collect(problems, more)
	var checked strings.Builder
	unchecked := map[string]bool{}
	for i := range tenants {
		tenant := &tenants[i]
		declared, more := desired(project, tenant, set, problems)
		if problems = more; declared == nil {
			continue
		}
		problems = spec.Collect(problems, spec.CheckProperties(declared.Connections, catalog))
		for i := range declared.Connections {
			if source := declared.Connections[i].DataSource; catalog.DataSources[source] == nil {
				unchecked[source] = true
			}
		}
		fmt.Fprintf(&checked, "%s: %d connections in %d files are valid.\n", tenant.Name, len(declared.Connections), declared.Files)
	}
	if len(unchecked) > 0 {
		names := make([]string, 0, len(unchecked))
		for name := range unchecked {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(&checked, "Not checked without a network: spaces, owners, and the properties of %s (no schema in %s).\n",
			strings.Join(names, ", "), project.SchemasDir)
	} else {
		checked.WriteString("Not checked without a network: spaces and owners.\n")
	}
	return checked.String(), problems, nil
}

// vendored gives the data sources whose api-specs stand in the project.
func vendored(project *spec.Project) (*connection.Catalog, connection.Problems) {
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}}
	texts, problems := spec.VendoredSpecs(project.SchemasDir)
	for id, text := range texts {
		source, err := qlik.ParseDataSource(id, text)
		if err != nil {
			problems = append(problems, connection.Problem{
				Position: connection.Position{File: project.SchemasDir}, Severity: connection.SeverityError, Message: err.Error(),
			})
			continue
		}
		catalog.DataSources[id] = source
	}
	return catalog, problems
}
