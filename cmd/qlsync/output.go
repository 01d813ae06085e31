package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
)

// format is one form that a result of type T can take. The text is how a stream
// wants its text; other forms have no use for it.
type format[T any] struct {
	name  string
	write func(report.Text, io.Writer, T) error
}

// formats are all the forms that a result of type T can take. The first one is the
// default. A command declares them once: its flags, what these accept and what is
// written follow from them.
type formats[T any] []format[T]

// asText is the name of the form for people, asJSON of the versioned contract.
const (
	asText = "text"
	asJSON = "json"
)

func jsonFormat[T any]() format[T] {
	return plainly(asJSON, func(w io.Writer, value T) error { return report.JSON(w, value) })
}

// plainly makes a form of a renderer that knows nothing of streams.
func plainly[T any](name string, write func(io.Writer, T) error) format[T] {
	return format[T]{name, func(_ report.Text, w io.Writer, value T) error { return write(w, value) }}
}

func planFormats() formats[*plan.Plan] {
	return formats[*plan.Plan]{
		{asText, report.Text.Plan}, plainly("markdown", report.Markdown{}.Plan), jsonFormat[*plan.Plan](),
	}
}

func resultFormats() formats[*apply.Result] {
	return formats[*apply.Result]{
		{asText, report.Text.Result}, plainly("markdown", report.Markdown{}.Result), jsonFormat[*apply.Result](),
	}
}

// driftFormats takes the page as it is to be written, with its history.
func driftFormats(page report.HTML) formats[*plan.Drift] {
	return formats[*plan.Drift]{
		{asText, report.Text.Drift},
		plainly("markdown", report.Markdown{}.Drift), jsonFormat[*plan.Drift](),
		plainly("html", page.Drift), plainly("junit", report.JUnit{}.Drift),
	}
}

// plansFormats and driftsFormats are those of several tenants in one report; they
// have the same names as those of one.
func plansFormats() formats[*plan.Fleet[plan.Plan]] {
	return formats[*plan.Fleet[plan.Plan]]{
		{asText, report.Text.Plans}, plainly("markdown", report.Markdown{}.Plans), jsonFormat[*plan.Fleet[plan.Plan]](),
	}
}

func driftsFormats(page report.HTML) formats[*plan.Fleet[plan.Drift]] {
	return formats[*plan.Fleet[plan.Drift]]{
		{asText, report.Text.Drifts},
		plainly("markdown", report.Markdown{}.Drifts), jsonFormat[*plan.Fleet[plan.Drift]](),
		plainly("html", page.Drifts), plainly("junit", report.JUnit{}.Drifts),
	}
}

// flags choose what becomes of a result: its form on standard output, and more
// outputs of the same run in files.
func (all formats[T]) flags() []cli.Flag { return outputFlags(all.names()) }

// check refuses what the flags cannot mean, before anything is done.
func (all formats[T]) check(c *cli.Context, env *environment) error {
	if err := all.checkName("format", c.String("format")); err != nil {
		return err
	}
	for _, pair := range c.StringSlice("report") {
		name, file, ok := strings.Cut(pair, "=")
		if !ok || file == "" {
			return fmt.Errorf("report %q: it must be FORMAT=FILE", pair)
		}
		if err := all.checkName("report", name); err != nil {
			return err
		}
	}
	return env.checkOutputs(c)
}

func (all formats[T]) checkName(flag, name string) error {
	if !slices.Contains(all.names(), name) {
		return fmt.Errorf("%s %q: it must be %s", flag, name, oneOf(all.names()))
	}
	return nil
}

func (all formats[T]) names() []string {
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.name
	}
	return names
}

// write gives a result in the files that were asked for and on standard output. An
// output that cannot be written keeps none of the others from it.
func (all formats[T]) write(c *cli.Context, env *environment, value T) error {
	errs := all.writeReports(c, env, value)
	return all.joined(append(errs, all.writeAs(c.String("format"), env.text(env.stdout), env.stdout, value)))
}

// joined returns a single error as it is: how a command ends depends on whether it is
// only about standard output.
func (all formats[T]) joined(errs []error) error {
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

// writeReports writes the files that were asked for, and returns what went wrong.
func (all formats[T]) writeReports(c *cli.Context, env *environment, value T) []error {
	var errs []error
	for _, pair := range c.StringSlice("report") {
		name, file, _ := strings.Cut(pair, "=")
		err := env.output("", file).Write(func(w io.Writer) error { return all.writeAs(name, report.Text{}, w, value) })
		if err != nil {
			errs = append(errs, fmt.Errorf("report: %w", err))
		}
	}
	return errs
}

func (all formats[T]) writeAs(name string, text report.Text, w io.Writer, value T) error {
	for _, f := range all {
		if f.name == name {
			return f.write(text, w, value)
		}
	}
	return all.checkName("format", name)
}

// beside gives the stream for what accompanies a result: that of the result, if it
// is for people too.
func (env *environment) beside(c *cli.Context) io.Writer {
	if c.String("format") == asText {
		return env.stdout
	}
	return env.stderr
}
