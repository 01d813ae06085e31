package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/qlsync/qlsync/internal/fingerprint"
	"github.com/qlsync/qlsync/internal/resolver"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// secrets reads each secret once in a run, so that the compared value is the written one and no
// command runs twice.
type secrets struct {
	resolver *resolver.Resolver
	redactor *transport.Redactor // learns every value
	mu       sync.Mutex
	known    map[string]secret // by the text of the reference
}

type secret struct {
	value connection.Secret
	err   error
}

// read returns the value of a reference. Concurrent callers wait for one read.
func (s *secrets) read(ctx context.Context, ref connection.Reference) (connection.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := connection.Canonical(ref)
	got, ok := s.known[name]
	if ctx.Err() != nil || !ok {
		got.value, got.err = s.resolver.Resolve(ctx, ref)
	}
	if ctx.Err() != nil {
		return got.value, got.err
	}
	s.redactor.Add(got.value.Reveal())
	if s.known == nil {
		s.known = map[string]secret{}
	}
	s.known[name] = got
	return got.value, got.err
}

// withValues reads the values of the credentials, if the key of the fingerprints is set, and plans
// again with the comparison: the changes and their hash are the same.
func (s *Session) withValues(ctx context.Context, p *plan.Plan) (*plan.Plan, error) {
	if len(p.Compared) == 0 {
		return p, nil
	}
	key, err := s.fingerprintKey()
	if err != nil || key == nil {
		return p, err
	}
	s.planned.Fingerprints, err = s.fingerprints(ctx, key, p.Compared)
	if err != nil {
		return nil, err
	}
	p, problems, err := s.makeDetailed(ctx)
	return p, cmp.Or(err, problems.Err())
}

// fingerprints reads all values and compares them with their records. Each value that cannot be
// read is a problem; all problems are reported together.
func (s *Session) fingerprints(ctx context.Context, key *fingerprint.Key, compared []plan.Compared) (map[connection.Key]plan.Fingerprint, error) {
	if err := s.readAll(ctx, compared); err != nil {
		return nil, err
	}
	found := make(map[connection.Key]plan.Fingerprint, len(compared))
	for _, one := range compared {
		resolved, _ := connection.Resolve(one.Credentials, func(ref connection.Reference) (connection.Secret, error) {
			return s.secrets.read(ctx, ref)
		})
		credentials := resolved.(map[string]any)
		verdict := key.Compare(one.Recorded, credentials)
		found[one.Connection] = plan.Fingerprint{
			Fresh:   key.Of(one.Connection, credentials),
			Changed: verdict == fingerprint.Changed, Unknown: verdict == fingerprint.Unknown,
		}
	}
	return found, nil
}

// readAll reads the referenced values, in the order of the files.
func (s *Session) readAll(ctx context.Context, compared []plan.Compared) error {
	var refs []connection.Reference
	for _, one := range compared {
		_, _ = connection.Resolve(one.Credentials, func(ref connection.Reference) (connection.Secret, error) {
			refs = append(refs, ref)
			return connection.Secret{}, nil
		})
	}
	slices.SortStableFunc(refs, func(x, y connection.Reference) int {
		return cmp.Or(x.Position.Compare(y.Position), cmp.Compare(connection.Canonical(x), connection.Canonical(y)))
	})
	var problems connection.Problems
	for _, ref := range refs {
		_, err := s.secrets.read(ctx, ref)
		var problem connection.Problem
		switch {
		case errors.As(err, &problem):
			problems = append(problems, problem)
		case err != nil:
			return err
		}
	}
	return spec.Collect(problems).Err()
}

// fingerprintKey returns the key of the fingerprints; nil if it is not set.
func (s *Session) fingerprintKey() (*fingerprint.Key, error) {
	text, set := s.host.Lookup(spec.FingerprintVariable)
	if !set {
		return nil, nil
	}
	key, err := fingerprint.NewKey(connection.NewSecret(text), s.project.Name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", spec.FingerprintVariable, err)
	}
	return key, nil
}

// checkFingerprintKey returns an error if the key of the fingerprints is set and invalid.
func (s *Session) checkFingerprintKey() error {
	_, err := s.fingerprintKey()
	return errors.Unwrap(err)
}

// cacheDigest returns the function that protects what the read cache keeps of connect statements;
// nil without a cache or a key.
func (s *Session) cacheDigest() (func(texts ...string) string, error) {
	if s.cache == "" {
		return nil, nil
	}
	key, err := s.fingerprintKey()
	if err != nil || key == nil {
		return nil, err
	}
	return func(texts ...string) string { return key.Digest("cache", texts...) }, nil
}
