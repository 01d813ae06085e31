package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Rollout is the order in which an apply goes through the tenants of a project.
type Rollout struct {
	Waves []Wave `json:"waves"`
	// StopAfter is the number of failed tenants after which no further tenant begins.
	StopAfter int `json:"stopAfter"`
	// Check is how long the apply waits after a wave before it checks the apps. Empty: it does not.
	Check string `json:"check,omitempty"`
}

// Wave is a wave with the number of its tenants in the project.
type Wave struct {
	Name    string `json:"name"`
	Tenants int    `json:"tenants"`
}

// index returns the place of a wave; -1 if there is none of that name.
func (r *Rollout) index(wave string) int {
	if r == nil {
		return -1
	}
	return slices.IndexFunc(r.Waves, func(w Wave) bool { return w.Name == wave })
}

// String returns a sentence about the order; empty without a rollout.
func (r *Rollout) String() string {
	if r == nil {
		return ""
	}
	var waves []string
	for _, wave := range r.Waves {
		waves = append(waves, fmt.Sprintf("%s (%s)", label(wave.Name), words.Count(wave.Tenants, "tenant")))
	}
	text := fmt.Sprintf("Waves of apply: %s. apply stops after %s.", strings.Join(waves, ", then "), words.Count(r.StopAfter, "failed tenant"))
	if r.Check != "" {
		text += " After each wave but the last, it waits " + label(r.Check) + " and checks the apps."
	}
	return text
}

// Same reports whether another rollout has the same waves and limits. The tenants of the project may
// differ.
func (r *Rollout) Same(other *Rollout) bool {
	if r == nil || other == nil {
		return r == other
	}
	return r.StopAfter == other.StopAfter && r.Check == other.Check &&
		slices.EqualFunc(r.Waves, other.Waves, func(a, b Wave) bool { return a.Name == b.Name })
}

// Unchecked reports whether the apps of a tenant must still be checked before the next wave: the
// rollout demands it, and the apply, or an earlier run that was stopped, has written to the tenant.
func (r *Rollout) Unchecked(m *Member[apply.Result]) bool {
	return r.Checks(m) && m.Outcome == OutcomeDone && m.Health == nil && m.Report != nil && (m.Report.Wrote() || m.Recheck)
}

// Checks reports whether the rollout demands a check after the wave of a tenant.
func (r *Rollout) Checks(m *Member[apply.Result]) bool {
	at := r.index(m.Wave)
	return at >= 0 && at < len(r.Waves)-1 && r.Check != ""
}

// Health is whether the apps still work that load the connections which an apply has changed.
type Health struct {
	Works bool   `json:"works"`
	Text  string `json:"text"`
}

// fails reports whether the apps were checked and fail.
func (h *Health) fails() bool { return h != nil && !h.Works }

// Standing counts the outcomes of the tenants of a rollout, wave by wave. It decides whether a
// further tenant may begin. A failed tenant is one that failed, was refused by a safety rule, was
// applied in part, or has apps that fail since. A tenant that did not answer, that another apply has
// locked, or that has changed since the review says nothing about the change. Such a tenant never
// holds the others back, unless no tenant of a wave is done.
type Standing struct {
	stopAfter int
	failed    []string // names of tenants
	wave      string   // of the first of them
	tenants   map[string]int
	done      map[string]int
}

// NewStanding returns the standing before the first tenant. Without a rollout, nothing stops.
func NewStanding(r *Rollout) *Standing {
	s := &Standing{tenants: map[string]int{}, done: map[string]int{}}
	if r != nil {
		s.stopAfter = max(1, r.StopAfter)
	}
	return s
}

// fails reports whether a tenant with the outcome is a failed one; see [Standing].
func (o Outcome) fails() bool {
	return slices.Contains([]Outcome{OutcomePartial, OutcomeUnhealthy, OutcomeRefused, OutcomeFailed}, o)
}

// saysNothing reports whether the outcome says nothing about the change; see [Standing].
func (o Outcome) saysNothing() bool {
	return slices.Contains([]Outcome{OutcomeUnreachable, OutcomeLocked, OutcomeStale}, o)
}

// after returns the outcome of a tenant after an earlier run: a run that says nothing about the change does
// not replace a failure.
func (o Outcome) after(earlier Outcome) Outcome {
	if earlier.fails() && o.saysNothing() {
		return earlier
	}
	return o
}

// Keep keeps the failure of the same tenant before this run; before may be nil.
func (m *Member[T]) Keep(before *Member[T]) {
	switch {
	case before == nil, m.Outcome == OutcomeDone, m.Outcome.fails():
	case before.Outcome.fails():
		m.Earlier = before.Outcome
	default:
		m.Earlier = before.Earlier
	}
}

// Counted returns the outcome that counts for the rollout.
func (m *Member[T]) Counted() Outcome { return m.Outcome.after(m.Earlier) }

// Add counts a tenant that has ended.
func (s *Standing) Add(tenant, wave string, outcome Outcome) {
	s.tenants[wave]++
	switch {
	case outcome == OutcomeDone:
		s.done[wave]++
	case outcome.fails():
		s.wave = cmp.Or(s.wave, wave)
		s.failed = append(s.failed, tenant)
	}
}

// Fail counts a tenant that was done as failed.
func (s *Standing) Fail(tenant, wave string) {
	s.tenants[wave]--
	s.done[wave]--
	s.Add(tenant, wave, OutcomeUnhealthy)
}

// Stop returns why no further tenant may begin; the zero value if one may.
func (s *Standing) Stop() connection.Reason {
	if s.stopAfter == 0 || len(s.failed) < s.stopAfter {
		return connection.Reason{}
	}
	return connection.Because("rollout-stopped", "wave", s.wave, "tenants", s.failed)
}

// Next returns why the wave after this one may not begin; the zero value if it may.
func (s *Standing) Next(wave string) connection.Reason {
	if stop := s.Stop(); stop.Holds() || s.stopAfter == 0 {
		return stop
	}
	if s.tenants[wave] > 0 && s.done[wave] == 0 {
		return connection.Because("rollout-wave-without-success", "wave", wave)
	}
	return connection.Reason{}
}

// Gate returns why the wave after the named one may not begin, according to a merged result; nil if
// it may. Each tenant of the wave and of the earlier waves must have a report, and each of the wave a
// check of its apps if the rollout demands one.
func Gate(f *Fleet[apply.Result], wave string) []string {
	at := f.Rollout.index(wave)
	switch {
	case f.Rollout == nil:
		return []string{"the reports have no rollout, or come from different rollouts or different versions of tenants.lock.json. Merge reports of one commit"}
	case at < 0:
		var names []string
		for _, known := range f.Rollout.Waves {
			names = append(names, known.Name)
		}
		return []string{fmt.Sprintf("the rollout has no wave %q: it has %s", wave, words.AllOf(names))}
	}
	return holding(f, at)
}

// holding returns why the wave after the one at a place of the rollout may not begin; nil if it may.
func holding(f *Fleet[apply.Result], at int) (reasons []string) {
	wave := f.Rollout.Waves[at].Name
	for _, missing := range f.Missing {
		reasons = append(reasons, missing+" is missing")
	}
	standing := NewStanding(f.Rollout)
	found := map[string]int{} // reports by wave
	var lost, unfinished, unchecked []string
	for i := range f.Tenants {
		member := &f.Tenants[i]
		switch {
		case member.Outcome == OutcomeMissing:
			lost = append(lost, member.Tenant.Name)
			continue
		case f.Rollout.index(member.Wave) > at:
			continue
		}
		found[member.Wave]++
		standing.Add(member.Tenant.Name, member.Wave, member.Counted())
		switch {
		case member.Outcome == OutcomeInterrupted, member.Outcome == OutcomeNotStarted:
			unfinished = append(unfinished, member.Tenant.Name)
		case member.Wave == wave && f.Rollout.Unchecked(member):
			unchecked = append(unchecked, member.Tenant.Name)
		}
	}
	if len(lost) > 0 {
		reasons = append(reasons, "no report on "+words.Count(len(lost), "tenant")+": "+firstFew(lost))
	}
	if len(lost) == 0 {
		reasons = append(reasons, unreportedWaves(f, at, found)...)
	}
	if len(unfinished) > 0 {
		reasons = append(reasons, "interrupted or not started: "+firstFew(unfinished))
	}
	if len(unchecked) > 0 {
		reasons = append(reasons, fmt.Sprintf("the apps of %s were not checked: %s. Apply to wave %s again: the apply checks them if it runs within 24 hours, and later with --resume",
			words.Count(len(unchecked), "tenant"), firstFew(unchecked), wave))
	}
	if stop := standing.Next(wave); stop.Holds() {
		reasons = append(reasons, messages.Text(stop))
	}
	return reasons
}

// unreportedWaves returns the waves, up to the one at a place of the rollout, that have more tenants than reports.
// The failed tenants of earlier waves count, so that their reports must be there.
func unreportedWaves(f *Fleet[apply.Result], at int, found map[string]int) (reasons []string) {
	for i, wave := range f.Rollout.Waves[:at+1] {
		reports := found[wave.Name]
		switch {
		case reports >= wave.Tenants || slices.Contains(f.Missing, wave.text()):
		case reports > 0:
			reasons = append(reasons, fmt.Sprintf("wave %s has %s, and only %s reported", label(wave.Name), words.Count(wave.Tenants, "tenant"), words.Number(reports)))
		case i < at:
			reasons = append(reasons, wave.text()+" is missing. Pass the results of the earlier waves too")
		default:
			reasons = append(reasons, wave.text()+" is missing")
		}
	}
	return reasons
}

// text returns the wave with the number of its tenants.
func (w *Wave) text() string {
	return fmt.Sprintf("wave %s (%s)", label(w.Name), words.Count(w.Tenants, "tenant"))
}

// skippedWaves returns the waves without a report that have tenants and are between two waves with reports: a
// pipeline may have no job for them.
func (f *Fleet[T]) skippedWaves() (skipped []string) {
	if f.Rollout == nil {
		return nil
	}
	reported := map[string]bool{}
	for i := range f.Tenants {
		reported[f.Tenants[i].Wave] = true
	}
	isReported := func(w Wave) bool { return reported[w.Name] }
	waves := f.Rollout.Waves
	for i, wave := range waves {
		if wave.Tenants > 0 && !isReported(wave) && slices.ContainsFunc(waves[:i], isReported) && slices.ContainsFunc(waves[i+1:], isReported) {
			skipped = append(skipped, wave.text())
		}
	}
	return skipped
}

// waveOrder compares the waves of two members. Members of no wave are last.
func (f *Fleet[T]) waveOrder(a, b *Member[T]) int {
	place := func(m *Member[T]) int {
		if at := f.Rollout.index(m.Wave); at >= 0 {
			return at
		}
		return math.MaxInt
	}
	return cmp.Compare(place(a), place(b))
}

// inWaves returns the members of a fleet in the order of the waves, and in their order within a wave.
func (f *Fleet[T]) inWaves() []*Member[T] {
	members := make([]*Member[T], len(f.Tenants))
	for i := range f.Tenants {
		members[i] = &f.Tenants[i]
	}
	slices.SortStableFunc(members, f.waveOrder)
	return members
}

// waveHead returns a function that returns a heading before the first member of each wave, and
// otherwise nothing.
func waveHead[T any](f *Fleet[T]) func(*Member[T]) string {
	before := ""
	return func(m *Member[T]) string {
		if f.Rollout == nil || m.Wave == before {
			return ""
		}
		before = m.Wave
		n := 0
		for i := range f.Tenants {
			if f.Tenants[i].Wave == m.Wave {
				n++
			}
		}
		return fmt.Sprintf("Wave %s (%s)", cmp.Or(label(m.Wave), "unknown"), words.Count(n, "tenant"))
	}
}

// inWave returns the name of a member with its wave, if it has one.
func inWave[T any](m *Member[T]) string {
	return strings.TrimSpace(m.Tenant.Name + " " + parenthesized(m.Wave))
}

func parenthesized(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// WaveEnded writes that a wave has ended, and when its apps are checked.
func (t Text) WaveEnded(w io.Writer, wave string, tenants int, until time.Time) error {
	_, err := fmt.Fprintf(w, "Wave %s has ended. The apps of %s are checked at %s, before the next wave.\n",
		label(wave), words.Count(tenants, "tenant"), until.Local().Format(time.DateTime))
	return err
}
