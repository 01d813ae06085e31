package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/vendored"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Session is one project and one of its tenants, opened for one use case. It is not safe
// for concurrent use.
type Session struct {
	host     *Host
	project  *Project
	tenant   *spec.Tenant
	declared *spec.DesiredSet
	// problems are the problems of the files. If there is an error among them, the tenant is only read
	// to find more problems.
	problems connection.Problems
	// local is the catalog of vendored schemas, and localProblems the problems of these schemas.
	local         *connection.Catalog
	localProblems connection.Problems
	provider      connection.Provider
	secrets       secrets
	// taken is the time of the snapshot that replaces the tenant; zero: none.
	taken time.Time
	// identity is the tenant's identity, after [Session.identify].
	identity connection.TenantIdentity
	planned  plan.Input // of the last plan
	// cache and usageCache are the folders of the read caches of connections and of dependents; empty
	// for none.
	cache, usageCache string
	sealKey           []byte // see [sealKey]
	reads             string // one of [spec.ReadModes]
	subset            Subset // is read in detail in any case
	// hold returns why nothing may be written to the tenant any more. Nil: everything may.
	hold func() connection.Reason
	// ours are the texts that the files declare, folded, after the first [Session.quotes].
	ours    map[string]bool
	watched int // calls of watch that have not ended
	// unsaved returns why an embedded tenant could not save its state; nil if it could.
	unsaved func() error
	close   func()
}

// SessionOptions are the settings for calling a tenant.
type SessionOptions struct {
	// Tenant is the name of the tenant. It may be empty if the project has only one.
	Tenant string
	// Parallelism is how many requests run concurrently, at least 1.
	Parallelism int
	// BatchSize is how many connections one bulk call changes. Zero: the provider's default.
	BatchSize int
	// Cache is the folder of the read cache of connections, and UsageCache of the one of dependents.
	// They may be the same. Empty: none.
	Cache, UsageCache string
	// Reads is one of [spec.ReadModes]. Empty: that of the project.
	Reads string
	// Subset is read in detail although the mode proof would not require it.
	Subset Subset
	// Snapshot is a file that replaces the tenant, or "-" for standard input. Empty: none.
	Snapshot string
	// Exports is for [Session.Export]: the files that it is to write may be missing.
	Exports bool

	hold func() connection.Reason // of [Session]
}

// Open connects to a tenant. It sends nothing except what an embedded tenant needs to start. The
// use cases return the problems of the files together with the tenant's, unless the tenant cannot
// be read. The caller closes the session.
func (p *Project) Open(ctx context.Context, o SessionOptions) (*Session, error) {
	s, err := p.session(ctx, o.Tenant)
	if err != nil {
		return nil, err
	}
	if o.Exports {
		s.problems = slices.DeleteFunc(s.problems, func(problem connection.Problem) bool { return slices.ContainsFunc(p.Unmatched(), problem.Same) })
	}
	if s.problems.Err() != nil && !s.tenant.CanBeAsked() {
		return nil, s.problems
	}
	s.reads, s.subset, s.hold = cmp.Or(o.Reads, p.ReadMode), o.Subset, o.hold
	if s.reads == spec.ReadsFull && o.Cache != "" {
		return nil, errors.New("reads is full, and a full read uses no cache. Leave out --cache, or pass --reads proof or --reads cache")
	}
	if o.Snapshot != "" {
		err = s.useSnapshot(ctx, o.Snapshot)
	} else {
		err = s.connect(ctx, o)
	}
	if err != nil {
		return nil, s.besides(err)
	}
	return s, nil
}

// session reads the declarations of a tenant, without connecting to it.
func (p *Project) session(ctx context.Context, name string) (*Session, error) {
	tenant, err := p.Tenant(name)
	if err != nil {
		return nil, cmp.Or(p.Problems.Err(), err)
	}
	s := &Session{host: p.host, project: p, tenant: tenant, unsaved: func() error { return nil }, close: func() {}}
	s.secrets.resolver, s.secrets.redactor = p.resolver(), p.host.Secrets
	s.local, s.localProblems = p.vendoredOnce(tenant)
	return s, Interruptibly(ctx, func() error {
		var problems connection.Problems
		s.declared, problems = p.Desired(tenant, s.local)
		s.problems = spec.Collect(p.Problems, problems)
		return nil
	})
}

// Close ends the session, and an embedded tenant with it. It closes the network connections to the
// tenant: of 1,000 tenants that are done, they would use more memory than those in progress.
func (s *Session) Close() {
	if provider, ok := s.provider.(connection.IdleCloser); ok {
		provider.CloseIdleConnections()
	}
	s.close()
}

// Tenant returns the tenant.
func (s *Session) Tenant() *spec.Tenant { return s.tenant }

// Unsaved returns why an embedded tenant could not save its state; nil if it could.
func (s *Session) Unsaved() error { return s.unsaved() }

// besides adds the problems of the files to an error that ends the use case, and explains the
// error.
func (s *Session) besides(err error) error {
	err = s.explained(err)
	var problems connection.Problems
	if errors.As(err, &problems) {
		return spec.Collect(s.problems, problems)
	}
	if len(s.problems) > 0 {
		s.notify(Warned{s.problems})
	}
	return err
}

// connect creates the provider: for the tenant at the URL, or for an embedded tenant that runs
// during the session.
func (s *Session) connect(ctx context.Context, with SessionOptions) error {
	kind, ok := providerOf(s.tenant)
	if !ok {
		return connection.Problems{unknownProvider(s.tenant)}
	}
	o := options{
		url: s.tenant.URL, project: s.project.Name, unmarked: s.tenant.NoRecords, parallelism: with.Parallelism,
		logger: s.host.logger(s.tenant.Name), userAgent: s.userAgent(),
		lifetime: s.host.Lifetime, secrets: s.host.Secrets, batchSize: with.BatchSize,
		limits: s.tenant.RateLimits, raise: s.project.o.RaiseLimits,
		tenant: s.tenant.Name, shared: s.project.shared,
	}
	var seed []byte
	var err error
	if s.tenant.SimFile == "" {
		if err = s.checkHost(); err == nil {
			o.auth, err = s.auth(ctx)
		}
	} else if seed, err = s.host.readSeed(s.tenant.SimFile); err == nil {
		o.url, o.auth, err = s.embed(kind, seed)
	}
	if err != nil {
		return err
	}
	s.cache, o.cacheFile = with.Cache, s.cacheFile(with.Cache, seed)
	s.usageCache, s.sealKey = with.UsageCache, sealKey(o.auth, seed)
	if err = cmp.Or(s.checkCache(with.Cache, o.cacheFile), s.checkCache(with.UsageCache, s.usageFile())); err == nil {
		o.cacheFile = s.host.at(o.cacheFile)
		if o.cacheDigest, err = s.cacheDigest(); err == nil {
			s.provider, err = kind.connect(o)
		}
	}
	if err != nil {
		s.close()
	}
	return err
}

func (s *Session) userAgent() string { return "qlsync/" + s.host.Version }

// declaredInput returns the part of a plan's input that does not come from the tenant.
func (s *Session) declaredInput() plan.Input {
	set := s.declared
	in := plan.Input{
		Project: s.project.Name, Tenant: s.planTenant(),
		Policy: s.project.Policy, Desired: set.Identified(), Moves: set.Moves, Prepared: set.Prepared, Spaces: set.Spaces, OnlyMoves: set.OnlyMoves,
		Rules: s.provider,
	}
	if !s.taken.IsZero() {
		in.Taken = s.taken.Format(time.RFC3339)
	}
	return in
}

// input reads the tenant and returns the whole input of a plan; with people, including the owners
// of the connections. It reports all problems at once: of the files, by the schemas, and by the
// tenant's spaces and users. If there is an error, there is no input.
func (s *Session) input(ctx context.Context, people bool) (plan.Input, error) {
	defer s.watch()()
	if err := s.identify(ctx); err != nil {
		return plan.Input{}, s.besides(err)
	}
	catalog, err := s.sources(ctx, s.declared.DataSources())
	if err != nil {
		return plan.Input{}, s.besides(err)
	}
	catalog.Reads += s.identity.Reads
	problems := spec.Collect(s.problems, s.checkSchemas(catalog))
	if len(s.declared.Spaces) == 0 {
		problems = append(problems, messages.Problem(connection.Position{File: s.project.File}, connection.SeverityWarning, connection.Because("no-space-read")))
	}
	in := s.declaredInput()
	in.Catalog = catalog
	scope := s.scope(in)
	scope.People = people
	if problems.Err() != nil {
		scope.Details = func(*connection.Live) bool { return false }
	}
	in.Snapshot, err = s.snapshot(ctx, scope)
	if err != nil {
		return plan.Input{}, s.besides(err)
	}
	if problems.Err() != nil {
		_, more := s.make(in)
		problems = spec.Collect(problems, spec.Further(s.problems, more))
	}
	return in, s.warn(problems)
}

// checkSchemas checks the files against the tenant's schemas, and these against the vendored ones.
// A problem of the vendored schemas is a warning, because it misleads only editors and validate.
func (s *Session) checkSchemas(catalog *connection.Catalog) connection.Problems {
	problems := slices.Clone(s.localProblems)
	for i := range problems {
		problems[i].Severity = connection.SeverityWarning
	}
	kind, _ := providerOf(s.tenant)
	return spec.Collect(problems,
		vendored.Compare(s.project.SchemasDir, s.local, catalog),
		spec.Further(s.problems, spec.CheckProperties(s.declared.Connections, catalog)),
		spec.Further(s.problems, kind.checkCredentials(s.declared, catalog)))
}

// PlanOptions select what is planned.
type PlanOptions struct {
	// Target restricts the plan to these connections and their dependencies. Empty: no restriction.
	Target Selection
	// Exclude removes these connections, and those that depend on them, from the plan.
	Exclude Selection
	// Rotate are connections whose credentials are always written, regardless of their records.
	Rotate Selection
	// Reviewed is a plan that was reviewed. A plan of another tenant is refused.
	Reviewed *plan.Plan
	// SkipStale refuses single changes that differ from the reviewed plan, instead of the whole plan.
	SkipStale bool
	// Values compares the values of the credentials with those that were written last, if the key of
	// the fingerprints is set.
	Values bool
	// Impact reads what depends on the connections that the plan can break, even if the policy does
	// not demand it. Applies restricts that to changes that a limit of the policy can refuse: the plan
	// is about to be applied.
	Impact, Applies bool
	Usage           UsageOptions
}

// Plan reads the tenant and plans. Errors are [connection.Problems] for mistakes in the files, and
// a [Refusal] for a reviewed plan of another tenant.
func (s *Session) Plan(ctx context.Context, o PlanOptions) (*plan.Plan, error) {
	p, err := s.plan(ctx, o)
	if err != nil {
		return nil, err
	}
	return p, s.weigh(ctx, p, o)
}

// plan is [Session.Plan] without what depends on the changes.
func (s *Session) plan(ctx context.Context, o PlanOptions) (*plan.Plan, error) {
	if err := s.checkTenant(ctx, o.Reviewed); err != nil {
		return nil, err
	}
	in, err := s.input(ctx, false)
	if err != nil {
		return nil, err
	}
	wrong := o.restrict(&in)
	if o.SkipStale {
		in.Reviewed = o.Reviewed
	}
	s.planned = in
	if s.cache != "" {
		s.notify(FromCache{s.cache, in.Snapshot.Cached, in.Snapshot.Details + in.Snapshot.Cached, in.Snapshot.Unkept})
	}
	p, problems, err := s.makeDetailed(ctx)
	if err != nil {
		return nil, s.explained(err)
	}
	if err := s.warn(spec.Collect(wrong, problems)); err != nil {
		return nil, err // an invalid selection restricts nothing
	}
	if o.Values {
		return s.withValues(ctx, p)
	}
	return p, nil
}

// make plans, and writes the sentences of the plan without the secrets of the run.
func (s *Session) make(in plan.Input) (*plan.Plan, connection.Problems) {
	p, problems := plan.Make(in)
	messages.FillProblems(problems, in.Rules.Messages())
	if p != nil {
		messages.Fill(p.Reasons(), in.Rules.Messages())
	}
	s.redactPlan(p)
	return p, problems
}

// again reads the tenant once more, with the details of the changed connections.
func (s *Session) again(ctx context.Context, touched func(*connection.Live) bool) (plan.Input, error) {
	in := s.planned
	scope := s.scope(in)
	scope.Details = touched
	var err error
	in.Snapshot, err = s.read(ctx, scope) // the result is redacted as a whole
	return in, err
}

// DriftOptions select what a drift report has.
type DriftOptions struct {
	// At is the time of the report.
	At time.Time
	// Ignored are the kinds that are left out.
	Ignored []plan.DriftKind
	// Impact reads what depends on the connections, and sorts them by that.
	Impact bool
	Usage  UsageOptions
}

// Drift reads the tenant and returns its differences from the files.
func (s *Session) Drift(ctx context.Context, o DriftOptions) (*plan.Drift, error) {
	in, err := s.input(ctx, true)
	if err != nil {
		return nil, err
	}
	drift, problems := plan.FindDrift(in)
	for drift != nil {
		more, err := s.detail(ctx, &in, inDrift(drift))
		if err != nil {
			return nil, s.explained(err)
		}
		if !more {
			break
		}
		drift, problems = plan.FindDrift(in)
	}
	messages.FillProblems(problems, in.Rules.Messages())
	if err := s.warn(spec.Collect(problems)); err != nil {
		return nil, err
	}
	messages.Fill(drift.Reasons(), in.Rules.Messages())
	s.redactDrift(drift)
	drift.At = o.At.UTC().Truncate(time.Second)
	for _, kind := range o.Ignored {
		drift.Ignore(kind)
	}
	if o.Impact {
		return drift, s.addImpact(ctx, drift, in.Snapshot, o.Usage)
	}
	return drift, nil
}
