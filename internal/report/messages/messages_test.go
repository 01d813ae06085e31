package messages_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// leftOpen matches an argument that is not filled in.
var leftOpen = regexp.MustCompile(`\{[a-z][A-Za-z]*(:(q|or))?\}`)

func TestEveryMessageAboutFilesIsExplainedWithAnExample(t *testing.T) {
	for code, message := range ours() {
		filled := messages.Problem(connection.Position{}, connection.SeverityError, connection.Reason{Code: code, Args: message.Example})
		text, next := filled.Message, filled.Hint
		if message.Meaning == "" || !strings.HasSuffix(message.Meaning, ".") {
			t.Errorf("%s: got the meaning %q, want sentences", code, message.Meaning)
		}
		if leftOpen.MatchString(text+next) || (next == "") != (message.Next == "") {
			t.Errorf("%s: the example does not fill the message: got %q and %q", code, text, next)
		}
		for name := range message.Example {
			if !strings.Contains(message.Text+message.Next, "{"+name) {
				t.Errorf("%s: the example has %q, which the message does not use", code, name)
			}
		}
	}
}

// ours are the messages about what is not in a plan.
func ours() connection.Messages {
	all := maps.Clone(messages.Spec)
	for _, part := range []connection.Messages{messages.Vendored, messages.Resolver, messages.Engine} {
		maps.Copy(all, part)
	}
	return all
}

func TestTheCodesInTheSourceAreThoseOfTheTable(t *testing.T) {
	used := map[string]bool{}
	for _, folder := range []string{"pkg/spec", "pkg/apply", "internal/vendored", "internal/resolver", "internal/engine"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "..", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: got no source (%v)", folder, err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				collect(t, file, used)
			}
		}
	}
	used["data-source-not-read"] = true // by a provider
	for code := range ours() {
		if _, found := used[code]; !found {
			t.Errorf("%s: no source uses this code", code)
		}
	}
	for code, isReason := range used {
		if _, known := messages.All(nil)[code]; isReason && !known {
			t.Errorf("%s: the code has no message", code)
		}
	}
}

// collect notes the texts of a file, and which of them are the code of a reason.
func collect(t *testing.T, file string, used map[string]bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			value, err := strconv.Unquote(n.Value)
			if _, known := used[value]; n.Kind == token.STRING && err == nil && !known {
				used[value] = false
			}
		case *ast.CallExpr:
			selector, _ := n.Fun.(*ast.SelectorExpr)
			if selector == nil || selector.Sel.Name != "Because" {
				return true
			}
			if literal, ok := n.Args[0].(*ast.BasicLit); ok {
				value, _ := strconv.Unquote(literal.Value)
				used[value] = true
			}
		}
		return true
	})
}
