package impact_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/qlsync/qlsync/internal/impact"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// described returns dependents as texts "kind name (owner): ways".
func described(dependents []impact.Dependent) []string {
	var texts []string
	for _, d := range dependents {
		texts = append(texts, fmt.Sprintf("%s %s (%s): %v", d.Kind, d.Name, d.Owner, d.How.Words()))
	}
	return texts
}

func TestTheIndexHasEveryKindOfDependent(t *testing.T) {
	w := embed(t, seedOf(object{
		"apps": []object{
			{
				"name": "Board", "space": "Sales", "owner": "bo@example.com", "viewers": 12,
				"script":  []object{{"type": "load", "connection": "Finance/A"}, {"type": "store", "connection": "Finance/B"}, {"type": "include", "connection": "Finance/C"}},
				"reloads": []object{{"ago": "1h", "times": 3, "every": "24h"}},
			},
			{"name": "Skips", "space": "Finance", "script": load("E"), "reloads": []object{{"ago": "30h", "skipStore": true}}},
			{"name": "Mine", "space": "Finance", "owner": "cy@example.com", "viewers": 40, "script": load("A"), "reloads": []object{{"ago": "30h"}, {"ago": "2h", "failed": true}}},
		},
		"knowledgeBases": []object{{"name": "Docs", "space": "Finance", "connections": []string{"C"}}},
		"dataSets":       []object{{"name": "Set", "space": "Finance", "connections": []string{"D"}}, {"name": "File", "space": "Finance"}},
		"behaviour":      object{"qualifiedStatements": true},
	}), simqlik.Options{})
	x := w.index(t, nil)
	want := map[string][]string{
		"A": {"app Mine (Cy): [load]", "app Board (Bo): [load]"}, // most viewers first
		"B": {"app Board (Bo): [store]"},
		"C": {"app Board (Bo): [include]", "knowledge-base Docs (Ana): [refer]"},
		"D": {"data-set Set (Ana): [refer]"},
		"E": {"app Skips (Ana): [load]"},
	}
	for name, want := range want {
		if got := described(x.Dependents(w.id(t, name))); !slices.Equal(got, want) {
			t.Errorf("%s: got dependents %q, want %q", name, got, want)
		}
	}
	count := impact.CountOf(x.Dependents(w.id(t, "A")), x.At)
	if count.Apps != 2 || count.Today != 2 || count.Failing != 1 || count.Total() != 2 {
		t.Errorf("got count %+v of A, want two apps, both reloaded today, one failing", count)
	}
	if mine := x.Dependents(w.id(t, "A"))[0]; !mine.Failing || !mine.Failed.After(mine.Succeeded) {
		t.Errorf("got %+v, want an app that fails now and succeeded before", mine)
	}
	board := x.Uses(w.App(t, "Board"))
	if want := []string{w.id(t, "A"), w.id(t, "B"), w.id(t, "C")}; len(board) != 3 || !slices.Contains(want, board[0]) {
		t.Errorf("got uses %q of Board, want %q", board, want)
	}
	if !x.Blind() {
		t.Errorf("got %+v, want apps in personal spaces of others to be in doubt: none is listed", x.Unseen)
	}
}
