package words

import "strings"

// Match reports whether a pattern matches a whole text: * stands for any characters and ? for one
// character. The time is bounded by the product of the lengths.
func Match(pattern, text string) bool {
	wanted, got := []rune(pattern), []rune(text)
	star, tried := -1, 0 // the last * and how much of the text was tried for it
	p, t := 0, 0
	for t < len(got) {
		switch {
		case p < len(wanted) && wanted[p] == '*':
			star, tried = p, t
			p++
		case p < len(wanted) && (wanted[p] == '?' || wanted[p] == got[t]):
			p, t = p+1, t+1
		case star >= 0:
			tried++
			p, t = star+1, tried
		default:
			return false
		}
	}
	return strings.Trim(string(wanted[p:]), "*") == ""
}
