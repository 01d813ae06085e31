package transport

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
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
	"unicode/utf16"
	"unicode/utf8"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Redactor removes the secrets of a run from a service's messages, which may quote any request of
// the run: unchanged, escaped or encoded, truncated, or in the other letter case. It replaces
// secrets by a placeholder; if a secret appears only after decoding, it replaces the whole text.
//
// It recognises a secret of at least [longSecret] bytes as a whole, and by any run of [window]
// bytes. A shorter secret may be any word: it is recognised only as a whole word of the text.
//
// Each run has one redactor, which learns secrets as they are resolved. It may be used
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

	// begins has a bit for the first longSecret bytes of each window and whole. For most places of a
	// text, this bit makes a lookup in the maps unnecessary.
	begins [1 << beginBits / 64]uint64
}

const (
	// longSecret is the length, in bytes, from which a secret is recognised inside words.
	longSecret = 8
	// window is the length, in bytes, of the runs of a form that are recognised.
	window = 12
	// beginBits is the size of the hash of a beginning. 1,000 secrets have about 400,000 beginnings.
	beginBits = 22
	// maxQuoted bounds how much of a text is examined, in bytes; the rest is dropped.
	maxQuoted = 8 << 10
	// maxLayers is how many nested encodings are decoded. Escapes of different kinds in one text are
	// one layer.
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

// Add adds secrets. Empty ones are ignored, and a nil redactor ignores all.
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
				r.learn(fold(form))
			}
		}
	}
}

// learn adds a form of a long secret.
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

// begin adds the beginning of a form.
func (r *Redactor) begin(form string) {
	var bytes uint64
	for i := range longSecret {
		bytes = bytes<<8 | uint64(form[i])
	}
	at := beginHash(bytes)
	r.begins[at/64] |= 1 << (at % 64)
}

// beginHash maps longSecret bytes to beginBits.
func beginHash(bytes uint64) uint64 { return bytes * 0x9e3779b97f4a7c15 >> (64 - beginBits) }

// formsOf returns the forms in which a service may quote a secret: unchanged, one of its lines, as
// JSON, as part of a URL or of HTML, in base64 at any offset, in hexadecimal.
func formsOf(secret string) []string {
	quoted, _ := JSON(secret)
	careful, _ := json.Marshal(secret) // with \u0026 for &
	ascii := strconv.QuoteToASCII(secret)
	lines := strings.FieldsFunc(secret, func(r rune) bool { return r == '\n' || r == '\r' })
	forms := append(
		lines, secret, strings.Trim(string(quoted), `"`), strings.Trim(string(careful), `"`), strings.Trim(ascii, `"`),
		url.QueryEscape(secret), url.PathEscape(secret),
		html.EscapeString(secret), hex.EncodeToString([]byte(secret)),
	)
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for offset := range 3 {
			forms = append(forms, inside(encoding, secret, offset))
		}
	}
	if len(secret) < longSecret {
		forms = append(forms, base64.StdEncoding.EncodeToString([]byte(secret))) // a word ends with its padding
	} else {
		forms = append(forms, unescape(secret), unescape(unescape(secret))) // text that looks like an escape is decoded too
	}
	slices.Sort(forms)
	return slices.DeleteFunc(slices.Compact(forms), func(form string) bool { return form == "" })
}

// inside returns the base64 characters of a text that do not depend on its neighbours, if that many
// bytes precede it.
func inside(encoding *base64.Encoding, text string, offset int) string {
	encoded := encoding.EncodeToString(append(make([]byte, offset), text...))
	if (offset+len(text))%3 != 0 {
		encoded = encoded[:len(encoded)-1] // the last character also encodes the next byte
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
	if r.holdsEncoded(masked, maxLayers) {
		return withheld
	}
	return masked
}

// Holds reports whether an identifier, as opposed to prose, contains a long secret.
func (r *Redactor) Holds(text string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.holdsLong(text) {
		return true
	}
	if uuid.MatchString(text) {
		return false // too short between the hyphens to be an encoded text
	}
	return r.holdsEncoded(text, maxLayers)
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Value returns a copy of a decoded JSON value of the service, with a [connection.Secret] in place
// of each text that contains a long secret: a service may copy a credential into a property.
func (r *Redactor) Value(value any) any {
	switch value := value.(type) {
	case string:
		if r.Holds(value) {
			return connection.NewSecret(value)
		}
	case []any:
		hidden := make([]any, len(value))
		for i, item := range value {
			hidden[i] = r.Value(item)
		}
		return hidden
	case map[string]any:
		hidden := make(map[string]any, len(value))
		for name, item := range value {
			if r.Holds(name) { // a property name that only the tenant knows
				name, item = r.Text(name), connection.NewSecret(name)
			}
			hidden[name] = r.Value(item)
		}
		return hidden
	}
	return value
}

// Sanitize is [Sanitize] of a text without the secrets, including secrets that only appear when
// unprintable characters are removed, and without text that looks like a secret: a service quotes
// what it stores, as in CUSTOM CONNECT TO "...;password=...". Every text of a service is sanitized
// before it is shown.
func (r *Redactor) Sanitize(text string, limit int) string {
	redacted := r.unseen(text)
	if line := Sanitize(redacted, maxQuoted); line != redacted {
		redacted = r.unseen(line)
	}
	return Sanitize(redacted, limit)
}

func (r *Redactor) unseen(text string) string { return connection.RedactSecrets(r.Text(text)) }

// found marks the bytes of a text that are part of a secret.
func (r *Redactor) found(text string) []bool {
	marks := make([]bool, len(text))
	for from, to := range r.longIn(text) {
		fill(marks, from, to)
	}
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

// holdsLong reports whether a text contains a long secret.
func (r *Redactor) holdsLong(text string) bool {
	for range r.longIn(text) {
		return true
	}
	return false
}

// holdsEncoded reports whether a text contains a long secret after decoding up to that many layers.
func (r *Redactor) holdsEncoded(text string, layers int) bool {
	for _, decode := range []func(string) string{unescape, decodeRuns} {
		inner := decode(text)
		if inner != text && (r.holdsLong(inner) || layers > 1 && r.holdsEncoded(inner, layers-1)) {
			return true
		}
	}
	return false
}

// longIn returns the parts of a text that belong to a long secret.
func (r *Redactor) longIn(text string) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		var bytes uint64 // the last longSecret bytes
		for i := range len(text) {
			bytes = bytes<<8 | uint64(folded[text[i]])
			hash, at := beginHash(bytes), i+1-longSecret
			if r.begins[hash/64]>>(hash%64)&1 == 0 || at < 0 {
				continue
			}
			begin := fold(text[at:min(len(text), at+window)])
			for size, forms := range r.wholes {
				if size <= len(begin) && forms[begin[:size]] && !yield(at, at+size) {
					return
				}
			}
			if len(begin) == window && r.windows[maphash.String(r.seed, begin)] && !yield(at, at+window) {
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

// isWord reports whether a part of a text is not next to a letter or a digit.
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

// folded maps each byte to the byte as which it is compared: without the letter case of ASCII, and
// with a plus as a blank, as in forms. Offsets stay the same.
var folded = func() (table [256]byte) {
	for i := range table {
		table[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			table[i] += 'a' - 'A'
		}
	}
	table['+'] = ' '
	return table
}()

func fold(text string) string {
	bytes := []byte(text)
	for i, b := range bytes {
		bytes[i] = folded[b]
	}
	return string(bytes)
}

// unescape decodes the escapes of URLs, HTML and JSON in a text.
func unescape(text string) string {
	at := strings.IndexAny(text, `%\&`)
	if at < 0 {
		return text
	}
	decoded := append(make([]byte, 0, len(text)), text[:at]...)
	for at < len(text) {
		size := 0
		if decoded, size = appendEscape(decoded, text[at:]); size == 0 {
			decoded, size = append(decoded, text[at]), 1
		}
		at += size
	}
	return string(decoded)
}

// appendEscape decodes the escape at the beginning of a text, and returns its size; zero: there is
// none. A backslash in front of another escape is not an escape: the second one may encode the
// letter after the backslash.
func appendEscape(decoded []byte, text string) ([]byte, int) {
	switch text[0] {
	case '%':
		if code, ok := hexAt(text, 1, 2); ok {
			return append(decoded, byte(code)), len("%41")
		}
	case '&':
		end := 1
		for end < len(text) && (text[end] == '#' || isAlphanumeric[text[end]]) {
			end++
		}
		switch rest := text[end:]; {
		case strings.HasPrefix(rest, ";"):
			end++
		case strings.HasPrefix(rest, "%"), strings.HasPrefix(rest, `\`):
			return decoded, 0 // possibly an escaped semicolon
		}
		if entity := html.UnescapeString(text[:end]); entity != text[:end] {
			return append(decoded, entity...), end
		}
	case '\\':
		if len(text) == 1 || text[1] == '\n' {
			break
		}
		if text[1] == '%' || text[1] == '&' {
			if _, size := appendEscape(nil, text[1:]); size > 0 {
				break
			}
		}
		return appendJSON(decoded, text)
	}
	return decoded, 0
}

// appendJSON decodes the JSON escape at the beginning of a text, and returns its size; zero: there
// is none.
func appendJSON(decoded []byte, text string) ([]byte, int) {
	letter, digits := text[1], 4
	switch letter {
	case 'x':
		digits = 2
		fallthrough
	case 'u':
		code, ok := hexAt(text, 2, digits)
		if !ok {
			return decoded, 0
		}
		if low, ok := hexAt(text, 8, 4); ok && text[6:8] == `\u` && utf16.DecodeRune(code, low) != utf8.RuneError {
			return utf8.AppendRune(decoded, utf16.DecodeRune(code, low)), len(`\ud83d\ude00`)
		}
		return utf8.AppendRune(decoded, code), 2 + digits
	}
	if at := strings.IndexByte("nrtbf", letter); at >= 0 {
		letter = "\n\r\t\b\f"[at]
	}
	return append(decoded, letter), 2
}

// hexAt parses that many hexadecimal digits.
func hexAt(text string, at, digits int) (code rune, ok bool) {
	if at+digits > len(text) {
		return 0, false
	}
	for _, c := range []byte(text[at : at+digits]) {
		if hexadecimal.values[c] < 0 {
			return 0, false
		}
		code = code<<4 | rune(hexadecimal.values[c])
	}
	return code, true
}

// alphabet is an encoding of bytes in letters of a number of bits.
type alphabet struct {
	values [256]int8 // -1: not in the alphabet
	bits   int
	least  int // letters of the shortest run that is decoded: shorter ones encode fewer than longSecret bytes
}

var (
	hexadecimal = newAlphabet(4, 16, "0123456789abcdef", "0123456789ABCDEF")
	anyBase64   = newAlphabet(6, 11, base64Letters+"+/", base64Letters+"-_")

	isAlphanumeric = func() (table [256]bool) {
		for _, c := range []byte(base64Letters) {
			table[c] = true
		}
		return table
	}()

	unbroken = strings.NewReplacer("\n", "", "\r", "")
)

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func newAlphabet(bits, least int, variants ...string) *alphabet {
	a := &alphabet{bits: bits, least: least}
	for i := range a.values {
		a.values[i] = -1
	}
	for _, letters := range variants {
		for i, c := range []byte(letters) {
			a.values[c] = int8(i)
		}
	}
	return a
}

// decodeRuns decodes the runs of base64 and of hexadecimal digits in a text, each followed by a
// zero byte, and drops the text between them.
func decodeRuns(text string) string {
	return string(hexadecimal.appendRuns(anyBase64.appendRuns(nil, unbroken.Replace(text)), text))
}

func (a *alphabet) appendRuns(decoded []byte, text string) []byte {
	for start := 0; start < len(text); start++ {
		end := start
		for end < len(text) && a.values[text[end]] >= 0 {
			end++
		}
		if end-start >= a.least {
			held, bits := 0, 0
			for _, c := range []byte(text[start:end]) {
				held, bits = held<<a.bits|int(a.values[c]), bits+a.bits
				if bits >= 8 {
					bits -= 8
					decoded = append(decoded, byte(held>>bits))
				}
			}
			decoded = append(decoded, 0)
		}
		start = end
	}
	return decoded
}
