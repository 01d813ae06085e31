package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/spec"
)

func simulateCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "simulate",
		Usage: "serve an embedded tenant over HTTP until interrupted",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "the loopback `ADDR` to listen on; port 0 takes a free one"},
			&cli.StringFlag{Name: "tenant", Required: false, Usage: "the `FILE` that describes the tenant; needed"},
			&cli.StringFlag{Name: "state", Usage: "keep the tenant's state in `FILE`; left out: in memory"},
			&cli.StringFlag{Name: "faults", Usage: "do to requests what `FILE` lists; what never happened is an error"},
		},
		Action: func(c *cli.Context) error { return runSimulate(c, env) },
	}
}

func runSimulate(c *cli.Context, env *environment) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.String("tenant") == "" {
		return fmt.Errorf("simulate needs --tenant FILE: see examples/quickstart/tenant.yaml")
	}
	seed, err := readSeed(c.String("tenant"))
	if err != nil {
		return err
	}
	options, err := readFaults(c.String("faults"))
	if err != nil {
		return err
	}
	tenant, err := openTenant(seed, c.String("state"), options)
	if err != nil {
		return err
	}
	defer tenant.Close()
	server, err := simulator.Start(tenant, c.String("listen"))
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "url: %s\ntoken: %s\n", server.URL, server.Token)
	fmt.Fprintln(env.stderr, "Serving an embedded tenant; interrupt to stop.")
	<-c.Context.Done()
	if err := server.Close(); err != nil {
		return err
	}
	return served(env, tenant)
}

// served says what a tenant has to complain about when nobody is served any more. That a client broke the contract is
// its test's to judge; a fault that never fired is an error, as whoever listed it has not tried what they meant to.
func served(env *environment, tenant *simulator.Tenant) error {
	for _, misuse := range tenant.Misuse() {
		fmt.Fprintln(env.stderr, "misuse: "+report.Clean(misuse))
	}
	never := tenant.UnfiredFaults()
	for _, fault := range never {
		fmt.Fprintln(env.stderr, "never fired: "+report.Clean(fault.String()))
	}
	if len(never) > 0 {
		return &exit{code: exitError}
	}
	return nil
}

// readFaults reads a file of faults; without one there are none.
func readFaults(file string) (simulator.Options, error) {
	if file == "" {
		return simulator.Options{}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return simulator.Options{}, fmt.Errorf("faults: %w", err)
	}
	list, problems := spec.ToJSON(file, text)
	if err := problems.Err(); err != nil {
		return simulator.Options{}, err
	}
	faults, err := simulator.ParseFaults(list)
	if err != nil {
		return simulator.Options{}, fmt.Errorf("%s: %w", file, err)
	}
	return simulator.Options{Faults: faults}, nil
}

func openTenant(seed []byte, state string, options simulator.Options) (*simulator.Tenant, error) {
	if state == "" {
		return simulator.New(seed, options)
	}
	return simulator.Open(seed, state, options)
}

func versionCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return printVersion(env)
		},
	}
}

func printVersion(env *environment) error {
	_, err := fmt.Fprintf(env.stdout, "qlsync %s\n", version())
	return err
}

// release is set by the linker in a build from the Makefile.
var release string

// version is that of the build, or of the module as the Go tool recorded it.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
