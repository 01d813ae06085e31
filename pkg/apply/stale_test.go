package apply_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// changed is the tenant after an acknowledged write: the connection of the plan as the
// files declare it, or as somebody else has made it.
func changed(p *plan.Plan, value string) plan.Input {
	in := seen(p, map[int]string{0: value})
	in.Snapshot.Connections[0].UpdatedAt = time.Unix(2000, 0)
	return in
}

// unchanged is the tenant before it.
func unchanged(p *plan.Plan) plan.Input {
	in := seen(p, map[int]string{0: "/old"})
	in.Snapshot.Connections[0].UpdatedAt = time.Unix(1000, 0)
	return in
}

// TestAnAcknowledgedWriteIsLookedForAgainUntilTheTenantShowsIt says that something differs
// only after a while if the tenant may just lag behind, and at once if it cannot.
func TestAnAcknowledgedWriteIsLookedForAgainUntilTheTenantShowsIt(t *testing.T) {
	nothing := func(p *plan.Plan) plan.Input { return seen(p, nil) }
	declared := func(p *plan.Plan) plan.Input { return changed(p, "/declared") }
	unfound := func(p *plan.Plan) plan.Input {
		in := changed(p, "/declared")
		live := &in.Snapshot.Connections[0]
		live.Properties, live.Unreadable, live.Missing = nil, "404", true
		return in
	}
	undeclared := func(there bool) func(*plan.Plan) plan.Input {
		return func(p *plan.Plan) plan.Input {
			in := unchanged(p)
			if in.Desired = nil; !there {
				in.Snapshot.Connections = nil
			}
			return in
		}
	}
	moved := func(p *plan.Plan) plan.Input {
		in := unchanged(p)
		in.Snapshot.Connections[0].Key.Name = "before"
		return in
	}
	for name, test := range map[string]struct {
		action      plan.Action
		before, now func(*plan.Plan) plan.Input
		waits       bool
		reason      string // in the end, if the tenant never shows it
	}{
		"a create that is not listed":      {plan.ActionCreate, nothing, declared, true, "not-there, even after 30s"},
		"a create without its details":     {plan.ActionCreate, unfound, declared, true, "even after 30s"},
		"an update with the old values":    {plan.ActionUpdate, unchanged, declared, true, "even after 30s"},
		"a rename under the old name":      {plan.ActionUpdate, moved, declared, true, "even after 30s"},
		"a delete that is still listed":    {plan.ActionDelete, undeclared(true), undeclared(false), true, "still-there, even after 30s"},
		"an update with values of its own": {plan.ActionUpdate, func(p *plan.Plan) plan.Input { return changed(p, "/other") }, nil, false, ""},
		"a create with values of its own":  {plan.ActionCreate, func(p *plan.Plan) plan.Input { return changed(p, "/other") }, nil, false, ""},
		"an update that is there at once":  {plan.ActionUpdate, declared, nil, false, ""},
		"a delete that somebody has undone ": {plan.ActionDelete, func(p *plan.Plan) plan.Input {
			in := undeclared(true)(p)
			in.Snapshot.Connections[0].UpdatedAt = time.Unix(3000, 0)
			return in
		}, nil, false, "still-there"},
	} {
		run := func(t *testing.T, shows time.Duration) (*apply.Result, time.Duration) {
			p := single(1)
			p.Changes[0].Action = test.action
			operation := &p.Steps[0].Items[0].Operation
			before := unchanged(p).Snapshot.Connections[0]
			if name == "a rename under the old name" {
				before.Key.Name = "before"
			}
			switch test.action {
			case plan.ActionCreate:
				p.Changes[0].ID, operation.ID, operation.Seen = "", "", nil
			default:
				before.ID, operation.ID, operation.Seen = p.Changes[0].ID, p.Changes[0].ID, &before
			}
			began, f := time.Now(), &tenant{}
			result, err := apply.Run(t.Context(), p, apply.Options{
				Execute: f.execute,
				Again: func(context.Context, func(*connection.Live) bool) (plan.Input, error) {
					if test.now != nil && time.Since(began) >= shows {
						return test.now(p), nil
					}
					return test.before(p), nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			return result, time.Since(began)
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				result, took := run(t, 5*time.Second)
				switch {
				case !test.waits && took > 0:
					t.Errorf("waited %v, want no wait", took)
				case test.waits && (took < 5*time.Second || took > 10*time.Second || !result.Complete()):
					t.Errorf("waited %v, want 5s to 10s and a complete run: %+v", took, result.Items[0].Differs)
				}
			})
		})
		t.Run(name+", for ever", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				result, took := run(t, time.Hour)
				differs := result.Items[0].Differs
				if test.waits != (took == 30*time.Second) || test.reason != "" && (differs == nil || !strings.HasSuffix(codesOf(differs), test.reason)) {
					t.Errorf("waited %v, want 30s only for a write that does not show: %+v", took, differs)
				}
			})
		})
	}
}

// TestTheSecondOfTwoWritesIsLookedForAgain waits where the tenant shows the first write of a
// change and not yet the second.
func TestTheSecondOfTwoWritesIsLookedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := single(1)
		before := unchanged(p).Snapshot.Connections[0]
		before.ID, before.OwnerID = p.Changes[0].ID, "u1"
		step := &p.Steps[0]
		first := step.Items[0]
		first.Operation.ID, first.Operation.Seen, first.Operation.OwnerID = before.ID, &before, "u2"
		second := first
		second.ID, second.Operation.OwnerID = 1, ""
		second.Operation.Tags = &[]string{"new"}
		p.Changes[0].Action = plan.ActionUpdate
		step.Items = []plan.Item{first, second}
		began, f := time.Now(), &tenant{}
		result, err := apply.Run(t.Context(), p, apply.Options{
			Execute: f.execute,
			Again: func(context.Context, func(*connection.Live) bool) (plan.Input, error) {
				in := changed(p, "/old")
				if time.Since(began) >= 5*time.Second {
					in = changed(p, "/declared")
					in.Snapshot.Connections[0].Tags = []string{"new"}
					in.Desired[0].Tags = []string{"new"}
				}
				in.Snapshot.Connections[0].OwnerID = "u2"
				return in, nil
			},
		})
		if took := time.Since(began); err != nil || !result.Complete() || took < 5*time.Second {
			t.Errorf("got %+v after %v, error %v; want a complete run after at least 5s", result, took, err)
		}
	})
}

// TestLookingAgainEndsWithAnInterruptOrAFailure keeps what was found before.
func TestLookingAgainEndsWithAnInterruptOrAFailure(t *testing.T) {
	for name, end := range map[string]func(stop chan struct{}) error{
		"interrupt": func(stop chan struct{}) error { close(stop); return nil },
		"failure":   func(chan struct{}) error { return errors.New("500") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := single(1)
				p.Changes[0].Action, p.Changes[0].ID = plan.ActionCreate, ""
				stop, reads := make(chan struct{}), 0
				began, f := time.Now(), &tenant{}
				result, err := apply.Run(t.Context(), p, apply.Options{
					Execute: f.execute, Stop: stop,
					Again: func(context.Context, func(*connection.Live) bool) (plan.Input, error) {
						if reads++; reads == 3 {
							return seen(p, nil), end(stop)
						}
						return seen(p, nil), nil
					},
				})
				took := time.Since(began)
				if err != nil || reads != 3 || took != 3*time.Second {
					t.Fatalf("got %d reads in %v, error %v; want 3 reads in 3s", reads, took, err)
				}
				if differs := result.Items[0].Differs; differs == nil || codesOf(differs) != "not-there, even after 3s" {
					t.Errorf("got %+v, want the connection that is missing after 3s", differs)
				}
			})
		})
	}
}

// codesOf returns the codes of the reasons of a finding, with the time after which they still hold.
func codesOf(f *plan.Finding) string {
	var codes []string
	for _, r := range f.Reasons {
		if r.Code != "even-after" {
			codes = append(codes, r.Code)
			continue
		}
		for _, why := range r.Args["why"].([]connection.Reason) {
			codes = append(codes, why.Code+", even after "+r.Args["after"].(string))
		}
	}
	return strings.Join(codes, "; ")
}
