package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
)

// excerptsOf returns the excerpts of every place in a text.
func excerptsOf(t interface{ Fatal(...any) }, folder, text string) map[connection.Position]connection.Excerpt {
	file := filepath.Join(folder, "a.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var problems connection.Problems
	for i, line := range strings.Split(text, "\n") {
		for column := range len(line) + 2 {
			problems = append(problems, connection.Problem{Position: connection.Position{File: file, Line: i + 1, Column: column + 1}})
		}
	}
	return Excerpts(problems)
}

func TestAnExcerptShowsWhereAndHidesWhat(t *testing.T) {
	for _, test := range []struct {
		text         string
		line, column int
		want         string // the text, then the ownership record below it; empty: none
	}{
		{"connections:\n  - name: Orders # old one\n", 2, 11, "  - name: Orders\n          ^^^^^^"},
		{"connections:\n  - {name: \"é\", space: 'a''b', nope: x}\n", 2, 32, "  - {name: \"é\", space: 'a''b', nope: ***}\n                               ^^^^"},
		{"connections:\n  - properties: {port: 70000, host: h, on: true}\n", 2, 24, "  - properties: {port: 70000, host: ***, on: true}\n                       ^^^^^"},
		{"connections:\n  - credentials: {password: hunter2}\n", 2, 29, "  - credentials: {password: ***}\n                            ^^^"},
		{"connections:\n  - credentials: {pin: 1234}\n", 2, 19, "  - credentials: {pin: ***}\n                  ^^^"},
		{"connections:\n  - nmae: hunter2\n    nmae: hunter3\n", 3, 5, "    nmae: ***\n    ^^^^"},
		{"connections:\n  - {credentials: {a: \"hunter2\n  x\", b: y}}\n", 3, 7, ""},
		{"connections: &c\n  - *c\n", 2, 5, "  - ***\n    ^^^"},
	} {
		e, found := excerptsOf(t, t.TempDir(), test.text), false
		for at, excerpt := range e {
			if at.Line == test.line && at.Column == test.column {
				found = true
				got := excerpt.Text + "\n" + strings.Repeat(" ", excerpt.Column-1) + strings.Repeat("^", excerpt.Width)
				if got != test.want {
					t.Errorf("%q: got excerpt\n%s\nwant\n%s", test.text, got, test.want)
				}
			}
		}
		if found != (test.want != "") {
			t.Errorf("%q: got an excerpt %v, want %v", test.text, found, test.want != "")
		}
	}
}

// TestNoExcerptHoldsAValueOfCredentials writes a secret in any way that YAML knows
// next to other text, and reads the excerpts of every place.
func TestNoExcerptHoldsAValueOfCredentials(t *testing.T) {
	const secret = "hunter2"
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{
			"password: " + secret, `password: "` + secret + `"`, "password: '" + secret + "'", "password: &a " + secret, "password: !!str " + secret,
			`password: "x \" ` + secret + `"`, "password: 'x '' " + secret + "'", "password: [" + secret + "]", "? password\n      : " + secret,
			"password: |\n        " + secret, "password: >-\n        a\n        " + secret, "password: x # " + secret, `"pass\u0077ord": ` + secret, "password: \"a\n        " + secret + "\"",
			"password: a\n        " + secret, "password: 7 " + secret, "password: ${var." + secret + "}", "password: {value: " + secret + "}",
		})
		where := rapid.SampledFrom([]string{"credentials", "properties", "propertys"}).Draw(t, "where")
		text := "version: 1\nconnections:\n  - name: A\n    " + where + ":\n      " + piece.Draw(t, "piece") + "\n      b: c\n"
		if rapid.Bool().Draw(t, "flow") {
			text = "version: 1\nconnections:\n  - {name: A, " + where + ": {" + piece.Draw(t, "first") + ", x: 1}, tags: [a]}\n"
		}
		for at, excerpt := range excerptsOf(t, folder, text) {
			if strings.Contains(excerpt.Text, secret) {
				t.Fatalf("%s\nthe excerpt at %v shows a value of the credentials: %s", text, at, excerpt.Text)
			}
		}
	})
}

func TestManyMistakesOnOneLongLineAreReportedInTime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "long.yaml")
	const items = 50_000
	if err := os.WriteFile(file, []byte("connections: ["+strings.Repeat("a,", items)+"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	problems := make(connection.Problems, items)
	for i := range problems {
		problems[i].Position = connection.Position{File: file, Line: 1, Column: 15 + 2*i}
	}
	start := time.Now()
	if found := Excerpts(problems); len(found) > 0 {
		t.Errorf("%d excerpts of a line that nobody can read", len(found))
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s for many mistakes on one line, want at most 5s", took)
	}
}
