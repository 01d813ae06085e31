package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report"
)

// checkFlags returns an error, before anything is done, for invalid values of the flags of
// [outputFlags].
func checkFlags[T any](c *cli.Context, env *environment, all report.Formats[T]) error {
	if err := commandline.CheckChoice("--format", c.String("format"), all.Names()); err != nil {
		return err
	}
	for _, pair := range c.StringSlice("report") {
		name, file, ok := strings.Cut(pair, "=")
		if !ok || file == "" {
			return fmt.Errorf("--report %q: it must be FORMAT=FILE", pair)
		}
		if err := commandline.CheckChoice("--report", name, all.Names()); err != nil {
			return err
		}
	}
	return env.checkOutputs(c)
}

// write writes a result to the requested files and to standard output. An output that cannot be
// written does not prevent the others.
func write[T any](c *cli.Context, env *environment, all report.Formats[T], value T) error {
	errs := writeReports(c, env, all, value)
	return joined(append(errs, all.Write(c.String("format"), env.text(env.stdout), env.stdout, value)))
}

// joined returns a single error unchanged, because the exit code depends on whether it is only
// about standard output.
func joined(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) < 2 {
		return cmp.Or(errs...)
	}
	var words []string
	for _, err := range errs {
		words = append(words, infile.ErrorText(err))
	}
	return errors.New(strings.Join(words, "; "))
}

// writeReports writes the requested files, and returns the errors.
func writeReports[T any](c *cli.Context, env *environment, all report.Formats[T], value T) []error {
	var errs []error
	for _, pair := range c.StringSlice("report") {
		name, file, _ := strings.Cut(pair, "=")
		err := env.output("", file).Write(func(w io.Writer) error { return all.Write(name, report.Text{}, w, value) })
		if err != nil {
			errs = append(errs, fmt.Errorf("report: %w", err))
		}
	}
	return errs
}

// sideStream returns the stream for text in addition to a result: the stream of the result, if that
// is for people too.
func (env *environment) sideStream(c *cli.Context) io.Writer {
	if c.String("format") == report.FormatText {
		return env.stdout
	}
	return env.stderr
}
