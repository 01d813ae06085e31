package engine

import (
	"reflect"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

func TestAPatternMatchesWithinTheSpaceOrWithinTheName(t *testing.T) {
	for _, test := range []struct {
		pattern, space, name string
		want                 bool
	}{
		{"Finance/*", "Finance", "Orders", true},
		{"Finance/*", "Finance", "Orders/EU", true},
		{"Finance/*", "Finance/EU", "Orders", false},
		{"Finance/EU/*", "Finance/EU", "Orders", true},
		{"Finance/EU/*", "Finance", "EU/Orders", true},
		{"F*/Orders", "Finance", "Orders", true},
		{"F*/Orders", "Sales", "Orders", false},
		{"*/*", "Finance", "Orders", true},
		{"Finance/Orders ?", "Finance", "Orders 1", true},
		{"Finance/Orders ?", "Finance", "Orders 12", false},
		{"Finance/Gr??e", "Finance", "Größe", true},
		{"Finance/[O]rders*", "Finance", "Orders", false},
		{"Finance/Orders", "Finance", "Orders", false}, // an exact name is not a pattern
		{"*", "Finance", "Orders", false},
	} {
		key := connection.Key{Space: test.space, Name: test.name}
		if got := matchesKey(test.pattern, key); got != test.want {
			t.Errorf("the pattern %q matches %s: %t, want %t", test.pattern, key, got, test.want)
		}
	}
}

// TestASelectionKeepsWhatItsPlanDependsOn draws plans and selections. A selected delete of an
// undeclared connection has all creates of its data source in the selection.
func TestASelectionKeepsWhatItsPlanDependsOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		keys := map[connection.Key]bool{}
		for i := range p.Changes {
			keys[p.Changes[i].Connection] = true
		}
		subset := func(label string) map[connection.Key]bool {
			chosen := map[connection.Key]bool{}
			for _, key := range sortedKeys(keys) {
				if rapid.Bool().Draw(t, label) {
					chosen[key] = true
				}
			}
			return chosen
		}
		targets, excluded := subset("target"), subset("exclude")
		chosen, problems := choose(p, targets, excluded)
		if len(chosen) == 0 && problems.Err() == nil {
			t.Fatal("an empty selection is no error, so it would restrict nothing")
		}
		g := graphOf(p)
		selected := map[connection.Key]bool{}
		for _, key := range chosen {
			selected[key] = true
			if !targets[key] || excluded[key] {
				t.Errorf("%s is selected, but it is not a target or is excluded", key)
			}
		}
		selected = reach(selected, g.needs)
		for i := range p.Changes {
			c := &p.Changes[i]
			if excluded[c.Connection] && selected[c.Connection] {
				t.Errorf("%s is excluded and planned", c.Connection)
			}
			if c.Action != plan.ActionDelete || !selected[c.Connection] {
				continue
			}
			for j := range p.Changes {
				other := &p.Changes[j]
				if other.Action == plan.ActionCreate && other.DataSource == c.DataSource && !selected[other.Connection] {
					t.Errorf("%s is deleted although the create of %s, which may be its new name, is left out", c.Connection, other.Connection)
				}
			}
		}
		if reflect.DeepEqual(targets, keys) && len(excluded) == 0 && len(chosen) < len(keys) {
			t.Errorf("everything is selected, and only %v is planned", chosen)
		}
	})
}

// drawPlan returns a plan whose operations need earlier ones.
func drawPlan(t *rapid.T) *plan.Plan {
	p := &plan.Plan{}
	n := rapid.IntRange(1, 7).Draw(t, "changes")
	for i := range n {
		c := plan.Change{
			Action:     rapid.SampledFrom([]plan.Action{plan.ActionCreate, plan.ActionDelete, plan.ActionUpdate}).Draw(t, "action"),
			Connection: connection.Key{Space: "Finance", Name: strconv.Itoa(i)},
			DataSource: rapid.SampledFrom([]string{"rest", "soap"}).Draw(t, "data source"),
		}
		if c.Action == plan.ActionDelete {
			c.Reasons = []connection.Reason{connection.Because("undeclared")}
		}
		p.Changes = append(p.Changes, c)
		item := plan.Item{ID: i, Change: i}
		for j := range i {
			if rapid.IntRange(0, 5).Draw(t, "needs") == 0 {
				item.Needs = append(item.Needs, j)
			}
		}
		p.Steps = append(p.Steps, plan.Step{Items: []plan.Item{item}})
	}
	return p
}
