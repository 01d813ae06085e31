// Package interrupt turns the signals that ask the process to end into the ends of
// contexts.
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
	// Insistence is how long after the first interrupt another signal is the same interrupt:
	// a shell that ends, timeout(1) and many runners send a signal to the process and to its
	// group, so it arrives twice. Only somebody who insists breaks off requests.
	Insistence = time.Second
	// Grace is how long after the second interrupt the command may still take to end by
	// itself. It would never end while it writes to a terminal that is suspended.
	Grace = 5 * time.Second
)

// Interrupts is what the signals of a process have asked for so far. Its methods may be
// called concurrently.
type Interrupts struct {
	// Stopping is closed by the first interrupt.
	Stopping chan struct{}
	// Lifetime ends with the second interrupt.
	Lifetime context.Context
	// Abandoned is closed when the command has not ended [Grace] after the second interrupt.
	Abandoned chan struct{}

	first atomic.Int32 // the number of the signal; 0 for none
}

// Signal returns the number of the first signal, or 0 if there was none.
func (i *Interrupts) Signal() int { return int(i.first.Load()) }

// Catch returns a context that the first interrupt ends: what is waiting gives up, and a
// write that has been sent is waited for. The second interrupt ends that too, with the
// lifetime. A reader of standard output or standard error that goes away is no interrupt:
// writing there is an error from then on. First is called by the first interrupt and must
// not block. stop ends everything.
func Catch(parent context.Context, first func()) (i *Interrupts, ctx context.Context, stop func()) {
	pipes := catchBrokenPipes()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, terminating()...)
	i, ctx, end := Obey(parent, signals, first)
	return i, ctx, func() { signal.Stop(signals); signal.Stop(pipes); end() }
}

// CatchToTheEnd catches signals for as long as the process lives. One that arrives between
// the end of a command and the end of the process would take the place of its exit code.
func CatchToTheEnd() {
	signal.Notify(make(chan os.Signal, 1), append(terminating(), syscall.SIGPIPE)...)
}

// catchBrokenPipes makes writing to a pipe without a reader an error, also on standard
// output and standard error, where SIGPIPE would end the process in the middle of its
// writes to a tenant. The signal is caught and not ignored, as commands of {exec: ...}
// would inherit that.
func catchBrokenPipes() chan os.Signal {
	dropped := make(chan os.Signal, 1)
	signal.Notify(dropped, syscall.SIGPIPE)
	return dropped
}

// Obey is [Catch] for signals from a channel. A nil channel never has one.
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
