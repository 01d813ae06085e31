package transport

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Redactor takes secrets out of texts of the service, which may quote the request:
// as it was, escaped or encoded, cut short, or in the other letter case. What it
// recognises becomes a placeholder; where a secret appears only once a text is
// decoded, the whole text is withheld. It would rather hide too much.
type Redactor struct {
	forms []form
	short []string // too short to be cut out of a text without telling what they are
}

// form is one way in which a secret may be quoted, in lower case. Any part of it
// that is as long as share is taken for the secret.
type form struct {
	text  string
	share int
}

const (
	// shortSecret is the length, in bytes, below which a secret silences a text as a whole.
	shortSecret = 4
	// longShare is the longest part of a secret that must be found: of a shorter
	// secret it is half of it.
	longShare = 12
	// maxQuoted bounds what is looked at of a text, in bytes; the rest is dropped.
	maxQuoted = 8 << 10
	// maxLayers is how often an encoding may be wrapped in others.
	maxLayers = 3

	withheld = "(withheld: it may quote a secret)"
)

// NewRedactor makes one for these secrets.
func NewRedactor(secrets []string) Redactor {
	var r Redactor
	for _, secret := range secrets {
		switch {
		case secret == "":
		case len(secret) < shortSecret:
			r.short = append(r.short, lower(secret))
		default:
			for _, text := range formsOf(secret) {
				r.forms = append(r.forms, form{lower(text), min(max(len(text)/2, shortSecret), longShare)})
			}
		}
	}
	return r
}

// formsOf lists the ways in which a service may quote a secret: as it is, one of its
// lines, as JSON, as part of a URL or of HTML, in base64 wherever it stands there, in
// hexadecimal.
func formsOf(secret string) []string {
	quoted, _ := JSON(secret)
	lines := strings.FieldsFunc(secret, func(r rune) bool { return r == '\n' || r == '\r' })
	forms := append(
		lines, secret, strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret),
		html.EscapeString(secret), hex.EncodeToString([]byte(secret)),
	)
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for offset := range 3 {
			forms = append(forms, inside(encoding, secret, offset))
		}
	}
	slices.Sort(forms)
	return slices.DeleteFunc(slices.Compact(forms), func(form string) bool { return len(form) < shortSecret })
}

// inside gives the characters that a text always has in base64 when that many bytes
// stand before it.
func inside(encoding *base64.Encoding, text string, offset int) string {
	encoded := encoding.EncodeToString(append(make([]byte, offset), text...))
	if (offset+len(text))%3 != 0 {
		encoded = encoded[:len(encoded)-1] // the next byte has a part of it
	}
	return encoded[min(len(encoded), []int{0, 2, 3}[offset]):]
}

// Text copies a text without the secrets.
func (r Redactor) Text(text string) string {
	if len(text) > maxQuoted {
		text = strings.ToValidUTF8(text[:maxQuoted], "")
	}
	folded := lower(text)
	if slices.ContainsFunc(r.short, func(secret string) bool { return strings.Contains(folded, secret) }) {
		return withheld
	}
	masked := mask(text, r.found(folded))
	for _, inner := range decodings(masked) {
		if slices.Contains(r.found(lower(inner)), true) {
			return withheld
		}
	}
	return masked
}

// Quotes reports whether a text holds a secret, or a part of one.
func (r Redactor) Quotes(text string) bool { return r.Text(text) != text }

// Holds reports whether a text holds a whole secret, for what is no words: a random
// id has parts of many a secret.
func (r Redactor) Holds(text string) bool {
	for _, one := range append(decodings(text), text) {
		for _, form := range r.forms {
			if len(form.text) >= 2*shortSecret && strings.Contains(lower(one), form.text) {
				return true
			}
		}
	}
	return false
}

// Clean is [Clean] of a text without the secrets, also without those that only
// appear when what cannot be printed is taken out, and without what looks like a secret
// that nobody has told: a service quotes what it keeps, as in CUSTOM CONNECT TO
// "...;password=...". It is the way of every text of a service to whoever reads it.
func (r Redactor) Clean(text string, limit int) string {
	return Clean(r.unseen(Clean(r.unseen(text), maxQuoted)), limit)
}

func (r Redactor) unseen(text string) string { return connection.RedactSecrets(r.Text(text)) }

// found marks the bytes of a text that are part of a secret.
func (r Redactor) found(text string) []bool {
	marks := make([]bool, len(text))
	places := map[int]map[string][]int{} // by length of a part, where each part stands
	for _, form := range r.forms {
		size := form.share
		if places[size] == nil {
			places[size] = map[string][]int{}
			for i := 0; i+size <= len(text); i++ {
				part := text[i : i+size]
				places[size][part] = append(places[size][part], i)
			}
		}
		for i := 0; i+size <= len(form.text); i++ {
			for _, at := range places[size][form.text[i:i+size]] {
				for j := range size {
					marks[at+j] = true
				}
			}
		}
	}
	return marks
}

// mask replaces each run of marked bytes by the placeholder.
func mask(text string, marks []bool) string {
	var masked strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case !marks[i]:
			masked.WriteByte(text[i])
		case i == 0 || !marks[i-1]:
			masked.WriteString(connection.Placeholder)
		}
	}
	return masked.String()
}

// lower folds the letter case of ASCII alone, so that no place is shifted.
func lower(text string) string {
	folded := []byte(text)
	for i, b := range folded {
		if 'A' <= b && b <= 'Z' {
			folded[i] = b + 'a' - 'A'
		}
	}
	return string(folded)
}

// decodings gives what a text becomes when what looks encoded in it is decoded, in
// up to maxLayers layers of any kinds.
func decodings(text string) []string {
	seen := map[string]bool{text: true}
	layer, all := []string{text}, []string(nil)
	for range maxLayers {
		var next []string
		for _, one := range layer {
			for _, decode := range []func(string) string{decodePercent, decodeJSON, html.UnescapeString, decodeBase64, decodeHex} {
				if inner := decode(one); !seen[inner] {
					seen[inner] = true
					next = append(next, inner)
				}
			}
		}
		layer, all = next, append(all, next...)
	}
	return all
}

var (
	percent = regexp.MustCompile(`%[0-9a-fA-F]{2}`)
	escape  = regexp.MustCompile(`\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)`)
	digits  = regexp.MustCompile(`(?:[0-9a-fA-F]{2}){4,}`)
	letters = regexp.MustCompile(`[0-9A-Za-z+/_-]{6,}`)
)

func decodePercent(text string) string {
	return percent.ReplaceAllStringFunc(strings.ReplaceAll(text, "+", " "), func(code string) string {
		value, _ := strconv.ParseUint(code[1:], 16, 8)
		return string([]byte{byte(value)})
	})
}

func decodeJSON(text string) string {
	return escape.ReplaceAllStringFunc(text, func(code string) string {
		if len(code) > 2 {
			value, _ := strconv.ParseUint(code[2:], 16, 16)
			return string(rune(value))
		}
		if letter := strings.IndexByte("nrtbf", code[1]); letter >= 0 {
			return "\n\r\t\b\f"[letter : letter+1]
		}
		return code[1:]
	})
}

func decodeBase64(text string) string {
	text = strings.NewReplacer("\n", "", "\r", "").Replace(text)
	return letters.ReplaceAllStringFunc(text, func(token string) string {
		token = strings.NewReplacer("-", "+", "_", "/").Replace(token)
		decoded, err := base64.RawStdEncoding.DecodeString(token[:len(token)-len(token)%4])
		if rest := token[len(token)-len(token)%4:]; err == nil && len(rest) > 1 {
			last, _ := base64.RawStdEncoding.DecodeString(rest)
			decoded = append(decoded, last...)
		}
		if err != nil {
			return token
		}
		return string(decoded)
	})
}

func decodeHex(text string) string {
	return digits.ReplaceAllStringFunc(text, func(token string) string {
		decoded, err := hex.DecodeString(token)
		if err != nil {
			return token
		}
		return string(decoded)
	})
}
