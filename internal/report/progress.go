package report

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
)

const (
	// firstLine is when a command without a terminal first reports its progress, and nextLine the
	// interval after that. A wait is reported when it begins.
	firstLine, nextLine = 5 * time.Second, 10 * time.Second
	// worthALine is the minimum length of a wait with its own line, and worthAWord of a wait that is
	// mentioned.
	worthALine, worthAWord = 5 * time.Second, 2 * time.Second
	// settled is how long a phase must have lasted before its rate is meaningful.
	settled = time.Second
	// minBar and maxBar are the columns of a bar. With less space there is no bar.
	minBar, maxBar = 12, 32
)

// Pacing is the state of a tenant's rate limit. Both functions may be nil.
type Pacing struct {
	// Waiting is from [connection.Waiter], Pace from [connection.Pacer].
	Waiting func() connection.Wait
	Pace    func(reads, writes int) time.Duration
}

// Progress shows how far a command is, with one tenant or with several at once.
//
// Workers replace an immutable value and never wait: there is no lock. The one goroutine that calls
// Rows and Line computes the words from the current values.
type Progress struct {
	tenants int // of a fleet; 0: one tenant
	tasks   atomic.Pointer[[]*Task]

	// The following fields belong to the goroutine that calls Rows and Line.
	begun, spoken time.Time
	toldWait      time.Time // the end of the wait that was reported last
	meters        map[*Task]*meter
}

// NewProgress returns the progress of a command for one tenant, or for that many.
func NewProgress(tenants int) *Progress {
	p := &Progress{begun: time.Now(), meters: map[*Task]*meter{}}
	if tenants > 1 {
		p.tenants = tenants
	}
	p.tasks.Store(&[]*Task{})
	return p
}

// Task is the work on one tenant. Its methods may be called concurrently and return at once.
type Task struct {
	pacing atomic.Pointer[Pacing]
	now    atomic.Pointer[phase]
}

// phase is a part of the work. Its values are never changed, only replaced.
type phase struct {
	doing, unit         string
	begun               time.Time
	done, total, failed int
	reads, writes       int // remaining calls
	ended               bool
}

// Task adds the work on a tenant.
func (p *Progress) Task() *Task {
	t := &Task{}
	t.pacing.Store(&Pacing{})
	t.now.Store(&phase{doing: "connecting", begun: time.Now()})
	for {
		before := p.tasks.Load()
		after := append(slices.Clip(*before), t)
		if p.tasks.CompareAndSwap(before, &after) {
			return t
		}
	}
}

// Follow sets the source of the tenant's rate limit.
func (t *Task) Follow(pacing Pacing) { t.pacing.Store(&pacing) }

// Listing reports that connections are being listed: their number is unknown.
func (t *Task) Listing() { t.begin(phase{doing: "listing connections"}) }

// WaitingForReloads reports a wait until that time.
func (t *Task) WaitingForReloads(until time.Time) {
	t.begin(phase{doing: "waiting until " + until.Format(time.TimeOnly) + " for reloads"})
}

// Applying reports that an apply of that many steps begins.
func (t *Task) Applying(steps int) {
	t.begin(phase{doing: "applying", unit: "steps", total: steps})
}

// End reports that the work on the tenant has ended.
func (t *Task) End() { t.change(func(now *phase) { now.ended = true }) }

func (t *Task) begin(next phase) {
	next.begun = time.Now()
	t.now.Store(&next)
}

func (t *Task) change(change func(*phase)) {
	for {
		before := t.now.Load()
		after := *before
		change(&after)
		if t.now.CompareAndSwap(before, &after) {
			return
		}
	}
}

// Read reports that that many of the connections have been read.
func (t *Task) Read(done, total int) { t.read("connections", done, total) }

// ReadSchemas reports that that many of the data sources have been read.
func (t *Task) ReadSchemas(done, total int) { t.read("data sources", done, total) }

// ReadUsage reports that that many of the apps and other objects have been read.
func (t *Task) ReadUsage(done, total int) { t.read("apps", done, total) }

func (t *Task) read(unit string, done, total int) {
	t.change(func(now *phase) {
		if now.doing != "reading" || now.unit != unit || now.total != total {
			*now = phase{doing: "reading", unit: unit, total: total, begun: time.Now()}
		}
		now.done = max(now.done, done) // calls come from many goroutines
		now.reads = total - now.done
	})
}

// Step reports that a step has ended.
func (t *Task) Step(step apply.Progress) {
	t.change(func(now *phase) {
		now.done, now.writes = step.Done, step.CallsLeft
		if step.Why.Holds() {
			now.failed++
		}
	})
}

// meter measures how long a phase has worked, without its waits.
type meter struct {
	phase, last time.Time
	active      time.Duration
}

// status is what to show at one time.
type status struct {
	head        string // the progress
	done, total int
	rest        []string
	wait        time.Time // the end of the mentioned wait; zero: none
}

// look computes the status from the current values.
func (p *Progress) look() (status, bool) {
	tasks, now := *p.tasks.Load(), time.Now()
	var running []*Task
	var all phase
	var held []connection.Wait
	var left time.Duration
	known := len(tasks) >= p.tenants
	ended := 0
	for _, task := range tasks {
		at := *task.now.Load()
		if p.tenants == 0 && at.ended {
			continue
		}
		all = all.with(at)
		if at.ended {
			ended++
			continue
		}
		running = append(running, task)
		wait, isHeld := p.held(task, now)
		if isHeld {
			held = append(held, wait)
		}
		taskLeft, ok := p.left(task, at, now, isHeld)
		left, known = max(left, taskLeft), known && ok
	}
	if len(running) == 0 {
		return status{}, false
	}
	if p.tenants > 0 {
		all.begun = p.begun
	}
	s := status{head: all.text(now), done: all.done, total: all.total}
	if p.tenants > 0 {
		s.head = fmt.Sprintf("%s of %s tenants done, %s", words.Number(ended), words.Number(p.tenants), s.head)
		s.done, s.total = ended, p.tenants
	}
	s.rest = all.rate(now)
	if all.failed > 0 {
		s.rest = append(s.rest, words.Number(all.failed)+" not done")
	}
	if len(held) > 0 {
		first := slices.MinFunc(held, func(a, b connection.Wait) int { return a.Until.Compare(b.Until) })
		s.wait = first.Until
		s.rest = append(s.rest, p.waits(first, len(held), now))
	}
	if known && left > 0 {
		s.rest = append(s.rest, "about "+words.Duration(left)+" left")
	}
	return s, true
}

// with adds up the phases of several tenants.
func (at phase) with(other phase) phase {
	if at.begun.IsZero() || at.total == 0 || at.unit != other.unit && other.unit == "connections" {
		return other
	}
	if at.unit == other.unit {
		at.done, at.total, at.failed = at.done+other.done, at.total+other.total, at.failed+other.failed
	}
	return at
}

func (at phase) text(now time.Time) string {
	if at.total > 0 {
		return fmt.Sprintf("%s %s of %s %s", at.doing, words.Number(at.done), words.Number(at.total), at.unit)
	}
	if lasted := now.Sub(at.begun); lasted >= settled {
		return at.doing + " for " + words.Duration(lasted.Truncate(time.Second))
	}
	return at.doing
}

// rate returns the speed in a second or a minute, waits included.
func (at phase) rate(now time.Time) []string {
	lasted := now.Sub(at.begun)
	if at.done == 0 || at.total == 0 || lasted < settled {
		return nil
	}
	perSecond := float64(at.done) / lasted.Seconds()
	if perSecond < 1 {
		return []string{fmt.Sprintf("%.0f/min", math.Ceil(60*perSecond))}
	}
	return []string{fmt.Sprintf("%.0f/s", perSecond)}
}

// held returns the wait of a tenant that is worth mentioning, until it is over.
func (p *Progress) held(task *Task, now time.Time) (connection.Wait, bool) {
	pacing := task.pacing.Load()
	if pacing.Waiting == nil {
		return connection.Wait{}, false
	}
	wait := pacing.Waiting()
	left := wait.Until.Sub(now)
	return wait, left >= worthAWord || left > 0 && wait.Until.Equal(p.toldWait)
}

func (p *Progress) waits(wait connection.Wait, tenants int, now time.Time) string {
	what := "the next attempt"
	if wait.For != connection.WaitRetry {
		what = "the rate limit of " + string(wait.For)
	}
	who := "waiting"
	switch {
	case p.tenants > 0 && tenants == 1:
		who = "1 tenant waiting"
	case p.tenants > 0:
		who = words.Number(tenants) + " tenants waiting"
	}
	return fmt.Sprintf("%s for %s until %s (%s)", who, what, wait.Until.Format(time.TimeOnly), words.Duration(wait.Until.Sub(now)))
}

// left estimates how long a phase still takes: as long as the rate limit delays it, and at least as
// long as at the speed between the waits.
func (p *Progress) left(task *Task, at phase, now time.Time, isHeld bool) (time.Duration, bool) {
	m := p.meters[task]
	if m == nil || !m.phase.Equal(at.begun) {
		m = &meter{phase: at.begun, last: at.begun}
		p.meters[task] = m
	}
	if !isHeld {
		m.active += now.Sub(m.last)
	}
	m.last = now
	var left time.Duration
	if pacing := task.pacing.Load(); pacing.Pace != nil && at.reads+at.writes > 0 {
		left = pacing.Pace(at.reads, at.writes)
	}
	if at.total == 0 || now.Sub(at.begun) < settled && left < settled {
		return 0, false
	}
	if at.done > 0 {
		left = max(left, m.active*time.Duration(at.total-at.done)/time.Duration(at.done))
	}
	return left, at.done > 0 || left > 0
}

// Line returns the line that is due now for an output that is not a terminal, or "".
func (p *Progress) Line() string {
	s, ok := p.look()
	if !ok {
		return ""
	}
	now := time.Now()
	isDue := now.Sub(p.begun) >= firstLine && (p.spoken.IsZero() || now.Sub(p.spoken) >= nextLine)
	isNewWait := s.wait.Sub(now) >= worthALine && now.After(p.toldWait)
	if !isDue && !isNewWait {
		return ""
	}
	p.spoken, p.toldWait = now, s.wait
	return s.text()
}

func (s status) text() string {
	return strings.Join(append([]string{s.head}, s.rest...), ", ")
}

// Rows returns the progress on a terminal with that many columns. If there is too little space, the
// bar is omitted first; then the text takes several rows. The last column stays free, because some
// terminals wrap a row that fills it.
func (p *Progress) Rows(columns int) []string {
	s, ok := p.look()
	if !ok {
		return nil
	}
	p.toldWait = s.wait
	width := max(columns-1, 1)
	text := s.text()
	if room := min(width-len(text)-1, maxBar); room >= minBar && s.total > 0 {
		return []string{strings.TrimRight(s.head+" "+bar(room, s.done, s.total)+" "+strings.Join(s.rest, ", "), " ")}
	}
	return wrap(text, width)
}

func bar(width, done, total int) string {
	inner := width - 2
	filled := min(inner, inner*done/total)
	return "[" + strings.Repeat("=", filled) + strings.Repeat("-", inner-filled) + "]"
}

// unit matches a unit of time after its number. The glue keeps the two in one row.
var unit = regexp.MustCompile(`(\d) (s|min|h)\b`)

const glue = "\x00"

// wrap breaks ASCII text into rows.
func wrap(text string, width int) []string {
	var rows []string
	row := ""
	for _, word := range strings.Fields(unit.ReplaceAllString(text, "$1"+glue+"$2")) {
		word = strings.ReplaceAll(word, glue, " ")
		if row != "" && len(row)+1+len(word) <= width {
			row += " " + word
			continue
		}
		if row != "" {
			rows = append(rows, row)
		}
		for ; len(word) > width; word = word[width:] {
			rows = append(rows, word[:width])
		}
		row = word
	}
	return append(rows, row)
}
