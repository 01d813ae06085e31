package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/transport/transporttest"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

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
	var value any
	isSchema := strings.HasSuffix(r.URL.Path, "/api-specs")
	if !isSchema && e.memory.IntN(3) == 0 && json.Unmarshal(text, &value) == nil {
		places := 0
		eachText(value, func(was string) string { places++; return was })
		place, quote := e.memory.IntN(max(1, places)), e.memory.Quote()
		value = eachText(value, func(was string) string {
			if place--; place == -1 {
				e.quoted++
				return quote
			}
			return was
		})
		text, _ = json.Marshal(value)
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	_, _ = w.Write(text)
}

// eachText replaces the texts of a JSON value, in an order that does not change. Names are left
// alone: every output shows the name of a connection or space as it is.
func eachText(value any, change func(string) string) any {
	switch value := value.(type) {
	case string:
		return change(value)
	case []any:
		for i := range value {
			value[i] = eachText(value[i], change)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if _, isText := value[key].(string); isText && (key == "qName" || key == "name" && value["type"] != nil) {
				continue
			}
			value[key] = eachText(value[key], change)
		}
	}
	return value
}

// TestNoOutputShowsASecretThatATextOfTheTenantQuotes runs commands on a tenant that quotes earlier
// requests in ids, data sources, owners, tags, properties, roles and links.
func TestNoOutputShowsASecretThatATextOfTheTenantQuotes(t *testing.T) {
	answers := 2000
	if underRace {
		answers = 300
	}
	random := rand.New(rand.NewPCG(16, 2))
	commands := [][]string{
		{"apply", "--auto-approve", "--format", "text", "--report", "json=result.json", "--log-level", "debug"},
		{"apply", "--auto-approve", "--format", "markdown", "--report", "json=result.json"},
		{"apply", "--auto-approve", "--format", "json"},
		{"plan", "--format", "json", "--out", "result.json"},
		{"drift", "--format", "text", "--report", "json=result.json"},
		{"export"},
		{"snapshot"},
		{"doctor"},
		{"schemas", "pull", "rest"},
	}
	quoted := 0
	for run, seen := 0, 0; seen < answers; run++ {
		t.Chdir(t.TempDir())
		token := fmt.Sprintf("token-%08x", random.Uint32())
		secrets, environ := []string{token}, map[string]string{"TOKEN": token}
		declared := "version: 1\ndefaults: {space: Finance, dataSource: rest}\nconnections:\n"
		live := []any{}
		for i := range 6 {
			secret := fmt.Sprintf("p%08x%s%x", random.Uint32(), []string{"-", " ", `"`, "/", "<é>"}[i%5], random.Uint32())
			secrets = append(secrets, secret)
			environ[fmt.Sprint("PASSWORD", i)] = secret
			declared += fmt.Sprintf("  - {name: C%d, lifecycle: {adopt: true}, properties: {url: \"https://c%d.example.com\", authSchema: basic}, credentials: {username: reader, password: {env: PASSWORD%d}}}\n", i, i, i)
			if i%2 == 0 {
				live = append(live, map[string]any{"name": fmt.Sprint("C", i), "space": "Finance", "dataSource": "rest", "properties": map[string]any{"url": "https://old.example.com", "authSchema": "anonymous"}})
			}
		}
		seed, _ := json.Marshal(map[string]any{
			"token": token, "users": []any{map[string]any{"name": "Ana", "email": "ana@example.com", "roles": []any{"TenantAdmin"}}},
			"spaces": []any{map[string]any{"name": "Finance", "type": "shared"}}, "connections": live,
		})
		tenant, err := qlik.New(seed, qlik.Options{})
		if err != nil {
			t.Fatal(err)
		}
		service := &echoing{tenant: tenant, memory: transporttest.NewMemory(random)}
		server := httptest.NewServer(service)
		for name, text := range map[string]string{
			"qlsync.yaml": "version: 1\nproject: acme\nconnections: [c.yaml]\nspaces: [Finance]\ntenants: {demo: {url: \"" + server.URL + "\", auth: {apiKey: {env: TOKEN}}}}\n",
			"c.yaml":      declared,
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
		env.exitCode(app.RunContext(t.Context(), commandline.Arrange(app, sharedFlags(), append([]string{"qlsync"}, commands[run%len(commands)]...))))
		server.Close()
		result, _ := os.ReadFile("result.json")
		for _, secret := range secrets {
			transporttest.LookForSecret(t, output.String()+string(result), secret)
		}
		seen += service.memory.Len()
		quoted += service.quoted
	}
	if quoted < answers/10 {
		t.Errorf("only %d of %d answers quoted a request: the test shows too little", quoted, answers)
	}
}
