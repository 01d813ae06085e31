package doctor

import (
	"cmp"
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// SecretsFormat names the JSON contract of [Secrets].
const SecretsFormat = "qlsync.secrets/v1"

// Secrets is every reference that the files of some tenants need.
type Secrets struct {
	Format  string          `json:"format"`
	Project string          `json:"project"`
	Tenants []TenantSecrets `json:"tenants"`
}

// TenantSecrets is every reference that the files of one tenant need.
type TenantSecrets struct {
	Tenant plan.Tenant `json:"tenant"`
	// Secrets are in the order of their uses, then of the files.
	Secrets []Secret `json:"secrets"`
}

// Secret is one reference, and whether its source exists. It never contains a value.
type Secret struct {
	Reference connection.Reference `json:"reference"`
	Use       Use                  `json:"use"`
	// Connections are the connections that refer to the secret, by key; empty unless the use is
	// [UseCredentials] or [UseSignIn].
	Connections []connection.Key `json:"connections,omitempty"`
	// Position is the first position of the reference; nil if it is in no file.
	Position *connection.Position `json:"position,omitempty"`
	// Present reports whether the source exists; see [resolver.Resolver.Present].
	Present bool `json:"present"`
	// Problem says why the source is not usable; empty if it is.
	Problem string `json:"problem,omitempty"`
	// Code is the code of the problem.
	Code string `json:"-"`
	// Hint is what to do about the problem; may be empty.
	Hint string `json:"hint,omitempty"`
}

// Use is the purpose of a secret.
type Use string

// The uses of secrets, in the order in which they are listed.
const (
	// UseAuth signs in to the tenant.
	UseAuth Use = "auth"
	// UseCredentials is a part of the credentials of connections.
	UseCredentials Use = "credentials"
	// UseSignIn is the code of a person's sign-in. Without it, apply says where to get one.
	UseSignIn Use = "sign-in"
	// UseFingerprints is the key of the fingerprints. Without it, there are no fingerprints.
	UseFingerprints Use = "fingerprints"
)

var useOrder = []Use{UseAuth, UseCredentials, UseSignIn, UseFingerprints}

// Optional reports whether apply works without a secret of this use.
func (u Use) Optional() bool { return u == UseSignIn || u == UseFingerprints }

// Missing returns the required secrets that do not exist.
func (t TenantSecrets) Missing() []Secret {
	return slices.DeleteFunc(slices.Clone(t.Secrets), func(s Secret) bool { return s.Present || s.Use.Optional() })
}

// ListSecrets lists the references of a tenant's files, and calls present for each reference once.
// The catalog identifies the credential that is the code of a sign-in; it may be nil.
func ListSecrets(tenant *spec.Tenant, declared []connection.Desired, catalog *connection.Catalog, present func(connection.Reference) error) TenantSecrets {
	l := lister{known: map[string]*Secret{}}
	if tenant.SimFile == "" { // the embedded tenant needs no sign-in
		for _, ref := range tenant.Auth.References() {
			l.add(UseAuth, ref, nil)
		}
	}
	for i := range declared {
		l.addConnection(&declared[i], catalog)
	}
	if len(l.found) > 0 {
		l.add(UseFingerprints, connection.Reference{Env: spec.FingerprintVariable}, nil)
	}
	listed := TenantSecrets{Tenant: plan.Tenant{Name: tenant.Name, URL: tenant.URL}, Secrets: make([]Secret, len(l.found))}
	for i, secret := range l.found {
		listed.Secrets[i] = *secret
		listed.Secrets[i].check(present)
	}
	slices.SortStableFunc(listed.Secrets, func(x, y Secret) int {
		return cmp.Or(
			cmp.Compare(slices.Index(useOrder, x.Use), slices.Index(useOrder, y.Use)),
			x.Reference.Position.Compare(y.Reference.Position),
			cmp.Compare(connection.Canonical(x.Reference), connection.Canonical(y.Reference)))
	})
	return listed
}

// check sets whether the source of the secret exists.
func (s *Secret) check(present func(connection.Reference) error) {
	if position := s.Reference.Position; position != (connection.Position{}) {
		s.Position = &position
	}
	slices.SortFunc(s.Connections, connection.Key.Compare)
	err := present(s.Reference)
	s.Present = err == nil
	if problem, ok := err.(connection.Problem); ok { //nolint:errorlint // a Resolver returns it as it is
		s.Problem, s.Hint, s.Code = problem.Message, problem.Hint, problem.Code
	} else if err != nil {
		s.Problem = err.Error()
	}
}

// lister collects references, each once for each use.
type lister struct {
	found []*Secret
	known map[string]*Secret
}

func (l *lister) addConnection(d *connection.Desired, catalog *connection.Catalog) {
	code := ""
	if catalog != nil && catalog.DataSources[d.DataSource] != nil && catalog.DataSources[d.DataSource].SignIn != nil {
		code = catalog.DataSources[d.DataSource].SignIn.Code
	}
	key := connection.Key{Space: d.Space.String(), Name: d.Name}
	for name, value := range d.Credentials {
		use := UseCredentials
		if name == code {
			use = UseSignIn
		}
		_, _ = connection.Resolve(value, func(ref connection.Reference) (connection.Secret, error) {
			l.add(use, ref, &key)
			return connection.Secret{}, nil
		})
	}
}

func (l *lister) add(use Use, ref connection.Reference, key *connection.Key) {
	name := string(use) + " " + connection.Canonical(ref)
	secret := l.known[name]
	if secret == nil {
		secret = &Secret{Use: use, Reference: ref}
		l.known[name] = secret
		l.found = append(l.found, secret)
	}
	if ref.Position.Compare(secret.Reference.Position) < 0 {
		secret.Reference.Position = ref.Position
	}
	if key != nil && !slices.Contains(secret.Connections, *key) {
		secret.Connections = append(secret.Connections, *key)
	}
}
