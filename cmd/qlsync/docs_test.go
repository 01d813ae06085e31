package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	"github.com/qlsync/qlsync/pkg/simulator"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/spec"
)

// The documents are tests. What a fenced block is, the words behind its language say:
//
//	yaml file=PATH       a file of the current folder; qlsync.yaml begins a new project in a new folder
//	yaml file=PATH wrong the same, and the text is about what is wrong with it
//	console              commands behind "$ " and all that they print; "..." stands for anything
//	console new          the same, in a new, empty folder
//	console example=NAME the same, in a copy of examples/NAME
//	sh, text             not looked at
//
// Every project must load, and fit the embedded data sources. A command must end with 0, or say with what it ends; one
// that ends in & runs until the document ends. The address below is replaced by a free one.
const documentAddress = "127.0.0.1:8765"

var fence = regexp.MustCompile("(?ms)^```([a-z]+) ?([^\n]*)\n(.*?)^```$")

func TestEveryExampleInTheDocumentsRuns(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell")
	}
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/*.md"} {
		names, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: no document (%v)", pattern, err)
		}
		for _, name := range names {
			t.Run(strings.TrimPrefix(filepath.ToSlash(name), "../../"), func(t *testing.T) {
				t.Parallel()
				d := &document{T: t, dir: t.TempDir()}
				for _, b := range fence.FindAllStringSubmatch(d.read(name), -1) {
					d.take(b[1], b[2]+" ", b[3])
				}
				d.check()
			})
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
		if file == "qlsync.yaml" {
			d.dir = d.TempDir()
		}
		path := filepath.Join(d.dir, filepath.FromSlash(file))
		d.must(os.MkdirAll(filepath.Dir(path), 0o755))
		d.must(os.WriteFile(path, []byte(text), 0o644))
		d.unchecked = !strings.Contains(said, "wrong ")
	case language == "yaml":
		_, problems := spec.ToJSON("yaml block", []byte(text))
		d.must(problems.Err())
	case language == "console":
		d.check()
		if isExample || strings.Contains(said, "new ") {
			d.dir = d.TempDir()
		}
		if isExample {
			d.must(os.CopyFS(d.dir, os.DirFS(filepath.Join("..", "..", "examples", strings.TrimSpace(example)))))
			d.must(os.RemoveAll(filepath.Join(d.dir, ".qlsync")))
			d.must(os.RemoveAll(filepath.Join(d.dir, "tenants", ".qlsync")))
		}
		for _, command := range strings.Split("\n"+text, "\n$ ")[1:] {
			line, want, _ := strings.Cut(strings.ReplaceAll(command, "\\\n", ""), "\n")
			d.run(line, want)
		}
	}
}

// run runs a command and compares what it prints.
func (d *document) run(line, want string) {
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
