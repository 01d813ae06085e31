// Package apply carries out a plan: it runs steps concurrently where the plan allows it and in
// order otherwise, and records the outcome of each change.
//
// It knows steps and results. It does not know YAML, does not decide what to change, prints nothing
// and stores nothing: it returns a [Result] and reports its progress as events. Secrets pass
// through it only on their way from a reference to the provider.
package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Options are the inputs of a run in addition to the plan.
type Options struct {
	// Execute is [connection.Provider.Execute].
	Execute func(ctx context.Context, operations []connection.Operation) []connection.Outcome
	// ExecuteGroup is [connection.Provider.ExecuteGroup].
	ExecuteGroup func(ctx context.Context, group connection.Group) []connection.Outcome
	// Resolve returns the value of a reference.
	Resolve func(connection.Reference) (connection.Secret, error)
	// Again reads the tenant once more, with details only of the connections that touched selects; the
	// rest of the input is the plan's. Nil: writes are not verified.
	Again func(ctx context.Context, touched func(*connection.Live) bool) (plan.Input, error)
	// Detail reads in detail the connections that these changes are about, where Again has returned
	// proved ones ([connection.Live.Proved]), and reports whether there were any. Nil: there are none.
	Detail func(ctx context.Context, in plan.Input, about []*plan.Change) (plan.Input, bool, error)
	// Redact returns a live value without the secrets of the run: a service may copy a credential into
	// a property, which then differs from the files. Nil: values are shown unchanged.
	Redact func(live any) any
	// Parallelism is how many steps run concurrently; less than 1 means 8.
	Parallelism int
	// Stop prevents new steps when it is closed; running steps finish.
	Stop <-chan struct{}
	// Progress is called after each step, from one goroutine. May be nil.
	Progress func(Progress)
}

// Progress is the progress of a run.
type Progress struct {
	Step  *plan.Step        // the step that has just ended
	Why   connection.Reason // of its first unsuccessful item; may be none
	Done  int               // steps that have ended in any way
	Total int
	// CallsLeft is how many write calls the remaining steps need.
	CallsLeft int
}

const defaultParallelism = 8

// Run carries out the plan. Before the first write it resolves all secrets that the steps need. An
// error means that a secret could not be resolved, or that the plan is refused as a whole, and that
// nothing was written. Otherwise the result has an outcome for every change, even if the context
// ended. Then nothing more is sent, but responses to sent requests are awaited, as documented with
// [connection.Provider.Execute]. Closing [Options.Stop] prevents new steps and lets running ones
// finish, including their waits.
//
// A panic of a step stops the run like the end of the context: the outcome of the step is unknown,
// and [Result.Crash] is the panic.
//
// When all steps have ended, the changed connections are read again and compared by
// [plan.Plan.Verify], if [Options.Again] is set.
func Run(ctx context.Context, p *plan.Plan, o Options) (*Result, error) {
	if p.Refusal != nil {
		return nil, fmt.Errorf("%w: %s", ErrRefused, cmp.Or(p.Refusal.Reason.Text, p.Refusal.Reason.Code))
	}
	steps, err := resolve(p.Steps, o.Resolve)
	if err != nil {
		return nil, err
	}
	r, err := newRun(steps, o)
	if err != nil {
		return nil, err
	}
	r.plan = p
	ctx, r.cancel = context.WithCancel(ctx)
	defer r.cancel()
	r.all(ctx)
	result := result(p, r.records)
	if crash := guard.Try(func() { r.verify(ctx, p, result) }); crash != nil {
		r.noteCrash(crash)
		result.Unverified = r.stopped
	}
	if r.crash != nil {
		result.Crash = r.crash
	}
	return result, nil
}

// ErrRefused means that a safety rule refuses the whole plan.
var ErrRefused = errors.New("refused")

// resolve copies the steps with secrets in place of references. Each reference is looked up once,
// in the order of the files. Every failure is reported, at the first position of its reference.
func resolve(steps []plan.Step, lookup func(connection.Reference) (connection.Secret, error)) ([]plan.Step, error) {
	known := map[string]connection.Secret{}
	var problems connection.Problems
	for _, ref := range references(steps) {
		secret, err := lookup(ref)
		if err != nil {
			problems = append(problems, problem(ref, err))
		}
		known[connection.Canonical(ref)] = secret
	}
	resolved := make([]plan.Step, len(steps))
	for i, step := range steps {
		step.Items = slices.Clone(step.Items)
		for j := range step.Items {
			operation := &step.Items[j].Operation
			if operation.Credentials == nil {
				continue
			}
			if operation.SignIn != "" {
				operation.Credentials = withCode(operation, lookup)
				if operation.Credentials[operation.SignIn] == nil {
					operation.Kind = connection.AskSignIn
				}
			}
			tree, _ := connection.Resolve(operation.Credentials, func(ref connection.Reference) (connection.Secret, error) {
				return known[connection.Canonical(ref)], nil
			})
			operation.Credentials = tree.(map[string]any)
		}
		resolved[i] = step
	}
	return resolved, problems.Err()
}

// withoutCode returns the credentials of an operation that must exist before anything is written:
// all except the code of a sign-in.
func withoutCode(operation *connection.Operation) map[string]any {
	credentials := maps.Clone(operation.Credentials)
	delete(credentials, operation.SignIn)
	return credentials
}

// withCode returns the credentials with the code of a sign-in in place of its reference, if the
// code exists. A missing code is not an error: the service is then asked for the address at which a
// person gets one.
func withCode(operation *connection.Operation, lookup func(connection.Reference) (connection.Secret, error)) map[string]any {
	credentials := withoutCode(operation)
	code, errs := connection.Resolve(operation.Credentials[operation.SignIn], lookup)
	if code != nil && len(errs) == 0 {
		credentials[operation.SignIn] = code
	}
	return credentials
}

// References lists the secrets that [Run] resolves before the first write, each once, in
// the order of the files. The code of a sign-in is not among them: without it, the person
// is asked to sign in.
func References(p *plan.Plan) []connection.Reference { return references(p.Steps) }

// references returns the references of the steps, each once, in the order of the files.
func references(steps []plan.Step) []connection.Reference {
	first := map[string]connection.Reference{}
	for _, step := range steps {
		for _, item := range step.Items {
			_, _ = connection.Resolve(withoutCode(&item.Operation), func(ref connection.Reference) (connection.Secret, error) {
				name := connection.Canonical(ref)
				if found, ok := first[name]; !ok || ref.Position.Compare(found.Position) < 0 {
					first[name] = ref
				}
				return connection.Secret{}, nil
			})
		}
	}
	return slices.SortedFunc(maps.Values(first), func(x, y connection.Reference) int {
		return cmp.Or(x.Position.Compare(y.Position), cmp.Compare(connection.Canonical(x), connection.Canonical(y)))
	})
}

func problem(ref connection.Reference, err error) connection.Problem {
	var known connection.Problem
	if errors.As(err, &known) {
		return known
	}
	return messages.Problem(ref.Position, connection.SeverityError, connection.Because("secret-not-resolved", "reason", err.Error()))
}
