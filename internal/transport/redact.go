package transport

import (
	"encoding/base64"
	"encoding/hex"
	"hash/maphash"
	"html"
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Redactor takes the secrets of a run out of what a service says, which may quote any
// request of the run: as it was, escaped or encoded, cut short, or in the other letter
// case. What it recognises becomes a placeholder; where a secret appears only once a text
// is decoded, the whole text is withheld.
//
// A secret of [longSecret] bytes or more is recognised as a whole, and by any run of
// [window] bytes. A shorter one may be any word: it is recognised only where it is a whole
// word of the text.
//
// There is one for each run, which learns secrets as they are resolved. It may be used
// concurrently.
type Redactor struct {
	mu      sync.RWMutex
	known   map[string]bool         // the secrets
	seed    maphash.Seed            // of windows
	windows map[uint64]bool         // hashes of all runs of window bytes of the long forms
	wholes  map[int]map[string]bool // forms that are shorter than a window, by length
	words   map[string]bool         // forms of short secrets
	sizes   []int                   // the lengths of words
	firsts  [256]bool               // the first bytes of words

	// begins has a bit for the first longSecret bytes of each window and whole. Most places of a
	// text need no look at the maps.
	begins [1 << beginBits / 64]uint64
}

const (
	// longSecret is the length, in bytes, from which a secret is recognised inside words.
	longSecret = 8
	// window is the length, in bytes, of the runs of a form that are recognised.
	window = 12
	// beginBits is the size of the hash of a beginning. 1,000 secrets have about 400,000 beginnings.
	beginBits = 22
	// maxQuoted bounds what is looked at of a text, in bytes; the rest is dropped.
	maxQuoted = 8 << 10
	// maxLayers is how often an encoding may be wrapped in others.
	maxLayers = 3

	withheld = "(withheld: it may quote a secret)"
)

// NewRedactor returns a redactor that knows these secrets.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{
		known: map[string]bool{}, seed: maphash.MakeSeed(), windows: map[uint64]bool{}, wholes: map[int]map[string]bool{}, words: map[string]bool{},
	}
	r.Add(secrets...)
	return r
}

// Add makes secrets known. An empty one is none, and a nil redactor learns nothing.
func (r *Redactor) Add(secrets ...string) {
	if r == nil {
		return
	}
	r.mu.RLock()
	fresh := slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool { return secret == "" || r.known[secret] })
	r.mu.RUnlock()
	if len(fresh) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range fresh {
		r.known[secret] = true
		for _, form := range formsOf(secret) {
			if len(secret) < longSecret {
				r.words[form], r.firsts[form[0]] = true, true
				if !slices.Contains(r.sizes, len(form)) {
					r.sizes = append(r.sizes, len(form))
				}
			} else if len(form) >= longSecret {
				r.learn(lower(form))
			}
		}
	}
}

// learn makes a form of a long secret known.
func (r *Redactor) learn(form string) {
	if len(form) < window {
		if r.wholes[len(form)] == nil {
			r.wholes[len(form)] = map[string]bool{}
		}
		r.wholes[len(form)][form] = true
		r.begin(form)
		return
	}
	for i := 0; i+window <= len(form); i++ {
		r.windows[maphash.String(r.seed, form[i:i+window])] = true
		r.begin(form[i:])
	}
}

// begin notes the beginning of a form.
func (r *Redactor) begin(form string) {
	var bytes uint64
	for i := range longSecret {
		bytes = bytes<<8 | uint64(form[i])
	}
	at := beginHash(bytes)
	r.begins[at/64] |= 1 << (at % 64)
}

// beginHash spreads longSecret bytes over beginBits.
func beginHash(bytes uint64) uint64 { return bytes * 0x9e3779b97f4a7c15 >> (64 - beginBits) }

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
	if padded := base64.StdEncoding.EncodeToString([]byte(secret)); len(secret) < longSecret {
		forms = append(forms, padded) // a word ends with its padding
	}
	slices.Sort(forms)
	return slices.DeleteFunc(slices.Compact(forms), func(form string) bool { return form == "" })
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

// Text returns a copy of a text without the secrets.
func (r *Redactor) Text(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	marks := r.found(text[:min(len(text), maxQuoted+window)]) // a secret may begin before the end
	masked := mask(text[:min(len(text), maxQuoted)], marks)
	if len(text) > maxQuoted {
		masked = strings.ToValidUTF8(masked, "")
	}
	for _, inner := range decodings(masked) {
		if r.holdsLong(inner) {
			return withheld
		}
	}
	return masked
}

// Holds reports whether a text that is not words, such as an id, holds a long secret.
func (r *Redactor) Holds(text string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.holdsLong(text) {
		return true
	}
	if uuid.MatchString(text) {
		return false // too short between the hyphens to be another text in an encoding
	}
	return slices.ContainsFunc(decodings(text), r.holdsLong)
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Hide returns a copy of a value of the service, in the form of decoded JSON, with a
// [connection.Secret] in place of each text that holds a long secret: a service may store
// in a property what it was given as a credential.
func (r *Redactor) Hide(value any) any {
	switch value := value.(type) {
	case string:
		if r.Holds(value) {
			return connection.NewSecret(value)
		}
	case []any:
		hidden := make([]any, len(value))
		for i, item := range value {
			hidden[i] = r.Hide(item)
		}
		return hidden
	case map[string]any:
		hidden := make(map[string]any, len(value))
		for name, item := range value {
			if r.Holds(name) { // the name of a property that only the tenant knows
				name, item = r.Text(name), connection.NewSecret(name)
			}
			hidden[name] = r.Hide(item)
		}
		return hidden
	}
	return value
}

// Clean is [Clean] of a text without the secrets, also without those that only
// appear when what cannot be printed is taken out, and without what looks like a secret
// that nobody has told: a service quotes what it keeps, as in CUSTOM CONNECT TO
// "...;password=...". It is the way of every text of a service to whoever reads it.
func (r *Redactor) Clean(text string, limit int) string {
	return Clean(r.unseen(Clean(r.unseen(text), maxQuoted)), limit)
}

func (r *Redactor) unseen(text string) string { return connection.RedactSecrets(r.Text(text)) }

// found marks the bytes of a text that are part of a secret.
func (r *Redactor) found(text string) []bool {
	marks := r.foundLong(lower(text))
	for at := range len(text) {
		if !r.firsts[text[at]] {
			continue
		}
		for _, size := range r.sizes {
			if end := at + size; end <= len(text) && r.words[text[at:end]] && isWord(text, at, end) {
				fill(marks, at, end)
			}
		}
	}
	return marks
}

// foundLong marks the bytes of a text, in lower case, that are part of a long secret.
func (r *Redactor) foundLong(text string) []bool {
	marks := make([]bool, len(text))
	for from, to := range r.longIn(text) {
		fill(marks, from, to)
	}
	return marks
}

// holdsLong reports whether a text holds a long secret.
func (r *Redactor) holdsLong(text string) bool {
	for range r.longIn(lower(text)) {
		return true
	}
	return false
}

// longIn finds the parts of a text, in lower case, that are those of a long secret.
func (r *Redactor) longIn(text string) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		var bytes uint64 // the last longSecret of them
		for i := range len(text) {
			bytes = bytes<<8 | uint64(text[i])
			hash, at := beginHash(bytes), i+1-longSecret
			if r.begins[hash/64]>>(hash%64)&1 == 0 || at < 0 {
				continue
			}
			for size, forms := range r.wholes {
				if at+size <= len(text) && forms[text[at:at+size]] && !yield(at, at+size) {
					return
				}
			}
			if at+window <= len(text) && r.windows[maphash.String(r.seed, text[at:at+window])] && !yield(at, at+window) {
				return
			}
		}
	}
}

func fill(marks []bool, from, to int) {
	for i := from; i < to; i++ {
		marks[i] = true
	}
}

// isWord reports whether neither a letter nor a digit is next to a part of a text.
func isWord(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	behind, _ := utf8.DecodeRuneInString(text[to:])
	joins := func(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	return !joins(before) && !joins(behind)
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
	isHex    = bytesOf("0123456789abcdefABCDEF")
	isBase64 = bytesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-")

	unbroken       = strings.NewReplacer("\n", "", "\r", "")
	standardBase64 = strings.NewReplacer("-", "+", "_", "/")
)

func decodePercent(text string) string {
	text = strings.ReplaceAll(text, "+", " ")
	first, rest, ok := strings.Cut(text, "%")
	if !ok {
		return text
	}
	decoded := []byte(first)
	for ; ok; decoded = append(decoded, first...) {
		first, rest, ok = strings.Cut(rest, "%")
		if code, err := hex.DecodeString(first[:min(len(first), 2)]); err == nil && len(code) == 1 {
			decoded, first = append(decoded, code...), first[2:]
		} else {
			decoded = append(decoded, '%')
		}
	}
	return string(decoded)
}

func decodeJSON(text string) string {
	first, rest, ok := strings.Cut(text, `\`)
	if !ok {
		return text
	}
	decoded := []byte(first)
	for ; ok; decoded = append(decoded, first...) {
		digits := 0
		switch {
		case strings.HasPrefix(rest, "x"):
			digits = len("41")
		case strings.HasPrefix(rest, "u"):
			digits = len("0041")
		}
		value, err := strconv.ParseUint(rest[min(1, len(rest)):min(1+digits, len(rest))], 16, 16)
		switch {
		case rest == "" || rest[0] == '\n':
			decoded = append(decoded, '\\')
		case digits > 0 && err == nil && len(rest) > digits:
			decoded, rest = utf8.AppendRune(decoded, rune(value)), rest[1+digits:]
		default:
			letter := rest[0]
			if at := strings.IndexByte("nrtbf", letter); at >= 0 {
				letter = "\n\r\t\b\f"[at]
			}
			decoded, rest = append(decoded, letter), rest[1:]
		}
		first, rest, ok = strings.Cut(rest, `\`)
	}
	return string(decoded)
}

// decodeBase64 passes over runs of letters that encode fewer than longSecret bytes, as decodeHex
// does.
func decodeBase64(text string) string {
	return decodeRuns(unbroken.Replace(text), &isBase64, 11, func(token string) string {
		token = standardBase64.Replace(token)
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
	return decodeRuns(text, &isHex, 16, func(token string) string {
		decoded, _ := hex.DecodeString(token[:len(token)&^1])
		return string(decoded) + token[len(token)&^1:]
	})
}

// decodeRuns decodes each run of some bytes or more that are in a table.
func decodeRuns(text string, table *[256]bool, least int, decode func(run string) string) string {
	var decoded strings.Builder
	done := 0
	for start := 0; start < len(text); start++ {
		end := start
		for end < len(text) && table[text[end]] {
			end++
		}
		if end-start >= least {
			decoded.WriteString(text[done:start])
			decoded.WriteString(decode(text[start:end]))
			done = end
		}
		start = end
	}
	if done == 0 {
		return text
	}
	return decoded.String() + text[done:]
}

// bytesOf makes a table of some bytes.
func bytesOf(text string) (table [256]bool) {
	for i := range len(text) {
		table[text[i]] = true
	}
	return table
}
