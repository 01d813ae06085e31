package connection

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRunsOfBase64AreThoseOfTheExpression compares with the definition of such a run.
func TestRunsOfBase64AreThoseOfTheExpression(t *testing.T) {
	definition := regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}={0,2}`)
	pieces := []string{"abcdefg", "Zz09+/_-", "=", "==", " ", ".", "é", "a", strings.Repeat("x", 15), strings.Repeat("y", 16), ""}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		text := ""
		for range random.IntN(9) {
			text += pieces[random.IntN(len(pieces))]
		}
		want, got := definition.FindAllStringIndex(text, -1), base64Words(text)
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("got the runs %v in %q, want %v", got, text, want)
		}
	}
}
