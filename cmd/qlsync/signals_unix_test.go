//go:build linux || darwin

package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestASignalBeforeTheFirstWriteIsTheExitCode interrupts commands while they read.
func TestASignalBeforeTheFirstWriteIsTheExitCode(t *testing.T) {
	if underRace {
		t.Skip("the process is what is tested, and is built without the race detector: make cases runs it")
	}
	for _, command := range []string{"plan", "drift", "apply --auto-approve", "export", "snapshot", "plan --all-tenants"} {
		for signal, code := range map[syscall.Signal]int{syscall.SIGHUP: 129, syscall.SIGINT: 130, syscall.SIGQUIT: 131, syscall.SIGTERM: 143} {
			t.Run(command+": "+signal.String(), func(t *testing.T) {
				t.Parallel()
				k := newManagerKilling(t)
				var victim *os.Process
				started, answered := make(chan struct{}), make(chan struct{})
				k.service = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					<-started
					select {
					case <-answered:
					default:
						close(answered)
						_ = victim.Signal(signal)
					}
					<-r.Context().Done()
				})
				process := k.command(t, append(strings.Fields(command), "--parallelism", "1")...)
				process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				end := collected(t, process, func() { victim = process.Process; close(started) })
				if end.code != code || !strings.Contains(end.stderr, "interrupted") && !strings.Contains(end.stdout, "interrupted") {
					t.Errorf("exit code %d, not %d\n%s%s", end.code, code, end.stdout, end.stderr)
				}
			})
		}
	}
}

// TestACommandThatWritesNothingEndsQuietlyWithoutAReader: as every program does that is in
// front of head(1). What goes to files is written.
func TestACommandThatWritesNothingEndsQuietlyWithoutAReader(t *testing.T) {
	k := newKilling(t)
	for _, line := range []string{
		"plan", "plan --format json", "plan --all-tenants", "plan --detailed-exitcode --format markdown", "drift", "drift --format html", "export",
		"snapshot", "validate --format sarif", "schemas list", "version", "completion bash",
	} {
		t.Run(line, func(t *testing.T) {
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			_ = reader.Close()
			args := strings.Fields(line)
			report := ""
			if strings.HasPrefix(line, "plan") || strings.HasPrefix(line, "drift") {
				report = filepath.Join(t.TempDir(), "report.json")
				args = append(args, "--report", "json="+report)
			}
			process := k.command(t, args...)
			if line == "version" || line == "completion bash" {
				process.Args = append(process.Args[:1], args...)
			}
			process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			var stderr bytes.Buffer
			process.Stdout, process.Stderr = writer, &stderr
			if err := process.Start(); err != nil {
				t.Fatal(err)
			}
			_ = writer.Close()
			if code := wait(t, process); code != exitReaderGone || strings.Contains(stderr.String(), "error") {
				t.Errorf("exit code %d\n%s", code, stderr.String())
			}
			if _, err := os.Stat(report); report != "" && err != nil {
				t.Error(err)
			}
		})
	}
}
