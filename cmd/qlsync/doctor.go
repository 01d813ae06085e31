package main

import (
	"context"
	"slices"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/fingerprint"
	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/spec"
	"github.com/qlsync/qlsync/pkg/transport"
)

func doctorCommand(env *environment) *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "check the files, the tenant and the connection to it; writes nothing; exit code 1 if a check fails",
		Description: "Checks the files, vendored schemas, secrets, QLSYNC_HOSTS, the lock folder, whether the tenant\n" +
			"answers, its clock, the token and its roles, the spaces, the data sources, and the right to write\n" +
			"connections. After a failed check, it continues with what can still be checked.",
		Flags:  slices.Concat(sharedFlags(), doctorFormats().flags(), []cli.Flag{allTenantsFlag(), lockFolderFlag}),
		Action: func(c *cli.Context) error { return runDoctor(c, env) },
	}
}

func doctorFormats() formats[doctor.Report] {
	return formats[doctor.Report]{{asText, report.Text.Doctor}, jsonFormat[doctor.Report]()}
}

func runDoctor(c *cli.Context, env *environment) error {
	if err := firstOf(noArguments(c), doctorFormats().check(c), checkAllTenants(c)); err != nil {
		return err
	}
	files, err := readProject(c, env)
	if err != nil {
		return err
	}
	tenants := files.project.Tenants
	if !c.Bool("all-tenants") {
		tenant, err := files.project.Tenant(c.String("tenant"))
		if err != nil {
			return firstOf(files.problems.Err(), err)
		}
		tenants = []spec.Tenant{*tenant}
	}
	found := doctor.Report{Format: doctor.Format, Project: files.project.Name, Tenants: make([]doctor.Examined, len(tenants))}
	group := errgroup.Group{}
	group.SetLimit(tenantsAtOnce)
	for i := range tenants {
		group.Go(func() (err error) {
			found.Tenants[i], err = files.examine(c, env, tenants[i].Name)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := doctorFormats().write(c, env, found); err != nil {
		return err
	}
	switch {
	case c.Context.Err() != nil:
		return c.Context.Err()
	case found.Failed():
		return &exit{code: exitError}
	}
	return nil
}

// examine lets the doctor look at one tenant. An error is one of the flags; what is
// wrong with the tenant is a check.
func (files *projectFiles) examine(c *cli.Context, env *environment, name string) (doctor.Examined, error) {
	logger, err := env.prepare(c)
	if err != nil {
		return doctor.Examined{}, err
	}
	s, err := files.session(c, env, name)
	if err != nil {
		return doctor.Examined{}, err
	}
	defer func() { s.close() }()
	present := s.secrets.resolver.Present
	return doctor.Examine(c.Context, doctor.Subject{
		Project: s.project, Tenant: s.tenant, Declared: s.declared,
		Problems: spec.Collect(s.problems, spec.Further(s.problems, spec.CheckProperties(s.declared.Connections, s.local))),
		Local:    s.local, LocalProblems: s.localProblems, BuiltIn: isBuiltIn(s.tenant),
		Secrets:      doctor.ListSecrets(s.tenant, s.declared.Connections, s.local, present),
		Fingerprints: s.checkFingerprintKey(),
		Host:         s.checkAnyHost(), Hosts: s.hostRule(),
		Lock: func() (string, error) { return env.lockFolder(c.String(lockFolderFlag.Name)) },
		Connect: func() (connection.Provider, error) {
			err := s.connect(c, logger)
			return s.provider, err
		},
		Knock: func(ctx context.Context) (*time.Duration, error) {
			kind, _ := providerOf(s.tenant)
			return transport.Knock(ctx, s.tenant.URL, kind.door, "qlsync/"+version(), logger)
		},
		Check:   s.checkSchemas,
		Explain: s.explained,
		Command: func(words string) string { return followUp(c, words, s.tenant.Name) },
	}), nil
}

// checkFingerprintKey reports what is wrong with the key of the fingerprints, if it is set.
func (s *session) checkFingerprintKey() error {
	text, set := s.env.lookup(spec.FingerprintVariable)
	if !set {
		return nil
	}
	_, err := fingerprint.NewKey(connection.NewSecret(text), s.project.Name)
	return err
}

// checkAnyHost is [session.checkHost], for an embedded tenant too: no token goes there.
func (s *session) checkAnyHost() error {
	if s.tenant.SimFile != "" || s.tenant.URL == "" {
		return nil
	}
	return s.checkHost()
}

// hostRule says why the token may be sent to the host of the tenant.
func (s *session) hostRule() string {
	switch _, set := s.env.lookup(hostsVariable); {
	case s.tenant.SimFile != "":
		return "the embedded tenant gets no token"
	case set:
		return hostsVariable + " lists the host of the tenant"
	}
	return hostsVariable + " is not set: any host in the files may get the token"
}
