package main

import (
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/progress"
	"github.com/qlsync/qlsync/internal/report"
)

// host returns the process as the engine sees it. Events go to the listener.
func (env *environment) host(c *cli.Context, events *progress.Listener) (*engine.Host, error) {
	level, err := env.prepare(c)
	if err != nil {
		return nil, err
	}
	host := env.files()
	host.Version, host.Secrets = version(), env.secrets
	host.Notify = func(tenant string, event engine.Event) {
		if applying, ok := event.(engine.Applying); ok {
			env.wrote.Store(applying.Steps > 0)
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

// readProject reads the project file that the flags name, and refuses outputs that would
// replace one of its files.
func readProject(c *cli.Context, env *environment, events *progress.Listener) (*engine.Project, error) {
	host, err := env.host(c, events)
	if err != nil {
		return nil, err
	}
	variables, err := commandline.Variables(c)
	if err != nil {
		return nil, err
	}
	project, err := host.ReadProject(c.Context, engine.ProjectOptions{
		File: c.String("config"), Variables: variables, AllowExec: c.Bool("allow-exec"), RaiseLimits: c.Int("raise-limits"),
	})
	if err != nil {
		return nil, err
	}
	return project, env.checkReplaced(c, project)
}

// openSession reads the project and opens the tenant that the flags name. Whoever opens a session
// closes it.
func openSession(c *cli.Context, env *environment) (*engine.Session, *engine.Project, error) {
	project, err := readProject(c, env, env.listener(c))
	if err != nil {
		return nil, nil, err
	}
	options, err := sessionOptions(c)
	if err != nil {
		return nil, nil, err
	}
	s, err := project.Open(c.Context, options)
	return s, project, err
}

func sessionOptions(c *cli.Context) (engine.SessionOptions, error) {
	o := engine.SessionOptions{
		Tenant: c.String("tenant"), Parallelism: c.Int("parallelism"), BatchSize: c.Int("batch-size"),
		Cache: c.String("cache"), Snapshot: c.String("snapshot"),
	}
	if c.IsSet("batch-size") && o.BatchSize < 1 {
		return o, fmt.Errorf("batch-size %d: it must be at least 1", o.BatchSize)
	}
	return o, nil
}

// planOptions returns what the flags say about a plan.
func planOptions(c *cli.Context) (engine.PlanOptions, error) {
	var o engine.PlanOptions
	var err error
	if o.Only, err = commandline.Keys(c, "target"); err != nil {
		return o, err
	}
	o.Rotate, err = commandline.Keys(c, "rotate")
	o.SkipStale = c.String("on-stale") == "skip"
	return o, err
}
