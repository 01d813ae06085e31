package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/progress"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

const allTenantsName, shardName = "all-tenants", "shard"

// severalFlags returns the flags of a command that can be about several tenants.
func severalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: allTenantsName, Usage: "for every tenant of the project file, at the same time, in one report"},
		&cli.StringFlag{Name: shardName, Usage: "only for part I of N of the selected tenants, as `I/N`, where I is from 0 to N-1; a tenant stays in its part when others come and go"},
	}
}

// choice is the project of a line with the tenants that the line selects.
type choice struct {
	*engine.Project
	events *progress.Listener
	// isSeveral reports whether the line is about a list of tenants, even if the list has one or none.
	isSeveral bool
	tenants   []spec.Tenant // the list
	shard     engine.Shard
}

// choose reads the project and selects its tenants. The named flags are about one tenant: with a
// list of tenants they are an error.
func (env *environment) choose(c *cli.Context, alone ...string) (*choice, error) {
	if err := checkSeveral(c, false, alone...); err != nil {
		return nil, err
	}
	chosen := &choice{events: env.listener(c)}
	var err error
	if chosen.Project, err = readProject(c, env, chosen.events); err != nil {
		return nil, err
	}
	names := c.String("tenant")
	isList := chosen.IsSeveral(names)
	if chosen.isSeveral = isList || c.Bool(allTenantsName); !chosen.isSeveral {
		return chosen, nil
	}
	if err := checkSeveral(c, isList, alone...); err != nil {
		return nil, err
	}
	if chosen.shard, err = engine.ParseShard(c.String(shardName)); err != nil {
		return nil, fmt.Errorf("--%w", err)
	}
	chosen.tenants, err = chosen.Choose(engine.TenantChoice{Names: names, Shard: chosen.shard})
	return chosen, err
}

// checkSeveral returns an error for flags that a list of tenants excludes, and for a shard of one
// tenant. isList reports that -t names a list.
func checkSeveral(c *cli.Context, isList bool, alone ...string) error {
	several := "--" + allTenantsName
	switch {
	case isList:
		several = "-t " + c.String("tenant")
	case c.Bool(allTenantsName):
		alone = append([]string{"tenant"}, alone...)
	case c.String(shardName) != "" && !strings.ContainsAny(c.String("tenant"), ",*?"):
		return fmt.Errorf("--%s divides a list of tenants: add --%s, or -t with several names or a pattern", shardName, allTenantsName)
	default:
		return nil
	}
	for _, name := range alone {
		if c.IsSet(name) {
			return fmt.Errorf("%s does not go with --%s, which is about one tenant", several, name)
		}
	}
	return nil
}

// open opens the tenant of a line that is about one.
func (chosen *choice) open(c *cli.Context) (*engine.Session, error) {
	options, err := sessionOptions(c)
	if err != nil {
		return nil, err
	}
	options.Tenant = c.String("tenant")
	return chosen.Open(c.Context, options)
}

// eachTenant runs look for the selected tenants; see [engine.EachTenant]. Lines of output in the
// meantime begin with the tenant's name.
func eachTenant[T any](c *cli.Context, env *environment, chosen *choice, format string, look func(context.Context, *engine.Session) (*T, error)) (*report.Fleet[T], error) {
	options, err := sessionOptions(c)
	if err != nil {
		return nil, err
	}
	defer chosen.events.Several(len(chosen.tenants))()
	fleet, crash := engine.EachTenant(c.Context, chosen.Project, chosen.tenants, options, format, look)
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
