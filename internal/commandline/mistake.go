package commandline

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/words"
)

// The errors of the library about flags. It names every flag with one hyphen.
var (
	unknownFlag  = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	missingValue = regexp.MustCompile(`^flag needs an argument: -(.*)$`)
	wrongValue   = regexp.MustCompile(`(?s)^invalid (?:boolean )?value "(.*)" for (?:flag )?-([^:]*): `)
)

// FlagError returns the library's error about the flags of a line in a form for users: with the
// flag as typed, and the flag that was probably meant. flags are those of the command, and commands
// all others that may have the flag.
func FlagError(err error, flags []cli.Flag, commands []*cli.Command, args []string) error {
	if found := unknownFlag.FindStringSubmatch(err.Error()); found != nil {
		return fmt.Errorf("unknown flag %s%s", typed(found[1], args), inBrackets(meantFlag(found[1], flags, commands)))
	}
	if found := missingValue.FindStringSubmatch(err.Error()); found != nil {
		return fmt.Errorf("%s needs a value", typed(found[1], args))
	}
	if found := wrongValue.FindStringSubmatch(err.Error()); found != nil {
		for _, flag := range flags {
			if slices.Contains(flag.Names(), found[2]) {
				return fmt.Errorf("%s %q: it must be %s", typed(found[2], args), found[1], Wanted(flag))
			}
		}
	}
	return err
}

// typed returns a flag as it was typed, without a value.
func typed(name string, args []string) string {
	for _, arg := range args {
		if flag, _, _ := strings.Cut(arg, "="); strings.HasPrefix(arg, "-") && strings.TrimLeft(flag, "-") == name {
			return flag
		}
	}
	return dashed(name)
}

// dashed returns the name of a flag with its hyphens.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// meantFlag returns a hint for an unknown flag; empty: none. For a single letter it guesses the
// other case, and the only flag that begins with it.
func meantFlag(name string, flags []cli.Flag, commands []*cli.Command) string {
	var long []string
	for _, flag := range flags {
		for _, known := range flag.Names() {
			switch {
			case len(known) > 1:
				long = append(long, known)
			case known != name && strings.EqualFold(known, name):
				return "did you mean -" + known + "?"
			}
		}
	}
	slices.Sort(long)
	begun := slices.DeleteFunc(slices.Compact(slices.Clone(long)), func(known string) bool { return !strings.HasPrefix(known, name) })
	if len(name) == 1 && len(begun) == 1 {
		return "did you mean --" + begun[0] + "?"
	}
	var with []string
	for _, command := range withSubcommands(commands, "") {
		if !command.Hidden && slices.ContainsFunc(command.Flags, func(flag cli.Flag) bool { return slices.Contains(flag.Names(), name) }) {
			with = append(with, command.Name)
		}
	}
	likely := words.Closest(name, long, 1)
	switch {
	case len(with) > 0:
		return "only for " + words.AllOf(with)
	case len(name) > 1 && len(likely) > 0:
		return "did you mean --" + likely[0] + "?"
	}
	return ""
}

// withSubcommands returns commands and their subcommands, named by the words that call them.
func withSubcommands(commands []*cli.Command, before string) []cli.Command {
	var all []cli.Command
	for _, command := range commands {
		named := *command
		named.Name = before + command.Name
		all = append(append(all, named), withSubcommands(command.Subcommands, named.Name+" ")...)
	}
	return all
}

func inBrackets(hint string) string {
	if hint == "" {
		return ""
	}
	return " (" + hint + ")"
}

// Wanted returns the kind of value that a flag takes, for a sentence.
func Wanted(flag cli.Flag) string {
	switch flag.(type) {
	case *cli.IntFlag:
		return "a whole number"
	case *cli.BoolFlag:
		return "true or false"
	case *cli.DurationFlag:
		return "a time such as 30s or 5m"
	}
	return "another text"
}

// UnknownCommand returns the error about a name that is not one of the commands. before is the
// beginning of the line, such as "qlsync schemas".
func UnknownCommand(before, name string, commands []*cli.Command) error {
	return unknown("command", before, name, namesOf(commands), before+" --help")
}

// UnknownTopic returns the error about a word after help that is neither a command nor a topic.
func UnknownTopic(before, name string, commands []*cli.Command) error {
	known := namesOf(commands)
	for _, topic := range Topics() {
		known = append(known, topic.Word)
	}
	return unknown("command or topic", before, name, known, "qlsync help")
}

func unknown(what, before, name string, known []string, see string) error {
	path := strings.TrimPrefix(before+" "+name, "qlsync ")
	return fmt.Errorf("unknown %s %q%s: see %s", what, path, inBrackets(words.DidYouMean(name, known)), see)
}

func namesOf(commands []*cli.Command) []string {
	var names []string
	for _, command := range commands {
		if !command.Hidden {
			names = append(names, command.Name)
		}
	}
	return names
}

// CheckChoice returns an error if the value of a flag is not one of the known ones. flag is written
// as on the line.
func CheckChoice(flag, value string, known []string) error {
	if slices.Contains(known, value) {
		return nil
	}
	// Short names are close to many others, so at least the first letter must match.
	alike := slices.DeleteFunc(slices.Clone(known), func(name string) bool { return value == "" || name[0] != value[0] })
	return fmt.Errorf("%s %q: it must be %s%s", flag, value, words.OneOf(known), inBrackets(words.DidYouMean(value, alike)))
}
