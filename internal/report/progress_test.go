package report_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
)

var because = connection.Because("write-failed")

// inTime runs a test on a clock of its own that begins at 14:00:00.
func inTime(t *testing.T, run func(t *testing.T)) {
	local := time.Local
	time.Local = time.UTC
	defer func() { time.Local = local }()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(14 * time.Hour)
		run(t)
	})
}

// lines asks every second for a line, as long as that.
func lines(p *report.Progress, during time.Duration) []string {
	var said []string
	for end := time.Now().Add(during); time.Now().Before(end); {
		time.Sleep(time.Second)
		if line := p.Line(); line != "" {
			said = append(said, time.Now().Format("15:04:05")+" "+line)
		}
	}
	return said
}

// limited returns the pacing of requests that wait until a time.
func limited(why connection.WaitReason, until time.Time) report.Pacing {
	return report.Pacing{
		Waiting: func() connection.Wait {
			if !time.Now().Before(until) {
				return connection.Wait{}
			}
			return connection.Wait{For: why, Until: until}
		},
		Pace: func(reads, writes int) time.Duration { return max(0, time.Until(until)) },
	}
}

func TestAQuickRunWithoutATerminalSaysNothing(t *testing.T) {
	inTime(t, func(t *testing.T) {
		p := report.NewProgress(1)
		task := p.Task()
		task.Applying(100)
		task.Step(apply.Progress{Done: 50, Total: 100})
		if said := lines(p, 4*time.Second); said != nil {
			t.Errorf("got lines %q, want none for a quick run", said)
		}
	})
}

func TestWithoutATerminalALineIsSaidAtLeastEveryFifteenSeconds(t *testing.T) {
	inTime(t, func(t *testing.T) {
		p := report.NewProgress(1)
		task := p.Task()
		task.Listing()
		said := lines(p, 6*time.Second)
		task.Applying(8)
		for i := range 8 {
			step := apply.Progress{Done: i + 1, Total: 8}
			if i == 1 {
				step.Why = because
			}
			task.Step(step)
			said = append(said, lines(p, 4*time.Second)...)
		}
		want := []string{
			"14:00:05 listing connections for 5 s",
			"14:00:15 applying 3 of 8 steps, 20/min, 1 not done, about 15 s left",
			"14:00:25 applying 5 of 8 steps, 16/min, 1 not done, about 12 s left",
			"14:00:35 applying 8 of 8 steps, 17/min, 1 not done",
		}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Errorf("lines of progress differ (-want +got):\n%s", diff)
		}
	})
}

func TestAWaitIsShownWhenItBeginsAndAsOftenAsTheRest(t *testing.T) {
	inTime(t, func(t *testing.T) {
		p := report.NewProgress(1)
		task := p.Task()
		task.Applying(1500)
		time.Sleep(2 * time.Second)
		task.Step(apply.Progress{Done: 500, Total: 1500, CallsLeft: 1000})
		task.Follow(limited(connection.WaitWrites, time.Now().Add(40*time.Second)))
		want := []string{
			"14:00:03 applying 500 of 1,500 steps, 167/s, waiting for the rate limit of writes until 14:00:42 (39 s), about 39 s left",
			"14:00:13 applying 500 of 1,500 steps, 38/s, waiting for the rate limit of writes until 14:00:42 (29 s), about 29 s left",
			"14:00:23 applying 500 of 1,500 steps, 22/s, waiting for the rate limit of writes until 14:00:42 (19 s), about 19 s left",
			"14:00:33 applying 500 of 1,500 steps, 15/s, waiting for the rate limit of writes until 14:00:42 (9 s), about 9 s left",
			"14:00:43 applying 500 of 1,500 steps, 12/s, about 4 s left",
		}
		if diff := cmp.Diff(want, lines(p, 45*time.Second)); diff != "" {
			t.Errorf("lines of progress differ (-want +got):\n%s", diff)
		}
	})
}

func TestAWaitBeforeTheFirstReadIsShown(t *testing.T) {
	inTime(t, func(t *testing.T) {
		p := report.NewProgress(1)
		p.Task().Follow(limited(connection.WaitReads, time.Now().Add(212*time.Second)))
		want := []string{"14:00:01 connecting for 1 s, waiting for the rate limit of reads until 14:03:32 (3 min 31 s)"}
		if diff := cmp.Diff(want, lines(p, 2*time.Second)); diff != "" {
			t.Errorf("lines of progress differ (-want +got):\n%s", diff)
		}
	})
}

func TestTheRestFollowsWhereItDoesNotFitAndTheBarIsDroppedFirst(t *testing.T) {
	for columns, want := range map[int][]string{
		200: {
			"applying 812 of 1,500 steps [================--------------] 81/s, 1 not done, " +
				"waiting for the rate limit of writes until 14:00:48 (38 s), about 38 s left",
		},
		123: {"applying 812 of 1,500 steps, 81/s, 1 not done, waiting for the rate limit of writes until 14:00:48 (38 s), about 38 s left"},
		80: {
			"applying 812 of 1,500 steps, 81/s, 1 not done, waiting for the rate limit of",
			"writes until 14:00:48 (38 s), about 38 s left",
		},
		40: {
			"applying 812 of 1,500 steps, 81/s, 1",
			"not done, waiting for the rate limit of",
			"writes until 14:00:48 (38 s), about",
			"38 s left",
		},
		8: nil, // any rows are accepted
		1: nil,
	} {
		inTime(t, func(t *testing.T) {
			p := report.NewProgress(1)
			task := p.Task()
			task.Applying(1500)
			p.Rows(columns)
			time.Sleep(10 * time.Second)
			task.Step(apply.Progress{Done: 812, Total: 1500, CallsLeft: 688, Why: because})
			task.Follow(limited(connection.WaitWrites, time.Now().Add(38*time.Second)))
			rows := p.Rows(columns)
			if diff := cmp.Diff(want, rows); want != nil && diff != "" {
				t.Errorf("%d columns: rows differ (-want +got):\n%s", columns, diff)
			}
			for _, row := range rows {
				if len(row) > max(1, columns-1) {
					t.Errorf("%d columns: the row %q is too long", columns, row)
				}
			}
			if columns > 8 && strings.Fields(strings.Join(rows, " "))[0] != "applying" {
				t.Errorf("%d columns: got rows %q, want the phase first", columns, rows)
			}
		})
	}
}

func TestAWaitRunsDownToItsEndOnATerminal(t *testing.T) {
	inTime(t, func(t *testing.T) {
		p := report.NewProgress(1)
		task := p.Task()
		task.Read(5, 10)
		task.Follow(limited(connection.WaitReads, time.Now().Add(2*time.Second)))
		var shown []string
		for range 5 {
			shown = append(shown, strings.Join(p.Rows(300), " "))
			time.Sleep(500 * time.Millisecond)
		}
		for i, want := range []string{"(2 s)", "(2 s)", "(1 s)", "(1 s)", ""} {
			if got := strings.Contains(shown[i], "waiting"); got != (want != "") || !strings.Contains(shown[i], want) {
				t.Errorf("after %d half seconds: %q", i, shown[i])
			}
		}
	})
}

func TestAShortWaitAndOneForTheNextAttempt(t *testing.T) {
	inTime(t, func(t *testing.T) {
		p := report.NewProgress(1)
		task := p.Task()
		task.Read(5, 10)
		task.Follow(limited(connection.WaitReads, time.Now().Add(time.Second)))
		if shown := strings.Join(p.Rows(300), " "); strings.Contains(shown, "waiting") {
			t.Errorf("a wait of a second is not worth a word: %q", shown)
		}
		task.Follow(limited(connection.WaitRetry, time.Now().Add(20*time.Second)))
		if shown := strings.Join(p.Rows(300), " "); !strings.Contains(shown, "waiting for the next attempt until 14:00:20 (20 s)") {
			t.Errorf("got rows %q, want the wait for the next attempt with its end", shown)
		}
	})
}

func TestSeveralTenantsAreOneLine(t *testing.T) {
	inTime(t, func(t *testing.T) {
		p := report.NewProgress(3)
		var tasks []*report.Task
		for range 3 {
			tasks = append(tasks, p.Task())
		}
		tasks[0].Listing()
		tasks[1].Read(50, 100)
		tasks[2].Read(100, 100)
		tasks[2].End()
		tasks[1].Follow(limited(connection.WaitReads, time.Now().Add(30*time.Second)))
		want := []string{"14:00:01 1 of 3 tenants done, reading 150 of 200 connections, 150/s, 1 tenant waiting for the rate limit of reads until 14:00:30 (29 s)"}
		if diff := cmp.Diff(want, lines(p, 2*time.Second)); diff != "" {
			t.Errorf("lines of progress differ (-want +got):\n%s", diff)
		}
		tasks[0].Follow(limited(connection.WaitReads, time.Now().Add(10*time.Second)))
		if shown := strings.Join(p.Rows(300), " "); !strings.Contains(shown, "2 tenants waiting for the rate limit of reads until 14:00:12 (10 s)") {
			t.Errorf("got rows %q, want 2 tenants that wait for the rate limit with its end", shown)
		}
		tasks[0].End()
		tasks[1].End()
		if rows := p.Rows(300); rows != nil {
			t.Errorf("got rows %q after the end, want none", rows)
		}
	})
}

// A worker that counts its work never waits for the display, and the display never
// waits for a worker: both together would be a deadlock.
func TestWorkersAndTheDisplayDoNotWaitForEachOther(t *testing.T) {
	p := report.NewProgress(1)
	task := p.Task()
	task.Follow(report.Pacing{
		Waiting: func() connection.Wait { task.Read(1, 2000); return connection.Wait{} },
		Pace:    func(int, int) time.Duration { task.Read(1, 2000); return 0 },
	})
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			for i := range 250 {
				task.Read(8*i+worker+1, 2000)
			}
		})
	}
	for range 500 {
		p.Rows(80)
		p.Line()
	}
	workers.Wait()
	if shown := strings.Join(p.Rows(80), " "); !strings.HasPrefix(shown, "reading 2,000 of 2,000 connections") {
		t.Errorf("got rows %q, want 2,000 of 2,000 connections first", shown)
	}
}

func TestReadingAppsAndWaitingForTheirReloadsAreShown(t *testing.T) {
	inTime(t, func(t *testing.T) {
		p := report.NewProgress(1)
		task := p.Task()
		task.ReadUsage(0, 5000)
		go func() {
			time.Sleep(time.Second / 2) // so that no reading happens in the moment of a line
			for n := range 16 {
				time.Sleep(time.Second)
				task.ReadUsage((n+1)*100, 5000)
			}
			task.WaitingForReloads(time.Now().Add(30 * time.Minute))
		}()
		said := strings.Join(lines(p, 40*time.Second), "\n")
		for _, want := range []string{"reading 400 of 5,000 apps", "waiting until 14:30:16 for reloads"} {
			if !strings.Contains(said, want) {
				t.Errorf("got the lines\n%s\nwant one with %q", said, want)
			}
		}
	})
}
