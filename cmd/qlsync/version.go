package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/report"
)

func versionCommand(env *environment) *cli.Command {
	names := report.BuildFormats().Names()
	return &cli.Command{
		Name:  "version",
		Usage: "print the version, and what the program was built from",
		Description: "version prints the version, the commit and its date, the version of Go, the platform, and whether the source differed from the " +
			"commit. A program that was not built from a Git repository has no commit and no date.",
		Flags: outputFlags(names)[:1],
		Action: func(c *cli.Context) error {
			if err := cmp.Or(commandline.NoArguments(c), checkFlags(c, env, report.BuildFormats())); err != nil {
				return err
			}
			info, _ := debug.ReadBuildInfo()
			return write(c, env, report.BuildFormats(), describeBuild(release, info))
		},
	}
}

func printVersion(env *environment) error {
	_, err := fmt.Fprintf(env.stdout, "qlsync %s\n", version())
	return err
}

// release is set by the linker in a build from the Makefile, and in that of a release.
var release string

// version returns the version of the build, or of the module as the Go tool recorded it.
func version() string {
	info, _ := debug.ReadBuildInfo()
	return describeBuild(release, info).Version
}

// describeBuild returns the description of a program from its release and what the Go tool
// recorded; nil: nothing.
func describeBuild(release string, info *debug.BuildInfo) report.Build {
	build := report.Build{
		Format: report.BuildFormat, Version: cmp.Or(release, "devel"),
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if info == nil {
		return build
	}
	if module := info.Main.Version; release == "" && module != "" && module != "(devel)" {
		build.Version = module
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			build.Commit = setting.Value
		case "vcs.time":
			build.Date = setting.Value
		case "vcs.modified":
			modified := setting.Value == "true"
			build.Modified = &modified
		}
	}
	return build
}
