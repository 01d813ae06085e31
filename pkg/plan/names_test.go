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
		}, "looks-alike "},
		"a renamed connection": {func(w *world) {
			w.declare("A", "Ledger")
			w.hold("A", "Old")
			w.moved("A", "Old", "A", "Ledger")
			w.hold("A", cyrillic, others)
		}, "looks-alike "},
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
		}, "space-looks-alike "},
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
			var found []string
			for _, warning := range p.Warnings {
				if warning.Reason.Args["difference"] == "look-alike letters" {
					found = append(found, told(warning.Reason))
				}
			}
			if all := strings.Join(found, "\n"); (all == "") != (test.want == "") || !strings.HasPrefix(all, test.want) {
				t.Errorf("warnings about look-alikes: got %q, want %q", all, test.want)
			}
		})
	}
}

func TestASpaceThatIsMissingIsComparedWithWhatLooksLikeIt(t *testing.T) {
	for declared, want := range map[string]string{
		"a":      "no-space-case meant=A space=a",
		"\u0410": "no-space-alike difference=look-alike letters other=\"A\" own=\"\\u0410\" space=\u0410",
		"Z":      "no-space space=Z",
	} {
		w := newWorld()
		w.declare(declared, "Ledger")
		if _, problems := plan.Make(w.input()); len(problems) != 1 || told(connection.Reason{Code: problems[0].Code, Args: problems[0].Args}) != want {
			t.Errorf("space %q: got %+v, want one problem %q", declared, problems, want)
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
		"by id":      {func(d *connection.Desired) { d.OwnerID = "u-eve" }, `owner-inactive owner={id: "u-eve"} status=disabled`},
		"by e-mail":  {func(d *connection.Desired) { d.Owner = "eve@example.com" }, "owner-inactive owner=eve@example.com status=disabled"},
		"by subject": {func(d *connection.Desired) { d.Owner = "acme/eve" }, "owner-inactive owner=acme/eve (a subject) status=disabled"},
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
				if told(c.Refused) != test.want || c.Position.Line != 7 {
					t.Errorf("%s: refused at line %d with %q, want line 7 and %q", c.Connection, c.Position.Line, told(c.Refused), test.want)
				}
			}
		})
	}
}

func others(l *connection.Live) { l.Record = connection.Record{} }
