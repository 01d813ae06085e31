package vendored_test

import (
	"testing"

	"github.com/qlsync/qlsync/internal/vendored"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func TestWhatAPullDoesToAVendoredSchema(t *testing.T) {
	const kept, mine = "schemas/s.json: the file was edited since it was pulled, so it is kept (to replace it with the tenant's schema, remove the file and run qlsync schemas pull)",
		"schemas/s.json: the file was not pulled, so it is kept (to replace it with the tenant's schema, remove the file and run qlsync schemas pull)"
	now, old := source("s", "2", `{"required": ["a", "b"]}`), fileOf("1", "{}")
	for _, test := range []struct {
		name           string
		file, pulled   string // what the file holds, and what was pulled
		needed         bool
		source         *connection.DataSource
		change, refuse string
	}{
		{"what is not there", "", "", true, now, "new, connector version 2", ""},
		{"what was removed by hand", "", old, true, now, "new, connector version 2", ""},
		{"what is as it was pulled", old, old, true, now, "updated, connector version 1 -> 2", ""},
		{"what changed within a version", old, old, true, source("s", "1", `{"a": 1}`), "updated, connector version 1", ""},
		{"what says the same in other words", `{"connectorVersion": "2", "connectorProvider": "Provider.exe", "connectionProperties": {"required": ["b", "a"]}}`, "", true, now, "unchanged, connector version 2", ""},
		{"what was pulled and formatted", "{\"connectorVersion\": \"1\",\r\n\"connectorProvider\": \"Provider.exe\", \"connectionProperties\": {}}", old, true, now, "updated, connector version 1 -> 2", ""},
		{"what was edited", `{"connectionProperties": {"a": 1}}`, old, true, now, "", kept},
		{"what was edited into no JSON", `{`, old, true, now, "", kept},
		{"an empty file", " ", old, true, now, "", kept},
		{"what was made by hand", old, "", true, now, "", mine},
		{"what is gone", old, old, false, nil, `removed: the tenant has no data source "s", and no connection uses it`, ""},
		{"what is gone and in use", old, old, true, nil, "", `the tenant has no data source "s" (change dataSource of the connections that use it, or remove them. The schema was pulled from tenant "prod" on 2026-01-02)`},
		{"what is gone and was edited", `{}`, old, false, nil, "", kept},
		{"what never was", "", "", true, nil, "", `the tenant has no data source "s" (correct the id in the command or in the files)`},
		{"what cannot be vendored", old, old, true, source("s", "1", "nothing"), "", `vendor data source "s": its schema is not JSON: invalid character 'o' in literal null (expecting 'u')`},
	} {
		t.Run(test.name, func(t *testing.T) {
			lock, _ := vendored.ReadLock("", t.TempDir())
			if test.pulled != "" {
				lock.Take(source("s", "1", ""), []byte(test.pulled), "prod", "2026-01-02")
			}
			catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}}
			if test.source != nil {
				catalog.DataSources["s"] = test.source
			}
			var file []byte
			if test.file != "" {
				file = []byte(test.file)
			}
			pulled, problem := vendored.Pull{Dir: "schemas", Lock: lock, Catalog: catalog, Needed: func(string) bool { return test.needed }}.Decide("s", file)
			switch {
			case problem != nil && problem.Error() != test.refuse, problem == nil && test.refuse != "":
				t.Errorf("refused: %v, want %q", problem, test.refuse)
			case problem == nil && pulled.Change != test.change:
				t.Errorf("%q, want %q", pulled.Change, test.change)
			}
		})
	}
}

func TestADataSourceThatIsListedAndHasNoSpecs(t *testing.T) {
	pull := vendored.Pull{Catalog: &connection.Catalog{Known: []string{"s"}}, Needed: func(string) bool { return true }}
	if _, problem := pull.Decide("s", nil); problem == nil || problem.Code != "data-source-without-schema" {
		t.Errorf("got problem %v, want the missing api-specs of s", problem)
	}
}

// TestADisabledDataSourceIsNotSaidToBeMissing is about pull, and about the connections that a
// disabled data source breaks.
func TestADisabledDataSourceIsNotSaidToBeMissing(t *testing.T) {
	theirs := &connection.Catalog{Known: []string{"sr", "t"}, Disabled: []string{"s"}}
	pull := vendored.Pull{Catalog: theirs, Needed: func(string) bool { return true }}
	const refused = "data-source-to-enable"
	if _, problem := pull.Decide("s", nil); problem == nil || problem.Code != refused {
		t.Errorf("pull of a disabled data source that is needed: %v, want %s", problem, refused)
	}
	lock, _ := vendored.ReadLock("", t.TempDir())
	lock.Take(source("s", "1", ""), []byte(fileOf("1", "{}")), "prod", "2026-01-02")
	pull.Lock, pull.Needed = lock, func(string) bool { return false }
	const removed = `removed: data source "s" is disabled in the tenant, and no connection uses it`
	if pulled, problem := pull.Decide("s", []byte(fileOf("1", "{}"))); problem != nil || pulled.Change != removed {
		t.Errorf("pull of a disabled data source that nothing uses: %q, %v, want %q", pulled.Change, problem, removed)
	}
	set := []connection.Desired{{Space: connection.SpaceRef{Name: "S"}, Name: "A", DataSource: "s"}}
	ours := &connection.Catalog{DataSources: map[string]*connection.DataSource{"s": source("s", "1", "")}}
	const broken = `data source "s" is disabled in the tenant (ask an administrator to enable it, or change dataSource)`
	if breaks := spec.Breaks(set, ours, theirs); len(breaks) != 1 || breaks[0].Problems.Error() != broken {
		t.Errorf("breaks: %v, want %s", breaks, broken)
	}
}

// fileOf returns a vendored file of a connector version.
func fileOf(version, schema string) string {
	text, err := vendored.Text(source("s", version, schema))
	if err != nil {
		panic(err)
	}
	return string(text)
}
