package resolver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// TestMain lets the test binary be a command that prints secrets: there is one on every system,
// and a shell is not.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "secret-command" {
		os.Exit(secretCommand(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

func secretCommand(verb string, args []string) int {
	switch verb {
	case "print":
		fmt.Print(strings.Join(args, "|"))
	case "latin1":
		_, _ = os.Stdout.Write([]byte("p\xe9w"))
	case "utf16":
		_, _ = os.Stdout.Write([]byte("\xff\xfea\x00"))
	case "variable":
		fmt.Print("[" + os.Getenv(args[0]) + "]")
	case "copy":
		_, _ = io.Copy(os.Stdout, os.Stdin)
		fmt.Print("end")
	case "complain":
		fmt.Fprint(os.Stderr, "canary")
		fmt.Print("out")
	case "fail":
		fmt.Print("canary")
		fmt.Fprint(os.Stderr, "canary")
		return 3
	case "flood":
		for {
			if _, err := fmt.Print(strings.Repeat("canary", 10_000)); err != nil {
				return 1
			}
		}
	case "start":
		child := exec.Command(os.Args[0], "secret-command", "live", args[0])
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			return 1
		}
		if len(args) > 1 {
			return secretCommand(args[1], nil)
		}
	case "live":
		line, err := net.Dial("tcp", args[0])
		if err != nil {
			return 1
		}
		defer line.Close()
		time.Sleep(time.Minute)
	case "resolve":
		resolver := New(Options{Dir: ".", Lookup: os.LookupEnv})
		resolver.options.AllowExec = true
		_, _ = resolver.Resolve(context.Background(), connection.Reference{Exec: args})
	case "wait":
		time.Sleep(time.Minute)
	}
	return 0
}

// commandOf returns the command line of secretCommand.
func commandOf(t *testing.T, verb string, args ...string) []string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{own, "secret-command", verb}, args...)
}

func TestSecretsAreWhatCommandsPrint(t *testing.T) {
	t.Setenv("TENANT_KEY", "canary-of-the-tenant")
	t.Setenv("QLSYNC_FINGERPRINT_KEY", "canary-of-the-fingerprints")
	t.Setenv("VAULT_ADDR", "https://vault.example")
	resolver := New(Options{Dir: t.TempDir(), Lookup: os.LookupEnv})
	resolver.options.AllowExec, resolver.options.Excluded = true, []string{"TENANT_KEY", "QLSYNC_FINGERPRINT_KEY"}
	do := func(verb string, args ...string) []string { return commandOf(t, verb, args...) }
	own := commandOf(t, "")[0]
	for name, test := range map[string]struct {
		command []string
		want    string
		wrong   string
	}{
		"what it prints":                  {do("print", "hunter2"), "hunter2", ""},
		"without one newline":             {do("print", "hunter2\n"), "hunter2", ""},
		"one newline is cut, not two":     {do("print", "a\nb\n\n"), "a\nb\n", ""},
		"a Windows newline is one":        {do("print", "a\r\n"), "a", ""},
		"arguments go through no shell":   {do("print", "$HOME; `id` | * > x", "%PATH% & ^!", `a "b" c\`, ""), "$HOME; `id` | * > x|%PATH% & ^!|a \"b\" c\\|", ""},
		"it has the environment":          {do("variable", "VAULT_ADDR"), "[https://vault.example]", ""},
		"but no tenant's key":             {do("variable", "TENANT_KEY"), "[]", ""},
		"nor that of the fingerprints":    {do("variable", "QLSYNC_FINGERPRINT_KEY"), "[]", ""},
		"its standard input is empty":     {do("copy"), "end", ""},
		"its standard error is not shown": {do("complain"), "out", ""},
		"it fails":                        {do("fail"), "", fmt.Sprintf("secret command %q: it ended with exit status 3; run it by hand to see why", own)},
		"it prints nothing":               {do("nothing"), "", fmt.Sprintf("secret command %q: it prints nothing", own)},
		"it prints a newline":             {do("print", "\n"), "", fmt.Sprintf("secret command %q: it prints nothing", own)},
		"it prints what is no text":       {do("latin1"), "", fmt.Sprintf("secret command %q: its output is not UTF-8 text", own)},
		"it prints UTF-16":                {do("utf16"), "", fmt.Sprintf("secret command %q: its output is in UTF-16", own)},
		"it prints a byte order mark":     {do("print", "\ufeffout\n"), "out", ""},
		"it prints nothing but the mark":  {do("print", "\ufeff\n"), "", fmt.Sprintf("secret command %q: it prints nothing", own)},
		"it prints without end":           {do("flood"), "", fmt.Sprintf("secret command %q: it prints more than 1 MiB", own)},
		"it does not exist":               {[]string{"qlsync-no-such-command"}, "", `secret command "qlsync-no-such-command": there is no such command in the PATH`},
		"it does not exist in the folder": {[]string{"./none.sh"}, "", `secret command "./none.sh": no such file`},
	} {
		t.Run(name, func(t *testing.T) { resolvesTo(t, resolver, test.command, test.want, test.wrong) })
	}
}

// resolvesTo runs a command for a secret and compares what comes of it.
func resolvesTo(t *testing.T, resolver *Resolver, command []string, want, wrong string) {
	t.Helper()
	ref := connection.Reference{Exec: command, Position: connection.Position{File: "c.yaml", Line: 3, Column: 4}}
	secret, err := resolver.Resolve(t.Context(), ref)
	switch {
	case wrong != "" && (err == nil || err.Error() != "c.yaml:3:4: "+wrong):
		t.Errorf("got error %v, want c.yaml:3:4: %s", err, wrong)
	case err != nil && strings.Contains(err.Error(), "canary"):
		t.Errorf("the error quotes what was printed: %v", err)
	case wrong == "" && (err != nil || secret.Reveal() != want):
		t.Errorf("got %q, error %v; want %q", secret.Reveal(), err, want)
	}
}

func TestCommandsThatDoNotEndAreEnded(t *testing.T) {
	resolver := New(Options{Dir: t.TempDir(), Lookup: os.LookupEnv})
	resolver.options.AllowExec = true
	ref := connection.Reference{Exec: commandOf(t, "wait")}
	t.Run("after their time", func(t *testing.T) {
		resolver.timeout = 20 * time.Millisecond
		_, err := resolver.Resolve(t.Context(), ref)
		if err == nil || !strings.HasSuffix(err.Error(), ": it has not ended after 1 s") {
			t.Errorf("got error %v, want a command that has not ended after 1 s", err)
		}
	})
	t.Run("by an interrupt", func(t *testing.T) {
		resolver.timeout = execTimeout
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := resolver.Resolve(ctx, ref); err != context.DeadlineExceeded {
			t.Errorf("got error %v, want that of the deadline", err)
		}
	})
}

// life is an address to which a process is connected as long as it lives.
type life struct {
	address  string
	listener net.Listener
	line     net.Conn
}

func listenForLife(t *testing.T) *life {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return &life{address: listener.Addr().String(), listener: listener}
}

func (l *life) begins(t *testing.T) {
	t.Helper()
	line, err := l.listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { line.Close() })
	l.line = line
}

// ends waits for the process to end, which closes or resets the connection.
func (l *life) ends(t *testing.T) {
	t.Helper()
	if err := l.line.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(l.line); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a process that the command started still runs")
	}
}

// TestWhatACommandHasStartedEndsWithIt lets a command start another one that holds its
// output.
func TestWhatACommandHasStartedEndsWithIt(t *testing.T) {
	for name, then := range map[string][]string{"by an interrupt": {"wait"}, "when it is waited for enough": nil} {
		t.Run(name, func(t *testing.T) {
			alive := listenForLife(t)
			resolver := New(Options{Dir: t.TempDir(), Lookup: os.LookupEnv})
			resolver.options.AllowExec = true
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			failed := make(chan error, 1)
			go func() {
				_, err := resolver.Resolve(ctx, connection.Reference{Exec: commandOf(t, "start", append([]string{alive.address}, then...)...)})
				failed <- err
			}()
			alive.begins(t)
			if then != nil {
				interrupt()
			}
			if err := <-failed; err == nil {
				t.Error("got no error, want the command ended")
			}
			alive.ends(t)
		})
	}
}
