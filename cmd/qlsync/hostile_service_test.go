//go:build unix

package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// serviceBomb is a service whose answers are made to cost much.
type serviceBomb struct {
	provider string   // qlik, if it is empty
	auth     string   // of qlsync.yaml; a fixed token, if it is empty
	command  []string // plan, if it is empty
	// path is which requests are answered with the bomb: those whose path ends so. The
	// embedded tenant answers the others.
	path   string
	writes bool // answer the writes to that path, after they were made, and not the reads
	answer func(http.ResponseWriter, *http.Request)
	// within says that the answer is within the limits: it may have any exit code.
	within bool
	// more are connections of the tenant besides "a", and declared the declarations besides
	// that of "a", where it writes.
	more, declared string
	code           int // that is wanted: exitError, if it is zero
	// says are parts of the message: what is too large or too long, and what to do.
	says []string
}

const (
	oauthOfABomb = "{oauth: {clientId: bot, clientSecret: {env: TOKEN}}}"
	userOfABomb  = "{user: ana, password: {env: TOKEN}}"

	mib = 1 << 20
)

// saysJSON answers with parts of a text. A number behind a part repeats the part.
func saysJSON(status int, parts ...any) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		for i := 0; i < len(parts); i++ {
			part, times := fmt.Sprint(parts[i]), 1
			if i+1 < len(parts) {
				if number, repeats := parts[i+1].(int); repeats {
					times, i = number, i+1
				}
			}
			block := max(1, min(times, mib/len(part)))
			text := strings.Repeat(part, block)
			for ; times > 0; times -= block {
				if _, err := io.WriteString(w, text[:min(times, block)*len(part)]); err != nil {
					return
				}
			}
		}
	}
}

// saysPages answers with pages without end, each with a link to the next.
func saysPages(page func(number int) string) func(http.ResponseWriter, *http.Request) {
	var pages atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		number := int(pages.Add(1))
		fmt.Fprintf(w, `{"data": [%s], "links": {"next": {"href": "%s?page=%d"}}}`, page(number), r.URL.Path, number)
	}
}

// inflates answers with a gzip text of a few megabytes that becomes ten gigabytes.
func inflates(prefix string) func(http.ResponseWriter, *http.Request) {
	pack := func(text string) []byte {
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		return packed.Bytes()
	}
	first, more := pack(prefix), pack(strings.Repeat("x", 10*mib))
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(first)
		for range 1000 {
			if _, err := w.Write(more); err != nil {
				return
			}
		}
	}
}

func redirectsForEver(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", r.URL.Path+"?again="+fmt.Sprint(len(r.URL.RawQuery)))
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// headers answers with so many headers of so many bytes each.
func headers(number, size int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := range number {
			w.Header().Set(fmt.Sprintf("X-Header-%d", i), strings.Repeat("h", size))
		}
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, `{}`)
	}
}

// Where a bomb is answered: the end of a path.
const (
	callerPath = "/users/me"
	spacesPath = "/api/v1/spaces"
	listPath   = "/api/v1/data-connections"
	givePath   = listPath + "/actions/update"
	deletePath = listPath + "/actions/delete"
	onePath    = "/data-connections/" + bombID
	schemaPath = "/rest/api-specs"
	sourcePath = "/data-sources"

	projectsPath = "/apiops/projects/"
	kindPath     = "/projects/Finance/connections/"
	databasePath = "/connections/a/"
	freshPath    = "/connections/fresh/"

	bombID = "11111111-2222-4333-8444-555555555555"
)

func serviceBombs() map[string]serviceBomb {
	item := func(id int) string {
		return fmt.Sprintf(`{"qID": "c%[1]d", "qName": "c%[1]d", "space": "s-fin", "datasourceID": "rest"}`, id)
	}
	page := func(number int) string {
		items := make([]string, 100)
		for i := range items {
			items[i] = item(number*100 + i)
		}
		return strings.Join(items, ",")
	}
	tooMany, raise := "lists more than 250,000 items", "--raise-limits N"
	all := map[string]serviceBomb{
		"a huge list": {path: listPath, answer: saysJSON(200, `{"data": [`, `{},`, 250_000, `{}]}`), says: []string{tooMany, raise}},
		"a list of as many items as may be": {path: listPath, code: exitRefused, answer: saysPages(func(number int) string {
			if number >= 10 {
				return item(1)
			}
			var items strings.Builder
			for i := range 24_900 {
				items.WriteString(item(number*24_900+i) + ",")
			}
			return items.String() + item(number*24_900-1)
		}), says: []string{"leads to a page that was already read"}},
		"a list of blanks":     {path: listPath, answer: saysJSON(200, `{"data": [`, ` `, 40*mib, `]}`), says: []string{"larger than 32 MiB"}},
		"pages for ever":       {path: listPath, answer: saysPages(page), says: []string{tooMany, raise}},
		"empty pages for ever": {path: listPath, answer: saysPages(func(int) string { return "" }), says: []string{"empty pages"}},
		"one page for ever":    {path: listPath, code: exitRefused, answer: saysJSON(200, `{"data": [`+item(1)+`], "links": {"next": {"href": "?page=1"}}}`), says: []string{"leads to a page that was already read"}},
		"pages that grow": {path: listPath, answer: saysPages(func(number int) string {
			return fmt.Sprintf(`{"qID": "c%d", "qName": "%s"}`, number, strings.Repeat("n", min(number*mib, 30*mib)))
		}), says: []string{"larger than 256 MiB", raise}},
		"pages whose links grow": {path: spacesPath, answer: func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"data": [{"id": "s%[1]d", "name": "s%[1]d"}], "links": {"next": {"href": "?page=%[2]s"}}}`, len(r.URL.RawQuery), r.URL.RawQuery+strings.Repeat("l", 5000))
		}, says: []string{"the link is longer than 16384 bytes"}},
		"more data sources than files may be": {path: sourcePath, command: []string{"schemas", "pull", "--all"}, answer: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"dataSources": [%s{"dataSourceId": "b"}]}`, numbered(`{"dataSourceId": "a%d"},`, 5000))
		}, says: []string{"offers 5,001 data sources", "name the data sources"}},
		"many data sources":            {path: sourcePath, command: []string{"schemas", "pull", "--all"}, answer: saysJSON(200, `{"dataSources": [`, `{"dataSourceId": "a"},`, 250_000, `{"dataSourceId": "b"}]}`), says: []string{tooMany, raise}},
		"a huge schema that is pulled": {path: schemaPath, command: []string{"schemas", "pull", "rest"}, answer: saysJSON(200, `{"connectorVersion": "1", "connectionProperties": {"description": "`, `x`, 20*mib, `"}}`), says: []string{"rest", "longer than"}},
		"a deep schema that is pulled": {path: schemaPath, command: []string{"schemas", "pull", "rest"}, answer: saysJSON(200, `{"connectorVersion": "1", "connectionProperties": `, `{"a":`, 900, `1`, `}`, 901), says: []string{"rest"}},
	}
	for name, path := range map[string]string{
		"the caller": callerPath, "the spaces": spacesPath, "a list": listPath, "a connection": onePath, "a schema": schemaPath,
	} {
		for kind, b := range badAnswers(`{"data": `, `{"errors": [{"title": "`, `", "detail": "`, `"}]}`) {
			b.path = path
			if path == onePath && !strings.HasSuffix(kind, "headers") && !strings.HasSuffix(kind, "header") {
				b.code = exitRefused // what is read of one connection concerns that one
			}
			all[kind+" for "+name] = b
		}
	}
	for name, path := range map[string]string{"the projects": projectsPath, "a type": kindPath, "a database": databasePath} {
		for kind, b := range badAnswers(`{"status": "SUCCESS", "resultList": `, `{"status": "ERROR", "resultMessage": "`, `", "more": "`, `"}`) {
			b.provider, b.path = "apinizer", path
			if path == databasePath && !strings.HasSuffix(kind, "headers") && !strings.HasSuffix(kind, "header") && kind != "redirects for ever" {
				b.code = exitRefused
			}
			all[kind+" for "+name] = b
		}
	}
	for name, path := range map[string]string{"a list of projects": projectsPath, "a list of a type": kindPath} {
		all["a huge "+name[2:]] = serviceBomb{provider: "apinizer", path: path, answer: saysJSON(200, `{"status": "SUCCESS", "resultList": [`, `{},`, 250_000, `{}]}`), says: []string{tooMany, raise}}
	}
	for kind, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"a 30 MB refusal":     saysJSON(200, `{"status": "ERROR", "resultMessage": "`, `project `, 3*mib, `"}`),
		"many invalid fields": saysJSON(200, `{"success": false, "validation_errors": [`, `{},`, 900_000, `{}]}`),
	} {
		all[kind+" for the projects"] = serviceBomb{provider: "apinizer", path: projectsPath, answer: answer, says: []string{"200"}}
	}
	maps.Copy(all, bombsOfWrites())
	for kind, b := range badAnswers(`{"access_token": `, `{"error": "`, `", "error_description": "`, `"}`) {
		b.path, b.auth = "/oauth/token", oauthOfABomb
		all[kind+" for the token of an OAuth client"] = b
		b.provider, b.path, b.auth = "apinizer", "/auth/token", userOfABomb
		all[kind+" for the token of a user"] = b
	}
	token := serviceBomb{answer: saysJSON(200, `{"access_token": "`, `x`, 20*mib, `"}`), says: []string{"get token", "longer than"}}
	token.path, token.auth = "/oauth/token", oauthOfABomb
	all["a huge token of an OAuth client"] = token
	token.provider, token.path, token.auth = "apinizer", "/auth/token", userOfABomb
	all["a huge token of a user"] = token
	long := []any{`x`, 30 * mib}
	in := func(before, after string) func(http.ResponseWriter, *http.Request) {
		return saysJSON(200, append(append([]any{before}, long...), after)...)
	}
	for name, b := range map[string]serviceBomb{
		"space":      {path: spacesPath, answer: in(`{"data": [{"id": "s-fin", "name": "Finance", "type": "shared"}, {"id": "s", "name": "`, `"}]}`)},
		"connection": {path: listPath, answer: in(`{"data": [{"qID": "c", "space": "s-fin", "datasourceID": "rest", "qName": "`, `"}]}`)},
		"id":         {path: listPath, answer: in(`{"data": [{"space": "s-fin", "datasourceID": "rest", "qName": "a", "qID": "`, `"}]}`)},
		"tag":        {path: listPath, answer: in(`{"data": [{"qID": "`+bombID+`", "space": "s-fin", "datasourceID": "rest", "qName": "a", "tags": ["`, `"]}]}`)},
		"property":   {path: onePath, answer: in(`{"qID": "`+bombID+`", "space": "s-fin", "datasourceID": "rest", "qName": "a", "connectionProperties": {"url": "`, `"}}`)},
		"user":       {path: callerPath, answer: in(`{"id": "u", "name": "`, `"}`)},
	} {
		b.within = true
		for kind, command := range map[string][]string{"plan": {"plan"}, "drift": {"drift"}, "export": {"export", "--out", "exported"}} {
			b.command = command
			all["a 30 MB "+name+" for "+kind] = b
		}
	}
	for name, command := range map[string][]string{"export": {"export"}, "drift": {"drift"}, "doctor": {"doctor"}, "snapshot": {"snapshot", "--out", "live.json"}} {
		all["a huge list of spaces for "+name] = serviceBomb{command: command, path: spacesPath, answer: saysJSON(200, `{"data": [`, `{},`, 250_000, `{}]}`), says: []string{tooMany, raise}}
		all["a huge list of projects for "+name] = serviceBomb{provider: "apinizer", command: command, path: projectsPath, answer: saysJSON(200, `{"status": "SUCCESS", "resultList": [`, `{},`, 250_000, `{}]}`), says: []string{tooMany, raise}}
	}
	return all
}

// bombsOfWrites answer each kind of write with a bomb, after they have made it.
func bombsOfWrites() map[string]serviceBomb {
	all := map[string]serviceBomb{}
	add := func(b serviceBomb) {
		b.writes, b.command = true, []string{"apply", "--auto-approve"}
		success, problem := `{"qID": `, []string{`{"errors": [{"title": "`, `", "detail": "`, `"}]}`}
		if b.provider == "apinizer" {
			success, problem = `{"status": "SUCCESS", "resultList": `, []string{`{"status": "ERROR", "resultMessage": "`, `", "more": "`, `"}`}
		}
		for kind, bad := range badAnswers(success, problem...) {
			b.answer = bad.answer
			all[kind+" for a write to "+b.path] = b
		}
	}
	for _, path := range []string{listPath, onePath, givePath, deletePath} {
		add(serviceBomb{path: path, more: `, {"name": "given", "space": "Finance", "dataSource": "rest", "properties": {"url": "https://a.example"}},
			{"name": "again", "space": "Finance", "dataSource": "rest", "properties": {"url": "https://a.example"}}`, declared: `
  - {name: fresh, space: Finance, dataSource: rest, properties: {url: "https://b.example"}}
  - {name: given, space: Finance, dataSource: rest, owner: bo@example.com, properties: {url: "https://a.example"}}
  - {name: again, space: Finance, dataSource: rest, lifecycle: {update: recreate, recreate: allow}, properties: {url: "https://b.example"}}
`})
	}
	for _, path := range []string{databasePath, freshPath} {
		add(serviceBomb{provider: "apinizer", path: path, declared: `
  - {name: fresh, space: Finance, dataSource: database, properties: {dbType: POSTGRES, jdbcUrl: "jdbc:postgresql://db.example/z", username: app}, credentials: {password: {env: PASSWORD}}}
`})
	}
	return all
}

// badAnswers are answers that no request should get: with the beginning of a success, and
// with a problem of two texts between its three parts.
func badAnswers(success string, problem ...string) map[string]serviceBomb {
	return map[string]serviceBomb{
		"open lists":         {answer: saysJSON(200, success, `[`, 5_000_000), says: []string{"nested deeper than"}},
		"a few open lists":   {answer: saysJSON(200, success, `[`, 50_000), says: []string{"nested deeper than"}},
		"deep maps":          {answer: saysJSON(200, success, `{"a":`, 500_000, `1`, `}`, 500_001), says: []string{"nested deeper than"}},
		"many values":        {answer: saysJSON(200, success, `[`, `1,`, 3_000_000, `1]}`), says: []string{"more than 2,000,000"}},
		"a 40 MB text":       {answer: saysJSON(200, success, `"`, `x`, 40*mib, `"}`), says: []string{"larger than 32 MiB"}},
		"a 30 MB problem":    {answer: saysJSON(400, problem[0], `p `, 7*mib, problem[1], `d `, 7*mib, problem[2]), says: []string{"400"}},
		"a gzip bomb":        {answer: inflates(success + `"`), says: []string{"larger than 32 MiB"}},
		"a huge header":      {answer: headers(1, 5*mib), says: []string{"headers are larger than"}},
		"many headers":       {answer: headers(100_000, 10), says: []string{"headers are larger than"}},
		"redirects for ever": {answer: redirectsForEver, says: []string{"redirect"}},
	}
}

// serve answers the path of a bomb with it, and all others as the embedded tenant does.
func (b serviceBomb) serve(t *testing.T) string {
	t.Helper()
	var tenant http.Handler
	var err error
	if b.provider == "apinizer" {
		tenant, err = apinizer.New([]byte(`{"token": "t0ken-of-the-bomb", "user": {"name": "ana", "password": "t0ken-of-the-bomb"}, "projects": [{"name": "Finance"}], "connections": [
			{"project": "Finance", "type": "database", "name": "a", "fields": {"dbType": "POSTGRES", "jdbcUrl": "jdbc:postgresql://db.example/x", "username": "app", "password": "pw-of-the-bomb"}}]}`), apinizer.Options{})
	} else {
		tenant, err = qlik.New([]byte(`{"token": "t0ken-of-the-bomb", "oauth": {"clientId": "bot", "clientSecret": "t0ken-of-the-bomb"},
			"spaces": [{"id": "s-fin", "name": "Finance", "type": "shared"}],
			"users": [{"name": "Ana", "email": "ana@example.com", "roles": ["TenantAdmin"]}, {"name": "Bo", "email": "bo@example.com"}],
			"connections": [{"id": "`+bombID+`", "name": "a", "space": "Finance", "dataSource": "rest", "properties": {"url": "https://a.example"}}`+b.more+`]}`), qlik.Options{})
	}
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, b.path) && (!b.writes || r.Method != http.MethodGet) {
			if b.writes {
				tenant.ServeHTTP(httptest.NewRecorder(), r)
			}
			b.answer(w, r)
			return
		}
		tenant.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestNoAnswerOfAServiceTakesMoreThanTenSecondsOrAGigabyte runs commands on services that
// make one answer as costly as they can.
func TestNoAnswerOfAServiceTakesMoreThanTenSecondsOrAGigabyte(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each answer")
	}
	if underRace {
		t.Skip("make cases runs it without the race detector")
	}
	program, err := buildRaceless()
	if err != nil {
		t.Fatal(err)
	}
	all := serviceBombs()
	for i, name := range slices.Sorted(maps.Keys(all)) { // the same bomb for several answers is listed side by side
		if !isDrawn(i, 5) {
			continue
		}
		b := all[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			auth := b.auth
			connections := "version: 1\nconnections:\n  - {name: a, space: Finance, dataSource: rest, properties: {url: \"https://b.example\"}}\n"
			switch {
			case b.provider == "apinizer":
				connections = "version: 1\nconnections:\n  - {name: a, space: Finance, dataSource: database, properties: {dbType: POSTGRES, jdbcUrl: \"jdbc:postgresql://db.example/y\", username: app}}\n"
				auth = cmp.Or(auth, "{token: {env: TOKEN}}")
			default:
				auth = cmp.Or(auth, "{apiKey: {env: TOKEN}}")
			}
			policy := ""
			if b.writes {
				policy = "policy: {adopt: all}\n"
				connections = strings.Replace(connections, "username: app}}", "username: app}, credentials: {password: {env: PASSWORD}}}", 1)
				connections = strings.Replace(connections, `url: "https://b.example"`, `url: "https://a.example", authSchema: anonymous`, 1)
				connections += b.declared
			}
			project := fmt.Sprintf("version: 1\nproject: acme\n%sconnections: [c.yaml]\ntenants: {live: {provider: %s, url: %q, auth: %s}}\n",
				policy, cmp.Or(b.provider, "qlik"), b.serve(t), auth)
			for file, text := range map[string]string{"c.yaml": connections, "qlsync.yaml": project} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			command := b.command
			if command == nil {
				command = []string{"plan"}
			}
			said, code := detonate(t, program, dir, command, "TOKEN=t0ken-of-the-bomb", "PASSWORD=pw-of-the-bomb")
			t.Logf("exit code %d: %.3500s", code, said)
			if b.writes {
				if count := strings.Count(connections, "{name:"); !strings.Contains(said, fmt.Sprintf("of %d planned", count)) || code != exitOK && code != exitPartial {
					t.Errorf("got exit code %d, want a ledger of all %d changes and 0 or %d", code, count, exitPartial)
				}
				return
			}
			if want := cmp.Or(b.code, exitError); code != want && !b.within {
				t.Errorf("got exit code %d, want %d: %.500s", code, want, said)
			}
			for _, part := range b.says {
				if !strings.Contains(said, part) {
					t.Errorf("got no message with %q: %.500s", part, said)
				}
			}
		})
	}
}
