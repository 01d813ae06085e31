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
		p := report.NewProgress(&out, false, 100)
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
		p := report.NewProgress(&out, false, 8)
		for i := range 8 {
			time.Sleep(2 * time.Second) // of the bubble's clock
			step := apply.Progress{Done: i + 1, Total: 8}
			if i == 1 || i == 4 {
				step.Err = errStep
			}
			p.Step(step)
		}
		p.Close()
		want := []string{"applying: 3 of 8 steps ended, 1 not done", "applying: 6 of 8 steps ended, 2 not done", ""}
		if diff := cmp.Diff(want, strings.Split(out.String(), "\n")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheLastStepIsLeftToTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := report.NewProgress(&out, false, 1)
		time.Sleep(time.Minute) // of the bubble's clock
		p.Step(apply.Progress{Done: 1, Total: 1})
		p.Close()
		if out.Len() > 0 {
			t.Errorf("got %q", out.String())
		}
	})
}

func TestOnATerminalThereIsABarThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := report.NewProgress(&out, true, 3)
		for i := range 2 {
			p.Step(apply.Progress{Done: i + 1, Total: 3, Err: errStep})
			time.Sleep(time.Second) // of the bubble's clock: the bar is drawn again
			synctest.Wait()
		}
		shown := out.String()
		p.Close()
		p.Close()
		for _, want := range []string{"applying", "1 of 3 steps", "2 of 3 steps", "2 not done"} {
			if !strings.Contains(shown, want) {
				t.Errorf("the bar does not say %q: %q", want, shown)
			}
		}
		if strings.Contains(shown, "steps ended") {
			t.Errorf("there are lines beside the bar: %q", shown)
		}
		if lineUpAndErase := "\x1b[1A\x1b[J"; !strings.HasSuffix(out.String(), lineUpAndErase) {
			t.Errorf("the bar stays: %q", out.String())
		}
	})
}

func TestWithoutStepsThereIsNoBar(t *testing.T) {
	var out bytes.Buffer
	p := report.NewProgress(&out, true, 0)
	p.Close()
	if out.Len() > 0 {
		t.Errorf("got %q", out.String())
	}
}
