package vendored_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/vendored"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func source(id, version, schema string) *connection.DataSource {
	return &connection.DataSource{ID: id, Family: "Provider.exe", Version: version, Schema: []byte(schema)}
}

func TestAVendoredSchemaIsTheSameTextHoweverTheServiceWritesIt(t *testing.T) {
	want := `{
  "connectionProperties": {
    "properties": {
      "a": {
        "default": 1.10,
        "description": "less < more & é"
      },
      "b": {}
    },
    "type": "object"
  },
  "connectorProvider": "Provider.exe",
  "connectorVersion": "1.0"
}
`
	for _, schema := range []string{
		`{"type":"object","properties":{"b":{},"a":{"description":"less < more & é","default":1.10}}}`,
		"{\n \"properties\": {\"a\": {\"default\": 1.10, \"description\": \"less \\u003c more & \\u00e9\"}, \"b\": {}}, \"type\": \"object\"}",
	} {
		text, err := vendored.Text(source("src", "1.0", schema))
		if err != nil || string(text) != want {
			t.Errorf("got error %v, want the same text (-want +got):\n%s", err, cmp.Diff(want, string(text)))
		}
	}
}

func TestWhatCannotBeVendored(t *testing.T) {
	for _, bad := range []*connection.DataSource{
		source("../up", "1", "{}"), source("", "1", "{}"), source(".hidden", "1", "{}"), source("a/b", "1", "{}"), source("src", "1", "nothing"),
		source("src", "1", `{"description": "`+strings.Repeat("x", 4<<20)+`"}`),
	} {
		if text, err := vendored.Text(bad); err == nil {
			t.Errorf("got the text %[2].100s of %[1]q, want an error", bad.ID, text)
		}
	}
}

func TestALockKeepsTheDayOfWhatDidNotChange(t *testing.T) {
	folder := t.TempDir()
	lock, problems := vendored.ReadLock("", folder)
	if len(problems) > 0 || len(lock.DataSources) > 0 {
		t.Fatalf("got lock %v and problems %v, want an empty lock", lock, problems)
	}
	lock.Take(source("a", "1", "{}"), []byte("text"), "prod", "2026-01-01")
	lock.Take(source("b", "1", "{}"), []byte("text"), "prod", "2026-01-01")
	if err := os.WriteFile(filepath.Join(folder, spec.LockFile), lock.Text(), 0o600); err != nil {
		t.Fatal(err)
	}
	lock, problems = vendored.ReadLock("", folder)
	if len(problems) > 0 {
		t.Fatalf("got problems %v, want none", problems)
	}
	lock.Take(source("a", "1", "{}"), []byte("text"), "test", "2026-02-02")
	lock.Take(source("b", "1", "{}"), []byte("other text"), "test", "2026-02-02")
	if a, b := lock.DataSources["a"], lock.DataSources["b"]; a.Pulled != "2026-01-01" || a.Tenant != "prod" || b.Pulled != "2026-02-02" || b.Tenant != "test" {
		t.Errorf("got %v and %v, want the old day of a and the new one of b", a, b)
	}
}

func TestALockThatIsNoLockIsReported(t *testing.T) {
	folder := t.TempDir()
	for _, text := range []string{"", "[]", `{"format": "qlsync.schemas-lock/v2", "dataSources": {}}`, `{"format": "qlsync.schemas-lock/v1"}`, `{"format": "qlsync.schemas-lock/v1", "dataSources": {}, "x": 1}`} {
		if err := os.WriteFile(filepath.Join(folder, spec.LockFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, problems := vendored.ReadLock("", folder); problems.Err() == nil {
			t.Errorf("%s is accepted as a lock, want a problem", text)
		}
	}
}

func TestWhatChangedInASchema(t *testing.T) {
	before := `{"type": "object", "required": ["a"], "properties": {
		"a": {"type": "string", "enum": ["x", "y"]}, "gone": {}, "same": {"type": "string"}, "any": true}}`
	after := `{"type": "object", "required": ["a", "b"], "additionalProperties": false, "properties": {
		"a": {"type": "string", "enum": ["y", "z"], "description": "A description that is so long that nobody would want to read all of it in a report of changes"},
		"b": {"type": "integer", "default": 1}, "same": {"type": "string"}, "any": {"type": "string"}}}`
	want := []connection.SchemaChange{
		{Property: "a", Kind: connection.SchemaChanged, Details: []string{`description "A description that is so long that nobody would want to rea...`, `enum gains "z"`, `enum loses "x"`}},
		{Property: "any", Kind: connection.SchemaChanged, Details: []string{`true -> {"type":"string"}`}},
		{Property: "b", Kind: connection.SchemaAdded, Details: []string{`type "integer"`, "default 1"}},
		{Property: "gone", Kind: connection.SchemaRemoved},
		{Kind: connection.SchemaChanged, Details: []string{"additionalProperties false", `required gains "b"`}},
	}
	if diff := cmp.Diff(want, vendored.CompareSchemas(source("s", "1", before), source("s", "1", after))); diff != "" {
		t.Errorf("changes differ (-want +got):\n%s", diff)
	}
	if changes := vendored.CompareSchemas(source("s", "1", before), source("s", "2", strings.ReplaceAll(before, "\n", " "))); changes != nil {
		t.Errorf("got changes %v, want none for another form of the same text", changes)
	}
}

func TestAnotherOrderIsNoChange(t *testing.T) {
	const before = `{"required": ["a", "b"], "properties": {"a": {"enum": ["x", "y", 1]}, "b": {"type": ["string", "null"], "items": {"required": ["c", "d"]}}}}`
	const after = `{"properties": {"b": {"items": {"required": ["d", "c", "d"]}, "type": ["null", "string"]}, "a": {"enum": [1, "y", "x"]}}, "required": ["b", "a"]}`
	if changes := vendored.CompareSchemas(source("s", "1", before), source("s", "1", after)); changes != nil {
		t.Errorf("got changes %v, want none for another order", changes)
	}
	if vendored.Digest([]byte(before)) != vendored.Digest([]byte(after)) {
		t.Error("the digest depends on the order")
	}
}

func TestEveryChangeOfASchemaIsDescribedInWords(t *testing.T) {
	for _, test := range []struct{ before, after, want string }{
		{`{"required": false}`, `{"required": true}`, "required false -> true"},
		{`{"enum": "a"}`, `{"enum": ["a"]}`, `enum "a" -> ["a"]`},
		{`{"enum": ["b", "a"]}`, `{"enum": ["c", "b"]}`, `enum gains "c"; enum loses "a"`},
		{`{"items": [1, 2]}`, `{"items": [2, 1]}`, "items [1,2] -> [2,1]"},
		{`{"pattern": "<&"}`, `{"pattern": ">", "enum": ["<"]}`, `enum gains "<"; pattern "<&" -> ">"`},
	} {
		within := func(property string) string { return `{"properties": {"p": ` + property + `}}` }
		changes := vendored.CompareSchemas(source("s", "1", within(test.before)), source("s", "1", within(test.after)))
		if len(changes) != 1 || strings.Join(changes[0].Details, "; ") != test.want {
			t.Errorf("%s -> %s: got %+v, want one change: %s", test.before, test.after, changes, test.want)
		}
	}
}
