package main

import (
	"fmt"
	"io"
	"regexp"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/terminal"
)

// The library's own help is off: its flag is one variable for all programs of a process, and
// parsing writes to it.
func init() { cli.HelpFlag = nil }

// helpFlag returns the flag --help of one command.
func helpFlag() cli.Flag {
	return &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show help", DisableDefaultText: true}
}

// helpCommand shows the overview, the help of a command, or a topic.
func helpCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name: "help", Aliases: []string{"h"}, Usage: "show the help of a command, or a topic", ArgsUsage: "[COMMAND | TOPIC]",
		Action: func(c *cli.Context) error {
			commands, path := c.App.Commands, "qlsync"
			if c.NArg() == 0 || c.Args().First() == "topics" {
				return env.printHelp(c, commandline.Overview(c.App, groups, env.columns()))
			}
			if text, ok := commandline.Topic(c.Args().First()); ok {
				return env.print(commandline.Wrap(text, env.columns()))
			}
			var found *cli.Command
			for _, name := range c.Args().Slice() {
				if found = named(commands, name); found == nil {
					return commandline.UnknownTopic(path, name, commands)
				}
				commands, path = found.Subcommands, path+" "+found.Name
			}
			return env.help(c, found, path)
		},
	}
}

func named(commands []*cli.Command, name string) *cli.Command {
	for _, command := range commands {
		if command.HasName(name) && !command.Hidden {
			return command
		}
	}
	return nil
}

// help shows the help of a command.
func (env *environment) help(c *cli.Context, command *cli.Command, path string) error {
	return env.printHelp(c, commandline.Help(command, path, guides[path], sharedFlags(), env.columns()))
}

// helpHeading matches the title of a list in a help text.
var helpHeading = regexp.MustCompile(`(?m)^[A-Z][A-Za-z ]*:`)

// printHelp prints a help text, with bold titles where colours are used.
func (env *environment) printHelp(c *cli.Context, text string) error {
	if err := env.colour(c); err != nil {
		return err
	}
	if env.text(env.stdout).Color {
		text = helpHeading.ReplaceAllString(text, "\x1b[1m$0\x1b[0m")
	}
	return env.print(text)
}

func (env *environment) print(text string) error {
	_, err := io.WriteString(env.stdout, text)
	return err
}

// columns returns the width of text for people: the width of the terminal, up to a readable
// maximum.
func (env *environment) columns() int {
	const narrow, usual, wide = 40, 80, 110
	if stream, ok := env.stdout.(*terminal.Stream); ok && stream.Columns() > 0 {
		return min(max(stream.Columns(), narrow), wide)
	}
	return usual
}

// errShown ends a command whose help was shown.
var errShown = &exit{code: exitOK}

// showHelp shows the help of the command of a line if the line requests it.
func (env *environment) showHelp(c *cli.Context) error {
	if !c.Bool("help") {
		return nil
	}
	if err := env.help(c, c.Command, c.Command.HelpName); err != nil {
		return err
	}
	return errShown
}

func manCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "print the manual page of qlsync, with all commands",
		Description: "The page is for the program man. To install the page, write it as qlsync.1 into a folder man1 of the manual path.",
		Action: func(c *cli.Context) error {
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return env.print(commandline.Manual(c.App, groups, guides, sharedFlags(), version()))
		},
	}
}

func (env *environment) usageError(c *cli.Context, err error, _ bool) error {
	name, flags := "qlsync", sharedFlags()
	if c.Command != nil && c.Command.HelpName != "" {
		name = c.Command.HelpName
	}
	if c.Command != nil {
		flags = append(flags, c.Command.Flags...)
	}
	return fmt.Errorf("%w: see %s --help", commandline.FlagError(err, flags, c.App.Commands, env.args), name)
}
