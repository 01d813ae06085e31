package apinizer_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// acme is the manager of most tests.
const acme = `{
  "token": "token-of-ana", "user": {"name": "ana", "password": "open sesame"},
  "projects": [{"name": "Payments"}, {"name": "Logs", "access": "view"}, {"name": "Vault", "access": "none"}],
  "connections": [
    {"project": "Payments", "type": "email", "name": "Mail",
     "fields": {"host": "mail.example", "auth": true, "username": "ana", "password": "pa55word"}},
    {"project": "Payments", "type": "database", "name": "Orders",
     "fields": {"dbType": "POSTGRES", "jdbcUrl": "jdbc:postgresql://db/orders", "username": "app", "password": "s3cr3t"}},
    {"project": "Logs", "type": "syslog", "name": "Central", "fields": {"syslogServerHostname": "log.example"}}]
}`

// under is the manager with a behaviour.
func under(behaviour string) string {
	return strings.Replace(acme, `"token"`, `"behaviour": {`+behaviour+`}, "token"`, 1)
}

const connections = "/apiops/projects/Payments/connections/"

// rig is a manager behind a real server, and a client with a token.
type rig struct {
	*inspect.Manager
	t     *testing.T
	url   string
	token string
}

func newRig(t *testing.T, seed string, o apinizer.Options) *rig {
	t.Helper()
	manager, err := inspect.New([]byte(seed), o)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, manager)
}

func serve(t *testing.T, manager *inspect.Manager) *rig {
	t.Helper()
	server, err := simulator.Start(manager, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := manager.Close(); err != nil {
			t.Error(err)
		}
	})
	return &rig{Manager: manager, t: t, url: server.URL, token: server.Token}
}

// reply is an answer, its body decoded.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (r *rig) try(method, path, body string) (reply, error) {
	r.t.Helper()
	request, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return r.send(request)
}

func (r *rig) send(request *http.Request) (reply, error) {
	r.t.Helper()
	response, err := http.DefaultTransport.RoundTrip(request) // no redirects
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	out := reply{status: response.StatusCode, header: response.Header, text: strings.TrimSpace(string(text))}
	_ = json.Unmarshal(text, &out.body) // some bodies are not objects
	return out, nil
}

func (r *rig) do(method, path, body string) reply {
	r.t.Helper()
	out, err := r.try(method, path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// want does a request and checks its status.
func (r *rig) want(status int, method, path, body string) reply {
	r.t.Helper()
	out := r.do(method, path, body)
	if out.status != status {
		r.t.Fatalf("%s %s: status %d, want %d: %s", method, path, out.status, status, out.text)
	}
	return out
}

// one returns a connection of the project Payments as a single GET shows it.
func (r *rig) one(name string) map[string]any {
	r.t.Helper()
	items := r.want(200, "GET", connections+name+"/", "").items()
	if len(items) != 1 {
		r.t.Fatalf("%d connections %q", len(items), name)
	}
	return items[0]
}

// noMisuse fails the test if a request broke the contract.
func (r *rig) noMisuse() {
	r.t.Helper()
	if m := r.Misuse(); len(m) > 0 {
		r.t.Errorf("misuse: %q", m)
	}
}

func (p reply) items() []map[string]any {
	list, _ := p.body["resultList"].([]any)
	out := make([]map[string]any, len(list))
	for i, item := range list {
		out[i] = item.(map[string]any)
	}
	return out
}

func (p reply) names() string {
	var names []string
	for _, item := range p.items() {
		names = append(names, item["name"].(string))
	}
	return strings.Join(names, ",")
}

func compact(t *testing.T, v any) string {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

// direct asks the handler itself.
func direct(manager *inspect.Manager, method, path, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+manager.Token())
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	manager.ServeHTTP(w, request)
	return w
}
