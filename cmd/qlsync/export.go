package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report"
)

func exportCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "write files for the connections that no file declares; writes nothing to the tenant",
		Description: "A plan of these files adopts the connections and changes nothing else. export never replaces a file. " +
			"With --out, it also writes a .gitignore for saved plans and secrets next to the project file, if there is none.",
		Flags: slices.Concat(sharedFlags(), []cli.Flag{
			commandline.Repeatable("space", "export the space with this `NAME`, or personal; repeatable (default: the spaces of the project)"),
			&cli.BoolFlag{Name: "with-spaces", Usage: "also declare the spaces, with their members"},
			&cli.StringFlag{Name: "out", Usage: "write one file for each space into the folder `DIR` (default: one file for all spaces, on standard output)"},
		}),
		Action: func(c *cli.Context) error { return runExport(c, env) },
	}
}

// runExport writes new files: if one of them exists, none is written.
func runExport(c *cli.Context, env *environment) error {
	if err := commandline.NoArguments(c); err != nil {
		return err
	}
	s, project, err := openSession(c, env)
	if err != nil {
		return err
	}
	defer s.Close()
	exported, err := s.Export(c.Context, engine.ExportOptions{Spaces: c.StringSlice("space"), Dir: c.String("out"), WithSpaces: c.Bool("with-spaces")})
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
		_ = env.text(env.stderr).Export(env.stderr, exported, "")
		if len(exported.Files) > 0 {
			env.next(c, "To write files instead", given(c, "export", c.Command.Flags, appearance...)+" --out exported")
		}
		return nil
	}
	if err := env.files().WriteFiles(folder, exported.Files); err != nil {
		return err
	}
	if len(exported.Files) > 0 {
		env.writeIgnored(project)
	}
	if err := env.text(env.stdout).Export(env.stdout, exported, folder); err != nil || len(exported.Files) == 0 {
		return err
	}
	if !project.Reads(filepath.Join(folder, exported.Files[0].Name)) {
		_ = env.text(env.stderr).Note(env.stderr, fmt.Sprintf("%s does not read the folder %s yet: add the folder to connections there.",
			report.Sanitize(project.File), report.Sanitize(filepath.ToSlash(folder))))
	}
	tenant := ""
	if len(project.Tenants) > 1 {
		tenant = s.Tenant().Name
	}
	env.next(c, "To compare the files with the tenant", followUp(c, "plan", tenant))
	return nil
}

// writeIgnored writes a .gitignore for the project, if there is none. Exported files are complete
// without it, so an error is a warning.
func (env *environment) writeIgnored(project *engine.Project) {
	name, err := project.WriteIgnored()
	switch {
	case err != nil:
		_ = env.text(env.stderr).Note(env.stderr, "warning: there is no .gitignore that keeps secrets and saved plans out of Git: "+report.Sanitize(infile.ErrorText(err)))
	case name != "":
		fmt.Fprintf(env.stdout, "wrote %s\n", report.Sanitize(name))
	}
}
