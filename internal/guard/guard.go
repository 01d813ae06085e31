// Package guard starts goroutines whose panics do not end the process. The Go runtime prints an
// unrecovered panic unchanged, with any secret that its value quotes, and the work of other
// goroutines is lost.
//
// The waiting goroutine receives the panic of a guarded goroutine and panics with it as a [Panic],
// up to the one place that reports a crash. All goroutines of the program are started here.
package guard

import (
	"context"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Panic is a panic on its way from its goroutine to the place that reports it.
type Panic struct {
	// Value is what the goroutine panicked with. It may quote secrets.
	Value any
	// Stack is the stack of the goroutine that panicked. It contains no values of strings.
	Stack []byte
}

// Error returns a text without the value.
func (p *Panic) Error() string { return "qlsync has crashed; see the end of the output" }

// Try calls f and returns the panic that ended it; nil if f returned.
func Try(f func()) (crash *Panic) {
	defer func() {
		switch value := recover().(type) {
		case nil:
		case *Panic: // of a goroutine for which f has waited
			crash = value
		default:
			crash = &Panic{value, debug.Stack()}
		}
	}()
	f()
	return nil
}

// Outcome is the result of a function: a value or a panic.
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

// Start calls f in its own goroutine. The returned channel buffers the outcome until it is
// received.
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

// Go calls f in a goroutine for which nothing waits. [Detached] returns its panic.
func Go(f func()) {
	go func() {
		if crash := Try(f); crash != nil {
			detached.CompareAndSwap(nil, crash)
		}
	}()
}

// Detached returns the first panic of a goroutine that [Go] has started; nil: none.
func Detached() *Panic { return detached.Load() }

// Group is an [errgroup.Group] in which a panic ends the group as an error does. The zero
// value has no limit and cancels nothing.
type Group struct {
	plain errgroup.Group
	with  *errgroup.Group // the group of a context; nil: none
	crash atomic.Pointer[Panic]
}

// WithContext is like [errgroup.WithContext]. A panic ends the context too.
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
