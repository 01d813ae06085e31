package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// insistence is how long after the first interrupt another signal is the same interrupt:
// a shell that ends, timeout(1) and many runners send a signal to the process and to its
// group, so it arrives twice. Only somebody who insists breaks off requests.
const insistence = time.Second

// grace is how long after the second interrupt the command may still take to end by
// itself. It would never end while it writes to a terminal that is suspended.
const grace = 5 * time.Second

// interruptible returns a context that the first interrupt ends: what is waiting
// gives up, and a write that has been sent is waited for. The second interrupt ends
// that too, with the lifetime of the environment. Every signal of [terminating] is an
// interrupt. A reader of standard output or standard error that goes away is none:
// writing there is an error from then on.
func (env *environment) interruptible(parent context.Context) (context.Context, func()) {
	pipes := catchBrokenPipes()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, terminating()...)
	ctx, stop := env.obey(parent, signals)
	return ctx, func() { signal.Stop(signals); signal.Stop(pipes); stop() }
}

// catchToTheEnd catches signals for as long as the process lives. One that arrives between
// the end of a command and the end of the process would take the place of its exit code.
func catchToTheEnd() {
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

func (env *environment) obey(parent context.Context, signals <-chan os.Signal) (context.Context, func()) {
	lifetime, end := context.WithCancel(parent)
	ctx, cancel := context.WithCancel(lifetime)
	env.lifetime, env.stopping, env.abandoned = lifetime, make(chan struct{}), make(chan struct{})
	go func() {
		select {
		case received := <-signals:
			env.interrupt.Store(signalNumber(received))
		case <-lifetime.Done():
			return
		}
		first := time.Now()
		close(env.stopping)
		cancel()
		if env.writing.Load() {
			// On its own, because the terminal may be suspended, and the next signal counts.
			go fmt.Fprintln(env.stderr, "Interrupted: letting the running requests finish; interrupt again to stop at once.")
		}
		for {
			select {
			case <-signals:
				if time.Since(first) >= insistence {
					end()
					time.Sleep(grace)
					close(env.abandoned)
					return
				}
			case <-lifetime.Done():
				return
			}
		}
	}()
	return ctx, end
}

func signalNumber(received os.Signal) int32 {
	if received, ok := received.(syscall.Signal); ok {
		return int32(received)
	}
	return int32(syscall.SIGINT)
}

// interrupted returns the exit code of a command that an interrupt has ended before it
// wrote anything to a tenant, or the other code if there was none.
func (env *environment) interrupted(otherwise int) int {
	if received := env.interrupt.Load(); received != 0 {
		return exitSignal + int(received)
	}
	return otherwise
}

// brokenOff returns the exit code of a command that did not end after the second interrupt.
func (env *environment) brokenOff() int {
	if env.wrote.Load() {
		return exitPartial
	}
	return env.interrupted(exitError)
}
