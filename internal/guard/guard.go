// Package guard starts goroutines whose panics do not end the process. The Go runtime
// prints a panic that nobody recovers as it is, with whatever secret its value quotes, and
// what other goroutines have done is lost.
//
// A panic in a guarded goroutine goes to the goroutine that waits for it, which panics with
// the [Panic] in turn, up to the one place that reports a crash. All goroutines of the
// program are started here.
package guard

import (
	"context"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Panic is a panic on its way from the goroutine where it happened to whoever reports it.
type Panic struct {
	// Value is what the goroutine panicked with. It may quote secrets.
	Value any
	// Stack is the stack of the goroutine where the panic happened. It holds no values of
	// strings.
	Stack []byte
}

// Error returns a text without the value.
func (p *Panic) Error() string { return "qlsync has crashed; see the end of the output" }

// Try calls f and returns the panic that ended it; nil if f returned.
func Try(f func()) (crash *Panic) {
	defer func() {
		switch value := recover().(type) {
		case nil:
		case *Panic: // of a goroutine that f has waited for
			crash = value
		default:
			crash = &Panic{value, debug.Stack()}
		}
	}()
	f()
	return nil
}

// Outcome is what became of a function: its result or a panic.
type Outcome[T any] struct {
	// Crash is the panic; nil if the function returned.
	Crash  *Panic
	result T
}

// Get returns the result of the function, or panics with its panic.
func (o Outcome[T]) Get() T {
	if o.Crash != nil {
		panic(o.Crash)
	}
	return o.result
}

// Start calls f in a goroutine of its own. The channel gets its outcome, and holds it until
// somebody receives it.
func Start[T any](f func() T) <-chan Outcome[T] {
	outcomes := make(chan Outcome[T], 1)
	go func() {
		var outcome Outcome[T]
		outcome.Crash = Try(func() { outcome.result = f() })
		outcomes <- outcome
	}()
	return outcomes
}

var detached atomic.Pointer[Panic]

// Go calls f in a goroutine that nobody waits for. [Detached] returns its panic.
func Go(f func()) {
	go func() {
		if crash := Try(f); crash != nil {
			detached.CompareAndSwap(nil, crash)
		}
	}()
}

// Detached returns the first panic of a goroutine that [Go] has started; nil for none.
func Detached() *Panic { return detached.Load() }

// Group is an [errgroup.Group] in which a panic ends the group as an error does. The zero
// value has no limit and cancels nothing.
type Group struct {
	plain errgroup.Group
	with  *errgroup.Group // the one of a context; nil for none
	crash atomic.Pointer[Panic]
}

// WithContext is [errgroup.WithContext]. A panic ends the context too.
func WithContext(ctx context.Context) (*Group, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	return &Group{with: group}, ctx
}

func (g *Group) group() *errgroup.Group {
	if g.with != nil {
		return g.with
	}
	return &g.plain
}

// SetLimit is [errgroup.Group.SetLimit].
func (g *Group) SetLimit(limit int) { g.group().SetLimit(limit) }

// Go calls f in a goroutine, as soon as the limit allows it.
func (g *Group) Go(f func() error) {
	g.group().Go(func() (err error) {
		if crash := Try(func() { err = f() }); crash != nil {
			g.crash.CompareAndSwap(nil, crash)
			err = crash
		}
		return err
	})
}

// Wait waits for all goroutines of the group. It panics with the first panic of the group,
// or else returns the first error.
func (g *Group) Wait() error {
	err := g.group().Wait()
	if crash := g.crash.Load(); crash != nil {
		panic(crash)
	}
	return err
}
