package plan_test

import (
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestAPlanAsksForNoDetailsThatItDoesNotUse has one connection of which no property is declared, and
// what makes its details matter after all.
func TestAPlanAsksForNoDetailsThatItDoesNotUse(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*world, *connection.Desired, *connection.Live)
		listed bool
	}{
		"no property":           {func(*world, *connection.Desired, *connection.Live) {}, true},
		"no property, by id":    {func(_ *world, d *connection.Desired, _ *connection.Live) { d.Space = connection.SpaceRef{ID: "s-a"} }, true},
		"no property, nobody's": {func(_ *world, _ *connection.Desired, l *connection.Live) { l.Record = connection.Record{} }, true},
		"no property, in person": {func(_ *world, d *connection.Desired, l *connection.Live) {
			d.Space, l.SpaceID = connection.SpaceRef{Personal: true}, ""
		}, true},
		"credentials":         {func(_ *world, d *connection.Desired, _ *connection.Live) { d.Credentials = secretRef("P") }, true},
		"a property":          {func(_ *world, d *connection.Desired, _ *connection.Live) { d.Properties = map[string]any{"path": nil} }, false},
		"another name":        {func(_ *world, _ *connection.Desired, l *connection.Live) { l.Key.Name = "y" }, false},
		"another data source": {func(_ *world, _ *connection.Desired, l *connection.Live) { l.DataSource = "soap" }, false},
		"half of a recreate":  {func(_ *world, _ *connection.Desired, l *connection.Live) { l.Record.Phase = connection.PhaseNew }, false},
		"updates by recreate": {func(_ *world, d *connection.Desired, _ *connection.Live) {
			d.Lifecycle.Update = connection.UpdateRecreate
		}, false},
		"all updates by recreate": {func(w *world, _ *connection.Desired, _ *connection.Live) { w.policy.Update = connection.UpdateRecreate }, false},
		"moved to":                {func(w *world, _ *connection.Desired, _ *connection.Live) { w.moved("B", "x", "A", "x") }, false},
		"credentials of a person": {func(_ *world, d *connection.Desired, l *connection.Live) {
			d.Credentials, d.DataSource, l.DataSource = secretRef("P"), "unknown", "unknown"
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.declare("A", "x", func(d *connection.Desired) { d.Properties = nil })
			live := w.hold("A", "x")
			test.change(w, &w.files[0], live)
			if got := plan.Scope(w.input()).Listed(live); got != test.listed {
				t.Errorf("got %v, want %v", got, test.listed)
			}
		})
	}
}
