package words_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/words"
)

func TestAPatternMatchesWhatTheSameRegularExpressionMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.RuneFrom([]rune("ab*?.ö")), 0, 8, -1).Draw(t, "pattern")
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab.ö")), 0, 12, -1).Draw(t, "text")
		expression := `(?s)\A` + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + `\z`
		if got, want := words.Match(pattern, text), regexp.MustCompile(expression).MatchString(text); got != want {
			t.Errorf("the pattern %q matches %q: %t, want %t", pattern, text, got, want)
		}
	})
}
