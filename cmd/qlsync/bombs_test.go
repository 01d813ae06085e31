//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/limits"
)

// What a bomb may cost: see docs/reference/security.md.
const (
	bombMemory = 1 << 30 // bytes
	bombTime   = 10 * time.Second
)

// bomb is a small project that is made to cost much.
type bomb struct {
	files   map[string]string
	command []string // validate, if it is empty
	says    string   // a part of its message; see [bombSays]
}

const bombProject = "version: 1\nproject: acme\nconnections: [c.yaml]\ntenants: {demo: {url: \"sim:t.yaml\"}}\n"

// bombs are known ways to make a program that reads YAML, JSON, schemas and globs run out
// of time or memory.
func bombs() map[string]bomb {
	all := map[string]bomb{}
	one := "version: 1\nconnections:\n  - {name: a, space: Finance, dataSource: rest, properties: {url: x}}\n"
	add := func(name, connections string) { all[name] = bomb{files: map[string]string{"c.yaml": connections}} }
	inside := func(text string) string {
		return "version: 1\nconnections:\n  - name: a\n    space: Finance\n    dataSource: rest\n    properties:\n      " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n      ") + "\n"
	}
	doubling := func(first, each string) string {
		text := strings.ReplaceAll(first, "#", "0") + "\n"
		for i := 1; i < 30; i++ {
			text += strings.NewReplacer("#", fmt.Sprint(i), "@", fmt.Sprint(i-1)).Replace(each) + "\n"
		}
		return inside(text)
	}
	add("aliases of lists", doubling("a#: &a# [x, x]", "a#: &a# [*a@, *a@]"))
	add("aliases of maps", doubling("a#: &a# {x: y}", "a#: &a# {x: *a@, y: *a@}"))
	add("aliases of long texts", doubling("a#: &a# ["+strings.Repeat("x", 500_000)+"]", "a#: &a# [*a@, *a@]"))
	add("merged maps", doubling("a#: &a# {x: y}", "a#: &a# {<<: [*a@, *a@], x#: *a@}"))
	add("a map merged into itself", "version: 1\nconnections:\n  - &a {<<: *a, name: x}\n")
	add("an alias in its own anchor", inside("a: &a [*a]"))
	add("aliases of a connection", "version: 1\nconnections:\n  - &a {name: x}\n"+strings.Repeat("  - *a\n", 900_000))
	for name, pair := range map[string][2]string{"lists": {"[", "]"}, "maps": {"{a: ", "}"}} {
		add("deep "+name, "version: 1\nconnections: "+strings.Repeat(pair[0], 900_000)+strings.Repeat(pair[1], 900_000))
		add("deep and open "+name, "version: 1\nconnections: "+strings.Repeat(pair[0], 900_000))
		add("deep "+name+" in a connection", inside("a: "+strings.Repeat(pair[0], 5000)+strings.Repeat(pair[1], 5000)))
	}
	add("empty lists", "version: 1\nconnections: ["+strings.Repeat("[],", 1_500_000)+"]\n")
	add("commas", "version: 1\nconnections: ["+strings.Repeat(",", 8_000_000)+"]\n")
	add("lines", one+strings.Repeat("\n", 8_000_000))
	add("a long text", inside("url: "+strings.Repeat("x", 20_000_000)))
	add("a long key", inside(strings.Repeat("x", 2_000_000)+": a"))
	add("a long comment", one+"#"+strings.Repeat("x", 33<<20))
	add("a long number", inside("n: "+strings.Repeat("9", 1_000_000)))
	add("a large exponent", inside("n: 1e999999999"))
	add("a small exponent", inside("n: 1e-999999999"))
	add("the same key", one+strings.Repeat("k: 1\n", 100_000))
	add("many keys", one+numbered("k%d: 1\n", 100_000))
	add("keys of a connection", inside(numbered("k%d: 1\n", 20_000)))
	add("values of a connection", inside("a: ["+strings.Repeat("1,", 100_000)+"1]"))
	add("unknown keys that are alike", "version: 1\nconnections:\n"+numbered("  - {name: c%d, propertiez"+strings.Repeat("z", 500)+": 1}\n", 5000))
	add("mistakes", "version: 1\nconnections:\n"+strings.Repeat("  - {x: 1}\n", 50_000))
	add("mistakes on one line", "version: 1\nconnections: ["+strings.Repeat("{x: 1},", 50_000)+"]\n")
	add("documents", strings.Repeat("---\na: 1\n", 100_000))
	add("a mistake at the end", "version: 1\nconnections:\n"+strings.Repeat("  - {name: a}\n", 20_000)+"  - {x: [\n")
	add("accents on one letter", inside(`url: "e`+strings.Repeat("\u0300", 200_000)+`"`))
	add("defaults in each connection", "version: 1\ndefaults: {properties: {a: ["+strings.Repeat("1,", 15_000)+"1]}}\nconnections:\n"+numbered("  - {name: c%d}\n", 5000))
	full := "version: 1\ndefaults: {space: Finance, dataSource: rest, properties: {about: \"" + strings.Repeat("a long text of the defaults ", 30) + "\"}}\nconnections:\n"
	add("connections up to the limit", full+numbered("  - {name: c%[1]d, properties: {url: \"https://host-%[1]d.example/v1/orders/of/customers\"}, credentials: {password: {env: P%[1]d}}}\n", limits.TenantConnections))
	add("mistakes up to the limit", full+numbered("  - {name: c%[1]d, properties: {password: \"x%[1]d\", url: \"https://u:secret%[1]d@host.example\"}, tgas: []}\n", limits.TenantConnections))
	add("moved blocks in a chain", one+"moved:\n"+numbered("  - {from: {space: F, name: m%[1]d}, to: {space: F, name: n%[1]d}}\n", 5000))
	add("moved blocks to one place", one+"moved:\n"+numbered("  - {from: {space: Finance, name: m%d}, to: {space: Finance, name: a}}\n", 5000))
	add("tags", "%YAML 1.2\n"+strings.Repeat("%TAG !a! tag:example.com,2000:\n", 50_000)+"---\n"+one)
	add("anchors", "version: 1\nconnections:\n"+numbered("  - &a%[1]d {name: n%[1]d}\n", 30_000))
	add("a variable that is nowhere", inside(`url: "`+strings.Repeat("${var.x}", 100_000)+`"`))
	add("variables without an end", inside(`url: "`+strings.Repeat("${var.", 100_000)+`"`))

	long := func(piece string) string { return inside("url: '" + strings.Repeat(piece, 1_000_000/len(piece)) + "'") }
	add("addresses named as passwords", long("password=http://"))
	add("lists named as passwords", long("password:["))
	add("braces named as keys", long("key={"))
	add("forms of keys", long("key=x "))
	add("beginnings of private keys", long("-----BEGIN PRIVATE KEY----- -----END "))

	project := func(name, text string, files map[string]string) {
		files["qlsync.yaml"] = text
		all[name] = bomb{files: files}
	}
	project("a long variable", bombProject+"variables: {x: "+strings.Repeat("x", 100_000)+"}\n", map[string]string{
		"c.yaml": "version: 1\nconnections:\n" + numbered("  - {name: c%d, space: Finance, dataSource: rest, properties: {a: \"${var.x}\"}}\n", 280),
	})
	project("a long variable in too many places", bombProject+"variables: {x: "+strings.Repeat("x", 100_000)+"}\n", map[string]string{
		"c.yaml": "version: 1\nconnections:\n" + numbered("  - {name: c%d, space: Finance, properties: {a: \"${var.x}\"}}\n", 2000),
	})
	deep := strings.Repeat("d/", 40) + "a.yaml"
	for _, pattern := range []string{strings.Repeat("**/", 12) + "x?.yaml", strings.Repeat("**/*/", 20) + "x.yaml", strings.Repeat("*", 5000) + "x.yaml", strings.Repeat("[a-z]*", 2000) + ".yaml", strings.Repeat("**/", 200) + "x.yaml"} {
		project("the glob "+pattern[:min(20, len(pattern))], strings.Replace(bombProject, "c.yaml", `"`+pattern+`"`, 1), map[string]string{deep: one})
	}
	project("entries", strings.Replace(bombProject, "c.yaml", strings.Repeat(`"**/*.yaml", `, 20_000)+"c.yaml", 1), map[string]string{"c.yaml": one, deep: one})
	project("tenants", "version: 1\nproject: acme\nconnections: [c.yaml]\ntenants:\n"+numbered("  t%d: {url: \"sim:t.yaml\"}\n", 900), map[string]string{"c.yaml": "version: 1\nconnections:\n" + numbered("  - {name: c%d}\n", 2000)})
	project("a project file of aliases", "a: &a [x]\n"+strings.Repeat("b: *a\n", 100_000), map[string]string{})

	schema := func(name, text string) {
		all["a schema with "+name] = bomb{files: map[string]string{
			"c.yaml": one, "schemas/rest.json": `{"connectorVersion": "1", "connectionProperties": ` + text + `}`,
		}}
	}
	for name, each := range map[string]string{
		"allOf": `{"allOf": [@, @]}`, "anyOf": `{"anyOf": [@, @]}`, "oneOf": `{"oneOf": [@, @]}`, "if": `{"if": @, "then": @, "else": @}`, "not": `{"not": @, "if": @}`,
		"dependencies": `{"dependencies": {"a": @, "b": @}}`, "properties": `{"allOf": [{"properties": {"a": @}}, {"properties": {"a": @}}]}`, "items": `{"items": {"anyOf": [@, @]}}`,
	} {
		text := `{"definitions": {"d0": {"type": "integer"}`
		for i := 1; i < 30; i++ {
			text += fmt.Sprintf(`, "d%d": %s`, i, strings.ReplaceAll(each, "@", fmt.Sprintf(`{"$ref": "#/definitions/d%d"}`, i-1)))
		}
		schema(name, text+`}, "properties": {"url": {"$ref": "#/definitions/d29"}}}`)
	}
	folder := func(name string, number int, text string) {
		files := map[string]string{"c.yaml": one}
		for i := range number {
			files[fmt.Sprintf("schemas/s%d.json", i)] = text
		}
		all["a folder of "+name] = bomb{files: files, says: "has more than"}
	}
	folder("many schemas", 2001, "{}")
	folder("large schemas", 17, `{"a": "`+strings.Repeat("x", 4<<20-10)+`"}`)
	schema("itself", `{"allOf": [{"$ref": "#"}]}`)
	schema("itself twice below", `{"properties": {"url": {"$ref": "#/definitions/a"}}, "definitions": {"a": {"items": {"allOf": [{"$ref": "#/definitions/a"}, {"$ref": "#/definitions/a"}]}}}}`)
	schema("many patterns", `{"properties": {`+numbered(`"p%d": {"pattern": "(x{900}y{90}z)"},`, 3000)+`"url": {}}}`)
	schema("repeated repetitions", `{"properties": {"url": {"pattern": "((a{30}){30}){30}"}}}`)
	schema("parentheses", `{"properties": {"url": {"pattern": "`+strings.Repeat("(", 900)+"a"+strings.Repeat(")*", 900)+`"}}}`)
	schema("a long enum", `{"properties": {"url": {"enum": ["`+strings.Repeat("e", 3_000_000)+`"]}}}`)
	schema("a list of not", `{"properties": {"url": `+strings.Repeat(`{"not": `, 4000)+`{}`+strings.Repeat(`}`, 4000)+`}}`)
	schema("a large multipleOf", `{"properties": {"url": {"multipleOf": 1e-99999, "maximum": 1e308}}}`)

	saved := func(name, text string) {
		all["a plan file of "+name] = bomb{files: map[string]string{"plan.json": text}, command: []string{"show", "plan.json"}}
	}
	saved("open lists", strings.Repeat("[", 5_000_000))
	saved("open maps", strings.Repeat(`{"a":`, 2_000_000))
	saved("steps", `{"format": "qlsync.plan/v1", "items": [`+strings.Repeat("{},", 100_000)+`{}]}`)
	saved("blanks", strings.Repeat(" ", 64<<20))
	all["a snapshot of open lists"] = bomb{files: map[string]string{"c.yaml": one, "live.json": strings.Repeat("[", 5_000_000)}, command: []string{"plan", "--snapshot", "live.json"}}
	all["a seed of aliases"] = bomb{files: map[string]string{"c.yaml": one, "t.yaml": "a: &a [x,x,x,x]\n" + numbered("b%d: &b [*a,*a,*a]\n", 5000) + "c: [*b,\n"}, command: []string{"plan"}}
	all["a seed of lists"] = bomb{files: map[string]string{"c.yaml": one, "t.yaml": strings.Repeat("[", 1_000_000)}, command: []string{"plan"}}
	for name, b := range all {
		b.says = cmp.Or(b.says, bombSays(name))
		all[name] = b
	}
	return all
}

// bombSays returns what the message about a bomb says: what is too much, and what to do. For
// a bomb that is harmless, it is the verdict.
func bombSays(name string) string {
	const (
		valid      = " valid."
		tooDeep    = "maps and lists are nested more than 64 deep (check whether a closing bracket is missing)"
		tooManyIn  = "a single entry has more than 20,000 values (split the entry)"
		tooLong    = "a text is longer than 1,048,576 bytes"
		tooLarge   = "the file is larger than 32 MiB (split the file)"
		tooDense   = "the file has more than 3,145,728 lines, commas, colons and brackets (split the file)"
		entries    = "a map has more than 1,000 entries (remove entries. For more tenants, declare fleet with a file or the organization in place of tenants)"
		number     = "the number is too large or too small (put the value in quotes if it is text)"
		alternates = "its references and alternatives check one value against more than 10,000 schemas. Only the names of its properties are checked"
		projects   = "(split the project, or raise the limits with --raise-limits N)"
	)
	switch {
	case strings.HasPrefix(name, "the glob ") && strings.Contains(name, "**/**/"):
		return "more than 60 folders in a pattern"
	case strings.HasPrefix(name, "the glob "):
		return "matches no .yaml or .yml file"
	}
	return map[string]string{
		"deep lists":                         tooDeep,
		"deep maps":                          tooDeep,
		"deep and open lists":                tooDeep,
		"deep and open maps":                 tooDeep,
		"deep lists in a connection":         tooDeep,
		"deep maps in a connection":          tooDeep,
		"a seed of lists":                    tooDeep,
		"aliases of lists":                   tooManyIn,
		"merged maps":                        tooManyIn,
		"values of a connection":             tooManyIn,
		"aliases of maps":                    "the file has more than 2,097,152 values",
		"aliases of long texts":              "the file has more than 2,097,152 values",
		"a map merged into itself":           `the alias "a" refers to the value that contains it`,
		"an alias in its own anchor":         `the alias "a" refers to the value that contains it`,
		"aliases of a connection":            "more than 200,000 connections " + projects,
		"empty lists":                        "more than 200,000 connections " + projects,
		"commas":                             tooDense,
		"lines":                              tooDense,
		"a long text":                        tooLong,
		"a long comment":                     tooLarge,
		"a long key":                         "a key has at most 1,024 characters",
		"a long number":                      number,
		"a large exponent":                   number,
		"a small exponent":                   number,
		"the same key":                       `unknown field "k"`,
		"many keys":                          entries,
		"keys of a connection":               entries,
		"unknown keys that are alike":        `field "dataSource" is missing (write it here or under defaults)`,
		"mistakes":                           `field "dataSource" is missing (write it here or under defaults)`,
		"mistakes on one line":               `field "dataSource" is missing (write it here or under defaults)`,
		"anchors":                            `field "dataSource" is missing (write it here or under defaults)`,
		"a long variable in too many places": `field "dataSource" is missing (write it here or under defaults)`,
		"documents":                          "remove the line ---",
		"a mistake at the end":               "c.yaml:20003:9: error: a list or map in brackets has a missing or an extra bracket or comma",
		"accents on one letter":              valid,
		"addresses named as passwords":       valid,
		"forms of keys":                      valid,
		"lists named as passwords":           valid,
		"connections up to the limit":        valid,
		"mistakes up to the limit":           "more than 1,000 errors in this file",
		"moved blocks in a chain":            valid,
		"moved blocks to one place":          valid,
		"a long variable":                    valid,
		"a schema with a large multipleOf":   valid,
		"defaults in each connection":        "(split the file, or declare less under defaults)",
		"tags":                               "found duplicate %TAG directive",
		"a variable that is nowhere":         `variable "x" is not defined`,
		"variables without an end":           "${each.value} are filled in",
		"beginnings of private keys":         "\"url\" contains a secret. Move it under credentials",
		"braces named as keys":               "\"url\" contains a secret. Move it under credentials",
		"entries":                            "more than 1,000 entries under connections " + projects,
		"tenants":                            "2,000 connections for 900 tenants are more than 1,000,000 " + projects,
		"a project file of aliases":          `field "project" is missing`,
		"a schema with allOf":                alternates,
		"a schema with anyOf":                alternates,
		"a schema with oneOf":                alternates,
		"a schema with if":                   alternates,
		"a schema with not":                  alternates,
		"a schema with dependencies":         alternates,
		"a schema with properties":           alternates,
		"a schema with items":                alternates,
		"a schema with itself":               alternates,
		"a schema with itself twice below":   alternates,
		"a schema with many patterns":        "its patterns stand for more than 100,000 characters. Only the names of its properties are checked",
		"a schema with repeated repetitions": "/properties/url/pattern, which cannot be used here",
		"a schema with parentheses":          "/properties/url/pattern, which cannot be used here",
		"a schema with a long enum":          `property "url" must be "eeee`,
		"a schema with a list of not":        "its schemas are nested more than 500 deep. Only the names of its properties are checked",
		"a plan file of open lists":          "the file holds more than 2,000,000 commas and brackets",
		"a plan file of open maps":           "not a file that qlsync has written: lists and maps are nested more than 10000 deep",
		"a plan file of steps":               "not a plan: it has no project or no hash",
		"a plan file of blanks":              "not a file that qlsync has written: it is empty",
		"a snapshot of open lists":           "the file holds more than 2,000,000 commas and brackets",
		"a seed of aliases":                  "t.yaml:5002:4: error: a list or map in brackets has a missing or an extra bracket",
	}[name]
}

func numbered(format string, number int) string {
	var text strings.Builder
	for i := range number {
		fmt.Fprintf(&text, format, i)
	}
	return text.String()
}

// namesAFile reports whether a message is an error that names one of the files, or the folder of one.
func namesAFile(said string, files map[string]string) bool {
	if !strings.Contains(said, "error: ") {
		return false
	}
	for file := range files {
		folder, _, inside := strings.Cut(file, "/")
		if strings.Contains(said, file) || inside && strings.Contains(said, folder+": ") {
			return true
		}
	}
	return false
}

// TestNoBombTakesMoreThanTenSecondsOrAGigabyte measures the processor time of a process of
// its own, so that a busy machine does not matter.
func TestNoBombTakesMoreThanTenSecondsOrAGigabyte(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each bomb")
	}
	if underRace {
		t.Skip("make cases runs it without the race detector")
	}
	program, err := buildRaceless()
	if err != nil {
		t.Fatal(err)
	}
	all := bombs()
	if len(all) < 60 {
		t.Errorf("got %d bombs, want at least 60", len(all))
	}
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if !isDrawn(i, 4) {
			continue
		}
		b := all[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := map[string]string{"qlsync.yaml": bombProject, "t.yaml": "spaces: [{name: Finance, type: shared}]\n"}
			for file, text := range b.files {
				files[file] = text
			}
			for file, text := range files {
				file = filepath.Join(dir, filepath.FromSlash(file))
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			command := b.command
			if command == nil {
				command = []string{"validate"}
			}
			said, code := detonate(t, program, dir, command)
			t.Logf("exit code %d: %.600s", code, said)
			if code == exitDiffers || code == exitRefused || code == exitError && !namesAFile(said, files) {
				t.Errorf("got an error that names no file of the bomb: %.500s", said)
			}
			if b.says == "" || !strings.Contains(said, b.says) {
				t.Errorf("got no message with %q: %.500s", b.says, said)
			}
		})
	}
}

// detonating holds as many bombs as run at the same time. They do nothing but compute.
var detonating = make(chan struct{}, runtime.GOMAXPROCS(0))

// detonate runs a command on a bomb in a process of its own and returns what it said and
// its exit code. It checks that the process ends by itself, with 0 or 1, without a crash,
// within the bounds of time, memory and output.
func detonate(t *testing.T, program, dir string, command []string, environment ...string) (said string, code int) {
	t.Helper()
	detonating <- struct{}{}
	defer func() { <-detonating }()
	ctx, cancel := context.WithTimeout(t.Context(), 18*bombTime) // on a busy machine the test has a part of a processor
	defer cancel()
	process := exec.CommandContext(ctx, program, command...)
	process.Dir = dir
	process.Env = append(os.Environ(), environment...)
	output, err := process.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("got no end after %v, want one within %v of processor time: %.500s", 18*bombTime, bombTime, output)
	}
	state := process.ProcessState
	code = state.ExitCode()
	if code != exitOK && code != exitError && code != exitRefused && code != exitDiffers && code != exitPartial || bytes.Contains(output, []byte("has crashed")) {
		t.Errorf("got %v, want exit code 0 or %d without a crash: %.500s", err, exitError, output)
	}
	if len(output) > 1<<20 {
		t.Errorf("got %d bytes of output, want at most %d", len(output), 1<<20)
	}
	if took := state.UserTime() + state.SystemTime(); took > bombTime {
		t.Errorf("got %v of processor time, want at most %v", took, bombTime)
	}
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if memory := int64(usage.Maxrss) << 10; ok && runtime.GOOS == "linux" && memory > bombMemory {
		t.Errorf("got %d MiB of memory, want at most %d", memory>>20, bombMemory>>20)
	}
	return string(output), code
}
