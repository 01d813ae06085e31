package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
)

// attemptOf returns the lines of an attempt of a shard: the first line, then one for each member.
func attemptOf(t *testing.T, attempt int, shard string, members ...report.Member[apply.Result]) []string {
	t.Helper()
	at := "2026-11-29T20:0" + string(rune('0'+attempt)) + ":00Z"
	text := jsonLines(t, &report.Fleet[apply.Result]{Format: report.ResultsFormat, Project: "finance", At: at, Shard: shard, Attempt: attempt, Tenants: members})
	return strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
}

func TestMergeNamesTheAttemptsThatAreLostWithTheirLogs(t *testing.T) {
	east, west := memberOf(resultOn("east", apply.Done)), memberOf(resultOn("west", apply.Done))
	first, second, third := attemptOf(t, 1, "0/1", east, west), attemptOf(t, 2, "0/1", east, west), attemptOf(t, 3, "0/1", east, west)
	const part = "a part of attempt 1 of shard 0/1 (found: 1 of 2 tenants)"
	for name, test := range map[string]struct {
		lines         []string
		lost, missing []string
	}{
		"all logs are there":                   {append(first, second...), nil, nil},
		"the first log is deleted":             {second, []string{"attempt 1 of shard 0/1"}, nil},
		"two logs are deleted":                 {third, []string{"attempt 1 of shard 0/1", "attempt 2 of shard 0/1"}, nil},
		"one between two is deleted":           {append(first, third...), []string{"attempt 2 of shard 0/1"}, nil},
		"an attempt was killed":                {append(first[:2:2], second...), []string{part}, nil},
		"without a shard":                      {attemptOf(t, 2, "", east, west), []string{"attempt 1"}, nil},
		"no attempts are known":                {attemptOf(t, 0, "0/1", east, west), nil, nil},
		"the beginning of a log is deleted":    {first[2:], []string{part}, []string{"1 tenant of shard 0/1, whose first line was not found"}},
		"and the other attempt has all names":  {append(first[2:], second...), []string{part}, nil},
		"the same, and no attempts are known":  {attemptOf(t, 0, "0/1", east, west)[2:], nil, []string{"1 tenant of shard 0/1, whose first line was not found"}},
		"the beginning is deleted, not a line": {first[1:], nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var s report.Scan
			s.Read("log", []byte(strings.Join(test.lines, "\n")))
			merged, notes, err := report.MergeResults(&s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.lost, merged.Lost); diff != "" {
				t.Errorf("lost attempts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.missing, merged.Missing); diff != "" {
				t.Errorf("missing parts (-want +got):\n%s", diff)
			}
			for _, text := range append(test.lost, test.missing...) {
				if !strings.Contains(strings.Join(notes, "\n"), text) {
					t.Errorf("no note names %q: %q", text, notes)
				}
			}
			var again report.Scan
			again.Read("merged", []byte(jsonLines(t, merged)))
			if twice, _, err := report.MergeResults(&again); err != nil || cmp.Diff(merged.Lost, twice.Lost) != "" {
				t.Errorf("merged again, the lost attempts are %v, %v; want %v", twice.Lost, err, merged.Lost)
			}
		})
	}
}

// The second attempt was cancelled after its first tenant. What the first attempt reported on the other
// tenant must not open the gate.
func TestTheReportOfAnOlderAttemptDoesNotCountForOneThatWasCutOff(t *testing.T) {
	east, west := memberOf(resultOn("east", apply.Done)), memberOf(resultOn("west", apply.Done))
	first, second := attemptOf(t, 1, "0/1", east, west), attemptOf(t, 2, "0/1", east, west)
	for name, test := range map[string]struct {
		lines []string
		want  map[string]report.Outcome
	}{
		"both are complete":          {append(first[:3:3], second...), map[string]report.Outcome{"east": report.OutcomeDone, "west": report.OutcomeDone}},
		"the second was cut off":     {append(first[:3:3], second[:2]...), map[string]report.Outcome{"east": report.OutcomeDone, "west": report.OutcomeMissing}},
		"the second only began":      {append(second[:1:1], first...), map[string]report.Outcome{"east": report.OutcomeMissing, "west": report.OutcomeMissing}},
		"only the first was cut off": {append(first[:2:2], second...), map[string]report.Outcome{"east": report.OutcomeDone, "west": report.OutcomeDone}},
	} {
		t.Run(name, func(t *testing.T) {
			var s report.Scan
			s.Read("log", []byte(strings.Join(test.lines, "\n")))
			merged, _, err := report.MergeResults(&s)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]report.Outcome{}
			for _, member := range merged.Tenants {
				got[member.Tenant.Name] = member.Outcome
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAWaveThatAPipelineForgetsIsMissingFromTheResult(t *testing.T) {
	rollout := &report.Rollout{Waves: []report.Wave{{Name: "canary", Tenants: 1}, {Name: "north", Tenants: 2}, {Name: "none"}, {Name: "rest", Tenants: 1}}, StopAfter: 1}
	var s report.Scan
	for tenant, wave := range map[string]string{"east": "canary", "west": "rest"} {
		member := memberOf(resultOn(tenant, apply.Done))
		member.Wave = wave
		s.Read(wave, []byte(jsonLines(t, &report.Fleet[apply.Result]{
			Format: report.ResultsFormat, Project: "finance", At: "2026-11-29T20:00:00Z", Wave: wave, Rollout: rollout, Tenants: []report.Member[apply.Result]{member},
		})))
	}
	merged, _, err := report.MergeResults(&s)
	if want := []string{"wave north (2 tenants)"}; err != nil || cmp.Diff(want, merged.Missing) != "" {
		t.Errorf("missing are %v, %v; want %v", merged.Missing, err, want)
	}
}

// The failed tenants of all waves count together, so a gate without the results of an earlier wave knows too little.
func TestAGateNeedsTheResultsOfTheEarlierWaves(t *testing.T) {
	rollout := &report.Rollout{Waves: []report.Wave{{Name: "canary", Tenants: 1}, {Name: "none"}, {Name: "north", Tenants: 1}, {Name: "rest", Tenants: 1}}, StopAfter: 1}
	run := func(tenant, wave string, outcome apply.Outcome) string {
		member := memberOf(resultOn(tenant, outcome))
		member.Wave = wave
		return jsonLines(t, &report.Fleet[apply.Result]{
			Format: report.ResultsFormat, Project: "finance", At: "2026-11-29T20:00:00Z", Wave: wave, Rollout: rollout, Tenants: []report.Member[apply.Result]{member},
		})
	}
	const missing = "wave canary (1 tenant) is missing. Pass the results of the earlier waves too"
	for name, test := range map[string]struct {
		reports []string
		want    []string
	}{
		"the results of both waves":         {[]string{run("east", "canary", apply.Done), run("west", "north", apply.Done)}, nil},
		"only those of the wave":            {[]string{run("west", "north", apply.Done)}, []string{missing}},
		"those of the earlier wave only":    {[]string{run("east", "canary", apply.Done)}, []string{"wave north (1 tenant) is missing"}},
		"those of the wave and a later one": {[]string{run("west", "north", apply.Done), run("south", "rest", apply.Done)}, []string{missing}},
		"the wave is between others":        {[]string{run("east", "canary", apply.Done), run("south", "rest", apply.Done)}, []string{"wave north (1 tenant) is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			var s report.Scan
			for i, text := range test.reports {
				s.Read(fmt.Sprint(i), []byte(text))
			}
			merged, _, err := report.MergeResults(&s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, report.Gate(merged, "north")); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}
