package jsontext_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/jsontext"
)

func TestCheckSaysWhatIsWrongInWordsOfOurOwn(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": 1}`:                   "<nil>",
		"":                           "it is empty",
		" \n ":                       "it is empty",
		`{"a": `:                     "the text ends within a value",
		"qlsync":                     "invalid character 'q' looking for beginning of value",
		"{} {}":                      "invalid character '{' after top-level value",
		strings.Repeat("[", 20_000):  "lists and maps are nested more than 10000 deep",
		strings.Repeat(`{"a":`, 1e5): "lists and maps are nested more than 10000 deep",
	} {
		if got := fmt.Sprint(jsontext.Check([]byte(text))); got != want {
			t.Errorf("%.20q: got %q, want %q", text, got, want)
		}
	}
}
