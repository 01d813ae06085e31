package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	"github.com/qlsync/qlsync/pkg/simulator"
	apinizersimulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
	qliksimulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/spec"
)

// provider is what the use cases need of a kind of system, in addition to [connection.Provider].
type provider struct {
	rules connection.Rules
	// holdsSecret reports whether the value of a property contains a secret.
	holdsSecret func(property string, value any) bool
	// knowsSecret reports whether that is certain; notSensitive can lift a guess.
	knowsSecret func(dataSource, property string, value any) bool
	// builtin returns the data sources that need no vendored file. Nil: they are vendored.
	builtin func() *connection.Catalog
	// parse parses a vendored schema of a data source.
	parse func(id string, text []byte) (*connection.DataSource, error)
	// connect returns the provider. It sends nothing.
	connect func(options) (connection.Provider, error)
	// door is a path that answers every caller, possibly with a refusal.
	door string
	// simulation is the embedded tenant, and embed opens it for a session, from the seed as JSON and
	// the file of its state.
	simulation Simulation
	embed      func(seed []byte, state string) (*embedded, error)
}

// options are the settings of any provider. A provider ignores settings that do not apply to it.
type options struct {
	url         string
	auth        auth
	project     string
	unmarked    bool
	parallelism int
	batchSize   int
	limits      spec.RateLimits
	cacheFile   string
	cacheDigest func(texts ...string) string // see [qlik.Config]
	logger      *slog.Logger
	userAgent   string
	lifetime    context.Context
	secrets     *transport.Redactor
	raise       int // multiplies the limits on answers
	tenant      string
	shared      shared
}

// shared is what the providers of all tenants of a project share. The zero value is nothing.
type shared struct{ samples *qlik.Samples }

func newShared() shared { return shared{qlik.NewSamples()} }

// auth is the parts of a sign-in, by their names in the project file. Undeclared parts are empty.
type auth struct {
	apiKey, clientID, clientSecret, privateKey, token, user, password connection.Secret
	keyID                                                             string
}

// qlik returns the parts for Qlik Cloud.
func (a auth) qlik() qlik.Auth {
	return qlik.Auth{APIKey: a.apiKey, ClientID: a.clientID, ClientSecret: a.clientSecret, PrivateKey: a.privateKey, KeyID: a.keyID}
}

// embedded is a tenant that runs within the process.
type embedded struct {
	url  string
	auth auth
	// reseeded reports that the seed has changed, so that the tenant starts again.
	reseeded bool
	misuse   func() []string // requests that broke the contract
	unsaved  func() error    // why its state could not be saved
	close    func()
}

// providerOf returns the kind of system of a tenant; false for an unknown name.
func providerOf(tenant *spec.Tenant) (provider, bool) {
	kind, ok := providers[tenant.Provider]
	return kind, ok
}

var providers = map[string]provider{spec.ProviderQlik: qlikCloud, spec.ProviderApinizer: apinizerManager}

var simulatedQlik = simulation(
	qliksimulator.ParseFaults, func(faults []simulator.Fault) qliksimulator.Options { return qliksimulator.Options{Faults: faults} },
	qliksimulator.New, qliksimulator.Open,
)

// withFleets adds the embedded fleet of Qlik Cloud.
func withFleets(s Simulation) Simulation {
	s.IsFleet = qliksimulator.IsFleet
	s.OpenFleet = func(seed []byte) (SimulatedFleet, error) {
		return qliksimulator.NewFleet(seed, qliksimulator.Options{})
	}
	return s
}

var qlikCloud = provider{
	rules: qlik.Rules{}, holdsSecret: qlik.HoldsSecret, knowsSecret: qlik.KnowsSecret, parse: qlik.ParseDataSource,
	connect: func(o options) (connection.Provider, error) {
		return qlik.New(qlik.Config{
			URL: o.url, Auth: o.auth.qlik(),
			Project: o.project, Parallelism: o.parallelism, BatchSize: o.batchSize,
			Limits: qlik.Limits{Reads: o.limits.Reads, Writes: o.limits.Writes}, CacheFile: o.cacheFile, CacheDigest: o.cacheDigest,
			Logger: o.logger, UserAgent: o.userAgent, Lifetime: o.lifetime, Secrets: o.secrets, RaiseLimits: o.raise,
			Samples: o.shared.samples, Tenant: o.tenant,
		})
	},
	door:       "/api/v1/users/me",
	simulation: withFleets(simulatedQlik),
	embed:      embedding(simulatedQlik, func(token connection.Secret) auth { return auth{apiKey: token} }),
}

// listQlikTenants returns the tenants of an organization, whose console the options select.
func listQlikTenants(ctx context.Context, o options, where string) ([]spec.LockedTenant, error) {
	listed, err := qlik.Tenants(ctx, qlik.Config{
		URL: o.url, Auth: o.auth.qlik(), Logger: o.logger, UserAgent: o.userAgent,
		Lifetime: o.lifetime, Secrets: o.secrets, RaiseLimits: o.raise,
	}, where)
	tenants := make([]spec.LockedTenant, len(listed))
	for i, tenant := range listed {
		tenants[i] = spec.LockedTenant{ID: tenant.ID, Name: tenant.Name, Host: tenant.Host, Region: tenant.Region, Status: tenant.Status}
	}
	return tenants, err
}

var simulatedApinizer = simulation(
	apinizersimulator.ParseFaults, func(faults []simulator.Fault) apinizersimulator.Options {
		return apinizersimulator.Options{Faults: faults}
	},
	apinizersimulator.New, apinizersimulator.Open,
)

var apinizerManager = provider{
	rules: apinizer.Rules{}, holdsSecret: apinizer.HoldsSecret, knowsSecret: apinizer.KnowsSecret, builtin: apinizer.Builtin,
	connect: func(o options) (connection.Provider, error) {
		if o.cacheFile != "" {
			return nil, errors.New("cache: this tenant does not return when a connection was changed, so reads cannot be cached. Run the command without --cache")
		}
		return apinizer.New(apinizer.Config{
			URL: o.url, Auth: apinizer.Auth{Token: o.auth.token, User: o.auth.user, Password: o.auth.password},
			Project: o.project, NoRecords: o.unmarked, Parallelism: o.parallelism,
			Logger: o.logger, UserAgent: o.userAgent, Lifetime: o.lifetime, Secrets: o.secrets, RaiseLimits: o.raise,
		})
	},
	door:       "/apiops/projects/",
	simulation: simulatedApinizer,
	embed:      embedding(simulatedApinizer, func(token connection.Secret) auth { return auth{token: token} }),
}

// checkCredentials checks the declarations against what the provider and the catalog know to be
// secret.
func (kind provider) checkCredentials(set *spec.DesiredSet, known *connection.Catalog) connection.Problems {
	return spec.CheckCredentials(set.Connections, known.Classify(kind.rules.Classify), known.HoldsSecret(kind.holdsSecret), known.KnowsSecret(kind.knowsSecret))
}

// ParseDataSource parses a vendored schema of a data source of a provider.
func ParseDataSource(name, id string, text []byte) (*connection.DataSource, error) {
	kind, ok := providers[name]
	if !ok || kind.parse == nil {
		return nil, fmt.Errorf("provider %q has no vendored data sources", name)
	}
	return kind.parse(id, text)
}
