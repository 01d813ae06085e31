package apinizer

import (
	"slices"
	"sync"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// model is what the manager holds and the rules that it is kept by, without HTTP.
type model struct {
	now       func() time.Time
	behaviour Behaviour // complete
	types     map[string]*connectionType
	seed      *seed
	vault     *host.Vault
	reseeded  bool

	mu    sync.RWMutex // guards world and the state file
	world *world
	past  []earlier // for [Behaviour.Lag]
	state *host.StateFile
}

// noteBefore keeps the world as it is before a write, where reads lag behind, and forgets what no read can show any more.
func (m *model) noteBefore() {
	if m.behaviour.Lag > 0 {
		m.past = append(slices.DeleteFunc(m.past, func(e earlier) bool { return !m.shows(e) }), earlier{m.now(), m.world.copied()})
	}
}

func (m *model) shows(e earlier) bool {
	return m.now().Sub(e.until) < time.Duration(m.behaviour.Lag)*time.Second
}

// lagging gives the world that reads show.
func (m *model) lagging() *world {
	if i := slices.IndexFunc(m.past, m.shows); i >= 0 {
		return m.past[i].world
	}
	return m.world
}

// project finds a project; its name is case-sensitive (facts, 2.1).
func (m *model) project(name string) *project {
	i := slices.IndexFunc(m.seed.Projects, func(p project) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &m.seed.Projects[i]
}
