package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/qlsync/qlsync/internal/commandline"
	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/schemas"
)

// docs/reference/cli.md holds the definitions of the commands and nothing else. All other
// documentation of commands is in docs/reference/commands.md.
func TestTheReferenceSaysWhatTheCommandsDo(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "reference", "cli.md")
	want := reference(newApp(&environment{}))
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if difference := firstDifference(string(got), want); difference != "" {
		t.Errorf("docs/reference/cli.md is not what the commands say. Run this, and commit what it changes:\n\n"+
			"    make docs\n\n(that is: go test ./cmd/qlsync -run TestTheReference -update)\n%s", difference)
	}
}

// docs/reference/messages.md holds the tables of messages and nothing else.
func TestTheReferenceHasEveryMessage(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "reference", "messages.md")
	want := report.MessagesPage(messages.Explain(engine.Messages()))
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if difference := firstDifference(string(got), want); difference != "" {
		t.Errorf("docs/reference/messages.md differs from the tables. Run this, and commit the changed file:\n\n    make docs\n%s", difference)
	}
}

// firstDifference shows the first line in which two texts differ.
func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		var had, has string
		if i < len(a) {
			had = a[i]
		}
		if i < len(b) {
			has = b[i]
		}
		if had != has {
			return fmt.Sprintf("line %d\n  docs:     %s\n  commands: %s", i+1, had, has)
		}
	}
	if len(a) != len(b) {
		return "they end differently"
	}
	return ""
}

const sharedTitle = "Flags of every command on a project"

// reference writes the definitions of all commands as markdown.
func reference(app *cli.App) string {
	var b strings.Builder
	b.WriteString("# Command line reference\n\n" +
		"<!-- Written from the definitions of the commands: change those and run `make docs`. -->\n\n" +
		"`qlsync COMMAND --help` prints the same. [Commands](commands.md) describes what the commands do, how they end and what\n" +
		"they print.\n\n" +
		"| command | does |\n|---|---|\n")
	commands := visible(app.Commands, "qlsync")
	for _, c := range commands {
		anchor := strings.ReplaceAll(c.path, " ", "-")
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", c.path, anchor, cell(c.Usage))
	}
	fmt.Fprintf(&b, "\n## %s\n", sharedTitle)
	var takers []string
	for _, c := range commands {
		if c.takesShared() {
			takers = append(takers, "`"+strings.TrimPrefix(c.path, "qlsync ")+"`")
		}
	}
	fmt.Fprintf(&b, "\n%s take these flags, before or after the command.\n", words.AllOf(takers))
	writeFlags(&b, sharedFlags())
	for _, c := range commands {
		c.write(&b)
	}
	return b.String()
}

// namedCommand is a command with all the words that call it.
type namedCommand struct {
	*cli.Command
	path string
}

// visible returns the commands that the help lists, and their subcommands.
func visible(commands []*cli.Command, path string) []namedCommand {
	var all []namedCommand
	for _, c := range commands {
		if c.Hidden || c.Name == "help" {
			continue
		}
		own := *c // every command has --help, so it is not in the tables
		own.Flags = slices.DeleteFunc(slices.Clone(c.Flags), func(flag cli.Flag) bool { return slices.Contains(flag.Names(), "help") })
		all = append(all, namedCommand{&own, path + " " + c.Name})
		all = append(all, visible(c.Subcommands, path+" "+c.Name)...)
	}
	return all
}

func (c namedCommand) takesShared() bool {
	return len(commandline.OwnFlags(c.Command, sharedFlags())) < len(c.Flags)
}

func (c namedCommand) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n", c.path, commandline.Sentence(c.Usage))
	if c.Description != "" {
		fmt.Fprintf(b, "\n%s\n", strings.TrimSpace(c.Description))
	}
	own := commandline.OwnFlags(c.Command, sharedFlags())
	fmt.Fprintf(b, "\n```text\n%s\n```\n", commandline.UsageLine(c.Command, c.path))
	b.WriteString("\n```sh\n")
	for _, example := range guides[c.path].Examples {
		fmt.Fprintf(b, "%s  # %s\n", example.Line, example.For)
	}
	b.WriteString("```\n")
	if len(own) > 0 {
		writeFlags(b, own)
	}
	if c.takesShared() {
		b.WriteString("\nAnd the [flags of every command on a project](#flags-of-every-command-on-a-project).\n")
	}
	b.WriteString("\n| exit code | meaning |\n|---|---|\n")
	for _, exit := range guides[c.path].Exits {
		fmt.Fprintf(b, "| %d | %s |\n", exit.Code, cell(exit.Meaning))
	}
}

func writeFlags(b *strings.Builder, flags []cli.Flag) {
	b.WriteString("\n| flag | default | meaning |\n|---|---|---|\n")
	for _, flag := range flags {
		b.WriteString(row(flag))
	}
}

// row is a line of a table of flags; of a hidden flag there is none.
func row(flag cli.Flag) string {
	if shown, ok := flag.(cli.VisibleFlag); ok && !shown.IsVisible() {
		return ""
	}
	described := flag.(cli.DocGenerationFlag)
	usage := described.GetUsage()
	value := ""
	if described.TakesValue() && described.GetValue() != "" {
		value = "`" + described.GetValue() + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", strings.Join(commandline.FlagNames(flag), "`, `"), value, cell(usage))
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}

var exitCodes = regexp.MustCompile(`(?m)^(?:\| |  )(\d+(?:, \d+)*)(?: \||  |$)`)

// TestTheDocumentedExitCodesAreThoseOfTheHelp compares the table in docs/reference/commands.md with qlsync help exit-codes.
func TestTheDocumentedExitCodesAreThoseOfTheHelp(t *testing.T) {
	var help strings.Builder
	runLine([]string{"qlsync", "help", "exit-codes"}, strings.NewReader(""), &help, io.Discard)
	documented, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "commands.md"))
	if err != nil {
		t.Fatal(err)
	}
	got, want := names(exitCodes, fence.ReplaceAllString(string(documented), "")), names(exitCodes, help.String())
	if len(want) < 5 || !slices.Equal(got, want) {
		t.Errorf("the table in docs/reference/commands.md has the exit codes %q, the help %q", got, want)
	}
}

var flagName = regexp.MustCompile("`(--?[a-z][a-z-]*)")

// Where the prose names a flag, the program has one of that name: each `--flag` in
// the documents.
func TestTheDocumentsNameNoFlagThatIsNone(t *testing.T) {
	known := map[string]bool{"--help": true, "-h": true, "--version": true, "-v": true, "--chmod": true} // --chmod is a flag of git
	for _, c := range visible(newApp(&environment{}).Commands, "qlsync") {
		for _, flag := range c.Flags {
			for _, name := range flag.Names() {
				known["--"[:min(2, len(name))]+name] = true
			}
		}
	}
	d := &document{T: t}
	for _, name := range documents(t) {
		for _, flag := range flagName.FindAllStringSubmatch(d.read(name), -1) {
			if !known[flag[1]] {
				t.Errorf("%s names %s, which no command takes", filepath.Base(name), flag[1])
			}
		}
	}
}

var tableRow = regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\|.*$")

// The tables of docs/reference/files.md have a row for each key of the two kinds of files, with
// what it may be and what it is where it is left out, as their schemas have it.
func TestTheTablesOfFilesAreTheirSchemas(t *testing.T) {
	d := &document{T: t}
	rows := map[string]string{}
	for _, row := range tableRow.FindAllStringSubmatch(d.read(filepath.Join("..", "..", "docs", "reference", "files.md")), -1) {
		rows[row[1]] += row[0]
	}
	known := map[string]bool{}
	for _, format := range []struct {
		text     []byte
		pointers []string // to the objects that have a table
	}{
		{schemas.Project(), []string{"properties", "properties/policy/properties", "properties/fleet/properties", "properties/fleet/properties/from/properties", "properties/fleet/properties/tenant/properties", "definitions/tenant/properties", "definitions/rateLimit/properties"}},
		{schemas.Connections(), []string{"properties", "properties/connections/items/properties", "properties/spaces/items/properties", "definitions/lifecycle/properties", "definitions/overrides/items/properties/for/properties"}},
	} {
		var schema any
		if err := json.Unmarshal(format.text, &schema); err != nil {
			t.Fatal(err)
		}
		for _, pointer := range format.pointers {
			object := schema
			for _, token := range strings.Split(pointer, "/") {
				object = object.(map[string]any)[token]
			}
			for key, of := range object.(map[string]any) {
				known[key] = true
				allowed, _ := of.(map[string]any)["enum"].([]any)
				if fallback, ok := of.(map[string]any)["default"].(string); ok {
					allowed = append(allowed, fallback)
				}
				for _, value := range allowed {
					if value != nil && !strings.Contains(rows[key], fmt.Sprintf("`%v`", value)) {
						t.Errorf("no row says that %q may be %v", key, value)
					}
				}
				if rows[key] == "" {
					t.Errorf("no table has a row for %q", key)
				}
			}
		}
	}
	for key := range rows {
		if !known[key] {
			t.Errorf("the documents have the key %q, which no schema has", key)
		}
	}
}
