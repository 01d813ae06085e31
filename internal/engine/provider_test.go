package engine

import (
	"maps"
	"slices"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

// The files may name what package spec knows, and nothing but the entry here speaks to it.
func TestEveryProviderOfAProjectHasACompleteEntry(t *testing.T) {
	names := slices.Sorted(slices.Values(spec.Providers()))
	if known := slices.Sorted(maps.Keys(providers)); !slices.Equal(known, names) {
		t.Fatalf("got providers with an entry %q, want %q", known, names)
	}
	for _, name := range names {
		kind := providers[name]
		for part, isThere := range map[string]bool{
			"rules": kind.rules != nil, "holdsSecret": kind.holdsSecret != nil, "knowsSecret": kind.knowsSecret != nil,
			"connect": kind.connect != nil, "door": kind.door != "",
			"embed": kind.embed != nil, "simulation": kind.simulation.Open != nil && kind.simulation.ParseFaults != nil,
			"one of builtin and parse": (kind.builtin == nil) != (kind.parse == nil),
		} {
			if !isThere {
				t.Errorf("the entry of %s has no %s", name, part)
			}
		}
	}
}
