package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
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
			command("pull", "vendor the schemas of the data sources in use and bring the others up to date; or of those that are named, or of all", "[ID...]",
				[]cli.Flag{&cli.BoolFlag{Name: "all", Usage: "take all data sources that the tenant offers"}}, pullSchemas),
			command("list", "list the vendored schemas, without a network", "", listFormats().flags(), listSchemas),
			command("check", "tell what has changed on the tenant since, and which connections that breaks; ends with 2 if anything",
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

// pullSchemas brings the folder of vendored schemas to what the tenant says. What
// cannot be taken is told at the end, and keeps nothing else away.
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
	ids, err := s.wanted(c, lock)
	if err != nil {
		return err
	}
	catalog, err := s.sources(c.Context, ids)
	if err != nil && !errors.As(err, &problems) {
		return s.explained(err)
	}
	used := s.declared.DataSources()
	pull := spec.Pull{
		Dir: s.project.SchemasDir, Lock: lock, Catalog: catalog,
		Needed: func(id string) bool { return c.NArg() > 0 || slices.Contains(used, id) },
	}
	inputs := otherInputs(s.project, s.variables)
	said, kept := s.take(pull, inputs, slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(catalog.Unread, id) }))
	if _, err := io.WriteString(env.stdout, said); err != nil {
		kept = append(kept, failure(err))
	}
	var unusable connection.Problems
	if _, err := os.Stat(filepath.Join(s.project.SchemasDir, filepath.FromSlash(spec.EditorConnections))); err == nil {
		if err := env.writeEditor(s.project, s.project.Tenants, inputs); err != nil && !errors.As(err, &unusable) {
			kept = append(kept, failure(err))
		}
	}
	return spec.Collect(problems, kept, unusable).Err()
}

// otherInputs lists the files of a project that are not in the folder of vendored schemas
// because they are schemas: what is written there must not replace them.
func otherInputs(project *spec.Project, variables map[string]string) []spec.Input {
	return slices.DeleteFunc(project.Inputs(variables), func(input spec.Input) bool { return input.Schema })
}

// failure is an error as a problem without a place.
func failure(err error) connection.Problem {
	return connection.Problem{Severity: connection.SeverityError, Message: errorText(err)}
}

// wanted gives the ids that a pull was asked for, sorted, each once.
func (s *session) wanted(c *cli.Context, lock spec.Lock) ([]string, error) {
	var ids []string
	switch {
	case c.Bool("all") && c.NArg() > 0:
		return nil, fmt.Errorf("schemas pull: give --all or ids, not both")
	case c.NArg() > 0:
		ids = c.Args().Slice()
	default:
		vendored, _ := spec.VendoredSpecs(s.project.SchemasDir, s.project.Dir)
		ids = s.concerned(slices.Collect(maps.Keys(vendored)), lock)
	}
	if c.Bool("all") {
		// No data source has an empty id, so the answer lists those that there are.
		catalog, err := s.sources(c.Context, []string{""})
		if err != nil {
			return nil, s.explained(err)
		}
		ids = append(ids, catalog.Known...)
	}
	if len(ids) == 0 {
		return nil, s.besides(fmt.Errorf("schemas pull: no connection is declared for tenant %q: name data sources, or give --all", s.tenant.Name))
	}
	return slices.Compact(slices.Sorted(slices.Values(ids))), nil
}

// concerned gives the data sources that are the tenant's business: those in use for
// it, and of the vendored ones those that no connection of any tenant uses and that
// were pulled from it, or from one that the project has no more. While the files
// have mistakes, nobody knows what is not in use.
func (s *session) concerned(vendored []string, lock spec.Lock) []string {
	ids := s.declared.DataSources()
	problems := s.problems
	var elsewhere []string
	for i := range s.project.Tenants {
		if tenant := &s.project.Tenants[i]; tenant.Name != s.tenant.Name && !isBuiltIn(tenant) {
			declared, more := s.project.Desired(tenant, s.variables)
			elsewhere = append(elsewhere, declared.DataSources()...)
			problems = spec.Collect(problems, more)
		}
	}
	for _, id := range vendored {
		locked, wasPulled := lock.DataSources[id]
		isTheirs := locked.Tenant != s.tenant.Name &&
			slices.ContainsFunc(s.project.Tenants, func(t spec.Tenant) bool { return t.Name == locked.Tenant })
		if problems.Err() == nil && wasPulled && !isTheirs && !slices.Contains(elsewhere, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// take writes or removes the vendored schemas of the data sources, then the lock,
// and says what became of each. A file that cannot be written, as while another program
// has it open, or that is one of the inputs, is a problem and keeps nothing else away.
func (s *session) take(pull spec.Pull, inputs []spec.Input, ids []string) (said string, problems connection.Problems) {
	var lines strings.Builder
	note := func(err error) { problems = append(problems, failure(err)) }
	for _, id := range ids {
		text, err := infile.Read(filepath.Join(pull.Dir, id+".json"), maxWrittenFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			note(err)
			continue
		}
		pulled, problem := pull.Decide(id, text)
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		if err := s.write(pulled, id, pull.Lock, inputs); err != nil {
			note(fmt.Errorf("schema of %s not taken: %w", id, err))
			continue
		}
		lines.WriteString(report.Clean(filepath.ToSlash(pulled.File)+": "+pulled.Change) + "\n")
	}
	if lines.Len() > 0 {
		if err := replaceFile(filepath.Join(pull.Dir, spec.LockFile), pull.Lock.Text(), inputs); err != nil {
			note(fmt.Errorf("the lock does not know what was pulled: %w", err))
		}
	}
	return lines.String(), problems
}

// write writes or removes one vendored schema, and notes it in the lock.
func (s *session) write(pulled spec.Pulled, id string, lock spec.Lock, inputs []spec.Input) error {
	var err error
	switch {
	case pulled.Source == nil:
		if err = apartFrom(pulled.File, inputs); err == nil {
			err = outfile.Remove(pulled.File)
		}
	case !pulled.Same:
		err = replaceFile(pulled.File, pulled.Text, inputs)
	}
	if err != nil {
		return err
	}
	if pulled.Source == nil {
		delete(lock.DataSources, id)
		return nil
	}
	lock.Take(pulled.Source, pulled.Text, s.tenant.Name, time.Now().UTC().Format(time.DateOnly))
	return nil
}

// listSchemas tells what is vendored, and what is in use and not vendored.
func listSchemas(c *cli.Context, env *environment) error {
	if err := firstOf(noArguments(c), listFormats().check(c)); err != nil {
		return err
	}
	if _, err := env.prepare(c); err != nil {
		return err
	}
	return interruptibly(c.Context, func() error {
		project, uses, err := usesOf(c, env)
		if err != nil {
			return err
		}
		listed, err := vendoredSources(project, uses)
		if err != nil {
			return err
		}
		return listFormats().write(c, env, listed)
	})
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
	if err := checkReplaced(c, project, set); err != nil {
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
	if !isBuiltIn(tenant) {
		return false
	}
	fmt.Fprintf(env.stderr, "The schemas of %s are built in (provider %s): there is nothing to vendor; qlsync schemas editor writes them for editors.\n",
		report.Clean(tenant.Name), tenant.Provider)
	return true
}

func isBuiltIn(tenant *spec.Tenant) bool {
	kind, ok := providerOf(tenant)
	return ok && kind.builtin != nil
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
	texts, problems := spec.VendoredSpecs(project.SchemasDir, project.Dir)
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
			source.Edited = lock.Edited(id, text)
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
	lock, problems := spec.ReadLock(s.project.SchemasDir)
	if problems = spec.Collect(problems, s.problems, s.localProblems); problems.Err() != nil {
		return problems.Err()
	}
	checked, err := vendoredSources(s.project, countSources(s.declared))
	if err != nil {
		return err
	}
	ours := s.local
	ids := s.concerned(slices.Collect(maps.Keys(ours.DataSources)), lock)
	checked.Tenant = s.tenant.Name
	checked.Sources = slices.DeleteFunc(checked.Sources, func(source report.SchemaSource) bool { return !slices.Contains(ids, source.ID) })
	theirs, err := s.sources(c.Context, ids)
	if err != nil {
		return s.explained(err)
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
	if differs || len(checked.Breaks) > 0 {
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
	set, err := variables(c)
	if err != nil {
		return err
	}
	return env.writeEditor(project, tenants, otherInputs(project, set))
}

// writeEditor writes them for what is known of the data sources of all the tenants. If one
// of the files cannot be written, the other one is.
func (env *environment) writeEditor(project *spec.Project, tenants []spec.Tenant, inputs []spec.Input) error {
	all := &connection.Catalog{DataSources: map[string]*connection.DataSource{}}
	read := map[string]bool{} // by provider
	for i := range tenants {
		if read[tenants[i].Provider] {
			continue
		}
		read[tenants[i].Provider] = true
		catalog, problems := vendored(project, &tenants[i])
		if problems.Err() != nil {
			return problems
		}
		maps.Copy(all.DataSources, catalog.DataSources)
	}
	connections, own := spec.EditorSchemas(all)
	var errs []error
	for _, file := range []struct {
		name string
		text []byte
	}{{spec.EditorConnections, connections}, {spec.EditorProject, own}} {
		path := filepath.Join(project.SchemasDir, filepath.FromSlash(file.name))
		err := replaceFile(path, file.text, inputs)
		if err == nil {
			_, err = fmt.Fprintln(env.stdout, "wrote "+report.Clean(filepath.ToSlash(path)))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// replaceFile writes a file of the project as a whole or not at all; the folder is
// made if it is missing. A file that is one of the inputs is left alone.
func replaceFile(path string, text []byte, inputs []spec.Input) error {
	if err := apartFrom(path, inputs); err != nil {
		return fmt.Errorf("%w: keep it in another folder, or set schemas in the project file to one", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return outfile.WriteBytes(path, outfile.Public, text)
}
