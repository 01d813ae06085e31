package spec

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

func TestSecretsAreWhatCommandsPrint(t *testing.T) {
	t.Setenv("TENANT_KEY", "canary-of-the-tenant")
	t.Setenv(FingerprintVariable, "canary-of-the-fingerprints")
	t.Setenv("Tenant_Key", "canary-of-the-tenant")
	t.Setenv("VAULT_ADDR", "https://vault.example")
	folder := t.TempDir()
	script := "#!/bin/sh\nprintf 'from %s' \"$1\"\n"
	if err := os.WriteFile(filepath.Join(folder, "secret.sh"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	resolver := NewResolver(folder, os.LookupEnv)
	resolver.allowExec, resolver.withheld = true, []string{"TENANT_KEY", FingerprintVariable}
	resolver.timeout = 10 * time.Second
	sh := func(script string) []string { return []string{"sh", "-c", script} }
	for name, test := range map[string]struct {
		command []string
		want    string
		wrong   string
	}{
		"what it prints":                   {sh("printf hunter2"), "hunter2", ""},
		"without one newline":              {sh("echo hunter2"), "hunter2", ""},
		"one newline is cut, not two":      {sh("printf 'a\nb\n\n'"), "a\nb\n", ""},
		"a Windows newline is one":         {sh("printf 'a\r\n'"), "a", ""},
		"arguments go through no shell":    {[]string{"printf", "%s", "$HOME; `id` | * > x"}, "$HOME; `id` | * > x", ""},
		"the project's folder is its own":  {[]string{"./secret.sh", "here"}, "from here", ""},
		"it has the environment":           {sh("echo $VAULT_ADDR"), "https://vault.example", ""},
		"but no tenant's key":              {sh("echo [$TENANT_KEY]"), "[]", ""},
		"in no letter case":                {sh("echo [$Tenant_Key]"), "[]", ""},
		"nor that of the fingerprints":     {sh("echo [$" + FingerprintVariable + "]"), "[]", ""},
		"its standard input is empty":      {sh("cat; echo end"), "end", ""},
		"its standard error is not shown":  {sh("echo canary >&2; echo out"), "out", ""},
		"it fails":                         {sh("echo canary; echo canary >&2; exit 3"), "", `secret command "sh": it ended with exit status 3; run it by hand to see why`},
		"it prints nothing":                {sh("true"), "", `secret command "sh": it prints nothing`},
		"it prints a newline":              {sh("echo"), "", `secret command "sh": it prints nothing`},
		"it prints what is no text":        {sh(`printf '\377\376'`), "", `secret command "sh": what it prints is not text`},
		"it prints without end":            {sh("yes canary"), "", `secret command "sh": it prints more than 1048576 bytes`},
		"it does not exist":                {[]string{"qlsync-no-such-command"}, "", `secret command "qlsync-no-such-command": there is no such command in the PATH`},
		"it does not exist in the folder":  {[]string{"./none.sh"}, "", `secret command "./none.sh": no such file or directory`},
		"its place is no part of its name": {[]string{filepath.Join(folder, "secret.sh"), "there"}, "from there", ""},
	} {
		t.Run(name, func(t *testing.T) {
			ref := connection.Reference{Exec: test.command, Position: connection.Position{File: "c.yaml", Line: 3, Column: 4}}
			secret, err := resolver.Resolve(t.Context(), ref)
			switch {
			case test.wrong != "" && (err == nil || err.Error() != "c.yaml:3:4: "+test.wrong):
				t.Errorf("error %v", err)
			case err != nil && strings.Contains(err.Error(), "canary"):
				t.Errorf("the error quotes what was printed: %v", err)
			case test.wrong == "" && (err != nil || secret.Reveal() != test.want):
				t.Errorf("%q, error %v", secret.Reveal(), err)
			}
		})
	}
}

func TestCommandsThatDoNotEndAreEnded(t *testing.T) {
	resolver := NewResolver(t.TempDir(), os.LookupEnv)
	resolver.allowExec = true
	ref := connection.Reference{Exec: []string{"sleep", "60"}}
	t.Run("after their time", func(t *testing.T) {
		resolver.timeout = 20 * time.Millisecond
		_, err := resolver.Resolve(t.Context(), ref)
		if err == nil || err.Error() != `secret command "sleep": it has not ended after 20ms` {
			t.Errorf("error %v", err)
		}
	})
	t.Run("by an interrupt", func(t *testing.T) {
		resolver.timeout = execTimeout
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := resolver.Resolve(ctx, ref); err != context.DeadlineExceeded {
			t.Errorf("error %v", err)
		}
	})
}
