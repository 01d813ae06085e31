package commandline

import "github.com/urfave/cli/v2"

// choice is a flag that takes one of a few values, and choices one that takes several.
type (
	choice struct {
		*cli.StringFlag
		values []string
	}
	choices struct {
		*cli.StringSliceFlag
		values []string
	}
)

// Choice returns a flag that takes one of a few values, which shells complete.
func Choice(flag *cli.StringFlag, values []string) cli.Flag { return choice{flag, values} }

// Choices returns a flag that takes several of a few values. A value that ends in = needs a text
// after it.
func Choices(flag *cli.StringSliceFlag, values []string) cli.Flag { return choices{flag, values} }

// IsChoice reports whether a flag is the result of [Choice] or [Choices].
func IsChoice(flag cli.Flag) bool {
	switch flag.(type) {
	case choice, choices:
		return true
	}
	return false
}
