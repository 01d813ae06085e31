package engine

import (
	"go/ast"
	"go/parser"
	"go/token"
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
var leftOpen = regexp.MustCompile(`\{[a-z][A-Za-z]*(:[a-z|]+)?\}`)

func TestEveryMessageIsExplainedWithAnExample(t *testing.T) {
	for _, part := range Messages() {
		for code, message := range part.Messages {
			reason := connection.Reason{Code: code, Args: message.Example}
			messages.Fill(func(yield func(*connection.Reason) bool) { yield(&reason) }, part.Messages)
			if message.Meaning == "" || !strings.HasSuffix(message.Meaning, ".") {
				t.Errorf("%s: got the meaning %q, want sentences", code, message.Meaning)
			}
			if leftOpen.MatchString(reason.Text+reason.Next) || (reason.Next == "") != (message.Next == "") {
				t.Errorf("%s: the example does not fill the message: got %q and %q", code, reason.Text, reason.Next)
			}
			for name := range message.Example {
				if !strings.Contains(message.Text+message.Next, "{"+name) {
					t.Errorf("%s: the example has %q, which the message does not use", code, name)
				}
			}
		}
	}
}

func TestTheCodesInTheSourceAreThoseOfTheTables(t *testing.T) {
	used, known := map[string]bool{}, map[string]bool{}
	for _, folder := range []string{"pkg", "internal", "cmd"} {
		files, err := filepath.Glob(filepath.Join("..", "..", folder, "*", "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: got no source (%v)", folder, err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				collect(t, file, used)
			}
		}
	}
	for _, part := range Messages() {
		for code := range part.Messages {
			known[code] = true
			if _, found := used[code]; !found {
				t.Errorf("%s: no source uses this code", code)
			}
		}
	}
	for code, isReason := range used {
		if isReason && !known[code] {
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
	var note func(n ast.Node) bool
	note = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			value, err := strconv.Unquote(n.Value)
			if _, known := used[value]; n.Kind == token.STRING && err == nil && !known {
				used[value] = false
			}
		case *ast.KeyValueExpr: // the key of a table of messages does not count
			if _, isMessage := n.Value.(*ast.CompositeLit); isMessage && n.Value.(*ast.CompositeLit).Type == nil {
				ast.Inspect(n.Value, note)
				return false
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
	}
	ast.Inspect(parsed, note)
}
