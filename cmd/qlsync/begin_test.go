package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
)

// TestAVariableStandsForEveryFlagButThoseThatApprove sets the variable of every flag, one at a time, and
// looks at what the command takes from it.
func TestAVariableStandsForEveryFlagButThoseThatApprove(t *testing.T) {
	values := map[string]string{"FORMAT": "json", "N": "3", "5m": "7m", "30m": "7m"}
	for _, command := range visible(newApp(&environment{}).Commands, "qlsync") {
		for _, flag := range command.Flags {
			name := flag.Names()[0]
			value := values[commandline.Placeholder(flag.(cli.DocGenerationFlag).GetUsage())]
			if _, isBool := flag.(*cli.BoolFlag); isBool {
				value = "true"
			} else if value == "" {
				value = "a value"
			}
			var isSet bool
			var stderr strings.Builder
			env := streams(nil, &stderr)
			env.lookup = func(variable string) (string, bool) {
				return value, variable == "QLSYNC_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
			}
			app := newApp(env)
			find(app.Commands, strings.Fields(command.path)[1:], func(found *cli.Command) {
				found.Before = func(c *cli.Context) error { return env.readVariables(c) }
				found.Action = func(c *cli.Context) error { isSet = c.IsSet(name); return nil }
			})
			app.Writer, app.ErrWriter = io.Discard, io.Discard
			if err := app.Run(strings.Fields(command.path)); err != nil {
				t.Fatalf("%s: cannot read the variable of --%s: %v", command.path, name, err)
			}
			approves := slices.ContainsFunc([]string{"approve", "allow", "confirm", "rotate", "plan-hash", "on-stale"}, func(word string) bool { return strings.Contains(name, word) })
			isFile := command.path == "qlsync simulate" && name == "tenant"
			if isSet == (approves || isFile) {
				t.Errorf("%s takes --%s from its variable: %t, want %t", command.path, name, isSet, !isSet)
			}
			if warned := strings.Contains(stderr.String(), "is ignored: --"+name); warned != approves {
				t.Errorf("%s warns that the variable of --%s is ignored: %t, want %t", command.path, name, warned, approves)
			}
		}
	}
}

// find calls a function with the command of a path.
func find(commands []*cli.Command, path []string, use func(*cli.Command)) *cli.Command {
	for _, command := range commands {
		if !command.HasName(path[0]) {
			continue
		}
		if len(path) > 1 {
			return find(command.Subcommands, path[1:], use)
		}
		use(command)
		return command
	}
	return nil
}

func TestARepeatableFlagTakesAValueALineOfItsVariable(t *testing.T) {
	env := streams(nil, io.Discard)
	env.lookup = func(name string) (string, bool) {
		return "Finance/Orders, EU\nFinance/Rates\r\n", name == "QLSYNC_TARGET"
	}
	app := newApp(env)
	var got []string
	find(app.Commands, []string{"plan"}, func(found *cli.Command) {
		found.Action = func(c *cli.Context) error { got = c.StringSlice("target"); return nil }
	})
	if err := app.Run([]string{"qlsync", "plan"}); err != nil {
		t.Fatalf("cannot run plan: %v", err)
	}
	if want := []string{"Finance/Orders, EU", "Finance/Rates"}; !slices.Equal(got, want) {
		t.Errorf("got the targets %q, want %q", got, want)
	}
}

func TestAVariableOfLineBreaksSelectsNotEverything(t *testing.T) {
	env := streams(nil, io.Discard)
	env.lookup = func(name string) (string, bool) { return "\r\n\n", name == "QLSYNC_TARGET" }
	app := newApp(env)
	find(app.Commands, []string{"plan"}, func(found *cli.Command) {
		found.Action = func(*cli.Context) error {
			t.Error("plan runs without targets, which means all connections")
			return nil
		}
	})
	if err := app.Run([]string{"qlsync", "plan"}); err == nil || !strings.Contains(err.Error(), "QLSYNC_TARGET") {
		t.Errorf("got the error %v, want one that names QLSYNC_TARGET", err)
	}
}

func TestTheLineHasPriorityOverAVariable(t *testing.T) {
	for line, want := range map[string]string{"plan": "env", "plan -t line": "line", "plan --tenant=line": "line", "plan --all-tenants": ""} {
		env := streams(nil, io.Discard)
		env.lookup = func(name string) (string, bool) { return "env", name == "QLSYNC_TENANT" }
		app := newApp(env)
		var got string
		find(app.Commands, []string{"plan"}, func(found *cli.Command) {
			found.Action = func(c *cli.Context) error { got = c.String("tenant"); return nil }
		})
		if err := app.Run(strings.Fields("qlsync " + line)); err != nil {
			t.Fatalf("cannot run %s: %v", line, err)
		}
		if got != want {
			t.Errorf("with QLSYNC_TENANT=env, %s is for the tenant %q, want %q", line, got, want)
		}
	}
}
