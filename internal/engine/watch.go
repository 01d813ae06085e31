package engine

import (
	"context"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// watch reports that work on the tenant begins, and returns a function that reports its end. Only
// the outermost of nested calls is reported.
func (s *Session) watch() (end func()) {
	if s.watched++; s.watched == 1 {
		s.notify(Began{})
	}
	waiter, _ := s.provider.(connection.Waiter)
	pacer, _ := s.provider.(connection.Pacer)
	s.notify(Paced{waiter, pacer})
	return func() {
		if s.watched--; s.watched == 0 {
			s.notify(Ended{})
		}
	}
}

// snapshot reads the tenant, without texts that quote a secret of the run.
func (s *Session) snapshot(ctx context.Context, scope connection.Scope) (*connection.Snapshot, error) {
	snapshot, err := s.read(ctx, scope)
	s.withhold(snapshot)
	return snapshot, s.redactError(err)
}

// read reads the tenant.
func (s *Session) read(ctx context.Context, scope connection.Scope) (*connection.Snapshot, error) {
	defer s.watch()()
	s.notify(Listing{})
	scope.Reading = func(done, total int) { s.notify(Read{done, total}) }
	secretive := scope.Secretive
	scope.Secretive = func(live *connection.Live) bool { return s.isQuoting(live) || secretive != nil && secretive(live) }
	snapshot, err := s.provider.Snapshot(ctx, scope)
	if err != nil {
		return nil, err
	}
	return snapshot, s.warn(s.remarks(snapshot))
}

// remarks returns what the provider noticed while it read, as warnings.
func (s *Session) remarks(snapshot *connection.Snapshot) (problems connection.Problems) {
	for _, reason := range snapshot.Remarks {
		problems = append(problems, connection.Problem{Severity: connection.SeverityWarning, Code: reason.Code, Args: reason.Args})
	}
	messages.FillProblems(problems, s.provider.Messages())
	return problems
}

// sources reads data sources.
func (s *Session) sources(ctx context.Context, ids []string) (*connection.Catalog, error) {
	defer s.watch()()
	catalog, err := s.provider.DataSources(connection.WithReading(ctx, func(done, total int) { s.notify(ReadSchemas{done, total}) }), ids)
	return catalog, s.redactSources(catalog, err)
}

// observed is a provider that reports what it reads.
type observed struct {
	connection.Provider
	session *Session
}

// DataSources reads data sources.
func (o observed) DataSources(ctx context.Context, ids []string) (*connection.Catalog, error) {
	return o.session.sources(ctx, ids)
}

// Snapshot reads the tenant.
func (o observed) Snapshot(ctx context.Context, scope connection.Scope) (*connection.Snapshot, error) {
	return o.session.snapshot(ctx, scope)
}
