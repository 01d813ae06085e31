package connection_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
)

// TestWhatCannotBeSeenIsInTheTable has at least one character of every kind that a name was seen to
// hide.
func TestWhatCannotBeSeenIsInTheTable(t *testing.T) {
	for name, r := range map[string]rune{
		"control character": '\x1b', "delete": 0x7f, "newline": '\n', "soft hyphen": 0xad, "no-break space": 0xa0,
		"combining grapheme joiner": 0x34f, "Arabic letter mark": 0x61c, "Hangul choseong filler": 0x115f,
		"Hangul jungseong filler": 0x1160, "Khmer inherent vowel": 0x17b4, "Mongolian variation selector": 0x180b,
		"Mongolian vowel separator": 0x180e, "en quad": 0x2000, "hair space": 0x200a, "zero width space": 0x200b,
		"zero width non-joiner": 0x200c, "zero width joiner": 0x200d, "left-to-right mark": 0x200e,
		"line separator": 0x2028, "right-to-left override": 0x202e, "narrow no-break space": 0x202f,
		"mathematical space": 0x205f, "word joiner": 0x2060, "invisible times": 0x2062, "braille blank": 0x2800,
		"ideographic space": 0x3000, "Hangul filler": 0x3164, "variation selector 1": 0xfe00,
		"variation selector 16": 0xfe0f, "byte order mark": 0xfeff, "halfwidth Hangul filler": 0xffa0,
		"musical symbol begin beam": 0x1d173, "tag letter a": 0xe0061, "variation selector 256": 0xe01ef,
		"private use": 0xe000,
	} {
		if !connection.IsUnseen(r) {
			t.Errorf("%s (%U) is not in the table", name, r)
		}
	}
	for _, r := range " aÄé\u0301注🧾ا⠁-_/" {
		if connection.IsUnseen(r) {
			t.Errorf("%q (%U) can be seen", r, r)
		}
	}
}

func TestEveryCharacterThatUnicodeIgnoresByDefaultIsUnseen(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		ignorable := unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Cf, unicode.Variation_Selector)
		if blank := r != ' ' && unicode.Is(unicode.White_Space, r); (ignorable || blank) && !connection.IsUnseen(r) {
			t.Errorf("%U is not in the table", r)
		}
	}
}

func TestTwoNamesResembleEachOther(t *testing.T) {
	for _, test := range []struct{ name, a, b, want, quotedA, quotedB string }{
		{"two names", "Ledger", "Lodger", "", `"Ledger"`, `"Lodger"`},
		{"the same name", "Ledger", "Ledger", "", `"Ledger"`, `"Ledger"`},
		{"letter case", "Orders", "orders", "letter case", `"Orders"`, `"orders"`},
		{"letter case of a script that has more of it", "STRASSE", "Straße", "letters that Unicode treats as equal, such as ß and ss", `"STRASSE"`, `"Stra\u00dfe"`},
		{"letter case of what looks like Latin in capitals only", "\u041d", "\u043d", "letter case", `"\u041d"`, `"\u043d"`},
		{"normalisation", "caf\u00e9", "cafe\u0301", "Unicode normalisation", `"caf\u00e9"`, `"cafe\u0301"`},
		{"normalisation of Hangul", "\uac00", "\u1100\u1161", "Unicode normalisation", `"\uac00"`, `"\u1100\u1161"`},
		{"normalisation and letter case", "CAFE\u0301", "caf\u00e9", "letter case", `"CAFE\u0301"`, `"caf\u00e9"`},
		{"a joiner", "نام\u200cها", "نامها", "an invisible character", `"نام\u200cها"`, `"نامها"`},
		{"a variation selector", "Ledger", "Ledger\ufe0f", "an invisible character", `"Ledger"`, `"Ledger\ufe0f"`},
		{"a blank that is none", "Orders lake", "Orders\u00a0lake", "blanks", `"Orders lake"`, `"Orders\u00a0lake"`},
		{"two blanks", "Orders lake", "Orders  lake", "blanks", `"Orders lake"`, `"Orders  lake"`},
		{"a filler at the end", "Ledger", "Ledger\u3164", "blanks", `"Ledger"`, `"Ledger\u3164"`},
		{"a letter of another script", "Ledger", "L\u0435dger", "look-alike letters", `"Ledger"`, `"L\u0435dger"`},
		{"all letters of another script", "cop", "\u0441\u043e\u0440", "look-alike letters", `"cop"`, `"\u0441\u043e\u0440"`},
		{"what only compatibility makes the same", "m2", "m²", "", `"m2"`, `"m\u00b2"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, back := connection.Resemblance(test.a, test.b), connection.Resemblance(test.b, test.a); got != test.want || back != test.want {
				t.Errorf("got %q and %q, want %q", got, back, test.want)
			}
			if a, b := connection.QuoteApart(test.a, test.b); a != test.quotedA || b != test.quotedB {
				t.Errorf("got %s and %s, want %s and %s", a, b, test.quotedA, test.quotedB)
			}
		})
	}
}

func TestAnyTwoDifferentNamesAreQuotedDifferently(t *testing.T) {
	name := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "A", "\u00e9", "e", "\u0301", "\u200c", "\u0430", "\u041d", "\u043d", " ", "\u00a0", "\\u0301", "\"", "\xff", "\ufffd"}), 0, 4).Draw(t, "parts"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		quotedA, quotedB := connection.QuoteApart(a, b)
		if (a == b) != (quotedA == quotedB) {
			t.Fatalf("%q and %q are quoted as %s and %s", a, b, quotedA, quotedB)
		}
		if !utf8.ValidString(quotedA) || strings.ContainsFunc(quotedA, connection.IsUnseen) {
			t.Fatalf("%s cannot be seen whole", quotedA)
		}
		if connection.FoldName(a) != connection.FoldName(b) || !utf8.ValidString(a+b) {
			return
		}
		if a != b && connection.Resemblance(a, b) == "" {
			t.Fatalf("%q and %q fold to the same and do not resemble each other", a, b)
		}
		if folded := connection.FoldName(a); connection.FoldName(folded) != folded {
			t.Fatalf("%q folds to %q, and that to %q", a, folded, connection.FoldName(folded))
		}
	})
}
