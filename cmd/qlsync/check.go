package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
)

func checkCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "check",
		Usage: "show from past reloads whether the apps that load connections still work; writes nothing",
		Description: "check reloads no app and tests no connection. It shows only the code of a failure, because the log of a reload may contain " +
			"other people's secrets.",
		Flags: slices.Concat(sharedFlags(), outputFlags(report.CheckFormats().Names()), usageFlags(), []cli.Flag{
			&cli.StringFlag{Name: "since", Usage: "count reloads since `TIME` (2026-11-29, 2026-11-29T06:00:00Z, or 24h for a day ago), or reloads after the apply with this result file, of its connections only"},
		}),
		Action: func(c *cli.Context) error { return runCheck(c, env) },
	}
}

func runCheck(c *cli.Context, env *environment) error {
	if err := cmp.Or(commandline.NoArguments(c), checkFlags(c, env, report.CheckFormats())); err != nil {
		return err
	}
	options, err := env.checkOptions(c)
	if err != nil {
		return err
	}
	options.Usage = usageOptions(c)
	tenant := c.String("tenant")
	if options.Result != nil {
		tenant = cmp.Or(tenant, options.Result.Tenant.Name)
	}
	s, _, err := openTenant(c, env, tenant)
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := s.CheckUse(c.Context, options)
	if err != nil {
		return err
	}
	if err := write(c, env, report.CheckFormats(), found); err != nil {
		return err
	}
	if found.Failed() > 0 {
		return &exit{code: exitDiffers}
	}
	return nil
}

// checkOptions returns the time of --since, or the result that it names.
func (env *environment) checkOptions(c *cli.Context) (engine.CheckOptions, error) {
	text := c.String("since")
	if text == "" {
		return engine.CheckOptions{}, nil
	}
	if at, ok := commandline.Since(text, env.clock()); ok {
		return engine.CheckOptions{Since: at}, nil
	}
	content, err := env.saved(c, text)
	if err != nil {
		return engine.CheckOptions{}, fmt.Errorf("--since %q: it must be a time such as 2026-11-29 or 24h, or the JSON result of an apply: %w", text, err)
	}
	result, err := apply.Decode(bytes.NewReader(content))
	if err != nil {
		return engine.CheckOptions{}, fmt.Errorf("--since %q: %w", text, err)
	}
	if result.Ended.IsZero() {
		return engine.CheckOptions{}, fmt.Errorf("--since %q: an earlier version wrote the result without a time: pass the time of the apply instead", text)
	}
	return engine.CheckOptions{Since: result.Ended, Began: result.Began, Result: result}, nil
}

// checkAfter waits and then writes whether the apps still work that load what an apply has changed.
func (env *environment) checkAfter(c *cli.Context, s *engine.Session, result *apply.Result) error {
	wait := c.Duration(checkAfterName)
	recent := s.Recent()
	if wait <= 0 || !result.Wrote() && recent.Last.IsZero() {
		return nil
	}
	options := recent.Since(result)
	options.Usage = usageOptions(c)
	if !result.Wrote() { // an earlier run may have been stopped before its check
		wait = max(0, options.Since.Add(wait).Sub(env.clock()))
	}
	later := "qlsync check --since " + options.Since.UTC().Format(time.RFC3339)
	if tenant := s.Tenant().Name; c.IsSet("tenant") || c.NArg() > 0 {
		later += " -t " + commandline.Word(tenant)
	}
	if err := s.Wait(c.Context, wait); err != nil {
		return notChecked(errors.New("interrupted"), later)
	}
	found, err := s.CheckUse(c.Context, options)
	switch {
	case errors.Is(err, context.Canceled):
		return notChecked(errors.New("interrupted"), later)
	case err != nil:
		return notChecked(err, later)
	}
	w := env.sideStream(c)
	fmt.Fprintln(w)
	if err := env.text(w).Check(w, found); err != nil {
		return err
	}
	if found.Failed() > 0 {
		return &exit{code: exitDiffers}
	}
	return nil
}

// notChecked returns the error of an apply that is complete and was not checked.
func notChecked(err error, later string) error {
	return &exit{exitPartial, fmt.Errorf("everything was applied, but not checked afterwards: %w", err), []string{"To check later, run: " + later}}
}
