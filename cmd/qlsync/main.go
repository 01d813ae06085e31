// Command qlsync keeps the data connections of Qlik Cloud tenants equal to YAML
// files. It turns flags into one call of the engine, writes the report, and maps
// the outcome to an exit code; whatever decides something stands in a package.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/interrupt"
	"github.com/qlsync/qlsync/internal/terminal"
	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/transport"
)

func main() {
	interrupt.CatchToTheEnd()
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process around it; it returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	log.SetOutput(io.Discard) // net/http quotes there what a service sends unasked
	out, err := terminal.NewStreams(stdout, stderr)
	env := &environment{stdin: stdin, stdout: out, stderr: err, lookup: os.LookupEnv, secrets: transport.NewRedactor()}
	interrupts, ctx, stop := interrupt.Catch(context.Background(), env.warnOfRunningRequests)
	env.interrupts = interrupts
	defer stop()
	app := newApp(env)
	code := make(chan int, 1)
	go func() {
		defer env.crashed(code)
		code <- env.exitCode(app.RunContext(ctx, commandline.Arrange(app, sharedFlags(), args)))
	}()
	select {
	case code := <-code:
		return code
	case <-interrupts.Abandoned:
		return env.brokenOff()
	}
}

// crashed reports a panic: the value without secrets, and where it happened. The runtime
// would print the value as it is, and it may be an answer of a service.
func (env *environment) crashed(code chan<- int) {
	reason := recover()
	if reason == nil {
		return
	}
	fmt.Fprintf(env.stderr, "error: qlsync has crashed: %s\nThis is a bug in qlsync. Please report it with the lines below; they hold no secrets.\n%s",
		report.Clean(env.secrets.Text(fmt.Sprint(reason))), debug.Stack())
	code <- env.brokenOff()
}
