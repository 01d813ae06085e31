package main

import (
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

// followUp returns a command about a tenant that can be pasted: with the project file,
// unless that is the default.
func followUp(c *cli.Context, command, tenant string) string {
	line := "qlsync " + command
	if c.IsSet("config") {
		line += " -c " + shellWord(c.String("config"))
	}
	if tenant != "" {
		line += " -t " + shellWord(tenant)
	}
	return line
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// shellWord quotes a word for a POSIX shell where it needs that.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
