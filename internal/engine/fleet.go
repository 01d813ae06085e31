package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// RefreshFleet reads the list of the fleet's tenants and returns what differs from the lock file. It
// writes the lock file, unless it only checks. A list that the project could not use is an error, and
// the lock file stays as it is. RefreshFleet never calls a tenant.
func (p *Project) RefreshFleet(ctx context.Context, check bool) (*report.FleetRefresh, error) {
	if p.Fleet == nil {
		return nil, p.withoutFleet()
	}
	tenants, problems, err := p.listFleet(ctx)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, spec.Collect(problems)
	}
	text := spec.TenantLock{Tenants: tenants}.Encode()
	options := spec.Options{AllowExec: p.o.AllowExec, RaiseLimits: p.o.RaiseLimits, WorkDir: string(p.host.WorkDir), Lock: text}
	if _, problems := options.LoadProject(p.o.File); problems.Err() != nil {
		return nil, problems
	}
	path := p.TenantLockPath()
	refreshed := &report.FleetRefresh{
		File: filepath.ToSlash(path), Changes: spec.CompareTenants(p.Locked, tenants), Tenants: len(tenants),
		Inactive: len(slices.DeleteFunc(tenants, func(tenant spec.LockedTenant) bool { return tenant.Status == "" })),
	}
	before, err := infile.Read(p.host.at(path), limits.FileBytes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, p.host.WorkDir.Shown(err)
	}
	refreshed.Differs = !bytes.Equal(before, text)
	if check || !refreshed.Differs {
		return refreshed, nil
	}
	inputs := slices.DeleteFunc(p.Inputs(), func(input spec.Input) bool { return samePath(input.Path, p.host.at(path)) })
	refreshed.Written = true
	return refreshed, p.host.replaceFile(path, text, inputs)
}

// withoutFleet returns why a project has no fleet.
func (p *Project) withoutFleet() error {
	if err := p.Problems.Err(); err != nil {
		return err
	}
	return errors.New(p.File + " declares no fleet: see docs/how-to/many-tenants.md")
}

// listFleet lists the tenants where the fleet says that they are.
func (p *Project) listFleet(ctx context.Context) (tenants []spec.LockedTenant, problems connection.Problems, err error) {
	if p.Fleet.Organization == nil {
		err = Interruptibly(ctx, func() error {
			tenants, problems = p.FleetTenants()
			return nil
		})
		return tenants, problems, err
	}
	listed, err := p.listOrganization(ctx)
	if err != nil {
		return nil, nil, err
	}
	console := p.Fleet.Organization.URL
	if address, err := url.Parse(console); err == nil {
		console = address.Host
	}
	for i := range listed {
		if listed[i].Status == spec.ActiveTenant {
			listed[i].Status = ""
		}
		listed[i].Position = connection.Position{File: fmt.Sprintf("%s, entry %d", console, i+1)} // the place in the list
	}
	return listed, spec.CheckTenants(listed, p.o.RaiseLimits), nil
}

// listOrganization asks the console. The rules for hosts and secrets are those of a tenant.
func (p *Project) listOrganization(ctx context.Context) ([]spec.LockedTenant, error) {
	o := p.Fleet.Organization
	s := &Session{host: p.host, project: p, tenant: &spec.Tenant{
		Name: "console", Provider: spec.ProviderQlik, URL: o.URL, Auth: o.Auth, Position: o.Position,
	}}
	s.secrets.resolver, s.secrets.redactor = p.resolver(), p.host.Secrets
	if err := s.checkHost(); err != nil {
		return nil, err
	}
	in, err := s.auth(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := listQlikTenants(ctx, options{
		url: o.URL, auth: in, logger: p.host.logger("console"), userAgent: s.userAgent(),
		lifetime: p.host.Lifetime, secrets: p.host.Secrets, raise: p.o.RaiseLimits,
	}, o.Where)
	if err != nil {
		return nil, s.explained(err)
	}
	for i := range listed {
		if p.host.Secrets != nil && slices.ContainsFunc([]string{listed[i].ID, listed[i].Name, listed[i].Host, listed[i].Region, listed[i].Status}, p.host.Secrets.Holds) {
			return nil, errors.New(messages.Text(connection.Because("console-quotes-secret", "number", i+1)))
		}
	}
	return listed, nil
}

// ListFleet returns the chosen tenants of the project with their groups and, without a choice, the
// tenants of the lock file that are left out.
func (p *Project) ListFleet(choice TenantChoice) (report.FleetList, error) {
	tenants, err := p.Choose(choice)
	if err != nil {
		return report.FleetList{}, err
	}
	list := report.FleetList{
		Format: report.FleetListFormat, Project: p.Name, Tenants: []report.FleetRow{},
		Summary: report.FleetSummary{Chosen: len(tenants), NotChosen: len(p.Tenants) - len(tenants)},
	}
	for i := range tenants {
		t := &tenants[i]
		list.Tenants = append(list.Tenants, report.FleetRow{
			Name: t.Name, ID: t.ID, URL: t.URL, Region: t.Region, Groups: append([]string{}, t.Groups...), Wave: p.WaveOf(t),
		})
	}
	for _, locked := range p.Locked {
		if locked.Status == "" {
			continue
		}
		list.Summary.LeftOut++
		if choice == (TenantChoice{}) {
			list.Tenants = append(list.Tenants, report.FleetRow{
				Name: locked.Name, ID: locked.ID, Host: locked.Host, Region: locked.Region, Groups: []string{}, Status: locked.Status,
			})
		}
	}
	return list, nil
}
