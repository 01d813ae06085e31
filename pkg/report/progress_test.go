package report_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/report"
)

var errStep = errors.New("not done")

func TestAQuickRunWithoutATerminalSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := report.NewProgress(&out, false, 100, nil)
		for i := range 100 {
			time.Sleep(49 * time.Millisecond) // of the bubble's clock
			p.Step(apply.Progress{Done: i + 1, Total: 100, Err: errStep})
		}
		p.Close()
		if out.Len() > 0 {
			t.Errorf("got %q", out.String())
		}
	})
}

func TestALongRunWithoutATerminalSaysALineEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := report.NewProgress(&out, false, 8, nil)
		for i := range 8 {
			time.Sleep(2100 * time.Millisecond) // of the bubble's clock
			step := apply.Progress{Done: i + 1, Total: 8}
			if i == 1 || i == 4 {
				step.Err = errStep
			}
			p.Step(step)
		}
		p.Close()
		want := []string{"applying: 2 of 8 steps, 1 not done", "applying: 4 of 8 steps, 1 not done", "applying: 7 of 8 steps, 2 not done", ""}
		if diff := cmp.Diff(want, strings.Split(out.String(), "\n")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhileNothingHappensALineSaysHowLongTheLimitTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		start := time.Now()
		left := func(calls int) time.Duration { return time.Duration(calls)*100*time.Second - time.Since(start) }
		p := report.NewProgress(&out, false, 3, left)
		p.Step(apply.Progress{Done: 1, Total: 3, CallsLeft: 2})
		time.Sleep(61 * time.Second) // of the bubble's clock
		p.Step(apply.Progress{Done: 3, Total: 3})
		time.Sleep(time.Minute) // the end is left to the result
		p.Close()
		p.Close()
		want := []string{
			"applying: 1 of 3 steps, 2 write calls left, 3 min at the rate limit",
			"applying: 1 of 3 steps, 2 write calls left, 3 min at the rate limit", "",
		}
		if diff := cmp.Diff(want, strings.Split(out.String(), "\n")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAReadingSaysWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := report.NewReading(&out, false, 10_000, func(int) time.Duration { return 5 * time.Minute })
		p.Read(2)
		p.Read(1)
		time.Sleep(6 * time.Second) // of the bubble's clock
		p.Close()
		if want := "reading: 2 of 10000 connections, 9998 read calls left, 5 min at the rate limit\n"; out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	})
}

func TestOnATerminalThereIsABarThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := report.NewProgress(&out, true, 3, nil)
		for i := range 2 {
			p.Step(apply.Progress{Done: i + 1, Total: 3, Err: errStep, CallsLeft: 2 - i})
			time.Sleep(time.Second) // of the bubble's clock: the bar is drawn again
			synctest.Wait()
		}
		shown := out.String()
		p.Close()
		p.Close()
		for _, want := range []string{"applying", "1 of 3 steps", "2 of 3 steps", "2 not done", "1 write call left"} {
			if !strings.Contains(shown, want) {
				t.Errorf("the bar does not say %q: %q", want, shown)
			}
		}
		if strings.Contains(shown, "applying:") {
			t.Errorf("there are lines beside the bar: %q", shown)
		}
		if lineUpAndErase := "\x1b[1A\x1b[J"; !strings.HasSuffix(out.String(), lineUpAndErase) {
			t.Errorf("the bar stays: %q", out.String())
		}
	})
}

func TestWithoutStepsThereIsNoBar(t *testing.T) {
	var out bytes.Buffer
	p := report.NewProgress(&out, true, 0, nil)
	p.Close()
	if out.Len() > 0 {
		t.Errorf("got %q", out.String())
	}
}
