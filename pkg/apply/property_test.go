package apply_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// randomPlan draws steps over a few changes. An operation needs some of those in
// earlier steps; a step comes after what its operations need, and after others.
func randomPlan(t *rapid.T) *plan.Plan {
	sizes := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 10).Draw(t, "operations in each step")
	total := 0
	for _, n := range sizes {
		total += n
	}
	changes := rapid.IntRange(1, total).Draw(t, "changes")
	numbers := rapid.Permutation(upTo(total)).Draw(t, "numbers of the operations")
	of := slices.Concat(upTo(changes), rapid.SliceOfN(rapid.IntRange(0, changes-1), total-changes, total-changes).Draw(t, "more of the same change"))
	var steps []plan.Step
	next := 0
	for i, n := range sizes {
		s := plan.Step{ID: fmt.Sprint("s", i+1), Kind: connection.Patch}
		earlier := numbers[:next]
		for range n {
			var needs []int
			if len(earlier) > 0 {
				needs = rapid.SliceOfNDistinct(rapid.SampledFrom(earlier), 0, min(2, len(earlier)), rapid.ID).Draw(t, "needs")
			}
			s.Items = append(s.Items, item(numbers[next], of[next], needs...))
			next++
		}
		for _, before := range steps {
			needed := slices.ContainsFunc(before.Items, func(b plan.Item) bool {
				return slices.ContainsFunc(s.Items, func(i plan.Item) bool { return slices.Contains(i.Needs, b.ID) })
			})
			if needed || rapid.IntRange(0, 5).Draw(t, "also after") == 0 {
				s.After = append(s.After, before.ID)
			}
		}
		steps = append(steps, s)
	}
	p := newPlan(changes, steps...)
	for range rapid.IntRange(0, 2).Draw(t, "refused") {
		p.Changes = append(p.Changes, plan.Change{Action: plan.ActionDelete, Connection: key(len(p.Changes)), Refused: connection.Reason{Code: "delete-protected"}})
	}
	return p
}

func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// hostility is what goes wrong on the way.
type hostility struct {
	fails   map[int]error
	short   map[int]bool // calls that begin with this operation lose their last outcome
	stopAt  int          // the operation during which the run is stopped; -1: never
	cancels bool         // by its context
}

func randomHostility(t *rapid.T, total int) hostility {
	h := hostility{fails: map[int]error{}, short: map[int]bool{}, stopAt: -1}
	for id := range total {
		switch rapid.IntRange(0, 12).Draw(t, fmt.Sprint("fate of ", id)) {
		case 0:
			h.fails[id] = errInvalid
		case 1:
			h.fails[id] = connection.ErrUnknownOutcome
		case 2:
			h.short[id] = true
		}
	}
	switch rapid.IntRange(0, 5).Draw(t, "end") {
	case 0:
		h.fails[rapid.IntRange(0, total-1).Draw(t, "unauthorised")] = connection.ErrUnauthorized
	case 1:
		h.stopAt = rapid.IntRange(0, total-1).Draw(t, "stopped during")
		h.cancels = rapid.Bool().Draw(t, "by its context")
	}
	return h
}

func (h hostility) ends() bool {
	unauthorised := false
	for _, err := range h.fails {
		unauthorised = unauthorised || err == connection.ErrUnauthorized
	}
	return unauthorised || h.stopAt >= 0
}

// TestAnyRunKeepsItsOrderAndItsLedger runs random plans on a tenant where
// anything may fail, and compares what was sent with what the result says.
func TestAnyRunKeepsItsOrderAndItsLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomPlan(t)
		items := map[int]plan.Item{}
		for _, s := range p.Steps {
			for _, i := range s.Items {
				items[i.ID] = i
			}
		}
		h := randomHostility(t, len(items))
		parallelism := rapid.IntRange(1, 4).Draw(t, "parallelism")
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		stop := make(chan struct{})
		f := &tenant{fails: h.fails}
		f.outcomes = func(ids []int) int {
			if h.short[ids[0]] {
				return len(ids) - 1
			}
			return len(ids)
		}
		f.during = func(_ context.Context, ids []int) {
			f.watch(p, items, parallelism, ids)
			switch {
			case !slices.Contains(ids, h.stopAt):
			case h.cancels:
				cancel()
			default:
				close(stop)
			}
		}
		progress := 0
		result, err := apply.Run(ctx, p, apply.Options{
			Execute: f.execute, Parallelism: parallelism, Stop: stop,
			Progress: func(now apply.Progress) {
				if progress++; now.Done != progress || now.Total != len(p.Steps) {
					f.troubles = append(f.troubles, fmt.Sprintf("progress %d of %d at step %d", now.Done, now.Total, progress))
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, trouble := range f.troubles {
			t.Errorf("the run broke a rule: %s", trouble)
		}
		if progress != len(p.Steps) {
			t.Errorf("%d of %d steps were told", progress, len(p.Steps))
		}
		checkLedger(t, p, result)
		checkItems(t, p, result, f, h)
	})
}

// watch looks, while a call runs, whether it may.
func (f *tenant) watch(p *plan.Plan, items map[int]plan.Item, parallelism int, ids []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	complain := func(format string, args ...any) { f.troubles = append(f.troubles, fmt.Sprintf(format, args...)) }
	if f.running > parallelism {
		complain("%d calls run at the same time, not %d", f.running, parallelism)
	}
	begun := slices.Concat(f.calls...)
	for _, s := range p.Steps {
		if slices.ContainsFunc(s.Items, func(i plan.Item) bool { return slices.Contains(ids, i.ID) }) {
			f.watchAfter(p, s, begun, complain)
		}
	}
	for _, id := range ids {
		for _, need := range items[id].Needs {
			if !slices.Contains(f.ended, need) {
				complain("operation %d runs before %d, which it needs", id, need)
			}
		}
	}
}

// watchAfter demands that nothing of the steps before is running; [checkItems]
// finds what would begin later.
func (f *tenant) watchAfter(p *plan.Plan, s plan.Step, begun []int, complain func(string, ...any)) {
	for _, before := range p.Steps {
		for _, i := range before.Items {
			if slices.Contains(s.After, before.ID) && slices.Contains(begun, i.ID) && !slices.Contains(f.ended, i.ID) {
				complain("step %s runs while %s does", s.ID, before.ID)
			}
		}
	}
}

func checkLedger(t *rapid.T, p *plan.Plan, r *apply.Result) {
	l := r.Ledger
	if l.Planned != len(p.Changes) || len(r.Items) != len(p.Changes) || l.Done+l.Failed+l.Blocked+l.Skipped != l.Planned {
		t.Fatalf("the ledger does not add up: %+v of %d changes, %d items", l, len(p.Changes), len(r.Items))
	}
	counted := map[apply.Outcome]int{}
	for _, i := range r.Items {
		counted[i.Outcome]++
	}
	if counted[apply.Done] != l.Done || counted[apply.Failed] != l.Failed || counted[apply.Blocked] != l.Blocked || counted[apply.Skipped] != l.Skipped {
		t.Fatalf("the ledger %+v does not count the items %v", l, counted)
	}
}

func checkItems(t *rapid.T, p *plan.Plan, r *apply.Result, f *tenant, h hostility) {
	sent := f.executed()
	if len(slices.Compact(slices.Clone(sent))) != len(sent) {
		t.Fatalf("an operation ran twice: %v", sent)
	}
	order := slices.Concat(f.calls...)
	operations, done := map[int]int{}, map[int]int{}
	succeeded := map[int]bool{}
	for _, s := range p.Steps {
		for at, i := range s.Items {
			operations[i.Change]++
			for _, before := range p.Steps {
				if slices.Contains(s.After, before.ID) && late(order, before, i.ID) {
					t.Fatalf("step %s begins after %s, but must begin before it", before.ID, s.ID)
				}
			}
			possible := !slices.ContainsFunc(i.Needs, func(need int) bool { return !succeeded[need] })
			ran := slices.Contains(sent, i.ID)
			switch {
			case ran && !possible:
				t.Fatalf("operation %d ran before the operations that it needs", i.ID)
			case !ran && possible && !h.ends():
				t.Fatalf("operation %d did not run, and nothing was in its way", i.ID)
			}
			if ran && h.fails[i.ID] == nil && !lost(s, at, sent, h) {
				succeeded[i.ID] = true
				done[i.Change]++
			}
		}
	}
	for change, i := range r.Items {
		refused := p.Changes[change].Refused.Holds()
		switch {
		case refused && i.Outcome != apply.Blocked:
			t.Fatalf("a refused change is %s", i.Outcome)
		case h.cancels: // what was broken may look like anything but a success that was none
			if i.Outcome == apply.Done && done[change] != operations[change] {
				t.Fatalf("change %d is done, and %d of its %d operations are", change, done[change], operations[change])
			}
		case !refused && (i.Outcome == apply.Done) != (done[change] == operations[change]):
			t.Fatalf("change %d is %s, and %d of its %d operations are done", change, i.Outcome, done[change], operations[change])
		case i.Partial != (done[change] > 0 && done[change] < operations[change]):
			t.Fatalf("change %d in part: %v, and %d of its %d operations are done", change, i.Partial, done[change], operations[change])
		case i.Outcome == apply.Skipped && !h.ends():
			t.Fatalf("change %d was skipped, and nothing had stopped the run", change)
		case (i.Outcome == apply.Done) == i.Why.Holds():
			t.Fatalf("change %d is %s because of %q", change, i.Outcome, i.Why.Code)
		}
	}
}

// late reports whether an operation of the step began after the given one did.
func late(order []int, before plan.Step, id int) bool {
	at := slices.Index(order, id)
	return at >= 0 && slices.ContainsFunc(before.Items, func(i plan.Item) bool { return slices.Index(order, i.ID) > at })
}

// lost reports whether the outcome of the item was the one that its call write-only:
// the last of those that were sent.
func lost(s plan.Step, at int, sent []int, h hostility) bool {
	first, last := -1, -1
	for i, item := range s.Items {
		if slices.Contains(sent, item.ID) {
			last = i
			if first < 0 {
				first = i
			}
		}
	}
	return at == last && h.short[s.Items[first].ID]
}
