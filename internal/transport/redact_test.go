package transport_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/qlsync/qlsync/internal/transport"
)

func TestARedactorKnowsASecretInEveryForm(t *testing.T) {
	const secret = `p&ss "w0rd"/ü<+Zebra42`
	quoted, _ := json.Marshal(secret)
	double, _ := json.Marshal(string(quoted))
	basic := func(user string) string { return base64.StdEncoding.EncodeToString([]byte(user + ":" + secret)) }
	for name, text := range map[string]string{
		"as it is":                       secret,
		"in upper case":                  strings.ToUpper(secret),
		"as JSON":                        string(quoted),
		"as JSON within JSON":            string(double),
		"in a query":                     url.QueryEscape(secret),
		"in a path":                      url.PathEscape(secret),
		"in a path, in small letters":    strings.ToLower(url.PathEscape(secret)),
		"escaped twice":                  url.QueryEscape(url.QueryEscape(secret)),
		"in HTML":                        html.EscapeString(secret),
		"in base64":                      base64.StdEncoding.EncodeToString([]byte(secret)),
		"in base64 for URLs":             base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"in base64 twice":                base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(secret)))),
		"in basic authentication":        basic("u"),
		"behind another user":            basic("us"),
		"behind one more":                basic("usr"),
		"in base64, then in a query":     url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(secret))),
		"in hexadecimal":                 hex.EncodeToString([]byte(secret)),
		"its first 12 bytes":             secret[:12],
		"its last 12 bytes":              secret[len(secret)-12:],
		"with a character nobody sees":   secret[:10] + "\u200b" + secret[10:],
		"with a line end nobody sees":    secret[:9] + "\x00" + secret[9:],
		"with every character as a code": codes(secret),
		"in HTML, then in a path":        url.PathEscape(html.EscapeString(secret)),
		"in HTML, JSON and a query":      url.QueryEscape(codes(html.EscapeString(secret))),
		"in JSON and base64, then hex":   hex.EncodeToString([]byte(base64.StdEncoding.EncodeToString(quoted))),
	} {
		t.Run(name, func(t *testing.T) {
			hide := transport.NewRedactor("other", secret)
			got := hide.Sanitize("value «"+text+"» is wrong", 400)
			if shows(got, secret) {
				t.Errorf("got %s, want no form of the secret", got)
			}
			if !strings.Contains(got, "(secret)") && !strings.Contains(got, "withheld") {
				t.Errorf("the text does not say that a part is missing: %s", got)
			}
		})
	}
}

// codes writes every character as \uXXXX.
func codes(text string) string {
	var escaped strings.Builder
	for _, r := range text {
		escaped.WriteString(`\u00`)
		escaped.WriteString(hex.EncodeToString([]byte{byte(r)}))
	}
	return escaped.String()
}

// shows looks for a secret in the forms that a reader could undo at once.
func shows(text, secret string) bool {
	quoted, _ := json.Marshal(secret)
	for _, form := range []string{
		secret, strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	} {
		if len(form) > 3 && strings.Contains(text, form) {
			return true
		}
	}
	return false
}

func TestARedactorLeavesWordsAlone(t *testing.T) {
	hide := transport.NewRedactor("correct horse battery staple", "x", "sales", "a", "")
	for _, text := range []string{
		"the name is taken", "bucketName: must not be empty", "GET /api/v1/spaces was answered with 404", "50% of /api/v1 \\ &amp; more", "salesforce", "the next page",
		"sha256:2eea43b774c6fe1163d03c6fe7eeca062c6c4ce296dd8a94f0217659e75f87e8", "trace 4bf92f3577b34da6a3ce929d0e0e4736",
	} {
		if got := hide.Sanitize(text, 400); got != text {
			t.Errorf("%q became %q: no secret is a whole word of it", text, got)
		}
	}
}

func TestAShortSecretIsRedactedWhereItIsAWholeWord(t *testing.T) {
	hide := transport.NewRedactor("sales", "x", "p+q")
	for text, want := range map[string]string{
		"it may be x":                      "it may be (secret)",
		"user sales, password 'sales'":     "user (secret), password '(secret)'",
		"password=p+q":                     "password=(secret)",
		"?password=p%2Bq":                  "?password=(secret)",
		"password c2FsZXM= is wrong":       "password (secret) is wrong",
		"Sales, salesforce, xx, p+qr stay": "Sales, salesforce, xx, p+qr stay",
	} {
		if got := hide.Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestARedactorLearnsAllSecretsOfARun(t *testing.T) {
	hide := transport.NewRedactor()
	const first, second = "the first secret of all", "another secret behind it"
	if got := hide.Text("got " + first); got != "got "+first {
		t.Errorf("got %q, want a text without known secrets unchanged", got)
	}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			hide.Add(first, fmt.Sprintf("secret number %04d of many", i))
			_ = hide.Text("read while others write " + second)
		})
	}
	all.Wait()
	hide.Add(second)
	for _, secret := range []string{first, second, "secret number 0007 of many"} {
		if got := hide.Text("got " + secret); strings.Contains(got, secret) {
			t.Errorf("a secret of the run is shown: %q", got)
		}
	}
}

func TestASecretAtTheEndOfWhatIsLookedAtIsRedactedBeforeTheTextIsCut(t *testing.T) {
	const secret = "canary-7f3a9c-51d0e2"
	hide := transport.NewRedactor(secret)
	for before := 8<<10 - len(secret) - 2; before <= 8<<10+2; before++ {
		got := hide.Text(strings.Repeat("-", before) + secret)
		if rest := strings.Trim(got, "-"); rest != "" && rest != "(secret)" && rest != "(withheld: it may quote a secret)" {
			t.Fatalf("behind %d bytes %q of the secret is left", before, rest)
		}
	}
}

func TestAValueThatHoldsASecretIsHidden(t *testing.T) {
	const secret = "canary-7f3a9c-51d0e2"
	hide := transport.NewRedactor(secret, "sales")
	value := map[string]any{
		"plain": "sales", "count": json.Number("7"),
		"list": []any{"Server=db;Pwd=" + secret, map[string]any{"auth": base64.StdEncoding.EncodeToString([]byte("u:" + secret))}},
	}
	hidden := hide.Value(value).(map[string]any)
	text := fmt.Sprint(hidden)
	if strings.Contains(text, "canary") || strings.Contains(text, "dTpjYW5hcn") {
		t.Errorf("the secret is shown: %s", text)
	}
	if hidden["plain"] != "sales" || hidden["count"] != json.Number("7") {
		t.Errorf("values without a long secret have changed: %v", hidden)
	}
}

// FuzzRedactor demands that no secret of a few letters is left over, with any text
// around the secret and any number of encodings.
func FuzzRedactor(f *testing.F) {
	f.Add("hunter2!", "before ", " behind", byte(0), byte(0))
	f.Add("a\"b\\c/d&e", `{"x": "`, `"}`, byte(1), byte(2))
	f.Add("zürich 42", "%", "=", byte(3), byte(4))
	encode := []func(string) string{
		func(s string) string { return s },
		func(s string) string { text, _ := json.Marshal(s); return string(text) },
		url.QueryEscape, url.PathEscape,
		func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		func(s string) string { return hex.EncodeToString([]byte(s)) },
		html.EscapeString, strings.ToUpper,
	}
	f.Fuzz(func(t *testing.T, secret, before, behind string, first, second byte) {
		if len(secret) < 8 || len(secret) > 200 || len(before)+len(behind) > 2000 || strings.TrimSpace(secret) != secret ||
			secret != strings.ToValidUTF8(secret, "") || shows(before+"|"+behind, secret) || strings.Contains("(withheld: it may quote a secret)", secret) {
			t.Skip()
		}
		quoted := encode[int(second)%len(encode)](encode[int(first)%len(encode)](secret))
		hide := transport.NewRedactor(secret)
		if got := hide.Text(before + quoted + behind); shows(got, secret) {
			t.Errorf("got %q, want no form of the secret", got)
		}
		if got := hide.Sanitize(before+quoted+behind, 10_000); shows(got, secret) {
			t.Errorf("got the sanitized text %q, want no form of the secret", got)
		}
	})
}

func TestWhatLooksLikeASecretInTheWordsOfAServiceIsRedacted(t *testing.T) {
	for text, want := range map[string]string{
		`cannot run CUSTOM CONNECT TO "provider=x;password=hunter2;host=a"`: `cannot run CUSTOM CONNECT TO "provider=x;password=(secret);host=a"`,
		"cannot reach https://ana:hunter2@host.example.com/a":               "cannot reach https://ana:(secret)@host.example.com/a",
		"sent Authorization: Basic YW5hOmh1bnRlcjI=":                        "sent Authorization: (secret)",
		"the header pass\u200bword: hunter2 is wrong":                       "",
		"no data source with the name Token Service":                        "no data source with the name Token Service",
	} {
		got := transport.NewRedactor().Sanitize(text, 200)
		if want != "" && got != want || strings.Contains(got, "hunter2") {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

// BenchmarkTheRedactor reports how long 64 MiB of texts take with 1,000 secrets, which is more
// than one run resolves.
func BenchmarkTheRedactor(b *testing.B) {
	secrets := []string{"k1", "12345678"}
	for i := range 1000 {
		secrets = append(secrets, fmt.Sprintf("s3cr%05d-%032x", i, i*7919))
	}
	hide := transport.NewRedactor(secrets...)
	for _, piece := range []string{
		"The connection reads the table of orders, once a day. ", "%41%2541", "QUJDREVGR0hJSktMTU5P", "414243444546", `\u0041\\u0041`,
		"&amp;quot;&lt;", "s3cr0", "k1 ", `QUJDREVG%41\u0041&amp;414243444546 `,
	} {
		text := strings.Repeat(piece, (8<<10)/len(piece))
		for name, search := range map[string]func(){"Holds": func() { hide.Holds(text) }, "Text": func() { hide.Text(text) }} {
			b.Run(name+"/"+piece, func(b *testing.B) {
				for b.Loop() {
					search()
				}
				b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*float64((64<<20)/len(text)), "s/64MiB")
			})
		}
	}
}

// TestABackslashBeforeAnyLetterIsTakenOut covers a backslash in front of a letter of another
// alphabet: what follows was lost.
func TestABackslashBeforeAnyLetterIsTakenOut(t *testing.T) {
	const secret = "Zebraß42ßLöweß17ß"
	hide := transport.NewRedactor(secret)
	escaped := strings.NewReplacer("ß", `\ß`, "ö", `\ö`).Replace(secret)
	if !hide.Holds(escaped) {
		t.Errorf("got no secret in %q, want %q: a service may escape any letter", escaped, secret)
	}
}

// TestASecretThatHoldsAnEscapeIsFound covers secrets in which a part looks like an escape: who
// decodes the text around it decodes that part too.
func TestASecretThatHoldsAnEscapeIsFound(t *testing.T) {
	for secret, text := range map[string]string{
		"100%41 of &lt;it":     `\u0031\u0030\u0030%41\u0020\u006f\u0066 \u0026lt;i\u0074`,
		`DOMAIN\user17`:        `DOMAIN\us&#101;r17`,
		"a plus b+c d":         "a+plus+b%2Bc+d",
		"key&ü%2F":             `key&\u00fc%2F`,
		"\U0001f525\U0001f511": `\ud83d\udd25\ud83d\udd11`,
	} {
		if hide := transport.NewRedactor(secret); !hide.Holds(text) {
			t.Errorf("got no secret in %q, want %q", text, secret)
		}
	}
}
