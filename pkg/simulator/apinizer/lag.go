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
