package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/internal/interrupt"
	"github.com/qlsync/qlsync/pkg/apply"
)

// streams returns an environment that writes to the builder, which is read when
// nothing writes any more.
func streams(stdin io.Reader, stderr io.Writer) *environment {
	return &environment{stdin: stdin, stdout: io.Discard, stderr: stderr, lookup: func(string) (string, bool) { return "", false }}
}

// obey lets signals from a channel end a command, as those of the process do.
func obey(t *testing.T, env *environment, signals <-chan os.Signal) (ctx context.Context, stop func()) {
	t.Helper()
	env.interrupts, ctx, stop = interrupt.Obey(t.Context(), signals, env.warnOfRunningRequests)
	return ctx, stop
}

func TestTheFirstInterruptStopsAndTheSecondEndsEverything(t *testing.T) {
	for name, test := range map[string]struct {
		writing bool
		said    string
	}{
		"while nothing is written":   {false, ""},
		"while something is written": {true, "Interrupted: letting the running requests finish; interrupt again to stop at once.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var stderr strings.Builder
				env := streams(nil, &stderr)
				env.writing.Store(test.writing)
				signals := make(chan os.Signal)
				ctx, stop := obey(t, env, signals)
				defer stop()
				if ctx.Err() != nil || env.interrupts.Lifetime.Err() != nil {
					t.Fatal("the lifetime ended before the first interrupt")
				}
				signals <- os.Interrupt
				synctest.Wait()
				select {
				case <-env.interrupts.Stopping:
				default:
					t.Error("the first interrupt stopped nothing, want the command asked to stop")
				}
				if ctx.Err() == nil || env.interrupts.Lifetime.Err() != nil {
					t.Errorf("after one interrupt: context %v, lifetime %v", ctx.Err(), env.interrupts.Lifetime.Err())
				}
				signals <- os.Interrupt // by timeout(1), which sends it to the group too
				synctest.Wait()
				if env.interrupts.Lifetime.Err() != nil {
					t.Error("a signal that arrives twice at once has ended the lifetime")
				}
				time.Sleep(interrupt.Insistence)
				signals <- os.Interrupt
				synctest.Wait()
				if env.interrupts.Lifetime.Err() == nil {
					t.Error("the lifetime goes on after two interrupts")
				}
				time.Sleep(interrupt.Grace)
				synctest.Wait()
				select {
				case <-env.interrupts.Abandoned:
				default:
					t.Error("a command that hangs after two interrupts is waited for without end")
				}
				if stderr.String() != test.said {
					t.Errorf("got stderr %q, want %q", stderr.String(), test.said)
				}
			})
		})
	}
}

func TestOnlyYesApproves(t *testing.T) {
	for answer, want := range map[string]string{
		"yes\n": "", " yes \n": "", "yes": "", "y\n": "because the answer was not yes", "\n": "not approved", "": "not approved", "no\nyes\n": "not approved",
	} {
		t.Run(answer, func(t *testing.T) {
			err := streams(strings.NewReader(answer), io.Discard).ask(t.Context(), "Apply? ")
			ended := endOf(err)
			switch {
			case want == "" && err != nil:
				t.Error(err)
			case want != "" && (ended == nil || ended.code != exitRefused || !strings.Contains(err.Error(), want)):
				t.Errorf("got error %v, want a refusal with %q", err, want)
			}
		})
	}
}

// A terminal that is closed is a signal, and the end of what somebody types.
func TestAnInterruptBeforeTheFirstWriteIsTheExitCodeOfItsSignal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	env := streams(strings.NewReader(""), io.Discard)
	signals := make(chan os.Signal, 1)
	signals <- syscall.SIGHUP
	obeyed, stop := obey(t, env, signals)
	defer stop()
	<-obeyed.Done()
	if code := env.exitCode(env.ask(ctx, "Apply? ")); code != 129 {
		t.Errorf("got exit code %d at the question, want 129", code)
	}
	if code := env.exitCode(fmt.Errorf("lock: %w", context.Canceled)); code != 129 {
		t.Errorf("got exit code %d while waiting for the lock, want 129", code)
	}
	skipped := &apply.Result{Ledger: apply.Ledger{Planned: 1, Skipped: 1}, Items: []apply.Item{{Outcome: apply.Skipped}}}
	if code := env.exitCode(env.outcome(skipped)); code != 129 {
		t.Errorf("exit code %d before the first write", code)
	}
	skipped.Items[0].Partial = true
	if code := env.exitCode(env.outcome(skipped)); code != exitPartial {
		t.Errorf("exit code %d after a write", code)
	}
}

func TestAnInterruptAnswersTheQuestion(t *testing.T) {
	input, typing := io.Pipe()
	defer typing.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(0, cancel)
	err := streams(input, io.Discard).ask(ctx, "Apply? ")
	ended := endOf(err)
	if ended == nil || ended.code != exitRefused || err.Error() != "interrupted. Nothing was written" {
		t.Errorf("got error %v, want a refusal: nothing was written", err)
	}
}
