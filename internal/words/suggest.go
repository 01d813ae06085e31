package words

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// longestTypo bounds the words that are compared: the time is quadratic.
const longestTypo = 200

// Closest returns the known words that are probably meant by a mistyped word, the likeliest first,
// at most limit of them.
func Closest(word string, known []string, limit int) []string {
	type candidate struct {
		word     string
		distance int
	}
	if len(word) > longestTypo {
		return nil
	}
	allowed := max(1, (len([]rune(word))+2)/3)
	var candidates []candidate
	for _, k := range known {
		distance := edits(strings.ToLower(word), strings.ToLower(k))
		if distance <= allowed {
			candidates = append(candidates, candidate{k, distance})
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.word, b.word))
	})
	found := make([]string, 0, limit)
	for _, c := range candidates[:min(limit, len(candidates))] {
		found = append(found, c.word)
	}
	return found
}

// edits returns the number of edits between two words. A transposition counts as one edit.
func edits(word, other string) int {
	distance := levenshtein.ComputeDistance(word, other)
	if distance == 2 && sorted(word) == sorted(other) {
		return 1
	}
	return distance
}

// sorted returns the letters of a word in their order.
func sorted(word string) string {
	letters := []rune(word)
	slices.Sort(letters)
	return string(letters)
}

// DidYouMean returns a hint for a word that is not among the known ones; empty if none is close.
func DidYouMean(word string, known []string) string {
	likely := Closest(word, known, 1)
	if len(likely) == 0 {
		return ""
	}
	return "did you mean " + strconv.Quote(likely[0]) + "?"
}
