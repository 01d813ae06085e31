package connection

import (
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Rules for names: a name is split into words at separators, at digits and where the letter case
// changes. The last word of a compound decides: dbPass is a password, tokenUrl is an address,
// secretsManager is a product. A name is therefore the name of a secret if it contains a word for a
// secret and does not end with a word for something else. Names in one piece (dbpass,
// ADLSCLIENTAPPKEY) are matched by the same words, as substrings.

// PlainName returns a name without letter case, separators and accents: X-Api-Key, api_key
// and apiKey are the same name.
func PlainName(name string) string { return splitName(name).plain }

// IsSecretName reports whether a name alone is the name of a secret, in any place: a property, a
// body, a connection string, a list or prose. See [IsSecretItem] for names for which the value
// matters.
func IsSecretName(name string) bool {
	return mayHold(name, &secretBeginnings) && splitName(name).isSecret()
}

// IsKeyLike reports whether a header or query parameter of that name may contain a secret:
// Authorization, X-Api-Key, access_token, sig.
func IsKeyLike(name string) bool {
	if !mayHoldSecretName(name) {
		return false
	}
	split := splitName(name)
	return split.isSecret() || split.isParameterSecret() || split.isVague()
}

// IsParameterSecret reports whether a header or parameter of that name is a secret although a
// property of that name is not: key, sig, sessionId, client_assertion.
func IsParameterSecret(name string) bool { return splitName(name).isParameterSecret() }

// IsSecretItem reports whether a header or query parameter of that name and value is a secret.
// Names such as key and code have other meanings too, so an ordinary value of theirs is not a
// secret: code=DE, session=2024.
func IsSecretItem(name string, value any) bool {
	if text, ok := ToText(value).(string); ok && !IsSecretText(text) {
		return false
	}
	return splitName(name).isSecretWith(value)
}

// IsAboutSecret reports whether a name that contains a word for a secret is the name of a setting
// (the source of a token, the lifetime of a password), or of a token that protects nothing, such as
// a page token.
func IsAboutSecret(name string) bool { return splitName(name).isAboutSecret() }

// split is a name as its words, in lower case and without accents, and the same in one piece.
type split struct {
	words []string
	plain string
}

// splitName splits a name into its words.
func splitName(name string) split {
	words := nameWords(name)
	return split{words, strings.Join(words, "")}
}

// nameWords splits a name into its words, in lower case and without accents.
func nameWords(name string) []string {
	if isASCII(name) {
		return asciiWords(name)
	}
	var words []string
	var word []byte
	begun := false
	end := func() {
		if begun {
			words, word, begun = append(words, string(word)), word[:0], false
		}
	}
	before := rune(-1) // the letter, digit or other character in front
	for i, r := range name {
		isLetter := unicode.IsLetter(r) || unicode.Is(unicode.M, r)
		switch {
		case !isLetter && !unicode.IsDigit(r):
			end()
			before = r
			continue
		case before < 0:
		case unicode.IsDigit(r) != unicode.IsDigit(before):
			end()
		case unicode.IsUpper(r):
			next, size := utf8.DecodeRuneInString(name[i+utf8.RuneLen(r):])
			if !unicode.IsUpper(before) || size > 0 && unicode.IsLower(next) {
				end() // dbPass, APIKey
			}
		}
		word, begun, before = appendFolded(word, r), true, r
	}
	end()
	return words
}

// asciiWords does the same as nameWords for an ASCII name, which needs no tables.
func asciiWords(name string) []string {
	isUpper := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	isLower := func(c byte) bool { return c >= 'a' && c <= 'z' }
	isDigit := func(c byte) bool { return c >= '0' && c <= '9' }
	lower := strings.ToLower(name)
	words := make([]string, 0, 4)
	start := 0
	end := func(at int) {
		if start < at {
			words = append(words, lower[start:at])
		}
		start = at
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case !isUpper(c) && !isLower(c) && !isDigit(c):
			end(i)
			start = i + 1
		case i == 0:
		case isDigit(c) != isDigit(name[i-1]), isUpper(c) && (!isUpper(name[i-1]) || i+1 < len(name) && isLower(name[i+1])):
			end(i)
		}
	}
	end(len(name))
	return words
}

// foldWord returns a word without letter case and accents.
func foldWord(word string) string {
	var folded []byte
	for _, r := range word {
		folded = appendFolded(folded, r)
	}
	return string(folded)
}

// appendFolded appends a letter without its case and accents. Some letters with a stroke have no
// Unicode decomposition.
func appendFolded(to []byte, r rune) []byte {
	if r = unicode.ToLower(r); int(r) >= len(foldedRunes) {
		return append(to, foldRune(r)...)
	}
	known := foldedRunes[r].Load()
	if known == nil {
		folded := foldRune(r)
		known = &folded
		foldedRunes[r].Store(known)
	}
	return append(to, *known...)
}

// foldedRunes caches the folded form of runes.
var foldedRunes [1 << 17]atomic.Pointer[string]

func foldRune(r rune) string {
	return strokes.Replace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(string(r))))
}

var strokes = strings.NewReplacer("ł", "l", "ø", "o", "đ", "d", "ı", "i", "ß", "ss", "æ", "ae")

// wordIndex holds words by their first and last bytes, so that a search for all of them costs
// little more than a search for one.
type wordIndex struct{ byFirst, byLast [256][]string }

func indexWords(words ...string) *wordIndex {
	index := &wordIndex{}
	for _, word := range words {
		first, last := word[0], word[len(word)-1]
		index.byFirst[first] = append(index.byFirst[first], word)
		index.byLast[last] = append(index.byLast[last], word)
	}
	return index
}

// isWithin reports whether one of the words is in a text and not followed by a text of except.
func (x *wordIndex) isWithin(text string, except []string) bool {
	for i := range len(text) {
		for _, word := range x.byFirst[text[i]] {
			if strings.HasPrefix(text[i:], word) && !hasPrefix(text[i+len(word):], except) {
				return true
			}
		}
	}
	return false
}

// has reports whether a text is one of the words.
func (x *wordIndex) has(text string) bool {
	return text != "" && slices.Contains(x.byFirst[text[0]], text)
}

// ends reports whether a text ends with one of the words.
func (x *wordIndex) ends(text string) bool {
	return text != "" && hasSuffix(text, x.byLast[text[len(text)-1]])
}

func foldWords(words ...string) []string {
	folded := make([]string, len(words))
	for i, word := range words {
		folded[i] = foldWord(word)
	}
	return folded
}

// Words for secrets. Long ones indicate a secret anywhere in a name; short ones, which are also
// parts of other words, only at the end of the name or of its last word.
var (
	secretWords = foldWords(
		"password", "passwd", "pwd", "pswd", "passphrase", "passcode", "secret", "token", "credential", "accesssignature",
		"passwort", "kennwort", "kenncode", "wachtwoord", "contraseña", "contrasenya", "motdepasse", "palavrapasse", "parola", "şifre", "hasło",
		"heslo", "passord", "lösenord", "adgangskode", "salasana", "jelszó", "slaptažodis", "zaporka", "lozinka", "mậtkhẩu",
	)
	foreignWords = foldWords(
		"пароль", "κωδικόςπρόσβασης", "密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호", "รหัสผ่าน", "סיסמה", "سيسما", "كلمةالمرور", "كلمةالسر", "رمزعبور",
	)
	secretKeys = []string{
		"api", "access", "secret", "private", "priv", "account", "shared", "preshared", "encryption", "encrypt", "decryption", "crypt", "crypto",
		"master", "signing", "signature", "subscription", "functions", "app", "application", "auth", "admin", "root", "hmac", "ssh",
		"deploy", "license", "licence", "webhook", "security", "symmetric", "cipher", "aes",
	}
	secretEndings = foldWords(
		"pass", "pw", "psw", "psk", "jwt", "creds", "passkey", "authorization", "xauth", "cookie", "cookies", "authcode", "senha", "clave",
		"geslo", "sifra", "codeverifier", "sastoken",
	)
	firstWords = []string{"senha", "clave"}
	// passings are words that end with "pass" and are unrelated to passwords.
	passings = []string{
		"bypass", "compass", "encompass", "trespass", "surpass", "overpass", "underpass", "lowpass", "highpass", "bandpass", "allpass",
		"onepass", "singlepass", "firstpass", "secondpass", "twopass", "multipass", "boardingpass", "seasonpass", "enclave", "autoclave",
	}
	sessionWords = []string{"signature", "session", "assertion", "samlresponse"}
	// parameterNames are names of secrets in headers and parameters only.
	parameterNames = []string{"key", "sig"}
	// vagueNames are names of secrets that have other meanings too. As a part of a longer name they do
	// not count.
	vagueNames = []string{"code", "auth", "session", "sessions", "signature", "pat", "sid"}
	// publicKeys are words before "key" that make a name harmless in headers and parameters.
	publicKeys = []string{"idempotency", "partition", "sort", "primary", "foreign", "cache", "row", "public", "routing", "issue", "project", "surrogate", "group", "order"}
)

// trigrams is a set of three consecutive ASCII letters.
type trigrams [26 * 26 * 26]bool

// add adds the first three letters of words. Shorter words are looked up separately, and other
// letters always count.
func (t *trigrams) add(words ...string) {
	for _, word := range words {
		if len(word) >= 3 && isASCII(word) {
			t[(int(word[0]-'a')*26+int(word[1]-'a'))*26+int(word[2]-'a')] = true
		}
	}
}

// secretBeginnings holds three letters of each word of which a secret's name contains at least one;
// parameterBeginnings also those of parameters.
var secretBeginnings, parameterBeginnings = func() (secret, parameter trigrams) {
	secret.add(slices.Concat(secretWords, secretEndings, firstWords)...)
	for _, word := range secretKeys {
		secret.add(word[len(word)-1:] + "key")
	}
	parameter = secret
	parameter.add(slices.Concat(sessionWords, parameterNames, vagueNames)...)
	return secret, parameter
}()

// mayHoldSecretName reports whether a text may contain the name of a secret or of a secret
// parameter. False is always correct, and much faster than splitting the name.
func mayHoldSecretName(text string) bool { return mayHold(text, &parameterBeginnings) }

func mayHold(text string, beginnings *trigrams) bool {
	at, letters := 0, 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			return true
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= '0' && c <= '9':
			letters = 0
			continue
		case c < 'a' || c > 'z': // separators between words do not change a name
			if c == '%' {
				return true // an escape may encode a letter
			}
			continue
		}
		if c == 'w' && letters > 0 && at%26 == 'p'-'a' {
			return true
		}
		at = at%(26*26)*26 + int(c-'a')
		if letters++; letters >= 3 && beginnings[at] {
			return true
		}
	}
	return false
}

// derived are suffixes that turn a word for a secret into another word: secretary, tokenizer,
// passwordless.
var derived = []string{"ary", "ariat", "iz", "ise", "ising", "isation", "less", "ism"}

func (s split) isSecret() bool {
	return (secretWordIndex.isWithin(s.plain, derived) || !isASCII(s.plain) && foreignWordIndex.isWithin(s.plain, derived) || holdsSecretKey(s.plain) || s.endsSecretly()) && !s.isAboutSecret()
}

var (
	secretWordIndex    = indexWords(secretWords...)
	foreignWordIndex   = indexWords(foreignWords...)
	secretKeyIndex     = indexWords(secretKeys...)
	secretEndingIndex  = indexWords(secretEndings...)
	passingIndex       = indexWords(passings...)
	sessionWordIndex   = indexWords(sessionWords...)
	settingWordIndex   = indexWords(settingWords...)
	settingEndingIndex = indexWords(settingEndings...)
	openTokenIndex     = indexWords("pagetoken", "nexttoken", "continuationtoken", "synctoken", "publickeytoken", "maxtokens", "totaltokens", "cookieconsent")
)

// holdsSecretKey reports whether a name contains apikey, accesskey or a similar word.
func holdsSecretKey(plain string) bool {
	for from := 0; ; {
		at := strings.Index(plain[from:], "key")
		if at < 0 {
			return false
		}
		if secretKeyIndex.ends(plain[:from+at]) {
			return true
		}
		from += at + len("key")
	}
}

// endsSecretly reports whether a name ends with a short word for a secret, or begins with one of a
// language that puts it first (senhaBanco). Digits and words such as old or value at the end are
// ignored.
func (s split) endsSecretly() bool {
	words, plain := s.words, s.plain
	for len(words) > 1 && (isDigits(words[len(words)-1]) || slices.Contains(qualifiers, words[len(words)-1])) {
		plain = plain[:len(plain)-len(words[len(words)-1])]
		words = words[:len(words)-1]
	}
	return secretEndingIndex.ends(plain) && !passingIndex.ends(plain) || len(words) > 0 && slices.Contains(firstWords, words[0])
}

var qualifiers = []string{"old", "new", "current", "value", "text", "plain", "base", "prod", "dev", "test", "default"}

func (s split) isParameterSecret() bool {
	return (slices.Contains(parameterNames, s.plain) || sessionWordIndex.isWithin(s.plain, nil) && !slices.Contains(vagueNames, s.plain)) && !s.isAboutSecret()
}

func (s split) isVague() bool { return slices.Contains(vagueNames, s.plain) || s.isSomeKey() }

// isSecretWith reports whether a name is the name of a secret if it has this value.
func (s split) isSecretWith(value any) bool {
	return s.isSecret() || s.isParameterSecret() || s.isVague() && !isOrdinary(value)
}

// isSomeKey reports whether a name is the name of a key that is not known to be harmless:
// X-Foo-Key.
func (s split) isSomeKey() bool {
	n := len(s.words)
	return n > 1 && s.words[n-1] == "key" && !slices.Contains(publicKeys, s.words[n-2])
}

func (s split) isAboutSecret() bool {
	return len(s.words) > 0 && settingWordIndex.has(s.words[len(s.words)-1]) || settingEndingIndex.ends(s.plain) || openTokenIndex.isWithin(s.plain, nil)
}

// Endings of names of settings; settingEndings also count inside the last word.
var (
	settingEndings = []string{
		"url", "uri", "path", "name", "header", "type", "field", "endpoint", "location", "placement", "parameter", "attribute",
		"timeout", "timeoutms", "lifetime", "ttl", "expiry", "expires", "expiresin", "expiration", "length", "size", "limit", "count",
		"policy", "mode", "method", "format", "prefix", "algorithm", "encoding", "version", "required", "enabled", "issuer", "audience",
		"manager", "provider", "service", "server", "source", "vault", "handler", "backend", "scope", "scopes", "strategy", "status",
		"rotation", "generator", "validation", "validator", "complexity", "strength", "usage", "authentication", "acknowledgement", "algo",
	}
	settingWords = []string{
		"manager", "store", "class", "host", "port", "state", "kind", "rule", "rules", "date", "time", "days", "hours", "minutes", "seconds",
		"ms", "age", "column", "label", "title", "description", "visible", "reset", "changed", "updated", "created", "rate", "ratio",
		"requested", "supported", "allowed", "disabled", "ref", "arn", "budget",
	}
)

func hasSuffix(text string, endings []string) bool {
	return slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(text, ending) })
}

func hasPrefix(text string, beginnings []string) bool {
	return slices.ContainsFunc(beginnings, func(beginning string) bool { return strings.HasPrefix(text, beginning) })
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

func isDigits(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsDigit(r) })
}

const (
	// maxOrdinary is the longest value that counts as words and numbers, in bytes.
	maxOrdinary = 40
	maxWord     = 16
	maxDigits   = 8
	maxMixed    = 4
)

// isOrdinary reports whether a value consists of words and short numbers, as country codes, dates
// and column names do: DE, 49, 2024-Q3, customerId. A value that mixes letters and digits, or
// letter case without a pattern, may be random.
func isOrdinary(value any) bool {
	text, ok := ToText(value).(string)
	if !ok {
		return true // a switch, or a value whose parts are judged separately
	}
	if len(text) > maxOrdinary {
		return false
	}
	mixed := 0
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" -_.,:/+*|", r) }) {
		switch isWord := !strings.ContainsFunc(part, func(r rune) bool { return !unicode.IsLetter(r) }); {
		case isDigits(part) && len(part) <= maxDigits:
		case isWord && len(part) <= maxWord && !slices.ContainsFunc(nameWords(part), func(word string) bool { return len(word) < 2 }):
		case len(part) <= maxMixed && mixed == 0: // Q3, v12
			mixed++
		default:
			return false
		}
	}
	return true
}

// Fields of items that consist of a name and a value: {name, value}, {key, value}, {k, v}, and the
// attributes of XML in JSON.
var (
	nameFields  = []string{"name", "key", "k", "id", "n", "field", "header", "param", "parameter", "property", "variable", "attribute", "option", "@name", "@key"}
	valueFields = []string{"value", "v", "val", "values", "content", "text", "data", "stringvalue", "defaultvalue", "@value", "$", "#text"}
)

// NamesInItem returns the names, within a list item, of the value in one of its fields, as in {"k":
// "password", "v": "x"}. It returns nil if the field does not usually hold a value.
func NamesInItem(item map[string]any, field string) []string {
	if !slices.Contains(valueFields, strings.ToLower(field)) {
		return nil
	}
	var names []string
	for key, value := range item {
		if name, ok := value.(string); ok && key != field && len(name) <= maxKey && slices.Contains(nameFields, strings.ToLower(key)) {
			names = append(names, name)
		}
	}
	return names
}

// NameInPair returns the name in a list of a name and a value, as in [["password", "x"]]; empty if
// the list is not such a pair.
func NameInPair(list []any) string {
	if len(list) != 2 {
		return ""
	}
	name, ok := list[0].(string)
	if _, isList := list[1].([]any); !ok || isList || len(name) > maxKey {
		return ""
	}
	return name
}
