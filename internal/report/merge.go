package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Scan is the reports that were found in files and logs.
type Scan struct {
	// Foreign counts the lines that belong to no report.
	Foreign int
	// Damaged are the places of reports that are cut off or changed, as FILE:LINE.
	Damaged []string

	found []document
}

// document is the JSON of one report.
type document struct {
	place string
	text  []byte
}

// lineHead is how a report in one line begins, after the prefix of a log.
var lineHead = []byte(`{"format":"qlsync.`)

// Read adds the reports of a text: JSON documents and JSON Lines, among the lines of other programs.
// source is the name of the text.
func (s *Scan) Read(source string, text []byte) {
	var whole []byte // of a document in several lines; nil: none
	begin := ""
	number := 0
	for line := range bytes.Lines(text) {
		number++
		place := source + ":" + strconv.Itoa(number)
		plain := bytes.TrimRight(line, "\r\n")
		at := bytes.Index(plain, lineHead)
		if whole != nil && (at >= 0 || string(plain) == "{") {
			s.Damaged, whole = append(s.Damaged, begin), nil // another report begins within it
		}
		switch {
		case whole != nil:
			whole = append(whole, line...)
			if string(plain) == "}" {
				s.add(document{begin, whole})
				whole = nil
			}
		case at >= 0:
			s.add(document{place, plain[at:]})
		case string(plain) == "{":
			whole, begin = slices.Clone(line), place
		case len(bytes.TrimSpace(plain)) > 0:
			s.Foreign++
		}
	}
	if whole != nil {
		s.Damaged = append(s.Damaged, begin)
	}
}

// add adds a document, if its JSON is valid and it is one of ours.
func (s *Scan) add(found document) {
	var head struct {
		Format string `json:"format"`
	}
	switch {
	case jsontext.Check(found.text) != nil:
		s.Damaged = append(s.Damaged, found.place)
	case readJSON(bytes.NewReader(found.text), &head) != nil || !strings.HasPrefix(head.Format, "qlsync."):
		s.Foreign += bytes.Count(found.text, []byte("\n"))
	default:
		s.found = append(s.found, found)
	}
}

// Marks returns the most commas and brackets of one report, see [jsontext.Marks].
func (s *Scan) Marks() (most int64) {
	for _, found := range s.found {
		most = max(most, jsontext.Marks(found.text))
	}
	return most
}

// mergedAs are the formats that can be merged, and the format of what becomes of them.
var mergedAs = map[string]string{
	plan.Format: PlansFormat, PlansFormat: PlansFormat,
	plan.DriftFormat: DriftsFormat, DriftsFormat: DriftsFormat,
	apply.Format: ResultsFormat, ResultsFormat: ResultsFormat,
}

// Format returns the format of the merged reports. It is an error if there are no reports, reports
// of different kinds or projects, or reports that this version does not know.
func (s *Scan) Format() (string, error) {
	var first document
	var format, project string
	for _, found := range s.found {
		var head struct {
			Format  string `json:"format"`
			Project string `json:"project"`
		}
		if err := readJSON(bytes.NewReader(found.text), &head); err != nil {
			return "", fmt.Errorf("%s: %w", found.place, err)
		}
		merged := mergedAs[head.Format]
		switch {
		case merged == "":
			return "", fmt.Errorf("%s: a report with the format %q cannot be merged: it must be %s. If a newer version of qlsync wrote it, merge with that version",
				found.place, head.Format, words.OneOf(slices.Sorted(maps.Keys(mergedAs))))
		case format == "":
			first, format, project = found, merged, head.Project
		case merged != format:
			return "", fmt.Errorf("%s is %s and %s is %s: merge reports of one kind", first.place, format, found.place, merged)
		case head.Project != project:
			return "", fmt.Errorf("%s is of project %q and %s of project %q: merge reports of one project", first.place, project, found.place, head.Project)
		}
	}
	if format == "" {
		return "", errors.New("no report was found. Write reports with --format jsonl or --format json")
	}
	return format, nil
}

// attempt is the report of one run on a tenant. Of two, the one of the newer run counts, and
// otherwise the later one.
type attempt[T any] struct {
	at     string
	member Member[T]
}

// merger puts the reports of several runs together.
type merger[T any] struct {
	merged   *Fleet[T]
	attempts map[string][]attempt[T] // by the name of the tenant
	selected map[string]bool
	listed   map[string]string    // by the name of the tenant, when the newest run began that has listed it
	shards   map[string]*shardsOf // by the wave; runs on no single wave have the key ""
	damaged  []string
	lost     []string // of an earlier merge, without its shards
	isListed bool     // a run has listed its tenants, so that a lost one is known
	runs     map[oneRun]*runLines
	waves    map[string]string // by the name of the tenant, of the runs on one wave
	reports  int               // that were added
}

// shardsOf are the shards of a wave that were found.
type shardsOf struct {
	found map[int]bool
	of    int // shards in all; 0: none
}

// oneRun is one attempt of a shard.
type oneRun struct {
	shard   string // with the wave, if there is one
	attempt int    // 0: unknown
	at      string
}

// runLines is what was found of the JSON Lines of a run.
type runLines struct {
	of       int             // tenants of the run
	isListed bool            // the first line was found
	tenants  map[string]bool // whose lines were found
}

// MergePlans puts plans together; see [Scan.Format] and [mergeReports].
func MergePlans(s *Scan) (*Fleet[plan.Plan], []string, error) {
	f, notes, err := mergeReports(s, PlansFormat, plan.Format, func(p *plan.Plan) Member[plan.Plan] { return Member[plan.Plan]{Tenant: p.Tenant, Report: p} })
	if err == nil {
		f.Hash = FleetHash(f)
	}
	return f, notes, err
}

// MergeDrifts puts drift reports together; see [Scan.Format] and [mergeReports].
func MergeDrifts(s *Scan) (*Fleet[plan.Drift], []string, error) {
	return mergeReports(s, DriftsFormat, plan.DriftFormat, func(d *plan.Drift) Member[plan.Drift] { return Member[plan.Drift]{Tenant: d.Tenant, Report: d} })
}

// MergeResults puts results together; see [Scan.Format] and [mergeReports].
func MergeResults(s *Scan) (*Fleet[apply.Result], []string, error) {
	return mergeReports(s, ResultsFormat, apply.Format, func(r *apply.Result) Member[apply.Result] {
		return Member[apply.Result]{Tenant: r.Tenant, Outcome: OutcomeOf(r), Report: r}
	})
}

// mergeReports puts the reports together, by the names of the tenants. one returns a report of the
// single format as a member. Tenants and shards without a report are in the result. The notes say
// what was left out.
func mergeReports[T any](s *Scan, format, single string, one func(*T) Member[T]) (*Fleet[T], []string, error) {
	m := &merger[T]{
		merged: &Fleet[T]{Format: format, Tenants: []Member[T]{}}, attempts: map[string][]attempt[T]{}, selected: map[string]bool{}, listed: map[string]string{},
		shards: map[string]*shardsOf{}, runs: map[oneRun]*runLines{}, waves: map[string]string{},
	}
	m.damaged = slices.Clone(s.Damaged)
	for _, found := range s.found {
		fleet, err := readOne(found, single, one)
		if err != nil {
			m.damaged = append(m.damaged, found.place)
			continue
		}
		if err := m.add(fleet, one); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", found.place, err)
		}
	}
	notes := m.settle()
	if s.Foreign > 0 {
		notes = append(notes, words.Count(s.Foreign, "line")+" of other programs skipped")
	}
	return m.merged, notes, nil
}

// readOne reads a report; one of a single tenant becomes one of several.
func readOne[T any](found document, single string, one func(*T) Member[T]) (*Fleet[T], error) {
	var head struct {
		Format  string `json:"format"`
		Project string `json:"project"`
	}
	if err := readJSON(bytes.NewReader(found.text), &head); err != nil {
		return nil, err
	}
	if head.Format != single {
		return ReadFleet[T](bytes.NewReader(found.text))
	}
	var report T
	if err := readJSON(bytes.NewReader(found.text), &report); err != nil {
		return nil, err
	}
	member := one(&report)
	fleet := &Fleet[T]{Project: head.Project, Tenants: []Member[T]{member}}
	if single == plan.Format {
		fleet.Selections = []Selection{{Names: member.Tenant.Name}}
	}
	return fleet, nil
}

// add adds the report of one run, or a part of it.
func (m *merger[T]) add(f *Fleet[T], one func(*T) Member[T]) error {
	m.merged.Project = f.Project
	m.merged.Signal = max(m.merged.Signal, f.Signal)
	if err := m.addShards(f.Wave, f.Shard, f.Shards, f.Missing); err != nil {
		return err
	}
	m.merged.Lost = append(m.merged.Lost, f.Lost...) // of an earlier merge
	m.isListed = m.isListed || len(f.Selected) > 0
	lines := m.lines(strings.TrimSpace(f.Shard+ofWave(f.Wave)), f.Attempt, f.At, f.Count)
	lines.isListed = lines.isListed || f.Selected != nil
	for _, name := range f.Selected {
		m.selected[name] = true
		m.listed[name] = max(m.listed[name], f.At)
		m.waves[name] = f.Wave
	}
	m.addSelections(f.Selections)
	m.addRollout(f.Lock, f.Rollout)
	if m.merged.Hash == "" && len(m.attempts) == 0 {
		m.merged.Hash = f.Hash
	} else if m.merged.Hash != f.Hash {
		m.merged.Hash = ""
	}
	m.merged.At = max(m.merged.At, f.At)
	for _, member := range f.Tenants {
		switch {
		case member.Tenant.Name == "" || (member.Report == nil) == (member.Error == ""):
			return errors.New("a tenant has no name, or neither a report nor an error")
		case member.Report != nil:
			member.Outcome = one(member.Report).Outcome // what the report shows
			if member.Outcome == OutcomeDone && member.Health.fails() {
				member.Outcome = OutcomeUnhealthy
			}
		}
		m.selected[member.Tenant.Name], lines.tenants[member.Tenant.Name] = true, true
		if member.Outcome != OutcomeMissing { // otherwise an earlier merge did not find it
			m.attempts[member.Tenant.Name] = append(m.attempts[member.Tenant.Name], attempt[T]{f.At, member})
		}
	}
	return nil
}

// lines returns what was found of a run, to which a line belongs.
func (m *merger[T]) lines(shard string, attempt int, at string, of int) *runLines {
	key := oneRun{shard, attempt, at}
	if m.runs[key] == nil {
		m.runs[key] = &runLines{tenants: map[string]bool{}}
	}
	m.runs[key].of = max(m.runs[key].of, of)
	return m.runs[key]
}

// incomplete returns the attempts of which nothing or only a part was found, and the shards with tenants
// that no line names.
func (m *merger[T]) incomplete() (lost, unnamed []string) {
	type shard struct {
		attempts map[int]bool
		isListed bool
		of       int
		tenants  map[string]bool
	}
	shards := map[string]*shard{}
	keys := slices.SortedFunc(maps.Keys(m.runs), func(a, b oneRun) int {
		return cmp.Or(cmp.Compare(a.shard, b.shard), cmp.Compare(a.attempt, b.attempt), cmp.Compare(a.at, b.at))
	})
	for _, key := range keys {
		lines, s := m.runs[key], shards[key.shard]
		if s == nil {
			s = &shard{attempts: map[int]bool{}, tenants: map[string]bool{}}
			shards[key.shard] = s
		}
		s.attempts[key.attempt], s.isListed, s.of = true, s.isListed || lines.isListed, max(s.of, lines.of)
		maps.Copy(s.tenants, lines.tenants)
		if found := len(lines.tenants); key.attempt > 0 && found < lines.of {
			lost = append(lost, fmt.Sprintf("a part of %s (found: %d of %s)", attemptText(key.shard, key.attempt), found, words.Count(lines.of, "tenant")))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shards)) {
		s := shards[name]
		for attempt := 1; attempt < slices.Max(slices.Collect(maps.Keys(s.attempts))); attempt++ {
			if !s.attempts[attempt] {
				lost = append(lost, attemptText(name, attempt))
			}
		}
		if left := s.of - len(s.tenants); left > 0 && !s.isListed {
			unnamed = append(unnamed, strings.TrimSpace(words.Count(left, "tenant")+" of shard "+name)+", whose first line was not found")
		}
	}
	return lost, unnamed
}

func attemptText(shard string, attempt int) string {
	text := fmt.Sprintf("attempt %d", attempt)
	if shard != "" {
		text += " of shard " + shard
	}
	return text
}

// newest returns the newest of the reports on a tenant, and the number of runs that they are of. The
// reports may be in any order. A run that says nothing about the change does not replace a failure: a
// tenant that is applied in part and does not answer now is still applied in part.
func (m *merger[T]) newest(found []attempt[T]) (newest attempt[T], runs int) {
	slices.SortStableFunc(found, func(a, b attempt[T]) int { return cmp.Compare(a.at, b.at) })
	newest, runs = found[0], 1
	for _, next := range found[1:] {
		if next.at != newest.at || next.member.Health == nil { // otherwise the same run adds its check
			runs++
		}
		if next.member.Outcome.after(newest.member.Counted()) == next.member.Outcome {
			newest = attempt[T]{next.at, m.laterOf(newest.member, next.member)}
		}
	}
	return newest, runs
}

// laterOf returns the later one of two members on a tenant. A run that did not check the apps keeps
// what an earlier one found. A run that had nothing to write keeps a change that was not checked, and
// one that it could not know even if it checked the apps.
func (m *merger[T]) laterOf(earlier, later Member[T]) Member[T] {
	switch {
	case later.Outcome == OutcomeDone && later.Recheck && isUnchecked(m.merged.Rollout, earlier) && !later.Health.fails() && (later.Health == nil || isUnknown(earlier, later)):
		later.Report, later.Health = earlier.Report, nil
	case later.Outcome != OutcomeDone || later.Health != nil:
	case earlier.Health.fails():
		later.Outcome, later.Health = OutcomeUnhealthy, earlier.Health
	case isUnchecked(m.merged.Rollout, earlier) && !isUnchecked(m.merged.Rollout, later):
		later.Report = earlier.Report
	}
	return later
}

// isUnchecked is [Rollout.Unchecked]. Plans and drift reports have nothing to check.
func isUnchecked[T any](r *Rollout, member Member[T]) bool {
	result, ok := any(&member).(*Member[apply.Result])
	return ok && r.Unchecked(result)
}

// RecheckFor is how long before a run an update of a connection may be the work of an earlier run that
// was stopped before its check.
const RecheckFor = 24 * time.Hour

// isUnknown reports whether the tenant did not show a later apply all that an earlier one has changed: the
// earlier one has deleted a connection, or is too long ago.
func isUnknown[T any](earlier, later Member[T]) bool {
	before, ok := any(earlier.Report).(*apply.Result)
	after, isResult := any(later.Report).(*apply.Result)
	return ok && isResult && (after.Ended.Sub(before.Began) > RecheckFor ||
		slices.ContainsFunc(before.Items, func(item apply.Item) bool { return item.Action == plan.ActionDelete && item.Outcome == apply.Done }))
}

// addSelections adds the tenants that a run was about. One that was about all makes the others irrelevant.
func (m *merger[T]) addSelections(run []Selection) {
	isFirst := m.reports == 0
	if !isFirst && len(m.merged.Selections) == 0 {
		return
	}
	if len(run) == 0 {
		m.merged.Selections = nil
	}
	for _, selection := range run {
		if !slices.Contains(m.merged.Selections, selection) {
			m.merged.Selections = append(m.merged.Selections, selection)
		}
	}
}

// addRollout adds the rollout of a run. Runs with different ones, or with different locks, have none
// together: their waves have different tenants.
func (m *merger[T]) addRollout(lock string, r *Rollout) {
	if m.reports++; m.reports == 1 {
		m.merged.Lock, m.merged.Rollout = lock, r
		return
	}
	if m.merged.Lock != lock {
		m.merged.Lock, m.merged.Rollout = "", nil
	}
	if r == nil || m.merged.Rollout == nil || !m.merged.Rollout.Same(r) || !slices.Equal(m.merged.Rollout.Waves, r.Waves) {
		m.merged.Rollout = nil
	}
}

// addShards adds the shard of a run, or the shards of an earlier merge and what that did not find.
func (m *merger[T]) addShards(wave, shard string, all int, missing []string) error {
	if m.shards[wave] == nil {
		m.shards[wave] = &shardsOf{found: map[int]bool{}}
	}
	known, count := m.shards[wave], all
	if shard != "" {
		index, of, err := readShard(shard)
		if err != nil {
			return err
		}
		known.found[index], count = true, of
	}
	if count < 0 || count > MaxShards {
		return fmt.Errorf("the number of shards is %d; it must be at most %d", count, MaxShards)
	}
	if count != 0 && known.of != 0 && known.of != count {
		return fmt.Errorf("the report is for one of %d shards, and an earlier report for one of %d: merge reports with the same number of shards", count, known.of)
	}
	known.of = cmp.Or(known.of, count)
	for i := range all {
		if !slices.Contains(missing, shardText(i, all)) {
			known.found[i] = true
		}
	}
	for _, text := range missing {
		if all == 0 || !strings.HasPrefix(text, "shard ") {
			m.lost = append(m.lost, text)
		}
	}
	return nil
}

// readShard returns the place of a shard and the number of shards.
func readShard(text string) (index, count int, err error) {
	if n, err := fmt.Sscanf(text, "%d/%d", &index, &count); n != 2 || err != nil || index < 0 || index >= count || count > MaxShards {
		return 0, 0, fmt.Errorf("the shard %q is not I/N", text)
	}
	return index, count, nil
}

func shardText(index, count int) string { return fmt.Sprintf("shard %d/%d", index, count) }

// ofWave returns a wave behind the name of a shard.
func ofWave(wave string) string {
	if wave == "" {
		return ""
	}
	return " of wave " + wave
}

// settleShards fills in the shards that were not found. Those of several waves are named with the
// wave.
func (m *merger[T]) settleShards() {
	for _, wave := range slices.Sorted(maps.Keys(m.shards)) {
		known, suffix := m.shards[wave], ofWave(wave)
		if len(m.shards) == 1 {
			m.merged.Wave, m.merged.Shards, suffix = wave, known.of, ""
		}
		for index := range known.of {
			if !known.found[index] {
				m.merged.Missing = append(m.merged.Missing, shardText(index, known.of)+suffix)
			}
		}
	}
}

// settle fills the merged report, and returns the notes on it.
func (m *merger[T]) settle() (notes []string) {
	var double, lost []string
	for _, name := range slices.Sorted(maps.Keys(m.selected)) {
		found := m.attempts[name]
		if !slices.ContainsFunc(found, func(a attempt[T]) bool { return a.at >= m.listed[name] }) {
			lost = append(lost, name)
			m.merged.Tenants = append(m.merged.Tenants, Member[T]{
				Tenant: plan.Tenant{Name: name}, Wave: m.waves[name], Outcome: OutcomeMissing, Error: unreported(len(found)),
			})
			continue
		}
		newest, runs := m.newest(found)
		if runs > 1 {
			double = append(double, fmt.Sprintf("%s (%d, used: %s)", Sanitize(name), runs, cmp.Or(Sanitize(newest.at), "the last one")))
		}
		m.merged.Tenants = append(m.merged.Tenants, newest.member)
	}
	m.settleShards()
	m.merged.Missing = append(m.merged.Missing, m.merged.skippedWaves()...)
	partly, unnamed := m.incomplete()
	m.merged.Missing = slices.Concat(m.merged.Missing, unnamed, m.lost)
	if m.merged.Lost = append(m.merged.Lost, partly...); len(m.merged.Lost) > 0 {
		notes = append(notes, "lost with the logs: "+strings.Join(m.merged.Lost, ", ")+". What these attempts changed is not in the report, which shows the tenants after the later attempts")
	}
	if len(m.merged.Missing) > 0 {
		notes = append(notes, "not found: "+firstFew(m.merged.Missing))
	}
	if len(m.damaged) > 0 {
		notes = append(notes, words.Count(len(m.damaged), "report")+" cut off or damaged: "+firstFew(m.damaged))
		if !m.isListed { // the tenants of these reports are not known
			m.merged.Missing = append(m.merged.Missing, "the report at "+m.damaged[0])
		}
	}
	if len(lost) > 0 {
		notes = append(notes, "no report on "+words.Count(len(lost), "tenant")+": "+firstFew(lost))
	}
	if len(double) > 0 {
		notes = append(notes, "several reports on "+words.Count(len(double), "tenant")+", of which the newest counts: "+firstFew(double))
	}
	return notes
}

// unreported returns the error of a tenant on which the newest run has left no report. An older run
// may have left some: they do not show what the newest run did.
func unreported(older int) string {
	text := "no report on this tenant was found"
	if older > 0 {
		text = "the newest run on this tenant left no report, and the older reports do not count"
	}
	return text + ". It may have been lost with a log. Run the command again for this tenant"
}

// MaxShards bounds the number of shards.
const MaxShards = 10_000

// fewNames is how many names a line shows before it counts the others.
const fewNames = 3

// firstFew returns the first few of a list, and counts the others.
func firstFew(list []string) string {
	var shown []string
	for _, text := range list[:min(fewNames, len(list))] {
		shown = append(shown, Sanitize(text))
	}
	text := strings.Join(shown, ", ")
	if more := len(list) - len(shown); more > 0 {
		text += " and " + words.Number(more) + " more"
	}
	return text
}
