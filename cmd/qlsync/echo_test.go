package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/transport/transporttest"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

var echoes = flag.Int("echoes", 1000, "how many answers of each service may quote an earlier request")

// echoing is a tenant that does what it is asked, and puts a quotation of any earlier
// request of the run in place of a text of its answers.
type echoing struct {
	tenant http.Handler
	mu     sync.Mutex
	memory *transporttest.Memory
	quoted int
}

func (e *echoing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	e.memory.Remember(r)
	answer := httptest.NewRecorder()
	e.tenant.ServeHTTP(answer, r)
	text := answer.Body.Bytes()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.memory.IntN(2) == 0 {
		quoted := false
		if text, quoted = e.memory.Insert(text); quoted {
			e.quoted++
		}
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	_, _ = w.Write(text)
}

// echoService is a service for [TestNoOutputShowsASecretThatATextOfTheTenantQuotes].
type echoService struct {
	// seed is the tenant with a space, which already has some of the connections.
	seed func(token string, exist []string) any
	open func(seed []byte) (http.Handler, error)
	// provider and auth are those of the project file; connection is one that is declared, with its name
	// and the variable of its password to be filled in.
	provider, auth, connection string
}

var echoServices = map[string]echoService{
	"qlik": {
		seed: func(token string, exist []string) any {
			live := []any{}
			for _, name := range exist {
				live = append(live, map[string]any{"name": name, "space": "Finance", "dataSource": "rest", "properties": map[string]any{"url": "https://old.example.com", "authSchema": "anonymous"}})
			}
			return map[string]any{
				"token": token, "users": []any{map[string]any{"name": "Ana", "email": "ana@example.com", "roles": []any{"TenantAdmin"}}},
				"spaces": []any{map[string]any{"name": "Finance", "type": "shared"}, map[string]any{"name": "Sales", "type": "shared"}}, "connections": live,
			}
		},
		open:     func(seed []byte) (http.Handler, error) { return qlik.New(seed, qlik.Options{}) },
		provider: "qlik", auth: "apiKey",
		connection: `{name: %[1]s, dataSource: rest, properties: {url: "https://%[1]s.example.com", authSchema: basic}, credentials: {username: reader, password: {env: %[2]s}}}`,
	},
	"apinizer": {
		seed: func(token string, exist []string) any {
			live := []any{}
			for i, name := range exist {
				live = append(live, map[string]any{"name": name, "project": "Finance", "type": "ftp", "fields": map[string]any{
					"host": "old.example.com", "username": "app", "protocol": "SFTP", "port": 22, "password": fmt.Sprint("made-up-", i), "description": "Drop",
				}})
			}
			return map[string]any{
				"token": token, "projects": []any{map[string]any{"name": "Finance"}, map[string]any{"name": "Sales"}}, "connections": live,
				"behaviour": map[string]any{"deployment": []string{"", "fails", "partly"}[len(exist)%3]},
			}
		},
		open:     func(seed []byte) (http.Handler, error) { return apinizer.New(seed, apinizer.Options{}) },
		provider: "apinizer", auth: "token",
		connection: `{name: %[1]s, dataSource: ftp, properties: {host: "%[1]s.example.com", username: app, protocol: SFTP, port: 22}, credentials: {password: {env: %[2]s}}}`,
	},
}

// TestNoOutputShowsASecretThatATextOfTheTenantQuotes runs commands on a tenant that quotes earlier
// requests in names, ids, data sources, schemas, owners, tags, properties, roles, links and errors.
func TestNoOutputShowsASecretThatATextOfTheTenantQuotes(t *testing.T) {
	commands := [][]string{
		{"apply", "--auto-approve", "--format", "text", "--report", "json=result.json", "--log-level", "debug"},
		{"apply", "--auto-approve", "--format", "markdown", "--report", "json=result.json"},
		{"apply", "--auto-approve", "--format", "json"},
		{"plan", "--format", "json", "--out", "result.json"},
		{"plan", "--format", "markdown"},
		{"drift", "--format", "text", "--report", "json=result.json"},
		{"drift", "--format", "html"},
		{"drift", "--format", "junit"},
		{"export"},
		{"snapshot"},
		{"doctor"},
		{"schemas", "pull", "rest"},
		{"schemas", "check"},
	}
	for name, service := range echoServices {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(16, 2))
			runs, usable, quoted := 0, 0, 0
			for seen := 0; seen < *echoes; runs++ {
				line := commands[runs%len(commands)]
				answers, quotations, isUsable := service.run(t, random, line)
				seen, quoted = seen+answers, quoted+quotations
				if isUsable {
					usable++
				}
			}
			if quoted < *echoes/10 || usable < runs/4 {
				t.Errorf("%d of %d answers quoted a request, and %d of %d commands had a result: the test shows too little", quoted, *echoes, usable, runs)
			}
		})
	}
}

// run runs a command, looks for secrets in what it writes, and reports whether the command read the
// tenant although answers quoted requests.
func (service *echoService) run(t *testing.T, random *rand.Rand, line []string) (answers, quoted int, isUsable bool) {
	t.Chdir(t.TempDir())
	token := fmt.Sprintf("token-%08x", random.Uint32())
	secrets, environ := []string{token}, map[string]string{"TOKEN": token}
	declared := "version: 1\ndefaults: {space: Finance, lifecycle: {adopt: true}}\nconnections:\n"
	exist := []string{"Z1"}
	for i := range 6 {
		secret := fmt.Sprintf("p%08x%s%x", random.Uint32(), []string{"-", " ", `"`, "/", "<é>"}[i%5], random.Uint32())
		secrets = append(secrets, secret)
		name, variable := fmt.Sprint("C", i), fmt.Sprint("PASSWORD", i)
		environ[variable] = secret
		declared += "  - " + fmt.Sprintf(service.connection, name, variable) + "\n"
		if random.IntN(2) == 0 {
			exist = append(exist, name)
		}
	}
	seed, _ := json.Marshal(service.seed(token, exist))
	tenant, err := service.open(seed)
	if err != nil {
		t.Fatal(err)
	}
	echo := &echoing{tenant: tenant, memory: transporttest.NewMemory(random)}
	server := httptest.NewServer(echo)
	defer server.Close()
	for name, text := range map[string]string{
		"qlsync.yaml": fmt.Sprintf("version: 1\nproject: acme\nconnections: [c.yaml]\nspaces: [Finance]\ntenants: {demo: {provider: %s, url: %q, auth: {%s: {env: TOKEN}}}}\n",
			service.provider, server.URL, service.auth),
		"c.yaml": declared,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var output transcript
	env := &environment{
		stdin: strings.NewReader(""), stdout: &output, stderr: &output, secrets: transport.NewRedactor(),
		lookup: func(name string) (string, bool) { value, ok := environ[name]; return value, ok },
	}
	app := newApp(env)
	code := env.exitCode(app.RunContext(t.Context(), commandline.Arrange(app, sharedFlags(), append([]string{"qlsync"}, line...))))
	shown := output.String()
	err = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			text, _ := os.ReadFile(path)
			shown += path + "\n" + string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		transporttest.LookForSecret(t, shown, secret)
	}
	echo.mu.Lock() // a request that the command no longer waits for may still be served
	defer echo.mu.Unlock()
	return echo.memory.Len(), echo.quoted, echo.quoted > 0 && code != exitError
}

// TestANameThatQuotesASecretIsRedactedUnlessAFileDeclaresIt has the token of the run as the name of
// a declared connection, and as a part of other names of the tenant.
func TestANameThatQuotesASecretIsRedactedUnlessAFileDeclaresIt(t *testing.T) {
	const token, password = "night-orders-2026", "hunter2-hunter2"
	owned := func(name string) map[string]any {
		tags := []string{"qlsync:acme", "qlsync-key:" + connection.KeyDigest(connection.Key{Space: "Finance", Name: name})}
		return map[string]any{"name": name, "space": "Finance", "dataSource": "rest", "tags": tags, "properties": map[string]any{"url": "https://a.example"}}
	}
	foreign := owned("Theirs")
	foreign["tags"] = []string{"qlsync:of-" + token}
	noted := owned("Noted")
	noted["tags"] = []string{"made with " + token}
	seed, _ := json.Marshal(map[string]any{
		"token": token, "users": []any{map[string]any{"name": "Ana " + token, "email": "ana@example.com", "roles": []any{"TenantAdmin"}}},
		"spaces":      []any{map[string]any{"name": "Finance", "type": "shared"}, map[string]any{"name": "Space of " + token, "type": "shared"}},
		"connections": []any{owned("Copy of " + token), owned("Old " + password), owned("Unused"), foreign, noted},
	})
	files := map[string]string{
		"c.yaml": "version: 1\nconnections:\n" +
			"  - {name: " + token + ", space: Finance, dataSource: rest, properties: {url: \"https://b.example\", authSchema: basic}, credentials: {username: u, password: {env: PASSWORD}}}\n",
		"misspelt.yaml": "version: 1\nconnections:\n  - {name: A, space: Space of nigth-orders-2026, dataSource: rest, properties: {url: \"https://b.example\"}}\n",
	}
	for name, test := range map[string]struct {
		line     []string
		files    string
		shown    []string // what the output must have in place of names that quote a secret
		declared string   // and for the declared name
	}{
		"plan":            {line: []string{"plan"}, shown: []string{"Copy of (secret) withheld-"}, declared: token},
		"plan as JSON":    {line: []string{"plan", "--format", "json"}, shown: []string{"Copy of (secret) withheld-"}, declared: `"name": "` + token + `"`},
		"drift":           {line: []string{"drift"}, shown: []string{"Copy of (secret) withheld-"}, declared: token},
		"drift as JUnit":  {line: []string{"drift", "--format", "junit"}, shown: []string{"Copy of (secret) withheld-"}},
		"drift as a page": {line: []string{"drift", "--format", "html"}, shown: []string{"Copy of (secret) withheld-"}},
		"snapshot":        {line: []string{"snapshot"}, shown: []string{`"name": "Copy of (secret) withheld-`, `"name": "Space of (secret) withheld-`, `"project": "of-(secret)"`, `"made with (secret)"`}},
		"export":          {line: []string{"export"}, shown: []string{"Copy of (secret) withheld-", "its name quotes a secret of this run", "one of its tags quotes a secret of this run", "name: Unused"}},
		"suggestion":      {line: []string{"plan"}, files: "misspelt.yaml", shown: []string{"no space \"Space of nigth"}},
		"apply":           {line: []string{"apply", "--auto-approve", "--report", "json=result.json"}, shown: []string{`"name": "Old (secret)"`}, declared: `"name": "` + token + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			tenant, err := qlik.New(seed, qlik.Options{})
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(tenant)
			defer server.Close()
			project := fmt.Sprintf("version: 1\nproject: acme\nconnections: [%s]\npolicy: {prune: owned, maxDeletes: 100%%}\ntenants: {demo: {url: %q, auth: {apiKey: {env: TOKEN}}}}\n",
				cmp.Or(test.files, "c.yaml"), server.URL)
			for name, text := range map[string]string{"qlsync.yaml": project, "c.yaml": files["c.yaml"], "misspelt.yaml": files["misspelt.yaml"]} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var output transcript
			env := &environment{
				stdin: strings.NewReader(""), stdout: &output, stderr: &output, secrets: transport.NewRedactor(),
				lookup: func(name string) (string, bool) {
					value, ok := map[string]string{"TOKEN": token, "PASSWORD": password}[name]
					return value, ok
				},
			}
			app := newApp(env)
			env.exitCode(app.RunContext(t.Context(), commandline.Arrange(app, sharedFlags(), append([]string{"qlsync"}, test.line...))))
			shown := output.String()
			result, err := os.ReadFile("result.json")
			isResult := err == nil
			if isResult {
				shown = string(result) // the plan was shown before the password was read
			}
			for _, want := range append(test.shown, test.declared) {
				if !strings.Contains(shown, want) {
					t.Errorf("the output does not have %q:\n%s", want, shown)
				}
			}
			for _, leak := range []string{"of " + token, "with " + token, "Ana " + token, "of-" + token, "Old " + password} {
				if strings.Contains(shown, leak) && (isResult || !strings.Contains(leak, password)) {
					t.Errorf("a name of the tenant shows a secret as %q:\n%s", leak, shown)
				}
			}
		})
	}
}
