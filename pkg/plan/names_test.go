package plan_test

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestANewNameThatLooksLikeAnotherOneIsAWarning shows both names escaped, so that a reader
// sees the difference.
func TestANewNameThatLooksLikeAnotherOneIsAWarning(t *testing.T) {
	const cyrillic = "L\u0435dger" // its second letter is not Latin
	for name, test := range map[string]struct {
		arrange func(w *world)
		want    string // part of a warning; empty: there is none
	}{
		"a new connection": {func(w *world) {
			w.declare("A", "Ledger")
			w.hold("A", cyrillic, others)
		}, `the new name "Ledger" differs from the live connection "L\u0435dger" only in look-alike letters`},
		"a renamed connection": {func(w *world) {
			w.declare("A", "Ledger")
			w.hold("A", "Old")
			w.moved("A", "Old", "A", "Ledger")
			w.hold("A", cyrillic, others)
		}, `the new name "Ledger" differs from`},
		"a connection that exists": {func(w *world) {
			w.declare("A", "Ledger")
			w.hold("A", "Ledger")
			w.hold("A", cyrillic, others)
		}, ""},
		"the same look in another space": {func(w *world) {
			w.declare("A", "Ledger")
			w.hold("B", cyrillic, others)
		}, ""},
		"a space": {func(w *world) {
			w.snapshot.Spaces = append(w.snapshot.Spaces, connection.Space{ID: "s-x", Name: "\u0410", Type: "shared"})
			w.declare("A", "Ledger")
		}, `the declared space "A" differs from the space "\u0410" only in look-alike letters`},
		"a space in another letter case": {func(w *world) {
			w.snapshot.Spaces = append(w.snapshot.Spaces, connection.Space{ID: "s-x", Name: "a", Type: "shared"})
			w.declare("A", "Ledger")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			test.arrange(w)
			p, problems := plan.Make(w.input())
			if problems.Err() != nil {
				t.Fatalf("no plan: %v", problems)
			}
			var told []string
			for _, warning := range p.Warnings {
				if strings.Contains(warning.Message, "only in look-alike letters") {
					told = append(told, warning.Message)
				}
			}
			if all := strings.Join(told, "\n"); (all == "") != (test.want == "") || !strings.Contains(all, test.want) {
				t.Errorf("warnings about look-alikes: got %q, want %q", all, test.want)
			}
		})
	}
}

func TestASpaceThatIsMissingIsComparedWithWhatLooksLikeIt(t *testing.T) {
	for declared, want := range map[string]string{
		"a":      `did you mean "A"?`,
		"\u0410": `did you mean "A"? "\u0410" differs from it only in look-alike letters`,
		"Z":      "check the name",
	} {
		w := newWorld()
		w.declare(declared, "Ledger")
		if _, problems := plan.Make(w.input()); len(problems) != 1 || !strings.Contains(problems[0].Hint, want) {
			t.Errorf("space %q: got %v, want one problem with the hint %q", declared, problems, want)
		}
	}
}

// TestAnInactiveOwnerIsReportedAtTheOwner names the owner by the field that the file has, at its
// position, in a create and in a change of owner.
func TestAnInactiveOwnerIsReportedAtTheOwner(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*connection.Desired)
		want   string
	}{
		"by id":      {func(d *connection.Desired) { d.OwnerID = "u-eve" }, `the declared owner {id: "u-eve"} is not`},
		"by e-mail":  {func(d *connection.Desired) { d.Owner = "eve@example.com" }, "the declared owner eve@example.com is not"},
		"by subject": {func(d *connection.Desired) { d.Owner = "acme/eve" }, "the declared owner acme/eve (a subject) is not"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.snapshot.Capabilities.Owner = connection.BulkUpdate
			w.snapshot.Users = append(w.snapshot.Users, connection.User{ID: "u-eve", Email: "eve@example.com", Subject: "acme/eve", Inactive: "disabled"})
			at := func(d *connection.Desired) {
				d.At = func(path string) connection.Position {
					return connection.Position{File: "a.yaml", Line: map[string]int{"": 1, "/owner": 7}[path]}
				}
			}
			w.declare("A", "Created", test.change, at)
			w.declare("A", "Given", test.change, at)
			w.hold("A", "Given")
			p, problems := plan.Make(w.input())
			if problems.Err() != nil || len(p.Changes) != 2 {
				t.Fatalf("got %+v, %v, want two refused changes", p, problems)
			}
			for _, c := range p.Changes {
				if !strings.Contains(c.Refused, test.want) || c.Position.Line != 7 {
					t.Errorf("%s: refused at line %d with %q, want line 7 and %q", c.Connection, c.Position.Line, c.Refused, test.want)
				}
			}
		})
	}
}

func others(l *connection.Live) { l.Record = connection.Record{} }
