//go:build linux || darwin

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/qlsync/qlsync/pkg/apply"
	inspectapinizer "github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
	inspectqlik "github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

var (
	matrixRuns = flag.Int("matrix", len(matrixFaults), "how many random runs the matrix of signals and faults has; each fault has one by default")
	matrixSeed = flag.Uint64("matrix.seed", 1, "the seed of the matrix of signals and faults; 0 draws one")
)

// TestNothingIsLostWhenTheProcessIsDisturbed applies a plan of every kind while something
// happens to the process: a signal at a random request, a reader of its output that goes
// away, a terminal that is closed, a full disk, a folder that is not writable. Each time the
// process ends with a code of the table in docs/reference/commands.md and leaves no other process,
// every recreated connection has its name, a report that could not be printed is in a file,
// and planning and applying again converges.
//
// A run is repeated with its seed and number: -run 'NothingIsLost/run_17' -matrix.seed=1
func TestNothingIsLostWhenTheProcessIsDisturbed(t *testing.T) {
	if underRace {
		t.Skip("the process is what is tested, and is built without the race detector: make cases runs it")
	}
	if *matrixSeed == 0 {
		*matrixSeed = uint64(time.Now().UnixNano())
	}
	t.Logf("-matrix.seed=%d", *matrixSeed)
	for run := range *matrixRuns {
		t.Run(fmt.Sprintf("run %d", run), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(*matrixSeed, uint64(run)))
			fault := matrixFaults[run%len(matrixFaults)]
			newMatrixRun(t, r).suffer(t, fault)
		})
	}
}

// matrixRun is one apply, and what happens to it.
type matrixRun struct {
	*killing
	r       *rand.Rand
	staying func() []string // what is missing of the names that are recreated
	next    http.Handler

	armed, writes, seen atomic.Int64
	at                  int64 // the request at which it happens
	before              bool  // the tenant handles it
	hold                time.Duration
	happen              func()
}

// requestsAtMost is about as many as the apply of either provider takes.
const requestsAtMost = 70

func newMatrixRun(t *testing.T, r *rand.Rand) *matrixRun {
	m := &matrixRun{r: r, at: 1 + r.Int64N(requestsAtMost), before: r.IntN(2) == 0, hold: time.Duration(r.IntN(30)) * time.Millisecond}
	if r.IntN(3) < 2 {
		m.killing = newKilling(t)
		m.staying = func() []string { return missingOf(m.tenant, "Lake", "Given") }
	} else {
		m.killing = newManagerKilling(t)
		manager := m.service.(*inspectapinizer.Manager)
		m.staying = func() []string { return missingOfManager(manager, "Receipts") }
	}
	m.values["XDG_CACHE_HOME"] = t.TempDir()
	m.next, m.service = m.service, http.HandlerFunc(m.serviceOf)
	return m
}

func missingOf(tenant *inspectqlik.Tenant, names ...string) []string {
	for _, c := range tenant.Connections() {
		names = slices.DeleteFunc(names, func(name string) bool { return name == c.Name })
	}
	return names
}

func missingOfManager(manager *inspectapinizer.Manager, names ...string) []string {
	for _, c := range manager.Connections() {
		names = slices.DeleteFunc(names, func(name string) bool { return name == c.Name })
	}
	return names
}

// serviceOf is the proxy between the tenant and the process.
func (m *matrixRun) serviceOf(w http.ResponseWriter, r *http.Request) {
	if m.armed.Load() == 0 {
		m.next.ServeHTTP(w, r)
		return
	}
	if r.Method != http.MethodGet {
		m.writes.Add(1)
	}
	now := m.seen.Add(1) == m.at && m.happen != nil
	if now && m.before {
		m.happen()
		time.Sleep(m.hold)
	}
	m.next.ServeHTTP(w, r)
	if now && !m.before {
		m.happen()
		time.Sleep(m.hold)
	}
}

// ended is how the process has ended.
type ended struct {
	code           int
	stdout, stderr string // as far as somebody has read them
}

// fault is something that happens to an apply.
type fault struct {
	name string
	// run starts the apply, lets it happen, and waits for the end.
	run func(t *testing.T, m *matrixRun) ended
	// codes are those that the table has for it.
	codes []int
	// kept: the result is in a file of its own.
	kept bool
	// torn: a connection may be between two names.
	torn bool
}

var matrixFaults = func() []fault {
	faults := []fault{
		{name: "a reader of standard output that dies", run: deadReader(true, false), codes: []int{exitOK}},
		{name: "a reader of standard error that dies", run: deadReader(false, true), codes: []int{exitOK}},
		{name: "a reader of both that dies", run: deadReader(true, true), codes: []int{exitOK}},
		{name: "no reader of standard output", run: noReader, codes: []int{exitOK}, kept: true},
		{name: "SIGKILL", run: signalled(syscall.SIGKILL, 1), codes: []int{exitOK, -1}, torn: true},
		{name: "a hangup under nohup", run: underNohup, codes: []int{exitOK}},
		{name: "a terminal", run: atTerminal(nil), codes: []int{exitOK}},
		{name: "Ctrl-C on a terminal", run: atTerminal(func(terminal *os.File) { _, _ = terminal.WriteString(ctrlC) }), codes: []int{exitOK, exitPartial, 130}},
		{name: "a terminal that is closed", run: atTerminal(func(terminal *os.File) { _ = terminal.Close() }), codes: []int{exitOK, exitPartial, 129}},
		{name: "files that cannot grow", run: withoutGrowth, codes: []int{exitOK}},
		{name: "a folder that is not writable", run: inReadOnlyFolder, codes: []int{exitOK}, kept: true},
		{name: "a harmless signal", run: harmless, codes: []int{exitOK}},
	}
	for _, terminating := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT} {
		codes := []int{exitOK, exitPartial, exitSignal + int(terminating)}
		faults = append(faults,
			fault{name: terminating.String(), run: signalled(terminating, 1), codes: codes},
			fault{name: terminating.String() + " twice at once", run: signalled(terminating, 2), codes: codes})
	}
	return append(faults, systemFaults...)
}()

// suffer applies, and checks what is left.
func (m *matrixRun) suffer(t *testing.T, f fault) {
	t.Logf("%s, at request %d, before it is handled: %v", f.name, m.at, m.before)
	m.armed.Store(1)
	end := f.run(t, m)
	m.armed.Store(0)
	said := fmt.Sprintf("exit code %d\n--- stdout\n%s\n--- stderr\n%s", end.code, end.stdout, end.stderr)
	if !slices.Contains(f.codes, end.code) {
		t.Errorf("the code is not one of %v: %s", f.codes, said)
	}
	if end.code > exitSignal && m.writes.Load() > 0 {
		t.Errorf("got an unexpected exit code after %d writes, want a clean end: %s", m.writes.Load(), said)
	}
	if missing := m.staying(); len(missing) > 0 && !f.torn {
		t.Errorf("missing on the tenant: %q: %s", missing, said)
	}
	m.checkKept(t, f.kept, said)
	if end.code == exitOK && m.run(t, -1, "plan", "--detailed-exitcode") != exitOK {
		t.Errorf("not all was done: %s\n%s", said, m.output)
	}
	m.settle(t)
	if t.Failed() {
		t.Logf("%s at request %d", f.name, m.at)
	}
}

// checkKept looks at the results that were kept.
func (m *matrixRun) checkKept(t *testing.T, must bool, said string) {
	var files []string
	for _, folder := range []string{filepath.Join(m.folder, ".qlsync"), filepath.Join(m.values["XDG_CACHE_HOME"], "qlsync", "results")} {
		found, _ := filepath.Glob(filepath.Join(folder, "result-*.json"))
		files = append(files, found...)
	}
	if must && len(files) == 0 {
		t.Errorf("no result was kept: %s", said)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		result, err := apply.Decode(file)
		_ = file.Close()
		if err != nil {
			t.Errorf("%s: got error %v, want a run that succeeds: %s", name, err, said)
			continue
		}
		if l := result.Ledger; l.Done+l.Pending+l.Failed+l.Blocked+l.Skipped != l.Planned || l.Planned == 0 {
			t.Errorf("%s does not add up: %+v", name, l)
		}
	}
}

// apply is the process, in a group of its own. Its output has some of the forms.
func (m *matrixRun) apply(t *testing.T, args ...string) *exec.Cmd {
	form := []string{"text", "markdown", "json"}[m.r.IntN(3)]
	command := m.command(t, slices.Concat([]string{"apply", "--auto-approve", "--format", form, "--parallelism", fmt.Sprint(1 + m.r.IntN(8))}, args)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}

// wait waits for the process, and demands that nothing of its group is left.
func wait(t *testing.T, command *exec.Cmd) int {
	t.Helper()
	timer := time.AfterFunc(2*time.Minute, func() { _ = syscall.Kill(command.Process.Pid, syscall.SIGABRT) })
	defer timer.Stop()
	if err := command.Wait(); command.ProcessState == nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(-command.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("a process of the group is left: %v", err)
	}
	if status := command.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		t.Logf("ended by %v", status.Signal())
	}
	return command.ProcessState.ExitCode()
}

// collected runs the process with buffers for its output.
func collected(t *testing.T, command *exec.Cmd, started func()) ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if command.Stdout == nil {
		command.Stdout = &stdout
	}
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	started()
	return ended{wait(t, command), stdout.String(), stderr.String()}
}

// signalled sends a signal at the request.
func signalled(signal syscall.Signal, times int) func(*testing.T, *matrixRun) ended {
	return func(t *testing.T, m *matrixRun) ended {
		command := m.apply(t)
		m.signals(command, signal, times)
		return collected(t, command, func() {})
	}
}

func (m *matrixRun) signals(command *exec.Cmd, signal syscall.Signal, times int) {
	m.happen = func() {
		for range times {
			_ = command.Process.Signal(signal)
			time.Sleep(time.Millisecond)
		}
	}
}

func harmless(t *testing.T, m *matrixRun) ended {
	signals := []syscall.Signal{
		syscall.SIGPIPE, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGVTALRM, syscall.SIGPROF, syscall.SIGXCPU,
		syscall.SIGXFSZ, syscall.SIGWINCH, syscall.SIGURG, syscall.SIGCHLD, syscall.SIGCONT, syscall.SIGIO,
	}
	signal := signals[m.r.IntN(len(signals))]
	t.Logf("signal: %v", signal)
	return signalled(signal, 1)(t, m)
}

// underNohup is a hangup of a process that ignores it from the start.
func underNohup(t *testing.T, m *matrixRun) ended {
	command := inShell(m.apply(t), `trap "" HUP`)
	m.signals(command, syscall.SIGHUP, 1)
	return collected(t, command, func() {})
}

// inShell lets a shell prepare the process.
func inShell(command *exec.Cmd, before string) *exec.Cmd {
	command.Args = slices.Concat([]string{"sh", "-c", before + `; exec "$@"`, "sh", command.Path}, command.Args[1:])
	command.Path = "/bin/sh"
	return command
}

// deadReader is a reader that goes away after some bytes.
func deadReader(ofStdout, ofStderr bool) func(*testing.T, *matrixRun) ended {
	return func(t *testing.T, m *matrixRun) ended {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		command := m.apply(t)
		var other bytes.Buffer
		command.Stdout, command.Stderr = &other, &other
		if ofStdout {
			command.Stdout = writer
		}
		if ofStderr {
			command.Stderr = writer
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		_ = writer.Close()
		text, _ := io.ReadAll(io.LimitReader(reader, 1+m.r.Int64N(3000)))
		_ = reader.Close()
		return ended{wait(t, command), string(text), other.String()}
	}
}

// noReader is a pipe that nobody reads from the start.
func noReader(t *testing.T, m *matrixRun) ended {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	command := m.apply(t)
	command.Stdout = writer
	return collected(t, command, func() { _ = writer.Close() })
}

// atTerminal is an apply on a terminal of its own, to which something may happen.
func atTerminal(happen func(terminal *os.File)) func(*testing.T, *matrixRun) ended {
	return func(t *testing.T, m *matrixRun) ended {
		command := m.apply(t)
		command.SysProcAttr = nil
		ready := make(chan *os.File, 1)
		if happen != nil {
			m.happen = func() { terminal := <-ready; ready <- terminal; happen(terminal) }
		}
		terminal, err := pty.StartWithSize(command, &pty.Winsize{Rows: 24, Cols: 80})
		if err != nil {
			t.Skipf("no terminal here: %v", err)
		}
		ready <- terminal
		text, _ := io.ReadAll(terminal)
		code := wait(t, command)
		_ = terminal.Close()
		return ended{code, string(text), ""}
	}
}

// withoutGrowth is a process whose files stay empty: the limit of their size is nothing.
// A report is one of the files.
func withoutGrowth(t *testing.T, m *matrixRun) ended {
	command := inShell(m.apply(t, "--report", "json="+filepath.Join(t.TempDir(), "report.json")), "ulimit -f 0")
	end := collected(t, command, func() {})
	if !strings.Contains(end.stderr, "follows as JSON") || !strings.Contains(end.stderr, apply.Format) {
		t.Errorf("the result is nowhere:\n%s", end.stderr)
	}
	return end
}

// inReadOnlyFolder is a project that cannot be written to, and a report that was to be in it.
func inReadOnlyFolder(t *testing.T, m *matrixRun) ended {
	command := m.apply(t, "--report", "json="+filepath.Join(m.folder, "report", "report.json"))
	report := filepath.Join(m.folder, "report")
	if err := os.Mkdir(report, 0o700); err != nil {
		t.Fatal(err)
	}
	m.at, m.happen = 1, func() { // the folder is writable when qlsync looks first
		for _, folder := range []string{report, m.folder} {
			if err := os.Chmod(folder, 0o500); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(func() { _ = os.Chmod(report, 0o700); _ = os.Chmod(m.folder, 0o700) })
	var end ended
	withoutPrivileges(t, func() { end = collected(t, command, func() {}) })
	_ = os.Chmod(m.folder, 0o700)
	if !strings.Contains(end.stderr, "permission denied") {
		t.Errorf("the report could be written:\n%s", end.stderr)
	}
	return end
}
