package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

var errInvalid = fmt.Errorf("400 bad request: %w", connection.ErrInvalid)

// outline writes each item as "action space/name outcome error", and the ledger.
func outline(r *apply.Result) []string {
	messages.Fill(r.Reasons(), nil)
	var lines []string
	for _, i := range r.Items {
		line := fmt.Sprintf("%s %s", i.Connection, i.Outcome)
		if i.Partial {
			line += " in part"
		}
		if i.Why.Holds() {
			line += ": " + i.Why.String()
		}
		lines = append(lines, line)
	}
	l := r.Ledger
	if l.Pending > 0 {
		lines = append(lines, fmt.Sprintf("%d pending", l.Pending))
	}
	return append(lines, fmt.Sprintf("%d = %d done + %d failed + %d blocked + %d skipped", l.Planned, l.Done, l.Failed, l.Blocked, l.Skipped))
}

func TestRunSettlesEveryChange(t *testing.T) {
	refused := func(p *plan.Plan, change int) *plan.Plan {
		p.Changes[change].Refused = connection.Reason{Code: "delete-protected", Text: "it is protected"}
		return p
	}
	advised := func(id int) plan.Item {
		i := item(id, id)
		i.Advice = connection.Reason{Text: "declare the credentials"}
		return i
	}
	makes := func(id, change int) plan.Item {
		i := item(id, change)
		i.Operation.Kind = connection.Create
		return i
	}
	for _, test := range []struct {
		name   string
		plan   *plan.Plan
		tenant *tenant
		calls  [][]int // with one step at a time
		want   []string
	}{
		{
			"an empty plan is complete", newPlan(0), &tenant{}, nil,
			[]string{"0 = 0 done + 0 failed + 0 blocked + 0 skipped"},
		},
		{
			"steps that wait for nothing run in the plan's order", single(3), &tenant{},
			[][]int{{0}, {1}, {2}},
			[]string{"A/0 done", "A/1 done", "A/2 done", "3 = 3 done + 0 failed + 0 blocked + 0 skipped"},
		},
		{
			"a failure leaves the others alone", single(3), &tenant{fails: map[int]error{1: errInvalid}},
			[][]int{{0}, {1}, {2}},
			[]string{
				"A/0 done", "A/1 failed: 400 bad request: refused by the service", "A/2 done",
				"3 = 2 done + 1 failed + 0 blocked + 0 skipped",
			},
		},
		{
			"a failure blocks what needs it, and what needs that",
			newPlan(4,
				step("s1", nil, item(0, 0)), step("s2", nil, item(3, 3)),
				step("s3", []string{"s1"}, item(1, 1, 0)), step("s4", []string{"s3"}, item(2, 2, 1))),
			&tenant{fails: map[int]error{0: errInvalid}},
			[][]int{{0}, {3}},
			[]string{
				"A/0 failed: 400 bad request: refused by the service",
				`A/1 blocked: it needs the patch of "A/0", which was not done`,
				`A/2 blocked: it needs the patch of "A/1", which was not done`,
				"A/3 done", "4 = 1 done + 1 failed + 2 blocked + 0 skipped",
			},
		},
		{
			"a delete that merely comes last runs after a failure",
			newPlan(2, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 1))),
			&tenant{fails: map[int]error{0: errInvalid}},
			[][]int{{0}, {1}},
			[]string{"A/0 failed: 400 bad request: refused by the service", "A/1 done", "2 = 1 done + 1 failed + 0 blocked + 0 skipped"},
		},
		{
			"a batch has an outcome for each of its items",
			newPlan(4, step("s1", nil, item(0, 0), item(1, 1), item(2, 2)), step("s2", []string{"s1"}, item(3, 3, 0, 2))),
			&tenant{fails: map[int]error{1: errInvalid}},
			[][]int{{0, 1, 2}, {3}},
			[]string{
				"A/0 done", "A/1 failed: 400 bad request: refused by the service", "A/2 done", "A/3 done",
				"4 = 3 done + 1 failed + 0 blocked + 0 skipped",
			},
		},
		{
			"of a batch, only what is blocked is left out",
			newPlan(3, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 1, 0), item(2, 2))),
			&tenant{fails: map[int]error{0: errInvalid}},
			[][]int{{0}, {2}},
			[]string{
				"A/0 failed: 400 bad request: refused by the service",
				`A/1 blocked: it needs the patch of "A/0", which was not done`, "A/2 done",
				"3 = 1 done + 1 failed + 1 blocked + 0 skipped",
			},
		},
		{
			"an outcome that the provider does not give is unknown",
			newPlan(2, step("s1", nil, item(0, 0), item(1, 1))),
			&tenant{outcomes: func([]int) int { return 1 }},
			[][]int{{0, 1}},
			[]string{
				"A/0 done", "A/1 failed: the provider gave no outcome: outcome unknown",
				"2 = 1 done + 1 failed + 0 blocked + 0 skipped",
			},
		},
		{
			"a token that is no longer accepted stops the run",
			newPlan(3, step("s1", nil, item(0, 0)), step("s2", nil, item(1, 1)), step("s3", []string{"s1"}, item(2, 2, 0))),
			&tenant{fails: map[int]error{0: fmt.Errorf("401: %w", connection.ErrUnauthorized)}},
			[][]int{{0}},
			[]string{
				"A/0 failed: 401: not authorised", "A/1 skipped: stopped: the tenant no longer accepts the token",
				`A/2 blocked: it needs the patch of "A/0", which was not done`,
				"3 = 0 done + 1 failed + 1 blocked + 1 skipped",
			},
		},
		{
			"what needs something skipped is skipped",
			newPlan(3, step("s1", nil, item(0, 0)), step("s2", nil, item(1, 1)), step("s3", []string{"s2"}, item(2, 2, 1))),
			&tenant{fails: map[int]error{0: connection.ErrUnauthorized}},
			[][]int{{0}},
			[]string{
				"A/0 failed: not authorised", "A/1 skipped: stopped: the tenant no longer accepts the token",
				`A/2 skipped: it needs the patch of "A/1", which was not done`,
				"3 = 0 done + 1 failed + 0 blocked + 2 skipped",
			},
		},
		{
			"a refused change is blocked", refused(newPlan(2, step("s1", nil, item(0, 1))), 0), &tenant{},
			[][]int{{0}},
			[]string{"A/0 blocked: it is protected by preventDestroy. Declare it again with lifecycle.preventDestroy: false first", "A/1 done", "2 = 1 done + 0 failed + 1 blocked + 0 skipped"},
		},
		{
			"a change of two calls has failed when the second has",
			newPlan(1, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 0, 0))),
			&tenant{fails: map[int]error{1: errInvalid}},
			[][]int{{0}, {1}},
			[]string{
				"A/0 failed in part: 400 bad request: refused by the service (done: patch)",
				"1 = 0 done + 1 failed + 0 blocked + 0 skipped",
			},
		},
		{
			"a change of two calls side by side reports the one that was done",
			newPlan(1, step("s1", nil, item(0, 0)), step("s2", nil, item(1, 0))),
			&tenant{fails: map[int]error{0: errInvalid}},
			[][]int{{0}, {1}},
			[]string{
				"A/0 failed in part: 400 bad request: refused by the service (done: patch)",
				"1 = 0 done + 1 failed + 0 blocked + 0 skipped",
			},
		},
		{
			"a change of which one call is blocked and another fails has failed",
			newPlan(2, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 1, 0)), step("s3", nil, item(2, 1))),
			&tenant{fails: map[int]error{0: errInvalid, 2: connection.ErrForbidden}},
			[][]int{{0}, {2}},
			[]string{
				"A/0 failed: 400 bad request: refused by the service", "A/1 failed: forbidden",
				"2 = 0 done + 2 failed + 0 blocked + 0 skipped",
			},
		},
		{
			"a change whose first call fails has not been done in part",
			newPlan(1, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 0, 0))),
			&tenant{fails: map[int]error{0: errInvalid}},
			[][]int{{0}},
			[]string{"A/0 failed: 400 bad request: refused by the service", "1 = 0 done + 1 failed + 0 blocked + 0 skipped"},
		},
		{
			"a change that is interrupted half-way has failed",
			newPlan(2, step("s1", nil, item(0, 0)), step("s2", nil, item(1, 1)), step("s3", []string{"s1"}, item(2, 0, 0))),
			&tenant{fails: map[int]error{1: connection.ErrUnauthorized}},
			[][]int{{0}, {1}},
			[]string{
				"A/0 failed in part: stopped: the tenant no longer accepts the token (done: patch)", "A/1 failed: not authorised",
				"2 = 0 done + 2 failed + 0 blocked + 0 skipped",
			},
		},
		{
			"what was not sent because of an interrupt is skipped",
			newPlan(2, step("s1", nil, item(0, 0)), step("s2", nil, item(1, 1)), step("s3", []string{"s2"}, item(2, 1, 1))),
			&tenant{fails: map[int]error{0: fmt.Errorf("patch: %w", connection.ErrNotSent), 2: connection.ErrNotSent}},
			[][]int{{0}, {1}, {2}},
			[]string{
				"A/0 skipped: interrupted before its turn", "A/1 failed in part: interrupted before its turn (done: patch)",
				"2 = 0 done + 1 failed + 0 blocked + 1 skipped",
			},
		},
		{
			"a recreate that was not sent because of an interrupt is skipped as a whole",
			newPlan(1, plan.Step{ID: "s1", Kind: connection.Recreate, Items: []plan.Item{makes(0, 0), item(1, 0, 0), item(2, 0, 1)}, Grouped: 2}),
			&tenant{fails: map[int]error{0: connection.ErrNotSent}},
			[][]int{{0}},
			[]string{"A/0 skipped: interrupted before its turn", "1 = 0 done + 0 failed + 0 blocked + 1 skipped"},
		},
		{
			"a tenant that is gone three calls in a row is not asked again",
			single(6),
			&tenant{fails: map[int]error{0: connection.ErrUnreachable, 2: connection.ErrUnreachable, 3: connection.ErrUnreachable, 4: connection.ErrUnreachable}},
			[][]int{{0}, {1}, {2}, {3}, {4}},
			[]string{
				"A/0 failed: not reachable", "A/1 done", "A/2 failed: not reachable", "A/3 failed: not reachable", "A/4 failed: not reachable",
				"A/5 skipped: stopped: the tenant is not reachable", "6 = 1 done + 4 failed + 0 blocked + 1 skipped",
			},
		},
		{
			"one call of many items finds the tenant gone once, and an unknown outcome does not say that it is back",
			newPlan(6, step("s1", nil, item(0, 0), item(1, 1), item(2, 2)), step("s2", nil, item(3, 3)), step("s3", nil, item(4, 4)), step("s4", nil, item(5, 5))),
			&tenant{fails: map[int]error{
				0: connection.ErrUnreachable, 1: connection.ErrUnreachable, 2: connection.ErrUnreachable,
				3: connection.ErrUnknownOutcome, 4: connection.ErrUnreachable,
			}},
			[][]int{{0, 1, 2}, {3}, {4}, {5}},
			[]string{
				"A/0 failed: not reachable", "A/1 failed: not reachable", "A/2 failed: not reachable", "A/3 failed: outcome unknown",
				"A/4 failed: not reachable", "A/5 done", "6 = 1 done + 5 failed + 0 blocked + 0 skipped",
			},
		},
		{
			"what is saved and not in effect is its own outcome, and lets go on what waits for it",
			newPlan(3, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 1, 0)), step("s3", nil, item(2, 2))),
			&tenant{fails: map[int]error{0: fmt.Errorf("gateway down: %w", connection.ErrPending)}},
			[][]int{{0}, {1}, {2}},
			[]string{
				"A/0 pending: gateway down: saved, but not in effect", "A/1 done", "A/2 done",
				"1 pending", "3 = 2 done + 0 failed + 0 blocked + 0 skipped",
			},
		},
		{
			"a change of which one call is not in effect and another fails has failed",
			newPlan(1, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 0, 0))),
			&tenant{fails: map[int]error{0: connection.ErrPending, 1: errInvalid}},
			[][]int{{0}, {1}},
			[]string{
				"A/0 failed in part: 400 bad request: refused by the service (done: patch)",
				"1 = 0 done + 1 failed + 0 blocked + 0 skipped",
			},
		},
		{
			"advice is given when the service refuses",
			newPlan(2, step("s1", nil, advised(0)), step("s2", nil, advised(1))),
			&tenant{fails: map[int]error{0: errInvalid, 1: connection.ErrUnreachable}},
			[][]int{{0}, {1}},
			[]string{
				"A/0 failed: 400 bad request: refused by the service (declare the credentials)", "A/1 failed: not reachable",
				"2 = 0 done + 2 failed + 0 blocked + 0 skipped",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := apply.Run(t.Context(), test.plan, apply.Options{Execute: test.tenant.execute, ExecuteGroup: test.tenant.executeGroup, Parallelism: 1})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, outline(result)); diff != "" {
				t.Errorf("the result differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.calls, test.tenant.calls); diff != "" {
				t.Errorf("calls differ (-want +got):\n%s", diff)
			}
			if result.Format != apply.Format || result.Hash != test.plan.Hash || result.Tenant != test.plan.Tenant || result.Project != "acme" {
				t.Errorf("got %+v, want the format, hash, tenant and project of the plan", result)
			}
			if result.Complete() != (result.Ledger.Done == result.Ledger.Planned) {
				t.Error("Complete differs from the ledger")
			}
		})
	}
}

func TestAnItemHasTheIdThatTheProviderGave(t *testing.T) {
	p := newPlan(3, step("s1", nil, item(0, 0)), step("s2", nil, item(1, 1)))
	p.Changes[2].Refused = connection.Reason{Code: "delete-protected", Text: "it is protected"}
	p.Changes[0].ID = "" // a create
	result, err := apply.Run(t.Context(), p, apply.Options{Execute: (&tenant{}).execute})
	if err != nil {
		t.Fatal(err)
	}
	if got := []string{result.Items[0].ID, result.Items[1].ID, result.Items[2].ID}; !slices.Equal(got, []string{"live-0", "live-1", "id-2"}) {
		t.Errorf("got ids %v, want live-0, live-1 and id-2", got)
	}
}

func TestARunThatOnlyFailedOrWasRefusedWroteNothing(t *testing.T) {
	partial := newPlan(1, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 0, 0)))
	for _, test := range []struct {
		name  string
		plan  *plan.Plan
		fails map[int]error
		want  bool
	}{
		{"nothing to do", newPlan(0), nil, false},
		{"one done, one failed", single(2), map[int]error{0: errInvalid}, true},
		{"all failed", single(2), map[int]error{0: errInvalid, 1: errInvalid}, false},
		{"one failed in part", partial, map[int]error{1: errInvalid}, true},
		{"one failed from the start", partial, map[int]error{0: errInvalid}, false},
		{"one that may have been done", single(2), map[int]error{0: fmt.Errorf("503: %w", connection.ErrUnknownOutcome), 1: errInvalid}, true},
		{"one that was not sent", single(1), map[int]error{0: connection.ErrNotSent}, false},
		{"one created that cannot be read back", creating(single(1)), map[int]error{0: errInvalid}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := apply.Run(t.Context(), test.plan, apply.Options{Execute: (&tenant{fails: test.fails}).execute})
			if err != nil {
				t.Fatal(err)
			}
			if got := result.Wrote(); got != test.want {
				t.Errorf("got Wrote %v, want %v", got, test.want)
			}
		})
	}
}

// creating makes creates of all operations of a plan.
func creating(p *plan.Plan) *plan.Plan {
	for i := range p.Steps {
		for j := range p.Steps[i].Items {
			p.Steps[i].Items[j].Operation.Kind = connection.Create
		}
	}
	return p
}

func TestARefusedPlanIsNotStarted(t *testing.T) {
	p := single(1)
	p.Refusal = &plan.Refusal{Rule: plan.RuleMaxDeletes, Reason: connection.Reason{Text: "too many deletes"}}
	f := &tenant{}
	_, err := apply.Run(t.Context(), p, apply.Options{Execute: f.execute})
	if !errors.Is(err, apply.ErrRefused) || err.Error() != "refused: too many deletes" || len(f.calls) > 0 {
		t.Errorf("got error %v after calls %v, want the refusal of the plan and no call", err, f.calls)
	}
}

func TestAnOrderWithoutEndIsAnErrorBeforeTheFirstWrite(t *testing.T) {
	for name, p := range map[string]*plan.Plan{
		"a step that waits for itself":       newPlan(1, step("s1", []string{"s1"}, item(0, 0))),
		"steps that wait for each other":     newPlan(2, step("s1", []string{"s2"}, item(0, 0)), step("s2", []string{"s1"}, item(1, 1))),
		"a step that waits for none of them": newPlan(2, step("s1", nil, item(0, 0)), step("s2", []string{"s9"}, item(1, 1))),
	} {
		t.Run(name, func(t *testing.T) {
			f := &tenant{}
			if _, err := apply.Run(t.Context(), p, apply.Options{Execute: f.execute}); err == nil || len(f.calls) > 0 {
				t.Errorf("got error %v after calls %v, want an error before any call", err, f.calls)
			}
		})
	}
}

func TestNoMoreStepsRunAtATimeThanAllowed(t *testing.T) {
	for _, test := range []struct{ parallelism, steps, want int }{{1, 4, 1}, {3, 10, 3}, {0, 20, 8}, {-1, 20, 8}, {50, 5, 5}} {
		t.Run(fmt.Sprintf("%d of %d steps", test.parallelism, test.steps), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := make(chan struct{})
				f := &tenant{during: func(context.Context, []int) { <-gate }}
				results := make(chan *apply.Result, 1)
				go func() {
					result, _ := apply.Run(t.Context(), single(test.steps), apply.Options{Execute: f.execute, Parallelism: test.parallelism})
					results <- result
				}()
				for left := test.steps; left > 0; left-- {
					synctest.Wait()
					if got, want := f.busy(), min(test.want, left); got != want {
						t.Fatalf("%d steps left: %d are running, not %d", left, got, want)
					}
					gate <- struct{}{}
				}
				if result := <-results; !result.Complete() {
					t.Errorf("got an incomplete run, want every step done: %v", outline(result))
				}
			})
		})
	}
}

func TestAStepWaitsForThoseBeforeItAndForNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gates := []chan struct{}{make(chan struct{}), make(chan struct{}), make(chan struct{})}
		f := &tenant{during: func(_ context.Context, ids []int) { <-gates[ids[0]] }}
		p := newPlan(3, step("s1", nil, item(0, 0)), step("s2", nil, item(1, 1)), step("s3", []string{"s1"}, item(2, 2)))
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = apply.Run(t.Context(), p, apply.Options{Execute: f.execute})
		}()
		synctest.Wait()
		if got := f.busy(); got != 2 {
			t.Fatalf("%d steps run at first, not 2", got)
		}
		gates[0] <- struct{}{}
		synctest.Wait()
		if diff := cmp.Diff([]int{0, 1, 2}, f.executed()); diff != "" {
			t.Fatalf("the third does not run although the first has ended: %s", diff)
		}
		gates[1] <- struct{}{}
		gates[2] <- struct{}{}
		<-done
	})
}

func TestNothingIsBegunNextToAStepThatRestoresAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gates := []chan struct{}{make(chan struct{}), make(chan struct{}), make(chan struct{})}
		f := &tenant{during: func(_ context.Context, ids []int) { <-gates[ids[0]] }, fails: map[int]error{1: errors.New("refused")}}
		p := newPlan(3, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 1)), step("s3", nil, item(2, 2)))
		p.Steps[0].Urgent, p.Steps[1].Urgent = true, true
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = apply.Run(t.Context(), p, apply.Options{Execute: f.execute})
		}()
		for want := range 3 {
			synctest.Wait()
			if got := f.executed(); len(got) != want+1 || got[want] != want {
				t.Fatalf("%v run at first", got)
			}
			gates[want] <- struct{}{}
		}
		<-done
	})
}

func TestStopLetsRunningStepsFinishAndStartsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, stop := make(chan struct{}), make(chan struct{})
		f := &tenant{during: func(context.Context, []int) { <-gate }}
		results := make(chan *apply.Result, 1)
		go func() {
			result, _ := apply.Run(t.Context(), single(4), apply.Options{Execute: f.execute, Parallelism: 2, Stop: stop})
			results <- result
		}()
		synctest.Wait()
		close(stop)
		gate <- struct{}{}
		gate <- struct{}{}
		want := []string{
			"A/0 done", "A/1 done", "A/2 skipped: interrupted before its turn", "A/3 skipped: interrupted before its turn",
			"4 = 2 done + 0 failed + 0 blocked + 2 skipped",
		}
		if diff := cmp.Diff(want, outline(<-results)); diff != "" {
			t.Errorf("the result differs (-want +got):\n%s", diff)
		}
	})
}

func TestStopBeforeTheBeginningSendsNothing(t *testing.T) {
	stop := make(chan struct{})
	close(stop)
	f := &tenant{}
	result, err := apply.Run(t.Context(), single(2), apply.Options{Execute: f.execute, Stop: stop})
	if err != nil || result.Ledger.Skipped != 2 || len(f.calls) > 0 || result.Wrote() {
		t.Errorf("got %v, error %v, calls %v; want two skipped items and no call", result, err, f.calls)
	}
}

func TestCancellingBreaksRunningRequestsAndKeepsTheLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &tenant{during: func(ctx context.Context, ids []int) {
			if ids[0] > 0 {
				<-ctx.Done()
			}
		}}
		results := make(chan *apply.Result, 1)
		go func() {
			result, _ := apply.Run(ctx, single(4), apply.Options{Execute: f.execute, Parallelism: 2})
			results <- result
		}()
		synctest.Wait()
		cancel()
		want := []string{
			"A/0 done", "A/1 failed: context canceled", "A/2 failed: context canceled", "A/3 skipped: interrupted before its turn",
			"4 = 1 done + 2 failed + 0 blocked + 1 skipped",
		}
		if diff := cmp.Diff(want, outline(<-results)); diff != "" {
			t.Errorf("the result differs (-want +got):\n%s", diff)
		}
	})
}

func TestTheFirstReasonToStopStays(t *testing.T) {
	stop := make(chan struct{})
	f := &tenant{fails: map[int]error{0: connection.ErrUnauthorized}, during: func(context.Context, []int) { close(stop) }}
	result, err := apply.Run(t.Context(), single(2), apply.Options{Execute: f.execute, Parallelism: 1, Stop: stop})
	if err != nil || result.Items[1].Why.Code != "stopped-unauthorized" {
		t.Errorf("got %v, error %v; want the first reason to stop", outline(result), err)
	}
}

func TestProgressReportsEveryStepWithTheReasonOfItsFirstItem(t *testing.T) {
	p := newPlan(4,
		step("s1", nil, item(0, 0), item(1, 1)), step("s2", []string{"s1"}, item(2, 2, 1)), step("s3", []string{"s2"}, item(3, 3)))
	f := &tenant{fails: map[int]error{1: errInvalid}}
	var lines []string
	_, err := apply.Run(t.Context(), p, apply.Options{Execute: f.execute, Progress: func(now apply.Progress) {
		lines = append(lines, fmt.Sprintf("%d/%d %s: %v", now.Done, now.Total, now.Step.ID, now.Why.Code))
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1/3 s1: write-failed",
		"2/3 s2: need-not-done",
		"3/3 s3: ",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines of progress differ (-want +got):\n%s", diff)
	}
}

func withCredentials(i plan.Item, tree map[string]any) plan.Item {
	i.Operation.Credentials = tree
	return i
}

func reference(env string, line int) connection.Reference {
	return connection.Reference{Env: env, Position: connection.Position{File: "a.yaml", Line: line, Column: 5}}
}

func TestSecretsAreResolvedOnceEachAndBeforeTheFirstWrite(t *testing.T) {
	shared, path := reference("SHARED", 9), connection.Reference{File: "SHARED", Position: connection.Position{File: "a.yaml", Line: 2}}
	p := newPlan(3,
		step("s1", nil, withCredentials(item(0, 0), map[string]any{"password": shared, "user": "ana"})),
		step("s2", nil, withCredentials(item(1, 1), map[string]any{"files": []any{map[string]any{"value": path}}, "password": reference("SHARED", 4)})),
		step("s3", nil, item(2, 2)))
	f := &tenant{}
	var asked []string
	result, err := apply.Run(t.Context(), p, apply.Options{
		Execute: f.execute,
		Resolve: func(ref connection.Reference) (connection.Secret, error) {
			if len(f.calls) > 0 {
				t.Error("a secret was resolved after a write")
			}
			asked = append(asked, ref.String())
			return connection.NewSecret("value of " + ref.String()), nil
		},
	})
	if err != nil || !result.Complete() {
		t.Fatalf("got error %v and %+v, want a complete run", err, result)
	}
	if diff := cmp.Diff([]string{"{file: SHARED}", "{env: SHARED}"}, asked); diff != "" {
		t.Errorf("secrets that were asked for differ (-want +got):\n%s", diff)
	}
	want := map[int]any{
		0: map[string]any{"password": "value of {env: SHARED}", "user": "ana"},
		1: map[string]any{"password": "value of {env: SHARED}", "files": []any{map[string]any{"value": "value of {file: SHARED}"}}},
	}
	if diff := cmp.Diff(want, f.secrets); diff != "" {
		t.Errorf("secrets that were sent differ (-want +got):\n%s", diff)
	}
	if len(connection.Secrets(p.Steps[0].Items[0].Operation.Credentials)) > 0 {
		t.Error("the plan holds a resolved secret")
	}
}

func TestReferencesThatReadAlikeAreNotMixedUp(t *testing.T) {
	alike := []connection.Reference{
		{Exec: []string{"get", "a, b"}},
		{Exec: []string{"get", "a", "b"}},
		{File: "key, encoding: base64"},
		{File: "key", Encoding: "base64"},
	}
	for i := 0; i < len(alike); i += 2 {
		if alike[i].String() != alike[i+1].String() {
			t.Fatalf("%s and %s do not read alike", alike[i], alike[i+1])
		}
	}
	tree := map[string]any{}
	for i, ref := range alike {
		tree[fmt.Sprint(i)] = ref
	}
	f := &tenant{}
	_, err := apply.Run(t.Context(), newPlan(1, step("s1", nil, withCredentials(item(0, 0), tree))), apply.Options{
		Execute: f.execute,
		Resolve: func(ref connection.Reference) (connection.Secret, error) {
			return connection.NewSecret(connection.Canonical(ref)), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, ref := range alike {
		if got := f.secrets[0].(map[string]any)[fmt.Sprint(i)]; got != connection.Canonical(ref) {
			t.Errorf("%s was given the value of %s", connection.Canonical(ref), got)
		}
	}
}

func TestAllMissingSecretsAreReportedTogetherAndNothingIsExecuted(t *testing.T) {
	p := newPlan(2,
		step("s1", nil, withCredentials(item(0, 0), map[string]any{"a": reference("LATE", 30), "b": reference("TWICE", 20), "c": reference("THERE", 1)})),
		step("s2", nil, withCredentials(item(1, 1), map[string]any{"a": reference("TWICE", 10), "b": reference("PLAIN", 5)})))
	f := &tenant{}
	result, err := apply.Run(t.Context(), p, apply.Options{
		Execute: f.execute,
		Resolve: func(ref connection.Reference) (connection.Secret, error) {
			switch ref.Env {
			case "THERE":
				return connection.NewSecret("value"), nil
			case "PLAIN":
				return connection.Secret{}, errors.New("an error without a place")
			}
			return connection.Secret{}, fmt.Errorf("wrapped: %w", connection.Problem{
				Position: ref.Position, Severity: connection.SeverityError, Message: ref.Env + " is not set", Hint: "export it",
			})
		},
	})
	if result != nil || len(f.calls) > 0 {
		t.Errorf("got %v and calls %v, want no result and no call", result, f.calls)
	}
	want := []string{
		"a.yaml:5:5: an error without a place",
		"a.yaml:10:5: TWICE is not set (export it)",
		"a.yaml:30:5: LATE is not set (export it)",
	}
	var problems connection.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got error %v, want problems", err)
	}
	if diff := cmp.Diff(want, strings.Split(problems.Error(), "\n")); diff != "" {
		t.Errorf("problems differ (-want +got):\n%s", diff)
	}
}

// TestARecreateIsOneCreateAndOneRow looks at what a recreate asks of the provider, and
// at what it makes of the answers.
func TestARecreateIsOneCreateAndOneRow(t *testing.T) {
	undo := connection.Operation{Kind: connection.Patch, Key: key(0), ID: "old", Name: "real"}
	made := 0
	items := []plan.Item{item(0, 0), item(1, 0, 0), item(2, 0, 1)}
	items[0].Operation.Kind = connection.Create
	items[2].Created = &made
	for _, test := range []struct {
		name     string
		outcomes []connection.Outcome // of all three
		want     string
	}{
		{"all is well", make([]connection.Outcome, 3), "A/0 done"},
		{
			"the create fails",
			[]connection.Outcome{{Err: errInvalid}},
			"A/0 failed: 400 bad request: refused by the service",
		},
		{
			"the old one stays where it is",
			[]connection.Outcome{{}, {Err: errInvalid}, {Err: connection.ErrNotSent}},
			"A/0 failed in part: 400 bad request: refused by the service. The old connection has its name again (done: create)",
		},
		{
			"the new one does not get its name",
			[]connection.Outcome{{}, {}, {Err: errInvalid}},
			"A/0 failed in part: 400 bad request: refused by the service. The old connection has its name again (done: create, patch)",
		},
		{
			"and the old one does not get it back",
			[]connection.Outcome{{}, {}, {Err: errInvalid, UndoErr: connection.ErrForbidden}},
			"A/0 failed in part: 400 bad request: refused by the service. The old connection could not be renamed back either (forbidden). Plan and apply again at once (done: create, patch)",
		},
		{
			"an interrupt comes before the row",
			[]connection.Outcome{{}, {Err: connection.ErrNotSent}, {Err: connection.ErrNotSent}},
			"A/0 failed in part: interrupted before its turn (done: create)",
		},
		{
			"the process ends within the row",
			[]connection.Outcome{{}, {}, {Err: connection.ErrNotSent, UndoErr: connection.ErrNotSent}},
			"A/0 failed in part: not sent. The old connection could not be renamed back either (not sent). Plan and apply again at once (done: create, patch)",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var calls [][]connection.Operation
			left := test.outcomes
			var undoes *connection.Operation
			execute := func(_ context.Context, operations []connection.Operation) []connection.Outcome {
				calls = append(calls, operations)
				outcomes := slices.Clone(left[:len(operations)])
				left = left[len(operations):]
				if outcomes[0].Err == nil {
					outcomes[0].ID = "made"
				}
				return outcomes
			}
			executeGroup := func(ctx context.Context, group connection.Group) []connection.Outcome {
				undoes = group.Undo
				return execute(ctx, group.Operations)
			}
			p := newPlan(1, plan.Step{ID: "s1", Kind: connection.Recreate, Items: items, Grouped: 2, Undo: &undo})
			result, err := apply.Run(t.Context(), p, apply.Options{Execute: execute, ExecuteGroup: executeGroup})
			if err != nil {
				t.Fatal(err)
			}
			if got := outline(result)[0]; got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if len(calls[0]) != 1 || len(left) > 0 {
				t.Fatalf("got calls %+v, want one create first and every step called", calls)
			}
			if len(calls) > 1 && (calls[1][0].ID != "1" || calls[1][1].ID != "made" || undoes != &undo) {
				t.Errorf("got the last call %+v, want the old connection, the new one and the undo", calls[1])
			}
		})
	}
}

// TestARecreateIsOneRowWhereTheNewOneIsThere looks at one whose new connection was made
// by steps before, or by another run.
func TestARecreateIsOneRowWhereTheNewOneIsThere(t *testing.T) {
	undo := connection.Operation{Kind: connection.Patch, Key: key(0), ID: "old", Name: "real"}
	made := 0
	create := item(0, 0)
	create.Operation.Kind = connection.Create
	makeWay, takeName := item(1, 0, 0), item(2, 0, 1)
	takeName.Created = &made
	for _, test := range []struct {
		name string
		row  []connection.Outcome
		want string
	}{
		{"all is well", make([]connection.Outcome, 2), "A/0 done"},
		{
			"the old one stays where it is",
			[]connection.Outcome{{Err: connection.ErrNotSent}, {Err: connection.ErrNotSent}},
			"A/0 failed in part: interrupted before its turn (done: create)",
		},
		{
			"the new one does not get its name",
			[]connection.Outcome{{}, {Err: errInvalid}},
			"A/0 failed in part: 400 bad request: refused by the service. The old connection has its name again (done: create, patch)",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var row connection.Group
			execute := func(context.Context, []connection.Operation) []connection.Outcome {
				return []connection.Outcome{{ID: "made"}}
			}
			executeGroup := func(_ context.Context, group connection.Group) []connection.Outcome {
				row = group
				return test.row
			}
			p := newPlan(1, step("s1", nil, create), plan.Step{ID: "s2", Kind: connection.Recreate, After: []string{"s1"}, Items: []plan.Item{makeWay, takeName}, Grouped: 2, Undo: &undo})
			result, err := apply.Run(t.Context(), p, apply.Options{Execute: execute, ExecuteGroup: executeGroup})
			if err != nil {
				t.Fatal(err)
			}
			if got := outline(result)[0]; got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if len(row.Operations) != 2 || row.Operations[0].ID != "1" || row.Operations[1].ID != "made" || row.Undo != &undo {
				t.Errorf("got group %+v, want the old connection, the new one and the undo", row)
			}
		})
	}
}
