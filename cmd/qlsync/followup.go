package main

import (
	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
)

// followUp returns a command about a tenant for pasting, with the flags of the line that determine
// how the project is read. The tenant may be empty.
func followUp(c *cli.Context, command, tenant string) string {
	line := "qlsync " + command + commandline.Given(c, sharedFlags(), "tenant", "color", "no-color", "log-level", "parallelism", "quiet")
	if tenant != "" {
		line += " -t " + commandline.Word(tenant)
	}
	return line
}
