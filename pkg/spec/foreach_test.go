package spec_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

func TestAConnectionWithForEachIsOneConnectionForEachItem(t *testing.T) {
	for name, test := range map[string]struct{ items, name, value, want string }{
		"a list of texts":       {"[eu, us]", "Orders ${each.value}", "${each.key}", "Orders eu: eu, Orders us: us"},
		"other scalars":         {"[1.10, true]", "Orders ${each.value}", "x", "Orders 1.10: x, Orders true: x"},
		"a map of texts":        {"{eu: Frankfurt, us: Ohio}", "Orders ${each.key}", "in ${each.value}", "Orders eu: in Frankfurt, Orders us: in Ohio"},
		"a map of maps":         {"{eu: {city: Rome, port: 1}}", "${each.key}", "${each.value.city}:${each.value.port}", "eu: Rome:1"},
		"a list of maps":        {"[{a: 1}, {a: 2}]", "${each.value.a}", "x", "1: x, 2: x"},
		"variables in an item":  {`["${var.stage}"]`, "Orders ${each.value}", "${each.value}-${var.stage}", "Orders dev: dev-dev"},
		"an escape in an item":  {`["$${var.stage}"]`, "A", "${each.value}", "A: ${var.stage}"},
		"an escape beside it":   {"[a]", "A", "$${each.value} is ${each.value}", "A: ${each.value} is a"},
		"no item is used twice": {`["$"]`, "A", "${each.value}{var.stage}", "A: ${var.stage}"},
	} {
		t.Run(name, func(t *testing.T) {
			inFolder(t, project+fmt.Sprintf(`
-- connections/a.yaml --
version: 1
defaults: {space: Finance, dataSource: rest}
connections:
- name: %q
  forEach: %s
  properties: {url: %q}
`, test.name, test.items, test.value))
			sets, problems := readAll(t, nil)
			var got []string
			for _, d := range sets[0].Connections {
				got = append(got, fmt.Sprintf("%s: %v", d.Name, d.Properties["url"]))
			}
			if strings.Join(got, ", ") != test.want || len(problems) > 0 {
				t.Errorf("got connections %q and problems %v, want %q", got, problems, test.want)
			}
		})
	}
}

func TestMistakesWithForEach(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"names that do not differ", "- name: A\n  forEach: [x, y]\n", `
			connections/a.yaml:4:9 (item at 5:16): duplicate-connection connection=A first="connections/a.yaml:4:9 (item at 5:13)" space=Finance`},
		{"names that differ in letter case", "- name: A ${each.value}\n  forEach: [x, X]\n", `
			connections/a.yaml:4:9 (item at 5:16): same-but-for-spelling at="connections/a.yaml:4:9 (item at 5:13)" difference="letter case" other="\"A x\"" own="\"A X\"" space=Finance`},
		{"a name that is declared elsewhere", "- {name: A x}\n- name: A ${each.key}\n  forEach: {x: 1, y: 2}\n", `
			connections/a.yaml:5:9 (item at 6:13): duplicate-connection connection="A x" first=connections/a.yaml:4:10 space=Finance`},
		{"no item", "- {name: A, forEach: []}\n- {name: B, forEach: {}}\n", `
			connections/a.yaml:4:22: empty field=forEach what=field
			connections/a.yaml:5:22: empty field=forEach what=field`},
		{"items that are lists", "- {name: A, forEach: [[x], {a: [x]}]}\n- {name: B, forEach: [null]}\n", `
			connections/a.yaml:4:10 (item at 4:28): duplicate-connection connection=A first="connections/a.yaml:4:10 (item at 4:23)" space=Finance
			connections/a.yaml:4:23: wrong-form field=forEach[0] rule="must be a text, a number, true, false, or a map of these" what=field
			connections/a.yaml:4:32: wrong-form field=a rule="must be a text, a number, true or false" what=field
			connections/a.yaml:5:23: wrong-form field=forEach[0] rule="must be a text, a number, true, false, or a map of these" what=field`},
		{"a field that an item lacks", "- name: A ${each.key}\n  forEach: {x: {host: h}, y: {hots: h}}\n  owner: ${each.value.host}\n", `
			connections/a.yaml:6:10 (item at 5:27): each-unknown-field field=host meant=hots`},
		{"a map as a text", "- {name: \"A ${each.value}\", forEach: [{b: x}]}\n", `
			connections/a.yaml:4:10 (item at 4:39): each-is-map fields=[b]`},
		{"a field of a text", "- {name: \"A ${each.value.b}\", forEach: [x]}\n", `
			connections/a.yaml:4:10 (item at 4:41): each-without-fields field=b`},
		{"the key of a map in a list", "- {name: \"A ${each.key}\", forEach: [{b: x}]}\n", `
			connections/a.yaml:4:10 (item at 4:37): each-without-key`},
		{"other words", "- {name: \"A ${each.index}\", forEach: [x]}\n- {name: \"B ${each}\", forEach: [x]}\n- {name: \"C ${each.value\", forEach: [x]}\n", `
			connections/a.yaml:4:10 (item at 4:39): unknown-placeholder
			connections/a.yaml:5:10 (item at 5:33): unknown-placeholder
			connections/a.yaml:6:10 (item at 6:38): unknown-placeholder`},
		{"no forEach", "- name: A ${each.value}\nmoved: [{from: {space: Finance, name: \"${each.key}\"}, to: {space: Finance, name: A}}]", `
			connections/a.yaml:4:9: each-without-for-each
			connections/a.yaml:5:39: each-without-for-each`},
		{"an item in an item", "- {name: A, forEach: [\"${each.key}\"], owner: \"${each.value}\"}\n", `
			connections/a.yaml:4:46 (item at 4:23): each-without-for-each`},
		{"forEach in the defaults", "- {name: A}\n", ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			inFolder(t, project+"\n-- connections/a.yaml --\nversion: 1\ndefaults: {space: Finance, dataSource: rest}\nconnections:\n"+test.text)
			_, problems := readAll(t, nil)
			if got := codes(problems); got != lines(test.want) {
				t.Errorf("got problems\n%s\nwant\n%s", got, lines(test.want))
			}
		})
	}
}

func TestAPositionNamesTheTemplateTheItemAndTheOverride(t *testing.T) {
	inFolder(t, twoTenants+`
-- connections/a.yaml --
version: 1
defaults: {space: Finance, properties: {common: 1}}
connections:
- name: Orders ${each.key}
  dataSource: rest
  forEach:
    eu: Frankfurt
    us: Ohio
  properties: {url: "${each.value}", port: 1}
  overrides:
  - for: {tenant: prod}
    properties: {port: 2}
`)
	sets, problems := readAll(t, nil)
	if len(problems) > 0 {
		t.Fatalf("got problems %v, want none", problems)
	}
	for _, want := range []struct {
		tenant, item int
		path, at     string
	}{
		{0, 0, "", "connections/a.yaml:4:3 (item at 7:5)"},
		{0, 1, "/name", "connections/a.yaml:4:9 (item at 8:5)"},
		{0, 1, "/properties/url", "connections/a.yaml:9:21 (item at 8:5)"},
		{0, 1, "/properties/port", "connections/a.yaml:12:24 (item at 8:5)"},
		{1, 1, "/properties/port", "connections/a.yaml:9:44 (item at 8:5)"},
		{1, 0, "/properties/common", "connections/a.yaml:2:49 (item at 7:5)"},
		{0, 0, "/space", "connections/a.yaml:2:19 (item at 7:5)"},
	} {
		if got := sets[want.tenant].Connections[want.item].PositionOf(want.path).String(); got != want.at {
			t.Errorf("tenant %d, item %d: %q is at %s, want %s", want.tenant, want.item, want.path, got, want.at)
		}
	}
}

func TestMistakesInOverrides(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a tenant that is not there", "[{for: {tenant: pord}, tags: [x]}]", `
			connections/a.yaml:6:30: unknown-tenant meant=prod tenant=pord`},
		{"a pattern that matches nothing", "[{for: {tenant: eu-*}, tags: [x]}]", `
			connections/a.yaml:6:30: override-for-nobody pattern=eu-* what=tenant (warning)`},
		{"a group that is not there", "[{for: {group: canary}, tags: [x]}]", `
			connections/a.yaml:6:29: unknown-group group=canary`},
		{"a pattern for no group", "[{for: {group: canary*, tenant: prod}, tags: [x]}]", `
			connections/a.yaml:6:29: override-for-nobody pattern=canary* what=group (warning)`},
		{"no selection", "[{tags: [x]}, {for: {}, tags: [x]}]", `
			connections/a.yaml:6:15: missing-field field=for
			connections/a.yaml:6:34: empty field=for what=field`},
		{"what identifies the connection", "[{for: {tenant: prod}, space: A, name: B, dataSource: c}]", `
			connections/a.yaml:6:37: not-in-override field=space
			connections/a.yaml:6:47: not-in-override field=name
			connections/a.yaml:6:56: not-in-override field=dataSource`},
		{"a value of an override", "[{for: {tenant: prod}, properties: {a: \"${var.nope}\"}}]", `
			connections/a.yaml:6:53: undefined-for-tenant tenant=prod variable=nope`},
		{"a secret in an override", "[{for: {tenant: test}, credentials: {a: {env: GITHUB_TOKEN}}}]", `
			connections/a.yaml:6:54: pipeline-token variable=GITHUB_TOKEN`},
	} {
		t.Run(test.name, func(t *testing.T) {
			inFolder(t, twoTenants+"\n-- connections/a.yaml --\nversion: 1\ndefaults: {space: Finance, dataSource: rest}\nconnections:\n- name: A\n  tags: [a]\n  overrides: "+test.text+"\n")
			_, problems := readAll(t, nil)
			if got := codes(problems); got != lines(test.want) {
				t.Errorf("got problems\n%s\nwant\n%s", got, lines(test.want))
			}
		})
	}
}

// TestOverridesAndForEachEqualTheSameConnectionsInFull draws files, and compares them with files that
// declare every connection in full, by a merge and a replacement that know nothing of package spec.
func TestOverridesAndForEachEqualTheSameConnectionsInFull(t *testing.T) {
	t.Chdir(t.TempDir())
	tenants := []string{"eu-prod", "us-prod", "test"}
	groups := map[string]string{"production": "*-prod", "europe": "eu-*"}
	rapid.Check(t, func(t *rapid.T) {
		defaults := map[string]any{"space": "Finance", "dataSource": "rest"}
		maps.Copy(defaults, drawParts(t))
		var short []any
		inFull := map[string][]any{}
		for i := range rapid.IntRange(1, 3).Draw(t, "connections") {
			own := drawParts(t)
			own["name"] = fmt.Sprintf("%d ${each.key}", i)
			var overrides []any
			for range rapid.IntRange(0, 3).Draw(t, "overrides") {
				override := drawParts(t)
				override["for"] = drawSelection(t)
				overrides = append(overrides, override)
			}
			items := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.SampledFrom([]any{"v", "w", 1}), 1, 3).Draw(t, "items")
			for _, tenant := range tenants {
				whole := naiveMerge(defaults, own)
				for _, one := range overrides {
					override := maps.Clone(one.(map[string]any))
					selection := override["for"].(map[string]any)
					delete(override, "for")
					selected := true
					for key, pattern := range selection {
						inGroup := func(name string) bool {
							return key == "group" && matches(pattern, name) && matches(groups[name], tenant)
						}
						selected = selected && (key == "tenant" && matches(pattern, tenant) || inGroup("production") || inGroup("europe"))
					}
					if selected {
						whole = naiveMerge(whole, override)
					}
				}
				for _, key := range slices.Sorted(maps.Keys(items)) {
					text, _ := json.Marshal(whole)
					filled := strings.NewReplacer("${each.key}", key, "${each.value}", fmt.Sprint(items[key])).Replace(string(text))
					inFull[tenant] = append(inFull[tenant], json.RawMessage(filled))
				}
			}
			own["forEach"] = items
			if overrides != nil {
				own["overrides"] = overrides
			}
			short = append(short, own)
		}
		got := readGenerated(t, tenants, groups, map[string]any{"version": 1, "defaults": defaults, "connections": short})
		for i, tenant := range tenants {
			want := readGenerated(t, tenants, groups, map[string]any{"version": 1, "connections": inFull[tenant]})[i]
			if diff := cmp.Diff(want, got[i]); diff != "" {
				t.Fatalf("tenant %s: the connections differ from those in full (-full +short):\n%s", tenant, diff)
			}
		}
	})
}

func drawSelection(t *rapid.T) map[string]any {
	selection := map[string]any{}
	which := rapid.IntRange(1, 3).Draw(t, "for")
	if which&1 != 0 {
		selection["tenant"] = rapid.SampledFrom([]string{"*", "*-prod", "test", "eu-*"}).Draw(t, "tenant")
	}
	if which&2 != 0 {
		selection["group"] = rapid.SampledFrom([]string{"production", "eu*", "*"}).Draw(t, "group")
	}
	return selection
}

func matches(pattern any, name string) bool {
	matched, _ := path.Match(pattern.(string), name)
	return matched
}

// drawParts draws what a connection, its defaults and its overrides can declare.
func drawParts(t *rapid.T) map[string]any {
	parts := map[string]any{}
	for key, values := range map[string][]any{
		"tags":               {[]string{"x"}, []string{"${each.key}", "y"}, nil},
		"owner":              {"ana@example.com", "${each.value}@example.com", nil},
		"credentialsVersion": {1, 2},
		"lifecycle":          {map[string]any{"adopt": true}, map[string]any{"preventDestroy": false, "ignoreChanges": []string{"tags"}}},
		"credentials":        {nil, map[string]any{"p": map[string]any{"env": "A"}}, map[string]any{"p": map[string]any{"file": "b"}, "q": nil}},
		"properties":         {nil},
	} {
		if !rapid.Bool().Draw(t, key) {
			continue
		}
		parts[key] = rapid.SampledFrom(values).Draw(t, key)
		if key == "properties" {
			parts[key] = rapid.MapOfN(rapid.SampledFrom([]string{"one", "two", "three"}), rapid.Custom(drawValue), 0, 3).Draw(t, key)
		}
	}
	return parts
}

func drawValue(t *rapid.T) any {
	scalars := rapid.SampledFrom([]any{1, "x", "${each.value}", "a-${each.key}-${var.stage}", nil, true, []string{"${each.key}"}})
	if rapid.Bool().Draw(t, "nested") {
		return rapid.MapOfN(rapid.SampledFrom([]string{"in", "out"}), scalars, 0, 2).Draw(t, "map")
	}
	return scalars.Draw(t, "value")
}

// naiveMerge merges as the reference describes: properties, credentials and lifecycle by entry, at
// every depth; references and everything else as a whole.
func naiveMerge(under, over map[string]any) map[string]any {
	merged := maps.Clone(under)
	for key, value := range over {
		switch key {
		case "properties", "credentials", "lifecycle":
			value = naiveMergeValues(merged[key], value)
		}
		merged[key] = value
	}
	return merged
}

func naiveMergeValues(under, over any) any {
	below, isMap := under.(map[string]any)
	above, also := over.(map[string]any)
	if !isMap || !also || above["env"] != nil || above["file"] != nil || below["env"] != nil || below["file"] != nil {
		return over
	}
	merged := maps.Clone(below)
	for key, value := range above {
		merged[key] = naiveMergeValues(merged[key], value)
	}
	return merged
}

// readGenerated returns the connections of each tenant, without positions.
func readGenerated(t *rapid.T, tenants []string, groups map[string]string, file any) [][]connection.Desired {
	urls := map[string]any{}
	for _, tenant := range tenants {
		urls[tenant] = map[string]any{"url": "sim:" + tenant + ".yaml"}
	}
	for name, content := range map[string]any{
		"c.yaml":      file,
		"qlsync.yaml": map[string]any{"version": 1, "project": "p", "connections": "c.yaml", "variables": map[string]any{"stage": "dev"}, "groups": groups, "tenants": urls},
	} {
		text, err := json.MarshalIndent(content, "", " ")
		if err == nil {
			err = os.WriteFile(name, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	project, problems := spec.LoadProject("qlsync.yaml")
	sets := make([][]connection.Desired, len(tenants))
	for i, name := range tenants {
		tenant, err := project.Tenant(name)
		if err != nil {
			t.Fatal(err)
		}
		set, more := project.Desired(tenant, nil)
		problems = append(problems, more...)
		for _, d := range set.Connections {
			d.At, d.Space.Position = nil, connection.Position{}
			withoutPositions(d.Credentials)
			sets[i] = append(sets[i], d)
		}
	}
	if err := problems.Err(); err != nil {
		text, _ := json.MarshalIndent(file, "", " ")
		t.Fatalf("got problems %v, want none for the file\n%s", err, text)
	}
	return sets
}

func withoutPositions(credentials map[string]any) {
	for name, value := range credentials {
		if ref, ok := value.(connection.Reference); ok {
			ref.Position = connection.Position{}
			credentials[name] = ref
		}
	}
}
