package engine

import (
	"bytes"
	"context"
	"fmt"

	"github.com/qlsync/qlsync/internal/keyrecord"
	"github.com/qlsync/qlsync/internal/snapshot"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Snapshot reads the whole live side of a plan, without secrets.
func (s *Session) Snapshot(ctx context.Context) (*snapshot.File, error) {
	if err := s.warn(s.problems); err != nil {
		return nil, err
	}
	if err := s.identify(ctx); err != nil {
		return nil, s.explained(err)
	}
	in := s.declaredInput()
	end := s.watch()
	scope := func(catalog *connection.Catalog) connection.Scope {
		in.Catalog = catalog
		return plan.Scope(in)
	}
	file, err := snapshot.Take(ctx, observed{s.provider, s}, scope, s.declared.DataSources())
	end()
	if err != nil {
		return nil, s.explained(err)
	}
	file.Catalog.Reads += s.identity.Reads
	file.Project, file.Tenant = in.Project, snapshot.Tenant(in.Tenant)
	file.Snapshot = keyrecord.Redact(file.Snapshot, in.Desired, in.Moves)
	s.redactValues(file.Snapshot)
	return file, nil
}

// useSnapshot uses a file in place of the tenant. There is no sign-in and no request.
func (s *Session) useSnapshot(ctx context.Context, name string) error {
	kind, ok := providerOf(s.tenant)
	if !ok || kind.rules == nil {
		return fmt.Errorf("tenant %q cannot be planned for from a snapshot", s.tenant.Name)
	}
	text, err := s.host.ReadSaved(ctx, name, s.project.o.RaiseLimits)
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
	s.provider = snapshot.NewProvider(file, kind.rules, s.local)
	s.notify(FromSnapshot{name, s.host.now().Sub(file.Taken)})
	return nil
}
