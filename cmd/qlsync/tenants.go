package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/progress"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

const allTenantsName, shardName, waveName, earlierName = "all-tenants", "shard", "wave", "earlier-attempts"

// severalFlags returns the flags of a command that can be about several tenants.
func severalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: allTenantsName, Usage: "run for all tenants of the project file at the same time, with one report"},
		&cli.StringFlag{Name: waveName, Usage: "run only for the tenants in the wave `NAME` of the rollout in the project file"},
		&cli.StringFlag{Name: shardName, Usage: "run only for part I of N of the selected tenants, as `I/N`, where I is from 0 to N-1; a tenant stays in its part when other tenants are added or removed"},
	}
}

// attemptFlag returns the flag of a run that an engine repeats when it fails.
func attemptFlag() cli.Flag {
	return &cli.StringFlag{Name: earlierName, Usage: "the number `N` of earlier attempts of this run, or a sum such as 1+2; merge then names the attempts whose report is lost"}
}

// parseAttempt returns the number of the attempt, from 1, of a run with that many earlier attempts, a
// number or a sum; 0 if nothing is known. A number of the sum may be empty: an engine that counts
// different failures apart has no number for those that did not happen.
func parseAttempt(earlier string) (int, error) {
	if earlier == "" {
		return 0, nil
	}
	attempt := 1
	for part := range strings.SplitSeq(earlier, "+") {
		n, err := strconv.ParseUint(cmp.Or(part, "0"), 10, 16)
		if err != nil {
			return 0, fmt.Errorf("--%s %q: it must be a number or a sum of numbers, such as 2 or 1+2", earlierName, earlier)
		}
		attempt += int(n)
	}
	return attempt, nil
}

// choice is the project of a line with the tenants that the line selects.
type choice struct {
	*engine.Project
	events *progress.Listener
	// isSeveral reports whether the line is about a list of tenants, even if the list has one or none.
	isSeveral bool
	tenants   []spec.Tenant // the list
	shard     engine.Shard
	attempt   int    // see [parseAttempt]
	wave      string // of --wave
}

// choose reads the project and selects its tenants. The named flags are about one tenant: with a
// list of tenants they are an error.
func (env *environment) choose(c *cli.Context, alone ...string) (*choice, error) {
	return env.chooseAmong(c, nil, alone...)
}

// chooseAmong is [environment.choose] for a line with a file that lists tenants, as listed returns
// them. These are the tenants of the line, unless it selects others. listed is nil without such a file.
func (env *environment) chooseAmong(c *cli.Context, listed func(*engine.Project) []string, alone ...string) (*choice, error) {
	if err := checkSeveral(c, listed != nil, alone...); err != nil {
		return nil, err
	}
	chosen := &choice{events: env.listener(c)}
	var err error
	if chosen.Project, err = readProject(c, env, chosen.events); err != nil {
		return nil, err
	}
	names := c.String("tenant")
	isList := listed != nil || chosen.IsSeveral(names) || c.String(groupName) != "" || c.String(waveName) != ""
	if chosen.isSeveral = isList || c.Bool(allTenantsName); !chosen.isSeveral {
		return chosen, nil
	}
	if err := checkSeveral(c, isList, alone...); err != nil {
		return nil, err
	}
	if chosen.shard, err = engine.ParseShard(c.String(shardName)); err != nil {
		return nil, fmt.Errorf("--%w", err)
	}
	if chosen.attempt, err = parseAttempt(c.String(earlierName)); err != nil {
		return nil, err
	}
	choice := tenantChoice(c)
	choice.Shard, chosen.wave = chosen.shard, choice.Wave
	chosen.tenants, err = chosen.Choose(choice)
	if listed != nil && names == "" && choice.Groups == "" && !c.Bool(allTenantsName) {
		names := listed(chosen.Project)
		chosen.tenants = slices.DeleteFunc(chosen.tenants, func(tenant spec.Tenant) bool { return !slices.Contains(names, tenant.Name) })
	}
	return chosen, err
}

// checkSeveral returns an error for flags that a list of tenants excludes, and for a shard of one
// tenant. isList reports that -t names a list.
func checkSeveral(c *cli.Context, isList bool, alone ...string) error {
	several := "a list of tenants"
	switch {
	case c.Bool(allTenantsName):
		several = "--" + allTenantsName
		alone = append([]string{"tenant"}, alone...)
	case c.String(groupName) != "":
		several = "--" + groupName
	case c.String(waveName) != "":
		several = "--" + waveName
	case isList && c.IsSet("tenant"):
		several = "-t " + c.String("tenant")
	case isList:
	case c.String(shardName) != "" && !strings.ContainsAny(c.String("tenant"), ",*?"):
		return fmt.Errorf("--%s divides a list of tenants: add --%s, --%s, --%s, or -t with several names or a pattern", shardName, allTenantsName, groupName, waveName)
	default:
		return nil
	}
	for _, name := range alone {
		if c.IsSet(name) {
			return fmt.Errorf("%s cannot be used with --%s, which is for one tenant", several, name)
		}
	}
	return nil
}

// open opens a tenant, for a line that is about one.
func (chosen *choice) open(c *cli.Context, tenant string) (*engine.Session, error) {
	options, err := sessionOptions(c)
	if err != nil {
		return nil, err
	}
	options.Tenant = tenant
	return chosen.Open(c.Context, options)
}

// eachTenant runs look for the tenants of a line; see [engine.EachTenant] and [eachOf].
func eachTenant[T any](c *cli.Context, env *environment, chosen *choice, tenants []spec.Tenant, fleet *report.Fleet[T],
	look func(context.Context, *engine.Session) (*T, error),
) error {
	return eachOf(c, env, chosen, len(tenants), nil, fleet, func(o engine.SessionOptions, ended func(*report.Member[T])) *guard.Panic {
		return engine.EachTenant(c.Context, chosen.Project, tenants, o, fleet, look, ended)
	})
}

// eachOf calls visit, which fills the tenants of the fleet. Lines of output in the meantime begin
// with the tenant's name. With JSON Lines, the line of a tenant is written when it is done. rest are
// tenants of the report to which nothing is sent. An error is about standard output only.
func eachOf[T any](c *cli.Context, env *environment, chosen *choice, tenants int, rest []report.Member[T], fleet *report.Fleet[T],
	visit func(engine.SessionOptions, func(*report.Member[T])) *guard.Panic,
) error {
	options, err := sessionOptions(c)
	if err != nil {
		return err
	}
	defer chosen.events.Several(tenants)()
	isStream := c.String("format") == report.FormatLines && fleet.Selected != nil
	var unwritten error
	if isStream {
		unwritten = fleet.FirstLine(env.stdout)
	}
	for i := range rest {
		if isStream {
			unwritten = cmp.Or(unwritten, fleet.Line(env.stdout, &rest[i]))
		}
	}
	crash := visit(options, func(member *report.Member[T]) {
		if isStream {
			unwritten = cmp.Or(unwritten, fleet.Line(env.stdout, member))
		}
	})
	if len(rest) > 0 {
		fleet.Tenants = append(fleet.Tenants, rest...)
		place := func(m report.Member[T]) int {
			return slices.IndexFunc(chosen.Tenants, func(tenant spec.Tenant) bool { return tenant.Name == m.Tenant.Name })
		}
		slices.SortStableFunc(fleet.Tenants, func(a, b report.Member[T]) int { return cmp.Compare(place(a), place(b)) })
	}
	fleet.Signal = env.signal()
	if isStream {
		unwritten = cmp.Or(unwritten, fleet.LastLine(env.stdout))
	}
	if env.crash == nil {
		env.crash = crash
	}
	return unwritten
}

// newFleet returns the head of a report of the selected tenants.
func newFleet[T any](env *environment, chosen *choice, format string) *report.Fleet[T] {
	fleet := &report.Fleet[T]{
		Format: format, Project: chosen.Name, At: env.clock().UTC().Format(time.RFC3339), Shard: chosen.shard.String(),
		Attempt: chosen.attempt, Wave: chosen.wave, Lock: chosen.LockDigest, Rollout: chosen.Rolling(),
		Count: len(chosen.tenants), Selected: []string{},
	}
	for i := range chosen.tenants {
		fleet.Selected = append(fleet.Selected, chosen.tenants[i].Name)
	}
	return fleet
}

// writeFleet writes a report of several tenants, of which JSON Lines are on standard output already.
// unwritten is the error of that.
func writeFleet[T any](c *cli.Context, env *environment, all report.Formats[*report.Fleet[T]], fleet *report.Fleet[T], unwritten error) error {
	fleet.Selected, fleet.Count = nil, 0
	if c.String("format") != report.FormatLines {
		return write(c, env, all, fleet)
	}
	return joined(append(writeReports(c, env, all, fleet), unwritten))
}

// outcomesOf returns the outcomes of the tenants of a fleet.
func outcomesOf[T any](fleet *report.Fleet[T]) (outcomes []report.Outcome) {
	for _, member := range fleet.Tenants {
		if member.Outcome != "" {
			outcomes = append(outcomes, member.Outcome)
		}
	}
	if len(fleet.Missing) > 0 {
		outcomes = append(outcomes, report.OutcomeMissing)
	}
	return outcomes
}

// fleetCode returns the exit code of a run on tenants with these outcomes. wrote reports whether the
// run wrote to any of them. signal is the number of the signal that interrupted the run; 0: none.
func fleetCode(outcomes []report.Outcome, wrote bool, signal int) int {
	has := func(some ...report.Outcome) bool {
		return slices.ContainsFunc(outcomes, func(o report.Outcome) bool { return slices.Contains(some, o) })
	}
	isInterrupted := has(report.OutcomeInterrupted)
	switch {
	case isInterrupted && !wrote && signal != 0:
		return exitSignal + signal
	case has(report.OutcomePartial, report.OutcomeMissing, report.OutcomeUnreachable, report.OutcomeLocked), isInterrupted && wrote:
		return exitPartial
	case has(report.OutcomeRefused, report.OutcomeStale):
		return exitRefused
	case has(report.OutcomeFailed, report.OutcomeInterrupted):
		return exitError
	case has(report.OutcomeUnhealthy):
		return exitDiffers
	case has(report.OutcomeNotStarted): // the tenants that stopped the rollout are not part of this run
		return exitRefused
	}
	return exitOK
}

// unseen returns the exit of a command that could not read all tenants, which the report names; nil
// if it has read all of them.
func unseen[T any](c *cli.Context, fleet *report.Fleet[T]) error {
	code := fleetCode(outcomesOf(fleet), false, fleet.Signal)
	switch {
	case code == exitOK:
		return nil
	case c.Context.Err() != nil:
		return c.Context.Err()
	}
	return &exit{code: code}
}
