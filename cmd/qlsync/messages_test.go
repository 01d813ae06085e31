package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryFailureMessageSaysWhatIsWrong reads every test file. A message that prints a value
// names the expected value after "want", or says in words what is wrong with the value. A message
// that is one error needs no more: the text of an error says what happened.
func TestEveryFailureMessageSaysWhatIsWrong(t *testing.T) {
	root := filepath.Join("..", "..")
	checked := 0
	for _, folder := range []string{"cmd", "internal", "pkg", "schemas", "examples", "test"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			if !strings.HasSuffix(path, "_test.go") && !strings.Contains(filepath.ToSlash(path), "/providertest/") {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			calls, dumps, err := dumpsIn(string(text))
			checked += calls
			name, _ := filepath.Rel(root, path)
			for _, dump := range dumps {
				t.Errorf("%s:%s only prints a value: write what the test got, what it wants and what the difference means", filepath.ToSlash(name), dump)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if checked < 2000 {
		t.Errorf("got %d failure messages, want at least 2000: has the way to fail a test changed?", checked)
	}
}

func TestAMessageThatOnlyPrintsAValueIsFound(t *testing.T) {
	for call, isDump := range map[string]bool{
		`t.Error(plan)`:                                    true,
		`t.Fatal(err, plan)`:                               true,
		`t.Errorf("%v", err)`:                              true,
		`t.Errorf("got %+v", plan)`:                        true,
		`rt.Fatalf("%s: %v\n"+"%s", name, err, out)`:       true,
		`t.Errorf("tags %q", tags)`:                        true,
		`t.Errorf("the error is %v", err)`:                 true,
		`t.Errorf("%s: got %q, want %q", name, got, want)`: false,
		`t.Errorf("got tags %q, want %q", got, want)`:      false,
		`t.Fatal(err)`:                                     false,
		`t.Fatal(outcome.Err)`:                             false,
		`t.Error("the lock is lost")`:                      false,
		`t.Fatal("the lock is lost:", err)`:                false,
		`t.Errorf("%d writes after a refusal", writes)`:    false,
		`fmt.Errorf("%w", err)`:                            false,
	} {
		calls, dumps, err := dumpsIn("package p\nfunc f() { " + call + " }")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(dumps) == 1; got != isDump {
			t.Errorf("%s is a dump: got %v of %d calls, want %v", call, got, calls, isDump)
		}
	}
}

var (
	formatVerb = regexp.MustCompile(`%%|%[-+# 0]*(\[\d+\])?(\d+|\*)?(\.(\d+|\*))?[a-zA-Z]`)
	anyWord    = regexp.MustCompile(`[A-Za-z][A-Za-z'’-]*`)
	// sayNothing are words that do not say what is wrong with a value.
	sayNothing = []string{"a", "an", "the", "is", "are", "was", "were", "got", "with", "of", "and", "in", "for", "error", "err", "then", "after", "it", "to"}
)

// dumpsIn returns the number of failure messages in a test file, and those that only print a value.
func dumpsIn(text string) (calls int, dumps []string, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", text, parser.SkipObjectResolution)
	if err != nil {
		return 0, nil, err
	}
	ast.Inspect(file, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains([]string{"Error", "Errorf", "Fatal", "Fatalf"}, method.Sel.Name) || len(call.Args) == 0 {
			return true
		}
		if of, ok := method.X.(*ast.Ident); !ok || of.Name == "fmt" || of.Name == "http" {
			return true
		}
		calls++
		if onlyDumps(call, method.Sel.Name) {
			start, end := files.Position(call.Pos()), files.Position(call.End())
			dumps = append(dumps, strconv.Itoa(start.Line)+": "+text[start.Offset:end.Offset])
		}
		return true
	})
	return calls, dumps, nil
}

// onlyDumps reports whether the message of a call that fails a test only prints a value.
func onlyDumps(call *ast.CallExpr, method string) bool {
	message := ""
	for _, arg := range call.Args {
		message += " " + constantText(arg)
		if strings.HasSuffix(method, "f") {
			break
		}
	}
	if len(call.Args) == 1 && isError(call.Args[0]) {
		return false
	}
	words := anyWord.FindAllString(strings.ToLower(formatVerb.ReplaceAllString(message, " ")), -1)
	printsAValue := len(call.Args) > 1 || strings.TrimSpace(message) == ""
	if !printsAValue || slices.Contains(words, "want") {
		return len(words) == 0
	}
	words = slices.DeleteFunc(words, func(word string) bool { return slices.Contains(sayNothing, word) })
	return len(words) < 2
}

// constantText returns the string literals of an expression, joined.
func constantText(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(of.Value)
		return text
	case *ast.BinaryExpr:
		return constantText(of.X) + " " + constantText(of.Y)
	}
	return ""
}

// isError reports whether an expression is an error by its name: err, otherErr, outcome.Err, errors.Join(...).
func isError(of ast.Expr) bool {
	switch of := of.(type) {
	case *ast.Ident:
		return strings.HasSuffix(strings.ToLower(of.Name), "err")
	case *ast.SelectorExpr:
		return isError(of.Sel)
	case *ast.CallExpr:
		method, ok := of.Fun.(*ast.SelectorExpr)
		return ok && method.Sel.Name == "Join"
	}
	return false
}
