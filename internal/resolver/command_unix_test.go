//go:build unix

package resolver

import (
	"os"
	"path/filepath"
	"testing"
)

func TestScriptsAreCommandsToo(t *testing.T) {
	t.Setenv("Tenant_Key", "canary-of-the-tenant")
	folder := t.TempDir()
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"secret.sh": {"#!/bin/sh\nprintf 'from %s' \"$1\"\n", 0o700}, "foreign": {"printf hunter2\n", 0o700}, "text.sh": {"#!/bin/sh\n", 0o600},
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(file.text), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	resolver := New(Options{Dir: folder, Lookup: os.LookupEnv})
	resolver.options.AllowExec, resolver.options.Excluded = true, []string{"TENANT_KEY"}
	for name, test := range map[string]struct {
		command []string
		want    string
		wrong   string
	}{
		"the project's folder is its own":            {[]string{"./secret.sh", "here"}, "from here", ""},
		"its place is no part of its name":           {[]string{filepath.Join(folder, "secret.sh"), "there"}, "from there", ""},
		"it gets no tenant's key in any letter case": {[]string{"sh", "-c", "echo [$Tenant_Key]"}, "[]", ""},
		"it prints a NUL byte":                       {[]string{"printf", `abc\000`}, "", `secret command "printf": its output is not text: it holds a NUL byte`},
		"it prints what is no text":                  {[]string{"printf", `p\351w`}, "", `secret command "printf": its output is not UTF-8 text`},
		"it is not executable":                       {[]string{"./text.sh"}, "", `secret command "./text.sh": it is not an executable file`},
		"it names no interpreter": {[]string{"./foreign"}, "", `secret command "./foreign": the system cannot run such a file by itself: ` +
			`name its interpreter first, as in [powershell, -NoProfile, -File, ./secret.ps1] or [python, ./secret.py]`},
	} {
		t.Run(name, func(t *testing.T) { resolvesTo(t, resolver, test.command, test.want, test.wrong) })
	}
}
