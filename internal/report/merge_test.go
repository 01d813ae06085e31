package report_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/schemas"
)

// resultOn returns the result of one change on a tenant.
func resultOn(tenant string, outcome apply.Outcome) *apply.Result {
	r := &apply.Result{
		Format: apply.Format, Hash: someHash, Project: "finance", Tenant: plan.Tenant{Name: tenant, URL: "https://" + tenant + ".example"},
		Items: []apply.Item{{Connection: connection.Key{Space: "Finance", Name: "Rates"}, Action: plan.ActionCreate, Outcome: outcome}},
	}
	r.Ledger = apply.Ledger{Planned: 1}
	*map[apply.Outcome]*int{apply.Done: &r.Ledger.Done, apply.Failed: &r.Ledger.Failed, apply.Blocked: &r.Ledger.Blocked, apply.Skipped: &r.Ledger.Skipped}[outcome] = 1
	if outcome != apply.Done {
		r.Items[0].Why = connection.Reason{Code: "write-failed", Text: "no disk @somebody"}
	}
	return r
}

func memberOf(r *apply.Result) report.Member[apply.Result] {
	return report.Member[apply.Result]{Tenant: r.Tenant, Outcome: report.OutcomeOf(r), Report: r}
}

func results() *report.Fleet[apply.Result] {
	return &report.Fleet[apply.Result]{Format: report.ResultsFormat, Project: "finance", At: "2026-11-29T20:00:00Z", Tenants: []report.Member[apply.Result]{
		memberOf(resultOn("east", apply.Done)),
		memberOf(resultOn("west", apply.Failed)),
		memberOf(resultOn("south", apply.Blocked)),
		{Tenant: plan.Tenant{Name: "north", URL: "https://north.example"}, Outcome: report.OutcomeUnreachable, Error: "read caller: no such host\nand \x1b[31mmore @somebody"},
	}}
}

func init() {
	fleets["results.txt"] = func(w io.Writer) error { return report.Text{}.Results(w, results()) }
	fleets["results.md"] = func(w io.Writer) error { return report.Markdown{}.Results(w, results()) }
	fleets["results.junit.xml"] = func(w io.Writer) error { return report.JUnit{}.Results(w, results()) }
}

func jsonLines(t *testing.T, f *report.Fleet[apply.Result]) string {
	t.Helper()
	return print(t, func(w io.Writer) error { return report.ResultsFormats().Write(report.FormatLines, report.Text{}, w, f) })
}

// runOf returns the lines of a run that began at that minute.
func runOf(t *testing.T, minute int, shard string, members ...report.Member[apply.Result]) string {
	t.Helper()
	return jsonLines(t, &report.Fleet[apply.Result]{Format: report.ResultsFormat, Project: "finance", At: fmt.Sprintf("2026-11-29T20:%02d:00Z", minute), Shard: shard, Tenants: members})
}

// outcomesIn returns the outcome of each tenant, such as "east done".
func outcomesIn(f *report.Fleet[apply.Result]) (found []string) {
	for _, member := range f.Tenants {
		found = append(found, member.Tenant.Name+" "+string(member.Outcome))
	}
	return found
}

func TestMergedResultsAreThoseOfOneRun(t *testing.T) {
	east, west, failed := memberOf(resultOn("east", apply.Done)), memberOf(resultOn("west", apply.Done)), memberOf(resultOn("west", apply.Failed))
	first, second := runOf(t, 1, "0/2", east), runOf(t, 1, "1/2", failed)
	again := runOf(t, 2, "1/2", west)
	whole := print(t, func(w io.Writer) error { return report.JSON(w, results()) })
	single := print(t, func(w io.Writer) error { return report.JSON(w, resultOn("east", apply.Done)) })
	cut := second[:len(second)-40]
	header, _, _ := strings.Cut(second, "\n")
	onlyTenant := strings.TrimPrefix(second, header+"\n")
	for _, test := range []struct {
		name, text string
		want       []string // outcomes
		missing    []string
		notes      string
	}{
		{"shards", first + second, []string{"east done", "west failed"}, nil, ""},
		{"the newer attempt counts, in any order", again + first + second, []string{"east done", "west done"}, nil, "several reports on 1 tenant, of which the newest counts: west (2, used: 2026-11-29T20:02:00Z)"},
		{"the same shard twice", first + first + second, []string{"east done", "west failed"}, nil, "several reports on 1 tenant"},
		{"a shard is missing", second, []string{"west failed"}, []string{"shard 0/2"}, "not found: shard 0/2"},
		{"the last line is cut off", first + cut, []string{"east done", "west missing"}, nil, "no report on 1 tenant: west"},
		{"a cut line, and nothing says of which tenant", single + onlyTenant[:100], []string{"east done"}, []string{"the report at log:30"}, "1 report cut off or damaged: log:"},
		{"one document", whole, []string{"east done", "north unreachable", "south refused", "west failed"}, nil, ""},
		{"one result of one tenant", single, []string{"east done"}, nil, ""},
		{
			"lines of others, with prefixes of a log", "starting\n[pod/x-1] 2026-11-29T20:00:00Z " + strings.ReplaceAll(first, "\n{", "\n[pod/x-1] {") + "{\"level\": \"info\"}\n{\n  \"a\": 1\n}\n\x00\xff\n" + second,
			[]string{"east done", "west failed"},
			nil, "6 lines of other programs skipped",
		},
		{"a huge line of another program", strings.Repeat("x", 8<<20) + "\n" + first + second, []string{"east done", "west failed"}, nil, "1 line of other programs skipped"},
		{"a document within a document", "{\n  \"format\": \"qlsync.results/v1\",\n" + first + second, []string{"east done", "west failed"}, nil, "1 report cut off or damaged: log:1"},
		{"a forged outcome", strings.ReplaceAll(first+second, `"outcome":"failed","report"`, `"outcome":"done","report"`), []string{"east done", "west failed"}, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var scan report.Scan
			scan.Read("log", []byte(test.text))
			if format, err := scan.Format(); err != nil || format != report.ResultsFormat {
				t.Fatalf("got format %q and error %v, want results", format, err)
			}
			merged, notes, err := report.MergeResults(&scan)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, outcomesIn(merged)); diff != "" {
				t.Errorf("the outcomes differ (-want +got):\n%s", diff)
			}
			if len(merged.Missing) != len(test.missing) || len(merged.Missing) > 0 && !strings.HasPrefix(merged.Missing[0], test.missing[0][:9]) {
				t.Errorf("got %q missing, want %q", merged.Missing, test.missing)
			}
			if all := strings.Join(notes, "\n"); !strings.Contains(all, test.notes) || test.notes == "" && all != "" {
				t.Errorf("got the notes %q, want %q", all, test.notes)
			}
			if err := compile(t, "results.json", schemas.Results()).Validate(asJSON(t, merged)); err != nil {
				t.Errorf("the merged result does not keep to its schema: %#v", err)
			}
		})
	}
}

func TestAMergedReportCanBeMergedAgain(t *testing.T) {
	east, west := memberOf(resultOn("east", apply.Done)), memberOf(resultOn("west", apply.Done))
	var scan report.Scan
	scan.Read("first", []byte(runOf(t, 1, "0/2", east)))
	half, _, err := report.MergeResults(&scan)
	if err != nil {
		t.Fatal(err)
	}
	var again report.Scan
	again.Read("half", []byte(print(t, func(w io.Writer) error { return report.JSON(w, half) })))
	again.Read("second", []byte(runOf(t, 2, "1/2", west)))
	whole, notes, err := report.MergeResults(&again)
	if err != nil || len(whole.Missing) > 0 || len(notes) > 0 || !slices.Equal(outcomesIn(whole), []string{"east done", "west done"}) {
		t.Errorf("got %v, missing %q, notes %q, error %v; want both tenants, and nothing missing", outcomesIn(whole), whole.Missing, notes, err)
	}
}

func TestReportsThatDoNotBelongTogetherAreNotMerged(t *testing.T) {
	east := memberOf(resultOn("east", apply.Done))
	own := runOf(t, 1, "0/2", east)
	for name, test := range map[string]struct{ text, want string }{
		"two kinds":        {own + print(t, func(w io.Writer) error { return report.JSON(w, drifts()) }), "merge reports of one kind"},
		"two projects":     {own + strings.ReplaceAll(own, `"project":"finance"`, `"project":"other"`), `is of project "finance" and log:3 of project "other"`},
		"two divisions":    {own + runOf(t, 1, "1/3", east), "merge reports with the same number of shards"},
		"a newer version":  {strings.ReplaceAll(own, "qlsync.results/v1", "qlsync.results/v2"), "If a newer version of qlsync wrote it"},
		"another format":   {`{"format":"qlsync.snapshot/v1","project":"finance"}`, "cannot be merged"},
		"a shard too many": {runOf(t, 1, "0/99999999", east), "is not I/N"},
		"nothing":          {"hello\n", "no report was found"},
	} {
		var scan report.Scan
		scan.Read("log", []byte(test.text))
		_, err := scan.Format()
		if err == nil {
			_, _, err = report.MergeResults(&scan)
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one that says %q", name, err, test.want)
		}
	}
}

func FuzzAScanNeverFails(f *testing.F) {
	f.Add([]byte(`{"format":"qlsync.results/v1","project":"finance","tenants":[{"tenant":{"name":"a","url":""},"error":"x"}]}` + "\n{\n}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var scan report.Scan
		scan.Read("log", text)
		if format, err := scan.Format(); err != nil || format != report.ResultsFormat {
			return
		}
		merged, _, err := report.MergeResults(&scan)
		if err == nil && len(merged.Tenants) > bytes.Count(text, []byte("\"")) {
			t.Errorf("%d tenants are in %d bytes", len(merged.Tenants), len(text))
		}
	})
}

func TestTheHashOfAFleetCoversEveryTenantInAnyOrder(t *testing.T) {
	base := report.FleetHash(plans())
	turned := plans()
	slices.Reverse(turned.Tenants)
	if got := report.FleetHash(turned); got != base {
		t.Errorf("the hash is %s in another order, want %s", got, base)
	}
	for name, change := range map[string]func(f *report.Fleet[plan.Plan]){
		"a plan":    func(f *report.Fleet[plan.Plan]) { f.Tenants[0].Report.Hash = "sha256:other" },
		"an error":  func(f *report.Fleet[plan.Plan]) { f.Tenants[2].Error = "another" },
		"a URL":     func(f *report.Fleet[plan.Plan]) { f.Tenants[1].Tenant.URL = "https://other.example" },
		"an id":     func(f *report.Fleet[plan.Plan]) { f.Tenants[1].Tenant.ID = "other" },
		"a tenant":  func(f *report.Fleet[plan.Plan]) { f.Tenants = f.Tenants[1:] },
		"a project": func(f *report.Fleet[plan.Plan]) { f.Project = "other" },
	} {
		changed := plans()
		change(changed)
		if report.FleetHash(changed) == base {
			t.Errorf("the hash does not cover %s", name)
		}
		changed.Hash = base
		if _, err := report.ReadPlans(strings.NewReader(print(t, func(w io.Writer) error { return report.JSON(w, changed) }))); err == nil {
			t.Errorf("a plan file in which %s was changed is read, want an error", name)
		}
	}
}

// mergedWithout merges the reports of shard 1 of 3, of which one tenant is lost, and returns the
// merged report in each format.
func mergedWithout[T any](t *testing.T, format string, member report.Member[T], merge func(*report.Scan) (*report.Fleet[T], []string, error), all report.Formats[*report.Fleet[T]]) map[string]string {
	t.Helper()
	var scan report.Scan
	scan.Read("log", []byte(print(t, func(w io.Writer) error {
		return report.Line(w, &report.Fleet[T]{
			Format: format, Project: "finance", Shard: "1/3", Selected: []string{member.Tenant.Name, "gone-astray"}, Tenants: []report.Member[T]{member},
		})
	})))
	merged, _, err := merge(&scan)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, name := range all.Names() {
		texts[format+" as "+name] = print(t, func(w io.Writer) error { return all.Write(name, report.Text{}, w, merged) })
	}
	var again report.Scan
	again.Read("again", []byte(texts[format+" as "+report.FormatLines]))
	if twice, _, err := merge(&again); err != nil || !slices.Equal(twice.Missing, merged.Missing) {
		t.Errorf("%s: got error %v and %q missing after the lines were merged again, want %q", format, err, twice.Missing, merged.Missing)
	}
	return texts
}

func TestEveryFormatOfAMergedReportNamesTheShardsAndTenantsWithoutOne(t *testing.T) {
	clean, planned := cleanDrift(), emptyPlan()
	for _, texts := range []map[string]string{
		mergedWithout(t, report.DriftsFormat, report.Member[plan.Drift]{Tenant: clean.Tenant, Report: clean}, report.MergeDrifts, report.DriftsFormats(report.HTML{})),
		mergedWithout(t, report.PlansFormat, report.Member[plan.Plan]{Tenant: planned.Tenant, Report: planned}, report.MergePlans, report.PlansFormats()),
		mergedWithout(t, report.ResultsFormat, memberOf(resultOn("east", apply.Done)), report.MergeResults, report.ResultsFormats()),
	} {
		for form, text := range texts {
			for _, want := range []string{"shard 0/3", "shard 2/3", "gone-astray", "issing"} {
				if !strings.Contains(strings.NewReplacer("&#47;", "/", "&#45;", "-").Replace(text), want) {
					t.Errorf("%s: got no %q, want what is missing in\n%s", form, want, text)
				}
			}
			if strings.HasSuffix(form, "html") && !strings.Contains(text, "Of what was looked at") {
				t.Errorf("%s: the verdict is about all tenants, want one about what was looked at", form)
			}
		}
	}
}
