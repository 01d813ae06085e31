package spec

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// longestTypo bounds the words that are compared: the time grows with the square.
const longestTypo = 200

// closest returns those of the known words that somebody who wrote word may have
// meant, the likeliest first, at most limit of them.
func closest(word string, known []string, limit int) []string {
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
	words := make([]string, 0, limit)
	for _, c := range candidates[:min(limit, len(candidates))] {
		words = append(words, c.word)
	}
	return words
}

// edits counts the edits between two words. Letters that have changed places are one.
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

// didYouMean is closest as a hint; empty when nothing is close.
func didYouMean(word string, known []string) string {
	words := closest(word, known, 1)
	if len(words) == 0 {
		return ""
	}
	return "did you mean " + strconv.Quote(words[0]) + "?"
}

// meantBy returns the known words that are suggested for the others.
func meantBy(words, known []string) map[string]bool {
	meant := map[string]bool{}
	for _, word := range words {
		if slices.Contains(known, word) {
			continue
		}
		for _, likeliest := range closest(word, known, 1) {
			meant[likeliest] = true
		}
	}
	return meant
}

// DidYouMean returns a hint for a word that is not among the known ones; empty when
// none is close.
func DidYouMean(word string, known []string) string { return didYouMean(word, known) }

// alternatives lists words for a sentence: `"a", "b" or "c"`.
func alternatives(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = strconv.Quote(word)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
