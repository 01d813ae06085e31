package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// applied plans, carries everything out, and lets somebody meddle with the tenant.
func applied(t *testing.T, w *world, meddle func(*world)) map[int]plan.Finding {
	t.Helper()
	p, problems := plan.Make(w.input())
	if err := problems.Err(); err != nil || p.Refusal != nil {
		t.Fatalf("got error %v and refusal %+v, want neither", err, p.Refusal)
	}
	for _, step := range p.Steps {
		for _, item := range step.Items {
			if err := w.do(item); err != nil {
				t.Fatal(err)
			}
		}
	}
	if meddle != nil {
		meddle(w)
	}
	all := make([]int, len(p.Changes))
	for i := range all {
		all[i] = i
	}
	return p.Verify(w.input(), all)
}

func TestWhatWasAppliedIsComparedAgain(t *testing.T) {
	update := func(w *world) {
		w.hold("A", "Rates", func(l *connection.Live) { l.Properties["path"] = "/old" })
		w.declare("A", "Rates", func(d *connection.Desired) {
			d.Properties["seconds"] = "30"
			d.Credentials = secretRef("P")
		})
	}
	remove := func(w *world) {
		w.policy.Prune = connection.PruneOwned
		w.hold("A", "Retired")
		w.declare("A", "Rates")
		w.hold("A", "Rates")
	}
	recreate := func(w *world) {
		w.hold("A", "Rates", func(l *connection.Live) { l.DataSource = "soap" })
		w.declare("A", "Rates")
	}
	for _, test := range []struct {
		name   string
		files  func(*world)
		meddle func(*world)
		want   map[int]plan.Finding
	}{
		{name: "what is as declared has no finding", files: update, want: map[int]plan.Finding{}},
		{name: "neither has a delete", files: remove, want: map[int]plan.Finding{}},
		{name: "nor a recreate", files: recreate, want: map[int]plan.Finding{}},
		{
			name: "a value that the service has changed is shown with the declared one before", files: update,
			meddle: func(w *world) { w.at(connection.Key{Space: "A", Name: "Rates"}).Properties["path"] = "/RATES" },
			want: map[int]plan.Finding{0: {
				Fields: []plan.Field{{Path: "/properties/path", Before: "/Rates", After: "/RATES"}},
				Advice: connection.Because("may-be-rewritten", "rules", "path: {as: ignoreCase}"),
			}},
		},
		{
			name: "a property that is not returned comes with the advice to say so", files: update,
			meddle: func(w *world) { delete(w.at(connection.Key{Space: "A", Name: "Rates"}).Properties, "seconds") },
			want: map[int]plan.Finding{0: {
				Fields: []plan.Field{{Path: "/properties/seconds", Before: "30"}},
				Advice: connection.Because("may-be-unreadable", "properties", []string{"seconds"}),
			}},
		},
		{
			name: "a mark that was not kept is reported", files: update,
			meddle: func(w *world) { w.at(connection.Key{Space: "A", Name: "Rates"}).Record.Project = "" },
			want:   map[int]plan.Finding{0: {Reasons: []connection.Reason{{Code: "no-record-there"}}}},
		},
		{
			name: "a missing connection is reported", files: update,
			meddle: func(w *world) { w.snapshot.Connections = nil },
			want:   map[int]plan.Finding{0: {Reasons: []connection.Reason{{Code: "not-there"}}}},
		},
		{
			name: "an unreadable connection is reported", files: update,
			meddle: func(w *world) { w.at(connection.Key{Space: "A", Name: "Rates"}).Unreadable = "500" },
			want:   map[int]plan.Finding{0: {Unseen: true, Reasons: []connection.Reason{connection.Because("unreadable", "error", "500")}}},
		},
		{
			name: "what an incomplete list does not name is not called gone", files: update,
			meddle: func(w *world) { w.snapshot.Connections, w.snapshot.Incomplete = nil, []string{"one is missing"} },
			want:   map[int]plan.Finding{0: {Unseen: true, Reasons: []connection.Reason{{Code: "create-not-listed"}}}},
		},
		{
			name: "a deleted connection that still exists is reported", files: remove,
			meddle: func(w *world) { w.hold("A", "Retired") },
			want:   map[int]plan.Finding{0: {Reasons: []connection.Reason{{Code: "still-there"}}}},
		},
		{
			name: "whether it is gone cannot be seen in an incomplete list", files: remove,
			meddle: func(w *world) { w.snapshot.Incomplete = []string{"two are missing"} },
			want:   map[int]plan.Finding{0: {Unseen: true, Reasons: []connection.Reason{{Code: "gone-unseen"}}}},
		},
		{
			name: "whether the old one of a recreate is gone cannot be seen in an incomplete list", files: recreate,
			meddle: func(w *world) { w.snapshot.Incomplete = []string{"two are missing"} },
			want:   map[int]plan.Finding{0: {Unseen: true, Reasons: []connection.Reason{{Code: "old-gone-unseen"}}}},
		},
		{
			name: "the old one of a recreate that still exists is reported", files: recreate,
			meddle: func(w *world) {
				w.hold("A", "Aside", func(l *connection.Live) { l.ID, l.Record = "id-A-Rates", connection.Record{} })
			},
			want: map[int]plan.Finding{0: {Reasons: []connection.Reason{connection.Because("old-still-there", "at", connection.Key{Space: "A", Name: "Aside"})}}},
		},
		{
			name: "the new one of a recreate has the id of the old one where ids are names", files: recreate,
			meddle: func(w *world) { w.at(connection.Key{Space: "A", Name: "Rates"}).ID = "id-A-Rates" },
			want:   map[int]plan.Finding{},
		},
		{
			name: "the details of others need not be there", files: update,
			meddle: func(w *world) {
				w.declare("B", "Other")
				w.hold("B", "Other").Properties = nil
				w.at(connection.Key{Space: "B", Name: "Other"}).Properties = nil
			},
			want: map[int]plan.Finding{},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			test.files(w)
			if diff := cmp.Diff(test.want, applied(t, w, test.meddle)); diff != "" {
				t.Errorf("what was applied differs from the plan (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAValueThatTheServiceRewritesIsReportedWithTheRuleThatAcceptsIt looks at the advice where a service
// stores another letter case or another order than it was sent, at every apply again.
func TestAValueThatTheServiceRewritesIsReportedWithTheRuleThatAcceptsIt(t *testing.T) {
	for name, test := range map[string]struct {
		declared, live any
		want           string
	}{
		"letter case": {"DB.Example.com", "db.example.com", "may-be-rewritten rules=place: {as: ignoreCase}"},
		"order":       {[]any{"b", "a"}, []any{"a", "b"}, "may-be-rewritten rules=place: {as: set}"},
		"another one": {"db1", "db2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.declare("A", "Rates", func(d *connection.Desired) { d.Properties["place"] = test.declared })
			found := applied(t, w, func(w *world) { w.snapshot.Connections[0].Properties["place"] = test.live })
			if got := told(found[0].Advice); got != test.want || len(found) != 1 {
				t.Errorf("got the advice %q of %d findings, want %q: without it the difference is there after every apply", got, len(found), test.want)
			}
		})
	}
}
