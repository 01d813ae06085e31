package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/workdir"
)

var (
	update    = flag.Bool("update", false, "write what the stories print into them")
	everyCase = flag.Bool("every-case", false, "run every case of the tests with very many cases, as make cases does")
)

// isDrawn reports whether a test with very many cases runs the one with this number. Without
// -every-case that is one in so many.
func isDrawn(number, oneIn int) bool { return *everyCase || number%oneIn == 0 }

// quickRace is the environment variable with the race detector's options.
const quickRace = "GORACE"

// TestMain runs the tests, or qlsync: the test's program is qlsync under that name.
func TestMain(m *testing.M) {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "qlsync" {
		recorded()
	}
	http.DefaultTransport = observedTransport(func(string) {}) // the stories ask: see misusedKey
	os.Exit(tests{m}.Run())
}

// tests are all tests of this package, with what they need around them.
type tests struct{ *testing.M }

// raceless is the folder of a qlsync without the race detector.
var raceless string

func (t tests) Run() int {
	// The race detector lets a process wait a second at its end; here hundreds end.
	if os.Getenv(quickRace) == "" {
		os.Setenv(quickRace, "atexit_sleep_ms=0")
	}
	// Many stories wait, for a disk or for time to pass, so more run side by side than
	// there are processors.
	flag.Parse()
	isGiven := false
	flag.Visit(func(f *flag.Flag) { isGiven = isGiven || f.Name == "test.parallel" })
	if !isGiven {
		_ = flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0)))
	}
	// Under nohup every child would ignore it too, and the tests send it.
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	// Locks of tests are apart from those of the user who runs the tests.
	os.Setenv("XDG_CACHE_HOME", filepath.Join(os.TempDir(), "qlsync-tests"))
	var err error
	if raceless, err = os.MkdirTemp("", "qlsync-raceless-"); err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(raceless)
	// Where a story or a test starts qlsync, this program is in the PATH under that name.
	programs, err := os.MkdirTemp("", "qlsync-programs-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(programs)
	name := "qlsync"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	own, err := os.Executable()
	if err == nil {
		err = os.Symlink(own, filepath.Join(programs, name))
	}
	if err != nil {
		log.Fatal(err)
	}
	os.Setenv("PATH", programs+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return t.M.Run()
}

// runLine runs a command line in this process, with its environment and its working directory.
func runLine(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&environment{stdin: stdin, stdout: stdout, stderr: stderr, lookup: os.LookupEnv}).run(context.Background(), args)
}

// buildRaceless builds the qlsync of this folder without the race detector, for
// tests that start hundreds of processes to do again what TestStories does with it:
// it makes them several times as slow. It is the test's own program where that has
// no detector either.
var buildRaceless = sync.OnceValues(func() (string, error) {
	program := filepath.Join(raceless, "qlsync")
	info, ok := debug.ReadBuildInfo()
	if !ok || !slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		own, err := os.Executable()
		if err != nil {
			return "", err
		}
		return program, os.Symlink(own, program)
	}
	if out, err := exec.Command("go", "test", "-c", "-race=false", "-o", program, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go test -c: %w\n%s", err, out)
	}
	return program, nil
})

// golden is where the stories are.
var golden = filepath.Join("..", "..", "testdata", "golden")

// TestStories runs the command line as users do, one story a file.
func TestStories(t *testing.T) {
	params := stories(golden, "")
	params.UpdateScripts = *update
	testscript.Run(t, params)
}

// stories returns what the scripts of a folder need. A behaviour is added to every
// embedded tenant's file.
func stories(folder, behaviour string) testscript.Params {
	return testscript.Params{
		Dir:                 folder,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".tmp", "cache"))
			env.Setenv(quickRace, os.Getenv(quickRace))
			env.Setenv(recordVariable, os.Getenv(recordVariable))
			env.Setenv("BEHAVIOUR", behaviour)
			if behaviour == "" {
				return nil
			}
			program, err := buildRaceless()
			if err != nil {
				return err
			}
			env.Setenv("PATH", filepath.Dir(program)+string(filepath.ListSeparator)+env.Getenv("PATH"))
			return behave(env.WorkDir, behaviour)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"qlsync": func(ts *testscript.TestScript, neg bool, args []string) {
				if code := runInStory(ts, behaviour, args); (code == 0) == neg {
					ts.Fatalf("exit code %d", code)
				}
			},
			"exits":   func(ts *testscript.TestScript, neg bool, args []string) { exits(ts, behaviour, neg, args) },
			"example": example,
			"serve":   serve,
			"expand":  expand,
			"without": without,
			"hash":    hash,
			"post":    post,
			"tls":     serveTLS,
			"same":    same,
			"signin":  signIn,
		},
		Condition: func(name string) (bool, error) {
			if name != "respelled" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return strings.Contains(behaviour, "dataSourceId"), nil
		},
	}
}

// runInStory runs qlsync in this process, in the folder and the environment of a story, and
// returns its exit code: qlsync ARG... A variable that is set to nothing counts as one that
// is not set. What only a process has is run by exec: standard input, signals, /dev/stdout,
// variables that are set to nothing, the environment of {exec: ...} and of proxies.
func runInStory(ts *testscript.TestScript, behaviour string, args []string) int {
	if underRace && behaviour != "" { // see buildRaceless
		return runProcess(ts, append([]string{"qlsync"}, args...))
	}
	env := &environment{
		stdin: strings.NewReader(""), stdout: ts.Stdout(), stderr: ts.Stderr(), workDir: workdir.Dir(ts.MkAbs(".")),
		lookup: func(name string) (string, bool) { value := ts.Getenv(name); return value, value != "" },
	}
	var misuse atomic.Pointer[string]
	ctx := context.WithValue(context.Background(), misusedKey{}, func(request string) { misuse.Store(&request) })
	code := env.run(ctx, append([]string{"qlsync"}, args...))
	if request := misuse.Load(); request != nil {
		ts.Fatalf("a request breaks the contract of an embedded tenant: %s", *request)
	}
	return code
}

// exits runs a command and demands its exit code: exits CODE qlsync ARG... in this process,
// or exits CODE exec COMMAND ARG... in one of its own.
func exits(ts *testscript.TestScript, behaviour string, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command arg...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var got int
	switch args[1] {
	case "qlsync":
		got = runInStory(ts, behaviour, args[2:])
	case "exec":
		got = runProcess(ts, args[2:])
	default:
		ts.Fatalf("usage: exits code qlsync|exec arg...")
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

// runProcess runs a command in a process of its own and returns its exit code.
func runProcess(ts *testscript.TestScript, args []string) int {
	err := ts.Exec(args[0], args[1:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

// example copies a project of the examples into a folder: example NAME FOLDER
func example(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: example name folder")
	}
	from := filepath.Join("..", "..", "examples", args[0])
	folder := ts.MkAbs(args[1])
	ts.Check(filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == ".qlsync" {
			return filepath.SkipDir
		}
		name, err := filepath.Rel(from, path)
		if err != nil || entry.IsDir() {
			return errors.Join(err, os.MkdirAll(filepath.Join(folder, name), 0o755))
		}
		text, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(filepath.Join(folder, name), text, 0o644))
	}))
	ts.Check(behave(folder, ts.Getenv("BEHAVIOUR")))
}

// serve starts `qlsync simulate` as a process of its own, until the story ends,
// and puts its address and token into URL and TOKEN, or the settings of a fleet over
// TLS into the environment: serve ARG...
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("serve cannot fail")
	}
	cmd := exec.Command("qlsync", append([]string{"simulate"}, args...)...)
	cmd.Dir, cmd.Env = ts.Getenv("WORK"), []string{"PATH=" + ts.Getenv("PATH"), quickRace + "=" + os.Getenv(quickRace)}
	path, err := exec.LookPath("qlsync")
	ts.Check(err)
	cmd.Path, cmd.Err = path, nil
	output, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	var url, token string
	lines := bufio.NewScanner(output)
	for token == "" && lines.Scan() {
		if name, value, isSetting := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "="); isSetting {
			ts.Setenv(name, value)
			if name == "SSL_CERT_FILE" { // the last setting of a fleet
				return
			}
		}
		_, _ = fmt.Sscanf(lines.Text(), "url: %s", &url)
		_, _ = fmt.Sscanf(lines.Text(), "token: %s", &token)
	}
	ts.Check(lines.Err())
	ts.Setenv("URL", url)
	ts.Setenv("HOST", strings.TrimPrefix(url, "http://"))
	ts.Setenv("TOKEN", token)
}

// expand fills environment variables into a file: expand FILE
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand file")
	}
	text := os.Expand(ts.ReadFile(args[0]), func(name string) string {
		if strings.HasPrefix(name, "var.") {
			return "${" + name + "}"
		}
		return ts.Getenv(name)
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// post sends a request to the tenant that serve has started: post PATH JSON
func post(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: post path json")
	}
	request, err := http.NewRequest(http.MethodPost, ts.Getenv("URL")+args[0], strings.NewReader(args[1]))
	ts.Check(err)
	request.Header.Set("Authorization", "Bearer "+ts.Getenv("TOKEN"))
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{}} // of another program: its requests are not qlsync's
	response, err := client.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		text, _ := io.ReadAll(response.Body)
		ts.Fatalf("got the answer %s, want success: %s", response.Status, text)
	}
}

// hash puts the hash of a plan file into a variable: hash FILE NAME
func hash(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hash file name")
	}
	p, err := report.ReadPlan(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Setenv(args[1], p.Hash)
}

var (
	signInAddress = regexp.MustCompile(`https?://\S+/oauth/authorize\?[^"\s]+`)
	signInCode    = regexp.MustCompile(`<code>(.+?)</code>`)
)

// signIn does what a person does with the address that an output holds, and puts
// the code into a variable: signin FILE NAME
func signIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signin file name")
	}
	browser := http.Client{Transport: &http.Transport{}} // of a person: its requests are not qlsync's
	response, err := browser.Get(signInAddress.FindString(ts.ReadFile(args[0])))
	ts.Check(err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	ts.Check(err)
	code := signInCode.FindSubmatch(page)
	if code == nil {
		ts.Fatalf("the page shows no code: %s", page)
	}
	ts.Setenv(args[1], string(code[1]))
}

// serveTLS starts a server with a certificate that nobody vouches for, and puts
// its port into TLS_PORT.
func serveTLS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: tls")
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	ts.Defer(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	ts.Check(err)
	ts.Setenv("TLS_PORT", port)
}

// without demands that no file of the story, and neither output, holds a text:
// without TEXT...
func without(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("without cannot be negated")
	}
	look := func(name, text string) {
		for _, forbidden := range args {
			if strings.Contains(text, forbidden) {
				ts.Fatalf("the file %s has the forbidden text %q", name, forbidden)
			}
		}
	}
	look("stdout", ts.ReadFile("stdout"))
	look("stderr", ts.ReadFile("stderr"))
	ts.Check(filepath.WalkDir(ts.Getenv("WORK"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, "secrets") {
			return err
		}
		text, err := os.ReadFile(path)
		look(path, string(text))
		return err
	}))
}

func TestNoLibraryWritesALogOfItsOwn(t *testing.T) {
	if code := runLine([]string{"qlsync", "version"}, strings.NewReader(""), io.Discard, io.Discard); code != 0 || log.Writer() != io.Discard {
		t.Errorf("exit code %d, log to %v", code, log.Writer())
	}
}
