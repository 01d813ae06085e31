package guard_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qlsync/qlsync/internal/guard"
)

const secret = "canary-7F3a51d0e2ab"

func panicking() error { panic("the body was " + secret) }

// check checks that a panic came with its value and with the stack of the place where it
// happened, and that its text as an error does not quote the value.
func check(t *testing.T, crash *guard.Panic) {
	t.Helper()
	if crash == nil {
		t.Fatal("got no panic, want the one of the goroutine")
	}
	if value, _ := crash.Value.(string); !strings.Contains(value, secret) {
		t.Errorf("got a panic with the value %v, want the one of the goroutine", crash.Value)
	}
	if stack := string(crash.Stack); !strings.Contains(stack, "guard_test.panicking") || strings.Contains(stack, secret) {
		t.Errorf("got the stack\n%s\nwant that of the function that panicked, without values", stack)
	}
	if strings.Contains(crash.Error(), secret) {
		t.Errorf("got the text %q, which quotes the value of the panic", crash.Error())
	}
}

func TestAPanicReachesWhoeverWaits(t *testing.T) {
	for name, wait := range map[string]func(){
		"of a group": func() {
			var group guard.Group
			group.Go(panicking)
			_ = group.Wait()
		},
		"of a group within a group": func() {
			outer, ctx := guard.WithContext(t.Context())
			outer.Go(func() error {
				inner, _ := guard.WithContext(ctx)
				inner.SetLimit(1)
				inner.Go(panicking)
				return inner.Wait()
			})
			_ = outer.Wait()
		},
		"of one goroutine": func() { _ = (<-guard.Start(panicking)).Get() },
	} {
		t.Run(name, func(t *testing.T) { check(t, guard.Try(wait)) })
	}
}

func TestAPanicEndsTheContextOfItsGroup(t *testing.T) {
	group, ctx := guard.WithContext(t.Context())
	var ended atomic.Bool
	group.Go(func() error {
		<-ctx.Done()
		ended.Store(true)
		return ctx.Err()
	})
	group.Go(panicking)
	check(t, guard.Try(func() { _ = group.Wait() }))
	if !ended.Load() {
		t.Error("Wait did not wait for the other goroutine of the group")
	}
}

func TestAGroupWithoutAPanicReturnsTheFirstError(t *testing.T) {
	failed := errors.New("failed")
	group, ctx := guard.WithContext(t.Context())
	group.Go(func() error { return failed })
	group.Go(func() error { <-ctx.Done(); return ctx.Err() })
	if err := group.Wait(); !errors.Is(err, failed) {
		t.Errorf("got the error %v, want %v", err, failed)
	}
	group, ctx = guard.WithContext(t.Context())
	group.Go(func() error { return nil })
	if err := group.Wait(); err != nil || !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("got the error %v and a context with %v, want none and an ended context", err, ctx.Err())
	}
	if got := (<-guard.Start(func() int { return 7 })).Get(); got != 7 {
		t.Errorf("got %d from a goroutine that returned 7", got)
	}
}

func TestAPanicThatNobodyWaitsForIsKept(t *testing.T) {
	done := make(chan struct{})
	guard.Go(func() {
		defer close(done)
		_ = panicking()
	})
	<-done
	for guard.Detached() == nil {
		runtime.Gosched()
	}
	check(t, guard.Detached())
}
