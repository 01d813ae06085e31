package main

import (
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/spec"
)

// sharedFlags returns the flags of every command on a project.
func sharedFlags() []cli.Flag {
	return []cli.Flag{
		directoryFlag(),
		configFlag(),
		&cli.StringFlag{Name: "tenant", Aliases: []string{"t"}, Usage: "the `NAME` of a tenant in the project file, or names and patterns with * and ?, separated by commas (default: defaultTenant of the project file, or the only tenant)"},
		&cli.StringFlag{Name: groupName, Usage: "run only for the tenants in the group `NAME` of the project file; several names are separated by commas; * and ? match several groups"},
		commandline.Repeatable("var", "set a variable, as `NAME=VALUE`, instead of its value in the project file; repeatable"),
		quietFlag(),
		colorFlag(),
		noColorFlag(),
		commandline.Choice(
			&cli.StringFlag{Name: "log-level", Value: "warn", Usage: "`LEVEL` of the log on standard error: " + words.OneOf(logLevelNames())},
			logLevelNames(),
		),
		&cli.BoolFlag{Name: "allow-exec", Usage: "run the commands of {exec: [...]} references when their secrets are needed"},
		raiseFlag(),
		&cli.IntFlag{Name: "parallelism", Value: 8, Usage: "run at most `N` requests at the same time"},
	}
}

const directoryName, groupName = "directory", "group"

// directoryFlag returns a flag of every command.
func directoryFlag() cli.Flag {
	return &cli.StringFlag{Name: directoryName, Aliases: []string{"C"}, Usage: "run as if started in the folder `DIR`"}
}

func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Aliases: []string{"c"}, Usage: "the project `FILE`, or its folder (default: qlsync.yaml in this folder or the nearest one above)"}
}

func quietFlag() cli.Flag {
	return &cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "hide progress and next steps, but not warnings and errors"}
}

func colorFlag() cli.Flag {
	return commandline.Choice(&cli.StringFlag{Name: "color", Value: colorAuto, Usage: "use colour `WHEN`: " + words.OneOf(colorChoices()) + "; auto uses colour on a terminal"}, colorChoices())
}

func noColorFlag() cli.Flag {
	return &cli.BoolFlag{Name: "no-color", Usage: "the same as --color never"}
}

// The values of --color.
const colorAuto, colorAlways, colorNever = "auto", "always", "never"

func colorChoices() []string { return []string{colorAuto, colorAlways, colorNever} }

func raiseFlag() cli.Flag {
	return &cli.IntFlag{Name: "raise-limits", Value: 1, Usage: "multiply by `N` the limits on the size of the project, of the tenant and of files that qlsync wrote"}
}

// planFlags returns the flags of plan and apply that change the plan.
func planFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "confirm-deletes", Usage: "allow the deletes of exactly this plan, as `N@HASH` in the message of the refusal; approves nothing else"},
		&cli.StringFlag{Name: "confirm-recreates", Usage: "allow the recreates of exactly this plan, as `N@HASH` in the message of the refusal; approves nothing else"},
		&cli.StringFlag{Name: "confirm-impact", Usage: "allow exactly this plan to break at most N dependents (apps, knowledge bases, data sets), as `N@HASH` in the message of the refusal; approves nothing else"},
		readsFlag(),
		&cli.IntFlag{Name: "batch-size", Value: 100, Usage: "put at most `N` connections into one bulk call"},
		commandline.Repeatable("target", "plan only for this connection and the connections that it depends on, as `SPACE/NAME`; * and ? match several; repeatable"),
		&cli.StringFlag{Name: "target-file", Usage: "plan only for the connections in `FILE`, one SPACE/NAME on each line; * and ? match several; lines that begin with # are ignored; - is standard input"},
		commandline.Repeatable("exclude", "leave this connection and the connections that depend on it out of the plan, as `SPACE/NAME`; * and ? match several; repeatable"),
	}
}

// readsFlag returns the flag that selects the connections to read in detail.
func readsFlag() cli.Flag {
	return commandline.Choice(&cli.StringFlag{
		Name:  readsName,
		Usage: "the connections to read in detail, as `MODE`: proof, those that the list does not prove to be as declared; cache, those that are not in the cache or were updated since; full, all (default: reads in the project file, or proof)",
	}, spec.ReadModes())
}

// checkReads returns an error for an unknown mode.
func checkReads(c *cli.Context) error {
	if mode := c.String(readsName); mode != "" {
		return commandline.CheckChoice("--"+readsName, mode, spec.ReadModes())
	}
	return nil
}

const readsName, readSubsetName = "reads", "read-subset"

func impactFlag(usage string) cli.Flag { return &cli.BoolFlag{Name: "impact", Usage: usage} }

// usageHistoryName is not the name of the history of drift, which is another kind of file.
const usageHistoryName = "usage-history"

// usageFlags returns the flags of commands that read dependents.
func usageFlags() []cli.Flag { return []cli.Flag{usageCacheFlag(), usageHistoryFlag()} }

// usageHistoryFlag returns the flag for the file that remembers what was seen of dependents.
func usageHistoryFlag() cli.Flag {
	return &cli.StringFlag{Name: usageHistoryName, Usage: "record in `FILE` which apps use which connections, so that more than the last ten reloads of an app are known"}
}

// usageCacheFlag returns the flag for the folder of the read cache of dependents.
func usageCacheFlag() cli.Flag {
	return &cli.StringFlag{Name: "cache", Usage: "cache reads in the folder `DIR`, and read again only apps that were reloaded since"}
}

const lockTimeoutName, lockDirName = "lock-timeout", "lock-dir"

// lockFlag returns the flag for how long an apply waits for another one.
func lockFlag() cli.Flag {
	return &cli.DurationFlag{Name: lockTimeoutName, Usage: "wait up to this long, such as `5m`, until another apply of the project to the tenant on this computer ends"}
}

// lockFolderFlag returns the flag for the folder of the lock.
func lockFolderFlag() cli.Flag {
	return &cli.StringFlag{Name: lockDirName, Usage: "keep the lock in the folder `DIR` (default: the user's cache folder, else a private folder below the temporary folder)"}
}

func historyFlag(usage string) cli.Flag { return &cli.StringFlag{Name: "history", Usage: usage} }

func outputFlags(names []string) []cli.Flag {
	targets := make([]string, len(names))
	for i, name := range names {
		targets[i] = name + "="
	}
	return []cli.Flag{
		commandline.Choice(&cli.StringFlag{Name: "format", Value: names[0], Usage: "`FORMAT` of the result: " + words.OneOf(names)}, names),
		commandline.Choices(commandline.Repeatable("report", "write the result to a file too, as `FORMAT=FILE`; repeatable"), targets),
	}
}

// logLevels are the values of --log-level; others such as info+3 are not accepted.
var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

func logLevelNames() []string { return []string{"debug", "info", "warn", "error"} }

func exitZeroFlag() cli.Flag {
	return &cli.BoolFlag{Name: "exit-zero", Usage: "exit with 0 also if the tenant differs from the files; errors keep their codes"}
}

func detailedFlag() cli.Flag {
	return &cli.BoolFlag{Name: "detailed-exitcode", Usage: "exit with 2 if the plan has changes"}
}

func allowRefusedFlag() cli.Flag {
	return &cli.BoolFlag{Name: "allow-refused", Usage: "exit as if no change were refused, and not with 4; the plan is the same"}
}
