package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestAPanicOfAStepStopsTheRunAndIsInTheResult: what was done before and at the same time
// is reported, nothing more is sent, and no text quotes the value of the panic.
func TestAPanicOfAStepStopsTheRunAndIsInTheResult(t *testing.T) {
	const secret = "canary-7F3a51d0e2ab"
	const unknown = "outcome unknown: qlsync has crashed; see the end of the output"
	const stopped = "stopped: qlsync has crashed; see the end of the output"
	create := item(0, 0)
	create.Operation.Kind = connection.Create
	panicAt := func(operation int) *tenant {
		return &tenant{during: func(ctx context.Context, ids []int) {
			if slices.Contains(ids, operation) {
				panic(errors.New("the body was " + secret))
			}
		}}
	}
	for name, test := range map[string]struct {
		plan        *plan.Plan
		tenant      *tenant
		parallelism int
		options     apply.Options
		want        []string
	}{
		"one after the other": {
			plan: single(4), tenant: panicAt(1), parallelism: 1,
			want: []string{"A/0 done", "A/1 failed: " + unknown, "A/2 skipped: " + stopped, "A/3 skipped: " + stopped, "4 = 1 done + 1 failed + 0 blocked + 2 skipped"},
		},
		"what is under way ends, and what waits for its turn is not sent": {
			plan: single(4), tenant: &tenant{fails: map[int]error{2: connection.ErrNotSent}, during: func(ctx context.Context, ids []int) {
				switch ids[0] {
				case 0: // has been sent
					time.Sleep(time.Second)
				case 1:
					panic("the body was " + secret)
				case 2:
					<-ctx.Done() // for the place that the crashed one has taken
				}
			}}, parallelism: 3,
			want: []string{"A/0 done", "A/1 failed: " + unknown, "A/2 skipped: interrupted before its turn", "A/3 skipped: " + stopped, "4 = 1 done + 1 failed + 0 blocked + 2 skipped"},
		},
		"a batch": {
			plan: newPlan(3, step("s1", nil, item(0, 0), item(1, 1)), step("s2", []string{"s1"}, item(2, 2, 0))), tenant: panicAt(1), parallelism: 1,
			want: []string{"A/0 failed: " + unknown, "A/1 failed: " + unknown, `A/2 blocked: it needs the patch of "A/0", which was not done`, "3 = 0 done + 2 failed + 1 blocked + 0 skipped"},
		},
		"a recreate behind its create": {
			plan:   newPlan(1, plan.Step{ID: "s1", Kind: connection.Recreate, Items: []plan.Item{create, item(1, 0, 0), item(2, 0, 1)}, Grouped: 2}),
			tenant: panicAt(1), parallelism: 1,
			want: []string{"A/0 failed in part: " + unknown + " (done: create)", "1 = 0 done + 1 failed + 0 blocked + 0 skipped"},
		},
		"the progress": {
			plan: single(3), tenant: &tenant{}, parallelism: 1,
			options: apply.Options{Progress: func(apply.Progress) { panic(secret) }},
			want:    []string{"A/0 done", "A/1 skipped: " + stopped, "A/2 skipped: " + stopped, "3 = 1 done + 0 failed + 0 blocked + 2 skipped"},
		},
		"what reads the tenant again": {
			plan: single(2), tenant: &tenant{}, parallelism: 1,
			options: apply.Options{Again: func(context.Context, func(*connection.Live) bool) (plan.Input, error) { panic(secret) }},
			want:    []string{"A/0 done", "A/1 done", "2 = 2 done + 0 failed + 0 blocked + 0 skipped"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := test.options
				o.Parallelism = test.parallelism
				o.Execute = func(ctx context.Context, operations []connection.Operation) []connection.Outcome {
					if operations[0].ID == "0" {
						ctx = context.WithoutCancel(ctx) // as a provider waits for what it has sent
					}
					return test.tenant.execute(ctx, operations)
				}
				o.ExecuteGroup = func(ctx context.Context, group connection.Group) []connection.Outcome {
					return o.Execute(ctx, group.Operations)
				}
				result, err := apply.Run(t.Context(), test.plan, o)
				if err != nil {
					t.Fatalf("got the error %v, want a result that says what was done", err)
				}
				got := outline(result)
				if !slices.Equal(got, test.want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
				}
				crash, ok := errors.AsType[*guard.Panic](result.Crash)
				if !ok || !strings.Contains(fmt.Sprint(crash.Value), secret) {
					t.Errorf("got the crash %v, want the panic with its value", result.Crash)
				}
				if result.Complete() || result.Unverified.Code != "stopped-crashed" && o.Again != nil {
					t.Errorf("got a result that is complete: %t, unverified: %q, want an incomplete one after a crash", result.Complete(), result.Unverified.Code)
				}
				if text := fmt.Sprintf("%v", *result); strings.Contains(strings.Join(got, ""), secret) || strings.Contains(text, secret) {
					t.Errorf("the result quotes the value of the panic: %s", text)
				}
			})
		})
	}
}
