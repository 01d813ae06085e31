package messages_test

import (
	"testing"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestAnArgumentIsWrittenInTheFormOfItsMessage(t *testing.T) {
	nested := connection.Because("inner", "name", "x")
	for text, test := range map[string]struct {
		value any
		want  string
	}{
		"{a} is there":             {"x", "x is there"},
		"{a:q} is there":           {connection.Key{Space: "A", Name: "x"}, `"A/x" is there`},
		"of {a:file|files}":        {1, "of 1 file"},
		"of {a:file|files} more":   {2, "of 2 files more"},
		"{a}":                      {[]string{"x", "y"}, "x, y"},
		"more than {a} values":     {3145728, "more than 3,145,728 values"},
		"{a:or}":                   {[]string{"x", "y", "z"}, `"x", "y" or "z"`},
		"{a:and}":                  {[]string{"x", "y", "z"}, "x, y and z"},
		"{a:few}":                  {[]string{"v", "w", "x", "y", "z"}, "v, w, x, 2 more"},
		"because {a}":              {nested, "because x is not. Look"},
		"because of {a:and}":       {[]connection.Reason{nested, nested}, "because of x is not. Look and x is not. Look"},
		"{a}, {unknown} and {x: }": {"x", "x, {unknown} and {x: }"},
	} {
		reason := connection.Because("outer", "a", test.value)
		table := connection.Messages{"outer": {Text: text}, "inner": {Text: "{name} is not", Next: "look"}}
		messages.Fill(func(yield func(*connection.Reason) bool) { yield(&reason) }, table)
		if reason.String() != test.want {
			t.Errorf("%q: got %q, want %q", text, reason, test.want)
		}
	}
}

func TestACodeWithoutAMessageIsShown(t *testing.T) {
	if got := messages.Text(connection.Because("no-such-code")); got != "no-such-code" {
		t.Errorf("got %q, want the code, so that nothing is hidden", got)
	}
}

func TestAMessageIsFoundByItsCodeAndByItsText(t *testing.T) {
	all := messages.Explain([]messages.Part{{Title: "Test", Messages: connection.Messages{
		"name-taken": {Text: "the name is taken: {by:q} exists and keeps it", Example: map[string]any{"by": "A/x"}},
		"short":      {Text: "{a} is {b}", Example: map[string]any{"a": "x", "b": "y"}},
	}}})
	for asked, want := range map[string]string{
		"name-taken": "name-taken", "x.yaml:1:1: the name is taken: \"B/y\" exists and keeps it (look)": "name-taken", "the name is taken": "name-taken",
		"x is y": "", "the name": "", "nothing of this": "",
	} {
		got := ""
		if found, _ := messages.Find(all, asked); len(found) > 0 {
			got = found[0].Code
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", asked, got, want)
		}
	}
	if _, near := messages.Find(all, "nametaken"); len(near) != 1 || near[0] != "name-taken" {
		t.Errorf("got the suggestions %q, want name-taken alone", near)
	}
}
