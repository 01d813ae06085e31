package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/workdir"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/spec"
)

// TestNothingThatQlsyncWritesHoldsASecret sends random secrets through every command
// and every format, with the debug log, on a tenant that behaves and on ones that
// quote what they were asked. No stream and no file that was written may hold one of
// them: plain, in base64, URL-encoded, or escaped as JSON or HTML.
func TestNothingThatQlsyncWritesHoldsASecret(t *testing.T) {
	for name, world := range map[string]world{
		"a tenant that behaves":                 {},
		"writes are refused with what was sent": {signIn: "oauth", tokens: true, hostile: quoteWrites},
		"what is read is refused with the token": {signIn: "oauth", tokens: true, hostile: func(r *http.Request) bool {
			return r.Method == http.MethodGet && r.URL.Query().Has("parseConnection")
		}},
		"nobody is let in":        {hostile: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/me") }},
		"nobody is given a token": {signIn: "oauth", hostile: asksForToken},
		"lists lead to the token": {hostile: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/spaces") }},
		"nothing is known of data sources": {hostile: func(r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/data-sources")
		}},
		"a manager that behaves":                        {provider: "apinizer", signIn: "token"},
		"a manager refuses what is written with it":     {provider: "apinizer", signIn: "user", tokens: true, hostile: quoteWrites},
		"a manager issues no token and quotes the user": {provider: "apinizer", signIn: "user", hostile: asksForToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCanaries(t, world)
			c.everything()
			if world.hostile == nil && world.provider == "" && c.forged < 10 {
				t.Errorf("only %d lines show the forged name: too few commands have seen it", c.forged)
			}
			if world.hostile == nil && world.provider == "" && c.differ == 0 {
				t.Error("no output reports that statements differ: no statement was compared")
			}
			if world.hostile != nil && c.quoted.Load() == 0 {
				t.Error("nothing was quoted: the tenant has tried nothing")
			}
			if given := c.given.Load(); world.tokens != (given > 0) {
				t.Errorf("%d tokens were given", given)
			}
		})
	}
}

// world is a kind of tenant, how one signs in to it, and what it refuses by quoting.
type world struct {
	provider string // empty: qlik
	signIn   string // empty: by an API key
	tokens   bool   // the manager issues tokens
	hostile  hostility
}

// hostility reports whether a request is answered with an error that quotes the request.
type hostility func(*http.Request) bool

func quoteWrites(r *http.Request) bool { return r.Method != http.MethodGet && !asksForToken(r) }

func asksForToken(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/token") }

// canaries is a project full of secrets, and the tenant that it belongs to.
type canaries struct {
	*testing.T
	world
	folder  string
	environ map[string]string
	mu      sync.Mutex
	secrets map[string]string // what each is, and its value
	tenant  http.Handler
	quoted  atomic.Int64
	given   atomic.Int64 // tokens
	forged  int          // lines of output that show the forged name
	differ  int          // outputs that report that statements differ from properties
}

// forgedName is a command to the runners of Azure Pipelines, and the name of a live connection.
const forgedName = "##vso[task.setvariable variable=PATH]evil"

func newCanaries(t *testing.T, w world) *canaries {
	c := &canaries{T: t, world: w, folder: t.TempDir(), environ: map[string]string{}, secrets: map[string]string{}}
	for _, name := range []string{"PASSWORD", "BASIC", "CLIENT_SECRET", "CANARY_EXEC", spec.FingerprintVariable} {
		c.environ[name] = c.secret(name)
	}
	c.environ["ADDRESS"] = "https://reader:" + url.QueryEscape(c.secret("an address")) + "@rates.example.com"
	token := "token-" + rand.Text()
	c.secrets["the token"], c.environ["TOKEN"] = token, token
	c.write("in/key.json", c.secret("a file"))
	files := c.qlik
	if w.provider == "apinizer" {
		files = c.apinizer
	}
	connections := files(token)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	auth := map[string]string{
		"":      "{apiKey: {env: TOKEN}}",
		"oauth": "{oauth: {clientId: canary, clientSecret: {env: CLIENT_SECRET}}}",
		"token": "{token: {env: TOKEN}}",
		"user":  "{user: canary, password: {env: CLIENT_SECRET}}",
	}[w.signIn]
	c.write("in/qlsync.yaml", "version: 1\nproject: acme\nconnections: [connections.yaml]\nspaces: [Finance]\nschemas: ../schemas\n"+
		"tenants: {test: {provider: "+cmp.Or(w.provider, "qlik")+", url: \""+server.URL+"\", auth: "+auth+"}}\n")
	c.write("in/connections.yaml", connections)
	return c
}

// qlik makes a tenant of Qlik Cloud, and returns what is declared for it.
func (c *canaries) qlik(token string) string {
	seed, err := json.Marshal(map[string]any{
		"users": []any{
			map[string]any{"name": "Ana", "email": "ana@example.com", "roles": []any{"TenantAdmin"}},
			map[string]any{"name": "Bo", "email": "bo@example.com"},
		},
		"spaces": []any{map[string]any{"id": "640000000000000000000001", "name": "Finance", "type": "shared"}},
		"token":  token, "oauth": map[string]any{"clientId": "canary", "clientSecret": c.environ["CLIENT_SECRET"]},
		"connections": []any{
			c.live("Rates", c.secret("a header of a declared connection"), c.secret("an address of a declared connection")),
			c.live(forgedName, c.secret("a header of a connection with a forged name"), c.secret("an address of a connection with a forged name")),
			c.live("::set-env name=PATH::evil", c.secret("a header of another forged name"), c.secret("an address of another forged name")),
			c.live("Undeclared", c.secret("a header of another connection"), c.secret("an address of another connection")),
			map[string]any{
				"name": "Pages", "space": "Finance", "dataSource": "rest", "properties": map[string]any{
					"url": "https://pages.example.com", "authSchema": "anonymous", "OffsetDataPath": c.secret("what the files call sensitive"),
				},
				"statement": c.statement("Pages"), "tags": []string{connectorTag},
			},
			c.stated("Prices"), c.stated("Stock"), c.stated("Staff"), c.stated("Sales"), c.stated("Sites"), c.stated("Shops"),
		},
	})
	c.must(err)
	c.tenant, err = qlik.New(seed, qlik.Options{})
	c.must(err)
	var declared []string
	for _, name := range []string{"Prices", "Stock", "Staff", "Sales", "Sites", "Shops"} {
		declared = append(declared, "  - {name: "+name+", dataSource: rest, properties: {url: https://stated.example, authSchema: anonymous}}\n")
	}
	return `version: 1
defaults: {space: Finance}
connections:
  - {name: Ledger, dataSource: snowflake, properties: {server: acme.example}, credentials: {username: reader, password: {env: PASSWORD}}}
  - {name: Sensors, dataSource: File_GoogleCloudStorageConnector, properties: {bucketName: s}, credentials: {serviceAccountKeyFile: [{name: k, value: {file: key.json, encoding: base64}}]}}
  - {name: Lake, dataSource: File_AmazonS3ConnectorV2, properties: {bucketName: l}, credentials: {accessKey: {file: key.json}, secretKey: {exec: [sh, -c, 'printf %s "$CANARY_EXEC"']}}}
  - {name: Rates, dataSource: rest, lifecycle: {adopt: true}, properties: {authSchema: anonymous, OffsetDataPath: /new}, credentials: {queryHeaders: [{name: Accept, value: text/csv}, {name: Authorization, value: {env: BASIC}}]}}
  - {name: Pages, dataSource: rest, lifecycle: {adopt: true}, sensitive: [OffsetDataPath], properties: {url: https://pages.example.org, authSchema: anonymous}}
` + strings.Join(declared, "")
}

const connectorTag = "DcaasAPI:QvRestConnector.exe:3.30.0"

// statement makes a connect statement with secrets that are in no property of its connection.
func (c *canaries) statement(name string) string {
	key, value := rand.Text(), rand.Text()
	c.secrets["a key in the statement of "+name], c.secrets["a value in the statement of "+name] = key, value
	return `CUSTOM CONNECT TO "provider=QvRestConnector.exe;url=https://` + value + `.example;authSchema=anonymous;` + key + `=` + value + `;"`
}

// stated is a connection of ours with such a statement: the lists prove nothing of it.
func (c *canaries) stated(name string) map[string]any {
	space := connection.Space{ID: "640000000000000000000001", Name: "Finance"}
	return map[string]any{
		"name": name, "space": "Finance", "dataSource": "rest", "properties": map[string]any{"url": "https://stated.example", "authSchema": "anonymous"},
		"statement": c.statement(name), "tags": []string{connectorTag, "qlsync:acme", "qlsync-key:" + connection.KeyRecord(space, name)},
	}
}

// apinizer makes an Apinizer manager that shows secrets in the clear, and returns what is
// declared for it.
func (c *canaries) apinizer(token string) string {
	live := func(name, kind string, fields map[string]any) map[string]any {
		return map[string]any{"project": "Finance", "name": name, "type": kind, "fields": fields}
	}
	hook := func(name string) map[string]any {
		return live(name, "webhook", map[string]any{
			"fullUrl":    "https://reader:" + url.QueryEscape(c.secret("the address of "+name)) + "@rates.example.com",
			"headerList": []any{map[string]any{"name": "Authorization", "value": c.secret("a header of " + name)}},
		})
	}
	seed, err := json.Marshal(map[string]any{
		"token": token, "user": map[string]any{"name": "canary", "password": c.environ["CLIENT_SECRET"]},
		"projects": []any{map[string]any{"name": "Finance"}}, "behaviour": map[string]any{"secrets": "clear"},
		"connections": []any{
			hook("Rates"), hook("Undeclared"),
			live("Pages", "syslog", map[string]any{"syslogServerHostname": "pages.example.com", "syslogMessageHostname": c.secret("what the files call sensitive")}),
			live("Mail", "email", map[string]any{"host": "mail.example", "auth": true, "username": "ana", "password": c.secret("a password in the clear")}),
		},
	})
	c.must(err)
	c.tenant, err = apinizer.New(seed, apinizer.Options{})
	c.must(err)
	return `version: 1
defaults: {space: Finance}
connections:
  - {name: Ledger, dataSource: database, properties: {dbType: POSTGRES, jdbcUrl: "jdbc:postgresql://db.example/x", username: reader}, credentials: {password: {env: PASSWORD}}}
  - {name: Sensors, dataSource: graylog, properties: {hostname: g.example, tlsEnabled: true, tlsCertVerificationEnabled: true}, credentials: {tlsTrustCertChainFile: {file: key.json, encoding: base64}}}
  - {name: Lake, dataSource: ftp, properties: {host: ftp.example, username: reader, protocol: SFTP, port: 22}, credentials: {password: {exec: [sh, -c, 'printf %s "$CANARY_EXEC"']}}}
  - {name: Rates, dataSource: webhook, lifecycle: {adopt: true}, properties: {timeout: 9}, credentials: {fullUrl: {env: ADDRESS}, headerList: [{name: Accept, value: text/csv}, {name: Authorization, value: {env: BASIC}}]}}
  - {name: Pages, dataSource: syslog, lifecycle: {adopt: true}, sensitive: [syslogMessageHostname], properties: {syslogServerHostname: pages.example.org}}
`
}

// secret makes a value with everything that is escaped somewhere.
func (c *canaries) secret(what string) string {
	value := rand.Text()[:10] + `"/&+<é>\ ` + rand.Text()[:10]
	c.secrets[what] = value
	return value
}

// live is a connection that has been made by hand, with secrets in the open: its
// connect statement has them too.
func (c *canaries) live(name, header, address string) map[string]any {
	return map[string]any{"name": name, "space": "Finance", "dataSource": "rest", "properties": map[string]any{
		"url": "https://reader:" + url.QueryEscape(address) + "@rates.example.com", "authSchema": "anonymous",
		"queryHeaders": []any{map[string]any{"name": "Authorization", "value": header}},
	}}
}

func (c *canaries) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *canaries) write(name, text string) {
	path := filepath.Join(c.folder, filepath.FromSlash(name))
	c.must(os.MkdirAll(filepath.Dir(path), 0o700))
	c.must(os.WriteFile(path, []byte(text), 0o600))
}

// ServeHTTP lets the tenant answer, or quotes the request in every way.
func (c *canaries) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.hostile == nil || !c.hostile(r) {
		if asksForToken(r) {
			w = tcpListener{w, c}
		}
		c.tenant.ServeHTTP(w, r)
		return
	}
	// Each way of quoting is used in one place, and in another place the next time.
	turn := int(c.quoted.Add(1))
	body, _ := io.ReadAll(r.Body)
	said := r.Header.Get("Authorization") + " " + string(body)
	places := []string{"code", "title", "detail"}
	var details []any
	for i, encode := range quotations {
		details = append(details, map[string]any{places[(i+turn)%len(places)]: encode(said)})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-B3-Traceid", base64.StdEncoding.EncodeToString([]byte(said)))
	if strings.HasSuffix(r.URL.Path, "/spaces") {
		w.Header().Set("Location", "/api/v1/"+url.PathEscape(said))
		w.WriteHeader(http.StatusFound)
		return
	}
	w.WriteHeader(http.StatusBadRequest)
	answer := map[string]any{"errors": details, "traceId": said}
	if c.provider == "apinizer" {
		answer = map[string]any{"status": "FAILURE"}
		for i, place := range []string{"resultMessage", "error", "error_description"} {
			answer[place] = quotations[(i+turn)%len(quotations)](said)
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// tcpListener keeps the token of an answer.
type tcpListener struct {
	http.ResponseWriter
	canaries *canaries
}

func (l tcpListener) Write(text []byte) (int, error) {
	var given struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(text, &given) == nil && given.Token != "" {
		l.canaries.mu.Lock()
		defer l.canaries.mu.Unlock()
		l.canaries.secrets[fmt.Sprint("the token of sign-in ", l.canaries.given.Add(1))] = given.Token
	}
	return l.ResponseWriter.Write(text)
}

// quotations are the ways in which a service may quote, and in which is looked for.
var quotations = []func(string) string{
	func(s string) string { return s },
	func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	url.QueryEscape, url.PathEscape, html.EscapeString,
	func(s string) string { text, _ := json.Marshal(s); return string(text) },
	func(s string) string {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(s)
		return text.String()
	},
}

// run runs a command in this process, with the debug log where it has one, and looks
// at what it says.
func (c *canaries) run(folder string, args ...string) {
	c.Helper()
	var output transcript
	env := &environment{
		stdin: strings.NewReader(""), stdout: &output, stderr: &output, workDir: workdir.Dir(filepath.Join(c.folder, folder)),
		lookup:  func(name string) (string, bool) { value, ok := c.environ[name]; return value, ok },
		environ: func() []string { return append(os.Environ(), "CANARY_EXEC="+c.environ["CANARY_EXEC"]) },
	}
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	if args[0] == "simulate" {
		ctx, cancel = context.WithTimeout(c.Context(), 100*time.Millisecond)
		defer cancel()
	}
	app := newApp(env)
	line := append([]string{"qlsync"}, args...)
	code := env.exitCode(app.RunContext(ctx, commandline.Arrange(app, sharedFlags(), line)))
	c.look("the output of "+strings.Join(args, " "), output.String())
	if strings.Contains(output.String(), "differs from the connections themselves") {
		c.differ++
	}
	for line := range strings.Lines(output.String()) {
		if strings.Contains(line, "##vso[") || strings.HasPrefix(strings.TrimSpace(line), "::set-env") {
			c.Errorf("the runner of a pipeline obeys a line of %s: %q", strings.Join(args, " "), line)
		}
		if strings.Contains(line, "task.setvariable") {
			c.forged++
		}
	}
	if strings.Contains(output.String(), "see qlsync") {
		c.Errorf("%s was not understood (%d): %s", strings.Join(args, " "), code, output.String())
	}
}

// transcript is what a command says. What it has begun and given up may still log.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(text)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// look demands that a text holds no secret.
func (c *canaries) look(where, text string) {
	c.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, secret := range c.secrets {
		for i, encode := range quotations {
			form := strings.TrimRight(strings.Trim(strings.TrimSpace(encode(secret)), `"`), "=")
			if strings.Contains(text, form) {
				c.Errorf("%s holds %s (form %d):\n%s", where, what, i, text)
			}
		}
	}
}

// lookAtFiles demands that no file holds a secret, but those that people wrote.
func (c *canaries) lookAtFiles() {
	c.must(filepath.WalkDir(c.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path, filepath.Join(c.folder, "in")+string(filepath.Separator)) {
			return err
		}
		text, err := os.ReadFile(path)
		c.look(path, string(text))
		return err
	}))
}

// onProject are the flags of a command on the project, which lies in a folder of its
// own: what is written lies elsewhere.
var onProject = []string{"-c", "../in/qlsync.yaml", "--log-level", "debug", "--allow-exec"}

// everything runs every command that there is.
func (c *canaries) everything() {
	c.must(os.Mkdir(filepath.Join(c.folder, "out"), 0o700))
	c.must(os.Mkdir(filepath.Join(c.folder, "new"), 0o700))
	project := func(args ...string) { c.Helper(); c.run("out", append(args, onProject...)...) }
	each := func(names []string, args ...string) {
		c.Helper()
		for _, format := range names {
			project(append(args, "--format", format, "--report", format+"=report-"+args[0]+"-"+format)...)
		}
	}
	cache := []string{"--cache", "cache"}
	if c.provider == "apinizer" {
		cache = nil // it has none
	}
	cover := map[string]func(){
		"init": func() { c.run("new", "init"); c.run("new", "plan", "--log-level", "debug") },
		"validate": func() {
			each(report.ValidationFormats(version()).Names(), "validate")
			project("validate", "--all-tenants")
		},
		"fmt": func() {
			c.run("out", "fmt", "--check", "-c", "../in/qlsync.yaml")
			c.run("out", "fmt", "--check", "../in/key.json")
		},
		"plan": func() {
			each(report.PlanFormats().Names(), append([]string{"plan", "--out", "plan.json"}, cache...)...)
			project("plan", "--all-tenants", "--out", "plans.json")
			project("plan", "--all-tenants", "--format", "html", "--report", "html=plans.html", "--report", "text=plans.txt")
			project("plan", "--snapshot", "live.json", "--out", "offline.json")
			project("plan", "--snapshot", "../in/key.json")
		},
		"apply": func() {
			project("apply", "plan.json")
			for _, format := range report.ResultFormats().Names() {
				project("apply", "--auto-approve", "--format", format, "--report", "json=result.json", "--rotate", "Finance/Ledger", "--rotate", "Finance/Lake")
			}
			c.environ["PASSWORD"] = c.secret("the next password")
			project("apply", "--all-tenants", "--auto-approve", "--format", "jsonl", "--report", "json=results.json", "--report", "junit=results.xml")
			project("apply", "plans.json", "--resume", "results.json")
			project("apply", "--auto-approve")
			project("apply", "../in/key.json")
			delete(c.environ, "BASIC")
			project("apply", "--auto-approve", "--rotate", "Finance/Rates")
		},
		"drift": func() {
			each(report.DriftFormats(report.HTML{}).Names(), "drift", "--history", "history.jsonl")
			project("drift", "--all-tenants")
		},
		"impact": func() {
			each(report.ImpactFormats().Names(), append([]string{"impact", "--usage-history", "uses.history"}, cache...)...)
			project("impact", "--unused", "--days", "1")
		},
		"check":    func() { each(report.CheckFormats().Names(), "check"); project("check", "--since", "result.json") },
		"snapshot": func() { project("snapshot", "--out", "live.json"); project("snapshot") },
		"merge": func() {
			for _, format := range []string{"text", "markdown", "json", "jsonl"} {
				c.run("out", "merge", "plans.json", "plan.json", "--format", format)
				c.run("out", "merge", "results.json", "result.json", "--format", format)
			}
			c.run("out", "merge", "../in/key.json")
		},
		"show": func() {
			for _, file := range []string{"plan.json", "result.json", "report-drift-json", "../in/key.json", "offline.json"} {
				for _, format := range []string{"text", "markdown", "json"} {
					c.run("out", "show", file, "--format", format)
				}
			}
			c.run("out", "show", "plan.json", "--format", "html")
		},
		"export": func() { project("export"); project("export", "--space", "Finance", "--out", "exported") },
		"schemas": func() {
			c.run("out", append([]string{"schemas", "pull", "rest"}, onProject...)...)
			c.run("out", append([]string{"schemas", "list"}, onProject...)...)
			c.run("out", append([]string{"schemas", "editor"}, onProject...)...)
		},
		"fleet": func() {
			c.run("out", append([]string{"fleet", "list"}, onProject...)...)
			c.run("out", append([]string{"fleet", "list", "--format", "json"}, onProject...)...)
			c.run("out", append([]string{"fleet", "refresh"}, onProject...)...)
		},
		"doctor":  func() { each(report.DoctorFormats().Names(), "doctor"); project("doctor", "--all-tenants") },
		"secrets": func() { each(report.SecretsFormats().Names(), "secrets") },
		"simulate": func() {
			c.run("out", "simulate", "--tenant", "../in/key.json")
			c.run("out", "simulate", "--fleet", "2", "--tenant", "../in/key.json", "--ca", "ca.pem")
		},
		"completion": func() {
			for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
				c.run("out", "completion", shell)
			}
		},
		"complete": func() {},
		"version":  func() { c.run("out", "version"); c.run("out", "version", "--format", "json") },
		"man":      func() { c.run("out", "man") },
		"explain":  func() { c.run("out", "explain"); c.run("out", "explain", "no-space") },
	}
	var names []string
	for _, command := range newApp(&environment{stdout: io.Discard, stderr: io.Discard}).Commands {
		if command.Name == "help" {
			continue // it reads nothing
		}
		names = append(names, command.Name)
		if cover[strings.TrimLeft(command.Name, "_-")] == nil {
			c.Errorf("no secret was sent through qlsync %s: add it here", command.Name)
		}
	}
	// The commands that write files for others run first.
	for _, name := range []string{"init", "validate", "snapshot", "plan", "apply", "drift"} {
		cover[name]()
	}
	for _, name := range names {
		if run := cover[strings.TrimLeft(name, "_-")]; run != nil && !slices.Contains([]string{"init", "validate", "snapshot", "plan", "apply", "drift"}, name) {
			run()
		}
	}
	c.lookAtFiles()
	if c.hostile == nil {
		for _, file := range []string{"plan.json", "live.json", "result.json", "history.jsonl", "report-drift-html", "report-plan-html", "plans.html", "exported"} {
			if _, err := os.Stat(filepath.Join(c.folder, "out", file)); err != nil {
				c.Errorf("got error %v, want a file of output to look at", err)
			}
		}
	}
}
