package apinizer

import (
	"maps"
	"slices"
	"time"
)

// earlier is the world until a request that has written.
type earlier struct {
	until time.Time
	world *world
}

// copied gives a world that later writes do not change: they replace records.
func (w *world) copied() *world {
	lists := make(map[place][]*record, len(w.lists))
	for p, list := range w.lists {
		lists[p] = slices.Clone(list)
	}
	return &world{behaviour: w.behaviour, lists: lists, index: maps.Clone(w.index)}
}

// noteBefore keeps the world as it is before a write, where reads lag behind, and forgets what no read can show any more.
func (m *Manager) noteBefore() {
	if m.behaviour.Lag > 0 {
		m.past = append(slices.DeleteFunc(m.past, func(e earlier) bool { return !m.shows(e) }), earlier{m.now(), m.world.copied()})
	}
}

func (m *Manager) shows(e earlier) bool {
	return m.now().Sub(e.until) < time.Duration(m.behaviour.Lag)*time.Second
}

// lagging gives the world that reads show.
func (m *Manager) lagging() *world {
	if i := slices.IndexFunc(m.past, m.shows); i >= 0 {
		return m.past[i].world
	}
	return m.world
}
