// Package apply carries out a plan: steps side by side where the plan allows it,
// in its order where it does not, each change recorded however it ends.
//
// It knows steps and results. It does not know YAML, does not decide what to
// change, prints nothing and keeps nothing: it returns a [Result] and reports its
// progress as events. Secrets pass through it on their way from a reference to
// the provider, and nowhere else.
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

// Options are what a run needs besides the plan.
type Options struct {
	// Execute is [connection.Provider.Execute].
	Execute func(ctx context.Context, operations []connection.Operation) []connection.Outcome
	// ExecuteGroup is [connection.Provider.ExecuteGroup].
	ExecuteGroup func(ctx context.Context, group connection.Group) []connection.Outcome
	// Resolve returns the value of a reference.
	Resolve func(connection.Reference) (connection.Secret, error)
	// Again reads the tenant once more, with the details of those connections only
	// that are touched; the input is otherwise that of the plan. Nil: what was written
	// is not read again.
	Again func(ctx context.Context, touched func(*connection.Live) bool) (plan.Input, error)
	// Redact returns a live value without the secrets of the run: a service may store in a
	// property what it was given as a credential, and it then differs from the files. Nil:
	// values are shown as they are.
	Redact func(live any) any
	// Parallelism is how many steps run at the same time; less than 1 means 8.
	Parallelism int
	// Stop, when closed, lets the running steps finish and starts no more.
	Stop <-chan struct{}
	// Progress is called after each step, from one goroutine. May be nil.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Step  *plan.Step // the one that has just ended
	Err   error      // of its first item that was not done
	Done  int        // steps that have ended, however
	Total int
	// CallsLeft is how many write calls the other steps take.
	CallsLeft int
}

const defaultParallelism = 8

// Run carries out the plan. Before the first write it resolves all secrets that
// the steps need; an error means that one could not be, or that the plan as a
// whole is refused, and nothing was written. Otherwise there is a result with an
// outcome for every change, also when the context ended. Then nothing more is sent;
// what has been sent is waited for, as [connection.Provider.Execute] says. Closing
// [Options.Stop] starts no more steps and lets those that run finish, with all
// their waits.
//
// A panic of a step stops the run as an end of the context does: the outcome of the step is
// unknown, and [Result.Crash] is the panic.
//
// When all steps have ended, what they have touched is read again and compared by
// [plan.Plan.Verify], as far as [Options.Again] is given.
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

// resolve copies the steps with secrets in place of references. Each reference is
// looked up once, in the order of the files; every one that cannot be resolved is
// reported, at the first place where it is written.
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

// withoutCode returns the credentials of an operation that must be there before
// anything is written: all but the code of a sign-in.
func withoutCode(operation *connection.Operation) map[string]any {
	credentials := maps.Clone(operation.Credentials)
	delete(credentials, operation.SignIn)
	return credentials
}

// withCode returns the credentials with the code of a sign-in in place of its
// reference, if there is one. That there is none is no mistake: it is the reason to
// ask for the address where a person gets it.
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

// references lists what the steps refer to, each once, in the order of the files.
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
