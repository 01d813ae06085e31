// Package commandline extends the command line library: flags anywhere on the line, their values,
// commands that can be pasted, and completion in shells.
package commandline

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Arrange allows flags anywhere on the line: before the command, and after arguments. The library
// ends the flags at the first argument.
func Arrange(app *cli.App, shared []cli.Flag, args []string) []string {
	leading, rest := splitFlags(shared, args[1:], true)
	if len(rest) == 0 {
		return args
	}
	command := app.Command(rest[0])
	if command == nil {
		for _, flag := range leading { // the word after an unknown flag may be its value, and not a command
			if name, _, _ := strings.Cut(flag, "="); strings.HasPrefix(name, "-") && !isKnown(slices.Concat(shared, app.Flags), name) {
				return []string{args[0], flag}
			}
		}
		return append([]string{args[0]}, append(rest, leading...)...)
	}
	if command.SkipFlagParsing {
		return args
	}
	path, rest := []string{rest[0]}, rest[1:]
	for len(command.Subcommands) > 0 {
		before, after := splitFlags(shared, rest, true)
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

// splitFlags separates the flags, with their values, from the other words of a line; with
// leadingOnly, only those at its beginning. Words after "--" are positional.
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

func isKnown(flags []cli.Flag, arg string) bool {
	return slices.ContainsFunc(flags, func(flag cli.Flag) bool { return slices.Contains(flag.Names(), strings.TrimLeft(arg, "-")) })
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
