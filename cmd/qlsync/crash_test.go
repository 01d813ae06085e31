package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	simapinizer "github.com/qlsync/qlsync/pkg/simulator/apinizer"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
)

// crashing is a standard error that panics once, when a line of the debug log is written
// to it: in the goroutine that has sent the request.
type crashing struct {
	mu    sync.Mutex
	text  bytes.Buffer
	value any                    // of the panic
	when  func(line string) bool // nil once it has panicked
}

func (c *crashing) Write(text []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.when != nil && strings.Contains(string(text), "msg=request") && c.when(string(text)) {
		c.when = nil
		panic(c.value)
	}
	return c.text.Write(text)
}

func (c *crashing) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// has returns when: at the nth line that holds all the words.
func has(nth int, words ...string) func(string) bool {
	return func(line string) bool {
		for _, word := range words {
			if !strings.Contains(line, word) {
				return false
			}
		}
		nth--
		return nth == 0
	}
}

// TestAPanicOfAWorkerEndsLikeOneOfTheCommand lets a goroutine that reads or writes the
// tenant panic with an error that quotes secrets.
func TestAPanicOfAWorkerEndsLikeOneOfTheCommand(t *testing.T) {
	const token, password = "token-canary-58ff01b3", `canary-7F3a"/&+<é> 51d0e2ab`
	for name, test := range map[string]struct {
		provider string
		tenants  string // the second one, if there is one
		command  []string
		when     func(string) bool
		code     int
		says     []string // parts of the report next to the crash
	}{
		"while the tenant is listed": {
			command: []string{"plan"}, when: has(1, "path=/api/v1/spaces"), code: exitError,
		},
		"while a connection is read": {
			command: []string{"plan"}, when: has(1, "path=/api/v1/data-connections/"), code: exitError,
		},
		"while one of two tenants is listed": {
			tenants: "other", command: []string{"plan", "--all-tenants"}, when: has(1, "path=/api/v1/spaces"), code: exitError,
			says: []string{"Plan for project acme on tenant ", "+ new0  create", "qlsync has crashed; see the end of the output"},
		},
		"while the tenant is examined": {
			command: []string{"doctor"}, when: has(1, "path=/api/v1/data-connections"), code: exitError,
		},
		"while a manager is listed": {
			provider: "apinizer", command: []string{"plan"}, when: has(3, "path=/apiops/projects/Finance/connections/"), code: exitError,
		},
		"while the second connection is created": {
			command: []string{"apply", "--auto-approve", "--parallelism", "1"}, when: has(2, "method=POST"), code: exitPartial,
			says: []string{"1 done, 1 failed", "outcome unknown: qlsync has crashed", "2 skipped of 4 planned", "To continue, run again"},
		},
		"while the second connection of a manager is created": {
			provider: "apinizer", command: []string{"apply", "--auto-approve", "--parallelism", "1"}, when: has(2, "method=POST"), code: exitPartial,
			says: []string{"1 done, 1 failed", "outcome unknown: qlsync has crashed", "1 skipped of 3 planned"},
		},
		"while what was written is read again": {
			command: []string{"apply", "--auto-approve", "--parallelism", "1"}, when: func() func(string) bool {
				written := false
				return func(line string) bool {
					written = written || strings.Contains(line, "method=POST")
					return written && strings.Contains(line, "path=/api/v1/spaces")
				}
			}(), code: exitPartial,
			says: []string{"4 done, 0 failed", "Not verified"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("TOKEN", token)
			t.Setenv("PASSWORD", password)
			crashProject(t, token, test.provider, test.tenants)
			quoted := token
			if test.command[0] == "apply" { // no other command reads the secrets of connections
				quoted += " " + password
			}
			stderr := &crashing{value: fmt.Errorf("400: the body was {%s}\x1b[31m", quoted), when: test.when}
			var stdout bytes.Buffer
			code := runLine(append(append([]string{"qlsync"}, test.command...), "--log-level", "debug"), strings.NewReader(""), &stdout, stderr)
			said := stderr.String()
			if code != test.code {
				t.Errorf("got exit code %d, want %d:\n%s\n%s", code, test.code, stdout.String(), said)
			}
			if strings.Contains(said+stdout.String(), "canary-") || strings.Contains(said, "\x1b") {
				t.Errorf("a crash shows a secret, or steers the terminal:\n%s\n%s", stdout.String(), said)
			}
			if !strings.Contains(said, "error: qlsync has crashed: 400: the body was") || !strings.Contains(said, "crash_test.go") {
				t.Errorf("a crash does not say what happened and where:\n%s", said)
			}
			for _, part := range test.says {
				if !strings.Contains(stdout.String()+said, part) {
					t.Errorf("got no %q next to the crash:\n%s\n%s", part, stdout.String(), said)
				}
			}
		})
	}
}

// panicking is a standard output that panics at the report of what was applied.
type panicking struct{ bytes.Buffer }

func (p *panicking) Write(text []byte) (int, error) {
	if bytes.Contains(text, []byte("Applied project")) {
		panic("in the report")
	}
	return p.Buffer.Write(text)
}

func TestAResultIsKeptIfItsReportCrashes(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TOKEN", "token-canary-58ff01b3")
	t.Setenv("PASSWORD", "canary-7F3a51d0e2ab")
	crashProject(t, "token-canary-58ff01b3", "", "")
	var stdout panicking
	var stderr bytes.Buffer
	code := runLine([]string{"qlsync", "apply", "--auto-approve"}, strings.NewReader(""), &stdout, &stderr)
	_, file, told := strings.Cut(stderr.String(), "To see the result, run: qlsync show ")
	file, _, _ = strings.Cut(file, "\n")
	if code != exitPartial || !told || !strings.Contains(stderr.String(), "error: qlsync has crashed: in the report") {
		t.Fatalf("got exit code %d, want %d, with the file of the result and the crash:\n%s", code, exitPartial, stderr.String())
	}
	var shown bytes.Buffer
	if code := runLine([]string{"qlsync", "show", file}, nil, &shown, &stderr); code != exitOK || !strings.Contains(shown.String(), "4 done, 0 failed") {
		t.Errorf("got exit code %d from show, want the result with 4 changes that were done:\n%s", code, shown.String())
	}
}

// crashProject writes a project with three connections that are to be created on each
// tenant: test, and the other one, if it has a name.
func crashProject(t *testing.T, token, provider, other string) {
	t.Helper()
	auth, connection := "{apiKey: {env: TOKEN}}", `dataSource: snowflake, properties: {server: acme.snowflakecomputing.com, database: LEDGER}, credentials: {username: app, password: {env: PASSWORD}}`
	serve := func() (http.Handler, error) {
		return simqlik.New(fmt.Appendf(nil, `{"token": %q, "users": [{"name": "Ana", "email": "ana@example.com", "roles": ["TenantAdmin"]}],
			"spaces": [{"name": "Finance", "type": "shared"}], "connections": [{"name": "kept", "space": "Finance", "dataSource": "rest", "properties": {"url": "https://a.example"}}]}`, token), simqlik.Options{})
	}
	kept := "  - {name: kept, space: Finance, dataSource: rest, properties: {url: \"https://a.example\"}}\n"
	if provider == "apinizer" {
		auth, connection, kept = "{token: {env: TOKEN}}", `dataSource: database, properties: {dbType: POSTGRES, jdbcUrl: "jdbc:postgresql://db.example/y", username: app}, credentials: {password: {env: PASSWORD}}`, ""
		serve = func() (http.Handler, error) {
			return simapinizer.New(fmt.Appendf(nil, `{"token": %q, "projects": [{"name": "Finance"}]}`, token), simapinizer.Options{})
		}
	}
	project := "version: 1\nproject: acme\nconnections: [c.yaml]\npolicy: {adopt: all}\ntenants:\n"
	for _, name := range []string{"test", other} {
		if name == "" {
			continue
		}
		tenant, err := serve()
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(tenant)
		t.Cleanup(server.Close)
		project += fmt.Sprintf("  %s: {provider: %s, url: %q, auth: %s}\n", name, cmp.Or(provider, "qlik"), server.URL, auth)
	}
	connections := "version: 1\nconnections:\n" + kept
	for i := range 3 {
		connections += fmt.Sprintf("  - {name: new%d, space: Finance, %s}\n", i, connection)
	}
	for file, text := range map[string]string{"qlsync.yaml": project, "c.yaml": connections} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryGoroutineIsGuarded reads the program: only internal/guard starts goroutines. A
// panic in any other one would be printed by the Go runtime, with its value.
func TestEveryGoroutineIsGuarded(t *testing.T) {
	const root = "../.."
	exempt := map[string]string{
		"internal/guard":                   "starts them",
		"internal/transport/transporttest": "is no part of the program",
		"internal/providertest":            "is no part of the program",
		"pkg/simulator":                    "imports nothing of ours; net/http recovers what its handlers do",
		"pkg/simulator/qlik":               "the same",
		"pkg/simulator/apinizer":           "the same",
		"pkg/simulator/internal/host":      "the same",
	}
	guarded := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if _, isExempt := exempt[filepath.ToSlash(folder)]; isExempt || err != nil {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			switch spec.Path.Value {
			case `"golang.org/x/sync/errgroup"`:
				t.Errorf("%s: the program uses errgroup, want guard.Group", files.Position(spec.Pos()))
			case `"github.com/qlsync/qlsync/internal/guard"`:
				guarded++
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: the program starts a goroutine, want guard.Start, guard.Go or guard.Group", files.Position(node.Pos()))
			case *ast.SelectorExpr:
				if of, ok := node.X.(*ast.Ident); ok && of.Name == "sync" && node.Sel.Name == "WaitGroup" {
					t.Errorf("%s: the program uses sync.WaitGroup, want guard.Group", files.Position(node.Pos()))
				}
			case *ast.CallExpr:
				called, ok := node.Fun.(*ast.SelectorExpr)
				if !ok || called.Sel.Name != "AfterFunc" {
					return true
				}
				if last, isName := node.Args[len(node.Args)-1].(*ast.Ident); !isName || last.Name != "cancel" {
					t.Errorf("%s: AfterFunc calls a function in a goroutine of its own, want one that ends a context", files.Position(node.Pos()))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if guarded < 8 {
		t.Errorf("got %d files that use the guard, want at least 8: is this the right folder?", guarded)
	}
}
