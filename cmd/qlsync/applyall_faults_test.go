package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gofrs/flock"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// mortalFleet is several embedded tenants that share one count of writes, and a process that is
// killed at one of them.
type mortalFleet struct {
	folder  string
	tenants []*inspect.Tenant

	mu       sync.Mutex
	writes   int
	killAt   int // 0: never
	carryOut bool
	victim   *os.Process
}

// newMortalFleet writes a project for so many tenants. On each, one connection is to be created, one
// changed and recreated, and one deleted.
func newMortalFleet(t *testing.T, n int) *mortalFleet {
	t.Helper()
	f := &mortalFleet{folder: t.TempDir()}
	project := "version: 1\nproject: fleet\nconnections: [connections.yaml]\nspaces: [Finance]\npolicy: {prune: owned}\ntenants:\n"
	for i := range n {
		tenant, err := inspect.New([]byte(`{"token": "kill-token", "users": [{"email": "ana@example.com", "roles": ["TenantAdmin"]}], "spaces": [{"name": "Finance", "type": "shared"}]}`), qlik.Options{})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.serve(tenant, w, r) }))
		t.Cleanup(func() { server.Close(); _ = tenant.Close() })
		f.tenants = append(f.tenants, tenant)
		project += fmt.Sprintf("  tenant-%02d: {url: %q, auth: {apiKey: {env: KILL_TOKEN}}}\n", i, server.URL)
	}
	f.write(t, "qlsync.yaml", project)
	f.write(t, "connections.yaml", `version: 1
defaults: {space: Finance, dataSource: File_AmazonS3ConnectorV2, credentials: {accessKey: {env: KILL_KEY}, secretKey: {env: KILL_SECRET}}}
connections:
  - {name: Lake, properties: {bucketName: lake}}
  - {name: Retires, properties: {bucketName: retires}}
`)
	if output, code := f.run(t, "apply", "--all-tenants", "--auto-approve"); code != exitOK {
		t.Fatalf("the first apply ends with %d:\n%s", code, output)
	}
	f.write(t, "connections.yaml", `version: 1
defaults: {space: Finance, dataSource: File_AmazonS3ConnectorV2, credentials: {accessKey: {env: KILL_KEY}, secretKey: {env: KILL_SECRET}}}
connections:
  - {name: Lake, properties: {bucketName: recreated}, lifecycle: {update: recreate}}
  - {name: Appears, properties: {bucketName: appears}}
`)
	return f
}

func (f *mortalFleet) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serve answers for one tenant, and kills the process at its last write.
func (f *mortalFleet) serve(tenant *inspect.Tenant, w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		tenant.ServeHTTP(w, r)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	if f.victim == nil || f.writes != f.killAt {
		tenant.ServeHTTP(w, r)
		return
	}
	if f.carryOut {
		tenant.ServeHTTP(httptest.NewRecorder(), r)
	}
	_ = f.victim.Kill()
	panic(http.ErrAbortHandler)
}

// run runs a command as a process. If killAt is set, the process is killed at that write.
func (f *mortalFleet) run(t *testing.T, args ...string) (output string, code int) {
	t.Helper()
	program, err := buildRaceless()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, append(args, "-c", filepath.Join(f.folder, "qlsync.yaml"), "--lock-dir", filepath.Join(f.folder, "locks"))...)
	if args[0] != "apply" {
		command = exec.Command(program, append(args, "-c", filepath.Join(f.folder, "qlsync.yaml"))...)
	}
	command.Env = append(os.Environ(), "KILL_TOKEN=kill-token", "KILL_KEY=key", "KILL_SECRET=secret")
	var text bytes.Buffer
	command.Stdout, command.Stderr = &text, &text
	f.mu.Lock()
	f.writes = 0
	if err := command.Start(); err != nil {
		f.mu.Unlock()
		t.Fatal(err)
	}
	f.victim = command.Process
	f.mu.Unlock()
	_ = command.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.victim, f.killAt = nil, 0
	return text.String(), command.ProcessState.ExitCode()
}

// check compares each tenant with the files.
func (f *mortalFleet) check(t *testing.T) {
	t.Helper()
	for i, tenant := range f.tenants {
		want := map[string]string{"Lake": "recreated", "Appears": "appears"}
		for _, c := range tenant.Connections() {
			if c.Name == "DataFiles" {
				continue
			}
			if bucket := want[c.Name]; bucket == "" || c.Properties["bucketName"] != bucket || !tenant.CredentialEquals(c.ID, "secretKey", "secret") {
				t.Errorf("tenant %d has %q with the bucket %v, want only %v, each once and with its credentials", i, c.Name, c.Properties["bucketName"], want)
			}
			delete(want, c.Name)
		}
		if len(want) > 0 {
			t.Errorf("tenant %d lacks %v, want every connection", i, want)
		}
		if misuse := tenant.Misuse(); len(misuse) > 0 {
			t.Errorf("tenant %d: got misuse %v, want none", i, misuse)
		}
	}
}

// A run is killed twice, then goes on: with the lines of the killed runs, or as if it were the
// first.
func TestAnApplyToSeveralTenantsThatIsKilledGoesOnWithoutLoss(t *testing.T) {
	const tenants = 4
	for number := range 12 {
		if !isDrawn(number, 3) {
			continue
		}
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			random := rand.New(rand.NewPCG(23, uint64(number)))
			f := newMortalFleet(t, tenants)
			lines := []string{}
			apply := []string{"apply", "--all-tenants", "--auto-approve", "--format", "jsonl"}
			for kill := range 2 {
				f.killAt, f.carryOut = 1+random.IntN(8*tenants>>kill), random.IntN(2) == 0
				output, _ := f.run(t, apply...)
				lines = append(lines, fmt.Sprintf("lines-%d.jsonl", kill))
				f.write(t, lines[kill], output)
				if number%2 != 0 {
					continue // again as if it were the first run
				}
				merged := filepath.Join(f.folder, fmt.Sprintf("result-%d.json", kill))
				names := []string{}
				for _, name := range lines {
					names = append(names, filepath.Join(f.folder, name))
				}
				if code, _, said := command(t, nil, append([]string{"merge", "--report", "json=" + merged}, names...)...); code != exitPartial && code != exitOK {
					t.Fatalf("merge of the killed runs ends with %d, want %d or %d:\n%s", code, exitPartial, exitOK, said)
				}
				apply = []string{"apply", "--resume", merged, "--auto-approve", "--format", "jsonl"}
			}
			for range 3 {
				if output, code := f.run(t, apply...); code == exitOK {
					break
				} else if code != exitPartial {
					t.Fatalf("the apply that goes on ends with %d:\n%s", code, output)
				}
			}
			f.check(t)
			if output, code := f.run(t, "plan", "--all-tenants", "--detailed-exitcode"); code != exitOK {
				t.Errorf("plan ends with %d, want every tenant in sync:\n%s", code, output)
			}
			before := slices.Clone(f.ids())
			if _, code := f.run(t, "apply", "--all-tenants", "--auto-approve"); code != exitOK || f.writes > 0 || !slices.Equal(before, f.ids()) {
				t.Errorf("one more apply ends with %d after %d writes, want none", code, f.writes)
			}
		})
	}
}

// ids returns the ids of the connections of all tenants.
func (f *mortalFleet) ids() (ids []string) {
	for _, tenant := range f.tenants {
		for _, c := range tenant.Connections() {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// resultOfApply returns the JSON result of an apply to several tenants, and its exit code.
func resultOfApply(t *testing.T, env *environment, args ...string) (*report.Fleet[apply.Result], int) {
	t.Helper()
	var out transcript
	env.stdout = &out
	code := env.run(t.Context(), append([]string{"qlsync", "apply", "--auto-approve", "--format", "json"}, args...))
	var results report.Fleet[apply.Result]
	if err := json.Unmarshal([]byte(out.String()), &results); err != nil {
		t.Fatalf("exit code %d: the result is not JSON: %v\n%s", code, err, out.String())
	}
	return &results, code
}

func TestAPanicInOneOfSeveralTenantsIsInItsResultAndStopsNoOther(t *testing.T) {
	for name, test := range map[string]struct {
		when    func(string) bool
		outcome report.Outcome
	}{
		"while it is planned": {has(1, "path=/api/v1/spaces", "tenant-001: "), report.OutcomeFailed},
		"while it is written": {has(1, "method=POST", "tenant-001: "), report.OutcomePartial},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			tokens, tenants := emptyTenants(t, folder, 4)
			said := &crashing{value: "a bug", when: test.when}
			env := &environment{stdin: strings.NewReader(""), stderr: said, lookup: func(name string) (string, bool) { value, ok := tokens[name]; return value, ok }}
			results, code := resultOfApply(t, env, "--all-tenants", "--log-level", "debug", "-c", filepath.Join(folder, "qlsync.yaml"), "--lock-dir", filepath.Join(folder, "locks"))
			if code != exitPartial || !strings.Contains(said.String(), "qlsync has crashed: a bug") {
				t.Errorf("exit code %d, want %d, because others were written, and the panic on standard error:\n%s", code, exitPartial, said.String())
			}
			for i, member := range results.Tenants {
				want := report.OutcomeDone
				if i == 1 {
					want = test.outcome
				}
				text, _ := json.Marshal(member)
				if member.Outcome != want || (i == 1) != bytes.Contains(text, []byte("crashed")) {
					t.Errorf("%s is %s, want %s, and the crash only in the result of tenant-001: %s", member.Tenant.Name, member.Outcome, want, text)
				}
				if got := len(tenants[i].Connections()); i != 1 && got != 1 {
					t.Errorf("%s has %d connections, want the declared one", member.Tenant.Name, got)
				}
			}
		})
	}
}

func TestALockThatIsHeldIsTheOutcomeOfItsTenantOnly(t *testing.T) {
	folder := t.TempDir()
	tokens, tenants := emptyTenants(t, folder, 3)
	locks := filepath.Join(folder, "locks")
	env := &environment{stdin: strings.NewReader(""), stderr: &transcript{}, lookup: func(name string) (string, bool) { value, ok := tokens[name]; return value, ok }}
	first := []string{"-t", "tenant-001", "-c", filepath.Join(folder, "qlsync.yaml"), "--lock-dir", locks}
	if code, _, said := command(t, tokens, append([]string{"apply", "--auto-approve"}, first...)...); code != exitOK {
		t.Fatalf("exit code %d, want %d: %s", code, exitOK, said)
	}
	files, err := filepath.Glob(filepath.Join(locks, "*.lock"))
	if err != nil || len(files) != 1 {
		t.Fatalf("got the lock files %v, error %v; want the one of tenant-001", files, err)
	}
	lock := flock.New(files[0])
	if held, err := lock.TryLock(); !held || err != nil {
		t.Fatalf("the lock cannot be taken: %v", err)
	}
	results, code := resultOfApply(t, env, "--all-tenants", "-c", filepath.Join(folder, "qlsync.yaml"), "--lock-dir", locks)
	if code != exitPartial {
		t.Errorf("exit code %d, want %d, because one lock is held", code, exitPartial)
	}
	for i, want := range []report.Outcome{report.OutcomeDone, report.OutcomeLocked, report.OutcomeDone} {
		if member := results.Tenants[i]; member.Outcome != want || (i == 1) != strings.Contains(member.Error, "another apply of project") {
			t.Errorf("%s is %s (%s), want %s", member.Tenant.Name, member.Outcome, member.Error, want)
		}
	}
	if code, _, said := command(t, tokens, append([]string{"apply", "--auto-approve"}, first...)...); code != exitPartial {
		t.Errorf("exit code %d for the locked tenant alone, want %d: %s", code, exitPartial, said)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if _, code := resultOfApply(t, env, "--all-tenants", "-c", filepath.Join(folder, "qlsync.yaml"), "--lock-dir", locks); code != exitOK || len(tenants[1].Connections()) != 1 {
		t.Errorf("exit code %d after the lock was released, want 0 and one connection", code)
	}
}
