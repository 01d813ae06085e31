package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/export"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/qlik"
	"github.com/qlsync/qlsync/pkg/simulator"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/spec"
)

// hardTexts are what writers and readers of YAML get wrong, and what deceives.
var hardTexts = []string{
	"plain", "Plain", "with blank", " edge", "edge ", "yes", "No", "null", "~", "true", "012", "1e3", ".nan", "0x1F", "2026-01-02", "1_000",
	"${x}", "$${x}", "${var.stage}", "a: b", "a #b", "# c", "- d", "{e: f}", "[g]", "*h", "&i", "!j", "%k", "@l", "`m`", "'n'", `"o"`, `p\q`,
	"line\nbreak", "line\nbreak\n", "\ttab", "carriage\rreturn", "nul\x00", "\u202eturned", "\u2028", "é", "日本語", "😀", "<<", "=", "?", ":", ",", "|", ">",
	"DataFiles", "personal", "DcaasAPI:x", "qlsync-x", "{id: 1}", "--- a", "...", strings.Repeat("long ", 60),
}

// randomTenant draws a tenant as a seed of the embedded one.
func randomTenant(t *rapid.T) map[string]any {
	text := rapid.OneOf(rapid.SampledFrom(hardTexts), rapid.StringN(0, 12, 40))
	name := rapid.OneOf(rapid.SampledFrom(hardTexts), rapid.SampledFrom([]string{"A", "B", "a", "C"}))
	users := []any{
		map[string]any{"email": "ana@example.com", "roles": []any{"TenantAdmin"}}, map[string]any{"email": "bo@example.com"},
	}
	spaceNames := []string{"Finance", "personal", "Sales & Café", "日本", "yes", "012", "{id- 7}", "sales & café", "${x}", strings.Repeat("日", 256)}
	spaces, in := []any{}, []string{""}
	for _, space := range rapid.SliceOfNDistinct(rapid.SampledFrom(spaceNames), 1, 4, rapid.ID).Draw(t, "spaces") {
		spaces, in = append(spaces, map[string]any{"name": space, "type": "shared"}), append(in, space)
	}
	kinds := map[string]func() (properties, credentials map[string]any){
		"rest": func() (map[string]any, map[string]any) {
			properties := map[string]any{"url": rapid.SampledFrom([]string{"https://x.example", "https://me:pw@x.example", "https://x.example/?api_key=k7Qz"}).Draw(t, "url")}
			if rapid.Bool().Draw(t, "headers") {
				properties["queryHeaders"] = []any{
					map[string]any{"name": text.Draw(t, "header"), "value": text.Draw(t, "value"), "encrypt": rapid.Bool().Draw(t, "encrypt")},
					map[string]any{"name": "Authorization", "value": "hunter2"},
				}
			}
			properties["authSchema"] = rapid.SampledFrom([]string{"anonymous", "basic"}).Draw(t, "authSchema")
			return properties, map[string]any{"username": "u", "password": "p"}
		},
		"mssql": func() (map[string]any, map[string]any) {
			return map[string]any{
				"host": text.Draw(t, "host"), "database": text.Draw(t, "database"), "QueryTimeout": rapid.IntRange(0, 100).Draw(t, "timeout"),
				"port": rapid.SampledFrom([]string{"1433", "1434"}).Draw(t, "port"),
			}, map[string]any{"username": "u", "password": "p"}
		},
		"File_AmazonS3ConnectorV2": func() (map[string]any, map[string]any) {
			return map[string]any{"bucketName": text.Draw(t, "bucket"), "region": rapid.SampledFrom([]string{"us-east-1", "eu-west-1"}).Draw(t, "region")},
				map[string]any{"accessKey": "u", "secretKey": "p"}
		},
		"gbq": func() (map[string]any, map[string]any) {
			return map[string]any{"OAuthMechanism": rapid.SampledFrom([]string{"0", "1"}).Draw(t, "mechanism"), "Catalog": text.Draw(t, "catalog")},
				map[string]any{"KeyFilePath": []any{map[string]any{"name": "k", "value": "eA=="}}}
		},
		"teradata": func() (map[string]any, map[string]any) { return map[string]any{"host": "x"}, nil },
	}
	var connections []any
	for range rapid.IntRange(0, 14).Draw(t, "connections") {
		source := rapid.SampledFrom([]string{"rest", "mssql", "File_AmazonS3ConnectorV2", "gbq", "teradata"}).Draw(t, "source")
		properties, credentials := kinds[source]()
		c := map[string]any{"name": name.Draw(t, "name"), "dataSource": source, "properties": properties}
		if space := rapid.SampledFrom(in).Draw(t, "space"); space != "" {
			c["space"] = space
		}
		if rapid.Bool().Draw(t, "stored") && credentials != nil {
			c["credentials"] = credentials
		}
		if rapid.IntRange(0, 3).Draw(t, "another's") == 0 {
			c["owner"] = "bo@example.com"
		}
		tags := rapid.SliceOfNDistinct(text, 0, 3, rapid.ID).Draw(t, "tags")
		tags = append(tags, rapid.SampledFrom([][]string{nil, nil, nil, {"qlsync:acme"}, {"qlsync:other"}, {"qlsync:acme", "qlsync-credentials:2:00"}, {"qlsync-credentials:1:aa"}}).Draw(t, "marks")...)
		c["tags"] = tags
		connections = append(connections, c)
	}
	seed := map[string]any{"users": users, "spaces": spaces, "connections": connections}
	if rapid.Bool().Draw(t, "disabled") {
		seed["disabledDataSources"] = []any{"teradata"}
	}
	return seed
}

// TestWhatIsExportedPlansToNothingButAdoption exports random tenants: every live
// connection is exported or listed, what is exported says all of it, and a plan of
// the files only adopts.
func TestWhatIsExportedPlansToNothingButAdoption(t *testing.T) {
	base, worlds := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		worlds++
		w, server := startExport(t, filepath.Join(base, fmt.Sprint(worlds)), randomTenant(t))
		defer server.Close()
		var err error
		w.provider, err = qlik.New(qlik.Config{URL: server.URL, Project: "acme", Auth: qlik.Auth{APIKey: connection.NewSecret(server.Token)}})
		w.must(err)
		live := w.snapshot(func() []connection.SpaceRef {
			var all []connection.SpaceRef
			for _, space := range w.snapshot(nil).Spaces {
				all = append(all, connection.SpaceRef{ID: space.ID, Personal: space.ID == ""})
			}
			return all
		}())
		exported := w.export(live.Connections, rapid.Bool().Draw(t, "one file"))
		w.complete(live.Connections, exported)
		if len(exported.Files) > 0 {
			w.onlyAdopts(exported)
		}
	})
}

type exportWorld struct {
	*rapid.T
	dir      string
	provider *qlik.Provider
	token    string
	project  *engine.Project
	declared *spec.DesiredSet
}

// startExport starts a tenant, and writes a project without files into the folder. A tenant that the
// simulator refuses is skipped.
func startExport(t *rapid.T, dir string, tenant any) (*exportWorld, *simulator.Server) {
	seed, err := json.Marshal(tenant)
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := simqlik.New(seed, simqlik.Options{})
	if err != nil {
		t.Skip() // what it cannot hold, such as a name twice
	}
	server, err := simulator.Start(embedded, "")
	if err != nil {
		t.Fatal(err)
	}
	w := &exportWorld{T: t, dir: dir, token: server.Token}
	w.write("qlsync.yaml", fmt.Appendf(nil, "version: 1\nproject: acme\ntenants: {demo: {url: '%s', auth: {apiKey: {env: TOKEN}}}}\n", server.URL))
	w.read(nil)
	return w, server
}

func (w *exportWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *exportWorld) write(name string, text []byte) {
	path := filepath.Join(w.dir, name)
	w.must(os.MkdirAll(filepath.Dir(path), 0o755))
	w.must(os.WriteFile(path, text, 0o600))
}

func (w *exportWorld) read(catalog *connection.Catalog) {
	var err error
	host := &engine.Host{Lookup: func(name string) (string, bool) { return w.token, name == "TOKEN" }}
	w.project, err = host.ReadProject(context.Background(), engine.ProjectOptions{File: filepath.Join(w.dir, "qlsync.yaml")})
	w.must(err)
	w.must(w.project.Problems.Err())
	var problems connection.Problems
	w.declared, problems = w.project.Desired(&w.project.Tenants[0], catalog)
	if catalog != nil {
		w.must(spec.Collect(problems, spec.CheckProperties(w.declared.Connections, catalog)).Err())
	}
}

func (w *exportWorld) snapshot(spaces []connection.SpaceRef) *connection.Snapshot {
	snapshot, err := w.provider.Snapshot(context.Background(), connection.Scope{Spaces: spaces, Details: func(*connection.Live) bool { return true }})
	w.must(err)
	return snapshot
}

func (w *exportWorld) catalog(live []connection.Live) *connection.Catalog {
	ids := []string{"rest"}
	for i := range live {
		ids = append(ids, live[i].DataSource)
	}
	catalog, err := w.provider.DataSources(context.Background(), ids)
	w.must(err)
	return catalog
}

func (w *exportWorld) export(live []connection.Live, oneFile bool) export.Result {
	exported := export.Export(w.project.Project, export.Input{
		Tenant: "demo", Live: live, Catalog: w.catalog(live), Dir: filepath.Join(w.dir, "connections"), OneFile: oneFile,
		Classify: qlik.Classify, HoldsSecret: qlik.HoldsSecret, KnowsSecret: qlik.KnowsSecret, Normalize: qlik.Normalize,
	})
	for _, file := range exported.Files {
		w.write(filepath.Join("connections", file.Name), file.Text)
	}
	return exported
}

// complete demands that each live connection is exported or omitted, and that what
// a file says of it and what was left out is all that it has.
func (w *exportWorld) complete(live []connection.Live, exported export.Result) {
	count := 0
	for _, file := range exported.Files {
		count += file.Connections
		for _, secret := range []string{"hunter2", "me:pw", "api_key=k7Qz"} {
			if strings.Contains(string(file.Text), secret) {
				w.Fatalf("the file %s shows a secret:\n%s", file.Name, file.Text)
			}
		}
	}
	if count+len(exported.Omitted) != len(live) {
		w.Fatalf("%d are live, %d exported, and %d omitted", len(live), count, len(exported.Omitted))
	}
	for _, omitted := range exported.Omitted {
		if strings.Contains(omitted.Reason, "what a file would say") {
			w.Fatalf("%q cannot be written: %s", omitted.Connection, omitted.Reason)
		}
	}
	if count == 0 {
		return
	}
	catalog := w.catalog(live)
	w.read(catalog)
	for i := range live {
		l := &live[i]
		if slices.ContainsFunc(exported.Omitted, func(r export.Remark) bool { return r.ID == l.ID }) {
			continue
		}
		at := slices.IndexFunc(w.declared.Connections, func(d connection.Desired) bool {
			return d.Name == l.Key.Name && (d.Space.ID == l.SpaceID && l.SpaceID != "" || d.Space.String() == l.Key.Space)
		})
		if at < 0 {
			w.Fatalf("%q is neither exported nor omitted", l.Key)
		}
		w.saysAll(l, &w.declared.Connections[at], catalog.DataSources[l.DataSource], exported)
	}
}

func (w *exportWorld) saysAll(l *connection.Live, d *connection.Desired, source *connection.DataSource, exported export.Result) {
	leftOut := func(what string) bool {
		return slices.ContainsFunc(exported.LeftOut, func(r export.Remark) bool { return r.ID == l.ID && strings.HasPrefix(r.Reason, what) })
	}
	if !slices.Equal(slices.Sorted(slices.Values(d.Tags)), l.Tags) && !leftOut("the tags") {
		w.Fatalf("%q: the tags are %q, and %q in the file", l.Key, l.Tags, d.Tags)
	}
	for name, value := range l.Properties {
		property := source.Properties[name]
		_, isCredential := d.Credentials[name]
		isDefault := property.HasDefault && connection.Equal(qlik.Normalize(property, value), qlik.Normalize(property, property.Default))
		if !connection.Equal(value, d.Properties[name]) && !isDefault && !isCredential && !leftOut(fmt.Sprintf("property %q", name)) {
			w.Fatalf("%q: %s is %v in the tenant and %v in the file, want the same or a remark that the file lacks it", l.Key, name, value, d.Properties[name])
		}
	}
	if l.HasCredentials && l.Record.Project == "" && l.Record.Credentials == "" && !l.PerUserCredentials && len(d.Credentials) == 0 && !leftOut("credentials: its way to sign in") {
		w.Fatalf("%q has credentials, and the file names none", l.Key)
	}
}

func (w *exportWorld) onlyAdopts(exported export.Result) {
	session, err := w.project.Open(context.Background(), engine.SessionOptions{})
	w.must(err)
	defer session.Close()
	p, err := session.Plan(context.Background(), engine.PlanOptions{})
	w.must(err)
	for _, change := range p.Changes {
		if change.Action != plan.ActionAdopt || change.Refused.Holds() || len(change.Fields) > 0 {
			w.Fatalf("a plan of what was exported does more than adopt: %+v\n%s", change, exported.Files[0].Text)
		}
	}
	if p.Summary.Adopt+p.Summary.Unchanged != len(w.declared.Connections) {
		w.Fatalf("a plan of %d exported connections adopts and leaves alone others than these: %+v", len(w.declared.Connections), p.Summary)
	}
}

// TestExportedSpacesPlanToNothing exports the spaces of random tenants: each one is in a file or is
// listed with the reason, and a plan of the files leaves all of them alone.
func TestExportedSpacesPlanToNothing(t *testing.T) {
	base, worlds := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		hard := rapid.SampledFrom(hardTexts)
		texts := rapid.OneOf(hard, rapid.StringN(1, 12, 40))
		groups := rapid.SliceOfN(texts, 1, 6).Draw(t, "groups")
		users := []any{map[string]any{"email": "ana@example.com", "roles": []any{"TenantAdmin"}}}
		for i, subject := range rapid.SliceOfNDistinct(texts, 0, 3, rapid.ID).Draw(t, "subjects") {
			users = append(users, map[string]any{"email": fmt.Sprintf("u%d@example.com", i), "subject": subject})
		}
		var spaces []any
		names := rapid.SliceOfNDistinct(texts, 1, 4, rapid.ID).Draw(t, "spaces")
		for _, name := range names {
			var assignments []any
			roles := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"consumer", "facilitator", "dataconsumer"}), 1, 3, rapid.ID)
			for _, group := range rapid.SliceOfNDistinct(rapid.SampledFrom(groups), 0, 3, rapid.ID).Draw(t, "members") {
				assignments = append(assignments, map[string]any{"group": group, "roles": roles.Draw(t, "roles")})
			}
			for i := range len(users) - 1 {
				assignments = append(assignments, map[string]any{"user": fmt.Sprintf("u%d@example.com", i), "roles": roles.Draw(t, "roles")})
			}
			if client := rapid.SampledFrom([]string{"", "ci", "unknown"}).Draw(t, "client"); client != "" {
				assignments = append(assignments, map[string]any{"client": client, "roles": roles.Draw(t, "roles")})
			}
			spaces = append(spaces, map[string]any{
				"name": name, "type": rapid.SampledFrom([]string{"shared", "managed"}).Draw(t, "type"),
				"description": rapid.OneOf(rapid.Just(""), texts).Draw(t, "description"), "assignments": assignments,
			})
		}
		worlds++
		w, server := startExport(t, filepath.Join(base, fmt.Sprint(worlds)), map[string]any{
			"users": users, "groups": groups, "oauth": map[string]any{"clientId": "ci", "clientSecret": "s"}, "spaces": spaces,
		})
		defer server.Close()
		session, err := w.project.Open(context.Background(), engine.SessionOptions{Exports: true})
		w.must(err)
		exported, err := session.Export(context.Background(), engine.ExportOptions{Spaces: names, Dir: filepath.Join(w.dir, "connections"), WithSpaces: true})
		session.Close()
		w.must(err)
		for _, file := range exported.Files {
			w.write(filepath.Join("connections", file.Name), file.Text)
		}
		if len(exported.Files) == 0 {
			return
		}
		w.read(nil)
		for _, name := range names {
			isOmitted := slices.ContainsFunc(exported.Omitted, func(r export.Remark) bool { return r.Connection.Space == name })
			isPersonal := name == connection.PersonalSpace
			if !isPersonal && isOmitted == w.declared.Prepares(connection.SpaceRef{Name: name}) {
				w.Fatalf("space %q: omitted is %v, and so is declared: %+v", name, isOmitted, exported)
			}
		}
		session, err = w.project.Open(context.Background(), engine.SessionOptions{})
		w.must(err)
		defer session.Close()
		p, err := session.Plan(context.Background(), engine.PlanOptions{})
		w.must(err)
		if len(p.Changes) > 0 {
			w.Fatalf("a plan of what was exported has changes: %+v\n%s", p.Changes, exported.Files[0].Text)
		}
	})
}
