package model

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

// copied returns a world that later writes do not change: they replace records.
func (w *world) copied() *world {
	lists := make(map[Place][]*Record, len(w.Lists))
	for p, list := range w.Lists {
		lists[p] = slices.Clone(list)
	}
	return &world{behaviour: w.behaviour, Lists: lists, index: maps.Clone(w.index)}
}
