package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/report"
)

func initCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:   "init",
		Usage:  "write a commented project that works against the embedded tenant",
		Flags:  []cli.Flag{quietFlag()},
		Action: func(c *cli.Context) error { return runInit(c, env) },
	}
}

func runInit(c *cli.Context, env *environment) error {
	if err := commandline.NoArguments(c); err != nil {
		return err
	}
	done, err := env.files().Init()
	for _, file := range done.Written {
		fmt.Fprintf(env.stdout, "wrote %s\n", report.Sanitize(file))
	}
	if err != nil {
		return err
	}
	if done.Ignored != "" {
		fmt.Fprintln(env.stdout, done.Ignored)
	}
	if c.Bool("quiet") {
		return nil
	}
	return env.text(env.stdout).NextCommands(env.stdout, "Next:", followUp(c, "plan", ""), followUp(c, "apply", ""))
}
