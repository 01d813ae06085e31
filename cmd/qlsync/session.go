package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/progress"
	"github.com/qlsync/qlsync/internal/report"
)

// host returns the engine's view of the process. Events go to the listener.
func (env *environment) host(c *cli.Context, events *progress.Listener) (*engine.Host, error) {
	level, err := env.prepare(c)
	if err != nil {
		return nil, err
	}
	host := env.files()
	host.Version, host.Secrets = version(), env.secrets
	host.Notify = func(tenant string, event engine.Event) {
		if applying, ok := event.(engine.Applying); ok {
			if applying.Steps > 0 {
				env.wrote.Store(true)
			}
			env.writing.Store(true)
		}
		events.Notify(tenant, event)
	}
	host.Logger = func(tenant string) *slog.Logger { return report.NewLog(events.Lines(tenant), level) }
	if env.interrupts != nil {
		host.Lifetime, host.Stopping = env.interrupts.Lifetime, env.interrupts.Stopping
	}
	return host, nil
}

// readProject reads the project file that the flags select, and refuses outputs that would replace
// one of its files.
func readProject(c *cli.Context, env *environment, events *progress.Listener) (*engine.Project, error) {
	host, err := env.host(c, events)
	if err != nil {
		return nil, err
	}
	variables, err := commandline.Variables(c)
	if err != nil {
		return nil, err
	}
	file, err := projectFile(c, env)
	if err != nil {
		return nil, err
	}
	project, err := host.ReadProject(c.Context, engine.ProjectOptions{
		File: file, Variables: variables, AllowExec: c.Bool("allow-exec"), RaiseLimits: c.Int("raise-limits"),
	})
	if err != nil {
		return nil, err
	}
	if !c.IsSet("config") && file != engine.ProjectFile {
		_ = env.text(env.stderr).Note(env.stderr, fmt.Sprintf("Using %s, which is above this folder: project %s.", report.Sanitize(project.File), report.Sanitize(project.Name)))
	}
	return project, env.checkReplaced(c, project)
}

// projectFile returns the path of the project file; see [engine.Host.FindProject].
func projectFile(c *cli.Context, env *environment) (string, error) {
	return env.files().FindProject(c.String("config"))
}

// openSession reads the project and opens the tenant that the flags select. The caller closes the
// session.
func openSession(c *cli.Context, env *environment) (*engine.Session, *engine.Project, error) {
	return openTenant(c, env, c.String("tenant"))
}

// openTenant is like openSession for a tenant of that name.
func openTenant(c *cli.Context, env *environment, tenant string) (*engine.Session, *engine.Project, error) {
	project, err := readProject(c, env, env.listener(c))
	if err != nil {
		return nil, nil, err
	}
	options, err := sessionOptions(c)
	if err != nil {
		return nil, nil, err
	}
	if options.Tenant, err = oneTenant(c, project, tenant); err != nil {
		return nil, nil, err
	}
	s, err := project.Open(c.Context, options)
	return s, project, err
}

// oneTenant returns the name of the only tenant that the line selects with this name. Without
// --group, it is the name itself, which may be empty.
func oneTenant(c *cli.Context, project *engine.Project, name string) (string, error) {
	groups := c.String(groupName)
	if groups == "" {
		return name, nil
	}
	tenant, err := project.One(engine.TenantChoice{Names: name, Groups: groups})
	if err != nil {
		return "", cmp.Or(project.Problems.Err(), err)
	}
	return tenant.Name, nil
}

// tenantChoice returns which tenants the line selects.
func tenantChoice(c *cli.Context) engine.TenantChoice {
	return engine.TenantChoice{Names: c.String("tenant"), Groups: c.String(groupName), Wave: c.String(waveName)}
}

func sessionOptions(c *cli.Context) (engine.SessionOptions, error) {
	o := engine.SessionOptions{
		Parallelism: c.Int("parallelism"), BatchSize: c.Int("batch-size"),
		UsageCache: c.String("cache"), Snapshot: c.String("snapshot"), Reads: c.String(readsName),
		Exports: c.Command.Name == "export",
	}
	if c.Command.Name == "plan" { // the others always read the connections
		o.Cache = o.UsageCache
	}
	if err := checkReads(c); err != nil {
		return o, err
	}
	if text := c.String(readSubsetName); text != "" {
		var err error
		if o.Subset, err = engine.ParseSubset(text); err != nil {
			return o, fmt.Errorf("--%s %w", readSubsetName, err)
		}
	}
	if c.IsSet("batch-size") && o.BatchSize < 1 {
		return o, fmt.Errorf("--batch-size %d: it must be at least 1", o.BatchSize)
	}
	return o, nil
}

// planOptions returns the options of a plan from the flags.
func planOptions(c *cli.Context, env *environment) (engine.PlanOptions, error) {
	o := engine.PlanOptions{SkipStale: c.String("on-stale") == "skip", Impact: c.Bool("impact"), Usage: usageOptions(c)}
	var errs [4]error
	var listed []string
	o.Target, errs[0] = commandline.Names("target", c.StringSlice("target"))
	o.Exclude, errs[1] = commandline.Names("exclude", c.StringSlice("exclude"))
	o.Rotate, errs[2] = commandline.Names("rotate", c.StringSlice("rotate"))
	listed, errs[3] = env.targetFile(c)
	o.Target = append(o.Target, listed...)
	return o, cmp.Or(errs[:]...)
}

// usageOptions returns from the flags how dependents are read.
func usageOptions(c *cli.Context) engine.UsageOptions {
	return engine.UsageOptions{History: c.String(usageHistoryName)}
}

// confirmed returns the confirmations of the line.
func confirmed(c *cli.Context) engine.Confirmations {
	return engine.Confirmations{
		Deletes: c.String("confirm-deletes"), Recreates: c.String("confirm-recreates"), Impact: c.String("confirm-impact"),
	}
}

// targetFile returns the connections that the file of --target-file lists.
func (env *environment) targetFile(c *cli.Context) ([]string, error) {
	const flag = "target-file"
	name := c.String(flag)
	if name == "" {
		return nil, nil
	}
	text, err := env.files().ReadArgument(c.Context, name, engine.MaxWrittenFile)
	if err == nil {
		text, err = infile.Text(text)
	}
	if err != nil {
		return nil, fmt.Errorf("--%s %s: %w", flag, name, err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("--%s %s: the file lists no connection. Write one SPACE/NAME per line", flag, name)
	}
	return commandline.Names(flag, lines)
}
