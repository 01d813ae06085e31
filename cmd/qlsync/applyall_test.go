package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

func TestTheExitCodeOfSeveralTenantsIsThatOfTheWorst(t *testing.T) {
	const partial, missing, unreachable, locked = report.OutcomePartial, report.OutcomeMissing, report.OutcomeUnreachable, report.OutcomeLocked
	const refused, failed, interrupted, done = report.OutcomeRefused, report.OutcomeFailed, report.OutcomeInterrupted, report.OutcomeDone
	const stale, notStarted, unhealthy = report.OutcomeStale, report.OutcomeNotStarted, report.OutcomeUnhealthy
	for _, test := range []struct {
		outcomes []report.Outcome
		wrote    bool
		signal   int
		want     int
	}{
		{nil, false, 0, exitOK},
		{[]report.Outcome{done, done}, true, 0, exitOK},
		{[]report.Outcome{done}, true, 15, exitOK}, // the signal came at the end
		{[]report.Outcome{done, failed}, true, 0, exitError},
		{[]report.Outcome{done, failed, refused}, true, 0, exitRefused},
		{[]report.Outcome{refused, failed, unreachable}, false, 0, exitPartial},
		{[]report.Outcome{refused, locked}, false, 0, exitPartial},
		{[]report.Outcome{missing, done}, true, 0, exitPartial},
		{[]report.Outcome{partial, refused}, true, 0, exitPartial},
		{[]report.Outcome{interrupted, refused, unreachable}, false, 2, 130},
		{[]report.Outcome{interrupted}, false, 15, 143},
		{[]report.Outcome{interrupted, done}, true, 15, exitPartial},
		{[]report.Outcome{interrupted, done}, false, 15, 143}, // nothing had to be written
		{[]report.Outcome{partial, interrupted}, true, 2, exitPartial},
		{[]report.Outcome{failed, notStarted, done}, true, 0, exitError},
		{[]report.Outcome{refused, failed, notStarted}, true, 0, exitRefused},
		{[]report.Outcome{stale, failed, done}, true, 0, exitRefused},
		{[]report.Outcome{unreachable, notStarted}, false, 0, exitPartial},
		{[]report.Outcome{unhealthy, notStarted, done}, true, 0, exitDiffers},
		{[]report.Outcome{unhealthy, failed}, true, 0, exitError},
	} {
		if got := fleetCode(test.outcomes, test.wrote, test.signal); got != test.want {
			t.Errorf("%v, wrote: %t, signal %d: got exit code %d, want %d", test.outcomes, test.wrote, test.signal, got, test.want)
		}
	}
	for _, outcome := range report.Outcomes() {
		if got := fleetCode([]report.Outcome{outcome}, outcome == partial, 0); (got == exitOK) != (outcome == done) {
			t.Errorf("a tenant that is %s ends with %d, want 0 for done only", outcome, got)
		}
	}
}

// emptyTenants writes a project with so many tenants without connections, and one declared
// connection.
func emptyTenants(t *testing.T, folder string, n int) (tokens map[string]string, tenants []*inspect.Tenant) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	tokens = map[string]string{}
	project := "version: 1\nproject: fleet\nconnections: [connections.yaml]\ntenants:\n"
	for i := range n {
		tenant, err := inspect.New([]byte(`{"users": [{"email": "ana@example.com", "roles": ["TenantAdmin"]}], "spaces": [{"name": "Finance", "type": "shared"}]}`), qlik.Options{})
		must(err)
		server, err := simulator.Start(tenant, "")
		must(err)
		t.Cleanup(func() { _ = server.Close(); _ = tenant.Close() })
		tokens[fmt.Sprintf("KEY_%d", i)], tenants = server.Token, append(tenants, tenant)
		project += fmt.Sprintf("  tenant-%03d: {url: %q, auth: {apiKey: {env: KEY_%d}}}\n", i, server.URL, i)
	}
	must(os.WriteFile(filepath.Join(folder, "qlsync.yaml"), []byte(project), 0o600))
	must(os.WriteFile(filepath.Join(folder, "connections.yaml"), []byte(`version: 1
connections:
  - {name: Rates, space: Finance, dataSource: rest, properties: {url: "https://rates.example.com/v1"}}
`), 0o600))
	return tokens, tenants
}

// firstDone sends an interrupt when the first tenant is done.
type firstDone struct {
	bytes.Buffer
	once sync.Once
	send func()
}

func (w *firstDone) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(`"outcome":"done"`)) {
		w.once.Do(w.send)
	}
	return w.Buffer.Write(line)
}

func TestAnInterruptedApplyToSeveralTenantsGoesOnWhereItStopped(t *testing.T) {
	folder := t.TempDir()
	const n = 2*engine.AppliesAtOnce + 2
	tokens, _ := emptyTenants(t, folder, n)
	config, saved := filepath.Join(folder, "qlsync.yaml"), filepath.Join(folder, "result.json")
	locks := filepath.Join(folder, "locks")
	interrupt := make(chan os.Signal, 1)
	var said transcript // a goroutine writes what the interrupt means
	env := &environment{stderr: &said, lookup: func(name string) (string, bool) { value, ok := tokens[name]; return value, ok }}
	ctx, stop := obey(t, env, interrupt)
	defer stop()
	out := &firstDone{send: func() { interrupt <- os.Interrupt; <-ctx.Done() }}
	env.stdout = out
	app := newApp(env)
	args := []string{"qlsync", "apply", "--all-tenants", "--auto-approve", "-c", config, "--lock-dir", locks, "--format", "jsonl", "--report", "json=" + saved}
	if code := env.exitCode(app.RunContext(ctx, commandline.Arrange(app, sharedFlags(), args))); code != exitPartial {
		t.Errorf("exit code %d, want %d, because a part was written:\n%s", code, exitPartial, said.String())
	}
	text, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	var first report.Fleet[apply.Result]
	if err := json.Unmarshal(text, &first); err != nil || len(first.Tenants) != n || first.Signal != 2 {
		t.Fatalf("got %d tenants and signal %d, error %v; want all %d tenants and signal 2", len(first.Tenants), first.Signal, err, n)
	}
	done := 0 // changes
	for _, member := range first.Tenants {
		switch r := member.Report; {
		case r != nil && r.Ledger.Done == 1 && (member.Outcome == report.OutcomeDone || r.Unverified.Holds()):
			done++
		case member.Outcome != report.OutcomeInterrupted:
			t.Errorf("%s is %s (%s), want interrupted: what has begun to write is completed", member.Tenant.Name, member.Outcome, member.Error)
		}
	}
	if done < 1 || done > engine.AppliesAtOnce+1 || !strings.Contains(string(text), "not started, because the run was interrupted") {
		t.Errorf("%d tenants are written, want those that had begun", done)
	}
	// The lines are the same result, and merge ends as the run did.
	lines := filepath.Join(folder, "lines.jsonl")
	if err := os.WriteFile(lines, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command(t, tokens, "merge", lines); code != exitPartial || stderr != "" {
		t.Errorf("merge ends with %d and %q, want %d and no note", code, stderr, exitPartial)
	}

	code, stdout, stderr := command(t, tokens, "apply", "--resume", saved, "--auto-approve", "-c", config, "--lock-dir", locks)
	if want := fmt.Sprintf("Applied: %d done, 0 failed, 0 blocked, 0 skipped of %d planned.", n-done, n-done); code != exitOK || !strings.Contains(stdout, want) {
		t.Errorf("the resumed run ends with %d, want 0 and %q:\n%s%s", code, want, stdout, stderr)
	}
	if code, stdout, stderr := command(t, tokens, "drift", "--all-tenants", "-c", config); code != exitOK {
		t.Errorf("drift ends with %d, want every tenant in sync:\n%s%s", code, stdout, stderr)
	}
}

// TestATenantThatIsLeftOutIsReportedWithItsID: --resume compares the id with that of the project.
func TestATenantThatIsLeftOutIsReportedWithItsID(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "qlsync.yaml")
	if err := os.WriteFile(file, []byte("version: 1\nproject: acme\ntenants: {joined: {url: 'https://joined.example', id: t-1, auth: {apiKey: {env: K}}}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	project, err := (&engine.Host{}).ReadProject(t.Context(), engine.ProjectOptions{File: file})
	if err != nil {
		t.Fatal(err)
	}
	a := &fleetApply{choice: &choice{Project: project, tenants: project.Tenants}, reviewed: &report.Fleet[plan.Plan]{}}
	ready, rest := a.split()
	want := plan.Tenant{Name: "joined", URL: "https://joined.example", ID: "t-1"}
	if len(ready) != 0 || len(rest) != 1 || rest[0].Tenant != want {
		t.Errorf("got the tenants %+v without a plan, and ready ones %+v; want only %+v", rest, ready, want)
	}
}
