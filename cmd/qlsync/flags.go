package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// sharedFlags are those that every command on a project takes.
func sharedFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Aliases: []string{"c"}, Value: "qlsync.yaml", Usage: "the project `FILE`"},
		&cli.StringFlag{Name: "tenant", Aliases: []string{"t"}, Usage: "the `NAME` of a tenant in the project file; needed where it has several, except by validate"},
		repeatable("var", "set a variable, as `NAME=VALUE`, over the tenant's and the project's; repeatable"),
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

// repeatable is a flag that takes a text each time, blanks and commas included.
func repeatable(name, usage string) *cli.StringSliceFlag {
	return &cli.StringSliceFlag{Name: name, Usage: usage, KeepSpace: true}
}

func noColorFlag() cli.Flag { return &cli.BoolFlag{Name: "no-color", Usage: "never use colour"} }

func raiseFlag() cli.Flag {
	return &cli.IntFlag{Name: "raise-limits", Value: 1, Usage: "multiply the limits on the size of the project, of the tenant and of files that qlsync wrote by `N`"}
}

// noArguments refuses arguments that a command does not take.
func noArguments(c *cli.Context) error {
	if c.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: see qlsync %s --help", c.Args().First(), c.Command.Name)
	}
	return nil
}

// planFlags are those of plan and apply that change the plan.
func planFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "confirm-deletes", Usage: "allow the deletes of exactly this plan, as `N@HASH`; it approves nothing else"},
		&cli.StringFlag{Name: "confirm-recreates", Usage: "allow the recreates of exactly this plan, as `N@HASH`; it approves nothing else"},
		&cli.IntFlag{Name: "batch-size", Value: 100, Usage: "put at most `N` connections into one bulk call"},
		repeatable("target", "plan only for this connection and what it depends on, as `SPACE/NAME`; repeatable"),
	}
}

func allTenantsFlag() cli.Flag {
	return &cli.BoolFlag{Name: "all-tenants", Usage: "for every tenant of the project file, side by side, in one report"}
}

// checkAllTenants refuses what --all-tenants does not go with.
func checkAllTenants(c *cli.Context, others ...string) error {
	if !c.Bool("all-tenants") {
		return nil
	}
	for _, name := range append([]string{"tenant"}, others...) {
		if c.IsSet(name) {
			return fmt.Errorf("--all-tenants does not go with --%s, which is about one tenant", name)
		}
	}
	return nil
}

const lockTimeoutName, lockDirName = "lock-timeout", "lock-dir"

// lockFlag is how long an apply waits for another one.
func lockFlag() cli.Flag {
	return &cli.DurationFlag{Name: lockTimeoutName, Usage: "wait so long, such as `5m`, for another apply of the project to the tenant on this computer"}
}

// lockFolderFlag is where the lock is.
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
		commandline.Choices(repeatable("report", "write the result to a file too, as `FORMAT=FILE`; repeatable"), targets),
	}
}

// union returns each name once, in the order of the lists.
func union(lists ...[]string) []string {
	var all []string
	for _, name := range slices.Concat(lists...) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// keys reads the SPACE/NAME of a flag that may be repeated.
func keys(c *cli.Context, flag string) ([]connection.Key, error) {
	var found []connection.Key
	for _, text := range c.StringSlice(flag) {
		space, name, ok := strings.Cut(text, "/")
		if !ok {
			return nil, fmt.Errorf("%s %q: it must be SPACE/NAME", flag, text)
		}
		found = append(found, connection.Key{Space: space, Name: name})
	}
	return found, nil
}

func variables(c *cli.Context) (map[string]string, error) {
	set := map[string]string{}
	for _, pair := range c.StringSlice("var") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("variable %q: it must be NAME=VALUE", pair)
		}
		text, err := infile.Text([]byte(value))
		if err != nil {
			return nil, fmt.Errorf("variable %q: its value is %w, so it cannot be sent unchanged", name, err)
		}
		set[name] = string(text)
	}
	return set, nil
}

// logLevels are those that --log-level takes, and no others such as info+3.
var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

func logLevelNames() []string { return []string{"debug", "info", "warn", "error"} }
