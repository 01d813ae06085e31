package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/report"
	"github.com/qlsync/qlsync/pkg/spec"
)

// session is one project and one of its tenants, opened for one command.
type session struct {
	env      *environment
	project  *spec.Project
	tenant   *spec.Tenant
	declared *spec.DesiredSet
	// variables are those that the flags set.
	variables map[string]string
	// problems are those of the files. While one is an error, the tenant is asked
	// only for what else is wrong.
	problems connection.Problems
	// local is what the vendored schemas say, and what is wrong with them.
	local         *connection.Catalog
	localProblems connection.Problems
	// people asks the tenant who owns what, too.
	people   bool
	provider connection.Provider
	secrets  secrets
	// taken is when the snapshot was taken that stands for the tenant; zero: none does.
	taken time.Time
	// identity is what the tenant says of itself, once [session.identify] has asked.
	identity connection.TenantIdentity
	planned  plan.Input   // of the last plan
	drawn    bool         // the progress: see [environment.draws]
	task     *report.Task // while something is shown of it
	// unsaved returns why an embedded tenant could not save its state; nil if it could.
	unsaved func() error
	close   func()
}

// open reads the files and makes the provider; it talks to nobody but the
// embedded tenant. Problems in the files come back with what the tenant says, from
// [session.input], unless it cannot be asked.
func open(c *cli.Context, env *environment) (*session, error) {
	files, err := readProject(c, env)
	if err != nil {
		return nil, err
	}
	return files.open(c, env, c.String("tenant"))
}

// projectFiles is a project file that has been read, with what the flags set.
type projectFiles struct {
	project   *spec.Project
	problems  connection.Problems
	variables map[string]string
}

func readProject(c *cli.Context, env *environment) (*projectFiles, error) {
	if _, err := env.prepare(c); err != nil {
		return nil, err
	}
	variables, err := variables(c)
	if err != nil {
		return nil, err
	}
	files := &projectFiles{variables: variables}
	err = interruptibly(c.Context, func() error {
		files.project, files.problems = loadProject(c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if files.project == nil {
		return nil, files.problems
	}
	if err := checkReplaced(c, files.project, variables); err != nil {
		return nil, err
	}
	return files, nil
}

// open opens one of the tenants; see the function open. It may be called
// concurrently.
func (files *projectFiles) open(c *cli.Context, env *environment, name string) (*session, error) {
	logger, err := env.prepare(c)
	if err != nil {
		return nil, err
	}
	s, err := files.session(c, env, name)
	if err != nil {
		return nil, err
	}
	if s.problems.Err() != nil && !s.tenant.CanBeAsked() {
		return nil, s.problems
	}
	if name := c.String("snapshot"); name != "" {
		err = s.useSnapshot(c.Context, name)
	} else {
		err = s.connect(c, logger)
	}
	if err != nil {
		return nil, s.besides(err)
	}
	return s, nil
}

// session reads what the files say about a tenant, and connects to nothing.
func (files *projectFiles) session(c *cli.Context, env *environment, name string) (*session, error) {
	tenant, err := files.project.Tenant(name)
	if err != nil {
		return nil, firstOf(files.problems.Err(), err)
	}
	s := &session{
		env: env, project: files.project, tenant: tenant, variables: files.variables, drawn: env.draws(c), task: env.task,
		unsaved: func() error { return nil }, close: func() {},
	}
	s.secrets.resolver, s.secrets.redactor = files.project.Resolver(env.lookup), env.secrets
	s.local, s.localProblems = vendored(files.project, tenant)
	return s, interruptibly(c.Context, func() error {
		s.declared, s.problems = desired(files.project, tenant, files.variables, s.local, files.problems)
		return nil
	})
}

// loadProject reads the project file that the flags name.
func loadProject(c *cli.Context) (*spec.Project, connection.Problems) {
	return spec.Options{AllowExec: c.Bool("allow-exec"), RaiseLimits: c.Int("raise-limits")}.LoadProject(c.String("config"))
}

// desired gives what the files say about a tenant, and adds what is wrong in them
// to the problems. The vendored catalog tells more about what is a secret.
func desired(project *spec.Project, tenant *spec.Tenant, variables map[string]string, local *connection.Catalog, problems connection.Problems,
) (*spec.DesiredSet, connection.Problems) {
	set, more := project.Desired(tenant, variables)
	kind, ok := providerOf(tenant)
	if !ok {
		return set, spec.Collect(problems, more, connection.Problems{unknownProvider(tenant)})
	}
	return set, spec.Collect(problems, more, spec.CheckCredentials(set.Connections, local.Classify(kind.classify), local.HoldsSecret(kind.holdsSecret), local.KnowsSecret(kind.knowsSecret)))
}

// besides says what is wrong in the files before an error that ends the command, and
// explains the error.
func (s *session) besides(err error) error {
	err = s.explained(err)
	var problems connection.Problems
	if errors.As(err, &problems) {
		return spec.Collect(s.problems, problems)
	}
	_ = s.env.text(s.env.stderr).Problems(s.env.stderr, s.problems)
	return err
}

func variables(c *cli.Context) (map[string]string, error) {
	set := map[string]string{}
	for _, pair := range c.StringSlice("var") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("variable %q: it must be NAME=VALUE", pair)
		}
		text, err := infile.Text([]byte(value))
		if err != nil {
			return nil, fmt.Errorf("variable %q: its value is %w, so it cannot be sent unchanged", name, err)
		}
		set[name] = string(text)
	}
	return set, nil
}

// report says warnings at once; errors come back. That nobody can read the warnings ends
// nothing.
func (env *environment) report(problems connection.Problems) error {
	problems = spec.Collect(problems)
	if problems.Err() != nil {
		return problems
	}
	_ = env.text(env.stderr).Problems(env.stderr, problems)
	return nil
}

func unknownProvider(tenant *spec.Tenant) connection.Problem {
	return connection.Problem{
		Position: tenant.Position, Severity: connection.SeverityError,
		Message: fmt.Sprintf("tenant %q is of a kind that this qlsync cannot speak to: %q", tenant.Name, tenant.Provider),
	}
}

// connect makes the provider: of the tenant at the URL, or of an embedded one
// that is started for the length of the command.
func (s *session) connect(c *cli.Context, logger *slog.Logger) error {
	kind, ok := providerOf(s.tenant)
	if !ok {
		return connection.Problems{unknownProvider(s.tenant)}
	}
	o := options{
		url: s.tenant.URL, project: s.project.Name, unmarked: s.tenant.Unmarked, parallelism: c.Int("parallelism"),
		logger: logger, userAgent: "qlsync/" + version(),
		lifetime: s.env.lifetime, secrets: s.env.secrets, batchSize: c.Int("batch-size"),
		limits: s.tenant.RateLimits, raise: c.Int("raise-limits"),
	}
	if c.IsSet("batch-size") && o.batchSize < 1 {
		return fmt.Errorf("batch-size %d: it must be at least 1", o.batchSize)
	}
	var seed []byte
	var err error
	if s.tenant.SimFile == "" {
		if err = s.checkHost(); err == nil {
			o.auth, err = s.auth(c.Context)
		}
	} else if seed, err = readSeed(s.tenant.SimFile); err == nil {
		o.url, o.auth, err = s.embed(kind, seed)
	}
	if err != nil {
		return err
	}
	o.cacheFile = s.cacheFile(c.String("cache"), seed)
	if err = s.checkCache(c.String("cache"), o.cacheFile); err == nil {
		s.provider, err = kind.connect(o)
	}
	if err != nil {
		s.close()
	}
	return err
}

// hostsVariable is the environment variable that lists the hosts to which a token
// may be sent, whatever the files say: who may write them is not always who may have
// the token.
const hostsVariable = "QLSYNC_HOSTS"

// checkHost refuses to sign in to a host that is not listed, where hosts are to be
// listed. A list of none is a slip: a pipeline sets its variable to nothing where
// nobody has filled it in.
func (s *session) checkHost() error {
	listed, set := s.env.lookup(hostsVariable)
	hosts := strings.FieldsFunc(listed, func(r rune) bool { return r == ',' || r == ' ' })
	for _, host := range hosts {
		if !isHost(host) {
			return fmt.Errorf("%s lists %q, which is not a host, so no token was sent: write only the host, such as acme.eu.qlikcloud.com, and separate hosts by commas",
				hostsVariable, host)
		}
	}
	address, err := url.Parse(s.tenant.URL)
	switch {
	case !set, err == nil && slices.ContainsFunc(hosts, func(host string) bool { return strings.EqualFold(host, address.Host) }):
		return nil
	case len(hosts) == 0:
		return refused("%s is set and lists no host, so no token is sent to tenant %q: list the hosts that may get one, such as acme.eu.qlikcloud.com, or unset it",
			hostsVariable, s.tenant.Name)
	}
	return refused("tenant %q is at %s, which %s does not list: no token is sent there", s.tenant.Name, s.tenant.URL, hostsVariable)
}

// isHost reports whether a text is a host as it is in a URL, with or without a port, and
// nothing else: an entry such as "https://acme.example" or "*.example" would never fit,
// and who wrote it believes that it does.
func isHost(text string) bool {
	address, err := url.Parse("https://" + text)
	return err == nil && address.Host == text && address.Hostname() != "" && !strings.ContainsAny(text, "*?#@")
}

// embed starts the embedded tenant on a loopback port. The next command finds the state
// that this one leaves: see [stateFile].
func (s *session) embed(kind provider, seed []byte) (string, auth, error) {
	state, err := stateFile(s.project.Dir, s.tenant.SimFile)
	if err != nil {
		return "", auth{}, fmt.Errorf("%s: the state of the embedded tenant: %w", s.tenant.URL, err)
	}
	tenant, err := kind.embed(seed, state)
	if err != nil {
		return "", auth{}, mistakes(s.tenant.URL, err)
	}
	if tenant.reseeded {
		fmt.Fprintf(s.env.stderr, "The embedded tenant starts anew: %s has changed.\n", report.Clean(s.tenant.URL))
	}
	s.unsaved = tenant.unsaved
	s.close = func() {
		tellMisuse(s.env, tenant.misuse())
		tenant.close()
	}
	return tenant.url, tenant.auth, nil
}

// readSeed reads an embedded tenant's file, as JSON.
func readSeed(file string) ([]byte, error) {
	text, err := infile.Read(file, maxWrittenFile)
	if err != nil {
		return nil, fmt.Errorf("embedded tenant: read %q: %s", filepath.ToSlash(file), infile.Reason(err))
	}
	seed, problems := spec.ToJSON(file, text)
	return seed, problems.Err()
}

// declaredInput gives the part of a plan's input that does not come from the tenant.
func (s *session) declaredInput() plan.Input {
	set := s.declared
	in := plan.Input{
		Project: s.project.Name, Tenant: s.planTenant(),
		Policy: s.project.Policy, Desired: set.Identified(), Moves: set.Moves, Spaces: set.Spaces, OnlyMoves: set.OnlyMoves,
		Normalize: s.provider.Normalize,
	}
	if !s.taken.IsZero() {
		in.Taken = s.taken.Format(time.RFC3339)
	}
	return in
}

// input reads the tenant and gives all that a plan depends on. What is wrong is
// reported at once: in the files, by the schemas, and by the tenant's spaces and
// users. While there is an error, there is no input.
func (s *session) input(ctx context.Context) (plan.Input, error) {
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
	in := s.declaredInput()
	in.Catalog = catalog
	scope := plan.Scope(in)
	scope.People = s.people
	if problems.Err() != nil {
		scope.Details = func(*connection.Live) bool { return false }
	}
	in.Snapshot, err = s.snapshot(ctx, scope)
	if err != nil {
		return plan.Input{}, s.besides(err)
	}
	if problems.Err() != nil {
		_, more := plan.Make(in)
		problems = spec.Collect(problems, spec.Further(s.problems, more))
	}
	return in, s.env.report(problems)
}

// checkSchemas checks the files against the tenant's schemas, and these against
// the vendored ones: what is wrong with those only misleads, so it is a warning.
func (s *session) checkSchemas(catalog *connection.Catalog) connection.Problems {
	problems := slices.Clone(s.localProblems)
	for i := range problems {
		problems[i].Severity = connection.SeverityWarning
	}
	kind, _ := providerOf(s.tenant)
	return spec.Collect(problems,
		spec.CompareVendored(s.project.SchemasDir, s.local, catalog),
		spec.Further(s.problems, spec.CheckProperties(s.declared.Connections, catalog)),
		spec.Further(s.problems, spec.CheckCredentials(s.declared.Connections, catalog.Classify(kind.classify), catalog.HoldsSecret(kind.holdsSecret), catalog.KnowsSecret(kind.knowsSecret))))
}

// plan reads the tenant and plans: for the targets only, if there are any, and
// with what differs from a reviewed plan refused, if that is asked for.
func (s *session) plan(c *cli.Context, reviewed *plan.Plan) (*plan.Plan, error) {
	only, err := keys(c, "target")
	if err != nil {
		return nil, err
	}
	rotate, err := keys(c, "rotate")
	if err != nil {
		return nil, err
	}
	if err := s.checkTenant(c.Context, reviewed); err != nil {
		return nil, err
	}
	in, err := s.input(c.Context)
	if err != nil {
		return nil, err
	}
	in.Only, in.Rotate = only, rotate
	if c.String("on-stale") == "skip" {
		in.Reviewed = reviewed
	}
	s.planned = in
	s.tellCached(c.String("cache"))
	p, problems := plan.Make(in)
	return p, s.env.report(problems)
}

// again reads the tenant once more, with the details of what was touched.
func (s *session) again(ctx context.Context, touched func(*connection.Live) bool) (plan.Input, error) {
	in := s.planned
	scope := plan.Scope(in)
	scope.Details = touched
	var err error
	in.Snapshot, err = s.snapshot(ctx, scope)
	return in, err
}

// auth resolves what the project file says about signing in.
func (s *session) auth(ctx context.Context) (auth, error) {
	a := s.tenant.Auth
	declared := map[string]any{
		"apiKey": a.APIKey, "clientId": a.ClientID, "clientSecret": a.ClientSecret,
		"token": a.Token, "user": a.User, "password": a.Password,
	}
	resolved, errs := connection.Resolve(declared, func(ref connection.Reference) (connection.Secret, error) {
		return s.secrets.read(ctx, ref)
	})
	var problems connection.Problems
	for _, err := range errs {
		var problem connection.Problem
		if !errors.As(err, &problem) {
			return auth{}, errors.Join(errs...)
		}
		problems = append(problems, problem)
	}
	if len(problems) > 0 {
		return auth{}, problems
	}
	parts := map[string]connection.Secret{}
	for name, part := range resolved.(map[string]any) {
		parts[name] = secretOf(part)
	}
	if problems := spec.CheckSignIn(declared, parts); len(problems) > 0 {
		return auth{}, problems
	}
	return auth{
		apiKey: parts["apiKey"], clientID: parts["clientId"], clientSecret: parts["clientSecret"],
		token: parts["token"], user: parts["user"], password: parts["password"],
	}, nil
}

// secretOf takes a part of the sign-in for a secret, also one that may be written
// plainly.
func secretOf(part any) connection.Secret {
	switch part := part.(type) {
	case connection.Secret:
		return part
	case string:
		return connection.NewSecret(part)
	}
	return connection.Secret{}
}
