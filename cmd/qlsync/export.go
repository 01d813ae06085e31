package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

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
	if err := env.files().WriteFiles(folder, exported.Files); err != nil {
		return err
	}
	if err := env.text(env.stdout).Export(env.stdout, exportReport(exported, folder, true)); err != nil || len(exported.Files) == 0 {
		return err
	}
	_, err = io.WriteString(env.stdout, "\n"+afterExport(c, s, project, exported.Files))
	return err
}

// afterExport says what to do with the files.
func afterExport(c *cli.Context, s *engine.Session, project *engine.Project, files []export.File) string {
	tenant := ""
	if len(project.Tenants) > 1 {
		tenant = s.Tenant().Name
	}
	var next strings.Builder
	folder := c.String("out")
	if !project.Reads(filepath.Join(folder, files[0].Name)) {
		fmt.Fprintf(&next, "%s does not read the folder %s yet: add the folder to connections there first.\n",
			report.Clean(project.File), report.Clean(filepath.ToSlash(folder)))
	}
	next.WriteString(nextCommands("Next:", followUp(c, "plan", tenant)))
	if project.HasEditorSchemas() {
		return next.String()
	}
	editor := []string{followUp(c, "schemas editor", tenant)}
	if !engine.IsBuiltIn(s.Tenant()) {
		editor = append([]string{followUp(c, "schemas pull", tenant)}, editor...)
	}
	next.WriteString(nextCommands("For completion and checks in your editor:", editor...))
	return next.String()
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
