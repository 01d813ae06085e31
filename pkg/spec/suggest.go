package spec

import (
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
)

// meantBy returns the known words that are suggested for the others.
func meantBy(given, known []string) map[string]bool {
	meant := map[string]bool{}
	for _, word := range given {
		if slices.Contains(known, word) {
			continue
		}
		for _, likeliest := range words.Closest(word, known, 1) {
			meant[likeliest] = true
		}
	}
	return meant
}

// alternatives lists words for a sentence: `"a", "b" or "c"`.
func alternatives(names []string) string {
	quoted := make([]string, len(names))
	for i, word := range names {
		quoted[i] = strconv.Quote(word)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
