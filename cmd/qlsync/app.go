package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
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
