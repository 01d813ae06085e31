package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

var (
	fleetsDrawn = flag.Int("fleets", 12, "the number of random fleets")
	fleetsSeed  = flag.Uint64("fleets.seed", 23, "the seed of the random fleets")
)

// drawnFleet is random tenants in waves, some of which have faults.
type drawnFleet struct {
	folder  string
	rollout string // and the groups, as the project file has them
	tenants []*drawnTenant

	mu        sync.Mutex
	writes    int
	stopAt    int // the write at which the run is interrupted; 0: none
	interrupt chan<- os.Signal

	format string            // of standard output; empty: json
	ended  func(line string) // called with each line on standard output; nil: nothing
	during func()            // called when the run waits after a wave; nil: nothing
	said   string            // on standard error of the last run
}

// drawnTenant is one tenant. Its fault is that it refuses writes, answers nothing, or reports the id of
// another tenant.
type drawnTenant struct {
	*inspect.Tenant
	answers  <-chan struct{} // closed when the tenant answers; nil: it does at once
	url      string
	wave     int
	fault    string
	requests int // in this run
	written  int // requests that write
}

const drawnWaves = 3

func (f *drawnFleet) serve(tenant *drawnTenant, w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	tenant.requests++
	isWrite := r.Method != http.MethodGet
	fault := tenant.fault
	if isWrite {
		tenant.written++
		if f.writes++; f.writes == f.stopAt {
			f.interrupt <- os.Interrupt
		}
	}
	f.mu.Unlock()
	if tenant.answers != nil {
		select {
		case <-tenant.answers:
		case <-r.Context().Done():
		}
	}
	switch {
	case fault == "read-only" && isWrite:
		http.Error(w, `{"errors":[{"code":"DC-1","title":"forbidden"}]}`, http.StatusForbidden)
	case fault == "another" && r.URL.Path == "/api/v1/tenants/me":
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id":"another-tenant","name":"another","hostnames":[]}`)
	default:
		tenant.ServeHTTP(w, r)
	}
}

func drawFleet(t *testing.T, random *rand.Rand) *drawnFleet {
	t.Helper()
	f := &drawnFleet{folder: t.TempDir()}
	var groups [drawnWaves - 1][]string
	for i := range 3 + random.IntN(5) {
		tenant := f.add(t, "")
		tenant.wave = random.IntN(drawnWaves)
		if random.IntN(3) == 0 {
			tenant.fault = []string{"read-only", "away", "another"}[random.IntN(3)]
		}
		if tenant.wave < len(groups) {
			groups[tenant.wave] = append(groups[tenant.wave], fmt.Sprintf("t%d", i))
		}
	}
	var waves, declared []string
	for wave, names := range groups {
		if len(names) > 0 {
			waves = append(waves, fmt.Sprintf("{name: w%d, group: g%d}", wave, wave))
			declared = append(declared, fmt.Sprintf("g%d: [%s]", wave, strings.Join(names, ", ")))
		}
	}
	f.rollout = fmt.Sprintf("rollout: {waves: [%s], stopAfter: {failed: %d}}\n", strings.Join(append(waves, "{name: w2}"), ", "), 1+random.IntN(2))
	if len(declared) > 0 {
		f.rollout += "groups: {" + strings.Join(declared, ", ") + "}\n"
	}
	f.write(t, "connections.yaml", `version: 1
connections:
  - {name: Rates, space: Finance, dataSource: rest, properties: {url: "https://rates.example.com/v1"}}
  - {name: Costs, space: Finance, dataSource: rest, properties: {url: "https://costs.example.com/v1"}}
`)
	return f
}

// add starts a tenant with a space, with what the rest of the seed describes, and without a fault.
func (f *drawnFleet) add(t *testing.T, rest string) *drawnTenant {
	t.Helper()
	inner, err := inspect.New(fmt.Appendf(nil, `{"tenantId": "id-%d", "token": "key", "users": [{"email": "ana@example.com", "roles": ["TenantAdmin"]}], "spaces": [{"name": "Finance", "type": "shared"}]%s}`, len(f.tenants), rest), qlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tenant := &drawnTenant{Tenant: inner}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.serve(tenant, w, r) }))
	t.Cleanup(func() { server.Close(); _ = inner.Close() })
	tenant.url = server.URL
	f.tenants = append(f.tenants, tenant)
	return tenant
}

func (f *drawnFleet) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeProject writes the project file. A tenant that is away has an address at which nothing listens.
func (f *drawnFleet) writeProject(t *testing.T) {
	t.Helper()
	project := "version: 1\nproject: fleet\nconnections: [connections.yaml]\n" + f.rollout + "tenants:\n"
	for i, tenant := range f.tenants {
		url := tenant.url
		if tenant.fault == "away" {
			url = fmt.Sprintf("http://127.0.0.1:%d", 1+i)
		}
		project += fmt.Sprintf("  t%d: {url: %q, id: id-%d, auth: {apiKey: {env: KEY}}}\n", i, url, i)
	}
	f.write(t, "qlsync.yaml", project)
}

// apply runs an apply that is interrupted at that write, and returns its result.
func (f *drawnFleet) apply(t *testing.T, stopAt int, args ...string) (*report.Fleet[apply.Result], int) {
	t.Helper()
	f.writeProject(t)
	signals := make(chan os.Signal, 1)
	f.mu.Lock()
	f.writes, f.stopAt, f.interrupt = 0, stopAt, signals
	for _, tenant := range f.tenants {
		tenant.requests, tenant.written = 0, 0
	}
	f.mu.Unlock()
	var out, said transcript
	during, ended := f.during, f.ended // the note on an interrupt may be written after the run
	stderr := watched{func(line string) {
		_, _ = said.Write([]byte(line))
		if during != nil && strings.Contains(line, "has ended. The apps of") {
			during()
		}
	}}
	stdout := watched{func(line string) {
		_, _ = out.Write([]byte(line))
		if ended != nil {
			ended(line)
		}
	}}
	env := &environment{stdin: strings.NewReader(""), stdout: stdout, stderr: stderr, lookup: func(name string) (string, bool) { return "key", name == "KEY" }}
	ctx, stop := obey(t, env, signals)
	defer stop()
	app := newApp(env)
	line := append([]string{"qlsync", "apply", "--auto-approve", "--format", cmp.Or(f.format, report.FormatJSON), "-c", filepath.Join(f.folder, "qlsync.yaml"), "--lock-dir", filepath.Join(f.folder, "locks")}, args...)
	code := env.exitCode(app.RunContext(ctx, commandline.Arrange(app, sharedFlags(), line)))
	f.said = said.String()
	var results report.Fleet[apply.Result]
	if f.format != "" {
		return nil, code
	}
	if err := json.Unmarshal([]byte(out.String()), &results); err != nil {
		t.Fatalf("exit code %d: the result is not JSON: %v\n%s", code, err, said.String())
	}
	return &results, code
}

// check compares what the tenants received with the result: no tenant is touched before its wave, and
// none whose id differs is written to.
func (f *drawnFleet) check(t *testing.T, results *report.Fleet[apply.Result], earlier map[string]report.Outcome) {
	t.Helper()
	standing := report.NewStanding(results.Rollout)
	waveOf := func(i int) string { return fmt.Sprintf("w%d", f.tenants[i].wave) }
	for wave := range drawnWaves {
		var halted bool
		if wave > 0 {
			halted = standing.Next(fmt.Sprintf("w%d", wave-1)).Holds() || standing.Stop().Holds()
		}
		for i, tenant := range f.tenants {
			name := fmt.Sprintf("t%d", i)
			member := results.Of(name)
			if tenant.wave != wave {
				continue
			}
			outcome := earlier[name]
			if member != nil {
				outcome = member.Outcome
			}
			standing.Add(name, waveOf(i), outcome)
			switch {
			case tenant.fault == "another" && tenant.written > 0:
				t.Errorf("%s reports another id and received %d writes, want none", name, tenant.written)
			case halted && tenant.requests > 0:
				t.Errorf("%s of wave %d received %d requests after an earlier wave had stopped, want none", name, wave, tenant.requests)
			case outcome == report.OutcomeNotStarted && tenant.written > 0:
				t.Errorf("%s was not started and received %d writes, want none", name, tenant.written)
			case member != nil && halted && outcome == report.OutcomeDone:
				t.Errorf("%s of wave %d is done, want it held back", name, wave)
			}
		}
	}
}

func TestRandomFleetsConvergeAndNoTenantIsTouchedBeforeItsWave(t *testing.T) {
	for number := range *fleetsDrawn {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			random := rand.New(rand.NewPCG(*fleetsSeed, uint64(number)))
			f := drawFleet(t, random)
			earlier := map[string]report.Outcome{}
			args := []string{"--all-tenants"}
			for round := range 12 {
				stopAt := 0
				if round < 3 && random.IntN(2) == 0 {
					stopAt = 1 + random.IntN(2*len(f.tenants))
				}
				results, code := f.apply(t, stopAt, args...)
				f.check(t, results, earlier)
				for _, member := range results.Tenants {
					earlier[member.Tenant.Name] = member.Outcome
				}
				if code == exitOK {
					f.converged(t)
					return
				}
				if faulty := slices.IndexFunc(f.tenants, func(tenant *drawnTenant) bool { return tenant.fault != "" }); round > 0 && faulty >= 0 {
					f.tenants[faulty].fault = "" // somebody has fixed it
				}
				args = []string{"--all-tenants"}
				if clear(earlier); random.IntN(2) == 0 {
					saved := filepath.Join(f.folder, fmt.Sprintf("result-%d.json", round))
					text, err := json.Marshal(results)
					if err != nil {
						t.Fatal(err)
					}
					f.write(t, filepath.Base(saved), string(text))
					args = []string{"--resume", saved, "--all-tenants"}
					for _, member := range results.Tenants {
						if member.Outcome == report.OutcomeDone {
							earlier[member.Tenant.Name] = member.Outcome
						}
					}
				}
			}
			t.Error("the fleet has not converged after 12 runs")
		})
	}
}

// converged compares each tenant with the files.
func (f *drawnFleet) converged(t *testing.T) {
	t.Helper()
	for i, tenant := range f.tenants {
		var names []string
		for _, c := range tenant.Connections() {
			names = append(names, c.Name)
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"Costs", "Rates"}) {
			t.Errorf("t%d has the connections %q, want the declared ones, each once", i, names)
		}
		if misuse := tenant.Misuse(); len(misuse) > 0 {
			t.Errorf("t%d: got misuse %v, want none", i, misuse)
		}
	}
}

// A reload fails while the apply waits after the canary. Later, the app has been fixed.
func TestAnAppThatFailsAfterAWaveStopsTheRollout(t *testing.T) {
	f := &drawnFleet{folder: t.TempDir(), rollout: "groups: {canary: t0}\nrollout: {waves: [{name: canary, group: canary}, {name: rest}], check: 1s}\n"}
	for range 2 {
		f.add(t, `,
			"connections": [{"name": "Rates", "space": "Finance", "dataSource": "File_AmazonS3ConnectorV2", "properties": {"bucketName": "old"}, "tags": ["qlsync:fleet"]}],
			"apps": [{"name": "Sales", "id": "sales", "space": "Finance", "script": [{"type": "load", "connection": "Finance/Rates"}], "reloads": [{"ago": "2h"}]}]`)
	}
	f.write(t, "connections.yaml", "version: 1\nconnections:\n  - {name: Rates, space: Finance, dataSource: File_AmazonS3ConnectorV2, properties: {bucketName: new}}\n")
	reload := func(failed bool) {
		if err := f.tenants[0].Reload("Sales", inspect.SeedReload{Failed: failed, ErrorCode: "EngineConnectorError"}); err != nil {
			t.Error(err)
		}
	}
	saved := filepath.Join(f.folder, "result.json")
	for _, test := range []struct {
		name     string
		args     []string
		during   func()
		code     int
		outcomes []report.Outcome
		says     string
		gate     int
	}{
		{"it fails", []string{"--all-tenants"}, func() { reload(true) }, exitDiffers, []report.Outcome{report.OutcomeUnhealthy, report.OutcomeNotStarted}, "1 app that loads the changed connections fails since the apply: Sales", exitRefused},
		{"it still fails", []string{"--all-tenants", "--resume", saved}, nil, exitDiffers, []report.Outcome{report.OutcomeUnhealthy, report.OutcomeNotStarted}, "not started, because wave canary has failed (t0)", exitRefused},
		{"it works again", []string{"--all-tenants", "--resume", saved}, nil, exitOK, []report.Outcome{report.OutcomeDone, report.OutcomeDone}, "1 app has reloaded since the apply, and none fails", exitOK},
	} {
		if test.name == "it works again" {
			reload(false)
		}
		f.during = test.during
		results, code := f.apply(t, 0, test.args...)
		text, err := json.Marshal(results)
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, "result.json", string(text))
		var outcomes []report.Outcome
		for _, member := range results.Tenants {
			outcomes = append(outcomes, member.Outcome)
		}
		if code != test.code || !slices.Equal(outcomes, test.outcomes) || !strings.Contains(string(text), test.says) {
			t.Errorf("%s: got exit code %d and %v, want %d and %v with %q:\n%s", test.name, code, outcomes, test.code, test.outcomes, test.says, text)
		}
		if test.name != "it fails" && strings.Contains(f.said, "has ended. The apps of") {
			t.Errorf("%s: the run waits again, want a check at once:\n%s", test.name, f.said)
		}
		if code, _, said := command(t, nil, "merge", "--gate", "canary", saved); code != test.gate {
			t.Errorf("%s: the gate ends with %d, want %d:\n%s", test.name, code, test.gate, said)
		}
	}
}

// fleetOf returns tenants with these faults and a space each.
func fleetOf(t *testing.T, rollout string, faults ...string) *drawnFleet {
	t.Helper()
	f := &drawnFleet{folder: t.TempDir(), rollout: rollout}
	for _, fault := range faults {
		f.add(t, "").fault = fault
	}
	f.write(t, "connections.yaml", "version: 1\nconnections:\n  - {name: Rates, space: Finance, dataSource: File_AmazonS3ConnectorV2, properties: {bucketName: new}}\n")
	return f
}

// The second tenant answers only after the first one has failed, which stops the rollout.
func TestATenantThatIsStillReadWhenTheRolloutStopsReceivesNoWrite(t *testing.T) {
	f := fleetOf(t, "rollout: {waves: [{name: all}]}\n", "read-only", "")
	failed := make(chan struct{})
	f.tenants[1].answers = failed
	f.format = report.FormatLines
	held := ""
	f.ended = func(line string) {
		switch {
		case strings.Contains(line, `"tenants":[{"tenant":{"name":"t0"`):
			close(failed)
		case strings.Contains(line, `"tenants":[{"tenant":{"name":"t1"`):
			held = line
		}
	}
	_, code := f.apply(t, 0, "--all-tenants")
	if written := f.tenants[1].written; written > 0 || code != exitError || !strings.Contains(held, "not started, because wave all has failed (t0)") {
		t.Errorf("after the first tenant has failed, the second one received %d writes and the apply ended with %d, want none and %d:\n%s", written, code, exitError, held)
	}
}

// The runner of one wave is stopped while it waits to check the apps.
func TestAnApplyThatIsInterruptedBeforeTheCheckOfItsWaveDoesNotEndWith0(t *testing.T) {
	f := fleetOf(t, "groups: {canary: t0}\nrollout: {waves: [{name: canary, group: canary}, {name: rest}], check: 20s}\n", "", "")
	f.during = func() { f.interrupt <- os.Interrupt }
	results, code := f.apply(t, 0, "--wave", "canary")
	if member := results.Of("t0"); code != exitPartial || member.Outcome != report.OutcomeDone || member.Health != nil {
		t.Errorf("the apply ended with %d and %v, want %d and a tenant that is done and was not checked:\n%s", code, member, exitPartial, f.said)
	}
	text, err := json.Marshal(results)
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "result.json", string(text))
	f.during, f.rollout = nil, "groups: {canary: t0}\nrollout: {waves: [{name: pilot, group: canary}, {name: rest}], check: 1s}\n"
	results, code = f.apply(t, 0, "--all-tenants", "--resume", filepath.Join(f.folder, "result.json"))
	if member := results.Of("t0"); code != exitOK || member == nil || member.Health == nil {
		t.Errorf("continued with another name of the wave, the apply ended with %d and %v, want %d and a tenant that was checked:\n%s", code, member, exitOK, f.said)
	}
}

// A tenant joins the project between the review and the apply.
func TestATenantThatJoinedAfterTheReviewIsReportedAndNotWrittenTo(t *testing.T) {
	const rollout = "groups: {canary: t0}\nrollout: {waves: [{name: canary, group: canary}, {name: rest}]}\n"
	told := []report.Outcome{report.OutcomeDone, report.OutcomeDone, report.OutcomeStale}
	for _, test := range []struct {
		name          string
		plan          [][]string // one line for each part
		apply, resume []string
		code          int
		outcomes      []report.Outcome
	}{
		{"the plans are of all tenants", [][]string{{"--all-tenants"}}, nil, nil, exitRefused, told},
		{"it is in the wave", [][]string{{"--all-tenants"}}, []string{"--wave", "rest"}, nil, exitRefused, told[1:]},
		{"it is in another wave", [][]string{{"--all-tenants"}}, []string{"--wave", "canary"}, nil, exitOK, told[:1]},
		{"it is in the only shard", [][]string{{"--all-tenants", "--shard", "0/1"}}, []string{"--shard", "0/1"}, nil, exitRefused, told},
		{"the plans are of its wave", [][]string{{"--wave", "rest"}}, nil, nil, exitRefused, told[1:]},
		{"the plans are of another wave", [][]string{{"--wave", "canary"}}, nil, nil, exitOK, told[:1]},
		{"the plans are of a pattern that matches", [][]string{{"-t", "t*"}}, nil, nil, exitRefused, told},
		{"the plans are of other names", [][]string{{"-t", "t0,t1"}}, nil, nil, exitOK, told[:2]},
		{"the plans are of another group", [][]string{{"--group", "canary"}}, nil, nil, exitOK, told[:1]},
		{"the plans of both waves are merged", [][]string{{"--wave", "canary"}, {"--wave", "rest"}}, nil, nil, exitRefused, told},
		{"the plans of some tenants are merged", [][]string{{"--group", "canary"}, {"-t", "t0,t1"}}, nil, nil, exitOK, told[:2]},
		{"the apply is continued", [][]string{{"--all-tenants"}}, []string{"--wave", "canary"}, []string{"--wave", "rest"}, exitRefused, told[1:]},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := fleetOf(t, rollout, "", "")
			f.writeProject(t)
			plans, key := filepath.Join(f.folder, "plans.json"), map[string]string{"KEY": "key"}
			parts := []string{"merge", "--report", "json=" + plans}
			for i, selection := range test.plan {
				parts = append(parts, filepath.Join(f.folder, fmt.Sprintf("part%d.json", i)))
				line := slices.Concat([]string{"plan", "-c", filepath.Join(f.folder, "qlsync.yaml"), "--report", "json=" + parts[len(parts)-1]}, selection)
				if code, _, said := command(t, key, line...); code != exitOK {
					t.Fatalf("plan ended with %d:\n%s", code, said)
				}
			}
			if code, _, said := command(t, key, parts...); code != exitOK {
				t.Fatalf("merge ended with %d:\n%s", code, said)
			}
			f.add(t, "")
			results, code := f.apply(t, 0, append([]string{plans}, test.apply...)...)
			if test.resume != nil {
				text, err := json.Marshal(results)
				if err != nil {
					t.Fatal(err)
				}
				f.write(t, "result.json", string(text))
				results, code = f.apply(t, 0, append([]string{plans, "--resume", filepath.Join(f.folder, "result.json")}, test.resume...)...)
			}
			var outcomes []report.Outcome
			for _, member := range results.Tenants {
				outcomes = append(outcomes, member.Outcome)
				if isTold := strings.Contains(member.Error, "the plan file has no plan for this tenant"); isTold != (member.Tenant.Name == "t2") {
					t.Errorf("%s: got the error %q, want one about the plan file only for t2", member.Tenant.Name, member.Error)
				}
			}
			if code != test.code || !slices.Equal(outcomes, test.outcomes) {
				t.Errorf("got exit code %d and %v, want %d and %v:\n%s", code, outcomes, test.code, test.outcomes, f.said)
			}
			if requests := f.tenants[2].requests; requests > 0 {
				t.Errorf("the new tenant received %d requests, want none", requests)
			}
			f.format = report.FormatText
			if _, code := f.apply(t, 0, plans); code == exitRefused && !strings.Contains(f.said, "--all-tenants --out plans.json") {
				t.Errorf("got no command that plans again:\n%s", f.said)
			}
		})
	}
}

// The runner of the canary is stopped while it waits to check the apps, as a pod that is drained, and
// its log may be lost with it. The runner that repeats it has nothing to write.
func TestARepeatedRunDoesTheCheckThatAStoppedRunOwes(t *testing.T) {
	const rollout = "groups: {canary: t0}\nrollout: {waves: [{name: canary, group: canary}, {name: rest}], check: %s}\n"
	for _, test := range []struct {
		name      string
		fails     bool // the reload of the app after the first run
		alsoWrite bool // the second run has something to write too
		code      int
		outcome   report.Outcome
	}{
		{"the app works", false, false, exitOK, report.OutcomeDone},
		{"the app fails", true, false, exitDiffers, report.OutcomeUnhealthy},
		{"the app fails, and more is written", true, true, exitDiffers, report.OutcomeUnhealthy},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &drawnFleet{folder: t.TempDir(), rollout: fmt.Sprintf(rollout, "1h")}
			for range 2 {
				f.add(t, `,
					"connections": [{"name": "Rates", "space": "Finance", "dataSource": "File_AmazonS3ConnectorV2", "properties": {"bucketName": "old"}, "tags": ["qlsync:fleet"]}],
					"apps": [{"name": "Sales", "id": "sales", "space": "Finance", "script": [{"type": "load", "connection": "Finance/Rates"}], "reloads": [{"ago": "2h"}]}]`)
			}
			const declared = "version: 1\nconnections:\n  - {name: Rates, space: Finance, dataSource: File_AmazonS3ConnectorV2, properties: {bucketName: new}}\n"
			f.write(t, "connections.yaml", declared)
			f.during = func() { f.interrupt <- os.Interrupt }
			stopped, code := f.apply(t, 0, "--wave", "canary", "--earlier-attempts", "0")
			if code != exitPartial {
				t.Fatalf("the stopped run ended with %d, want %d:\n%s", code, exitPartial, f.said)
			}
			// Repeated at once, the run owes the check: it waits, and is stopped again.
			repeated, code := f.apply(t, 0, "--wave", "canary", "--earlier-attempts", "1")
			if member := repeated.Of("t0"); code != exitPartial || member.Report.Wrote() || !member.Recheck {
				t.Errorf("repeated and stopped again, it ended with %d and %v, want %d and no write:\n%s", code, member, exitPartial, f.said)
			}
			if err := f.tenants[0].Reload("Sales", inspect.SeedReload{Failed: test.fails, ErrorCode: "EngineConnectorError"}); err != nil {
				t.Fatal(err)
			}
			if test.alsoWrite {
				f.write(t, "connections.yaml", declared+"  - {name: Costs, space: Finance, dataSource: File_AmazonS3ConnectorV2, properties: {bucketName: costs}}\n")
			}
			f.during, f.rollout = nil, strings.ReplaceAll(f.rollout, "1h", "1s")
			again, code := f.apply(t, 0, "--wave", "canary", "--earlier-attempts", "2")
			if member := again.Of("t0"); code != test.code || member.Outcome != test.outcome || member.Health == nil {
				t.Errorf("the repeated run ended with %d and %+v, want %d and %s with a check:\n%s", code, member, test.code, test.outcome, f.said)
			}
			for _, rollout := range []*report.Rollout{stopped.Rollout, repeated.Rollout} {
				rollout.Check = "1s" // as if the project had not changed
			}
			var logs []string
			for i, results := range []*report.Fleet[apply.Result]{stopped, repeated, again} {
				text, err := json.Marshal(results)
				if err != nil {
					t.Fatal(err)
				}
				logs = append(logs, filepath.Join(f.folder, fmt.Sprintf("log%d.json", i)))
				f.write(t, filepath.Base(logs[i]), string(text)+"\n")
			}
			want := exitRefused
			if test.code == exitOK {
				want = exitOK
			}
			for _, found := range [][]string{logs, logs[2:]} {
				if code, _, said := command(t, nil, append([]string{"merge", "--gate", "canary"}, found...)...); code != want {
					t.Errorf("with %d logs, the gate ends with %d, want %d:\n%s", len(found), code, want, said)
				}
			}
			code, stdout, said := command(t, nil, "merge", "--gate", "canary", logs[0], logs[1])
			if code != exitRefused || !strings.Contains(said, "the apps of 1 tenant were not checked: t0. Apply to wave canary again") || !strings.Contains(stdout, "1 of 1 done; the apps were not checked") {
				t.Errorf("without the last log, the gate ends with %d, want %d, the reason and what to do:\n%s%s", code, exitRefused, stdout, said)
			}
		})
	}
}
