package engine

import (
	"context"
	"errors"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// identify reads the tenant's own id, once, and refuses a tenant that is not the declared one. If
// the tenant does not report one, an event says so, because then it is not noticed if the URL leads
// to another tenant. A snapshot contains the known id, and some systems have no such id.
func (s *Session) identify(ctx context.Context) error {
	if asked, ok := s.provider.(connection.Identifier); ok && s.identity.Reads == 0 {
		var err error
		if s.identity, err = asked.TenantID(ctx); err != nil {
			return err
		}
		if s.host.Secrets != nil && s.host.Secrets.Holds(s.identity.ID) {
			s.identity.ID, s.identity.Unknown = "", errors.New("the id of the tenant quotes a secret of this run")
		}
		if s.identity.Unknown != nil {
			s.notify(UnknownID{s.tenant.Name, s.identity.Unknown})
		}
	}
	return refuseOther(s.tenant, s.identity)
}

// refuseOther refuses a tenant whose id is not the declared one. An unknown id is not refused: it is
// not documented which callers may read it.
func refuseOther(tenant *spec.Tenant, reported connection.TenantIdentity) error {
	if tenant.ID == "" || reported.ID == "" || tenant.ID == reported.ID {
		return nil
	}
	return Refused(connection.Because("tenant-id-differs", "url", tenant.URL, "id", reported.ID, "declared", tenant.ID, "tenant", tenant.Name, "at", tenant.Position.String()))
}

// identifyAgain refuses a tenant that has changed since the plan was made: after a review, the host
// may belong to another tenant. It reads nothing if the files do not declare the id.
func (s *Session) identifyAgain(ctx context.Context) error {
	asked, ok := s.provider.(connection.Identifier)
	if !ok || s.tenant.ID == "" || s.identity.ID == "" || !s.taken.IsZero() {
		return nil
	}
	now, err := asked.TenantID(ctx)
	if err != nil {
		return s.explained(err)
	}
	if now.ID == "" {
		return Refused(connection.Because("tenant-id-gone", "tenant", s.tenant.Name, "url", s.tenant.URL))
	}
	return refuseOther(s.tenant, now)
}

// checkTenant refuses a reviewed plan of another tenant before it reads the tenant.
func (s *Session) checkTenant(ctx context.Context, reviewed *plan.Plan) error {
	if reviewed == nil {
		return nil
	}
	if err := s.identify(ctx); err != nil {
		return s.besides(err)
	}
	if now := s.planTenant(); now.IsAnother(reviewed.Tenant) {
		return Refused(connection.Because("plan-of-other-tenant", "reviewed", reviewed.Tenant.ID, "url", s.tenant.URL, "id", now.ID, "tenant", s.tenant.Name))
	}
	return nil
}

// planTenant returns the tenant in the form of a plan.
func (s *Session) planTenant() plan.Tenant {
	return plan.Tenant{Name: s.tenant.Name, URL: s.tenant.URL, ID: s.identity.ID}
}
