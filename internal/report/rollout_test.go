package report_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
)

// waveRun returns the lines of a run on one wave of the rollout: canary with two tenants, then rest.
func waveRun(t *testing.T, wave, shard, at string, check bool, members ...report.Member[apply.Result]) string {
	t.Helper()
	f := &report.Fleet[apply.Result]{
		Format: report.ResultsFormat, Project: "finance", At: at, Shard: shard, Wave: wave, Tenants: members,
		Rollout: &report.Rollout{StopAfter: 2, Waves: []report.Wave{{Name: "canary", Tenants: 2}, {Name: "rest", Tenants: 1}}},
	}
	if check {
		f.Rollout.Check = "30m"
	}
	for i := range f.Tenants {
		f.Tenants[i].Wave = wave
	}
	return jsonLines(t, f)
}

func mergedResults(t *testing.T, text string) *report.Fleet[apply.Result] {
	t.Helper()
	var scan report.Scan
	scan.Read("log", []byte(text))
	merged, _, err := report.MergeResults(&scan)
	if err != nil {
		t.Fatal(err)
	}
	return merged
}

func TestTheGateIsOpenOnlyForACompleteWaveWithoutTooManyFailures(t *testing.T) {
	const first, second = "2026-11-29T20:01:00Z", "2026-11-29T20:02:00Z"
	east, west := memberOf(resultOn("east", apply.Done)), memberOf(resultOn("west", apply.Done))
	eastFailed, westFailed := memberOf(resultOn("east", apply.Failed)), memberOf(resultOn("west", apply.Failed))
	away := func(name string) report.Member[apply.Result] {
		return report.Member[apply.Result]{Tenant: plan.Tenant{Name: name}, Outcome: report.OutcomeUnreachable, Error: "no answer"}
	}
	checked := func(m report.Member[apply.Result], works bool) report.Member[apply.Result] {
		m.Health = &report.Health{Works: works, Text: "1 app"}
		return m
	}
	nothing := resultOn("west", apply.Done)
	nothing.Items, nothing.Ledger = []apply.Item{}, apply.Ledger{}
	rechecking := func(r *apply.Result) report.Member[apply.Result] {
		m := memberOf(r)
		m.Recheck = true
		return m
	}
	deleted := memberOf(resultOn("west", apply.Done))
	deleted.Report.Items[0].Action = plan.ActionDelete
	longAfter := rechecking(nothing)
	longAfter.Report = new(*nothing)
	longAfter.Report.Ended = west.Report.Began.Add(report.RecheckFor + time.Second)
	interrupted, held := away("west"), away("west")
	interrupted.Outcome, held.Outcome = report.OutcomeInterrupted, report.OutcomeNotStarted
	shard0 := waveRun(t, "canary", "0/2", first, false, east)
	for _, test := range []struct{ name, text, want string }{
		{"all are done", shard0 + waveRun(t, "canary", "1/2", first, false, west), ""},
		{"fewer failures than stopAfter", shard0 + waveRun(t, "canary", "1/2", first, false, westFailed), ""},
		{"as many failures as stopAfter", waveRun(t, "canary", "", first, false, eastFailed, westFailed), "wave canary has failed (east, west)"},
		{"a tenant does not answer", shard0 + waveRun(t, "canary", "1/2", first, false, away("west")), ""},
		{"no tenant answers", waveRun(t, "canary", "", first, false, away("east"), away("west")), "no tenant of wave canary is done"},
		{"a lost shard", shard0, "shard 1/2 is missing"},
		{"a lost shard behind that of another wave", shard0 + waveRun(t, "rest", "1/2", first, false, memberOf(resultOn("south", apply.Done))), "shard 1/2 of wave canary is missing"},
		{"a tenant without a report", waveRun(t, "canary", "", first, false, east), "wave canary has 2 tenants, and only 1 reported"},
		{"not checked", waveRun(t, "canary", "", first, true, checked(east, true), west), "the apps of 1 tenant were not checked: west. Apply to wave canary again: the apply checks them if it runs within 24 hours, and later with --resume"},
		{"checked", waveRun(t, "canary", "", first, true, checked(east, true), checked(west, true)), ""},
		{"checked in a later line", waveRun(t, "canary", "", first, true, east, west) + waveRun(t, "canary", "", first, true, checked(east, true), checked(west, true)), ""},
		{
			"apps fail, and a retry did nothing", waveRun(t, "canary", "", first, true, checked(east, false), checked(west, false)) + waveRun(t, "canary", "", second, true, memberOf(nothing)),
			"wave canary has failed (east, west)",
		},
		{
			"apps fail, and the log of the retry is read first", waveRun(t, "canary", "", second, true, memberOf(nothing)) + waveRun(t, "canary", "", first, true, checked(east, false), checked(west, false)),
			"wave canary has failed (east, west)",
		},
		{
			"killed before the check, and a retry did nothing", waveRun(t, "canary", "", first, true, checked(east, true), west) + waveRun(t, "canary", "", second, true, memberOf(nothing)),
			"the apps of 1 tenant were not checked: west",
		},
		{
			"killed before the check, and a later run checked", waveRun(t, "canary", "", first, true, checked(east, true), west) + waveRun(t, "canary", "", second, true, checked(west, true)),
			"",
		},
		{
			"killed before the check, and a retry was killed too", waveRun(t, "canary", "", first, true, checked(east, true), west) + waveRun(t, "canary", "", second, true, rechecking(nothing)),
			"the apps of 1 tenant were not checked: west",
		},
		{"the retry was killed, and the first log is lost", waveRun(t, "canary", "", second, true, checked(east, true), rechecking(nothing)), "the apps of 1 tenant were not checked: west"},
		{
			"killed before the check, and a retry checked", waveRun(t, "canary", "", first, true, checked(east, true), west) + waveRun(t, "canary", "", second, true, checked(rechecking(nothing), true)),
			"",
		},
		{
			"killed after a delete, which a retry cannot check", waveRun(t, "canary", "", first, true, checked(east, true), deleted) + waveRun(t, "canary", "", second, true, checked(rechecking(nothing), true)),
			"the apps of 1 tenant were not checked: west",
		},
		{
			"killed after a delete, which a run that continues has checked", waveRun(t, "canary", "", first, true, checked(east, true), deleted) + waveRun(t, "canary", "", second, true, deleted) + waveRun(t, "canary", "", second, true, checked(deleted, true)),
			"",
		},
		{
			"killed before the check, and a retry a day later checked what was updated since", waveRun(t, "canary", "", first, true, checked(east, true), west) + waveRun(t, "canary", "", second, true, checked(longAfter, true)),
			"the apps of 1 tenant were not checked: west",
		},
		{
			"applied in part, and then without an answer", waveRun(t, "canary", "", first, false, east, westFailed) + waveRun(t, "canary", "", second, false, eastFailed, away("west")),
			"wave canary has failed (east, west)",
		},
		{"without an answer, and then done", waveRun(t, "canary", "", first, false, eastFailed, away("west")) + waveRun(t, "canary", "", second, false, east, west), ""},
		{"interrupted before a tenant", shard0 + waveRun(t, "canary", "1/2", first, false, interrupted), "interrupted or not started: west"},
		{"interrupted, and completed by a retry", shard0 + waveRun(t, "canary", "1/2", first, false, interrupted) + waveRun(t, "canary", "1/2", second, false, west), ""},
		{"stopped in one shard", shard0 + waveRun(t, "canary", "1/2", first, false, held), "interrupted or not started: west"},
		{"another list of tenants in one shard", shard0 + strings.ReplaceAll(waveRun(t, "canary", "1/2", first, false, west), `"shard":`, `"lock":"sha256:other","shard":`), "different versions of tenants.lock.json"},
		{"another rollout", shard0 + waveRun(t, "canary", "1/2", first, true, west), "the reports have no rollout, or come from different rollouts"},
		{"no rollout", runOf(t, 1, "", east, west), "the reports have no rollout, or come from different rollouts"},
	} {
		merged := mergedResults(t, test.text)
		reasons := strings.Join(report.Gate(merged, "canary"), "\n")
		if (reasons == "") != (test.want == "") || !strings.Contains(reasons, test.want) {
			t.Errorf("%s: got the reasons %q, want %q", test.name, reasons, test.want)
		}
		again := mergedResults(t, print(t, func(w io.Writer) error { return report.JSON(w, merged) }))
		if got := strings.Join(report.Gate(again, "canary"), "\n"); (got == "") != (reasons == "") {
			t.Errorf("%s: got the reasons %q after one more merge, want %q", test.name, got, reasons)
		}
	}
}

func TestTheHashOfAFleetCoversWavesTheLockAndTheRollout(t *testing.T) {
	rolling := func() *report.Fleet[plan.Plan] {
		f := plans()
		f.Lock, f.Rollout = "sha256:lock", &report.Rollout{StopAfter: 1, Waves: []report.Wave{{Name: "canary", Tenants: 1}, {Name: "rest", Tenants: 3}}}
		f.Tenants[0].Wave = "canary"
		return f
	}
	seen := []string{report.FleetHash(rolling()), report.FleetHash(plans())}
	for name, change := range map[string]func(f *report.Fleet[plan.Plan]){
		"the wave of a tenant": func(f *report.Fleet[plan.Plan]) { f.Tenants[0].Wave = "rest" },
		"the lock":             func(f *report.Fleet[plan.Plan]) { f.Lock = "sha256:other" },
		"stopAfter":            func(f *report.Fleet[plan.Plan]) { f.Rollout.StopAfter = 50 },
		"the check":            func(f *report.Fleet[plan.Plan]) { f.Rollout.Check = "30m" },
		"the waves":            func(f *report.Fleet[plan.Plan]) { slices.Reverse(f.Rollout.Waves) },
	} {
		f := rolling()
		change(f)
		if hash := report.FleetHash(f); slices.Contains(seen, hash) {
			t.Errorf("the hash does not cover %s", name)
		} else {
			seen = append(seen, hash)
		}
	}
}

// A report that a person or another program has written does not prove that a tenant is done.
func TestATenantIsNotDoneWithoutAReport(t *testing.T) {
	for _, outcome := range []string{"done", "", "finished"} {
		text := `{"format":"qlsync.results/v1","project":"finance","at":"2026-11-29T20:01:00Z","rollout":{"waves":[{"name":"canary","tenants":1},{"name":"rest","tenants":1}],"stopAfter":1,"check":"30m"},` +
			`"tenants":[{"tenant":{"name":"east","url":"https://east.example"},"wave":"canary","outcome":"` + outcome + `","error":"no report"}]}` + "\n"
		if reasons := report.Gate(mergedResults(t, text), "canary"); len(reasons) == 0 {
			t.Errorf("with the outcome %q and no report, the gate is open, want it closed", outcome)
		}
		if _, err := report.ReadFleet[apply.Result](strings.NewReader(text)); err == nil {
			t.Errorf("with the outcome %q and no report, the result can be resumed, want an error", outcome)
		}
	}
}
