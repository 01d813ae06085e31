package spec

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/schemas"
)

// TestAShapeAcceptsNothingThatTheSchemaRefuses compares with the library, and with what it
// finds wrong in random connections.
func TestAShapeAcceptsNothingThatTheSchemaRefuses(t *testing.T) {
	format := mustCompile(schemas.Connections())
	values := []string{
		"a", `""`, "1", "-1", "1.5", "1.0", "2000000000", "true", "null", "[]", "[a]", `[""]`, "[1]", "{}", "{id: a}", `{id: ""}`, "{id: 1}", "{id: a, x: 1}",
		"{env: A}", "{env: 1}", "{env: A, x: 1}", "{file: a, encoding: base64}", "{file: a, encoding: rot13}", "{exec: [a]}", "{exec: a}", "{a: {env: A}}", "{a: {env: [A]}}", "{a: [{env: A}, b]}", "{a: b}",
		"refuse", "allow", "{update: patch}", "{update: x}", "{preventDestroy: true}", "{preventDestroy: 1}", "{ignoreChanges: [tags]}", "{ignoreChanges: [x]}", "{adopt: yes}",
		"{compare: {a: {as: set}}}", "{compare: {a: {as: x}}}", "[" + strings.Repeat("a, ", 26) + "a]", "[" + strings.Repeat("a, ", 8) + "a]",
	}
	keys := append(format.ofItems("connections").shape.required, "space", "dataSource", "tenants", "owner", "tags", "properties", "credentials", "additionalProperties", "sensitive", "notSensitive", "credentialsVersion", "lifecycle", "unknown", "from", "to")
	random := rand.New(rand.NewPCG(3, 4))
	accepted := 0
	for range 20_000 {
		list := []string{"connections", "moved"}[random.IntN(10)/9]
		var text strings.Builder
		for _, key := range keys {
			if key == "name" && random.IntN(50) > 0 {
				text.WriteString("name: a\n")
			} else if random.IntN(8) == 0 {
				fmt.Fprintf(&text, "%s: %s\n", key, values[random.IntN(len(values))])
			}
		}
		tree, problems := parseYAML("x.yaml", []byte(text.String()))
		if tree == nil || len(problems) > 0 {
			continue
		}
		items := format.ofItems(list)
		violations, err := items.check(tree.value(), func(violation) bool { return false })
		found := items.shape.verdict(tree)
		switch wrong := err != nil || len(violations) > 0; {
		case found == valid && wrong:
			t.Fatalf("got a shape that accepts an item of %s, want it refused as %v:\n%s", list, violations, text.String())
		case found == invalid && !wrong:
			t.Fatalf("got a shape that refuses an item of %s, want it accepted as the schema does:\n%s", list, text.String())
		case found == valid:
			accepted++
		}
	}
	if accepted < 500 {
		t.Errorf("got %d random items that the shapes accept, want at least 500: the test compares too little", accepted)
	}
	usual, _ := parseYAML("x.yaml", []byte("{name: a, space: b, dataSource: c, tags: [d], properties: {e: 1}, credentials: {f: {env: G}, h: [{name: i, value: {file: j, encoding: base64}}]}, credentialsVersion: 3, lifecycle: {preventDestroy: true}}"))
	if got := format.ofItems("connections").shape.verdict(usual); got != valid {
		t.Errorf("got the verdict %d on a usual connection, want %d: each connection would be checked by the library, which is slow", got, valid)
	}
}
