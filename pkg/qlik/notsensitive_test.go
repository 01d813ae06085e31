package qlik_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

func TestOnlyAFullRecordOfTheProjectLiftsGuessesAndNothingElse(t *testing.T) {
	names := []string{"sharedTokens", "queryHeaders", "marked", "options", "password", "url"}
	full := []string{"qlsync:finance", "qlsync-key:0123456789abcdef", "qlsync-not-sensitive:" + connection.NotSensitiveRecord(names)}
	for name, test := range map[string]struct {
		tags []string
		want map[string]bool // what is shown
	}{
		"a full record": {full, map[string]bool{"sharedTokens": true, "queryHeaders": true, "options": true, "url": true}},
		"no record":     {full[:2], nil},
		"no project":    {full[1:], nil},
		"no key":        {[]string{full[0], full[2]}, nil},
		"another project": {
			[]string{"qlsync:sales", full[1], full[2]}, nil,
		},
		"two projects":     {append([]string{"qlsync:sales"}, full...), nil},
		"other names":      {[]string{full[0], full[1], "qlsync-not-sensitive:" + connection.NotSensitiveRecord([]string{"x"})}, nil},
		"sensitive digest": {[]string{full[0], full[1], "qlsync-not-sensitive:" + connection.SensitiveRecord(names)}, nil},
		"also sensitive": {
			append([]string{"qlsync-sensitive:" + connection.SensitiveRecord([]string{"url", "sharedTokens"})}, full...),
			map[string]bool{"queryHeaders": true, "options": true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			type object = map[string]any
			routes := lists(text(t, map[string]any{
				"qID": "c1", "qName": "A", "space": "s1", "user": "u1", "datasourceID": "rest", "tags": test.tags,
				"connectionProperties": object{
					"sharedTokens": "canary", "marked": "canary", "password": "canary", "url": "https://host/?api_key=canary",
					"queryHeaders": []any{object{"name": "X-Session-Group", "value": "canary"}, object{"name": "a", "value": "encrypted", "encrypt": true}},
					"options":      object{"secretGroup": "canary", "pin": "canary-by-schema"},
				},
			}))
			routes["GET /api/v1/data-sources/rest/api-specs"] = always(200, `{"connectionProperties": {"type": "object", "properties": {
				"sharedTokens": {"type": "string"}, "marked": {"type": "string", "writeOnly": true},
				"options": {"type": "object", "properties": {"pin": {"type": "string", "format": "password"}}}}}}`)
			n := newTenant(t, routes)
			config := n.config()
			config.Project = "finance"
			provider, err := qlik.New(config)
			if err != nil {
				t.Fatal(err)
			}
			got, err := provider.Snapshot(t.Context(), connection.Scope{
				Spaces: []connection.SpaceRef{{Name: "Finance"}}, Details: func(*connection.Live) bool { return true },
			})
			if err != nil {
				t.Fatal(err)
			}
			live := got.Connections[0]
			if live.Unreadable != "" {
				t.Fatalf("got an unreadable connection, want a readable one: %s", live.Unreadable)
			}
			shown := map[string]bool{}
			for property, value := range live.Properties {
				text := connection.Canonical(value)
				if strings.Contains(text, "canary") {
					shown[property] = true
				}
				if strings.Contains(text, "encrypted") || strings.Contains(text, "by-schema") {
					t.Errorf("the text shows values that the service or the schema marks as secret: %s", text)
				}
			}
			// The planner hides a value that is recorded as sensitive; here the value is only not lifted.
			if want := test.want; len(want)+len(shown) > 0 && !cmp.Equal(want, shown) {
				t.Errorf("shown: %v, want %v", shown, want)
			}
		})
	}
}

func TestACacheKeepsNothingThatARecordHasLifted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "private", "cache.json")
	seed := strings.Replace(acme, `{"name": "Leads", "space": "Sales", "dataSource": "rest", "properties": {"url": "https://a.example"}}`,
		`{"name": "Leads", "space": "Sales", "dataSource": "rest", "properties": {"url": "https://a.example/?api_key=canary"},
		  "tags": ["qlsync:finance", "qlsync-key:0123456789abcdef", "qlsync-not-sensitive:`+connection.NotSensitiveRecord([]string{"url"})+`"]}`, 1)
	if seed == acme {
		t.Fatal("the seed is unchanged, want the canary in it")
	}
	tenant, _ := embed(t, seed, simulator.Options{})
	_, byKey := look(t, cachedProvider(t, embedded{tenant}, tenant, file))
	if shown := byKey["Sales/Leads"].Properties["url"]; shown != "https://a.example/?api_key=canary" {
		t.Fatalf("the record lifts nothing: %v", shown)
	}
	if text, err := os.ReadFile(file); err != nil || strings.Contains(string(text), "canary") {
		t.Errorf("got error %v, want a cache without the lifted value: %s", err, text)
	}
	// The time of the last update stays, as of a service that does not count tags.
	withoutRecord := altered{embedded{tenant}, func(response *http.Response) {
		body, _ := io.ReadAll(response.Body)
		response.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(body, []byte("qlsync-not-sensitive:"), []byte("other:"))))
	}}
	_, byKey = look(t, cachedProvider(t, withoutRecord, tenant, file))
	if shown := connection.Canonical(byKey["Sales/Leads"].Properties["url"]); strings.Contains(shown, "canary") {
		t.Errorf("the value is shown without the record: %s", shown)
	}
}
