package engine

import (
	"context"
	"time"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// DoctorOptions select what the doctor checks.
type DoctorOptions struct {
	SessionOptions
	// LockDir is the folder of the lock, as for [Session.Lock].
	LockDir string
	// Command returns a command about a tenant, ready to be pasted.
	Command func(words, tenant string) string
}

// Doctor checks the files, the tenants and the connection to them. A fault of a tenant is a check
// of the report; an error is a fault of the options.
func (p *Project) Doctor(ctx context.Context, tenants []spec.Tenant, o DoctorOptions) (doctor.Report, error) {
	found := doctor.Report{Format: doctor.Format, Project: p.Name, Tenants: make([]doctor.Examined, len(tenants))}
	group := guard.Group{}
	group.SetLimit(TenantsAtOnce)
	for i := range tenants {
		group.Go(func() (err error) {
			found.Tenants[i], err = p.examine(ctx, tenants[i].Name, o)
			return err
		})
	}
	return found, group.Wait()
}

func (p *Project) examine(ctx context.Context, name string, o DoctorOptions) (doctor.Examined, error) {
	s, err := p.session(ctx, name)
	if err != nil {
		return doctor.Examined{}, err
	}
	defer func() { s.close() }()
	present := s.secrets.resolver.Present
	found := doctor.Examine(ctx, doctor.Subject{
		Project: s.project.Project, Tenant: s.tenant, Declared: s.declared,
		Problems: spec.Collect(s.problems, spec.Further(s.problems, spec.CheckProperties(s.declared.Connections, s.local))),
		Local:    s.local, LocalProblems: s.localProblems, BuiltIn: IsBuiltIn(s.tenant),
		Secrets:      doctor.ListSecrets(s.tenant, s.declared.Connections, s.local, present),
		Fingerprints: s.checkFingerprintKey(),
		Host:         s.checkAnyHost(), Hosts: s.hostRule(),
		Lock: func() (string, error) { return s.host.LockFolder(o.LockDir) },
		Connect: func() (connection.Provider, error) {
			err := s.connect(ctx, o.SessionOptions)
			return s.provider, err
		},
		Knock: func(ctx context.Context) (*time.Duration, error) {
			kind, _ := providerOf(s.tenant)
			return transport.Knock(ctx, s.tenant.URL, kind.door, s.userAgent(), s.host.logger(s.tenant.Name))
		},
		Check:   s.checkSchemas,
		Explain: s.explained,
		Command: func(words string) string { return o.Command(words, s.tenant.Name) },
	})
	s.redactChecks(found.Checks)
	return found, nil
}
