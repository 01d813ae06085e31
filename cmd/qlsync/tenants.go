package main

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
)

// eachTenant runs look for all tenants of the project file; see [engine.EachTenant]. Lines of
// output in the meantime begin with the tenant's name.
func eachTenant[T any](c *cli.Context, env *environment, format string, look func(context.Context, *engine.Session) (*T, error)) (*report.Fleet[T], error) {
	events := env.listener(c)
	project, err := readProject(c, env, events)
	if err != nil {
		return nil, err
	}
	options, err := sessionOptions(c)
	if err != nil {
		return nil, err
	}
	defer events.Several(len(project.Tenants))()
	fleet, crash := engine.EachTenant(c.Context, project, options, format, look)
	env.crash = crash
	return fleet, nil
}

// unseen returns the exit of a command that could not read all tenants: the report names them.
func unseen(c *cli.Context) error {
	if err := c.Context.Err(); err != nil {
		return err
	}
	return &exit{code: exitError}
}
