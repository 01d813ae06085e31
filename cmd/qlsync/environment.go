package main

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/interrupt"
	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/progress"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/terminal"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// environment is the environment of a command: everything that it takes from the process.
type environment struct {
	args           []string // the command line
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(string) (string, bool)
	// environ is the environment of the commands in references; nil: the process's.
	environ func() []string
	// workDir is the base of relative paths; empty: the process's.
	workDir workdir.Dir
	// now returns the time; nil: [time.Now].
	now   func() time.Time
	color string // one of [colorChoices]; empty: colorAuto
	whole bool   // reports for people are complete
	// interrupts is the state of the process's interrupts; nil: none.
	interrupts *interrupt.Interrupts
	// secrets redacts the secrets of the run from messages of services. It is shared by all tenants of
	// a command.
	secrets *transport.Redactor
	// writing is set while requests may be in progress whose responses are awaited.
	writing atomic.Bool
	// wrote is set once requests that change a tenant may have been sent.
	wrote atomic.Bool
	// crash is a panic that is reported when the command has ended, after its result. Nil: none.
	crash *guard.Panic
}

// files returns the part of the host that reading and writing files needs.
func (env *environment) files() *engine.Host {
	return &engine.Host{Stdin: env.stdin, WorkDir: env.workDir, Lookup: env.lookup, Environ: env.environ, Now: env.now}
}

// text returns the report writer for a stream.
func (env *environment) text(w io.Writer) report.Text {
	text := report.Text{Color: env.color == colorAlways, Whole: env.whole}
	if !env.whole { // the files of a saved result may have changed
		text.Source = spec.Options{WorkDir: string(env.workDir)}.Excerpts
	}
	if stream, ok := w.(*terminal.Stream); ok {
		text.Width = stream.Columns()
		text.Color = stream.Colours() && env.color != colorNever || text.Color
	}
	return text
}

func (env *environment) isTerminal(w any) bool {
	switch w := w.(type) {
	case *terminal.Stream:
		return w.IsTerminal()
	case *os.File:
		return term.IsTerminal(int(w.Fd()))
	}
	return false
}

// colour determines whether to use colour: the flags have priority over the environment, and
// NO_COLOR over FORCE_COLOR and CLICOLOR_FORCE.
func (env *environment) colour(c *cli.Context) error {
	env.color = cmp.Or(c.String("color"), colorAuto)
	if err := commandline.CheckChoice("--color", env.color, colorChoices()); err != nil {
		return err
	}
	if c.Bool("no-color") {
		env.color = colorNever
	}
	if env.color != colorAuto {
		return nil
	}
	value := func(name string) string {
		text, _ := env.lookup(name)
		return text
	}
	forced := func(name string) bool { text := value(name); return text != "" && text != "0" && text != "false" }
	force := value("FORCE_COLOR")
	switch {
	case value("NO_COLOR") != "", force != "" && !forced("FORCE_COLOR"):
		env.color = colorNever
	case forced("FORCE_COLOR"), forced("CLICOLOR_FORCE"):
		env.color = colorAlways
	case value("TERM") == "dumb":
		env.color = colorNever
	}
	return nil
}

// prepare applies the shared flags to the environment and returns the level of the log.
func (env *environment) prepare(c *cli.Context) (slog.Level, error) {
	if err := env.colour(c); err != nil {
		return 0, err
	}
	if n := c.Int("parallelism"); n < 1 {
		return 0, fmt.Errorf("--parallelism %d: it must be at least 1", n)
	}
	if _, err := raised(c); err != nil {
		return 0, err
	}
	name := c.String("log-level")
	return logLevels[name], commandline.CheckChoice("--log-level", name, logLevelNames())
}

// warnOfRunningRequests warns the user after an interrupt that requests are awaited.
func (env *environment) warnOfRunningRequests() {
	if env.writing.Load() {
		// In its own goroutine, because the terminal may be suspended, and the next signal must be handled.
		guard.Go(func() {
			fmt.Fprintln(env.stderr, "Interrupted: letting the running requests finish; interrupt again to stop at once.")
		})
	}
}

// raised returns the factor for the limits.
func raised(c *cli.Context) (int, error) {
	n := c.Int("raise-limits")
	if n < 1 || n > limits.MaxRaise {
		return 0, fmt.Errorf("--raise-limits %d: it must be between 1 and %d", n, limits.MaxRaise)
	}
	return n, nil
}

// saved reads a file that qlsync wrote and that the command line names.
func (env *environment) saved(c *cli.Context, name string) ([]byte, error) {
	raise, err := raised(c)
	if err != nil {
		return nil, err
	}
	text, err := env.files().ReadSaved(c.Context, name, raise)
	if err != nil {
		return nil, err
	}
	if err := jsontext.Check(text); err != nil {
		return nil, fmt.Errorf("not a file that qlsync has written: %w", err)
	}
	return text, nil
}

// report writes warnings to standard error at once and returns errors. A write error on standard
// error is ignored.
func (env *environment) report(problems connection.Problems) error {
	problems = spec.Collect(problems)
	if problems.Err() != nil {
		return problems
	}
	_ = env.text(env.stderr).Problems(env.stderr, problems)
	return nil
}

// listener returns the listener that writes the events of a command to standard error.
func (env *environment) listener(c *cli.Context) *progress.Listener {
	return progress.NewListener(env.stderr, env.text, env.draws(c), c.Bool("quiet"))
}

// draws reports whether the progress is drawn in place instead of written in lines: on a terminal,
// if no log of requests is written there.
func (env *environment) draws(c *cli.Context) bool {
	name, _ := env.lookup("TERM")
	return env.isTerminal(env.stderr) && name != "dumb" && c.String("log-level") != "debug"
}

func (env *environment) clock() time.Time {
	if env.now == nil {
		return time.Now()
	}
	return env.now()
}
