package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
)

func explainCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "explain a message by its code or text",
		ArgsUsage: "[CODE or TEXT]",
		Description: "CODE is in the JSON output, next to the text of each message. TEXT is the text of a message, or a part of it. Without an " +
			"argument, explain lists all codes. The command needs no project and no network.",
		Flags:  []cli.Flag{colorFlag(), noColorFlag()},
		Action: func(c *cli.Context) error { return runExplain(c, env) },
	}
}

func runExplain(c *cli.Context, env *environment) error {
	if err := env.colour(c); err != nil {
		return err
	}
	all := messages.Explain(engine.Messages())
	if c.NArg() == 0 {
		return env.text(env.stdout).Codes(env.stdout, all)
	}
	asked := strings.Join(c.Args().Slice(), " ")
	found, near := messages.Find(all, asked)
	switch {
	case found != nil:
		return env.text(env.stdout).Explain(env.stdout, found)
	case len(near) > 0:
		return fmt.Errorf("explain %q: no message has this code or text. Did you mean %s?", asked, words.OneOf(near))
	}
	return fmt.Errorf("explain %q: no message has this code or text: to list all codes, run qlsync explain", asked)
}
