package apinizer

import (
	"crypto/rand"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// New makes a manager that lives in memory alone. The seed is JSON; unknown fields are errors:
//
//	{"token": "a personal access token", "user": {"name": "admin", "password": "..."},
//	 "projects": [{"name": "Payments", "description": "", "access": "manage"}],
//	 "environments": [{"name": "production", "type": "PRODUCTION", "pods": ["worker-1", "worker-2"]}],
//	 "connections": [{"project": "Payments", "type": "email", "name": "mail", "fields": {"host": "mail.example", "password": "..."}}],
//	 "newerFields": {"email": {"useSsl": false}}, "rateLimit": {"requests": 100, "seconds": 60, "header": true},
//	 "behaviour": {"dialect": "legacy"}}
//
// Only projects are needed. Access to a project is manage, view or none; without a token one is drawn. Newer fields are
// those that this server has beyond the documentation, with their defaults.
func New(seed []byte, o Options) (*Manager, error) {
	return open(seed, nil, o)
}

// Open returns a manager whose content is stored in stateFile and survives the process. The file is
// written after every write request, before its answer; if it cannot be written, the answer is 500
// and nothing has changed. If the seed differs from the seed of the state, the manager starts again
// (see [Manager.Reseeded]). The state is locked until Close: a second Open waits for a moment, then
// fails.
func Open(seed []byte, stateFile string, o Options) (*Manager, error) {
	return host.WithState(stateFile, o.LockTimeout, func(file *host.StateFile) (*Manager, error) { return open(seed, file, o) })
}

func open(data []byte, file *host.StateFile, o Options) (*Manager, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	content, err := model.NewStore(data, o.Behaviour, o.Now, file)
	if err != nil {
		return nil, err
	}
	m := &Manager{store: content, limiter: model.NewLimiter(content.Seed.RateLimit), routes: routeTable(content.Behaviour.Dialect)}
	if m.faults, err = host.NewFaults(o.Faults, foreignFault); err != nil {
		return nil, err
	}
	m.keys = &keys{personal: content.Seed.Token, user: content.Seed.User, issued: make(map[string]time.Time)}
	if m.keys.personal == "" {
		m.keys.personal = rand.Text()
	}
	if err := content.Populate(); err != nil {
		return nil, err
	}
	return m, content.Load(data)
}
