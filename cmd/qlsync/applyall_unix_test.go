//go:build linux || darwin

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/qlsync/qlsync/internal/commandline"
)

func TestOneQuestionIsForThePlansOfAllTenants(t *testing.T) {
	for _, test := range []struct {
		answer   string
		code     int
		tenants  int // with the connection afterwards
		question string
	}{
		{"no\n", exitRefused, 0, "Apply these plans (3 changes) to 3 tenants? Type yes to apply: "},
		{"yes\n", exitOK, 3, "Apply these plans (3 changes) to 3 tenants? Type yes to apply: "},
	} {
		folder := t.TempDir()
		tokens, tenants := emptyTenants(t, folder, 3)
		keys, terminal, err := pty.Open()
		if err != nil {
			t.Skipf("no terminal here: %v", err)
		}
		if _, err := keys.WriteString(test.answer); err != nil {
			t.Fatal(err)
		}
		var out, said bytes.Buffer
		env := &environment{stdin: terminal, stdout: &out, stderr: &said, lookup: func(name string) (string, bool) { value, ok := tokens[name]; return value, ok }}
		ctx, stop := obey(t, env, nil)
		app := newApp(env)
		args := []string{"qlsync", "apply", "-t", "tenant-*", "-c", filepath.Join(folder, "qlsync.yaml"), "--lock-dir", filepath.Join(folder, "locks")}
		code := env.exitCode(app.RunContext(ctx, commandline.Arrange(app, sharedFlags(), args)))
		stop()
		_, _ = keys.Close(), terminal.Close()
		written := 0
		for _, tenant := range tenants {
			written += len(tenant.Connections())
		}
		if code != test.code || written != test.tenants || !strings.Contains(said.String(), test.question) || strings.Count(said.String(), "Type yes") != 1 {
			t.Errorf("answer %q: got exit code %d and %d connections, want %d and %d, and one question %q:\n%s\n%s", test.answer, code, written, test.code, test.tenants, test.question, said.String(), out.String())
		}
		if code == exitOK && !strings.Contains(out.String(), "Tenants: 3 with changes, 0 without.\n\nApplied project fleet to 3 tenants\n") {
			t.Errorf("the result follows the plans without an empty line:\n%s", out.String())
		}
		if !strings.Contains(said.String(), "): 1 to create\n") || !strings.Contains(out.String(), "Plans for project fleet on 3 tenants") {
			t.Errorf("answer %q: the plans, or a line for each tenant, were not shown before the question:\n%s\n%s", test.answer, said.String(), out.String())
		}
	}
}
