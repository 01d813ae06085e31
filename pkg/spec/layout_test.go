package spec_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/spec"
)

func TestFormatMakesTheLayoutUniform(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"indentation of maps and lists": {
			"version: 1\nconnections:\n- name: A\n  properties:\n      host: x\n      list:\n      - 1\n-   name: B\n    tags:   [a,  b]\n",
			"version: 1\nconnections:\n  - name: A\n    properties:\n      host: x\n      list:\n        - 1\n  - name: B\n    tags:   [a,  b]\n",
		},
		"comments keep their place": {
			"# head\n\nconnections:\n# before A\n- name: A   # aligned\n  # end of A\n\n# before B\n- name: B\n  # in B\n  space: S\n# at the end\n",
			"# head\n\nconnections:\n  # before A\n  - name: A   # aligned\n    # end of A\n\n  # before B\n  - name: B\n    # in B\n    space: S\n  # at the end\n",
		},
		"comments below a comment after a value": {
			"a:\n    b: 1   # one\n           # two\n    c: 2\n", "a:\n  b: 1   # one\n         # two\n  c: 2\n",
		},
		"empty lines, spaces at the end, and the end of the file": {
			"a: 1  \n\n \n\nb: 2\t\n\n\n", "a: 1\n\nb: 2\n",
		},
		"no line end at the end": {"a: 1", "a: 1\n"},
		"line ends of Windows":   {"a: 1\r\nb:\r\n    c: 2\n", "a: 1\r\nb:\r\n  c: 2\r\n"},
		"a byte order mark":      {"\ufeffa:\n    b: 1\n", "\ufeffa:\n  b: 1\n"},
		"quotes only where safe": {
			"a: 'x'\nb: 'it''s'\nc: 'a \"b\"'\nd: 'C:\\dir'\n'e f': ['g', \"h\"]\n",
			"a: \"x\"\nb: 'it''s'\nc: 'a \"b\"'\nd: 'C:\\dir'\n\"e f\": [\"g\", \"h\"]\n",
		},
		"a block text moves as a whole": {
			"a:\n    text: |\n        one  \n          two\n\n        # not a comment\n\n\n    b: 1\n",
			"a:\n  text: |\n    one  \n      two\n\n    # not a comment\n\n  b: 1\n",
		},
		"a block text keeps the line ends that are a part of it": {
			"a:\n    b: |+ # all\n      one\n\n\n    c: >-\n      two\n\n      three\n",
			"a:\n  b: |+ # all\n    one\n\n\n  c: >-\n    two\n\n    three\n",
		},
		"a block text with a written indentation": {
			"a:\n    b: |2\n        one\n       two\n", "a:\n  b: |2\n      one\n     two\n",
		},
		"a block text in a list": {"- |\n one\n- >\n     two\n", "- |\n  one\n- >\n  two\n"},
		"a text of several lines": {
			"a:\n    b: one\n      two\n\n\n      three\n    c: \"four\n    five\"\n",
			"a:\n  b: one\n    two\n\n\n    three\n  c: \"four\n  five\"\n",
		},
		"a flow map of several lines": {
			"a:\n    - {b: 1, # one\n       c: [2,\n\n        3]}\n    - d: {\n        e: 1\n      }\n",
			"a:\n  - {b: 1, # one\n     c: [2,\n\n      3]}\n  - d: {\n      e: 1\n    }\n",
		},
		"anchors, aliases and merges": {
			"x: &x\n    a: 1\ny:\n-   &y\n    <<: *x\n- *y\n-  &z {b: 2}\n- &s text\n",
			"x: &x\n  a: 1\ny:\n  - &y\n    <<: *x\n  - *y\n  - &z {b: 2}\n  - &s text\n",
		},
		"a list in a list": {"- - a\n  - b\n-   - c\n", "- - a\n  - b\n- - c\n"},
		"an item below its dash": {
			"a:\n-\n    b: 1\n-   # why\n    c: 2\n", "a:\n  -\n    b: 1\n  -   # why\n    c: 2\n",
		},
		"a value below its key":           {"a:\n    b:\n        text\n    c: 1\n", "a:\n  b:\n      text\n  c: 1\n"},
		"marks of a document":             {"%YAML 1.2\n---\na:\n    b: 1\n...\n", "%YAML 1.2\n---\na:\n  b: 1\n...\n"},
		"characters of more than a byte":  {"ä:\n    'ö': 'ü' # ß\n    - \n", ""},
		"wide characters before a quote":  {"a: {ä: 'ü', b: 'x'}\n", "a: {ä: \"ü\", b: \"x\"}\n"},
		"an editor's modeline":            {"# yaml-language-server: $schema=x.json\nversion: 1\n", "# yaml-language-server: $schema=x.json\nversion: 1\n"},
		"a comment in a commented list":   {"a:\n    # - b\n    # - c\n\n# d\nd: 1\n", "a:\n    # - b\n    # - c\n\n# d\nd: 1\n"},
		"a variable and a hash in a name": {"a: ${var.x}#1\n", "a: ${var.x}#1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := spec.Format("a.yaml", []byte(c.in))
			if c.want == "" {
				if problems.Err() == nil {
					t.Errorf("got %q, want a problem", got)
				}
				return
			}
			if problems != nil || string(got) != c.want {
				t.Errorf("got:\n%s\nwant:\n%s\nproblems: %v", got, c.want, problems)
			}
			checkFormatted(t, "a.yaml", []byte(c.in))
		})
	}
}

func TestFormatLeavesWhatItCannotReadAlone(t *testing.T) {
	for name, text := range map[string]string{
		"not YAML": "a: [1\n", "two documents": "a: 1\n---\nb: 2\n", "a template": "a: {{ x }}\n", "a tab": "a:\n\tb: 1\n", "a duplicate key": "a: 1\na: 2\n",
		"UTF-16": "\xff\xfea\x00", "an explicit key": "? a\n: 1\n", "nothing": "", "only comments": "# a\n", "an alias bomb": "a: &a [*a]\n",
	} {
		if got, problems := spec.Format("a.yaml", []byte(text)); problems.Err() == nil || got != nil {
			t.Errorf("%s: got %q and problems %v, want a problem and no text", name, got, problems)
		}
	}
}

// checkFormatted demands that a text keeps its meaning and does not change when it is formatted twice.
func checkFormatted(t interface {
	Fatalf(string, ...any)
}, file string, text []byte,
) {
	once, problems := spec.Format(file, text)
	if problems != nil {
		return
	}
	before, _ := spec.ToJSON(file, text)
	after, more := spec.ToJSON(file, once)
	if more != nil || !bytes.Equal(before, after) {
		t.Fatalf("%s means something else after formatting (%v):\n%s\n---\n%s", file, more, text, once)
	}
	if got, want := strings.Count(string(once), "#"), strings.Count(string(text), "#"); got != want {
		t.Fatalf("%s has %d signs of comments after formatting, want %d:\n%s", file, got, want, once)
	}
	if twice, problems := spec.Format(file, once); problems != nil || !bytes.Equal(once, twice) {
		t.Fatalf("%s changes when it is formatted twice (%v):\n%s\n---\n%s", file, problems, once, twice)
	}
}

// Every YAML file of the repository, also those in stories, keeps its meaning, and the examples are
// formatted.
func TestFormatKeepsTheMeaningOfAllOurFiles(t *testing.T) {
	formatted := 0
	check := func(name string, text []byte) {
		if isYAML := strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml"); !isYAML {
			return
		}
		if got, problems := spec.Format(name, text); problems == nil {
			formatted++
			if strings.Contains(filepath.ToSlash(name), "/examples/") && !bytes.Equal(got, text) {
				t.Errorf("%s is not formatted: run qlsync fmt", name)
			}
		}
		checkFormatted(t, name, text)
	}
	for _, root := range []string{"../../examples", "../../testdata"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if strings.HasSuffix(path, ".txtar") {
				for _, file := range txtar.Parse(text).Files {
					check(path+"/"+file.Name, file.Data)
				}
			}
			check(path, text)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if formatted < 200 {
		t.Errorf("formatted %d files, want at least 200", formatted)
	}
}

// A drawn text has the forms of YAML in any indentation, with comments and empty lines between.
func TestFormatKeepsTheMeaningOfAnyText(t *testing.T) {
	understood := 0
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		drawBlock(t, &b, 0, 0)
		if got, problems := spec.Format("a.yaml", []byte(b.String())); problems == nil && got != nil {
			understood++
		} else if _, problems := spec.ToJSON("a.yaml", []byte(b.String())); problems == nil {
			t.Fatalf("not formatted:\n%s", b.String())
		}
		checkFormatted(t, "a.yaml", []byte(b.String()))
	})
	if understood == 0 {
		t.Error("no drawn text was understood")
	}
}

var drawnValues = []string{
	"1", "text", "'a'", `"b"`, "'it''s'", "{a: 1, 'b': [x, y]}", "[]", "&anchor text", "text # comment", "null", "!!str 1", `"\ "`, "'#'", "*anchor",
}

func drawBlock(t *rapid.T, b *strings.Builder, indent, depth int) {
	isList := rapid.Bool().Draw(t, "list")
	for i := range rapid.IntRange(1, 3).Draw(t, "entries") {
		for range rapid.IntRange(0, 2).Draw(t, "between") {
			b.WriteString(rapid.SampledFrom([]string{"\n", "   \n", "# comment\n", strings.Repeat(" ", indent) + "# 'comment'\n", "      # - far\n"}).Draw(t, "line"))
		}
		b.WriteString(strings.Repeat(" ", indent))
		start := "k" + string(rune('a'+i)) + ":"
		if isList {
			start = "-"
		}
		step := rapid.IntRange(1, 4).Draw(t, "step")
		inner := indent + step
		b.WriteString(start)
		switch form := rapid.IntRange(0, 5).Draw(t, "form"); {
		case form < 2 && depth < 3:
			if !isList && rapid.Bool().Draw(t, "same column") {
				inner = indent
				b.WriteString("\n" + strings.Repeat(" ", inner) + "- x\n")
				continue
			}
			b.WriteString(rapid.SampledFrom([]string{"\n", " # c\n", "  \n"}).Draw(t, "head"))
			drawBlock(t, b, inner, depth+1)
		case form == 2:
			b.WriteString(rapid.SampledFrom([]string{" |\n", " >-\n", " |+\n", " |2\n"}).Draw(t, "header"))
			pad := strings.Repeat(" ", inner+2)
			b.WriteString(pad + "one  \n" + pad + " two\n\n" + pad + "# three\n" + rapid.SampledFrom([]string{"", "\n", "\n\n"}).Draw(t, "tail"))
		case form == 3:
			pad := strings.Repeat(" ", inner)
			b.WriteString(rapid.SampledFrom([]string{
				" one\n" + pad + "two\n\n" + pad + "three\n", " \"one\n\n" + pad + "two \\\n" + pad + "three\"\n",
				" {a: 1,\n" + pad + "# c\n" + pad + "b: [\n" + pad + "]}\n", "\n" + pad + "below\n",
			}).Draw(t, "lines"))
		default:
			b.WriteString(rapid.SampledFrom([]string{" ", "   "}).Draw(t, "gap") + rapid.SampledFrom(drawnValues).Draw(t, "value") + "\n")
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add("version: 1\nconnections:\n- name: 'A' # x\n  text: |\n      a\n")
	f.Fuzz(func(t *testing.T, text string) { checkFormatted(t, "a.yaml", []byte(text)) })
}
