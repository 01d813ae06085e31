package match

import (
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// moves is what the moved blocks mean for this tenant. Blocks may stay in the files for ever, so
// most of them lead from keys and to keys at which there is nothing.
type moves struct {
	away map[connection.Key]connection.Key   // the key to which the block of a key leads
	into map[connection.Key][]connection.Key // the keys whose blocks lead to a key, sorted
	// target is, for live and declared keys, the first declared key to which the blocks lead.
	target map[connection.Key]connection.Key
	// end is the last key of the blocks of a live connection that lead to no declared key.
	end map[connection.Key]connection.Key
	// sources are the live keys that have a declared key as their target, sorted.
	sources map[connection.Key][]connection.Key
	// cycle holds the declared keys that are on a cycle of targets, each with the key before it.
	cycle map[connection.Key]connection.Key
	// unseen holds the ends of blocks that are in a space which the token cannot see.
	unseen   map[connection.Key]connection.SpaceRef
	declared map[connection.Key]*targets.Target
}

// follow resolves the moved blocks once, for all later stages.
func follow(blocks []connection.Move, t *targets.Tenant, declared map[connection.Key]*targets.Target) moves {
	m := moves{
		away:     map[connection.Key]connection.Key{},
		into:     map[connection.Key][]connection.Key{},
		target:   map[connection.Key]connection.Key{},
		end:      map[connection.Key]connection.Key{},
		sources:  map[connection.Key][]connection.Key{},
		cycle:    map[connection.Key]connection.Key{},
		unseen:   map[connection.Key]connection.SpaceRef{},
		declared: declared,
	}
	key := func(end connection.MoveEnd) connection.Key {
		key := t.Places.KeyIn(end.Space, end.Name)
		if _, seen := t.Visible(end.Space); !seen {
			m.unseen[key] = end.Space
		}
		return key
	}
	for _, block := range blocks {
		if from, to := key(block.From), key(block.To); from != to {
			m.away[from], m.into[to] = to, append(m.into[to], from)
		}
	}
	for _, keys := range m.into {
		slices.SortFunc(keys, connection.Key.Compare)
	}
	m.findTargets(t)
	m.findCycles()
	return m
}

// findTargets follows the blocks of each key that is live or declared.
func (m *moves) findTargets(t *targets.Tenant) {
	for _, from := range slices.SortedFunc(maps.Keys(m.away), connection.Key.Compare) {
		live := t.Live[from] != nil
		if !live && m.declared[from] == nil {
			continue
		}
		switch end, found := m.walk(from); {
		case found && live:
			m.target[from], m.sources[end] = end, append(m.sources[end], from)
		case found:
			m.target[from] = end
		case live && end != from:
			m.end[from] = end
		}
	}
}

// walk follows the blocks from a key to the first declared key, or else to the last one. Blocks
// that lead back to where they began move nothing.
func (m *moves) walk(from connection.Key) (end connection.Key, declared bool) {
	seen := map[connection.Key]bool{}
	for key := from; !seen[key]; {
		seen[key] = true
		next, leads := m.away[key]
		switch {
		case !leads || next == from:
			return key, false
		case m.declared[next] != nil:
			return next, true
		}
		key = next
	}
	return from, false
}

// findCycles walks from each key along the targets, over each key once.
func (m *moves) findCycles() {
	walk := map[connection.Key]connection.Key{} // the start of the walk that came to a key first
	for start := range m.target {
		key, leads := start, true
		for _, seen := walk[key]; leads && !seen; _, seen = walk[key] {
			walk[key] = start
			key, leads = m.target[key]
		}
		if !leads || walk[key] != start {
			continue
		}
		for next := m.target[key]; !m.isCyclic(next); next = m.target[key] {
			m.cycle[next], key = key, next
		}
	}
}

func (m *moves) isCyclic(key connection.Key) bool {
	_, cyclic := m.cycle[key]
	return cyclic
}

// origins lists the keys from which blocks lead to a key, the nearest first, as far as no declared
// key is on the way.
func (m *moves) origins(to connection.Key) []connection.Key {
	var found []connection.Key
	seen := map[connection.Key]bool{to: true}
	for keys := slices.Clip(m.into[to]); len(keys) > 0; keys = keys[1:] {
		if key := keys[0]; !seen[key] && m.declared[key] == nil {
			seen[key] = true
			found = append(found, key)
			keys = append(keys, m.into[key]...)
		}
	}
	return found
}
