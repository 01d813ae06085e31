package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// plainer maps each expression that no comment may contain to what to write instead.
var plainer = []struct {
	banned *regexp.Regexp
	write  string
}{
	{regexp.MustCompile(`(?i)\bgives(?: [^u]|[^ \w]|$)`), "returns, has, provides"},
	{regexp.MustCompile(`(?i)\btells\b`), "reports whether, says, shows"},
	{regexp.MustCompile(`(?i)\bstands(?: [^f]|[^ \w]|$)`), "is, means"},
	{regexp.MustCompile(`(?i)\bbears\b`), "has"},
	{regexp.MustCompile(`(?i)\bbeside\b`), "next to, together with"},
	{regexp.MustCompile(`(?i)\banew\b`), "again"},
	{regexp.MustCompile(`(?i)\ball the same\b`), "anyway, still"},
	{regexp.MustCompile(`(?i)\bin vain\b`), "without success"},
	{regexp.MustCompile(`(?i)\b(come|comes|came) to need\b`), "need"},
	{regexp.MustCompile(`(?i)\bhas it that\b`), "says that"},
	{regexp.MustCompile(`(?i)\bwhatever\b`), "any, every, regardless of"},
	{regexp.MustCompile(`(?i)\bunless [^.;:]*\bbut\b`), "only if"},
	// "There is no space" and "is no longer" are plain.
	{regexp.MustCompile(`(?i)(?:^|[^e ] |[^r]e )(?:is|are) no [a-km-z]`), "is not"},
}

// TestCommentsAreWrittenInPlainEnglish reads every comment of every Go file.
func TestCommentsAreWrittenInPlainEnglish(t *testing.T) {
	root := filepath.Join("..", "..")
	comments := 0
	for _, folder := range []string{"cmd", "internal", "pkg", "schemas", "examples", "test", "tools"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			name, _ := filepath.Rel(root, path)
			name = filepath.ToSlash(name)
			if name == "cmd/qlsync/comments_test.go" {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files := token.NewFileSet()
			parsed, err := parser.ParseFile(files, path, text, parser.ParseComments)
			if err != nil {
				return err
			}
			for _, comment := range parsed.Comments {
				comments++
				for _, advice := range notPlain(comment.Text()) {
					t.Errorf("%s:%d: got a comment that says %s", name, files.Position(comment.Pos()).Line, advice)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if comments < 5000 {
		t.Errorf("got %d comments, want at least 5000: have the folders moved?", comments)
	}
}

func TestACommentThatIsNotPlainIsFound(t *testing.T) {
	for comment, isPlain := range map[string]bool{
		"It gives up.":                                  true,
		"name gives the name.":                          false,
		"Each of them tells\nwhether it is open.":       false,
		"It stands open.":                               false,
		"It stands for a name.":                         true,
		"It bears our record.":                          false,
		"It waits all the\nsame.":                       false,
		"A folder is no file.":                          false,
		"Those are no names.":                           false,
		"Unless the file is there, nothing but a line.": false,
		"There is no such file, and no file is closed.": true,
		"There are no names.":                           true,
		"The name is no longer free.":                   true,
		"name returns the name.":                        true,
		"Unless the file is open, Close fails.":         true,
	} {
		if got := len(notPlain(comment)) == 0; got != isPlain {
			t.Errorf("plain is %v, want %v, for the comment %q", got, isPlain, comment)
		}
	}
}

// notPlain returns what to change in a comment.
func notPlain(comment string) []string {
	line := strings.Join(strings.Fields(comment), " ")
	advice := []string{}
	for _, rule := range plainer {
		if found := rule.banned.FindString(line); found != "" {
			advice = append(advice, strconv.Quote(strings.TrimSpace(found))+", want "+rule.write)
		}
	}
	return advice
}
