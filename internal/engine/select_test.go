package engine

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
)

func TestAPatternMatchesWithinTheSpaceOrWithinTheName(t *testing.T) {
	for _, test := range []struct {
		pattern, space, name string
		want                 bool
	}{
		{"Finance/*", "Finance", "Orders", true},
		{"Finance/*", "Finance", "Orders/EU", true},
		{"Finance/*", "Finance/EU", "Orders", false},
		{"Finance/EU/*", "Finance/EU", "Orders", true},
		{"Finance/EU/*", "Finance", "EU/Orders", true},
		{"F*/Orders", "Finance", "Orders", true},
		{"F*/Orders", "Sales", "Orders", false},
		{"*/*", "Finance", "Orders", true},
		{"Finance/Orders ?", "Finance", "Orders 1", true},
		{"Finance/Orders ?", "Finance", "Orders 12", false},
		{"Finance/Gr??e", "Finance", "Größe", true},
		{"Finance/[O]rders*", "Finance", "Orders", false},
		{"Finance/Orders", "Finance", "Orders", false}, // an exact name is not a pattern
		{"*", "Finance", "Orders", false},
	} {
		key := connection.Key{Space: test.space, Name: test.name}
		if got := matchesKey(test.pattern, key); got != test.want {
			t.Errorf("the pattern %q matches %s: %t, want %t", test.pattern, key, got, test.want)
		}
	}
}

func TestAPatternMatchesWhatTheSameRegularExpressionMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.RuneFrom([]rune("ab*?.ö")), 0, 8, -1).Draw(t, "pattern")
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab.ö")), 0, 12, -1).Draw(t, "text")
		expression := `(?s)\A` + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + `\z`
		if got, want := matches(pattern, text), regexp.MustCompile(expression).MatchString(text); got != want {
			t.Errorf("the pattern %q matches %q: %t, want %t", pattern, text, got, want)
		}
	})
}
