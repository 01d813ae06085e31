package connection

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// costlyTexts are pieces which, repeated, make the search for secrets do most: each is what one
// of its parts looks for, without an end, or what it takes for the beginning of a secret again
// and again.
var costlyTexts = map[string]string{
	"prose":                       "The connection reads the table of orders, once a day at 6 am. ",
	"names and values":            "host=a;port=1;user=b,",
	"short names":                 "a=",
	"distinct names":              "",
	"distinct names with accents": "",
	"all of these":                "",
	"names of keys":               "key=",
	"a key in front of a form":    "key=x ",
	"codes with colons":           "code: a ",
	"an address as password":      "password=http://",
	"an address in quotes":        `password:"http://`,
	"an open list":                "password:[",
	"an open brace":               "key={",
	"an open brace of a password": "password={",
	"placeholders":                "password=${",
	"a quote of a password":       `password='http://`,
	"backslashes":                 `password:\\\"`,
	"words before a colon":        "access key of pass : ",
	"ats":                         "u:p@",
	"ats of users":                "user:pass1@host ",
	"addresses":                   "://a:",
	"addresses with ats":          "ftp://a:b@c ",
	"percent signs":               "%41",
	"an escaped word":             "a%4",
	"base64":                      "QUJD",
	"base64 with blanks":          "QUJDREVGR0hJSktMTU5P ",
	"base64 of pairs":             "cGFzc3dvcmQ9aHR0cDovL3BhcYQ ",
	"entities":                    "&quot;",
	"entities and percent signs":  "&quot;&amp;quot;%41%2541 ",
	"encodings in one another":    "%41%2541QUJDREVGR0hJSktMTU5P&quot;&amp;quot; ",
	"elements":                    "<a>b",
	"open elements":               "<a ",
	"options":                     " -a b",
	"lists in JSON":               `["a", "b"], `,
	"names in JSON":               `{"name": "a", "value": "b"}, `,
	"values in JSON":              `{"value": "a", "name": "b"}, `,
	"objects in JSON":             `{"a": {"value": "x"}}, `,
	"open lists":                  "[",
	"private keys":                "-----BEGIN PRIVATE KEY-----",
	"lines of PuTTY":              "Private-Lines: 1 ",
	"webhooks":                    "https://hook.a.make.com/",
	"Oracle":                      "jdbc:oracle:a:b/",
	"Oracle with ats":             `a/"b@`,
	"SQL*Plus":                    "sqlplus -a ",
	"bearers":                     "bearer a",
	"basics":                      "basic ab ",
	"users of curl":               " -u a:",
	"identified":                  "identified by ",
	"tokens":                      "eyJhbGciOi.",
	"prefixes of tokens":          "AKIA ghp_ glpat- xoxb- sk- npm_ hvs. AIza ",
	"prefixes in one word":        "AKIA-npm_-hf_-r8_-",
	"heads of web tokens":         "eyJ-",
	"web keys":                    `"kty":"d":"`,
	"quoted names":                `"a":`,
	"brackets of names":           "[a]=",
	"accents":                     "é=",
	"letters of other alphabets":  "пар密ß=",
	"redacted":                    Placeholder + "=",
}

func costlyText(name, piece string, size int) string {
	var text strings.Builder
	switch name {
	case "distinct names", "distinct names with accents":
		accent := strings.Repeat("é", strings.Count(name, "accents"))
		for i := 0; text.Len() < size; i++ {
			fmt.Fprintf(&text, "n%s%x=", accent, i)
		}
		return text.String()
	case "all of these":
		for _, name := range slices.Sorted(maps.Keys(costlyTexts)) {
			text.WriteString(costlyTexts[name])
		}
		piece = text.String()
	}
	return strings.Repeat(piece, size/len(piece))
}

// BenchmarkTheSearchForSecrets reports how long 64 MiB of texts of each kind take, which is as
// much as a project may hold. The time must grow with the size, not faster.
func BenchmarkTheSearchForSecrets(b *testing.B) {
	for name, piece := range costlyTexts {
		for _, size := range []int{64 << 10, 1 << 20} {
			text := costlyText(name, piece, size)
			b.Run(fmt.Sprintf("%s/%d KiB", name, size>>10), func(b *testing.B) {
				for b.Loop() {
					for layers := range searched {
						searched[layers] = newMemory()
					}
					secretSpans(text) // HoldsSecret would remember
				}
				b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*float64((64<<20)/size), "s/64MiB")
			})
		}
	}
}

// TestATokenIsFoundByItsWord covers what the search for tokens relies on: each form consists of
// the bytes of a token, is long enough, and has one of its words where it is looked for.
func TestATokenIsFoundByItsWord(t *testing.T) {
	for _, one := range tokenForms {
		parsed, err := syntax.Parse(one.form, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			token := sample(parsed)
			if len(token) < minToken {
				t.Errorf("%s matches %q of %d bytes, want at least %d: a shorter run is passed over", one.form, token, len(token), minToken)
			}
			if strings.ContainsFunc(token, func(r rune) bool { return r >= utf8.RuneSelf || !tokenBytes[r] }) {
				t.Errorf("%s matches %q, which has other bytes than those of a token", one.form, token)
			}
			if !slices.ContainsFunc(one.holds, func(word string) bool { return strings.HasPrefix(token[one.before:], word) }) {
				t.Errorf("%s matches %q, which has none of %q at %d", one.form, token, one.holds, one.before)
			}
			text := "a " + token + " b"
			if wordBytes[token[0]] && !slices.Contains(tokenSpans(text), span{2, 2 + len(token)}) {
				t.Errorf("got %v in %q, want the token of the form %s", tokenSpans(text), text, one.form)
			}
		}
	}
}

// sample returns a random text that an expression matches, with the least number of repetitions.
func sample(form *syntax.Regexp) string {
	var text strings.Builder
	switch form.Op {
	case syntax.OpLiteral:
		return string(form.Rune)
	case syntax.OpCharClass:
		pair := 2 * rand.IntN(len(form.Rune)/2)
		low, high := form.Rune[pair], form.Rune[pair+1]
		return string(low + rand.N(high-low+1))
	case syntax.OpAlternate:
		return sample(form.Sub[rand.IntN(len(form.Sub))])
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range form.Sub {
			text.WriteString(sample(sub))
		}
	case syntax.OpPlus:
		return sample(form.Sub[0])
	case syntax.OpRepeat:
		for range form.Min {
			text.WriteString(sample(form.Sub[0]))
		}
	}
	return text.String()
}

// TestNoNameOfASecretIsPassedOver compares the fast look at a name with the names themselves.
func TestNoNameOfASecretIsPassedOver(t *testing.T) {
	for _, words := range [][]string{secretWords, foreignWords, secretEndings, firstWords, sessionWords, parameterNames, vagueNames} {
		for _, word := range words {
			spaced := strings.Join(strings.Split(word, ""), "_")
			for _, name := range []string{word, strings.ToUpper(word), "db2" + word, "my-" + word + "9", spaced} {
				if !mayHoldSecretName(name) {
					t.Errorf("got no name of a secret in %q, want one: %q is a word for one", name, word)
				}
			}
		}
	}
	for _, key := range secretKeys {
		if !mayHoldSecretName(key + "Key") {
			t.Errorf("got no name of a secret in %q, want one", key+"Key")
		}
	}
	for _, name := range []string{"url", "https://host.example/v1/orders?page=1&size=100", "timeout", "p-2w", ""} {
		if mayHoldSecretName(name) {
			t.Errorf("got the name of a secret in %q, want none: the look at the name would be slow for every text", name)
		}
	}
}

// TestPlacesWithoutAnExpressionAreReadExactly covers the edges of what is read byte by byte.
func TestPlacesWithoutAnExpressionAreReadExactly(t *testing.T) {
	const jwt = "eyJhbGciOi.eyJzdWIiOi."
	for text, want := range map[string]string{
		"run -v --token \"hu\" -password \na":      "run -v --token \"(secret)\" -password \n(secret)",
		"--api-token -x --api-token 'abc' tail":    "--api-token -x --api-token '(secret)' tail",
		"a--token abc ---token abc -9token abc":    "a--token abc ---token abc -9token abc",
		"x://u:a@b@h ftp://u:1/x@h http://u:1/@":   "x://u:(secret)@h ftp://u:(secret)@h http://u:1/@",
		"://://u:://u:p@h?q@":                      "://:(secret)@h?q@",
		"a/b@h:15 c/d@//h":                         "a/(secret)@h:15 c/(secret)@//h",
		"a/b@h:x a/b@h c/d@/h":                     "a/b@h:x a/b@h c/d@/h",
		"eyJ-eyJ-" + jwt + " _" + jwt:              "(secret) _" + jwt,
		"eyJa.eyJ-" + jwt:                          "eyJa.(secret)",
		"sqlplus -S -L u/x@h sqlplus -a/x b":       "sqlplus -S -L u/(secret)@h sqlplus -a/(secret) b",
		"curl -u 'u:p w' --USER=:x1 -user:x1":      "curl -u 'u:(secret) w' --USER=:(secret) -user:x1",
		"identified by values 'a b' by \"\" c":     "identified by values (secret) by \"\" c",
		"jdbc:oracle:thin:u/\"p @\"@h oracle:x/y@": "jdbc:oracle:thin:u/(secret)@h oracle:x/y@",
		"pass=Qz1+db://svc":                        "(secret)",
		"bearer a bearer 12 apikey a1":             "bearer a bearer (secret) apikey (secret)",
		"Private-Lines: 2\na1\nPrivate-MAC: b":     "Private-Lines: 2\n(secret)Private-MAC: b",
		"https://hook.eu1.make.com/abcdefgh ":      "https://hook.eu1.make.com/(secret) ",
		"maker.ifttt.com/a b/with/key/abcdefgh":    "maker.ifttt.com/a b/with/key/abcdefgh",
		"<a:password b='c'> x </a><token/>y":       "<a:password b='c'> (secret) </a><token/>y",
		`{'k': 'token', 'v': 'a b'}`:               `{'k': 'token', 'v': '(secret)'}`,
		`{\"v\": \"a b\", \"k\": \"token\"}`:       `{\"v\": \"(secret)\", \"k\": \"token\"}`,
		`["token", "x"] x ["-token", "a"] ["b"`:    `["token", "(secret)"] x ["-token", "(secret)"] ["b"`,
		`a name="token" value='x' key: "b"`:        `a name="token" value='(secret)' key: "b"`,
		`x {"token": {"value": "x"}} {"token":`:    `x {"token": {"value": "(secret)"}} {"token":`,
		`{"kty": "oct", "k": "GawgguFyGrWKav"}`:    `{"kty": "oct", "k": "(secret)"}`,
		"PASSWOR\u0301D=a1;пар\u0306оль=a1":        "PASSWOR\u0301D=(secret);пар\u0306оль=(secret)",
		"Ba\u017fic dTpwYXNz beare\u017f":          "Ba\u017fic (secret) beare\u017f",
	} {
		if got := RedactSecrets(text); got != want {
			t.Errorf("got %q of %q, want %q", got, text, want)
		}
	}
}

// TestTheBeginningOfALongValueDecides covers secrets that are longer than what is looked at.
func TestTheBeginningOfALongValueDecides(t *testing.T) {
	long := strings.Repeat("x1Y2", 2*maxLook)
	for text, want := range map[string]string{
		"host=a;password=" + long + ";port=1":          "host=a;password=" + Placeholder + ";port=1",
		`{"password": "` + long + `", "a": 1}`:         `{"password": "` + Placeholder + `", "a": 1}`,
		"-----BEGIN PRIVATE KEY-----" + long + " tail": Placeholder,
		"a -----BEGIN EC PRIVATE KEY-----\n" + long + "\n-----END EC PRIVATE KEY----- b -----BEGIN PRIVATE KEY-----c-----END PRIVATE KEY----- d": "a " + Placeholder + " b " + Placeholder + " d",
		"sig=" + long[:1000] + "&x=" + long: "sig=" + Placeholder + "&x=" + long,
	} {
		if got := RedactSecrets(text); got != want {
			t.Errorf("a text of %d bytes that begins with %.40q: got %d bytes, %.80q, want %d", len(text), text, len(got), got, len(want))
		}
	}
}

// TestAListInJSONIsReadInPlace covers a list of a million numbers: a tree of it takes 50 times the
// memory of its text.
func TestAListInJSONIsReadInPlace(t *testing.T) {
	list := `[{"key": null}, ` + strings.Repeat("1,", 1<<20)
	for text, want := range map[string]bool{
		list + "1]":                false,
		list + `["password", 12]]`: true,
		list + `{"v": [12], "k": "\u0070assword"}] x`: true,
		list + `["password", 12]`:                     false, // not JSON: it does not end
	} {
		if got := isSecretJSON(text); got != want {
			t.Errorf("got %v, want %v for a list that ends with %q", got, want, text[len(list):])
		}
	}
	if got, want := testing.AllocsPerRun(1, func() { isSecretJSON(list + "1]") }), 100.0; got > want {
		t.Errorf("got %v allocations for a list of a million numbers, want at most %v: it is read in place", got, want)
	}
}
