// Command qlsync keeps the data connections of Qlik Cloud tenants in sync with YAML files. The
// command converts flags into one call of the engine, writes the report, and maps the outcome to an
// exit code; all decisions are made in packages.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/interrupt"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/terminal"
	"github.com/qlsync/qlsync/internal/transport"
)

func main() {
	interrupt.CatchToTheEnd()
	env := &environment{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv}
	os.Exit(env.run(context.Background(), os.Args))
}

// run is main with everything from the process as parameters; it returns the exit code. Several
// runs with different environments can share a process.
func (env *environment) run(parent context.Context, args []string) int {
	log.SetOutput(io.Discard) // net/http logs unexpected data of a service there
	env.stdout, env.stderr = terminal.NewStreams(env.stdout, env.stderr)
	env.secrets = transport.NewRedactor()
	interrupts, ctx, stop := interrupt.Catch(parent, env.warnOfRunningRequests)
	env.interrupts = interrupts
	defer stop()
	env.args = args
	app := newApp(env)
	done := guard.Start(func() int {
		return env.exitCode(app.RunContext(ctx, commandline.Arrange(app, sharedFlags(), args)))
	})
	select {
	case ended := <-done:
		if crash := cmp.Or(ended.Crash, env.crash, guard.Detached()); crash != nil {
			return env.crashed(crash)
		}
		return ended.Get()
	case <-interrupts.Abandoned:
		return env.brokenOff()
	}
}

// crashed reports a panic of any goroutine: the value without secrets, and its place. The runtime
// would print the value unchanged, which may be an answer of a service. It returns the exit code.
func (env *environment) crashed(crash *guard.Panic) int {
	fmt.Fprintf(env.stderr, "error: qlsync has crashed: %s\nThis is a bug in qlsync. Please report it with the lines below; they contain no secrets.\n%s",
		report.Sanitize(env.secrets.Text(fmt.Sprint(crash.Value))), crash.Stack)
	return env.brokenOff()
}

// newApp defines the commands. Errors are returned to the caller: the app does not end the process
// or print a usage text into a result.
func newApp(env *environment) *cli.App {
	app := &cli.App{
		Name:                      "qlsync",
		Usage:                     "keeps a Qlik Cloud tenant's data connections in sync with YAML files in Git",
		HideVersion:               true,
		HideHelp:                  true, // see helpFlag
		Writer:                    env.stdout,
		ErrWriter:                 env.stderr,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              env.usageError,
		DisableSliceFlagSeparator: true,
		Flags:                     []cli.Flag{&cli.BoolFlag{Name: "version", Aliases: []string{"v"}, Usage: "print the version", DisableDefaultText: true}, directoryFlag(), helpFlag()},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return commandline.UnknownCommand("qlsync", c.Args().First(), c.App.Commands)
			}
			if c.Bool("version") {
				return printVersion(env)
			}
			return env.printHelp(c, commandline.Overview(c.App, groups, env.columns()))
		},
		Commands: []*cli.Command{
			initCommand(env), validateCommand(env), fmtCommand(env), planCommand(env), applyCommand(env),
			driftCommand(env), impactCommand(env), checkCommand(env), snapshotCommand(env), showCommand(env), mergeCommand(env), exportCommand(env), explainCommand(env), secretsCommand(env), doctorCommand(env), schemasCommand(env), fleetCommand(env), simulateCommand(env),
			completionCommand(env),
			completeCommand(env), manCommand(env), versionCommand(env), helpCommand(env),
		},
	}
	env.prepareCommands(app.Commands)
	return app
}

// prepareCommands adds the common parts of all commands.
func (env *environment) prepareCommands(commands []*cli.Command) {
	for _, command := range commands {
		command.OnUsageError = env.usageError
		command.HideHelpCommand, command.HideHelp = true, true
		if !slices.ContainsFunc(command.Flags, func(flag cli.Flag) bool { return flag.Names()[0] == directoryName }) {
			command.Flags = append(command.Flags, directoryFlag())
		}
		command.Flags = append(command.Flags, helpFlag())
		command.Before = env.showHelp
		if len(command.Subcommands) == 0 { // only the innermost command of the line begins the run
			command.Before = env.begin
		}
		env.prepareCommands(command.Subcommands)
	}
}
