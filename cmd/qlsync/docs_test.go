package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	"github.com/qlsync/qlsync/pkg/simulator"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/spec"
)

// The documents are tests. The words behind the language of a fenced block say how it is used:
//
//	yaml file=PATH       a file of the current folder; qlsync.yaml begins a new project in a new folder
//	yaml file=PATH edit  the same, but qlsync.yaml stays in the folder
//	yaml file=PATH wrong the same, and the project does not load: the file is wrong, or other files are still missing
//	console              commands behind "$ " and all that they print; "..." matches any text
//	console new          the same, in a new, empty folder
//	console example=NAME the same, in a copy of examples/NAME
//	console exit=CODE    the same, and the last command ends with CODE
//	sh run WORDS         commands to paste, one a line; the words are those of console
//	text output          lines that the commands of the sh block before print; other lines can come before and after them,
//	                     except behind a command that ends in & and is alone in its block
//	powershell           the qlsync commands and variables of the block before, for PowerShell
//	sh, text             not looked at
//
// Every project must load, and fit the embedded data sources. A command must end with 0, or say with what it ends; one
// that ends in & runs until the document ends. The address below is replaced by a
// free one.
const documentAddress = "127.0.0.1:8765"

var fence = regexp.MustCompile("(?ms)^```([a-z]+) ?([^\n]*)\n(.*?)^```$")

func TestEveryExampleInTheDocumentsRuns(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell")
	}
	for _, name := range documents(t) {
		t.Run(strings.TrimPrefix(filepath.ToSlash(name), "../../"), func(t *testing.T) {
			t.Parallel()
			d := &document{T: t, dir: t.TempDir()}
			blocks := fence.FindAllStringSubmatch(d.read(name), -1)
			for i, b := range blocks {
				d.take(b[1], b[2]+" ", b[3])
				if b[1] == "sh" && strings.HasPrefix(b[2], "run") {
					d.runAll(b[2]+" ", b[3], outputOf(blocks[i+1:]))
				}
			}
			d.check()
		})
	}
}

// documents returns the names of the documents: those of the root, and all below docs and examples.
func documents(t *testing.T) []string {
	root := filepath.Join("..", "..")
	names, err := filepath.Glob(filepath.Join(root, "*.md"))
	for _, folder := range []string{"docs", "examples"} {
		err = errors.Join(err, filepath.WalkDir(filepath.Join(root, folder), func(name string, _ fs.DirEntry, err error) error {
			if strings.HasSuffix(name, ".md") {
				names = append(names, name)
			}
			return err
		}))
	}
	if err != nil || len(names) < 10 {
		t.Fatalf("found %d documents, want at least 10 (%v)", len(names), err)
	}
	return names
}

var (
	link    = regexp.MustCompile(`(?:\]\(|src="|href=")([^)"\s]*)[)"]`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// TestEveryLinkInTheDocumentsLeadsSomewhere checks the links to files and headings of the repository.
func TestEveryLinkInTheDocumentsLeadsSomewhere(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return fence.ReplaceAllString(string(text), "")
	}
	for _, name := range documents(t) {
		for _, l := range link.FindAllStringSubmatch(read(name), -1) {
			file, anchor, _ := strings.Cut(l[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := filepath.Join(filepath.Dir(name), filepath.FromSlash(file))
			if file == "" {
				target = name
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", name, l[1])
			} else if anchor != "" && !slices.Contains(anchors(read(target)), anchor) {
				t.Errorf("%s links to %s, but %s has no such heading", name, l[1], target)
			}
		}
	}
}

// anchors returns the anchors of the headings of a document, as GitHub makes them.
func anchors(text string) []string {
	var all []string
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, h[1]))
	}
	return all
}

var (
	onlyInSh   = regexp.MustCompile(`[|<>;&\\]|\$[({A-Za-z]|(?m)^(?:export|cp|rm|sed|chmod) `)
	qlsyncCall = regexp.MustCompile(`qlsync [a-z][^|<>;&\n]*`)
	setInSh    = regexp.MustCompile(`\b([A-Z][A-Z0-9_]*)=`)
	setInPwsh  = regexp.MustCompile(`\$env:([A-Z0-9_]+) =`)
)

// TestGuidesHaveAPowerShellFormWhereTheShellsDiffer compares each block of README.md, docs/tutorial and docs/how-to that
// PowerShell cannot run with the powershell block behind it: the same qlsync commands, and the same variables.
func TestGuidesHaveAPowerShellFormWhereTheShellsDiffer(t *testing.T) {
	for _, name := range documents(t) {
		if slash := filepath.ToSlash(name); !strings.Contains(slash, "/how-to/") && !strings.Contains(slash, "/tutorial/") && slash != "../../README.md" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		blocks := append(fence.FindAllStringSubmatch(string(text), -1), make([]string, 4))
		for i, b := range blocks {
			var commands []string
			for _, line := range strings.Split(strings.ReplaceAll(b[3], "\\\n", ""), "\n") {
				if command, found := strings.CutPrefix(line, "$ "); found || b[1] == "sh" {
					commands = append(commands, command)
				}
			}
			sh := strings.Join(commands, "\n")
			if !onlyInSh.MatchString(sh) {
				continue
			}
			next := blocks[i+1]
			if next[1] != "powershell" {
				t.Errorf("%s: a powershell block must follow, because PowerShell cannot run this:\n%s", name, sh)
				continue
			}
			pwsh := strings.NewReplacer("`\n", "", "$env:", "$").Replace(next[3])
			if got, want := calls(pwsh), calls(sh); !slices.Equal(got, want) {
				t.Errorf("%s: the powershell block runs %q, the block before it %q", name, got, want)
			}
			if got, want := names(setInPwsh, next[3]), names(setInSh, sh); !slices.Equal(got, want) {
				t.Errorf("%s: the powershell block sets %q, the block before it %q", name, got, want)
			}
		}
	}
}

// calls returns the qlsync commands of a script.
func calls(script string) []string {
	all := qlsyncCall.FindAllString(script, -1)
	for i := range all {
		all[i] = strings.Join(strings.Fields(all[i]), " ")
	}
	return all
}

// names returns the first groups of all matches.
func names(pattern *regexp.Regexp, text string) []string {
	var all []string
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	return all
}

// TestTheDocumentsAreInPlainEnglish reports expressions in README.md, docs and examples that no comment may contain
// either, outside the fenced blocks, which show what qlsync prints.
func TestTheDocumentsAreInPlainEnglish(t *testing.T) {
	for _, name := range documents(t) {
		if filepath.Dir(name) == filepath.Join("..", "..") && filepath.Base(name) != "README.md" {
			continue // not for users
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		prose := fence.ReplaceAllStringFunc(string(text), func(block string) string { return strings.Repeat("\n", strings.Count(block, "\n")) })
		for i, line := range strings.Split(prose, "\n") {
			for _, word := range plainer {
				if found := word.banned.FindString(line); found != "" {
					t.Errorf("%s:%d: write %s instead of %q", name, i+1, word.write, found)
				}
			}
		}
	}
}

// document is one that is being read from top to bottom.
type document struct {
	*testing.T
	dir       string // the current folder
	exports   string
	unchecked bool // the files of the folder have changed
}

func (d *document) must(err error) {
	if err != nil {
		d.Fatal(err)
	}
}

// read returns a document, with the address replaced.
func (d *document) read(name string) string {
	text, err := os.ReadFile(name)
	d.must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	d.must(err)
	defer listener.Close()
	return strings.ReplaceAll(string(text), documentAddress, listener.Addr().String())
}

// take does what a block asks for. What is said of it ends with a blank.
func (d *document) take(language, said, text string) {
	_, file, isFile := strings.Cut(said, "file=")
	_, example, isExample := strings.Cut(said, "example=")
	switch {
	case language == "yaml" && isFile:
		file, _, _ = strings.Cut(file, " ")
		if _, err := os.Stat(filepath.Join(d.dir, file)); err == nil || file == "qlsync.yaml" {
			d.check()
		}
		if file == "qlsync.yaml" && !strings.Contains(said, "edit ") {
			d.dir = d.TempDir()
		}
		path := filepath.Join(d.dir, filepath.FromSlash(file))
		d.must(os.MkdirAll(filepath.Dir(path), 0o755))
		d.must(os.WriteFile(path, []byte(text), 0o644))
		d.unchecked = !strings.Contains(said, "wrong ")
	case language == "yaml":
		_, problems := spec.ToJSON("yaml block", []byte(text))
		d.must(problems.Err())
	case language == "console" || language == "sh" && strings.HasPrefix(said, "run "):
		d.check()
		if isExample || strings.Contains(said, "new ") {
			d.dir = d.TempDir()
		}
		if isExample {
			example, _, _ = strings.Cut(example, " ")
			d.must(os.CopyFS(d.dir, os.DirFS(filepath.Join("..", "..", "examples", example))))
			d.must(os.RemoveAll(filepath.Join(d.dir, ".qlsync")))
			d.must(os.RemoveAll(filepath.Join(d.dir, "tenants", ".qlsync")))
		}
		commands := strings.Split("\n"+text, "\n$ ")[1:]
		for i, command := range commands {
			line, want, _ := strings.Cut(strings.ReplaceAll(command, "\\\n", ""), "\n")
			code := 0
			if i == len(commands)-1 {
				code = exitOf(said)
			}
			d.run(line, want, code)
		}
	}
}

// exitOf returns the exit code that a block says its last command has.
func exitOf(said string) int {
	_, ending, _ := strings.Cut(said, "exit=")
	code, _ := strconv.Atoi(strings.TrimSpace(ending))
	return code
}

// outputOf returns the output block that belongs to the block before these: the next one, or the one behind its
// PowerShell form.
func outputOf(blocks [][]string) string {
	if len(blocks) > 1 && blocks[0][1] == "powershell" {
		blocks = blocks[1:]
	}
	if len(blocks) > 0 && blocks[0][1] == "text" && blocks[0][2] == "output" {
		return blocks[0][3]
	}
	return ""
}

// runAll runs the commands of a block and compares what they print together with some lines of it.
func (d *document) runAll(said, text, want string) {
	if line, isServer := strings.CutSuffix(text, " &\n"); isServer { // alone in its block
		d.run(line+" &", want, 0)
		return
	}
	script := "set -e\n" + text
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "export ") {
			defer func() { d.exports += line + "\n" }()
		}
	}
	d.run(script, "...\n"+want+"...\n", exitOf(said))
}

// run runs a command and compares what it prints, and how it ends.
func (d *document) run(line, want string, code int) {
	line, isServer := strings.CutSuffix(line, " &")
	if strings.HasPrefix(line, "export ") {
		d.exports += line + "\n"
	}
	if _, err := exec.LookPath("curl"); err != nil && strings.HasPrefix(line, "curl ") {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	cmd := exec.CommandContext(ctx, "sh", "-c", d.exports+line)
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ana", "GIT_AUTHOR_EMAIL=ana@example.com", "GIT_COMMITTER_NAME=Ana", "GIT_COMMITTER_EMAIL=ana@example.com")
	var got []byte
	var err error
	if isServer {
		cmd.Args[2] = d.exports + "exec " + line + " 2>&1"
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		output, _ := cmd.StdoutPipe()
		d.must(cmd.Start())
		d.Cleanup(func() { cancel(); _ = cmd.Wait() })
		got = make([]byte, len(want)) // as much as is shown: it goes on running
		_, err = io.ReadFull(output, got)
	} else {
		defer cancel()
		got, err = cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == code && code != 0 {
			err = nil
		} else if err == nil && code != 0 {
			err = fmt.Errorf("exit code 0, want %d", code)
		}
	}
	pattern := regexp.QuoteMeta(strings.TrimSpace(want) + "\n")
	pattern = regexp.MustCompile(`(?m)^ *\\\.\\\.\\\.\n`).ReplaceAllString(pattern, "(?:.*\n)*?")
	pattern = `\A` + strings.ReplaceAll(pattern, `\.\.\.`, ".*") + `\z`
	if err != nil || !regexp.MustCompile(pattern).MatchString(strings.TrimSpace(string(got))+"\n") {
		d.Errorf("$ %s\ngot %s(%v)\nwant:\n%s", line, got, err, want)
	}
}

// check loads the project of the folder for each of its tenants.
func (d *document) check() {
	if !d.unchecked {
		return
	}
	d.unchecked = false
	tenant, err := simqlik.New([]byte(`{"users": [{"email": "ana@example.com"}]}`), simqlik.Options{})
	d.must(err)
	server, err := simulator.Start(tenant, "")
	d.must(err)
	defer server.Close()
	provider, err := qlik.New(qlik.Config{URL: server.URL, Auth: qlik.Auth{APIKey: connection.NewSecret(server.Token)}})
	d.must(err)
	host := &engine.Host{Lookup: func(string) (string, bool) { return "", false }}
	project, err := host.ReadProject(d.Context(), engine.ProjectOptions{File: filepath.Join(d.dir, "qlsync.yaml")})
	var problems connection.Problems
	if err != nil && !errors.As(err, &problems) {
		d.must(err)
	}
	for i := 0; project != nil && i < len(project.Tenants); i++ {
		set, more := project.Desired(&project.Tenants[i], nil)
		catalog, err := provider.DataSources(d.Context(), set.DataSources())
		d.must(err)
		if engine.IsBuiltIn(&project.Tenants[i]) {
			catalog, _ = project.Vendored(&project.Tenants[i])
		}
		problems = spec.Collect(problems, project.Problems, more, spec.CheckProperties(set.Connections, catalog))
	}
	if len(problems) > 0 {
		d.Errorf("got problems %s, want none in the examples of the docs", problems)
	}
}
