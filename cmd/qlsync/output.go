package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/report"
)

// outputFlags choose what becomes of a result: its format on standard output, and
// more outputs of the same run in files.
func outputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Value: "text", Usage: "`FORMAT` of the result: text or json"},
		&cli.StringSliceFlag{Name: "report", Usage: "write the result to a file too, as `FORMAT=FILE`; repeatable"},
	}
}

// checkOutputs refuses what outputFlags cannot mean, before anything is done.
func checkOutputs(c *cli.Context) error {
	if err := checkFormat("format", c.String("format")); err != nil {
		return err
	}
	for _, pair := range c.StringSlice("report") {
		format, file, ok := strings.Cut(pair, "=")
		if !ok || file == "" {
			return fmt.Errorf("report %q: it must be FORMAT=FILE", pair)
		}
		if err := checkFormat("report", format); err != nil {
			return err
		}
	}
	return nil
}

func checkFormat(flag, format string) error {
	if format != "text" && format != "json" {
		return fmt.Errorf("%s %q: it must be text or json", flag, format)
	}
	return nil
}

// write gives a result on standard output and in the files that were asked for.
func (env *environment) write(c *cli.Context, value any, text func(io.Writer, report.Text) error) error {
	write := func(w io.Writer, format string, style report.Text) error {
		if format == "json" {
			return report.JSON(w, value)
		}
		return text(w, style)
	}
	for _, pair := range c.StringSlice("report") {
		format, name, _ := strings.Cut(pair, "=")
		if err := writeFile(name, func(w io.Writer) error { return write(w, format, report.Text{}) }); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return write(env.stdout, c.String("format"), env.text(env.stdout))
}

// writeFile writes a file that only its owner may read: it tells about a tenant.
func writeFile(name string, write func(io.Writer) error) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return firstOf(write(file), file.Close())
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
