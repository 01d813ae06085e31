package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// wiretap is a server that keeps everything that it receives, and counts the answers of an evil owner.
type wiretap struct {
	host   string
	answer func(w http.ResponseWriter, r *http.Request) bool // instead of next; false: there is none. May be nil
	next   http.Handler

	mu       sync.Mutex
	received strings.Builder
	evil     int
}

func tap(t *testing.T, next http.Handler) *wiretap {
	t.Helper()
	l := &wiretap{next: next}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	l.host = strings.TrimPrefix(server.URL, "http://")
	return l
}

func (l *wiretap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	l.mu.Lock()
	defer l.mu.Unlock()
	user, password, _ := r.BasicAuth()
	fmt.Fprintln(&l.received, r.Method, r.URL, r.Header, user, password, string(body))
	if l.answer != nil && l.answer(w, r) {
		l.evil++
		return
	}
	l.next.ServeHTTP(w, r)
}

// chosenTenant is a tenant of a fleet, as its list has it.
type chosenTenant struct {
	*inspect.Tenant
	wire            *wiretap
	is              string // the id that it reports
	id, name, stage string // as the list has them
	host            string // where the list says that it is
}

// beHonest lists the tenant as it is.
func (c *chosenTenant) beHonest() {
	c.id, c.name, c.stage, c.host, c.wire.answer = c.is, "Customer "+c.is, c.is, c.wire.host, nil
}

// secretsOf returns the secrets that the files give to the tenant of an id, by the variable.
func secretsOf(id string) map[string]string {
	secrets := map[string]string{}
	for _, kind := range []string{"KEY", "USER", "PASSWORD"} {
		secrets[kind+"_"+id] = strings.ToLower(kind) + "-canary-of-" + id + "-until-here"
	}
	return secrets
}

// chosenFleet is a fleet in which one tenant belongs to somebody who wants the secrets of the others.
// The last tenant is that one.
type chosenFleet struct {
	*testing.T
	folder    string
	tenants   []*chosenTenant
	stranger  *wiretap // is in nobody's files
	console   *wiretap // nil: the tenants are in a file
	list      http.Handler
	name      string // what the name of the secret that signs in ends with
	byOAuth   bool
	variables map[string]string
	// reviewed has hosts of tenants that the list shows as another one. The lock file is reviewed, and
	// the sign-in is sent there to learn which tenant it is; credentials of connections are not.
	reviewed map[string]string
}

const evilID = "EVIL"

// chosenCases is what the evil owner does. It reports how often that happened, after the run.
var chosenCases = []struct {
	name    string
	oauth   bool // the case is about signing in
	do      func(f *chosenFleet, evil *chosenTenant)
	reaches bool // the answer of the evil tenant is part of the case
	goesOn  bool // the evil choice is harmless, so the others are written
}{
	{name: "the host of another tenant", do: func(f *chosenFleet, evil *chosenTenant) { evil.host = f.tenants[0].host }},
	{name: "the host of another tenant in other letters", do: func(f *chosenFleet, evil *chosenTenant) {
		evil.host = strings.Replace(f.tenants[0].host, "127.0.0.1", "LOCALHOST", 1)
		f.tenants[0].host = strings.ToLower(evil.host)
	}},
	{name: "a host outside of the fleet", do: func(f *chosenFleet, evil *chosenTenant) { evil.host = f.stranger.host }},
	{name: "a host outside for another tenant", do: func(f *chosenFleet, _ *chosenTenant) { f.tenants[0].host = f.stranger.host }},
	{name: "the hosts of two others exchanged", do: func(f *chosenFleet, _ *chosenTenant) {
		a, b := f.tenants[0], f.tenants[1]
		a.host, b.host = b.host, a.host
		f.reviewed = map[string]string{a.host: a.id, b.host: b.id}
	}},
	{name: "the id of another", do: func(f *chosenFleet, evil *chosenTenant) { evil.id = f.tenants[0].id }},
	{name: "the id of another in other letters", do: func(f *chosenFleet, evil *chosenTenant) { evil.id = strings.ToLower(f.tenants[0].id) }},
	{name: "the name of another's secret", goesOn: true, do: func(f *chosenFleet, evil *chosenTenant) { evil.name = f.tenants[0].id }},
	{name: "a name in the name of a secret", do: func(f *chosenFleet, evil *chosenTenant) { evil.name, f.name = f.tenants[0].id, "${tenant.name}" }},
	{name: "a host in the name of a secret", do: func(f *chosenFleet, _ *chosenTenant) {
		f.name = "${tenant.host}"
		f.variables["KEY_"+f.tenants[0].host] = secretsOf(f.tenants[0].id)["KEY_"+f.tenants[0].id]
	}},
	{name: "a placeholder as a name", do: func(f *chosenFleet, evil *chosenTenant) { evil.name = "${tenant.id}${env.KEY_" + f.tenants[0].id + "}" }, goesOn: true},
	{name: "a column that leads elsewhere", do: func(f *chosenFleet, evil *chosenTenant) {
		f.console, f.name, evil.stage = nil, "${tenant.stage}", "../KEY_"+f.tenants[0].id
	}},
	{name: "a redirect of every read", reaches: true, goesOn: true, do: func(f *chosenFleet, evil *chosenTenant) {
		evil.wire.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet {
				return false
			}
			http.Redirect(w, r, "http://"+f.stranger.host+r.URL.String(), http.StatusTemporaryRedirect)
			return true
		}
	}},
	{name: "a redirect to another tenant", reaches: true, goesOn: true, do: func(f *chosenFleet, evil *chosenTenant) {
		evil.wire.answer = func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://"+f.tenants[0].wire.host+r.URL.String(), http.StatusPermanentRedirect)
			return true
		}
	}},
	{name: "a redirect of the request for a token", oauth: true, reaches: true, goesOn: true, do: func(f *chosenFleet, evil *chosenTenant) {
		evil.wire.answer = func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://"+f.stranger.host+r.URL.String(), http.StatusTemporaryRedirect)
			return true
		}
	}},
	{name: "an answer that names a token endpoint", oauth: true, reaches: true, goesOn: true, do: func(f *chosenFleet, evil *chosenTenant) {
		evil.wire.answer = func(w http.ResponseWriter, r *http.Request) bool {
			elsewhere := "http://" + f.stranger.host + "/oauth/token"
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("WWW-Authenticate", fmt.Sprintf("Bearer authorization_uri=%q", elsewhere))
			w.Header().Set("Link", "<"+elsewhere+`>; rel="token_endpoint"`)
			w.Header().Set("Location", elsewhere)
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"token_endpoint": %[1]q, "authUrl": %[1]q, "issuer": "http://%[2]s"}`, elsewhere, f.stranger.host)
			return true
		}
	}},
	{name: "a next page elsewhere", reaches: true, goesOn: true, do: func(f *chosenFleet, evil *chosenTenant) {
		evil.wire.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || r.URL.Path != "/api/v1/spaces" {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"data": [], "links": {"next": {"href": "http://%s/api/v1/spaces?next=2"}}}`, f.stranger.host)
			return true
		}
	}},
}

func drawChosen(t *testing.T, random *rand.Rand, oauth bool) *chosenFleet {
	t.Helper()
	f := &chosenFleet{T: t, folder: t.TempDir(), stranger: tap(t, http.NotFoundHandler()), name: "${tenant.id}", byOAuth: oauth || random.IntN(2) == 0, variables: map[string]string{"ORG": "organization-canary"}}
	for i := range 3 + random.IntN(3) {
		id := fmt.Sprintf("T%d", i)
		if i == 0 {
			id = "TA" // has another letter case
		}
		f.add(id)
	}
	f.add(evilID)
	if random.IntN(2) == 0 {
		f.console = tap(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.list.ServeHTTP(w, r) }))
	}
	return f
}

func (f *chosenFleet) add(id string) {
	f.Helper()
	signIn := fmt.Sprintf(`"token": %q`, secretsOf(id)["KEY_"+id])
	if f.byOAuth {
		signIn = fmt.Sprintf(`"oauth": {"clientId": "regional", "clientSecret": %q}`, secretsOf(id)["KEY_"+id])
	}
	inner, err := inspect.New(fmt.Appendf(nil, `{"tenantId": %q, %s, "users": [{"email": "ana@example.com", "roles": ["TenantAdmin"]}], "spaces": [{"name": "Finance", "type": "shared"}]}`, id, signIn), qlik.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = inner.Close() })
	tenant := &chosenTenant{Tenant: inner, wire: tap(f.T, inner), is: id}
	tenant.beHonest()
	f.tenants = append(f.tenants, tenant)
	for name, value := range secretsOf(id) {
		f.variables[name] = value
	}
}

// writeChosen writes the project with a list of these tenants.
func (f *chosenFleet) writeChosen(tenants []*chosenTenant) {
	f.Helper()
	var hosts []string
	for _, tenant := range f.tenants {
		hosts = append(hosts, tenant.wire.host, strings.Replace(tenant.wire.host, "127.0.0.1", "localhost", 1))
	}
	from, list := "{file: tenants.csv}", "id,name,host,stage\n"
	for _, tenant := range tenants {
		list += fmt.Sprintf("%s,%s,%s,%s\n", tenant.id, tenant.name, tenant.host, tenant.stage)
	}
	if f.console != nil {
		from = fmt.Sprintf("{organization: {url: %q, auth: {oauth: {clientId: org, clientSecret: {env: ORG}}}}}", "http://"+f.console.host)
		f.list = f.listing(tenants)
	}
	auth := fmt.Sprintf("apiKey: {env: %q}", "KEY_"+f.name)
	if f.byOAuth {
		auth = fmt.Sprintf("oauth: {clientId: regional, clientSecret: {env: %q}}", "KEY_"+f.name)
	}
	allowed, _ := json.Marshal(hosts)
	for name, text := range map[string]string{
		"tenants.csv": list,
		"qlsync.yaml": fmt.Sprintf("version: 1\nproject: fleet\nconnections: [connections.yaml]\nfleet:\n  from: %s\n  hosts: %s\n  tenant: {name: \"${tenant.name}\", url: \"http://${tenant.host}\", auth: {%s}}\n", from, allowed, auth),
		"connections.yaml": `version: 1
connections:
  - name: Lake
    space: Finance
    dataSource: File_AmazonS3ConnectorV2
    properties: {bucketName: lake}
    credentials: {accessKey: {env: "USER_${tenant.id}"}, secretKey: {env: "PASSWORD_${tenant.id}"}}
`,
	} {
		if err := os.WriteFile(filepath.Join(f.folder, name), []byte(text), 0o600); err != nil {
			f.Fatal(err)
		}
	}
}

// listing returns a console that lists these tenants.
func (f *chosenFleet) listing(tenants []*chosenTenant) http.Handler {
	f.Helper()
	var entries []map[string]any
	for _, tenant := range tenants {
		entries = append(entries, map[string]any{"id": tenant.id, "name": tenant.name, "status": "active", "hostnames": []string{tenant.host}})
	}
	extra, err := json.Marshal(entries)
	if err != nil {
		f.Fatal(err)
	}
	fleet, err := qlik.NewFleet(fmt.Appendf(nil, `{"tenants": [], "organization": {"clientId": "org", "clientSecret": %q}, "console": {"linkHost": %q, "extra": %s}}`, f.variables["ORG"], f.console.host, extra), qlik.Options{})
	if err != nil {
		f.Fatal(err)
	}
	fleet.Place([]string{f.console.host})
	return fleet
}

// run refreshes the list of tenants and applies. A list that is refused is written into the lock file
// anyway: somebody may have edited that file.
func (f *chosenFleet) run(tenants []*chosenTenant) (refreshed, applied int, said string) {
	f.Helper()
	f.writeChosen(tenants)
	config := []string{"-c", filepath.Join(f.folder, "qlsync.yaml")}
	refreshed, _, refusal := command(f.T, f.variables, append([]string{"fleet", "refresh"}, config...)...)
	if refreshed != exitOK {
		lock := map[string]any{"format": "qlsync.tenants/v1"}
		var entries []map[string]any
		for _, tenant := range tenants {
			entry := map[string]any{"id": tenant.id, "name": tenant.name, "host": tenant.host}
			if f.console == nil {
				entry["columns"] = map[string]string{"stage": tenant.stage}
			}
			entries = append(entries, entry)
		}
		lock["tenants"] = entries
		text, err := json.Marshal(lock)
		if err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.folder, "tenants.lock.json"), text, 0o600); err != nil {
			f.Fatal(err)
		}
	}
	applied, out, refusals := command(f.T, f.variables, append([]string{"apply", "--auto-approve", "--all-tenants", "--lock-dir", filepath.Join(f.folder, "locks")}, config...)...)
	return refreshed, applied, refusal + out + refusals
}

// checkSecrets demands that each server has received only secrets that the files give to the tenant
// that it is: by the id that this tenant reports, regardless of the list.
func (f *chosenFleet) checkSecrets() {
	f.Helper()
	look := func(l *wiretap, who string, may map[string]string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for name, secret := range f.variables {
			if slices.Contains(mapValues(may), secret) {
				continue
			}
			for i, encode := range quotations {
				if form := strings.TrimRight(strings.Trim(strings.TrimSpace(encode(secret)), `"`), "="); strings.Contains(l.received.String(), form) {
					f.Errorf("%s received the secret %s (form %d):\n%s", who, name, i, l.received.String())
				}
			}
		}
	}
	look(f.stranger, "a host that is not in the files", nil)
	if got := f.stranger.received.String(); got != "" { // a token that a tenant issued is a secret too
		f.Errorf("a host that is not in the files received requests, want none:\n%s", got)
	}
	if f.console != nil {
		look(f.console, "the console", map[string]string{"ORG": f.variables["ORG"]})
	}
	for _, tenant := range f.tenants {
		may := secretsOf(tenant.is)
		if id := f.reviewed[tenant.wire.host]; id != "" {
			may["KEY_"+id] = secretsOf(id)["KEY_"+id]
		}
		look(tenant.wire, "the tenant "+tenant.is, may)
	}
}

func mapValues(of map[string]string) (values []string) {
	for _, value := range of {
		values = append(values, value)
	}
	return values
}

// checkWritten demands that each of these tenants has its connection with its own credentials.
func (f *chosenFleet) checkWritten(tenants []*chosenTenant, said string) {
	f.Helper()
	for _, tenant := range tenants {
		lake, there := tenant.Find("Finance", "Lake")
		for property, name := range map[string]string{"accessKey": "USER_", "secretKey": "PASSWORD_"} {
			if !there || !tenant.CredentialEquals(lake.ID, property, secretsOf(tenant.is)[name+tenant.is]) {
				f.Errorf("%s has the connection: %t, and not its own %s:\n%s", tenant.is, there, property, said)
			}
		}
	}
}

// Somebody on the other side chooses a host, a name, an id, a column, or what a tenant answers. Then
// it is mended, and the fleet converges.
func TestRandomFleetsSendNoSecretWhereTheOtherSideWantsIt(t *testing.T) {
	happened := map[string]int{}
	for number := range max(*fleetsDrawn, 2*len(chosenCases)) {
		c := chosenCases[number%len(chosenCases)]
		t.Run(fmt.Sprint(number, " ", c.name), func(t *testing.T) {
			random := rand.New(rand.NewPCG(*fleetsSeed, uint64(number)))
			f := drawChosen(t, random, c.oauth)
			evil, honest := f.tenants[len(f.tenants)-1], f.tenants[:len(f.tenants)-1]
			c.do(f, evil)
			listed := slices.Clone(f.tenants)
			random.Shuffle(len(listed), func(i, j int) { listed[i], listed[j] = listed[j], listed[i] })
			refreshed, applied, said := f.run(listed)
			f.checkSecrets()
			if (f.console == nil || strings.Contains(f.console.received.String(), "/api/core/tenants")) && (!c.reaches || evil.wire.evil > 0) {
				happened[c.name]++
			}
			t.Logf("console %t, OAuth %t: refresh %d, apply %d", f.console != nil, f.byOAuth, refreshed, applied)
			if c.goesOn {
				f.checkWritten(honest, said)
			} else if applied == exitOK {
				t.Errorf("the apply ended with 0, want a refusal:\n%s", said)
			}
			for _, tenant := range f.tenants {
				tenant.beHonest()
			}
			f.name = "${tenant.id}"
			if refreshed, applied, said = f.run(listed); refreshed != exitOK || applied != exitOK {
				t.Errorf("after everything is mended, the refresh ended with %d and the apply with %d:\n%s", refreshed, applied, said)
			}
			f.checkSecrets()
			f.checkWritten(f.tenants, said)
		})
	}
	for _, c := range chosenCases {
		if happened[c.name] == 0 && !t.Failed() {
			t.Errorf("%s never happened, so nothing is proved", c.name)
		}
	}
}
