package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func validateCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "validate",
		Usage: "check the files without a network, for one tenant or for all",
		Flags: slices.Concat(sharedFlags(), problemFormats().flags(), []cli.Flag{allTenantsFlag()}),
		Action: func(c *cli.Context) error {
			return engine.Interruptibly(c.Context, func() error { return runValidate(c, env) })
		},
	}
}

func runValidate(c *cli.Context, env *environment) error {
	if err := cmp.Or(noArguments(c), problemFormats().check(c, env), checkAllTenants(c)); err != nil {
		return err
	}
	found, folder, err := validate(c, env)
	if err != nil {
		return err
	}
	if err := problemFormats().write(c, env, checks{found.Problems, spec.Options{WorkDir: string(env.workDir)}, checkedText(found, folder)}); err != nil {
		return err
	}
	if found.Problems.Err() != nil {
		return &exit{code: exitError}
	}
	return nil
}

// checks is the result of validate.
type checks struct {
	problems connection.Problems
	options  spec.Options // how the files were read
	checked  string       // what was checked, and what could not be
}

func problemFormats() formats[checks] {
	return formats[checks]{
		{asText, func(t report.Text, w io.Writer, found checks) error {
			err := t.Excerpts(w, found.problems, found.options.Excerpts(found.problems))
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

// validate checks the files for the chosen tenants. It returns the folder of the vendored
// schemas too. A project file that cannot be read is a result.
func validate(c *cli.Context, env *environment) (engine.Validation, string, error) {
	project, err := readProject(c, env, env.listener(c))
	var problems connection.Problems
	if errors.As(err, &problems) {
		return engine.Validation{Problems: problems}, "", env.checkReplaced(c, nil)
	}
	if err != nil {
		return engine.Validation{}, "", err
	}
	tenants, err := project.Chosen(c.String("tenant"))
	if err != nil {
		return engine.Validation{}, "", err
	}
	return project.Validate(tenants), project.SchemasDir, nil
}

// checkedText says what was checked, and what could not be.
func checkedText(found engine.Validation, folder string) string {
	var text strings.Builder
	for _, tenant := range found.Checked {
		fmt.Fprintf(&text, "%s: %s\n", report.Clean(tenant.Name), validText(tenant.Connections, tenant.Files))
	}
	text.WriteString(notChecked(found.WithoutSchema, folder))
	return text.String()
}

// validText says how much is valid: "1 connection in 1 file is valid."
func validText(connections, files int) string {
	return fmt.Sprintf("%s in %s %s valid.", words.Count(connections, "connection"), words.Count(files, "file"), words.Plural(connections, "is", "are"))
}

// notChecked says what only a tenant knows.
func notChecked(sources []string, folder string) string {
	if len(sources) == 0 {
		return "Not checked without a network: spaces and owners.\n"
	}
	return fmt.Sprintf("Not checked without a network: spaces, owners, and the properties of %s (no schema in %s).\n",
		report.Clean(strings.Join(sources, ", ")), report.Clean(filepath.ToSlash(folder)))
}
