package qlik

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
)

// Fleet is the tenants of an organization and their console, in memory. It serves each of them at a host of its own, and
// is an http.Handler that is safe for concurrent use.
type Fleet struct {
	// Console lists the tenants. It serves the token endpoint and GET /api/core/tenants.
	Console *Tenant
	// Tenants are the tenants in the order of the seed, also those that the console does not list.
	Tenants []*Tenant

	regional, organization model.OAuth
	hosts                  map[string]*Tenant // by the host of a request
}

// fleetSeed describes a fleet; see [NewFleet].
type fleetSeed struct {
	Template     json.RawMessage `json:"template"`
	Tenants      []fleetTenant   `json:"tenants"`
	Count        int             `json:"count"`
	OAuth        *model.OAuth    `json:"oauth"`
	Organization *organization   `json:"organization"`
	Console      consoleSeed     `json:"console"`
	Domain       string          `json:"domain"`
}

type organization struct {
	ClientID     string   `json:"clientId"`
	ClientSecret string   `json:"clientSecret"`
	Scopes       []string `json:"scopes"`
}

type consoleSeed struct {
	Subscription      string            `json:"subscription"`
	NeedsSubscription bool              `json:"needsSubscription"`
	LinkHost          string            `json:"linkHost"`
	Endless           bool              `json:"endless"`
	Extra             []json.RawMessage `json:"extra"`
	Faults            json.RawMessage   `json:"faults"`
}

type fleetTenant struct {
	Name        string                     `json:"name"`
	ID          string                     `json:"id"`
	Region      string                     `json:"region"`
	Country     string                     `json:"country"`
	Status      string                     `json:"status"`
	Host        string                     `json:"host"`
	Aliases     []string                   `json:"aliases"`
	Seed        map[string]json.RawMessage `json:"seed"`
	AnswersAs   string                     `json:"answersAs"`
	Unlisted    bool                       `json:"unlisted"`
	Unreachable bool                       `json:"unreachable"`
	Faults      json.RawMessage            `json:"faults"`
}

// IsFleet reports whether a seed, as JSON, describes a fleet.
func IsFleet(seed []byte) bool {
	var keys map[string]json.RawMessage
	if json.Unmarshal(seed, &keys) != nil {
		return false
	}
	_, listed := keys["tenants"]
	_, counted := keys["count"]
	return listed || counted
}

// NewFleet returns the tenants and the console that a seed describes. The seed is JSON; unknown fields are errors:
//
//	{"template": {"users": [{"email": "ana@example.com", "roles": ["TenantAdmin"]}]},
//	 "tenants": [{"name": "Acme", "region": "eu-west-1", "seed": {"connections": []}},
//	             {"name": "Bolt", "unreachable": true}],
//	 "count": 3, "oauth": {"clientId": "regional", "clientSecret": "..."},
//	 "organization": {"clientId": "organization", "clientSecret": "..."},
//	 "console": {"subscription": "s1", "extra": [{"name": "no id"}]}}
//
// Each tenant has the content of the template, with the keys of its own seed instead, and ids of its own. count adds
// tenants with the names tenant-0001, tenant-0002 and so on. The client of oauth is a regional one: each tenant issues
// tokens to it, for itself alone, and adds the bot user with the first token. The client of organization can only read the
// list of the console. Clients that are left out have random secrets: see [Fleet.Environment].
func NewFleet(seed []byte, o Options) (*Fleet, error) {
	var s fleetSeed
	if err := host.DecodeStrict(seed, &s); err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	if len(o.Faults) > 0 {
		return nil, errors.New("faults: a fleet has faults for each tenant: write them in its seed")
	}
	s.complete()
	f := &Fleet{
		hosts: make(map[string]*Tenant), regional: *s.OAuth,
		organization: model.OAuth{ClientID: s.Organization.ClientID, ClientSecret: s.Organization.ClientSecret},
	}
	template, err := model.ParseSeed(s.Template)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	if s.OAuth.PublicKey != nil {
		if err := s.OAuth.PublicKey.Check(); err != nil {
			return nil, fmt.Errorf("seed: oauth.publicKey%w", err)
		}
	}
	var entries []entry
	for i := range s.Tenants {
		described := &s.Tenants[i]
		tenant, err := f.add(&s, described, template, o)
		if err != nil {
			return nil, fmt.Errorf("tenants[%d] (%s): %w", i, described.Name, err)
		}
		f.Tenants = append(f.Tenants, tenant)
		if !described.Unlisted {
			entries = append(entries, described.entry(tenant, s.Console.Subscription))
		}
	}
	return f, f.addConsole(&s, entries, o)
}

const defaultTemplate = `{"users": [{"email": "admin@example.com", "name": "Admin", "roles": ["TenantAdmin"]}],
	"spaces": [{"name": "Finance", "type": "shared"}]}`

// complete fills what was left out.
func (s *fleetSeed) complete() {
	s.Domain = cmp.Or(s.Domain, "fleet.test")
	if s.Template == nil {
		s.Template = json.RawMessage(defaultTemplate)
	}
	if s.OAuth == nil {
		s.OAuth = &model.OAuth{ClientID: "regional", ClientSecret: rand.Text()}
	}
	if s.Organization == nil {
		s.Organization = &organization{ClientID: "organization", ClientSecret: rand.Text()}
	}
	if s.Organization.Scopes == nil {
		s.Organization.Scopes = []string{consoleScope}
	}
	s.Console.Subscription = cmp.Or(s.Console.Subscription, "subscription")
	s.Console.LinkHost = cmp.Or(s.Console.LinkHost, "api."+s.Domain)
	for i := range max(s.Count, 0) {
		s.Tenants = append(s.Tenants, fleetTenant{Name: fmt.Sprintf("tenant-%04d", i+1), Region: regions[i%3].code})
	}
	for i := range s.Tenants {
		s.Tenants[i].complete(s.Domain)
	}
}

// notInHosts is what a label of a host cannot have.
var notInHosts = regexp.MustCompile(`[^a-z0-9]+`)

func (d *fleetTenant) complete(domain string) {
	d.Region = cmp.Or(d.Region, regions[0].code)
	d.Country = cmp.Or(d.Country, regionOf(d.Region).country)
	d.Status = cmp.Or(d.Status, "active")
	d.ID = cmp.Or(d.ID, identity.Opaque("tenant", d.Name)[:32])
	if d.Host == "" {
		label := strings.Trim(notInHosts.ReplaceAllString(strings.ToLower(d.Name), "-"), "-")
		d.Host = cmp.Or(label, "tenant") + "." + regionOf(d.Region).part + "." + domain
	}
	d.Host = strings.ToLower(d.Host)
}

// entry is the tenant as the console lists it.
func (d *fleetTenant) entry(tenant *Tenant, subscription string) entry {
	return entry{
		ID: d.ID, Name: d.Name, Status: d.Status, Hostnames: d.Aliases, RegionCode: d.Region, CountryCode: d.Country,
		SubscriptionID: subscription, LicenseNumber: "1000000000000000", LicenseEndsAt: timestamp(model.SeedTime.AddDate(10, 0, 0)),
		CreatedAt: timestamp(model.SeedTime), UpdatedAt: timestamp(model.SeedTime), at: tenant.place,
	}
}

// add makes a tenant and adds its host.
func (f *Fleet) add(s *fleetSeed, d *fleetTenant, template *model.Seed, o Options) (*Tenant, error) {
	seed := *template
	if len(d.Seed) > 0 {
		merged, err := merge(s.Template, d.Seed)
		if err != nil {
			return nil, err
		}
		own, err := model.ParseSeed(merged)
		if err != nil {
			return nil, err
		}
		seed = *own
	}
	if seed.Token != "" {
		seed.Token += "-" + d.Name // an API key is of one tenant
	}
	seed.TenantID = cmp.Or(d.AnswersAs, d.ID)
	if d.Faults != nil {
		var err error
		if o.Faults, err = ParseFaults(d.Faults); err != nil {
			return nil, err
		}
	}
	t, err := build(&seed, o, &place{salt: d.ID, name: d.Name, region: regionOf(d.Region), status: d.Status, host: d.Host})
	if err != nil {
		return nil, err
	}
	t.unreachable = d.Unreachable
	if seed.OAuth == nil {
		t.keys.oauth, t.keys.bot = s.OAuth, t.store.World.Bot(s.OAuth.ClientID).ID
	}
	return t, f.serve(t)
}

// serve makes a service answer at its host.
func (f *Fleet) serve(t *Tenant) error {
	if f.hosts[t.place.host] != nil {
		return fmt.Errorf("host: %q is used twice", t.place.host)
	}
	f.hosts[t.place.host] = t
	return nil
}

// merge returns a seed with some keys instead of its own.
func merge(template json.RawMessage, own map[string]json.RawMessage) ([]byte, error) {
	var merged map[string]json.RawMessage
	if err := json.Unmarshal(template, &merged); err != nil {
		return nil, err
	}
	maps.Copy(merged, own)
	return json.Marshal(merged)
}

func (f *Fleet) addConsole(s *fleetSeed, entries []entry, o Options) error {
	for i, text := range s.Console.Extra {
		extra := entry{text: text}
		_ = json.Unmarshal(text, &extra) // a value of another kind has no fields to filter by
		if !json.Valid(text) {
			return fmt.Errorf("seed: console.extra[%d]: not valid JSON", i)
		}
		entries = append(entries, extra)
	}
	for i := range entries {
		entries[i].number = i
	}
	if s.Console.Faults != nil {
		var err error
		if o.Faults, err = ParseFaults(s.Console.Faults); err != nil {
			return fmt.Errorf("console: %w", err)
		}
	}
	seed := &model.Seed{TenantID: "console", OAuth: &f.organization}
	seed.AddOnlyUser("console@" + s.Domain)
	t, err := build(seed, o, &place{name: "console", host: "console." + s.Domain})
	if err != nil {
		return err
	}
	t.console = &console{
		entries: entries, linkHost: s.Console.LinkHost, endless: s.Console.Endless, needsTerm: s.Console.NeedsSubscription,
		forbidden: !slices.Contains(s.Organization.Scopes, consoleScope),
	}
	t.tokenScope = strings.Join(s.Organization.Scopes, " ")
	t.mux = t.routes(consoleRoutes())
	f.Console = t
	return f.serve(t)
}

// services returns the console, then the tenants.
func (f *Fleet) services() []*Tenant { return append([]*Tenant{f.Console}, f.Tenants...) }

// Hosts returns the hosts by name: that of the console, then those of the tenants.
func (f *Fleet) Hosts() []string {
	var hosts []string
	for _, t := range f.services() {
		hosts = append(hosts, t.place.host)
	}
	return hosts
}

// Place moves the services to other hosts, in the order of [Fleet.Hosts], before the first request. The console lists them.
func (f *Fleet) Place(hosts []string) {
	f.hosts = make(map[string]*Tenant, len(hosts))
	for i, t := range f.services() {
		t.place.host = hosts[i]
		f.hosts[hosts[i]] = t
	}
}

// ServeHTTP serves a request to the service at its host. Another host is answered 421.
func (f *Fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := strings.ToLower(r.Host)
	t := f.hosts[asked]
	if t == nil {
		name, _, err := net.SplitHostPort(asked)
		if err == nil {
			t = f.hosts[name]
		}
	}
	switch {
	case t == nil:
		http.Error(w, "no service of the fleet is at this host", http.StatusMisdirectedRequest)
	case t.unreachable:
		panic(http.ErrAbortHandler) // the server closes the connection without an answer
	default:
		t.ServeHTTP(w, r)
	}
}

// Environment returns the credentials of the fleet as environment variables: NAME=value.
func (f *Fleet) Environment() []string {
	return []string{
		"QLIK_ORGANIZATION_CLIENT_ID=" + f.organization.ClientID, "QLIK_ORGANIZATION_CLIENT_SECRET=" + f.organization.ClientSecret,
		"QLIK_CLIENT_ID=" + f.regional.ClientID, "QLIK_CLIENT_SECRET=" + f.regional.ClientSecret,
	}
}

// Tenant returns the tenant of a name; nil if there is none.
func (f *Fleet) Tenant(name string) *Tenant {
	for _, t := range f.Tenants {
		if t.place.name == name {
			return t
		}
	}
	return nil
}

// Misuse returns the requests to all services that broke the contract, each after the name of the service.
func (f *Fleet) Misuse() []string {
	var all []string
	for _, t := range f.services() {
		for _, misuse := range t.Misuse() {
			all = append(all, t.place.name+": "+misuse)
		}
	}
	return all
}

// UnfiredFaults returns the faults of all services that no request has met.
func (f *Fleet) UnfiredFaults() []Fault {
	var all []Fault
	for _, t := range f.services() {
		all = append(all, t.UnfiredFaults()...)
	}
	return all
}

// Token returns the API key of the first tenant; empty if there is none. See [Tenant.Token] for the others.
func (f *Fleet) Token() string {
	if len(f.Tenants) == 0 {
		return ""
	}
	return f.Tenants[0].Token()
}

// Reseeded is false: a fleet keeps no state.
func (f *Fleet) Reseeded() bool { return false }

// Unsaved is nil: a fleet keeps no state.
func (f *Fleet) Unsaved() error { return nil }

// Close does nothing: a fleet keeps no state.
func (f *Fleet) Close() error { return nil }
