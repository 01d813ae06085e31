package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/report"
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
		Usage: "keep what the tenant says about data sources beside the files, for validate and for editors",
		Subcommands: []*cli.Command{
			command("pull", "vendor the schemas of the data sources in use, of those that are named, or of all", "[ID...]",
				[]cli.Flag{&cli.BoolFlag{Name: "all", Usage: "take all data sources that the tenant offers"}}, pullSchemas),
			command("list", "list the vendored schemas, without a network", "", listFormats().flags(), listSchemas),
			command("check", "tell what has changed on the tenant since, and which connections that breaks; ends with 2 if anything has",
				"", checkFormats().flags(), checkSchemas),
			command("editor", "write JSON Schemas for language servers, without a network", "", nil, writeEditorSchemas),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return fmt.Errorf("unknown command %q: see qlsync schemas --help", "schemas "+c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
}

func listFormats() formats[report.Schemas] {
	return formats[report.Schemas]{{asText, report.Text.SchemaList}, jsonFormat[report.Schemas]()}
}

func checkFormats() formats[report.Schemas] {
	return formats[report.Schemas]{{asText, report.Text.SchemaCheck}, jsonFormat[report.Schemas]()}
}

// pullSchemas writes what the tenant says about data sources into the folder of
// vendored schemas. One that the tenant does not have is told, and does not keep
// the others from being written.
func pullSchemas(c *cli.Context, env *environment) error {
	s, err := open(c, env)
	if err != nil {
		return err
	}
	defer s.close()
	if env.builtIn(s.tenant) {
		return nil
	}
	lock, problems := spec.ReadLock(s.project.SchemasDir)
	if problems.Err() != nil {
		return problems
	}
	ids, err := s.wanted(c)
	if err != nil {
		return err
	}
	catalog, err := s.provider.DataSources(c.Context, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if source := catalog.DataSources[id]; source != nil {
			if err := s.vendor(source, lock); err != nil {
				return err
			}
		}
	}
	if len(catalog.DataSources) > 0 {
		if err := replaceFile(filepath.Join(s.project.SchemasDir, spec.LockFile), lock.Text()); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(s.project.SchemasDir, filepath.FromSlash(spec.EditorConnections))); err == nil {
		if err := env.writeEditor(s.project, s.tenant); err != nil {
			return err
		}
	}
	return missingSources(ids, catalog)
}

// wanted gives the ids that a pull was asked for.
func (s *session) wanted(c *cli.Context) ([]string, error) {
	switch {
	case c.Bool("all") && c.NArg() > 0:
		return nil, fmt.Errorf("schemas pull: give --all or ids, not both")
	case c.Bool("all"):
		// No data source has an empty id, so the answer lists those that there are.
		catalog, err := s.provider.DataSources(c.Context, []string{""})
		if err != nil {
			return nil, err
		}
		return catalog.Known, nil
	case c.NArg() > 0:
		return c.Args().Slice(), nil
	}
	ids := s.declared.DataSources()
	if len(ids) == 0 {
		return nil, fmt.Errorf("schemas pull: no connection is declared for tenant %q: name data sources, or give --all", s.tenant.Name)
	}
	return ids, nil
}

// vendor writes one data source, and says what that changed.
func (s *session) vendor(source *connection.DataSource, lock spec.Lock) error {
	text, err := spec.VendoredText(source)
	if err != nil {
		return err
	}
	path := filepath.Join(s.project.SchemasDir, source.ID+".json")
	before, err := os.ReadFile(path)
	known := lock.DataSources[source.ID].Version
	change := "new, connector version " + source.Version
	switch {
	case err == nil && string(before) == string(text):
		change = "unchanged, connector version " + source.Version
	case err == nil && known != "" && known != source.Version:
		change = "updated, connector version " + known + " -> " + source.Version
	case err == nil:
		change = "updated, connector version " + source.Version
	}
	if err := replaceFile(path, text); err != nil {
		return err
	}
	lock.Take(source, text, s.tenant.Name, time.Now().UTC().Format(time.DateOnly))
	_, err = fmt.Fprintln(s.env.stdout, report.Clean(filepath.ToSlash(path)+": "+change))
	return err
}

// missingSources says which of the data sources the tenant does not have.
func missingSources(ids []string, catalog *connection.Catalog) error {
	var problems connection.Problems
	for _, id := range ids {
		if catalog.DataSources[id] == nil {
			problems = append(problems, connection.Problem{
				Severity: connection.SeverityError, Hint: spec.DidYouMean(id, catalog.Known),
				Message: fmt.Sprintf("the tenant has no data source %q, or has disabled it", id),
			})
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return problems
}

// listSchemas tells what is vendored, and what is in use and not vendored.
func listSchemas(c *cli.Context, env *environment) error {
	if err := firstOf(noArguments(c), listFormats().check(c)); err != nil {
		return err
	}
	if _, err := env.prepare(c); err != nil {
		return err
	}
	project, uses, err := usesOf(c, env)
	if err != nil {
		return err
	}
	listed, err := vendoredSources(project, uses)
	if err != nil {
		return err
	}
	return listFormats().write(c, env, listed)
}

// usesOf counts the declared connections of each data source, over the chosen
// tenants. What is wrong in the files is for validate to say.
func usesOf(c *cli.Context, env *environment) (*spec.Project, map[string]int, error) {
	project, problems := loadProject(c)
	if project == nil {
		return nil, nil, problems
	}
	tenants, err := chosenTenants(project, c.String("tenant"))
	if err != nil {
		return nil, nil, err
	}
	set, err := variables(c)
	if err != nil {
		return nil, nil, err
	}
	uses := map[string]int{}
	for i := range tenants {
		if env.builtIn(&tenants[i]) {
			continue
		}
		declared, _ := project.Desired(&tenants[i], set)
		for id, n := range countSources(declared) {
			uses[id] = max(uses[id], n)
		}
	}
	return project, uses, nil
}

// builtIn reports whether the data sources of a tenant's kind are built in, and says
// so: then there is nothing to vendor.
func (env *environment) builtIn(tenant *spec.Tenant) bool {
	kind, ok := providerOf(tenant)
	if !ok || kind.builtin == nil {
		return false
	}
	fmt.Fprintf(env.stderr, "The schemas of %s are built in (provider %s): there is nothing to vendor; qlsync schemas editor writes them for editors.\n",
		report.Clean(tenant.Name), tenant.Provider)
	return true
}

func countSources(declared *spec.DesiredSet) map[string]int {
	uses := map[string]int{}
	for i := range declared.Connections {
		if id := declared.Connections[i].DataSource; id != "" {
			uses[id]++
		}
	}
	return uses
}

// vendoredSources tells of each data source that is vendored or in use, by id.
func vendoredSources(project *spec.Project, uses map[string]int) (report.Schemas, error) {
	listed := report.Schemas{Format: report.SchemasFormat, Sources: []report.SchemaSource{}}
	texts, problems := spec.VendoredSpecs(project.SchemasDir)
	lock, more := spec.ReadLock(project.SchemasDir)
	if problems = spec.Collect(problems, more); problems.Err() != nil {
		return listed, problems
	}
	ids := slices.Collect(maps.Keys(texts))
	ids = slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(ids, maps.Keys(uses)))))
	for _, id := range ids {
		locked := lock.DataSources[id]
		source := report.SchemaSource{ID: id, Uses: uses[id], Version: locked.Version, Pulled: locked.Pulled, From: locked.Tenant}
		if text, isVendored := texts[id]; isVendored {
			source.Edited = locked.Digest != "" && locked.Digest != spec.Digest(text)
		} else {
			source = report.SchemaSource{ID: id, Uses: uses[id], State: report.SchemaNotPulled}
		}
		listed.Sources = append(listed.Sources, source)
	}
	return listed, nil
}

// checkSchemas compares the vendored schemas with the tenant's.
func checkSchemas(c *cli.Context, env *environment) error {
	if err := firstOf(noArguments(c), checkFormats().check(c)); err != nil {
		return err
	}
	s, err := open(c, env)
	if err != nil {
		return err
	}
	defer s.close()
	if env.builtIn(s.tenant) {
		return nil
	}
	ours, problems := vendored(s.project, s.tenant)
	if problems.Err() != nil {
		return problems
	}
	checked, err := vendoredSources(s.project, countSources(s.declared))
	if err != nil {
		return err
	}
	checked.Tenant = s.tenant.Name
	ids := make([]string, len(checked.Sources))
	for i := range checked.Sources {
		ids[i] = checked.Sources[i].ID
	}
	theirs, err := s.provider.DataSources(c.Context, ids)
	if err != nil {
		return err
	}
	differs := false
	for i := range checked.Sources {
		source := &checked.Sources[i]
		compareSource(source, ours.DataSources[source.ID], theirs.DataSources[source.ID])
		differs = differs || source.State == report.SchemaDiffers || source.State == report.SchemaGone
	}
	for _, broken := range spec.Breaks(s.declared.Connections, ours, theirs) {
		checked.Breaks = append(checked.Breaks, report.SchemaBreak(broken))
	}
	if err := checkFormats().write(c, env, checked); err != nil {
		return err
	}
	if differs {
		return &exit{code: exitDiffers}
	}
	return nil
}

// compareSource tells how a vendored schema stands to the tenant's.
func compareSource(source *report.SchemaSource, ours, theirs *connection.DataSource) {
	if theirs != nil {
		source.TenantVersion = theirs.Version
	}
	switch {
	case ours == nil:
		source.State = report.SchemaNotPulled
	case theirs == nil:
		source.Version, source.State = ours.Version, report.SchemaGone
	default:
		source.Version, source.Changes = ours.Version, spec.CompareSchemas(ours, theirs)
		source.State = report.SchemaSame
		if len(source.Changes) > 0 || ours.Version != theirs.Version {
			source.State = report.SchemaDiffers
		}
	}
}

// writeEditorSchemas writes the schemas for editors from what is vendored.
func writeEditorSchemas(c *cli.Context, env *environment) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if _, err := env.prepare(c); err != nil {
		return err
	}
	project, problems := loadProject(c)
	if project == nil {
		return problems
	}
	tenants, err := chosenTenants(project, c.String("tenant"))
	if err != nil {
		return err
	}
	if len(tenants) == 0 {
		return fmt.Errorf("%s declares no tenant", project.File)
	}
	return env.writeEditor(project, &tenants[0])
}

func (env *environment) writeEditor(project *spec.Project, tenant *spec.Tenant) error {
	catalog, problems := vendored(project, tenant)
	if problems.Err() != nil {
		return problems
	}
	connections, own := spec.EditorSchemas(catalog)
	for _, file := range []struct {
		name string
		text []byte
	}{{spec.EditorConnections, connections}, {spec.EditorProject, own}} {
		path := filepath.Join(project.SchemasDir, filepath.FromSlash(file.name))
		if err := replaceFile(path, file.text); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(env.stdout, "wrote "+report.Clean(filepath.ToSlash(path))); err != nil {
			return err
		}
	}
	return nil
}

// replaceFile writes a file of the project as a whole or not at all; the folder is
// made if it is missing.
func replaceFile(path string, text []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".qlsync-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(text)
	if err = firstOf(err, file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
