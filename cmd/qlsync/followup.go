package main

import (
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/report"
)

// followUp returns a command about a tenant that can be pasted: with the flags of the line
// that say how the project is read. The tenant may be empty.
func followUp(c *cli.Context, command, tenant string) string {
	line := "qlsync " + command + commandline.Given(c, sharedFlags(), "tenant", "no-color", "log-level", "parallelism")
	if tenant != "" {
		line += " -t " + shellWord(tenant)
	}
	return line
}

// shellWord returns a word as a part of a command that can be pasted on this computer.
func shellWord(word string) string { return commandline.Quote(runtime.GOOS, word) }

// nextCommands returns commands under a heading, each on a line of its own, so that all of
// them can be pasted at once.
func nextCommands(heading string, commands ...string) string {
	var lines strings.Builder
	lines.WriteString(heading + "\n")
	for _, command := range commands {
		lines.WriteString("  " + report.Clean(command) + "\n")
	}
	return lines.String()
}
