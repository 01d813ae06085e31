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

// provider is what the use cases need of a kind of system besides [connection.Provider].
type provider struct {
	rules connection.Rules
	// holdsSecret reports whether the value of a property contains a secret.
	holdsSecret func(property string, value any) bool
	// knowsSecret reports whether that is more than a guess, which notSensitive can lift.
	knowsSecret func(dataSource, property string, value any) bool
	// builtin returns the data sources that are known without a network and without a
	// vendored file. Nil: they are vendored.
	builtin func() *connection.Catalog
	// parse reads a vendored file that describes a data source.
	parse func(id string, text []byte) (*connection.DataSource, error)
	// connect makes the engine's side of it. It sends nothing.
	connect func(options) (connection.Provider, error)
	// door is a path that answers everybody, if only with a refusal.
	door string
	// simulation is the embedded tenant, and embed opens it for a session: the seed as JSON,
	// and the file of its state.
	simulation Simulation
	embed      func(seed []byte, state string) (*embedded, error)
}

// options say how to speak to a tenant, whatever its kind. A provider takes no
// notice of what does not exist there.
type options struct {
	url         string
	auth        auth
	project     string
	unmarked    bool
	parallelism int
	batchSize   int
	limits      spec.RateLimits
	cacheFile   string
	logger      *slog.Logger
	userAgent   string
	lifetime    context.Context
	secrets     *transport.Redactor
	raise       int // what the limits on answers are multiplied by
}

// auth is the parts of a sign-in, by their names in the project file. What is not
// declared is empty.
type auth struct{ apiKey, clientID, clientSecret, token, user, password connection.Secret }

// embedded is a tenant that runs within the process.
type embedded struct {
	url  string
	auth auth
	// reseeded reports that its seed has changed, so that it starts anew.
	reseeded bool
	misuse   func() []string // requests that broke the contract
	unsaved  func() error    // why its state could not be saved
	close    func()
}

// providerOf returns the kind of system that a tenant is; false for a name that this
// program does not know.
func providerOf(tenant *spec.Tenant) (provider, bool) {
	kind, ok := providers[tenant.Provider]
	return kind, ok
}

var providers = map[string]provider{spec.ProviderQlik: qlikCloud, spec.ProviderApinizer: apinizerManager}

var simulatedQlik = simulation(
	qliksimulator.ParseFaults, func(faults []simulator.Fault) qliksimulator.Options { return qliksimulator.Options{Faults: faults} },
	qliksimulator.New, qliksimulator.Open,
)

var qlikCloud = provider{
	rules: qlik.Rules{}, holdsSecret: qlik.HoldsSecret, knowsSecret: qlik.KnowsSecret, parse: qlik.ParseDataSource,
	connect: func(o options) (connection.Provider, error) {
		return qlik.New(qlik.Config{
			URL: o.url, Auth: qlik.Auth{APIKey: o.auth.apiKey, ClientID: o.auth.clientID, ClientSecret: o.auth.clientSecret},
			Project: o.project, Parallelism: o.parallelism, BatchSize: o.batchSize,
			Limits: qlik.Limits{Reads: o.limits.Reads, Writes: o.limits.Writes}, CacheFile: o.cacheFile,
			Logger: o.logger, UserAgent: o.userAgent, Lifetime: o.lifetime, Secrets: o.secrets, RaiseLimits: o.raise,
		})
	},
	door:       "/api/v1/users/me",
	simulation: simulatedQlik,
	embed:      embedding(simulatedQlik, func(token connection.Secret) auth { return auth{apiKey: token} }),
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
			return nil, errors.New("cache: this tenant does not say when a connection was changed, so nothing can be kept: leave --cache out")
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

// checkCredentials checks what the files declare against what is known to be secret: by
// the provider, and by the catalog.
func (kind provider) checkCredentials(set *spec.DesiredSet, known *connection.Catalog) connection.Problems {
	return spec.CheckCredentials(set.Connections, known.Classify(kind.rules.Classify), known.HoldsSecret(kind.holdsSecret), known.KnowsSecret(kind.knowsSecret))
}

// ParseDataSource reads a vendored file that describes a data source of a provider.
func ParseDataSource(name, id string, text []byte) (*connection.DataSource, error) {
	kind, ok := providers[name]
	if !ok || kind.parse == nil {
		return nil, fmt.Errorf("provider %q has no vendored data sources", name)
	}
	return kind.parse(id, text)
}
