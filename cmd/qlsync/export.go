package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/export"
	"github.com/qlsync/qlsync/internal/report"
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
	s, project, err := openSession(c, env)
	if err != nil {
		return err
	}
	defer s.Close()
	exported, err := s.Export(c.Context, engine.ExportOptions{Spaces: c.StringSlice("space"), Dir: c.String("out")})
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
		_ = env.text(env.stderr).Export(env.stderr, exportReport(exported, "", false))
		return nil
	}
	if err := engine.WriteFiles(folder, exported.Files); err != nil {
		return err
	}
	if err := env.text(env.stdout).Export(env.stdout, exportReport(exported, folder, true)); err != nil || len(exported.Files) == 0 {
		return err
	}
	_, err = fmt.Fprintln(env.stdout, "\nNext: "+afterExport(s, project, folder, exported.Files))
	return err
}

// afterExport says what to do with the files.
func afterExport(s *engine.Session, project *engine.Project, folder string, files []export.File) string {
	which := ""
	if len(project.Tenants) > 1 {
		which = " -t " + shellWord(s.Tenant().Name)
	}
	next := "qlsync plan" + which
	if !project.Reads(filepath.Join(folder, files[0].Name)) {
		next = fmt.Sprintf("add the folder to connections in %s, which does not name it; %s", report.Clean(project.File), next)
	}
	if !project.HasEditorSchemas() {
		if !engine.IsBuiltIn(s.Tenant()) {
			next += "; qlsync schemas pull" + which
		}
		next += "; qlsync schemas editor" + which + " for help in the editor"
	}
	return next + "."
}

// exportReport is an export in the words of the report.
func exportReport(exported export.Result, folder string, written bool) report.Export {
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
