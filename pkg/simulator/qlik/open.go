package qlik

import (
	"crypto/rand"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/ratelimit"
)

// New returns a tenant in memory. The seed is JSON; unknown fields are errors:
//
//	{"caller": "ana@example.com",
//	 "users": [{"email": "ana@example.com", "name": "Ana", "roles": ["TenantAdmin"]}],
//	 "spaces": [{"name": "Finance", "type": "shared", "members": ["ana@example.com"]}],
//	 "connections": [{"name": "Orders lake", "space": "Finance", "dataSource": "File_AmazonS3ConnectorV2",
//	                  "properties": {"bucketName": "orders"}, "credentials": {"secretKey": "..."}, "tags": []}],
//	 "disabledDataSources": [], "rateLimits": {"tier2": {"requests": 500, "seconds": 300}},
//	 "token": "an API key", "oauth": {"clientId": "...", "clientSecret": "..."},
//	 "gateways": [{"name": "Munich", "default": true}], "behaviour": {"keepServerTag": true}}
//
// Only users are required. The API key acts as the caller, by default the first user; without a token a random one is used. Users
// without roles are not administrators. A space without members is open to everybody. Missing ids are derived
// from names.
func New(seed []byte, o Options) (*Tenant, error) {
	return open(seed, nil, o)
}

// Open returns a tenant whose content is stored in stateFile and survives the process. The file is written after every write
// request, before its answer; if it cannot be written, the answer is 500 and nothing has changed. If the seed differs from the seed of the state, the tenant starts again (see
// [Tenant.Reseeded]). The state is locked until Close: a second Open waits for a moment, then fails.
func Open(seed []byte, stateFile string, o Options) (*Tenant, error) {
	return host.WithState(stateFile, o.LockTimeout, func(file *host.StateFile) (*Tenant, error) { return open(seed, file, o) })
}

func open(data []byte, file *host.StateFile, o Options) (*Tenant, error) {
	s, err := model.ParseSeed(data)
	if err != nil {
		return nil, err
	}
	t, err := build(s, o, &place{name: "embedded", region: regions[0], status: "active"})
	if err != nil {
		return nil, err
	}
	t.store.File = file
	return t, t.store.Load(data)
}

// build returns the tenant of a seed in memory.
func build(s *model.Seed, o Options, at *place) (*Tenant, error) {
	behaviour := o.Behaviour.Or(s.Behaviour)
	now := o.Now
	if now == nil {
		now = time.Now
	}
	seeded, err := s.Build(behaviour, now(), at.salt)
	if err != nil {
		return nil, err
	}
	faults, err := host.NewFaults(o.Faults, foreignFault)
	if err != nil {
		return nil, err
	}
	t := &Tenant{
		now: now, options: o, behaviour: behaviour, gateways: seeded.Gateways, faults: faults, place: at,
		limiter: ratelimit.New(o.RateLimits.Or(s.RateLimits).Or(ratelimit.DocumentedLimits), 0),
		keys:    newKeys(s.Token, s.CallerIn(seeded).ID),
	}
	if s.OAuth != nil {
		t.keys.oauth, t.keys.bot = s.OAuth, seeded.Bot(s.OAuth.ClientID).ID
	}
	if t.id = s.TenantID; t.id == "" {
		t.id = identity.Opaque("tenant", t.keys.caller)[:32]
	}
	if behaviour.TenantLimit {
		t.limiter.Users = len(seeded.Users)
	}
	seeded.KeepHistory(t.now)
	t.store = &model.Store{World: seeded, Caller: t.keys.caller, Now: t.now}
	if t.keys.apiKey == "" {
		t.keys.apiKey = rand.Text()
	}
	t.mux = t.routes(routeTable())
	return t, nil
}
