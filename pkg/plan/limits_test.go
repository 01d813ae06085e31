package plan_test

import (
	"fmt"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

func TestRecreatesCountAgainstMaxRecreatesOnly(t *testing.T) {
	soap := func(d *connection.Desired) { d.DataSource = "soap" }
	recreates := func(w *world, count int) {
		for i := range count {
			w.declare("A", fmt.Sprint(i), soap)
			w.hold("A", fmt.Sprint(i))
		}
	}
	ten := connection.DefaultMaxDeletes()
	for _, test := range []struct {
		name  string
		set   func(*world)
		limit *connection.MaxDeletes
		rules []string
	}{
		{"three are always allowed", func(w *world) { recreates(w, 3) }, &ten, nil},
		{"more than a tenth and three are refused", func(w *world) { recreates(w, 4) }, &ten, []string{plan.RuleMaxRecreates}},
		{"without a limit any number goes", func(w *world) { recreates(w, 20) }, nil, nil},
		{"a count is exact", func(w *world) { recreates(w, 1) }, &connection.MaxDeletes{}, []string{plan.RuleMaxRecreates}},
		{"a move with another data source is a recreate", func(w *world) {
			for i := range 4 {
				w.declare("A", fmt.Sprint("new", i), soap)
				w.hold("A", fmt.Sprint("old", i))
				w.moved("A", fmt.Sprint("old", i), "A", fmt.Sprint("new", i))
			}
		}, &ten, []string{plan.RuleMaxRecreates}},
		{"what an interrupted run has begun is not counted", func(w *world) {
			w.declare("A", "x", soap)
			w.hold("A", "x")
			leftoverOf(w, connection.PhaseNew, "", func(l *connection.Live) {
				l.DataSource, l.Properties = "soap", map[string]any{"path": "/x"}
			})
		}, &connection.MaxDeletes{}, nil},
		{"a missing name that comes back is not counted", func(w *world) {
			w.declare("A", "x", soap)
			leftoverOf(w, connection.PhaseDeposed, "")
		}, &connection.MaxDeletes{}, nil},
		{"deletes and recreates are confirmed apart", func(w *world) {
			recreates(w, 1)
			w.policy.Prune = connection.PruneOwned
			w.hold("B", "gone")
		}, &connection.MaxDeletes{}, []string{plan.RuleMaxDeletes, plan.RuleMaxRecreates}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.policy.MaxDeletes, w.policy.MaxRecreates = connection.MaxDeletes{}, test.limit
			test.set(w)
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			deletes, recreates := fmt.Sprintf("%d@%s", p.Summary.Delete, p.Hash), fmt.Sprintf("%d@%s", p.Summary.Recreate, p.Hash)
			for _, rule := range test.rules {
				if p.Refusal == nil || p.Refusal.Rule != rule {
					t.Fatalf("refused by %+v, want %s", p.Refusal, rule)
				}
				confirm, other, value, others := p.ConfirmDeletes, p.ConfirmRecreates, deletes, recreates
				if rule == plan.RuleMaxRecreates {
					confirm, other, value, others = other, confirm, recreates, deletes
				}
				if err := confirm("1@sha256:other"); err.Code != "confirm-changed" {
					t.Error("the confirmation of another plan was accepted")
				}
				if err := confirm("99@" + p.Hash); err.Code != "confirm-count" {
					t.Error("another number was accepted")
				}
				if len(test.rules) == 1 {
					if err := other(others); err.Holds() || p.Refusal == nil {
						t.Errorf("the other confirmation lifts the refusal: %v", err)
					}
				}
				if err := confirm(value); err.Holds() {
					t.Error(err)
				}
			}
			if p.Refusal != nil {
				t.Errorf("still refused: %+v", p.Refusal)
			}
		})
	}
}

func TestNoConfirmationLiftsTheRefusalOfAStalePlan(t *testing.T) {
	w := newWorld()
	w.declare("A", "x")
	in := w.input()
	in.Reviewed = &plan.Plan{Format: plan.Format, Project: "another"}
	p, _ := plan.Make(in)
	for _, confirm := range []func(string) connection.Reason{p.ConfirmDeletes, p.ConfirmRecreates} {
		_ = confirm("0@" + p.Hash)
	}
	if p.Refusal == nil || p.Refusal.Rule != plan.RuleStale {
		t.Errorf("the refusal is now %+v", p.Refusal)
	}
}
