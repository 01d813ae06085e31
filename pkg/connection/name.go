package connection

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// unseen holds the characters that a reader does not see or reads as a plain blank: Unicode's
// Default_Ignorable_Code_Point (the three tables in the middle), its White_Space except the plain
// blank, control characters and line ends.
var unseen = []*unicode.RangeTable{
	unicode.Cc, unicode.Zl, unicode.Zp,
	unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector,
	unicode.White_Space,
}

// brailleBlank is the Braille pattern without dots: Unicode calls it a symbol, and it looks empty.
const brailleBlank = '\u2800'

// Joiners are allowed inside a name: Persian, Hindi and other languages need them.
const (
	nonJoiner = '\u200c'
	joiner    = '\u200d'
)

// IsUnseen reports whether a character must be shown escaped, because a reader does not see it,
// reads it as a plain blank, or sees other characters differently because of it. Every output uses
// this table.
func IsUnseen(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return !unicode.IsPrint(r) || r == brailleBlank || unicode.In(r, unseen...)
}

// IsJoiner reports whether a character is one of the two joiners, which names may contain.
func IsJoiner(r rune) bool { return r == nonJoiner || r == joiner }

// FoldName returns a name without the differences that canonical caseless matching of Unicode
// ignores: letter case (full case folding) and encoding (NFC). Two names with the same result are
// different names, but no plan may create one and delete the other. NFKC would go too far: it
// merges names that look different, such as "m²" and "m2".
func FoldName(name string) string {
	if isASCII(name) {
		return strings.ToLower(name)
	}
	return norm.NFC.String(cases.Fold().String(norm.NFD.String(name)))
}

// FoldKey returns a key with its name folded by [FoldName]. The space is unchanged: spaces that
// differ only in letter case are two spaces.
func FoldKey(key Key) Key { return Key{Space: key.Space, Name: FoldName(key.Name)} }

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// Skeleton returns a name as a reader sees it: folded, without invisible characters, with each run
// of blanks as one, and with Latin letters in place of look-alikes of other scripts. Two different
// names may have the same skeleton; see [Resemblance].
func Skeleton(name string) string {
	if isASCII(name) {
		return strings.Join(strings.Fields(strings.ToLower(name)), " ")
	}
	return strings.Join(strings.Fields(FoldName(strings.Map(latin, visible(name)))), " ")
}

// visible returns a name in NFC, without invisible characters and with plain blanks in place of
// characters that look like them.
func visible(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.White_Space, r), r == brailleBlank, isFiller(r):
			return ' '
		case IsUnseen(r):
			return -1
		}
		return r
	}, norm.NFC.String(name))
}

// isFiller reports whether a character is a Hangul filler: ignorable, but displayed as a blank.
func isFiller(r rune) bool { return r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0 }

// LetterCase is the only [Resemblance] that a reader can see.
const LetterCase = "letter case"

// Resemblance returns the kind of difference between two different names if a reader may overlook
// it: "letter case", "letters that Unicode treats as equal, such as ß and ss", "Unicode
// normalisation", "an invisible character", "blanks" or "look-alike letters". Empty: the names look
// different.
func Resemblance(a, b string) string {
	squeeze := func(name string) string { return strings.Join(strings.Fields(name), " ") }
	switch {
	case a == b:
		return ""
	case norm.NFC.String(a) == norm.NFC.String(b):
		return "Unicode normalisation"
	case strings.EqualFold(norm.NFC.String(a), norm.NFC.String(b)):
		return LetterCase
	case FoldName(a) == FoldName(b):
		return "letters that Unicode treats as equal, such as ß and ss"
	case Skeleton(a) != Skeleton(b):
		return ""
	case FoldName(squeeze(visible(a))) != FoldName(squeeze(visible(b))):
		return "look-alike letters"
	case FoldName(withoutInvisible(a)) == FoldName(withoutInvisible(b)):
		return "an invisible character"
	}
	return "blanks"
}

// withoutInvisible removes characters without width.
func withoutInvisible(name string) string {
	return strings.Map(func(r rune) rune {
		if IsUnseen(r) && !unicode.Is(unicode.White_Space, r) && r != brailleBlank && !isFiller(r) {
			return -1
		}
		return r
	}, name)
}

// Quote returns a text in double quotes with invisible characters escaped.
func Quote(text string) string { return quoteFrom(text, 0, 0) }

// QuoteApart returns two texts in double quotes, escaped so that their differences are visible:
// invisible characters, and non-ASCII characters between the first and the last difference.
func QuoteApart(a, b string) (quotedA, quotedB string) {
	runesA, runesB := []rune(a), []rune(b)
	head, tail := 0, 0
	for head < min(len(runesA), len(runesB)) && runesA[head] == runesB[head] {
		head++
	}
	for tail < min(len(runesA), len(runesB))-head && runesA[len(runesA)-1-tail] == runesB[len(runesB)-1-tail] {
		tail++
	}
	return quoteFrom(a, head, len(runesA)-tail), quoteFrom(b, head, len(runesB)-tail)
}

// quoteFrom quotes a text, with non-ASCII characters between two character positions escaped.
func quoteFrom(text string, from, to int) string {
	var quoted strings.Builder
	quoted.WriteByte('"')
	at := 0
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		piece := text[:size]
		text = text[size:]
		escape := strconv.Quote
		if IsUnseen(r) || from <= at && at < to {
			escape = strconv.QuoteToASCII
		}
		piece = escape(piece)
		quoted.WriteString(piece[1 : len(piece)-1])
		at++
	}
	quoted.WriteByte('"')
	return quoted.String()
}

// latin returns the Latin letter that a letter of another script looks like in common fonts.
func latin(r rune) rune {
	if r < utf8.RuneSelf {
		return r
	}
	if like, ok := lookAlikes[r]; ok {
		return like
	}
	return r
}

// lookAlikes are the Cyrillic, Greek and Armenian letters that look like Latin ones.
var lookAlikes = pairs(
	"АВЕЅІЈКМНОРСТУХԌԚԜҮаеѕіјорсухԛԝһү", "ABESIJKMHOPCTYXGQWYaesijopcyxqwhy",
	"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹοανϲ", "ABEZHIKMNOPTYXCoavc",
	"ՍՕոսօցհ", "UOnuogh",
)

// pairs returns a table of texts, from the first to the second of each two.
func pairs(texts ...string) map[rune]rune {
	table := map[rune]rune{}
	for i := 0; i < len(texts); i += 2 {
		to := []rune(texts[i+1])
		for at, r := range []rune(texts[i]) {
			table[r] = to[at]
		}
	}
	return table
}
