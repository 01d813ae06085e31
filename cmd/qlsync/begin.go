package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/workdir"
)

// begin shows the help if the line asks for it. Otherwise it prepares the run of a command: it
// reads missing flags from the environment, and changes to the folder of -C.
func (env *environment) begin(c *cli.Context) error {
	if err := env.showHelp(c); err != nil {
		return err
	}
	if err := env.readVariables(c); err != nil {
		return err
	}
	for _, name := range notEmpty {
		if c.IsSet(name) && c.String(name) == "" {
			return fmt.Errorf("--%s is empty: give it a value or leave it out", name)
		}
	}
	folder := c.String(directoryName)
	if folder == "" {
		return nil
	}
	absolute, err := env.workDir.Abs(folder)
	if err == nil {
		_, err = os.ReadDir(absolute)
	}
	if err != nil {
		return fmt.Errorf("-C %s: %s", folder, infile.Reason(err))
	}
	env.workDir = workdir.Dir(absolute)
	return nil
}

// notEmpty lists flags that are an error with an empty value, as of --target-file "$LIST" without
// the variable. Without the flag, the line would mean all connections, an unreviewed plan or
// another tenant.
var notEmpty = []string{directoryName, "config", "tenant", groupName, "target-file", "plan-hash", "snapshot"}

// variablePrefix is the prefix of the environment variables that set flags.
const variablePrefix = "QLSYNC_"

// variableOf returns the environment variable that sets a flag: QLSYNC_OUT for --out.
func variableOf(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// lineOnly reports whether a flag can only be set on the command line. An environment outlives a
// single command, so it must not approve, allow or confirm anything.
func lineOnly(flag string) bool {
	return strings.HasPrefix(flag, "allow-") || strings.HasPrefix(flag, "confirm-") ||
		slices.Contains([]string{"auto-approve", "plan-hash", "rotate", "on-stale", "version", "help"}, flag)
}

// exclusive lists flags that exclude each other. A variable for one of them is ignored if the other
// one is set.
var exclusive = map[string]string{"tenant": "all-tenants", "all-tenants": "tenant", "snapshot": "cache", "cache": "snapshot"}

// readVariables sets missing flags from their environment variables. An empty variable counts as
// not set. A repeatable flag has one value on each line.
func (env *environment) readVariables(c *cli.Context) error {
	for _, flag := range c.Command.Flags {
		name := flag.Names()[0]
		value, known := env.lookup(variableOf(name))
		other := exclusive[name]
		isFile := name == "tenant" && c.Command.Name == "simulate"
		switch {
		case !known || value == "", isFile, c.IsSet(name), other != "" && c.IsSet(other):
			continue
		case lineOnly(name):
			if name != "help" {
				fmt.Fprintf(env.stderr, "warning: %s is ignored: --%s must be on the command line\n", variableOf(name), name)
			}
			continue
		}
		values := []string{value}
		if _, isList := c.Value(name).(cli.StringSlice); isList {
			values = strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' })
		}
		if len(values) == 0 {
			return fmt.Errorf("%s has only line breaks: give it a value or leave it out", variableOf(name))
		}
		for _, value := range values {
			if err := c.Set(name, value); err != nil {
				return fmt.Errorf("%s: the value of --%s must be %s", variableOf(name), name, commandline.Wanted(flag))
			}
		}
	}
	return nil
}
