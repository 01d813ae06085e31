package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/spec"
)

func simulateCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "simulate",
		Usage: "serve an embedded tenant over HTTP until interrupted",
		Flags: []cli.Flag{
			commandline.Choice(
				&cli.StringFlag{Name: "provider", Value: spec.Providers()[0], Usage: "the `KIND` of service: " + words.OneOf(spec.Providers())},
				spec.Providers(),
			),
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0", Usage: "the loopback `ADDR` to listen on; port 0 selects a free port"},
			&cli.StringFlag{Name: "tenant", Required: false, Usage: "the `FILE` that describes the tenant or the fleet; required without --fleet"},
			&cli.IntFlag{Name: "fleet", Usage: "serve `N` tenants like the one in the file of --tenant, and the console that lists them"},
			&cli.StringFlag{Name: "ca", Usage: "serve a fleet over TLS, and write the certificate of its test authority to `FILE`"},
			&cli.StringFlag{Name: "state", Usage: "keep the tenant's state in `FILE` (default: in memory)"},
			&cli.StringFlag{Name: "faults", Usage: "inject the faults in `FILE`; exit with 1 if a fault never happens"},
		},
		Action: func(c *cli.Context) error { return runSimulate(c, env) },
	}
}

func runSimulate(c *cli.Context, env *environment) error {
	if err := commandline.NoArguments(c); err != nil {
		return err
	}
	if err := commandline.CheckChoice("--provider", c.String("provider"), spec.Providers()); err != nil {
		return err
	}
	kind, _ := engine.SimulationOf(c.String("provider"))
	if c.IsSet("fleet") && c.Int("fleet") < 1 {
		return fmt.Errorf("--fleet %d: must be 1 or more", c.Int("fleet"))
	}
	if c.String("tenant") == "" && !c.IsSet("fleet") {
		return fmt.Errorf("simulate needs --tenant FILE or --fleet N: see examples/quickstart/tenant.yaml")
	}
	if err := env.checkState(c); err != nil {
		return err
	}
	tenant, err := env.files().OpenSimulation(c.Context, kind, engine.SimulationOptions{
		Seed: c.String("tenant"), Fleet: c.Int("fleet"), State: c.String("state"), Faults: c.String("faults"),
	})
	if err != nil {
		return err
	}
	defer tenant.Close()
	if fleet, isFleet := tenant.(engine.SimulatedFleet); isFleet {
		return env.serveFleet(c, fleet)
	}
	if c.String("ca") != "" {
		return fmt.Errorf("--ca is for a fleet: add --fleet N, or name a file with tenants")
	}
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
	return checkServed(env, tenant)
}

// serveFleet serves a fleet until the command is interrupted. It prints what a shell needs to talk to
// the fleet.
func (env *environment) serveFleet(c *cli.Context, fleet engine.SimulatedFleet) error {
	start := simulator.StartFleet
	if c.String("ca") != "" {
		start = simulator.StartFleetTLS
	}
	server, err := start(fleet, c.String("listen"))
	if err != nil {
		return err
	}
	settings := append([]string{"QLIK_CONSOLE_URL=" + server.URLs[0]}, fleet.Environment()...)
	if server.CA != nil {
		file, err := env.writeAuthority(c, server.CA)
		if err != nil {
			_ = server.Close()
			return err
		}
		settings = append(settings, "HTTPS_PROXY="+server.Proxy, "SSL_CERT_FILE="+file)
	}
	for _, setting := range settings {
		fmt.Fprintln(env.stdout, "export "+setting)
	}
	fmt.Fprintf(env.stderr, "Serving %s and their console; interrupt to stop.\nTo use them in another shell, paste these lines there.\n",
		words.Count(len(server.URLs)-1, "embedded tenant"))
	<-c.Context.Done()
	if err := server.Close(); err != nil {
		return err
	}
	return checkServed(env, fleet)
}

// writeAuthority writes the certificate of a test authority to the file of --ca, and returns the file's
// absolute path. It only replaces the certificate of an earlier fleet.
func (env *environment) writeAuthority(c *cli.Context, certificate []byte) (string, error) {
	name := c.String("ca")
	if err := env.output("--ca "+name, name).ApartFrom(env.namedInputs(c)); err != nil {
		return "", err
	}
	path, err := env.workDir.Abs(name)
	if err != nil {
		return "", err
	}
	former, err := infile.Read(path, engine.MaxWrittenFile)
	mark, _, _ := strings.Cut(string(certificate), "\n")
	if !errors.Is(err, fs.ErrNotExist) && !strings.HasPrefix(string(former), mark) {
		return "", fmt.Errorf("--ca %s: the file is not the certificate of an embedded fleet, and would be lost. Name another file", name)
	}
	if err := outfile.WriteBytes(path, 0o644, certificate); err != nil {
		return "", fmt.Errorf("--ca %s: %w", name, env.workDir.Shown(err))
	}
	return path, nil
}

// checkServed returns the error of a tenant after it was served: a fault that never fired, because
// a test has then not tested it, and a state that could not be saved. A client's violation of the
// contract is not an error, because the client's test decides about it.
func checkServed(env *environment, tenant engine.Simulated) error {
	_ = env.text(env.stderr).Misuse(env.stderr, tenant.Misuse())
	unsaved := env.tellUnsaved(tenant.Unsaved())
	never := tenant.UnfiredFaults()
	for _, fault := range never {
		fmt.Fprintln(env.stderr, "never fired: "+report.Sanitize(fault.String()))
	}
	if len(never) > 0 {
		return &exit{code: exitError}
	}
	return unsaved
}

// tellUnsaved reports why an embedded tenant could not save its state, and then returns an error
// that was already printed. A change that could not be saved has not happened; its requests have
// failed.
func (env *environment) tellUnsaved(err error) error {
	if err == nil {
		return nil
	}
	fmt.Fprintln(env.stderr, "error: "+report.Sanitize(infile.ErrorText(env.workDir.Shown(err)))+". Requests that failed for this reason changed nothing. "+
		"Close the program that has the file open, make the folder writable or free space on the disk, then run the command again.")
	return &exit{code: exitError}
}
