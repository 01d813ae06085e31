package commandline

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/infile"
)

// Repeatable returns a flag that takes a text each time, blanks and commas included.
func Repeatable(name, usage string) *cli.StringSliceFlag {
	return &cli.StringSliceFlag{Name: name, Usage: usage, KeepSpace: true}
}

// NoArguments returns an error if the command line has arguments.
func NoArguments(c *cli.Context) error {
	if c.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: see qlsync %s --help", c.Args().First(), c.Command.Name)
	}
	return nil
}

// Names returns the values of a flag that names connections, each as SPACE/NAME.
func Names(flag string, values []string) ([]string, error) {
	for _, text := range values {
		if !strings.Contains(text, "/") {
			return nil, fmt.Errorf("--%s %q: it must be SPACE/NAME, or \"SPACE/*\" for all of a space", flag, text)
		}
	}
	return values, nil
}

// Variables returns the NAME=VALUE of the flag --var.
func Variables(c *cli.Context) (map[string]string, error) {
	set := map[string]string{}
	for _, pair := range c.StringSlice("var") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("--var %q: it must be NAME=VALUE", pair)
		}
		text, err := infile.Text([]byte(value))
		if err != nil {
			return nil, fmt.Errorf("variable %q: its value is %w, so it cannot be sent unchanged", name, err)
		}
		set[name] = string(text)
	}
	return set, nil
}

// Since returns the time that a text means: a date or a time in UTC or with an offset, or a duration
// before now, such as 24h. false: the text is none of these.
func Since(text string, now time.Time) (time.Time, bool) {
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return now.Add(-ago), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04", time.DateTime, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
