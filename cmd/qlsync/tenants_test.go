package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/terminal"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// busy is an embedded tenant that notes with how many others it is asked at the
// same time.
type busy struct {
	*inspect.Tenant
	all *crowd
}

type crowd struct {
	mu    sync.Mutex
	asked map[*inspect.Tenant]int // requests under way
	most  int                     // tenants with requests under way at the same time
}

func (b busy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	count := func(change int) {
		b.all.mu.Lock()
		defer b.all.mu.Unlock()
		if b.all.asked[b.Tenant] += change; b.all.asked[b.Tenant] == 0 {
			delete(b.all.asked, b.Tenant)
		}
		b.all.most = max(b.all.most, len(b.all.asked))
	}
	count(1)
	defer count(-1)
	b.Tenant.ServeHTTP(w, r)
}

// manyTenants writes a project with so many tenants, every tenth of which cannot be
// reached, and every third of the others has drift. Their limit of reads is just
// enough for one of them.
func manyTenants(t *testing.T, folder string, n int) (tokens map[string]string, all *crowd) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	tokens, all = map[string]string{}, &crowd{asked: map[*inspect.Tenant]int{}}
	var project strings.Builder
	project.WriteString("version: 1\nproject: fleet\nconnections: [connections.yaml]\nrateLimits: {reads: {rate: 25, window: 1m, burst: 25}}\ntenants:\n")
	for i := range n {
		name, url := fmt.Sprintf("tenant-%03d", i), fmt.Sprintf("http://127.0.0.1:%d", 1+i/10)
		if i%10 != 9 {
			path := "v1"
			if i%3 == 0 {
				path = "v2"
			}
			tenant, err := inspect.New(fmt.Appendf(nil, `{"users": [{"email": "ana@example.com", "roles": ["TenantAdmin"]}],
				"spaces": [{"name": "Finance", "type": "shared"}], "connections": [{"name": "Rates", "space": "Finance", "dataSource": "rest",
				"properties": {"url": "https://rates.example.com/%s"}, "tags": ["qlsync:fleet"]}]}`, path), qlik.Options{Faults: []qlik.Fault{{Latency: 2 * time.Millisecond}}})
			must(err)
			server, err := simulator.Start(busy{tenant, all}, "")
			must(err)
			t.Cleanup(func() { _ = server.Close(); _ = tenant.Close() })
			url, tokens["KEY_"+fmt.Sprint(i)] = server.URL, server.Token
		}
		fmt.Fprintf(&project, "  %s: {url: %q, auth: {apiKey: {env: KEY_%d}}}\n", name, url, i)
	}
	must(os.WriteFile(filepath.Join(folder, "qlsync.yaml"), []byte(project.String()), 0o600))
	must(os.WriteFile(filepath.Join(folder, "connections.yaml"), []byte(`version: 1
connections:
  - {name: Rates, space: Finance, dataSource: rest, properties: {url: "https://rates.example.com/v1"}}
`), 0o600))
	return tokens, all
}

// command runs a command line within the process, with these variables.
func command(t *testing.T, variables map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	env := &environment{stdout: &out, stderr: &said, lookup: func(name string) (string, bool) {
		value, ok := variables[name]
		if !ok && strings.HasPrefix(name, "KEY_") {
			value, ok = "key-of-no-tenant", true
		}
		return value, ok
	}}
	ctx, stop := obey(t, env, nil)
	defer stop()
	app := newApp(env)
	code = env.exitCode(app.RunContext(ctx, commandline.Arrange(app, sharedFlags(), append([]string{"qlsync"}, args...))))
	return code, out.String(), said.String()
}

func TestAllTenantsOfAProjectThatHasOneAreNamedToo(t *testing.T) {
	folder := t.TempDir()
	tokens, _ := manyTenants(t, folder, 1)
	code, _, stderr := command(t, tokens, "plan", "--all-tenants", "-c", filepath.Join(folder, "qlsync.yaml"), "--cache", filepath.Join(folder, "cache"))
	if code != exitOK || !strings.HasPrefix(stderr, "tenant-000: Taken from ") {
		t.Errorf("exit code %d, want %d; standard error %q, want a line that begins with the tenant's name", code, exitOK, stderr)
	}
}

func TestTwoHundredTenantsAreLookedAtSideBySideEachWithABudget(t *testing.T) {
	const n = 200
	folder := t.TempDir()
	tokens, all := manyTenants(t, folder, n)
	config, history := filepath.Join(folder, "qlsync.yaml"), filepath.Join(folder, "history.jsonl")
	page, junit := filepath.Join(folder, "drift.html"), filepath.Join(folder, "drift.xml")
	code, stdout, stderr := command(t, tokens, "drift", "--all-tenants", "-c", config, "--format", "json", "--history", history,
		"--report", "html="+page, "--report", "junit="+junit)
	if code != exitPartial {
		t.Errorf("exit code %d: some were not reached; %s", code, stderr)
	}
	var drifts report.Fleet[plan.Drift]
	if err := json.Unmarshal([]byte(stdout), &drifts); err != nil || len(drifts.Tenants) != n {
		t.Fatalf("got %d tenants, error %v; want %d", len(drifts.Tenants), err, n)
	}
	for i, member := range drifts.Tenants {
		changed := 0
		if i%3 == 0 {
			changed = 1
		}
		switch {
		case member.Tenant.Name != fmt.Sprintf("tenant-%03d", i):
			t.Fatalf("got %[2]s as tenant %[1]d, want the order of the project", i, member.Tenant.Name)
		case (member.Report == nil) != (i%10 == 9) || (member.Error == "") != (i%10 != 9):
			t.Errorf("%s: got report %v and error %q, want an error for each tenth tenant only", member.Tenant.Name, member.Report != nil, member.Error)
		case member.Report != nil && (member.Report.Summary.Changed != changed || member.Report.Summary.Clean != 1-changed):
			t.Errorf("%s: got summary %+v, want the one change of its tenant", member.Tenant.Name, member.Report.Summary)
		}
	}
	if all.most < 2 || all.most > engine.TenantsAtOnce {
		t.Errorf("%d tenants were asked at the same time; at most %d may be", all.most, engine.TenantsAtOnce)
	}
	for name, says := range map[string][]string{
		page:    {"fleet on 200 tenants", "tenant-009", "unreachable: "},
		junit:   {`<testsuite name="fleet on tenant-009" tests="1" failures="0" errors="1"`},
		history: {`"tenant":"tenant-000"`, `"tenant":"tenant-198"`},
	} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range says {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s does not say %q", filepath.Base(name), want)
			}
		}
		for _, token := range tokens {
			if bytes.Contains(text, []byte(token)) {
				t.Errorf("%s holds a token", filepath.Base(name))
			}
		}
	}
	if lines, _ := os.ReadFile(history); bytes.Count(lines, []byte("\n")) != n*9/10 {
		t.Errorf("the history has %d lines", bytes.Count(lines, []byte("\n")))
	}
}

func TestAllTenantsOfAProjectInOneReport(t *testing.T) {
	folder := t.TempDir()
	tokens, _ := manyTenants(t, folder, 10)
	config := filepath.Join(folder, "qlsync.yaml")
	for _, test := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"drift as text", []string{"drift"}, exitPartial, []string{
			"Tenants: 3 with drift, 6 without, 1 not read (tenant-009).", "tenant-001 (http://127.0.0.1:", "Drift: 3 changed, 6 clean.",
		}},
		{"plans as text", []string{"plan"}, exitPartial, []string{
			"Tenants: 3 with changes, 6 without, 1 not read (tenant-009).", "Plan for project fleet on tenant tenant-003 (",
		}},
		{"plans as markdown", []string{"plan", "--format", "markdown"}, exitPartial, []string{
			"### qlsync: 3 to update, for <code>fleet</code> on 9 of 10 tenants", "1 tenant could not be looked at", "| <code>tenant&#45;000</code> | 1 |",
		}},
		{"validate", []string{"validate"}, exitOK, []string{"tenant-009: 1 connection in 1 file is valid."}},
		{"one tenant too", []string{"drift", "-t", "tenant-001"}, exitError, []string{"--all-tenants cannot be used with --tenant"}},
		{"a reviewed hash", []string{"apply", "--plan-hash", "x"}, exitError, []string{"--all-tenants cannot be used with --plan-hash"}},
		{"a snapshot too", []string{"plan", "--snapshot", "x"}, exitError, []string{"--all-tenants cannot be used with --snapshot, which is for one tenant"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := command(t, tokens, slices.Concat(test.args, []string{"--all-tenants", "-c", config})...)
			if code != test.code {
				t.Errorf("exit code %d", code)
			}
			for _, want := range test.says {
				if !strings.Contains(stdout+stderr, want) {
					t.Errorf("got no %q, want it in\n%s%s", want, stdout, stderr)
				}
			}
		})
	}
}

// watched calls seen with each line, which is written whole.
type watched struct{ seen func(line string) }

func (w watched) Write(line []byte) (int, error) {
	w.seen(string(line))
	return len(line), nil
}

// An interrupt comes when one tenant has been read, all others that are asked at the
// same time do not answer, and two more wait for their turn.
func TestAnInterruptSaysOfEveryTenantWhatBecameOfIt(t *testing.T) {
	folder := t.TempDir()
	tokens, _ := manyTenants(t, folder, 1)
	silent := make([]string, engine.TenantsAtOnce+2) // one address for each tenant
	for i := range silent {
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		t.Cleanup(server.Close)
		silent[i] = server.URL
	}
	config := filepath.Join(folder, "qlsync.yaml")
	file, err := os.OpenFile(config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	const n = engine.TenantsAtOnce + 2
	for i := 1; i < n; i++ {
		fmt.Fprintf(file, "  tenant-%03d: {url: %q, auth: {apiKey: {env: KEY_%d}}}\n", i, silent[i], i)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	interrupt := make(chan os.Signal, 1)
	var out bytes.Buffer
	var said strings.Builder
	env := &environment{stdout: &out, lookup: func(name string) (string, bool) { return tokens["KEY_0"], strings.HasPrefix(name, "KEY_") }}
	ctx, stop := obey(t, env, interrupt)
	defer stop()
	env.stderr = watched{func(line string) {
		said.WriteString(line)
		if strings.HasPrefix(line, "tenant-000: ") && strings.Contains(line, "Taken from ") {
			interrupt <- os.Interrupt
			<-ctx.Done()
		}
	}}
	app := newApp(env)
	comment := filepath.Join(folder, "comment.md")
	args := []string{"qlsync", "plan", "--all-tenants", "-c", config, "--cache", filepath.Join(folder, "cache"), "--report", "markdown=" + comment}
	if code := env.exitCode(app.RunContext(ctx, commandline.Arrange(app, sharedFlags(), args))); code != exitSignal+2 || !strings.HasSuffix(said.String(), "error: interrupted\n") {
		t.Errorf("exit code %d, said %q", code, said.String())
	}
	text, err := os.ReadFile(comment)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Plan for project fleet on tenant tenant-000 (", fmt.Sprintf("Tenants: 1 with changes, 0 without, %d not read (tenant-001, ", n-1),
		"tenant-001 (" + silent[1] + ") was not read: ", fmt.Sprintf("tenant-%03d (%s) was not read: not started, because the run was interrupted", n-1, silent[n-1]),
		fmt.Sprintf("### qlsync: 1 to update, for <code>fleet</code> on 1 of %d tenants", n),
	} {
		if !strings.Contains(out.String()+string(text), want) {
			t.Errorf("got no %q, want it in\n%s\n%s", want, out.String(), text)
		}
	}
}

func TestLinesOfTenantsAtTheSameTimeBeginWithTheirNames(t *testing.T) {
	var out bytes.Buffer
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		group.Go(func() {
			lines := terminal.NewPrefixed(&out, &mu, name+": ")
			for range 50 {
				fmt.Fprint(lines, "half ")
				fmt.Fprint(lines, "line\nand ")
				fmt.Fprintln(lines, "another")
			}
			fmt.Fprint(lines, "rest")
			lines.Flush()
		})
	}
	group.Wait()
	for line := range strings.Lines(out.String()) {
		if got := strings.TrimSpace(line[3:]); line[1:3] != ": " || got != "half line" && got != "and another" && got != "rest" {
			t.Errorf("got the line %q, want the name of a tenant before a whole line", line)
		}
	}
	if got := strings.Count(out.String(), "\n"); got != 202 {
		t.Errorf("got %d lines, want 202: no line lost or split", got)
	}
}
