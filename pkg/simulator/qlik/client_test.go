package qlik_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// acme is the tenant of most tests: Ana is an administrator, Bob is not and cannot see Vault.
const acme = `{
  "caller": "ana@acme.example", "token": "key-of-ana", "oauth": {"clientId": "ci", "clientSecret": "open sesame"},
  "users": [
    {"email": "ana@acme.example", "name": "Ana", "roles": ["TenantAdmin"]},
    {"email": "bob@acme.example", "name": "Bob"}],
  "spaces": [
    {"name": "Finance", "type": "shared"}, {"name": "Griffin", "type": "managed"},
    {"name": "Vault", "type": "data", "owner": "ana@acme.example", "members": ["ana@acme.example"]}],
  "connections": [
    {"name": "Orders lake", "space": "Finance", "dataSource": "File_AmazonS3ConnectorV2", "tags": ["orders"],
     "properties": {"region": "eu-west-1", "bucketName": "orders"}, "credentials": {"accessKey": "AKIA1", "secretKey": "s3cr3t"}},
    {"name": "Ledger", "space": "Finance", "dataSource": "mssql", "owner": "bob@acme.example",
     "properties": {"host": "db1", "port": "1433"}, "credentials": {"username": "sa", "password": "pw1"}},
    {"name": "Gold", "space": "Vault", "owner": "ana@acme.example", "dataSource": "snowflake", "properties": {"server": "x.example"}},
    {"name": "Mine", "dataSource": "rest", "owner": "ana@acme.example", "properties": {"url": "https://a.example"}},
    {"name": "His", "dataSource": "rest", "owner": "bob@acme.example", "properties": {"url": "https://b.example"}}]
}`

// asBob is the same tenant for Bob, who is not an administrator.
var asBob = strings.Replace(acme, `"caller": "ana@acme.example"`, `"caller": "bob@acme.example"`, 1)

// rig is a tenant behind a real server, and a client with a token.
type rig struct {
	*inspect.Tenant
	t     *testing.T
	url   string
	token string
}

func newRig(t *testing.T, seed string, o qlik.Options) *rig {
	t.Helper()
	tenant, err := inspect.New([]byte(seed), o)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, tenant)
}

func serve(t *testing.T, tenant *inspect.Tenant) *rig {
	t.Helper()
	server, err := simulator.Start(tenant, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := tenant.Close(); err != nil {
			t.Error(err)
		}
	})
	return &rig{Tenant: tenant, t: t, url: server.URL, token: server.Token}
}

// in is the rig for a subtest.
func (r *rig) in(t *testing.T) *rig {
	return &rig{Tenant: r.Tenant, t: t, url: r.url, token: r.token}
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
	url := path
	if strings.HasPrefix(path, "/") {
		url = r.url + path
	}
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultTransport.RoundTrip(request) // no redirects
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	out := reply{status: response.StatusCode, header: response.Header, text: string(text)}
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

// id returns the id of a connection; "" as space is the caller's personal one.
func (r *rig) id(space, name string) string {
	r.t.Helper()
	c, found := r.Find(space, name)
	if !found {
		r.t.Fatalf("no connection %q in %q", name, space)
	}
	return c.ID
}

// space returns the id of a space by its name.
func (r *rig) space(name string) string {
	r.t.Helper()
	for _, s := range r.want(200, "GET", "/api/v1/spaces?limit=100", "").list("data") {
		if s["name"] == name {
			return s["id"].(string)
		}
	}
	r.t.Fatalf("no space %q", name)
	return ""
}

func (r *rig) user(email string) string {
	r.t.Helper()
	found := r.want(200, "GET", "/api/v1/users?filter="+query(`email eq "`+email+`"`), "").list("data")
	if len(found) != 1 {
		r.t.Fatalf("%d users with %s", len(found), email)
	}
	return found[0]["id"].(string)
}

// noMisuse fails the test if a request broke the contract.
func (r *rig) noMisuse() {
	r.t.Helper()
	if m := r.Misuse(); len(m) > 0 {
		r.t.Errorf("misuse: %q", m)
	}
}

func (p reply) list(name string) []map[string]any {
	items, _ := p.body[name].([]any)
	out := make([]map[string]any, len(items))
	for i, item := range items {
		out[i] = item.(map[string]any)
	}
	return out
}

func (p reply) names() string {
	var names []string
	for _, item := range p.list("data") {
		for _, key := range []string{"qName", "name"} {
			if name, ok := item[key].(string); ok {
				names = append(names, name)
			}
		}
	}
	return strings.Join(names, ",")
}

func (p reply) at(path ...string) any {
	var v any = p.body
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

// detail returns the detail of the first error.
func (p reply) detail() string {
	errs := p.list("errors")
	if len(errs) == 0 {
		return ""
	}
	text, _ := errs[0]["detail"].(string)
	return text
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
