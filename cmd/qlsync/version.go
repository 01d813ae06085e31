package main

import (
	"fmt"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
)

func versionCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Action: func(c *cli.Context) error {
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return printVersion(env)
		},
	}
}

func printVersion(env *environment) error {
	_, err := fmt.Fprintf(env.stdout, "qlsync %s\n", version())
	return err
}

// release is set by the linker in a build from the Makefile.
var release string

// version returns the version of the build, or of the module as the Go tool recorded it.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
