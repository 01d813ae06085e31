// Command qlsync keeps the data connections of Qlik Cloud tenants equal to YAML
// files. It turns flags into one call of the engine, writes the report, and maps
// the outcome to an exit code; whatever decides something stands in a package.
package main

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/qlsync/qlsync/internal/terminal"
)

func main() {
	catchToTheEnd()
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process around it; it returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	log.SetOutput(io.Discard) // net/http quotes there what a service sends unasked
	out, err := terminal.NewStreams(stdout, stderr)
	env := &environment{stdin: stdin, stdout: out, stderr: err, lookup: os.LookupEnv, shown: &shown{stream: err}}
	ctx, stop := env.interruptible(context.Background())
	defer stop()
	app := newApp(env)
	code := make(chan int, 1)
	go func() { code <- env.exitCode(app.RunContext(ctx, arrange(app, args))) }()
	select {
	case code := <-code:
		return code
	case <-env.abandoned:
		return env.brokenOff()
	}
}
