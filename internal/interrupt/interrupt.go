// Package interrupt converts termination signals to the ends of contexts.
package interrupt

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/qlsync/qlsync/internal/guard"
)

const (
	// Insistence is how long after the first interrupt another signal belongs to the same interrupt: a
	// shell that ends, timeout(1) and many runners send a signal to the process and to its group, so it
	// arrives twice. Only a later signal aborts requests.
	Insistence = time.Second
	// Grace is how long after the second interrupt the command may take to end. A command that writes
	// to a suspended terminal would never end.
	Grace = 5 * time.Second
)

// Interrupts is the state of a process's interrupts. Its methods may be called concurrently.
type Interrupts struct {
	// Stopping is closed by the first interrupt.
	Stopping chan struct{}
	// Lifetime ends with the second interrupt.
	Lifetime context.Context
	// Abandoned is closed when the command has not ended [Grace] after the second interrupt.
	Abandoned chan struct{}

	first atomic.Int32 // the number of the signal; 0: none
}

// Signal returns the number of the first signal, or 0 if there was none.
func (i *Interrupts) Signal() int { return int(i.first.Load()) }

// Catch returns a context that the first interrupt ends: waits end, and responses to writes that
// have been sent are still awaited. The second interrupt ends those too, with the lifetime. A
// closed reader of standard output or standard error is not an interrupt: writing there is an error
// from then on. The first interrupt calls first, which must not block. stop releases everything.
func Catch(parent context.Context, first func()) (i *Interrupts, ctx context.Context, stop func()) {
	pipes := catchBrokenPipes()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, terminating()...)
	i, ctx, end := Obey(parent, signals, first)
	return i, ctx, func() { signal.Stop(signals); signal.Stop(pipes); end() }
}

// CatchToTheEnd catches signals until the process ends. A signal between the end of a command and
// the end of the process would otherwise replace its exit code.
func CatchToTheEnd() {
	signal.Notify(make(chan os.Signal, 1), append(terminating(), syscall.SIGPIPE)...)
}

// catchBrokenPipes makes writing to a pipe without a reader an error, including on standard output
// and standard error, where SIGPIPE would otherwise end the process in the middle of its writes to
// a tenant. The signal is caught and not ignored, because commands of {exec: ...} would inherit
// that.
func catchBrokenPipes() chan os.Signal {
	dropped := make(chan os.Signal, 1)
	signal.Notify(dropped, syscall.SIGPIPE)
	return dropped
}

// Obey is [Catch] for signals from a channel. A nil channel never delivers one.
func Obey(parent context.Context, signals <-chan os.Signal, first func()) (i *Interrupts, ctx context.Context, stop func()) {
	lifetime, end := context.WithCancel(parent)
	ctx, cancel := context.WithCancel(lifetime)
	i = &Interrupts{Lifetime: lifetime, Stopping: make(chan struct{}), Abandoned: make(chan struct{})}
	guard.Go(func() {
		select {
		case received := <-signals:
			i.first.Store(number(received))
		case <-lifetime.Done():
			return
		}
		began := time.Now()
		close(i.Stopping)
		cancel()
		first()
		for {
			select {
			case <-signals:
				if time.Since(began) >= Insistence {
					end()
					time.Sleep(Grace)
					close(i.Abandoned)
					return
				}
			case <-lifetime.Done():
				return
			}
		}
	})
	return i, ctx, end
}

func number(received os.Signal) int32 {
	if received, ok := received.(syscall.Signal); ok {
		return int32(received)
	}
	return int32(syscall.SIGINT)
}
