package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/words"
)

func completionCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes commands, flags and tenants in a shell",
		ArgsUsage: "SHELL",
		Description: "SHELL is bash, zsh, fish or powershell. For the running shell only:\n\n" +
			"    bash        source <(qlsync completion bash)\n" +
			"    zsh         source <(qlsync completion zsh)\n" +
			"    fish        qlsync completion fish | source\n" +
			"    powershell  qlsync completion powershell | Out-String | Invoke-Expression\n\n" +
			"For every shell to come, put that line into its start file: ~/.bashrc, ~/.zshrc (after compinit),\n" +
			"~/.config/fish/config.fish, $PROFILE.",
		Action: func(c *cli.Context) error {
			script, known := commandline.Script(c.Args().First())
			if c.NArg() != 1 || !known {
				return fmt.Errorf("completion %q: it must be %s", strings.Join(c.Args().Slice(), " "), words.OneOf(commandline.Shells()))
			}
			_, err := env.stdout.Write(script)
			return err
		},
	}
}

// completeCommand is what the scripts call, with the words behind "qlsync" up to
// the cursor. It prints a candidate a line, with a tab before what it is.
func completeCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name: "__complete", Hidden: true, SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			for _, found := range commandline.Complete(c.App, sharedFlags(), c.Args().Slice(), env.tenantsOf) {
				fmt.Fprintf(env.stdout, "%s\t%s\n", report.Sanitize(found.Word), report.Sanitize(found.Says))
			}
			return nil
		},
	}
}

// tenantsOf returns the tenants of a project file, if it can be read that far.
func (env *environment) tenantsOf(config string) []commandline.Candidate {
	project, err := env.files().ReadProject(context.Background(), engine.ProjectOptions{File: config})
	if err != nil {
		return nil
	}
	var found []commandline.Candidate
	for _, tenant := range project.Tenants {
		found = append(found, commandline.Candidate{Word: tenant.Name, Says: tenant.URL})
	}
	return found
}
