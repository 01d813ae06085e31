package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/outfile"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/snapshot"
)

func snapshotCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "snapshot",
		Usage: "write what a plan needs of the tenant to a file, for plan --snapshot; writes nothing to the tenant",
		Flags: slices.Concat(sharedFlags(), []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "the `FILE` to write, which only you can read; left out: standard output"},
		}),
		Action: func(c *cli.Context) error { return runSnapshot(c, env) },
	}
}

func runSnapshot(c *cli.Context, env *environment) error {
	if err := firstOf(noArguments(c), checkOutputs(c)); err != nil {
		return err
	}
	s, err := open(c, env)
	if err != nil {
		return err
	}
	defer s.close()
	if err := env.report(s.problems); err != nil {
		return err
	}
	if err := s.identify(c.Context); err != nil {
		return s.explained(err)
	}
	in := s.declaredInput()
	end := s.watch()
	file, err := snapshot.Take(c.Context, observed{s.provider, s}, plan.Scope(in), s.declared.DataSources())
	end()
	if err != nil {
		return s.explained(err)
	}
	file.Catalog.Reads += s.identity.Reads
	file.Project, file.Tenant = in.Project, snapshot.Tenant(in.Tenant)
	file.Snapshot = plan.Hide(file.Snapshot, in.Desired, in.Moves)
	write := func(w io.Writer) error { return report.JSON(w, file.Sealed()) }
	name := c.String("out")
	if name == "" {
		return write(env.stdout)
	}
	if err := outfile.Write(name, outfile.Private, write); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	_, err = fmt.Fprintf(env.stdout, "%s holds %s of project %s on tenant %s, without secrets.\n",
		report.Clean(filepath.ToSlash(name)), count(len(file.Snapshot.Connections), "connection"), report.Clean(in.Project), report.Clean(in.Tenant.Name))
	return err
}

// useSnapshot lets a file stand for the tenant. Nobody signs in, and nothing is
// asked over a network.
func (s *session) useSnapshot(ctx context.Context, name string) error {
	kind, ok := providerOf(s.tenant)
	if !ok || kind.normalize == nil {
		return fmt.Errorf("tenant %q cannot be planned for from a snapshot", s.tenant.Name)
	}
	text, err := s.env.saved(ctx, name)
	if err != nil {
		return fmt.Errorf("snapshot %q: %w", name, err)
	}
	file, err := snapshot.Decode(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("snapshot %q: %w", name, err)
	}
	if file.Project != s.project.Name || file.Tenant.URL != s.tenant.URL {
		return fmt.Errorf("snapshot %q: it is of project %q on tenant %q (%s), not of %q on %q (%s)",
			name, file.Project, file.Tenant.Name, file.Tenant.URL, s.project.Name, s.tenant.Name, s.tenant.URL)
	}
	s.taken, s.identity.ID = file.Taken, file.Tenant.ID
	s.provider = snapshot.NewProvider(file, snapshot.Service{Classify: kind.classify, Normalize: kind.normalize}, s.local)
	fmt.Fprintf(s.env.stderr, "%s was taken %s; later changes on the tenant are not visible.\n", report.Clean(filepath.ToSlash(name)), ago(time.Since(file.Taken)))
	return nil
}

// ago tells an age in the unit that fits: "5 minutes ago".
func ago(age time.Duration) string {
	switch {
	case age < -time.Minute:
		return "in the future, by this computer's clock"
	case age < 2*time.Minute:
		return "just now"
	case age < 2*time.Hour:
		return fmt.Sprintf("%d minutes ago", int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(age.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(age.Hours()/24))
}
