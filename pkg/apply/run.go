package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// record is the outcome of one operation.
type record struct {
	item    plan.Item
	outcome Outcome // empty: not yet known
	id      string
	err     error             // of the provider
	path    string            // the affected part of the declaration; see [connection.Outcome]
	signIn  string            // where a person must sign in first
	why     connection.Reason // of an outcome other than done
}

// wrote reports whether the operation has been carried out.
func (r *record) wrote() bool { return r.outcome == Done || r.outcome == Pending }

// run is the state of one [Run]. One goroutine owns it; steps run in other goroutines and report
// over a channel.
type run struct {
	options Options
	steps   []plan.Step
	records []record // by operation id
	// waiting counts, for each step, its unfinished predecessors; before lists its successors.
	waiting []int
	before  [][]int
	ready   []int // in the plan's order
	ended   int
	calls   int               // of the unfinished steps
	stopped connection.Reason // why no more steps are started; none: steps are started
	// unreachable counts consecutive calls that could not reach the tenant.
	unreachable int
	notMade     map[string]bool // data sources with a create that was not done
	plan        *plan.Plan
	// spaces are the spaces that steps have created, by name.
	spaces map[string]created
	// crash is the first panic of a step or of the progress; nil: none. cancel ends the context of the
	// steps.
	crash  *guard.Panic
	cancel context.CancelFunc
}

// maxUnreachable is how many consecutive calls may fail to reach the tenant before the run ends:
// each has had several attempts.
const maxUnreachable = 3

var interrupted = connection.Because("interrupted-before-turn")

// newRun prepares the steps. It returns an error if a step comes before one for which it waits,
// because the run would not end.
func newRun(steps []plan.Step, o Options) (*run, error) {
	r := &run{options: o, steps: steps, waiting: make([]int, len(steps)), before: make([][]int, len(steps)), notMade: map[string]bool{}, spaces: map[string]created{}}
	if r.options.Parallelism < 1 {
		r.options.Parallelism = defaultParallelism
	}
	place := make(map[string]int, len(steps))
	for i, step := range steps {
		for _, id := range step.After {
			first, ok := place[id]
			if !ok {
				return nil, fmt.Errorf("step %s waits for %q, which does not come before it", step.ID, id)
			}
			r.before[first] = append(r.before[first], i)
		}
		place[step.ID] = i
		r.calls += step.Calls
		if r.waiting[i] = len(step.After); r.waiting[i] == 0 {
			r.ready = append(r.ready, i)
		}
		for _, item := range step.Items {
			for item.ID >= len(r.records) {
				r.records = append(r.records, record{})
			}
			r.records[item.ID] = record{item: item}
		}
	}
	return r, nil
}

// ending is a finished step with the outcomes of the operations that were sent.
type ending struct {
	step     int
	sent     []plan.Item
	outcomes []connection.Outcome
}

// all runs the steps until every one has ended or no more may be started. While an urgent step is
// running, only urgent steps are started.
func (r *run) all(ctx context.Context) {
	endings := make(chan ending)
	running, urgent := 0, 0
	for r.ended < len(r.steps) {
		for running < r.options.Parallelism && len(r.ready) > 0 && (urgent == 0 || r.steps[r.ready[0]].Urgent) {
			r.checkStop(ctx)
			step := r.ready[0]
			r.ready = r.ready[1:]
			items := r.sendable(step)
			if len(items) == 0 {
				r.end(step)
				continue
			}
			running++
			if r.steps[step].Urgent {
				urgent++
			}
			sent := r.send(ctx, step, items)
			guard.Go(func() { endings <- ending{step, items, guarded(len(items), sent)} })
		}
		if running == 0 {
			continue // only steps without operations to send have ended
		}
		done := <-endings
		running--
		if r.steps[done.step].Urgent {
			urgent--
		}
		for i, item := range done.sent {
			r.note(item.ID, done.outcomes[i])
		}
		r.noteReach(done.outcomes)
		r.end(done.step)
	}
}

// noteCrash prevents new steps, and cancels steps that have not been sent, because they may wait
// forever.
func (r *run) noteCrash(crash *guard.Panic) {
	if r.crash == nil {
		r.crash = crash
	}
	if !r.stopped.Holds() {
		r.stopped = connection.Because("stopped-crashed", "error", crash.Error())
	}
	r.cancel()
}

// checkStop records why no more steps may be started. The first reason remains.
func (r *run) checkStop(ctx context.Context) {
	if r.stopped.Holds() {
		return
	}
	select {
	case <-r.options.Stop:
		r.stopped = interrupted
	case <-ctx.Done():
		r.stopped = interrupted
	default:
	}
}

// sendable returns the operations of a step that may be sent, and records why the others may not.
func (r *run) sendable(step int) []plan.Item {
	var items []plan.Item
	for _, item := range r.steps[step].Items {
		rec := &r.records[item.ID]
		if source := item.Creates; source != "" && r.notMade[source] {
			rec.outcome, rec.why = Blocked, connection.Because("kept-as-old-name", "dataSource", source)
			continue
		}
		lacks := func(id int) bool { return !r.records[id].wrote() && !contains(items, id) }
		if missing := slices.IndexFunc(item.Needs, lacks); missing >= 0 {
			need := &r.records[item.Needs[missing]]
			rec.outcome = Blocked
			if need.outcome == Skipped {
				rec.outcome = Skipped
			}
			rec.why = connection.Because("need-not-done", "operation", string(need.item.Operation.Kind), "connection", need.item.Operation.Key)
			continue
		}
		if r.stopped.Holds() {
			rec.outcome, rec.why = Skipped, r.stopped
			continue
		}
		items = append(items, item)
	}
	return items
}

// contains reports whether the operation is among those that are about to be sent
// in the same step.
func contains(items []plan.Item, id int) bool {
	return slices.ContainsFunc(items, func(item plan.Item) bool { return item.ID == id })
}

// send prepares the sending of a step: it fills in the ids that earlier steps have created, before
// another goroutine runs it.
func (r *run) send(ctx context.Context, step int, items []plan.Item) func() []connection.Outcome {
	operations := make([]connection.Operation, len(items))
	for i, item := range items {
		operations[i] = item.Operation
		if item.Created != nil {
			operations[i].ID = r.records[*item.Created].id
		}
		operations[i] = r.inSpace(operations[i])
	}
	if r.steps[step].Grouped > 0 {
		return func() []connection.Outcome { return r.sendGroup(ctx, &r.steps[step], items, operations) }
	}
	return func() []connection.Outcome { return r.execute(ctx, operations) }
}

// guarded returns the outcomes of that many operations. If send panics, the outcomes are unknown
// and wrap the [guard.Panic].
func guarded(operations int, send func() []connection.Outcome) (outcomes []connection.Outcome) {
	crash := guard.Try(func() { outcomes = send() })
	if crash == nil {
		return outcomes
	}
	outcomes = make([]connection.Outcome, operations)
	for i := range outcomes {
		outcomes[i].Err = fmt.Errorf("%w: %w", connection.ErrUnknownOutcome, crash)
	}
	return outcomes
}

// execute sends operations that share a call.
func (r *run) execute(ctx context.Context, operations []connection.Operation) []connection.Outcome {
	return complete(len(operations), func() []connection.Outcome { return r.options.Execute(ctx, operations) })
}

// complete returns the outcomes of that many operations, one for each.
func complete(operations int, send func() []connection.Outcome) []connection.Outcome {
	outcomes := guarded(operations, send)
	for len(outcomes) < operations {
		outcomes = append(outcomes, connection.Outcome{Err: fmt.Errorf("the provider gave no outcome: %w", connection.ErrUnknownOutcome)})
	}
	return outcomes
}

// sendGroup sends the operations that the group of a step needs, and then the group, which neither
// an interrupt nor the rate limit may interrupt: in between, a name that apps use is missing.
func (r *run) sendGroup(ctx context.Context, step *plan.Step, items []plan.Item, operations []connection.Operation) []connection.Outcome {
	leads := min(len(items), len(step.Items)-step.Grouped)
	var outcomes []connection.Outcome
	for i := range leads {
		outcomes = append(outcomes, r.execute(ctx, operations[i:i+1])...)
		for j := range operations {
			if items[j].Created != nil && *items[j].Created == items[i].ID {
				operations[j].ID = outcomes[i].ID
			}
		}
	}
	row := connection.Group{Operations: operations[leads:], Undo: step.Undo}
	switch {
	case len(row.Operations) == 0:
	case slices.ContainsFunc(outcomes, func(o connection.Outcome) bool { return !written(o.Err) }):
		outcomes = append(outcomes, make([]connection.Outcome, len(row.Operations))...)
	default:
		outcomes = append(outcomes, complete(len(row.Operations), func() []connection.Outcome { return r.options.ExecuteGroup(ctx, row) })...)
	}
	failed := slices.IndexFunc(outcomes, func(o connection.Outcome) bool { return !written(o.Err) })
	if failed < 0 {
		return outcomes
	}
	cause := outcomes[failed].Err
	for i := failed + 1; i < len(outcomes); i++ {
		outcomes[i].Err = errBehindFailed
		if errors.Is(cause, connection.ErrNotSent) {
			outcomes[i].Err = cause
		}
	}
	unsent := errors.Is(cause, connection.ErrNotSent) || errors.Is(cause, connection.ErrChanged) && !errors.Is(cause, connection.ErrUnknownOutcome)
	if begun := failed > leads || !unsent; begun && failed >= leads && step.Undo != nil {
		outcomes[failed].Err = &undone{cause, outcomes[failed].UndoErr}
	}
	return outcomes
}

// written reports whether an operation with that error was carried out, even if it is not in
// effect.
func written(err error) bool { return err == nil || errors.Is(err, connection.ErrPending) }

// errBehindFailed is the error of an operation that was not sent because an earlier one in the same
// step failed.
var errBehindFailed = errors.New("not sent, because an earlier operation of its step has failed")

// undone is the error of a new connection that did not get the name of the old one, after which the
// old one has its name back, unless undo is an error.
type undone struct{ cause, undo error }

// Error implements error.
func (u *undone) Error() string { return errors.Join(u.cause, u.undo).Error() }

// Is reports whether one of the errors is of a kind. An interruption there counts as a failure, and so
// does an undo that is not in effect.
func (u *undone) Is(kind error) bool {
	return kind != connection.ErrNotSent && kind != connection.ErrPending && (errors.Is(u.cause, kind) || errors.Is(u.undo, kind))
}

// As makes a panic in one of the errors known.
func (u *undone) As(target any) bool { return errors.As(u.cause, target) || errors.As(u.undo, target) }

// whyFailed returns the reason of a failed operation.
func whyFailed(err error) connection.Reason {
	switch undone, isUndone := errors.AsType[*undone](err); {
	case isUndone && undone.undo != nil:
		return connection.Because("old-name-lost", "why", whyFailed(undone.cause), "undo", undone.undo.Error())
	case isUndone:
		return connection.Because("old-name-restored", "why", whyFailed(undone.cause))
	case errors.Is(err, connection.ErrUnknownOutcome):
		return connection.Because("outcome-unknown", "error", err.Error())
	}
	return connection.Because("write-failed", "error", err.Error())
}

// note records an outcome. If the token is refused, nothing more is sent, because each further
// request would fail in the same way.
func (r *run) note(id int, outcome connection.Outcome) {
	rec := &r.records[id]
	rec.outcome, rec.id = Done, outcome.ID
	switch {
	case outcome.Err == nil:
		r.noteSpace(&rec.item.Operation, outcome.ID)
		return
	case errors.Is(outcome.Err, connection.ErrPending):
		rec.outcome, rec.why = Pending, connection.Because("not-in-effect", "error", outcome.Err.Error())
		return
	case errors.Is(outcome.Err, errBehindFailed):
		rec.outcome, rec.why = Blocked, connection.Because("earlier-one-failed")
		return
	case errors.Is(outcome.Err, connection.ErrNotSent):
		rec.outcome, rec.why = Skipped, interrupted
		return
	case errors.Is(outcome.Err, connection.ErrSignIn):
		todo := rec.item.Todo
		if !todo.Holds() {
			todo = connection.Because("declare-sign-in-code")
		}
		rec.outcome, rec.signIn, rec.why = Blocked, outcome.SignInURL, connection.Because("sign-in-needed", "error", outcome.Err.Error(), "todo", todo)
		return
	}
	rec.outcome, rec.err, rec.path, rec.why = Failed, outcome.Err, outcome.Path, whyFailed(outcome.Err)
	if advice := rec.item.Advice; advice.Holds() && (errors.Is(outcome.Err, connection.ErrInvalid) || errors.Is(outcome.Err, connection.ErrForbidden)) {
		rec.why = connection.Because("write-refused", "why", rec.why, "advice", advice)
	}
	if crash, ok := errors.AsType[*guard.Panic](outcome.Err); ok {
		r.noteCrash(crash)
	}
	if errors.Is(outcome.Err, connection.ErrUnauthorized) {
		r.stopped = connection.Because("stopped-unauthorized")
	}
}

// noteReach stops the run when the tenant is not reachable any more: trying every remaining step
// would take minutes. Calls with an unknown outcome, and calls that were not sent, do not count.
func (r *run) noteReach(outcomes []connection.Outcome) {
	is := func(kind error) bool {
		return slices.ContainsFunc(outcomes, func(o connection.Outcome) bool { return errors.Is(o.Err, kind) })
	}
	switch {
	case is(connection.ErrUnreachable):
		r.unreachable++
	case !is(connection.ErrUnknownOutcome) && !is(connection.ErrNotSent):
		r.unreachable = 0
	}
	if r.unreachable >= maxUnreachable && !r.stopped.Holds() {
		r.stopped = connection.Because("stopped-unreachable")
	}
}

// why returns the reason of the step's first unsuccessful item, which may be not in effect.
func (r *run) why(step int) connection.Reason {
	for _, item := range r.steps[step].Items {
		if rec := &r.records[item.ID]; rec.outcome != Done {
			return rec.why
		}
	}
	return connection.Reason{}
}

// end releases the successors of a step, and reports the progress.
func (r *run) end(step int) {
	r.ended++
	r.calls -= r.steps[step].Calls
	for _, item := range r.steps[step].Items {
		creates := item.Operation.Kind == connection.Create || item.Operation.Kind == connection.AskSignIn
		if creates && !r.records[item.ID].wrote() {
			r.notMade[item.Operation.DataSource] = true
		}
	}
	for _, next := range r.before[step] {
		if r.waiting[next]--; r.waiting[next] == 0 {
			at, _ := slices.BinarySearch(r.ready, next)
			r.ready = slices.Insert(r.ready, at, next)
		}
	}
	if r.options.Progress == nil {
		return
	}
	crash := guard.Try(func() {
		r.options.Progress(Progress{Step: &r.steps[step], Why: r.why(step), Done: r.ended, Total: len(r.steps), CallsLeft: r.calls})
	})
	if crash != nil {
		r.noteCrash(crash)
	}
}
