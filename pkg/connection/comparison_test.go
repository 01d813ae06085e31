package connection_test

import (
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

// TestEqualByFollowsTheRules covers what has no identity and what a rule does not reach; the
// planner's tests cover the rules on declarations.
func TestEqualByFollowsTheRules(t *testing.T) {
	set := map[string]connection.Comparison{"p": {As: connection.CompareSet}}
	byName := map[string]connection.Comparison{"p": {As: connection.CompareSet, By: "name"}}
	hidden := connection.NewSecret("hunter2")
	for name, test := range map[string]struct {
		rules          map[string]connection.Comparison
		declared, live any
		want           bool
	}{
		"no rules":                               {nil, []any{"a", "b"}, []any{"b", "a"}, false},
		"a set":                                  {set, []any{"a", "b"}, []any{"b", "a"}, true},
		"lists inside of a set keep their order": {set, []any{[]any{"a", "b"}}, []any{[]any{"b", "a"}}, false},
		"a hidden item, which is equal to nothing":    {set, []any{"a", hidden}, []any{"a", hidden}, false},
		"a hidden value at the key":                   {byName, []any{map[string]any{"name": hidden}}, []any{map[string]any{"name": hidden}}, false},
		"null at the key, so the order counts":        {byName, []any{map[string]any{"name": nil}, "b"}, []any{"b", map[string]any{"name": nil}}, false},
		"a rule for the whole list reaches its items": {map[string]connection.Comparison{"p": {As: connection.CompareIgnoreCase}}, []any{map[string]any{"x": "A"}}, []any{map[string]any{"x": "a"}}, true},
		"a rule for a path that only begins the same": {map[string]connection.Comparison{"pp": {As: connection.CompareSet}}, []any{"a", "b"}, []any{"b", "a"}, false},
		"another type": {set, []any{"a"}, "a", false},
	} {
		if got := connection.EqualBy(test.rules, "p", test.declared, test.live); got != test.want {
			t.Errorf("%s: got %v for %v and %v, want %v", name, got, test.declared, test.live, test.want)
		}
	}
}
