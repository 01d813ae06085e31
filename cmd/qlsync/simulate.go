package main

import (
	"fmt"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/pkg/simulator"
)

func simulateCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "simulate",
		Usage: "serve an embedded tenant over HTTP until interrupted",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "the loopback `ADDR` to listen on; port 0 takes a free one"},
			&cli.StringFlag{Name: "tenant", Required: false, Usage: "the `FILE` that describes the tenant"},
			&cli.StringFlag{Name: "state", Usage: "keep the tenant's state in `FILE`; left out: in memory"},
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
	tenant, err := openTenant(seed, c.String("state"))
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
	return server.Close()
}

func openTenant(seed []byte, state string) (*simulator.Tenant, error) {
	if state == "" {
		return simulator.New(seed, simulator.Options{})
	}
	return simulator.Open(seed, state, simulator.Options{})
}

func versionCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Action: func(c *cli.Context) error {
			_, err := fmt.Fprintf(env.stdout, "qlsync %s\n", version())
			return err
		},
	}
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
