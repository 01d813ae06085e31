package engine

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// TenantsAtOnce bounds how many tenants are held in memory at the same time. Of finished tenants,
// only the report is kept.
const TenantsAtOnce = 12

// EachTenant runs look for these tenants of a project, some concurrently, each with its own provider
// and rate budget. An error of one tenant, including an interrupt, is in its member of the fleet.
// So is a panic, of which the first is returned too. format is the name of the fleet's format.
func EachTenant[T any](ctx context.Context, p *Project, tenants []spec.Tenant, o SessionOptions, format string, look func(context.Context, *Session) (*T, error)) (*report.Fleet[T], *guard.Panic) {
	var first atomic.Pointer[guard.Panic]
	fleet := &report.Fleet[T]{Format: format, Project: p.Name, Tenants: make([]report.Member[T], len(tenants))}
	group := guard.Group{}
	group.SetLimit(TenantsAtOnce)
	for i := range tenants {
		tenant := &tenants[i]
		member := &fleet.Tenants[i]
		member.Tenant = plan.Tenant{Name: tenant.Name, URL: tenant.URL}
		group.Go(func() error {
			of := o
			of.Tenant = tenant.Name
			var found *T
			var err error
			if crash := guard.Try(func() { found, err = lookAt(ctx, p, of, look) }); crash != nil {
				first.CompareAndSwap(nil, crash)
				err = crash
			}
			if p.host.Notify != nil {
				p.host.Notify(tenant.Name, Finished{})
			}
			if err != nil {
				member.Error = infile.ErrorText(err)
				return nil
			}
			member.Report = found
			return nil
		})
	}
	_ = group.Wait()
	return fleet, first.Load()
}

// lookAt opens one tenant and runs look for it.
func lookAt[T any](ctx context.Context, p *Project, o SessionOptions, look func(context.Context, *Session) (*T, error)) (*T, error) {
	if ctx.Err() != nil {
		return nil, errors.New("not started, because the run was interrupted")
	}
	s, err := p.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return look(ctx, s)
}
