package apply_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// seen is a tenant read again: the files declare every change of the plan with a
// property, and the live ones have these values of it. What has none is not there.
func seen(p *plan.Plan, values map[int]string) plan.Input {
	in := plan.Input{
		Project: "acme", Tenant: p.Tenant, Catalog: &connection.Catalog{},
		Snapshot: &connection.Snapshot{Spaces: []connection.Space{{ID: "a", Name: "A", Type: "shared"}}},
		Rules:    qlik.Rules{},
	}
	for i, c := range p.Changes {
		at := connection.Position{File: "a.yaml", Line: i + 1, Column: 3}
		in.Desired = append(in.Desired, connection.Desired{
			Space: connection.SpaceRef{Name: "A"}, Name: c.Connection.Name, DataSource: "rest", Properties: map[string]any{"path": "/declared"},
			At: func(string) connection.Position { return at },
		})
		if value, there := values[i]; there {
			in.Snapshot.Connections = append(in.Snapshot.Connections, connection.Live{
				ID: c.ID, Key: c.Connection, SpaceID: "a", DataSource: "rest", Properties: map[string]any{"path": value},
				Record: connection.Record{Project: "acme", Key: connection.KeyDigest(c.Connection)},
			})
		}
	}
	return in
}

func TestWhatWasDoneIsReadAgain(t *testing.T) {
	p := single(5)
	for i := range p.Changes {
		p.Changes[i].At = func(path string) connection.Position {
			return connection.Position{File: "a.yaml", Line: 10 * (i + 1), Column: len(path)}
		}
	}
	f := &tenant{fails: map[int]error{2: connection.ErrUnknownOutcome, 3: connection.ErrUnknownOutcome, 4: errInvalid}}
	var asked []string
	result, err := apply.Run(t.Context(), p, apply.Options{
		Execute: f.execute,
		Again: func(_ context.Context, touched func(*connection.Live) bool) (plan.Input, error) {
			in := seen(p, map[int]string{0: "/declared", 1: "/other", 2: "/declared", 3: "/old", 4: "/old"})
			for i := range in.Snapshot.Connections {
				if live := &in.Snapshot.Connections[i]; touched(live) {
					asked = append(asked, live.Key.Name)
				}
			}
			return in, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"0", "1", "2", "3"}; !slices.Equal(asked, want) {
		t.Errorf("read again: %q, not %q", asked, want)
	}
	want := apply.Ledger{Planned: 5, Done: 3, Failed: 2, Differs: 1}
	if diff := cmp.Diff(want, result.Ledger); diff != "" {
		t.Errorf("the ledger differs (-want +got):\n%s", diff)
	}
	if result.Complete() {
		t.Error("got a complete run, want an incomplete one")
	}
	differs := result.Items[1]
	if diff := cmp.Diff(&plan.Finding{Fields: []plan.Field{{Path: "/properties/path", Before: "/declared", After: "/other"}}}, differs.Differs); diff != "" {
		t.Errorf("the finding differs (-want +got):\n%s", diff)
	}
	if differs.Outcome != apply.Done || differs.Position.Line != 20 || differs.Position.Column != len("/properties/path") {
		t.Errorf("got item %+v, want a done one at the place of its path", differs)
	}
	if settled := result.Items[2]; settled.Outcome != apply.Done || settled.Unknown || settled.Why.Holds() {
		t.Errorf("an unknown outcome that was carried out: got %+v, want a done item", settled)
	}
	if open := result.Items[3]; open.Outcome != apply.Failed || !open.Unknown || open.Differs != nil {
		t.Errorf("an unknown outcome that was not carried out: got %+v, want a failed item that stays unknown", open)
	}
}

func TestACreateThatWasNotAnsweredGetsTheIDThatIsThere(t *testing.T) {
	p := single(1)
	p.Changes[0].Action, p.Changes[0].ID = plan.ActionCreate, ""
	result, err := apply.Run(t.Context(), p, apply.Options{
		Execute: func(context.Context, []connection.Operation) []connection.Outcome {
			return []connection.Outcome{{Err: connection.ErrUnknownOutcome}}
		},
		Again: func(context.Context, func(*connection.Live) bool) (plan.Input, error) {
			in := seen(p, map[int]string{0: "/declared"})
			in.Snapshot.Connections[0].ID = "new"
			return in, nil
		},
	})
	if err != nil || result.Items[0].Outcome != apply.Done || result.Items[0].ID != "new" {
		t.Errorf("got %+v, error %v; want a done item with the id that was found", result.Items[0], err)
	}
}

func TestWhatCannotBeReadAgainIsNotVerified(t *testing.T) {
	f := &tenant{}
	result, err := apply.Run(t.Context(), single(2), apply.Options{
		Execute: f.execute,
		Again: func(context.Context, func(*connection.Live) bool) (plan.Input, error) {
			return plan.Input{}, errors.New("list spaces: 403")
		},
	})
	if err != nil || result.Ledger.Done != 2 || (result.Unverified.Code != "not-read-again" || result.Unverified.Args["error"] != "list spaces: 403") || result.Complete() {
		t.Errorf("got %+v, error %v; want both done and unverified because of the 403", result, err)
	}
}

// TestAConnectionThatCannotBeReadAgainIsNotCalledDifferent demands that the result says what
// is known: nothing, and not that the tenant has another value.
func TestAConnectionThatCannotBeReadAgainIsNotCalledDifferent(t *testing.T) {
	f := &tenant{}
	p := single(2)
	result, err := apply.Run(t.Context(), p, apply.Options{
		Execute: f.execute,
		Again: func(context.Context, func(*connection.Live) bool) (plan.Input, error) {
			in := seen(p, map[int]string{0: "/declared", 1: "/declared"})
			in.Snapshot.Connections[1].Unreadable = "403"
			return in, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (apply.Ledger{Planned: 2, Done: 2, Unseen: 1}); result.Ledger != want || result.Complete() {
		t.Errorf("got the ledger %+v, complete: %t, want %+v of an incomplete result", result.Ledger, result.Complete(), want)
	}
}

func TestNothingIsReadAgainWhereNothingWasDone(t *testing.T) {
	again := func(context.Context, func(*connection.Live) bool) (plan.Input, error) {
		t.Error("the tenant was read again, want no read where nothing was done")
		return plan.Input{}, nil
	}
	f := &tenant{fails: map[int]error{0: errInvalid, 1: errInvalid}}
	if _, err := apply.Run(t.Context(), single(2), apply.Options{Execute: f.execute, Again: again}); err != nil {
		t.Error(err)
	}
	stop := make(chan struct{})
	f = &tenant{during: func(context.Context, []int) { close(stop) }}
	result, err := apply.Run(t.Context(), single(2), apply.Options{Execute: f.execute, Again: again, Parallelism: 1, Stop: stop})
	if err != nil || !result.Unverified.Holds() || result.Ledger.Done != 1 {
		t.Errorf("after an interrupt: got %+v, error %v; want one done and unverified", result, err)
	}
}

func TestARefusalHasTheLineOfItsProperty(t *testing.T) {
	p := single(1)
	p.Changes[0].Position = &connection.Position{File: "a.yaml", Line: 1, Column: 1}
	p.Changes[0].At = func(path string) connection.Position {
		return map[string]connection.Position{"/properties/region": {File: "a.yaml", Line: 7, Column: 15}}[path]
	}
	result, err := apply.Run(t.Context(), p, apply.Options{
		Execute: func(context.Context, []connection.Operation) []connection.Outcome {
			return []connection.Outcome{{Err: errInvalid, Path: "/properties/region"}}
		},
	})
	if err != nil || result.Items[0].Position.String() != "a.yaml:7:15" {
		t.Errorf("got %+v, error %v; want the refusal at a.yaml:7:15", result, err)
	}
}
