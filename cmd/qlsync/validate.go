package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

func validateCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "validate",
		Usage: "check the files without a network, for one tenant or for all",
		Flags: slices.Concat(sharedFlags(), problemFormats().flags(), []cli.Flag{allTenantsFlag()}),
		Action: func(c *cli.Context) error {
			return interruptibly(c.Context, func() error { return runValidate(c, env) })
		},
	}
}

func runValidate(c *cli.Context, env *environment) error {
	if err := firstOf(noArguments(c), problemFormats().check(c), checkAllTenants(c)); err != nil {
		return err
	}
	if _, err := env.prepare(c); err != nil {
		return err
	}
	checked, problems, err := validate(c)
	if err != nil {
		return err
	}
	if err := problemFormats().write(c, env, checks{problems, checked}); err != nil {
		return err
	}
	if problems.Err() != nil {
		return &exit{code: exitError}
	}
	return nil
}

// checks is the result of validate.
type checks struct {
	problems connection.Problems
	checked  string // what was checked, and what could not be
}

func problemFormats() formats[checks] {
	return formats[checks]{
		{asText, func(t report.Text, w io.Writer, found checks) error {
			err := t.Excerpts(w, found.problems, spec.Excerpts(found.problems))
			if err != nil || found.problems.Err() != nil {
				return err
			}
			_, err = io.WriteString(w, found.checked)
			return err
		}},
		plainly(asJSON, func(w io.Writer, found checks) error { return report.JSON(w, report.NewProblems(found.problems)) }),
		plainly("github", func(w io.Writer, found checks) error { return report.GitHub{}.Problems(w, found.problems) }),
		plainly("sarif", func(w io.Writer, found checks) error {
			return report.SARIF{Version: version()}.Problems(w, found.problems)
		}),
		plainly("junit", func(w io.Writer, found checks) error { return report.JUnit{}.Problems(w, found.problems) }),
	}
}

// validate checks the files for the chosen tenants. The text says what was
// checked, and what could not be.
func validate(c *cli.Context) (string, connection.Problems, error) {
	project, problems := loadProject(c)
	if project == nil {
		return "", problems, checkReplaced(c, nil, nil)
	}
	set, err := variables(c)
	if err != nil {
		return "", nil, err
	}
	if err := checkReplaced(c, project, set); err != nil {
		return "", nil, err
	}
	tenants, err := chosenTenants(project, c.String("tenant"))
	if err != nil {
		return "", nil, err
	}
	var checked strings.Builder
	var more connection.Problems
	var unchecked []string
	catalogs := map[string]*connection.Catalog{} // by provider
	for i := range tenants {
		catalog := catalogs[tenants[i].Provider]
		if catalog == nil {
			catalog, more = vendored(project, &tenants[i])
			problems = spec.Collect(problems, more)
			catalogs[tenants[i].Provider] = catalog
		}
		declared, more := checkTenant(project, &tenants[i], set, catalog)
		problems = spec.Collect(problems, more)
		unchecked = append(unchecked, withoutSchema(declared, catalog)...)
		fmt.Fprintf(&checked, "%s: %s\n", report.Clean(tenants[i].Name), valid(len(declared.Connections), declared.Files))
	}
	checked.WriteString(notChecked(unchecked, project.SchemasDir))
	return checked.String(), problems, nil
}

// chosenTenants gives the tenant of that name, or all of them.
func chosenTenants(project *spec.Project, name string) ([]spec.Tenant, error) {
	if name == "" {
		return project.Tenants, nil
	}
	tenant, err := project.Tenant(name)
	if err != nil {
		return nil, err
	}
	return []spec.Tenant{*tenant}, nil
}

// checkTenant checks what the files say about a tenant against vendored schemas.
func checkTenant(project *spec.Project, tenant *spec.Tenant, variables map[string]string, catalog *connection.Catalog) (*spec.DesiredSet, connection.Problems) {
	declared, problems := desired(project, tenant, variables, catalog, nil)
	return declared, spec.Collect(problems, spec.Further(problems, spec.CheckProperties(declared.Connections, catalog)))
}

// withoutSchema gives the data sources in use that are not vendored.
func withoutSchema(declared *spec.DesiredSet, catalog *connection.Catalog) []string {
	return slices.DeleteFunc(declared.DataSources(), func(id string) bool { return catalog.DataSources[id] != nil })
}

// valid says how much is valid: "1 connection in 1 file is valid."
func valid(connections, files int) string {
	verb := "are"
	if connections == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%s in %s %s valid.", count(connections, "connection"), count(files, "file"), verb)
}

// count gives "1 file", "2 files".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// notChecked says what only a tenant knows.
func notChecked(sources []string, folder string) string {
	if len(sources) == 0 {
		return "Not checked without a network: spaces and owners.\n"
	}
	slices.Sort(sources)
	return fmt.Sprintf("Not checked without a network: spaces, owners, and the properties of %s (no schema in %s).\n",
		report.Clean(strings.Join(slices.Compact(sources), ", ")), report.Clean(filepath.ToSlash(folder)))
}

// vendored gives the data sources of the tenant's kind that are known without a
// network: those whose descriptions stand in the project.
func vendored(project *spec.Project, tenant *spec.Tenant) (*connection.Catalog, connection.Problems) {
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}}
	kind, ok := providerOf(tenant)
	if !ok {
		return catalog, nil
	}
	if kind.builtin != nil {
		return kind.builtin(), nil
	}
	texts, problems := spec.VendoredSpecs(project.SchemasDir, project.Dir)
	for id, text := range texts {
		source, err := kind.parse(id, text)
		if err != nil {
			problems = append(problems, connection.Problem{
				Position: connection.Position{File: filepath.ToSlash(filepath.Join(project.SchemasDir, id+".json"))}, Severity: connection.SeverityError, Message: errorText(err),
			})
			continue
		}
		catalog.DataSources[id] = source
	}
	return catalog, problems
}
