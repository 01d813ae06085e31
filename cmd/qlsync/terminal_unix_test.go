//go:build linux || darwin

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/interrupt"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// terminalRuns is the environment variable with the number of random runs of
// TestOnATerminalAnythingMayHappen; the test is skipped without it.
const terminalRuns = "QLSYNC_TERMINAL_RUNS"

const (
	// many is how many connections the commands read or create on a terminal.
	many = 2000
	// perRequest is how long the tenant takes for each request.
	perRequest = 2 * time.Millisecond
	// stuckAfter is when a command on a terminal counts as hanging.
	stuckAfter = 60 * time.Second
)

// The keys that a terminal turns into signals and flow control.
const (
	ctrlC, ctrlQ, ctrlS, ctrlZ = "\x03", "\x11", "\x13", "\x1a"
)

// manyConnections is a tenant and a project that declares many connections.
type manyConnections struct {
	folder string
	server *httptest.Server
	tenant string       // how the project signs in
	seen   atomic.Int64 // requests
}

func (m *manyConnections) handler(service http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(perRequest)
		service.ServeHTTP(w, r)
		m.seen.Add(1)
	})
}

// newMany makes a tenant that has the declared connections already, or none.
func newMany(t *testing.T, exist bool) *manyConnections {
	m := &manyConnections{folder: t.TempDir()}
	seed := strings.Builder{}
	seed.WriteString(`{"token": "many-token", "users": [{"name": "Ana", "email": "ana@example.com", "roles": ["TenantAdmin"]}],
		"spaces": [{"name": "S", "type": "shared"}],
		"rateLimits": {"tier1": {"requests": 1000000, "seconds": 1}, "tier2": {"requests": 1000000, "seconds": 1}}, "connections": [`)
	files := strings.Builder{}
	files.WriteString("version: 1\ndefaults: {space: S, dataSource: rest}\nconnections:\n")
	for i := range many {
		fmt.Fprintf(&files, "  - {name: C %d, properties: {url: \"https://h%d.example.com\"}}\n", i, i)
		if exist {
			comma := ","
			if i == 0 {
				comma = ""
			}
			fmt.Fprintf(&seed, `%s{"name": "C %d", "space": "S", "dataSource": "rest", "properties": {"url": "https://h%d.example.com"}, "tags": ["qlsync:many"]}`, comma, i, i)
		}
	}
	seed.WriteString("]}")
	tenant, err := qlik.New([]byte(seed.String()), qlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m.begin(t, tenant, "auth: {apiKey: {env: MANY_TOKEN}}", files.String())
	return m
}

// newManyOfManager is the same for an Apinizer manager.
func newManyOfManager(t *testing.T, exist bool) *manyConnections {
	m := &manyConnections{folder: t.TempDir()}
	manager, err := apinizer.New([]byte(`{"token": "many-token", "projects": [{"name": "S"}]}`), apinizer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Builder{}
	files.WriteString("version: 1\ndefaults: {space: S, dataSource: webhook}\nconnections:\n")
	for i := range many / 10 {
		fmt.Fprintf(&files, "  - {name: C %d, properties: {fullUrl: \"https://h%d.example.com\"}}\n", i, i)
	}
	m.begin(t, manager, "provider: apinizer, auth: {token: {env: MANY_TOKEN}}", files.String())
	if exist {
		if output, err := m.command(t, "apply", "--auto-approve").CombinedOutput(); err != nil {
			t.Fatalf("apply: got error %v, want success\n%s", err, output)
		}
	}
	return m
}

func (m *manyConnections) begin(t *testing.T, service http.Handler, tenant, files string) {
	m.server = httptest.NewServer(m.handler(service))
	t.Cleanup(m.server.Close)
	m.tenant = tenant
	m.write(t, "rateLimits: {reads: {rate: 1000000}, writes: {rate: 1000000}}\n", files)
}

// write writes the project with its limits, and what it declares.
func (m *manyConnections) write(t *testing.T, limits, files string) {
	for name, text := range map[string]string{
		"qlsync.yaml": "version: 1\nproject: many\nconnections: [connections.yaml]\nspaces: [S]\n" + limits +
			"tenants: {test: {url: \"" + m.server.URL + "\", " + m.tenant + "}}\n",
		"connections.yaml": files,
	} {
		if err := os.WriteFile(filepath.Join(m.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *manyConnections) command(t *testing.T, args ...string) *exec.Cmd {
	program, err := buildRaceless()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.Dir = m.folder
	command.Env = append(os.Environ(), "MANY_TOKEN=many-token", "TERM=xterm-256color", "NO_COLOR=1", "PS1=$ ")
	return command
}

// emulator is a terminal with somebody in front of it: what it shows, and the keys.
type emulator struct {
	t       *testing.T
	keys    *os.File
	command *exec.Cmd
	gone    chan struct{} // the other side has closed the terminal
	ended   chan error

	mu     sync.Mutex
	screen vt10x.Terminal
	raw    bytes.Buffer
}

// onTerminal starts a command on a terminal of so many columns.
func onTerminal(t *testing.T, command *exec.Cmd, columns int) *emulator {
	e := &emulator{t: t, command: command, gone: make(chan struct{}), ended: make(chan error, 1), screen: vt10x.New(vt10x.WithSize(columns, 50))}
	var err error
	if e.keys, err = pty.StartWithSize(command, &pty.Winsize{Rows: 50, Cols: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.keys.Close() })
	go func() {
		defer close(e.gone)
		buffer := make([]byte, 4096)
		for {
			n, err := e.keys.Read(buffer)
			e.mu.Lock()
			e.raw.Write(buffer[:n])
			_, _ = e.screen.Write(buffer[:n])
			e.mu.Unlock()
			if err != nil {
				return // EIO: the last process has closed it
			}
		}
	}()
	go func() { e.ended <- command.Wait() }()
	return e
}

func (e *emulator) press(keys string) {
	if _, err := e.keys.WriteString(keys); err != nil {
		e.t.Error(err)
	}
}

func (e *emulator) resize(columns int) {
	e.mu.Lock()
	e.screen.Resize(columns, 50)
	e.mu.Unlock()
	if err := pty.Setsize(e.keys, &pty.Winsize{Rows: 50, Cols: uint16(columns)}); err != nil {
		e.t.Error(err)
	}
}

// shown returns the rows of the screen, without those at the end that are empty.
func (e *emulator) shown() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	columns, height := e.screen.Size()
	var rows []string
	for y := range height {
		row := strings.Builder{}
		for x := range columns {
			row.WriteRune(max(e.screen.Cell(x, y).Char, ' '))
		}
		rows = append(rows, strings.TrimRight(row.String(), " "))
	}
	for len(rows) > 0 && rows[len(rows)-1] == "" {
		rows = rows[:len(rows)-1]
	}
	return rows
}

func (e *emulator) written() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.raw.String()
}

// until waits until something is so.
func (e *emulator) until(what string, holds func() bool) {
	e.t.Helper()
	for end := time.Now().Add(stuckAfter); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			e.dump("never: " + what)
		}
	}
}

// dump ends the test with what the process does and what the terminal shows.
func (e *emulator) dump(what string) {
	e.t.Helper()
	rows := strings.Join(e.shown(), "\n")
	_ = e.command.Process.Signal(syscall.SIGQUIT) // the goroutines
	time.Sleep(300 * time.Millisecond)
	_ = e.command.Process.Kill()
	e.t.Fatalf("%s; the terminal shows:\n%s\n\nthe end of what was written:\n%s", what, rows, last(e.written(), 5000))
}

// last returns the end of a text.
func last(text string, bytes int) string { return text[max(0, len(text)-bytes):] }

// ends waits for the end and returns the exit code.
func (e *emulator) ends() int {
	e.t.Helper()
	select {
	case <-e.ended:
	case <-time.After(stuckAfter):
		e.dump("it hangs")
	}
	select {
	case <-e.gone:
	case <-time.After(5 * time.Second):
		e.t.Error("the terminal is still open")
	}
	return e.command.ProcessState.ExitCode()
}

var progressRow = regexp.MustCompile(`(?:reading|applying) ([\d,]+) of [\d,]+ (?:connections|steps)`)

// progress returns the number that the screen shows at its end: how much is done.
func (e *emulator) progress() int {
	done := -1
	for _, found := range progressRow.FindAllStringSubmatch(strings.Join(e.shown(), " "), -1) {
		done, _ = strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
	}
	return done
}

// isClean demands that nothing of the progress is left on the screen.
func (e *emulator) isClean() {
	e.t.Helper()
	rows := e.shown()
	for _, row := range rows {
		if strings.Contains(row, "reading ") || strings.Contains(row, "applying ") || strings.Contains(row, "[=") || strings.Contains(row, " left") && strings.Contains(row, "about") {
			e.t.Errorf("something of the progress is left: %q in\n%s", row, strings.Join(rows, "\n"))
		}
	}
}

var frame = regexp.MustCompile(`\x1b\[\?7l((?s:.*?))\x1b\[\?7h`)

// fits demands that each row that was drawn is narrower than the terminal.
func (e *emulator) fits(columns int) {
	e.t.Helper()
	frames := frame.FindAllStringSubmatch(e.written(), -1)
	if len(frames) == 0 {
		e.t.Error("no progress was drawn")
	}
	for _, drawn := range frames {
		for row := range strings.SplitSeq(drawn[1], "\r\n") {
			if row, _, _ = strings.Cut(row, "\x1b"); len(row) >= columns {
				e.t.Errorf("the row %q does not fit in %d columns", row, columns)
			}
		}
	}
}

// Of the runs on a terminal these three are always made; see also
// TestOnATerminalAnythingMayHappen.
func TestOnATerminalAPlanWorksOnWhileOutputIsSuspended(t *testing.T) {
	t.Parallel()
	m := newMany(t, true)
	e := onTerminal(t, m.command(t, "plan"), 80)
	e.until("100 are read", func() bool { return e.progress() >= 100 })
	e.press(ctrlS)
	e.until("all the rest is read without a terminal", func() bool { return m.seen.Load() > many })
	if e.progress() >= many {
		t.Error("output was not suspended")
	}
	time.Sleep(1500 * time.Millisecond) // the display has given up waiting for the terminal
	e.press(ctrlQ)
	if code := e.ends(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, strings.Join(e.shown(), "\n"))
	}
	e.fits(80)
	e.isClean()
}

// A terminal that stays suspended must not keep a process or its lock forever.
func TestOnATerminalThatStaysSuspendedAnApplyEndsAfterTwoSignals(t *testing.T) {
	t.Parallel()
	m := newMany(t, false)
	command := m.command(t, "apply", "--auto-approve")
	e := onTerminal(t, command, 80)
	e.until("200 are done", func() bool { return e.progress() >= 200 })
	e.press(ctrlS)
	time.Sleep(200 * time.Millisecond) // the terminal is suspended
	signal := func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	signal()
	e.until("somebody else can have the lock", func() bool {
		output, _ := m.command(t, "apply", "--plan-hash", "0").CombinedOutput()
		return strings.Contains(string(output), "not the reviewed")
	})
	time.Sleep(interrupt.Insistence)
	signal()
	if code := e.ends(); code != exitPartial {
		t.Errorf("exit code %d, want %d: a part was applied", code, exitPartial)
	}
}

func TestOnATerminalAnInterruptedApplyLeavesACleanScreenAndNoLock(t *testing.T) {
	t.Parallel()
	m := newMany(t, false)
	e := onTerminal(t, m.command(t, "apply", "--auto-approve"), 40)
	e.until("200 are done", func() bool { return e.progress() >= 200 })
	e.press(ctrlC)
	if code := e.ends(); code != exitPartial {
		t.Errorf("exit code %d\n%s", code, strings.Join(e.shown(), "\n"))
	}
	e.fits(40)
	e.isClean()
	// A process that gets the lock goes on to compare the hash.
	if output, _ := m.command(t, "apply", "--plan-hash", "0").CombinedOutput(); !strings.Contains(string(output), "not the reviewed") {
		t.Errorf("the lock is not free: %s", output)
	}
}

func TestOnATerminalADriftFollowsTheWindow(t *testing.T) {
	t.Parallel()
	m := newMany(t, true)
	e := onTerminal(t, m.command(t, "drift"), 200)
	for i, columns := range []int{80, 40, 200, 60} {
		e.until("some are read", func() bool { return e.progress() >= 300*(i+1) })
		e.resize(columns)
	}
	e.ends()
	e.fits(200)
	e.isClean()
}

func TestOnATerminalAWaitForTheRateLimitIsAClockThatMoves(t *testing.T) {
	t.Parallel()
	m := newMany(t, false)
	m.write(t, "rateLimits: {writes: {rate: 12, window: 5s}}\n",
		"version: 1\ndefaults: {space: S, dataSource: rest}\nconnections:\n"+
			"  - {name: A, properties: {url: \"https://a.example.com\"}}\n  - {name: B, properties: {url: \"https://b.example.com\"}}\n")
	e := onTerminal(t, m.command(t, "apply", "--auto-approve"), 80)
	if code := e.ends(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, strings.Join(e.shown(), "\n"))
	}
	words := regexp.MustCompile(`applying 1 of 2 steps, [0-9]+/min, waiting for the rate limit of writes until \d\d:\d\d:\d\d \((\d) s\), about \d s left`)
	drawn := strings.NewReplacer("\x1b[K\r\r\n", " ").Replace(e.written())
	var clocks []string
	for _, found := range words.FindAllStringSubmatch(drawn, -1) {
		clocks = append(clocks, found[1])
	}
	if clocks = slices.Compact(clocks); len(clocks) < 2 || !slices.IsSortedFunc(clocks, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("the clock showed %q: %q", clocks, last(drawn, 1500))
	}
	e.fits(80)
	e.isClean()
}

// TestOnATerminalAnythingMayHappen makes random runs: every long command, of both
// providers, in windows of any width, to which anything happens on the way.
func TestOnATerminalAnythingMayHappen(t *testing.T) {
	runs, err := strconv.Atoi(os.Getenv(terminalRuns))
	if err != nil {
		t.Skip("set " + terminalRuns + " to the number of runs")
	}
	for i := range runs {
		random := rand.New(rand.NewPCG(14, uint64(i)))
		commands := [][]string{{"plan"}, {"apply", "--auto-approve"}, {"drift"}, {"snapshot"}, {"export"}, {"plan", "--all-tenants"}, {"schemas", "pull"}}
		args := commands[i%len(commands)]
		columns := []int{40, 80, 200}[random.IntN(3)]
		event := terminalEvents[random.IntN(len(terminalEvents))]
		begin, provider := newMany, "Qlik Cloud"
		if random.IntN(4) == 0 && args[0] != "schemas" {
			begin, provider = newManyOfManager, "Apinizer"
		}
		t.Run(fmt.Sprintf("%d: %s, %s, %d columns, %s", i, provider, strings.Join(args, " "), columns, event.name), func(t *testing.T) {
			m := begin(t, args[0] != "apply")
			command := m.command(t, args...)
			if event.shell {
				// The shell is what lets a process stop and go on.
				line := command.Path + " " + strings.Join(args, " ") + " >out.txt; echo \"ended with $?\"; exit"
				command.Path, command.Args = "/bin/bash", []string{"bash", "--norc", "--noprofile", "-i"}
				e := onTerminal(t, command, columns)
				e.until("there is a prompt", func() bool { return strings.Contains(e.written(), "$ ") })
				e.press(line + "\n")
				at := min(50+random.IntN(300), many/20)
				e.until("some are done, or all", func() bool { return e.progress() >= at || e.isOver() })
				event.happen(e, m)
				e.ends()
				if !strings.Contains(strings.Join(strings.Fields(e.written()), " "), "ended with ") {
					t.Errorf("the process has not ended: %q", e.shown())
				}
				return
			}
			e := onTerminal(t, command, columns)
			at := 50 + random.IntN(300)
			e.until("some are done, or all", func() bool { return e.progress() >= at || e.isOver() })
			event.happen(e, m)
			code := e.ends()
			if want := []int{exitOK, exitDiffers}; !slices.Contains(append(want, event.codes...), code) {
				t.Errorf("exit code %d\n%s", code, strings.Join(e.shown(), "\n"))
			}
			if args[0] != "schemas" && provider == "Qlik Cloud" {
				e.fits(200)
			}
			if args[0] != "export" && args[0] != "snapshot" { // which write many rows
				e.isClean()
			}
			if args[0] == "apply" && code == exitPartial {
				if output, _ := m.command(t, "apply", "--plan-hash", "0").CombinedOutput(); !strings.Contains(string(output), "not the reviewed") {
					t.Errorf("the lock is not free: %s", output)
				}
			}
		})
	}
}

func (e *emulator) isOver() bool {
	select {
	case <-e.gone:
		return true
	default:
		return strings.Contains(strings.Join(strings.Fields(e.written()), " "), "ended with ")
	}
}

type terminalEvent struct {
	name   string
	shell  bool
	codes  []int // exit codes that are possible next to success
	happen func(*emulator, *manyConnections)
}

var interrupted = []int{exitError, exitPartial, exitRefused, 130, 143}

var terminalEvents = []terminalEvent{
	{"nothing happens", false, nil, func(*emulator, *manyConnections) {}},
	{"the window changes", false, nil, func(e *emulator, _ *manyConnections) {
		for i := range 30 {
			e.resize([]int{40, 200, 20, 80, 41}[i%5])
			time.Sleep(30 * time.Millisecond)
		}
	}},
	{"Ctrl-C", false, interrupted, func(e *emulator, _ *manyConnections) { e.pressIfOpen(ctrlC) }},
	{"two Ctrl-C", false, interrupted, func(e *emulator, _ *manyConnections) {
		e.pressIfOpen(ctrlC)
		time.Sleep(20 * time.Millisecond)
		e.pressIfOpen(ctrlC)
	}},
	{"suspended and resumed", false, nil, func(e *emulator, _ *manyConnections) {
		e.pressIfOpen(ctrlS)
		time.Sleep(time.Second)
		e.pressIfOpen(ctrlQ)
	}},
	{"suspended beyond its end", false, nil, func(e *emulator, m *manyConnections) {
		e.pressIfOpen(ctrlS)
		for before := int64(-1); before != m.seen.Load(); time.Sleep(300 * time.Millisecond) {
			before = m.seen.Load()
		}
		time.Sleep(1500 * time.Millisecond)
		e.pressIfOpen(ctrlQ)
	}},
	{"suspended, then Ctrl-C", false, interrupted, func(e *emulator, _ *manyConnections) {
		e.pressIfOpen(ctrlS)
		time.Sleep(300 * time.Millisecond)
		e.pressIfOpen(ctrlC)
	}},
	{"Ctrl-Z and fg", true, nil, func(e *emulator, _ *manyConnections) {
		if e.isOver() {
			return
		}
		e.pressIfOpen(ctrlZ)
		time.Sleep(300 * time.Millisecond)
		e.pressIfOpen("fg\n")
		time.Sleep(100 * time.Millisecond)
		e.pressIfOpen("echo ended with $?; exit\n")
	}},
	{"Ctrl-Z, bg and fg", true, nil, func(e *emulator, m *manyConnections) {
		if e.isOver() {
			return
		}
		e.pressIfOpen(ctrlZ)
		time.Sleep(300 * time.Millisecond)
		e.pressIfOpen("bg\n")
		time.Sleep(500 * time.Millisecond)
		e.pressIfOpen("fg\n")
		time.Sleep(100 * time.Millisecond)
		e.pressIfOpen("echo ended with $?; exit\n")
	}},
}

// pressIfOpen presses keys, unless the command has ended meanwhile.
func (e *emulator) pressIfOpen(keys string) { _, _ = e.keys.WriteString(keys) }

func TestOnATerminalInitWritesNoLineThatIsWiderThanIt(t *testing.T) {
	t.Parallel()
	for _, forge := range engine.Forges() {
		m := &manyConnections{folder: t.TempDir()}
		if out, err := m.command(t, "init").CombinedOutput(); err != nil {
			t.Fatalf("cannot write the project that the pipeline is for: %v\n%s", err, out)
		}
		e := onTerminal(t, m.command(t, "init", "--ci", forge), 80)
		if code := e.ends(); code != exitOK {
			t.Errorf("%s: exit code %d: %s", forge, code, e.written())
		}
		for row := range strings.Lines(e.written()) {
			if len(strings.TrimRight(row, "\r\n")) > 80 {
				t.Errorf("%s: %q is wider than 80 columns", forge, row)
			}
		}
	}
}
