package engine

import (
	"context"
	"errors"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// identify reads the tenant's own id, once. If the tenant does not report one, an event says so,
// because then it is not noticed if the URL of a plan file leads to another tenant. A snapshot
// contains the known id, and some systems have no such id.
func (s *Session) identify(ctx context.Context) error {
	asked, ok := s.provider.(connection.Identifier)
	if !ok || s.identity.Reads > 0 {
		return nil
	}
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
	return nil
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
