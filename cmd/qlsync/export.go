package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

func exportCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "write live connections that no file declares as files, ready to be adopted; writes nothing to the tenant",
		Flags: slices.Concat(sharedFlags(), []cli.Flag{
			repeatable("space", "export the space of this `NAME`, or personal; repeatable. Left out: the spaces of the project"),
			&cli.StringFlag{Name: "out", Usage: "write one file for each space into `DIR`; left out: all of them to standard output"},
		}),
		Action: func(c *cli.Context) error { return runExport(c, env) },
	}
}

// runExport writes files that are not there yet: if one of them exists, none is
// written.
func runExport(c *cli.Context, env *environment) error {
	if err := noArguments(c); err != nil {
		return err
	}
	s, err := open(c, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.problemsBut(s.project.Unmatched()); err != nil {
		return err
	}
	exported, err := s.export(c)
	if err != nil {
		return err
	}
	folder := c.String("out")
	if folder == "" {
		for _, file := range exported.Files {
			if _, err := env.stdout.Write(file.Text); err != nil {
				return err
			}
		}
		_ = env.text(env.stderr).Export(env.stderr, told(exported, "", false))
		return nil
	}
	if err := writeExport(folder, exported.Files); err != nil {
		return err
	}
	if err := env.text(env.stdout).Export(env.stdout, told(exported, folder, true)); err != nil || len(exported.Files) == 0 {
		return err
	}
	_, err = fmt.Fprintln(env.stdout, "\nNext: "+s.afterExport(folder, exported.Files))
	return err
}

// afterExport says what to do with the files.
func (s *session) afterExport(folder string, files []spec.ExportedFile) string {
	which := ""
	if len(s.project.Tenants) > 1 {
		which = " -t " + s.tenant.Name
	}
	next := "qlsync plan" + which
	if !s.project.Reads(filepath.Join(folder, files[0].Name)) {
		next = fmt.Sprintf("add the folder to connections in %s, which does not name it; %s", report.Clean(s.project.File), next)
	}
	if _, err := os.Stat(filepath.Join(s.project.SchemasDir, filepath.FromSlash(spec.EditorConnections))); err != nil {
		if !isBuiltIn(s.tenant) {
			next += "; qlsync schemas pull" + which
		}
		next += "; qlsync schemas editor for help in the editor"
	}
	return next + "."
}

// problemsBut gives what is wrong in the files, but for some of it: what they
// declare must be known to be left out of an export.
func (s *session) problemsBut(these connection.Problems) error {
	problems := slices.Clone(s.problems)
	return slices.DeleteFunc(problems, func(p connection.Problem) bool { return slices.Contains(these, p) }).Err()
}

// export reads the tenant's connections and turns them into files.
func (s *session) export(c *cli.Context) (spec.Export, error) {
	spaces, err := s.exportedSpaces(c.StringSlice("space"))
	if err != nil {
		return spec.Export{}, err
	}
	defer s.watch()()
	snapshot, err := s.snapshot(c.Context, connection.Scope{
		Spaces: spaces,
		Details: func(live *connection.Live) bool {
			return live.Mark.Project == "" || live.Mark.Project == s.project.Name
		},
	})
	if err != nil {
		return spec.Export{}, s.explained(err)
	}
	if err := checkSpaces(s.project, spaces, snapshot); err != nil {
		return spec.Export{}, err
	}
	catalog, err := s.sourcesOf(c.Context, snapshot.Connections)
	var unread connection.Problems
	if err != nil && !errors.As(err, &unread) {
		return spec.Export{}, s.explained(err)
	}
	kind, _ := providerOf(s.tenant)
	dir := c.String("out")
	if dir == "" {
		dir = filepath.Join(s.project.Dir, "connections")
	}
	exported := s.project.Export(spec.ExportInput{
		Tenant: s.tenant.Name, Live: plan.Hide(snapshot, nil, nil).Connections, Catalog: catalog,
		Declared: s.declared.Connections, Moves: s.declared.Moves, Dir: dir, OneFile: c.String("out") == "",
		Classify: kind.classify, HoldsSecret: kind.holdsSecret, KnowsSecret: kind.knowsSecret, Normalize: s.provider.Normalize,
	})
	exported.Written = snapshot.Traits.Whole
	incomplete := snapshot.Incomplete
	for _, problem := range unread {
		incomplete = append(incomplete, problem.Message)
	}
	for _, reason := range incomplete {
		fmt.Fprintln(s.env.stderr, "warning: not everything is exported: "+report.Clean(reason))
	}
	return exported, nil
}

// sourcesOf reads the data sources of live connections.
func (s *session) sourcesOf(ctx context.Context, live []connection.Live) (*connection.Catalog, error) {
	var ids []string
	for i := range live {
		ids = append(ids, live[i].DataSource)
	}
	slices.Sort(ids)
	return s.sources(ctx, slices.Compact(ids))
}

// exportedSpaces gives the spaces to export: those that are named, or those of the
// project. What is outside of a project's spaces is not exported.
func (s *session) exportedSpaces(named []string) ([]connection.SpaceRef, error) {
	all := slices.DeleteFunc(slices.Clone(s.declared.Spaces), func(space connection.SpaceRef) bool {
		return slices.ContainsFunc(s.declared.OnlyMoves, space.Same)
	})
	if len(named) == 0 {
		return all, nil
	}
	var spaces []connection.SpaceRef
	for _, name := range named {
		space := connection.SpaceRef{Name: name}
		if name == connection.PersonalSpace {
			space = connection.SpaceRef{Personal: true}
		}
		if len(s.project.Spaces) > 0 && !slices.ContainsFunc(all, space.Same) {
			return nil, fmt.Errorf("space %q is not among the project's spaces: add it to spaces in %s", name, s.project.File)
		}
		spaces = append(spaces, space)
	}
	return spaces, nil
}

// checkSpaces demands that there are spaces to export, and that the token sees them.
func checkSpaces(project *spec.Project, spaces []connection.SpaceRef, snapshot *connection.Snapshot) error {
	var known []string
	for _, space := range snapshot.Spaces {
		known = append(known, space.Name)
	}
	if len(spaces) == 0 {
		return fmt.Errorf("which spaces? Neither spaces in %s nor a connection names one: give --space NAME. There is: %s", project.File, strings.Join(known, ", "))
	}
	var problems connection.Problems
	for _, space := range spaces {
		found := slices.ContainsFunc(snapshot.Spaces, func(s connection.Space) bool {
			return s.ID == space.ID && space.ID != "" || s.Name == space.String()
		})
		if !found {
			problems = append(problems, connection.Problem{
				Position: space.Position, Severity: connection.SeverityError, Hint: spec.DidYouMean(space.String(), known),
				Message: fmt.Sprintf("no space %q that this token can see", space),
			})
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// writeExport writes the files into a folder, all or none.
func writeExport(folder string, files []spec.ExportedFile) error {
	var texts []textFile
	for _, file := range files {
		texts = append(texts, textFile{filepath.Join(folder, file.Name), file.Text})
	}
	if existing := existingFiles(texts); len(existing) > 0 {
		return fmt.Errorf("export: nothing was written, these files exist: %s", strings.Join(existing, ", "))
	}
	for i, file := range texts {
		if err := file.write(); err != nil {
			for _, written := range texts[:i] {
				_ = os.Remove(written.name)
			}
			return fmt.Errorf("export: %w", err)
		}
	}
	return nil
}

// told is an export in the words of the report.
func told(exported spec.Export, folder string, written bool) report.Export {
	e := report.Export{Written: exported.Written, Declared: exported.Declared}
	for _, file := range exported.Files {
		if written {
			e.Files = append(e.Files, report.ExportFile{Name: filepath.ToSlash(filepath.Join(folder, file.Name)), Connections: file.Connections})
		}
	}
	for _, remark := range exported.Omitted {
		e.Omitted = append(e.Omitted, report.Remark(remark))
	}
	for _, remark := range exported.LeftOut {
		e.LeftOut = append(e.LeftOut, report.Remark(remark))
	}
	for _, variable := range exported.Variables {
		e.Variables = append(e.Variables, report.Variable(variable))
	}
	return e
}
