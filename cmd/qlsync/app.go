package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/qlsync/qlsync/internal/terminal"
	"github.com/qlsync/qlsync/pkg/report"
)

// newApp defines the commands. Errors come back to the caller: nothing below it
// ends the process or prints a usage text into a result.
func newApp(env *environment) *cli.App {
	app := &cli.App{
		Name:                      "qlsync",
		Usage:                     "keep the data connections of Qlik Cloud tenants equal to YAML files",
		HideVersion:               true,
		Writer:                    env.stdout,
		ErrWriter:                 env.stderr,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              usageError,
		DisableSliceFlagSeparator: true,
		Flags:                     []cli.Flag{&cli.BoolFlag{Name: "version", Usage: "print the version", DisableDefaultText: true}},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return fmt.Errorf("unknown command %q: see qlsync help", c.Args().First())
			}
			if c.Bool("version") {
				return printVersion(env)
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			initCommand(env), validateCommand(env), planCommand(env), applyCommand(env),
			driftCommand(env), snapshotCommand(env), showCommand(env), exportCommand(env), secretsCommand(env), doctorCommand(env), schemasCommand(env), simulateCommand(env),
			completionCommand(env),
			completeCommand(env), versionCommand(env),
		},
	}
	prepareCommands(app.Commands)
	return app
}

func prepareCommands(commands []*cli.Command) {
	for _, command := range commands {
		command.OnUsageError = usageError
		command.HideHelpCommand = true
		prepareCommands(command.Subcommands)
	}
}

func usageError(c *cli.Context, err error, _ bool) error {
	name := "qlsync"
	if c.Command != nil && c.Command.HelpName != "" {
		name = c.Command.HelpName
	}
	return fmt.Errorf("%w: see %s --help", err, name)
}

// sharedFlags are those that every command on a project takes.
func sharedFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Aliases: []string{"c"}, Value: "qlsync.yaml", Usage: "the project `FILE`"},
		&cli.StringFlag{Name: "tenant", Aliases: []string{"t"}, Usage: "the `NAME` of a tenant in the project file; needed where it has several, except by validate"},
		repeatable("var", "set a variable, as `NAME=VALUE`, over the tenant's and the project's; repeatable"),
		noColorFlag(),
		choice{
			&cli.StringFlag{Name: "log-level", Value: "warn", Usage: "`LEVEL` of the log on standard error: " + oneOf(logLevelNames())},
			logLevelNames(),
		},
		&cli.BoolFlag{Name: "allow-exec", Usage: "run the commands of {exec: [...]} references when their secrets are needed"},
		&cli.IntFlag{Name: "raise-limits", Value: 1, Usage: "multiply the limits on the size of the project and of the tenant's answers by `N`"},
		&cli.IntFlag{Name: "parallelism", Value: 8, Usage: "run at most `N` requests at the same time"},
	}
}

// maxRaise is how far the limits can be raised.
const maxRaise = 1000

// repeatable is a flag that takes a text each time, blanks and commas included.
func repeatable(name, usage string) *cli.StringSliceFlag {
	return &cli.StringSliceFlag{Name: name, Usage: usage, KeepSpace: true}
}

func noColorFlag() cli.Flag { return &cli.BoolFlag{Name: "no-color", Usage: "never use colour"} }

// noArguments refuses arguments that a command does not take.
func noArguments(c *cli.Context) error {
	if c.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: see qlsync %s --help", c.Args().First(), c.Command.Name)
	}
	return nil
}

// arrange lets flags stand anywhere on the line: before the command, and behind
// arguments. The library takes the first argument for the end of the flags.
func arrange(app *cli.App, args []string) []string {
	leading, rest := splitFlags(sharedFlags(), args[1:], true)
	if len(rest) == 0 {
		return args
	}
	command := app.Command(rest[0])
	if command == nil {
		return append([]string{args[0]}, append(rest, leading...)...)
	}
	if command.SkipFlagParsing {
		return args
	}
	path, rest := []string{rest[0]}, rest[1:]
	for len(command.Subcommands) > 0 {
		before, after := splitFlags(sharedFlags(), rest, true)
		if len(after) == 0 || command.Command(after[0]) == nil {
			break
		}
		command = command.Command(after[0])
		path, leading, rest = append(path, after[0]), append(leading, before...), after[1:]
	}
	flags, positional := splitFlags(command.Flags, rest, false)
	arranged := slices.Concat(args[:1], path, leading, flags)
	return append(arranged, positional...)
}

// splitFlags takes the flags, with their values, out of a line; only those at its
// beginning if so asked. What follows "--" is positional.
func splitFlags(known []cli.Flag, args []string, leadingOnly bool) (flags, positional []string) {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			return flags, append(positional, args[i:]...)
		case !strings.HasPrefix(arg, "-") || arg == "-":
			if leadingOnly {
				return flags, args[i:]
			}
			positional = append(positional, arg)
		default:
			flags = append(flags, arg)
			if takesValue(known, arg) && i+1 < len(args) {
				i++
				flags = append(flags, args[i])
			}
		}
	}
	return flags, positional
}

func takesValue(known []cli.Flag, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	for _, flag := range known {
		if slices.Contains(flag.Names(), name) {
			_, isBool := flag.(*cli.BoolFlag)
			return !isBool
		}
	}
	return false
}

// text gives the report writer for a stream: in colour only on a terminal that shows
// colours, and never under NO_COLOR or --no-color.
func (env *environment) text(w io.Writer) report.Text {
	return report.Text{Color: !env.noColor && env.isTerminal(w), Whole: env.whole}
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

// logLevels are those that --log-level takes, and no others such as info+3.
var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

func logLevelNames() []string { return []string{"debug", "info", "warn", "error"} }

// colour finds out whether colour is wanted.
func (env *environment) colour(c *cli.Context) {
	noColor, _ := env.lookup("NO_COLOR")
	terminal, _ := env.lookup("TERM")
	env.noColor = c.Bool("no-color") || noColor != "" || terminal == "dumb"
}

// prepare applies the shared flags to the environment and returns the level of the log.
func (env *environment) prepare(c *cli.Context) (slog.Level, error) {
	env.colour(c)
	if n := c.Int("parallelism"); n < 1 {
		return 0, fmt.Errorf("parallelism %d: it must be at least 1", n)
	}
	if n := c.Int("raise-limits"); n < 1 || n > maxRaise {
		return 0, fmt.Errorf("raise-limits %d: it must be between 1 and %d", n, maxRaise)
	}
	level, known := logLevels[c.String("log-level")]
	if !known {
		return 0, fmt.Errorf("log level %q: it must be %s", c.String("log-level"), oneOf(logLevelNames()))
	}
	return level, nil
}
