package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/report"
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

func outputFlags(names []string) []cli.Flag {
	targets := make([]string, len(names))
	for i, name := range names {
		targets[i] = name + "="
	}
	return []cli.Flag{
		choice{&cli.StringFlag{Name: "format", Value: names[0], Usage: "`FORMAT` of the result: " + oneOf(names)}, names},
		choices{repeatable("report", "write the result to a file too, as `FORMAT=FILE`; repeatable"), targets},
	}
}

// check refuses what the flags cannot mean, before anything is done.
func (all formats[T]) check(c *cli.Context) error {
	if err := all.checkName("format", c.String("format")); err != nil {
		return err
	}
	written := map[string]bool{}
	for _, other := range []string{"history", "out"} {
		if file := c.String(other); file != "" {
			written[filepath.Clean(file)] = true
		}
	}
	for _, pair := range c.StringSlice("report") {
		name, file, ok := strings.Cut(pair, "=")
		if !ok || file == "" {
			return fmt.Errorf("report %q: it must be FORMAT=FILE", pair)
		}
		if err := firstOf(all.checkName("report", name), checkFile("report", file)); err != nil {
			return err
		}
		if written[filepath.Clean(file)] {
			return fmt.Errorf("report %q: something else is written to that file", pair)
		}
		written[filepath.Clean(file)] = true
	}
	return nil
}

// checkFile refuses a file of a flag that could not be written when the work is done.
func checkFile(flag, file string) error {
	folder := filepath.Dir(file)
	switch info, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s %q: there is no folder %q", flag, file, folder)
	case err != nil:
		return fmt.Errorf("%s %q: %w", flag, file, err)
	case !info.IsDir():
		return fmt.Errorf("%s %q: %q is no folder", flag, file, folder)
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("%s %q: it is a folder", flag, file)
	}
	return nil
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

// union gives each name once, in the order of the lists.
func union(lists ...[]string) []string {
	var all []string
	for _, name := range slices.Concat(lists...) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// oneOf gives "text, markdown or json".
func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// write gives a result in the files that were asked for and on standard output. An
// output that cannot be written keeps none of the others from it.
func (all formats[T]) write(c *cli.Context, env *environment, value T) error {
	var errs []error
	for _, pair := range c.StringSlice("report") {
		name, file, _ := strings.Cut(pair, "=")
		err := writeFile(file, func(w io.Writer) error { return all.writeAs(name, report.Text{}, w, value) })
		if err != nil {
			errs = append(errs, fmt.Errorf("report: %w", err))
		}
	}
	return errors.Join(append(errs, all.writeAs(c.String("format"), env.text(env.stdout), env.stdout, value))...)
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

// writeFile writes a file that only its owner may read: it tells about a tenant.
// What cannot be made leaves the file as it was.
func writeFile(name string, write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	return os.WriteFile(name, text.Bytes(), 0o600)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
