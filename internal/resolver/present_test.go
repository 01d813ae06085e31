package resolver_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/resolver"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestAMissingSecretIsFoundWithoutReadingOrRunningAnything(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions and executables work differently there")
	}
	folder := t.TempDir()
	ran := filepath.Join(folder, "ran")
	for name, file := range map[string]struct {
		content string
		mode    os.FileMode
	}{
		"full": {"hunter2", 0o600}, "empty": {"", 0o600}, "large": {strings.Repeat("x", 1<<20+1), 0o600}, "locked": {"hunter2", 0},
		"command": {"#!/bin/sh\ntouch " + ran + "\n", 0o700},
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(file.content), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	lookup := func(name string) (string, bool) {
		value, ok := map[string]string{"SET": "value", "EMPTY": ""}[name]
		return value, ok
	}
	careful, allowing := resolver.New(resolver.Options{Dir: folder, Lookup: lookup}), resolver.New(resolver.Options{Dir: folder, Lookup: lookup, AllowExec: true})
	for name, test := range map[string]struct {
		resolver  *resolver.Resolver
		reference connection.Reference
		wrong     string // empty: present
	}{
		"a variable that is set":           {careful, connection.Reference{Env: "SET"}, ""},
		"a variable that is not set":       {careful, connection.Reference{Env: "UNSET"}, `environment variable "UNSET" is not set`},
		"a variable that is empty":         {careful, connection.Reference{Env: "EMPTY"}, `environment variable "EMPTY" is empty`},
		"a file":                           {careful, connection.Reference{File: "full"}, ""},
		"a file to be encoded":             {careful, connection.Reference{File: "full", Encoding: "base64"}, ""},
		"a file that is not there":         {careful, connection.Reference{File: "none"}, `secret file "none": no such file or directory`},
		"a file that is empty":             {careful, connection.Reference{File: "empty"}, `secret file "empty" is empty`},
		"a file that is too large":         {careful, connection.Reference{File: "large"}, `secret file "large": larger than 1 MiB`},
		"a folder":                         {careful, connection.Reference{File: "."}, `secret file ".": not a regular file`},
		"a device":                         {careful, connection.Reference{File: os.DevNull}, `secret file "/dev/null": not a regular file`},
		"a command that is not allowed":    {careful, connection.Reference{Exec: []string{"./command"}}, "exec references are off"},
		"a command of the project":         {allowing, connection.Reference{Exec: []string{"./command"}}, ""},
		"a command in the PATH":            {allowing, connection.Reference{Exec: []string{"sh", "-c", "touch " + ran}}, ""},
		"a command that is not in there":   {allowing, connection.Reference{Exec: []string{"no-such-command-here"}}, `secret command "no-such-command-here": there is no such command in the PATH`},
		"a command that is no file":        {allowing, connection.Reference{Exec: []string{"./none"}}, `secret command "./none": no such file`},
		"a command that is not executable": {allowing, connection.Reference{Exec: []string{"./full"}}, `secret command "./full": it is not an executable file`},
	} {
		t.Run(name, func(t *testing.T) {
			test.reference.Position = connection.Position{File: "c.yaml", Line: 3, Column: 4}
			checkPresent(t, test.resolver.Present(test.reference), test.wrong)
		})
	}
	if os.Getuid() != 0 {
		locked := connection.Reference{File: "locked", Position: connection.Position{File: "c.yaml", Line: 3, Column: 4}}
		checkPresent(t, careful.Present(locked), `secret file "locked": permission denied`)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("Present ran a command, want none run")
	}
}

func checkPresent(t *testing.T, err error, wrong string) {
	t.Helper()
	var problem connection.Problem
	switch {
	case wrong == "" && err != nil:
		t.Error(err)
	case wrong == "":
	case !errors.As(err, &problem) || problem.Message != wrong || problem.Position.Line != 3 || problem.Code == "":
		t.Errorf("got error %v, want %q with a code, on line 3", err, wrong)
	}
}
