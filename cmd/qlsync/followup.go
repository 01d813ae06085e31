package main

import (
	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
)

// appearance are the flags that change what is shown, and how fast, but not the result.
var appearance = []string{"color", "no-color", "log-level", "parallelism", "quiet"}

// followUp returns a command about a tenant for pasting, with the flags of the line that determine
// how the project is read. The tenant may be empty.
func followUp(c *cli.Context, command, tenant string) string {
	left := append([]string{"tenant"}, appearance...)
	if tenant != "" {
		left = append(left, groupName)
	}
	line := "qlsync " + command + commandline.Given(c, sharedFlags(), left...)
	if tenant != "" {
		line += " -t " + commandline.Word(tenant)
	}
	return line
}
