//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAPipeInAProjectIsRefusedWithoutWaiting: nobody writes to the pipe, so a process that
// opened the pipe would wait forever.
func TestAPipeInAProjectIsRefusedWithoutWaiting(t *testing.T) {
	for _, command := range []string{"validate", "plan"} {
		for _, pipe := range []string{"qlsync.yaml", "pipe.yaml", "connections/pipe.yaml", "schemas/rest.json", "tenant.yaml"} {
			if pipe == "tenant.yaml" && command != "plan" || pipe == "schemas/rest.json" && command == "plan" {
				continue // not read, or only a warning
			}
			t.Run(command+" reads "+pipe, func(t *testing.T) {
				t.Chdir(t.TempDir())
				connections := "[connections]"
				if pipe == "pipe.yaml" {
					connections = pipe
				}
				for name, text := range map[string]string{
					"qlsync.yaml":        "version: 1\nproject: acme\nconnections: " + connections + "\ntenants: {demo: {url: \"sim:tenant.yaml\"}}\n",
					"connections/a.yaml": "version: 1\n", "tenant.yaml": "spaces: []\n",
				} {
					if name != pipe {
						writeBelow(t, name, text)
					}
				}
				if err := os.MkdirAll(filepath.Dir(pipe), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := syscall.Mkfifo(pipe, 0o600); err != nil {
					t.Fatal(err)
				}
				var out strings.Builder
				env := streams(nil, &out)
				env.stdout = &out
				err := newApp(env).RunContext(t.Context(), append([]string{"qlsync"}, strings.Fields(command)...))
				if err == nil || !strings.Contains(out.String()+err.Error(), "not a regular file") {
					t.Errorf("got %s and error %v, want a refusal of the pipe", out.String(), err)
				}
			})
		}
	}
}

func writeBelow(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAnInterruptEndsTheReadingOfAPipe: reading a pipe that nobody writes to never
// ends.
func TestAnInterruptEndsTheReadingOfAPipe(t *testing.T) {
	for _, command := range []string{"show", "simulate --tenant"} {
		t.Run(command, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, interrupt := context.WithCancel(t.Context())
			opened := make(chan *os.File)
			go func() {
				writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for a reader
				if err != nil {
					t.Error(err)
				}
				interrupt()
				opened <- writer
			}()
			env := streams(nil, io.Discard)
			if err := newApp(env).RunContext(ctx, append([]string{"qlsync"}, append(strings.Fields(command), pipe)...)); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			_ = (<-opened).Close()
		})
	}
}

// interrupter interrupts when a text has been written.
type interrupter struct {
	strings.Builder
	at        string
	interrupt func()
}

func (i *interrupter) Write(text []byte) (int, error) {
	n, err := i.Builder.Write(text)
	if strings.Contains(i.String(), i.at) {
		i.interrupt()
	}
	return n, err
}

func TestAnInterruptEndsTheWaitForACheckAndNamesTheCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	writeBelow(t, "qlsync.yaml", "version: 1\nproject: acme\nconnections: [c.yaml]\ntenants: {demo: {url: \"sim:tenant.yaml\"}}\n")
	writeBelow(t, "c.yaml", "version: 1\nconnections:\n  - {name: Rates, space: Finance, dataSource: rest, properties: {url: \"https://rates.example.com\"}}\n")
	writeBelow(t, "tenant.yaml", "users: [{name: Ana, email: ana@example.com, roles: [TenantAdmin]}]\nspaces: [{name: Finance, type: shared}]\n")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var said strings.Builder
	env := streams(nil, &said)
	out := &interrupter{at: "Applied: 1 done", interrupt: interrupt}
	env.stdout = out
	err := newApp(env).RunContext(ctx, []string{"qlsync", "apply", "--auto-approve", "--check-after", "24h", "--report", "json=result.json", "-t", "demo"})
	end, ok := errors.AsType[*exit](err)
	if !ok || end.code != exitPartial || !strings.Contains(err.Error(), "everything was applied, but not checked afterwards") {
		t.Fatalf("got error %v after\n%s%s\nwant exit code 3, because all is applied and nothing checked", err, out, &said)
	}
	if next := strings.Join(end.details, "\n"); !strings.Contains(next, "qlsync check --since 20") || !strings.Contains(next, " -t demo") {
		t.Errorf("got the next step %q, want the command that checks later", next)
	}
	if text, err := os.ReadFile("result.json"); err != nil || !strings.Contains(string(text), `"done": 1`) {
		t.Errorf("got the result %s and error %v, want the complete result", text, err)
	}
	// The repeated command has nothing to write, and does the check that the first one owes.
	var checked strings.Builder
	env = streams(nil, io.Discard)
	env.stdout = &checked
	if err := newApp(env).RunContext(t.Context(), []string{"qlsync", "apply", "--auto-approve", "--check-after", "1ms", "-t", "demo"}); err != nil ||
		!strings.Contains(checked.String(), "No app has loaded data through 1 connection since") {
		t.Errorf("repeated, it ends with %v, want a check:\n%s", err, &checked)
	}
	// Nothing is lost: the connection exists.
	if err := newApp(streams(nil, io.Discard)).RunContext(t.Context(), []string{"qlsync", "drift"}); err != nil {
		t.Errorf("got error %v of drift, want none", err)
	}
}
