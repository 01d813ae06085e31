package connection

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// HoldsSecret reports whether a text contains a secret: an address with a password or a key, a
// connection string, a form, a JSON or XML body, a header, a command line, a private key or a token
// of a well-known form. The answer is a guess by names and forms, and the same for declarations,
// stored values and messages of a service. Placeholders and empty values are not secrets.
//
// Results are cached, because the defaults of a file are searched for each connection.
func HoldsSecret(text string) bool { return holdsWithin(text, maxLayers) }

// RedactSecrets returns a text with [Placeholder] in place of each secret that [HoldsSecret] finds.
// The end of a value is a guess too: RedactSecrets redacts too much rather than too little.
func RedactSecrets(text string) string {
	for range maxRedactions {
		spans := secretSpans(text)
		if len(spans) == 0 {
			return text
		}
		var redacted strings.Builder
		end := 0
		for _, s := range spans {
			redacted.WriteString(text[end:s.start] + Placeholder)
			end = s.end
		}
		text = redacted.String() + text[end:]
	}
	return Placeholder // the rest still looks like a secret
}

const (
	maxRedactions = 4
	// maxLayers bounds the nested encodings that are searched.
	maxLayers = 3
	// maxKey bounds a name in a text, in bytes.
	maxKey       = 80
	maxNameWords = 4
	// maxUser bounds user:password before an @, in bytes.
	maxUser = 192
	// maxLook bounds how much text around a value is examined, in bytes.
	maxLook = 4 << 10
	// maxDeciding bounds the beginning of a value that decides whether it is a secret, in bytes.
	maxDeciding = 512
)

// span is a part of a text, in bytes.
type span struct{ start, end int }

// secretSpans returns the secrets of a text, in order and without overlaps.
func secretSpans(text string) []span { return spansWithin(text, maxLayers) }

// finders find secrets that are not encoded.
var finders = []func(text string) []span{addressSpans, userSpans, pairSpans, privateKeySpans, formSpans}

// holdsWithin reports whether spansWithin finds a secret. Results are cached, because decoding
// reaches the same text in several orders.
func holdsWithin(text string, layers int) bool {
	return searched[layers].holds(text, func() bool {
		return slices.ContainsFunc(finders, func(find func(string) []span) bool { return len(find(text)) > 0 }) ||
			layers > 0 && len(encodedSpans(text, layers-1)) > 0 || isSecretJSON(text)
	})
}

func spansWithin(text string, layers int) []span {
	var all []span
	for _, find := range finders {
		all = append(all, find(text)...)
	}
	if layers > 0 {
		all = append(all, encodedSpans(text, layers-1)...)
	}
	if len(all) == 0 && isSecretJSON(text) {
		all = []span{{0, len(text)}}
	}
	slices.SortFunc(all, func(a, b span) int { return a.start - b.start })
	var merged []span
	for _, s := range all {
		if n := len(merged); n > 0 && s.start <= merged[n-1].end {
			merged[n-1].end = max(merged[n-1].end, s.end)
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

// portAndPath matches a possible port before a path with an @. It is a port in a web address, and
// after a host name with a dot. In ftp://user:1/x@host it is the beginning of a password.
var portAndPath = regexp.MustCompile(`^\d{1,5}/`)

// addressSpans finds user:password@ after ://, also if the password is not escaped.
func addressSpans(text string) []span {
	var found []span
	stop, lastAt := 0, -1 // where the password that was looked for last must end, and the last @ before that
	for from := 0; ; {
		at := strings.Index(text[from:], "://")
		if at < 0 {
			return found
		}
		at += from
		user := at + len("://")
		colon := user
		for colon < len(text) && !endsUser[text[colon]] {
			colon++
		}
		from = user
		if colon == len(text) || text[colon] != ':' {
			continue
		}
		start := colon + 1
		if start > stop {
			stop = start
			for stop < len(text) && !endsPassword[text[stop]] {
				stop++
			}
			lastAt = start + strings.LastIndexByte(text[start:stop], '@')
		}
		if lastAt < start {
			continue
		}
		from = lastAt + 1
		host, value := text[user:colon], text[start:lastAt]
		scheme := strings.ToLower(text[max(0, at-len("https")):at])
		isHost := strings.HasSuffix(scheme, "http") || scheme == "https" || host == "localhost" || strings.Contains(host, ".") || strings.HasSuffix(value, "/")
		if !isHarmless(value) && !(isHost && portAndPath.MatchString(value)) {
			found = append(found, span{start, lastAt})
		}
	}
}

// endsUser and endsPassword hold the bytes that end the two parts of user:password@.
var (
	endsUser     = bytesOf(whitespace + `:/?#@"'<>`)
	endsPassword = bytesOf(whitespace + `"'<>?#`)
)

// bytesOf returns a table of the bytes of a text.
func bytesOf(text string) (table [256]bool) {
	for i := range len(text) {
		table[text[i]] = true
	}
	return table
}

const (
	// beforeUsers are the bytes before user:password@, in addition to «; withoutUsers are those of them
	// after which no user begins.
	beforeUsers  = whitespace + `"'=,;(@/<>`
	withoutUsers = "@/<>"
)

var (
	endsBefore = bytesOf(beforeUsers)
	userBytes  = bytesOf(letters + `_.%+$\-`)
	hostBytes  = bytesOf(letters + "_.-")
	digitBytes = bytesOf("0123456789")

	// labels are words before a colon and an e-mail address, or the version of a package.
	labels  = []string{"mailto", "email", "e-mail", "mail", "smtp", "sip", "sips", "xmpp", "acct", "to", "cc", "bcc", "from", "contact", "owner", "author", "user", "username", "login", "support", "npm", "docker", "pkg", "urn", "arn"}
	version = regexp.MustCompile(`^(?:v\d|sha\d|latest\b)`)
)

// userSpans finds the passwords before each @: user:password@host without a scheme, and
// Oracle's user/password@host.
func userSpans(text string) []span {
	var found []span
	for at := strings.IndexByte(text, '@'); at >= 0 && at+1 < len(text); {
		after := text[at+1 : min(len(text), at+1+maxUser)]
		if start := userBefore(text, at, after); start < at {
			found = append(found, span{start, at})
		}
		if start := oracleUserBefore(text, at); start < at && beginsOracleHost(after) && !isHarmless(text[start:at]) {
			found = append(found, span{start, at})
		}
		next := strings.IndexByte(text[at+1:], '@')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return found
}

// userBefore returns where the password of user:password@ begins; at if there is none. A password
// that is only a word counts if the text contains nothing else.
func userBefore(text string, at int, after string) int {
	if !beginsHost(after) {
		return at
	}
	begin, colon := at, at
	for from := max(0, at-maxUser); begin > from && !endsBefore[text[begin-1]] && !strings.HasSuffix(text[from:begin], "«"); begin-- {
		if text[begin-1] == ':' {
			colon = begin - 1
		}
	}
	if colon == at || begin > 0 && strings.IndexByte(withoutUsers, text[begin-1]) >= 0 || skip(text, begin, &userBytes) != colon {
		return at
	}
	user, password := text[begin:colon], text[min(at, colon+1):at]
	if user == "" || isDigits(user) || slices.Contains(labels, strings.ToLower(user)) || isHarmless(password) ||
		strings.IndexByte("vsl", after[0]) >= 0 && version.MatchString(after) ||
		isOrdinary(password) && (begin > 0 || strings.ContainsAny(after, whitespace)) {
		return at
	}
	return colon + 1
}

// beginsHost reports whether a text begins with a letter or an IPv4 address.
func beginsHost(text string) bool {
	for part := range 4 {
		if part > 0 && !strings.HasPrefix(text, ".") {
			return false
		}
		text = text[min(part, 1):]
		digits := skip(text, 0, &digitBytes)
		if digits == 0 {
			return part == 0 && text != "" && wordBytes[text[0]] && text[0] != '_'
		}
		text = text[digits:]
	}
	return true
}

// oracleUserBefore returns where the password of user/password@ or user/"password"@ begins; at
// if there is none.
func oracleUserBefore(text string, at int) int {
	start := at
	if quoted := strings.TrimSuffix(text[:at], `"`); len(quoted) < at {
		start = strings.LastIndexByte(quoted, '"')
	} else {
		for start > 0 && !endsOraclePassword[text[start-1]] {
			start--
		}
	}
	if start < 2 || start == at || text[start-1] != '/' {
		return at
	}
	user := start - 1
	for user > 0 && oracleUserBytes[text[user-1]] {
		user--
	}
	if user == start-1 || user > 0 && strings.IndexByte(whitespace+`"'=(`, text[user-1]) < 0 && !strings.HasSuffix(text[:user], "«") {
		return at
	}
	return start
}

var (
	endsOraclePassword = bytesOf(whitespace + `/@"'`)
	oracleUserBytes    = bytesOf(letters + "_$#.")
)

// beginsOracleHost reports whether a text begins with //host or host:1521.
func beginsOracleHost(text string) bool {
	if host, ok := strings.CutPrefix(text, "//"); ok {
		return host != "" && wordBytes[host[0]]
	}
	colon := skip(text, 0, &hostBytes)
	if colon == 0 || colon == len(text) || text[colon] != ':' {
		return false
	}
	end := skip(text, colon+1, &digitBytes)
	return end-colon > 2 && end-colon < 7 && (end == len(text) || !wordBytes[text[end]])
}

const (
	whitespace = "\t\n\f\r "
	quotes     = `"'`
)

// skip returns the first offset, from at on, whose byte is not in a table.
func skip(text string, at int, table *[256]bool) int {
	for at < len(text) && table[text[at]] {
		at++
	}
	return at
}

// until returns the first offset, from at on, whose byte is in a table.
func until(text string, at int, table *[256]bool) int {
	for at < len(text) && !table[text[at]] {
		at++
	}
	return at
}

// webTokenSpans finds JSON Web Tokens: three runs of base64 separated by dots, the first of which
// begins with eyJ.
func webTokenSpans(text string) []span {
	var found []span
	run := func(at int) int {
		for at < len(text) && base64URLBytes[text[at]] {
			at++
		}
		return at
	}
	const begin, least = "eyJ", 5
	for from := 0; ; {
		at := strings.Index(text[from:], begin)
		if at < 0 {
			return found
		}
		at += from
		from = at + len(begin)
		if at > 0 && wordBytes[text[at-1]] {
			continue
		}
		head := run(from)
		if head == len(text) || text[head] != '.' {
			from = head // no token begins later in this run
			continue
		}
		body := run(head + 1)
		if body == len(text) || text[body] != '.' || body-head-1 < least {
			from = head
			continue
		}
		if head-from < least {
			continue
		}
		end := run(body + 1)
		found = append(found, span{at, end})
		from = end
	}
}

var base64URLBytes = bytesOf(letters + "_-")

// privateKeySpans finds private keys with the lines around them. A key that is cut off extends to
// the end of the text.
func privateKeySpans(text string) []span {
	var found []span
	for from := 0; ; {
		begin, ok := privateKeyLine(text, from, "BEGIN ")
		if !ok {
			return found
		}
		key := span{begin.start, len(text)}
		if end, ok := privateKeyLine(text, begin.end, "END "); ok {
			key.end = end.end
		}
		found = append(found, key)
		from = key.end
	}
}

// privateKeyLine finds the next line such as -----BEGIN RSA PRIVATE KEY-----.
func privateKeyLine(text string, from int, word string) (line span, ok bool) {
	for at := from; ; {
		next := strings.Index(text[at:], word)
		if next < 0 {
			return span{}, false
		}
		next += at
		at = next + len(word)
		before := strings.TrimSuffix(text[from:next], " ")
		end := skip(text, at, &labelBytes)
		label := strings.TrimSuffix(strings.TrimSuffix(text[at:end], " "), " BLOCK")
		if strings.HasSuffix(before, "----") && strings.HasSuffix(label, "PRIVATE KEY") && strings.HasPrefix(text[end:], "----") {
			line = span{from + len(strings.TrimSuffix(strings.TrimSuffix(before, "----"), "-")), end + len("----")}
			if strings.HasPrefix(text[line.end:], "-") {
				line.end++
			}
			return line, true
		}
	}
}

var labelBytes = bytesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")

// optionSpans finds the values of command line options with names of secrets: -password x, --token
// "x".
func optionSpans(text string) []span {
	var found []span
	for i := 0; i < len(text); i++ {
		if text[i] != '-' || i > 0 && !isBlank[text[i-1]] {
			continue
		}
		name := i + 1
		if strings.HasPrefix(text[name:], "-") {
			name++
		}
		end := name
		for end < len(text) && (wordBytes[text[end]] || text[end] == '-') {
			end++
		}
		start := end
		for start < len(text) && isBlank[text[start]] {
			start++
		}
		if name == end || text[name] == '-' || text[name] == '_' || text[name] >= '0' && text[name] <= '9' || end == start {
			continue
		}
		if start < len(text) && (text[start] == '"' || text[start] == '\'') {
			start++
		}
		if start == len(text) || text[start] == '-' || endsOption[text[start]] {
			continue
		}
		stop := start
		for stop < len(text) && !endsOption[text[stop]] {
			stop++
		}
		if IsSecretName(text[name:end]) {
			found = append(found, span{start, stop})
		}
		i = stop - 1
	}
	return found
}

var (
	isBlank    = bytesOf(whitespace)
	endsOption = bytesOf(whitespace + quotes)
)

func formSpans(text string) []span {
	found := slices.Concat(wordSpans(text), tokenSpans(text), webTokenSpans(text))
	isNamed := mayHoldSecretName(text)
	if isNamed || strings.Contains(text, `"kty`) {
		found = append(found, itemSpans(text)...)
	}
	if isNamed {
		found = append(append(found, elementSpans(text)...), optionSpans(text)...)
	}
	return slices.DeleteFunc(found, func(s span) bool { return isHarmless(text[s.start:s.end]) })
}

// pairSpans finds the values of name=value and name: value with names of secrets.
func pairSpans(text string) []span {
	if !mayHoldSecretName(text) {
		return nil
	}
	var found []span
	form := formFinder{text: text}
	for i := 0; i < len(text); i++ {
		if text[i] != '=' && text[i] != ':' || strings.HasPrefix(text[i:], "://") {
			continue
		}
		if value, ok := pairAt(text, i, &form); ok {
			found = append(found, value)
			i = max(i, value.end-1)
		}
	}
	return found
}

// formFinder finds where a form may begin in a text. Offsets must not decrease from call to call,
// so that each byte of the text is read once.
type formFinder struct {
	text  string
	from  int  // the offset for which next and begun are valid
	next  int  // the first byte at or after from that ends a value
	begun bool // a pair follows the & at next
}

var (
	endsFormValue = bytesOf(whitespace + "&\"'<>")
	pairNameBytes = bytesOf(letters + "_.%[]-")
)

// begins reports whether the text at an offset is a value that is followed by another pair of a
// form.
func (f *formFinder) begins(at int) bool {
	if at >= f.next || f.from > at {
		f.from, f.next = at, until(f.text, at, &endsFormValue)
		name := min(len(f.text), f.next+1)
		end := skip(f.text[:min(len(f.text), name+maxLook)], name, &pairNameBytes)
		f.begun = end > name && strings.HasPrefix(f.text[f.next:], "&") && strings.HasPrefix(f.text[end:], "=")
	}
	return f.begun && f.next-at < maxLook
}

// pair is a name and its value in a text.
type pair struct {
	text   string
	at     int // of the = or :
	name   string
	split  split // the name, unless it consists of several words in a text
	secret bool  // the name alone is the name of a secret
	value  span
	query  bool // the pair is a parameter of an address or a form
	before byte // the last character before the pair that is not blank; 0: none
	equals bool // name=value
	quoted bool // the value or the name is in quotes
	form   *formFinder
}

// isNamed reports whether the name may be the name of a secret.
func (p *pair) isNamed() bool {
	return p.secret || (p.split.isParameterSecret() || p.split.isVague()) && (p.query || p.isFirstOfForm() || p.isKey())
}

// isSecret reports whether name and value together are a secret.
func (p *pair) isSecret() bool {
	value := p.text[p.value.start:p.value.end]
	return p.secret || IsSecretText(value) && p.split.isSecretWith(value)
}

// isKey reports whether the pair can be a header with a key, or a personal token: such names are
// not names of ordinary settings.
func (p *pair) isKey() bool {
	words := p.split.words
	return len(words) > 1 && words[0] == "x" && p.split.isSomeKey() || len(words) == 1 && words[0] == "pat"
}

// isFirstOfForm reports whether the pair is the first or only one of a form, and marks it as a
// parameter.
func (p *pair) isFirstOfForm() bool {
	rest := p.text[p.at+1 : min(len(p.text), p.at+maxLook)]
	p.query = p.equals && (p.form.begins(p.at+1) || p.before == 0 && !strings.ContainsAny(rest, whitespace+",;"))
	return p.query
}

// isValue reports whether the value can belong to the name: after a colon in prose a word does not
// count.
func (p *pair) isValue() bool {
	if p.equals || p.quoted {
		return true
	}
	value := strings.TrimRight(p.text[p.value.start:p.value.end], ".!? ")
	first, _, _ := strings.Cut(strings.ToLower(value), " ")
	return p.startsSegment() && !slices.Contains(noWords, first) ||
		!p.startsSegment() && strings.ContainsFunc(value, func(r rune) bool {
			return !unicode.IsLetter(r) && r != '\'' && r != '-'
		})
}

func (p *pair) startsSegment() bool {
	return p.before == 0 || strings.IndexByte("\n\r,;{([\"'&|>-`", p.before) >= 0
}

// pairAt reads the pair whose = or : is at i, and reports whether its value looks like a secret.
// Only the beginning of a value decides: a long harmless value would otherwise be read again for
// each pair within it.
func pairAt(text string, i int, form *formFinder) (value span, ok bool) {
	p := &pair{text: text, at: i, equals: text[i] == '=', form: form}
	start, ok := p.readName(i)
	if !ok {
		return span{}, false
	}
	for at := start - 1; at >= 0 && p.before == 0; at-- {
		if text[at] != ' ' && text[at] != '\t' {
			p.before = text[at]
		}
	}
	p.query = p.equals && (p.before == '&' || p.before == '?' || p.before == '#' || p.before == ';' && strings.Contains(text[max(0, start-maxLook):start], "?"))
	if !p.isNamed() {
		return span{}, false
	}
	quoted, near := p.quoted, min(len(text), i+1+maxDeciding)
	if !p.readValue(i+1, near) || !p.isValue() || !p.isSecret() || isHarmless(text[p.value.start:p.value.end]) {
		return span{}, false
	}
	if near < len(text) {
		p.quoted = quoted
		p.readValue(i+1, len(text))
	}
	return p.value, true
}

// readName reads the name that ends before end, and returns its start.
func (p *pair) readName(end int) (start int, ok bool) {
	for end > 0 && (p.text[end-1] == ' ' || p.text[end-1] == '\t') {
		end--
	}
	if end == 0 {
		return 0, false
	}
	if quote := p.text[end-1]; quote == '"' || quote == '\'' || quote == ']' {
		end--
		open := quote
		if quote == ']' {
			open = '['
		}
		inner := strings.TrimRight(p.text[max(0, end-maxKey):end], `\`)
		from := strings.LastIndexByte(inner, open)
		if from < 0 {
			return 0, false
		}
		p.name, p.quoted = inner[from+1:], quote != ']'
		return max(0, end-maxKey) + from, p.judgeName()
	}
	start = end
	for start > 0 && end-start < maxKey && isNameByte(p.text[start-1]) {
		start--
	}
	p.name = p.text[start:end]
	if strings.Contains(p.name, "%") {
		if unescaped, err := url.QueryUnescape(p.name); err == nil {
			p.name = unescaped
		}
	}
	named := p.judgeName()
	if p.secret {
		return start, start < end
	}
	// Names may consist of several words: Access Key, Pass Phrase, mot de passe.
	var starts []int
	for word := start; len(starts) < maxNameWords-1; {
		first := strings.TrimRight(p.text[:word], " ")
		from := len(first)
		for from > 0 && len(first)-from < maxKey && isNameByte(first[from-1]) {
			from--
		}
		if len(first) != word-1 || from == len(first) {
			break
		}
		word = from
		starts = append(starts, word)
	}
	if len(starts) == 0 || !IsSecretName(p.text[starts[len(starts)-1]:end]) {
		return start, start < end && named // a shorter name does not count either
	}
	last := p.name
	for _, from := range starts {
		all := p.text[from:end]
		if first, _, _ := strings.Cut(all, " "); IsSecretName(all) && (!IsSecretName(first) || isSecondWord(first, last)) {
			p.name, p.secret = all, true
			return from, true
		}
	}
	return start, start < end && named
}

// judgeName splits the name, and reports whether it may be the name of a secret.
func (p *pair) judgeName() bool {
	if !mayHoldSecretName(p.name) {
		return false
	}
	p.split = splitName(p.name)
	p.secret = p.split.isSecret()
	return p.name != ""
}

// isSecondWord reports whether a word continues a name that is the name of a secret by itself: Pass
// Phrase, Secret Key. Other words after such a name have their own meaning.
func isSecondWord(first, word string) bool {
	plain := PlainName(word)
	return plain == "phrase" || plain == "word" || plain == "key" || plain == "code" && PlainName(first) == "pass"
}

func isNameByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '.' || b == '-' || b == '%' || b == '$' || b >= utf8.RuneSelf
}

// readValue reads the value that begins after start, in the text up to limit.
func (p *pair) readValue(start, limit int) bool {
	text := p.text[:limit]
	if p.equals && start < len(text) && (text[start] == '=' || text[start] == '>') {
		start++
	}
	for start < len(text) && (text[start] == ' ' || text[start] == '\t' || !p.equals && p.quoted && (text[start] == '\n' || text[start] == '\r')) {
		start++
	}
	if start == len(text) {
		return false
	}
	rest := text[start:]
	end := len(rest)
	until := func(cutset string) {
		if at := strings.IndexAny(rest, cutset); at >= 0 {
			end = at
		}
	}
	escaped := escapedQuote(rest)
	switch quote := rest[0]; {
	case escaped != "":
		if at := strings.Index(rest[len(escaped):], escaped); at >= 0 {
			end = at + len(escaped)
		}
		p.value, p.quoted = span{start + len(escaped), start + end}, true
		return end > len(escaped)
	case quote == '"' || quote == '\'' || quote == '`':
		end = closing(rest, quote)
		p.value, p.quoted = span{start + 1, start + end}, true
		return end > 1
	case quote == '{' && p.equals && !strings.HasPrefix(rest, "{{"): // braces of ODBC
		if at := closing(rest, '}'); at < len(rest) {
			end = at + 1
		}
	case quote == '[' && !p.equals:
		if at := strings.IndexByte(rest, ']'); at >= 0 {
			end = at
		}
		p.value = span{start + 1, start + end}
		return strings.ContainsAny(rest[:end], `"'`)
	case quote == '{' && !p.equals:
		return false // the inside is searched separately
	case p.query:
		until("&# \t\r\n\"'<>")
	case p.equals && p.inList(start):
		end = endInList(rest)
	case p.equals:
		until(",;& \t\r\n\"'<>)")
	case containsAny(PlainName(p.name), []string{"authorization", "cookie"}):
		until("\r\n")
	case p.startsSegment():
		until(",;}\r\n\"'")
	default:
		until(",; \t\r\n\"'")
	}
	p.value = span{start, start + end}
	return end > 0
}

// escapedQuote returns the quote at the beginning of a text, with the backslashes in front of it.
func escapedQuote(text string) string {
	quote := 0
	for quote < len(text) && text[quote] == '\\' {
		quote++
	}
	if quote == 0 || quote == len(text) || text[quote] != '"' && text[quote] != '\'' {
		return ""
	}
	return text[:quote+1]
}

// inList reports whether the value at start is an item of a list that is split by semicolons, as
// connection strings are: it may contain blanks and quotes.
func (p *pair) inList(start int) bool {
	line, _, _ := strings.Cut(p.text[start:min(len(p.text), start+maxLook)], "\n")
	return p.before == ';' || strings.Contains(line, ";")
}

// endInList finds the end of an item of a list that is split by semicolons. Without a semicolon,
// the item may end with a quote that began before the list.
func endInList(rest string) int {
	if at := strings.IndexAny(rest, ";\r\n"); at >= 0 {
		return at
	}
	if at := strings.LastIndexAny(rest, `"'`); at > 0 {
		return at
	}
	return len(rest)
}

// closing finds the closing quote of a text: not one after a backslash, and not a doubled one. If
// the text is cut off, it returns the length of the text.
func closing(rest string, quote byte) int {
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && quote != '}':
			i++
		case rest[i] == quote && i+1 < len(rest) && rest[i+1] == quote:
			i++
		case rest[i] == quote:
			return i
		}
	}
	return len(rest)
}

var (
	placeholder = regexp.MustCompile(`^(?:\$\{[^{}]*\}|\$\([^()]*\)|\{\{[^{}]*\}\}|<[\w .:-]+>|[*•]+|\?)$`)
	// emptied is a name in brackets, which is a placeholder if it is the name of a secret.
	emptied  = regexp.MustCompile(`^[{\[%]+([\w .-]+)[}\]%]+$`)
	scheme   = regexp.MustCompile(`(?i)^(?:basic|bearer|digest|negotiate|ntlm|apikey|token|oauth2?)\b\s*`)
	variable = regexp.MustCompile(`\$\{[A-Za-z0-9._-]+\}`)
)

// noValues are harmless words in place of a value; noWords are such words after a colon in prose.
var (
	noValues = []string{"", "true", "false", "yes", "no", "on", "off", "0", "1", "null", "none", "nil", "undefined"}
	noWords  = []string{"required", "optional", "missing", "invalid", "expired", "empty", "default", "not", "string"}
)

// isHarmless reports whether a value is not a secret under any name: empty, a switch, a
// placeholder, or only an address.
func isHarmless(value string) bool {
	if isAddress(value) {
		return true
	}
	if strings.ContainsAny(value, "%+") {
		if unescaped, err := url.QueryUnescape(value); err == nil {
			value = unescaped
		}
	}
	value = strings.Trim(strings.TrimSpace(value), `"'\`)
	return strings.HasPrefix(value, Placeholder) || len(value) <= maxNoValue && slices.Contains(noValues, strings.ToLower(value)) || isAddress(value) || IsPlaceholder(value)
}

// maxNoValue bounds noValues, in bytes. A letter may have fewer bytes in lower case.
const maxNoValue = 3 * len("undefined")

// isAddress reports whether a value begins with a scheme. A scheme with a plus does not count,
// because a plus is a blank in a form.
func isAddress(value string) bool {
	for i := range len(value) {
		switch c := value[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '.' || c == '-'):
		default:
			return i > 0 && strings.HasPrefix(value[i:], "://")
		}
	}
	return false
}

// IsPlaceholder reports whether a value named like a secret is not a secret: empty, or a
// placeholder that another program replaces, as in "Bearer ${TOKEN}".
func IsPlaceholder(value string) bool {
	value = strings.TrimSpace(value)
	if value != "" && strings.IndexByte("bBdDnNaAtToO", value[0]) >= 0 {
		value = strings.TrimSpace(scheme.ReplaceAllString(value, ""))
	}
	if value == "" {
		return true
	}
	switch first := value[0]; {
	case first == '$' && variable.ReplaceAllString(value, "") == "":
		return true
	case (strings.IndexByte("$<*?{", first) >= 0 || first >= utf8.RuneSelf) && placeholder.MatchString(value):
		return true
	case strings.IndexByte("{[%", first) >= 0:
		inner := emptied.FindStringSubmatch(value)
		return inner != nil && IsKeyLike(inner[1])
	}
	return false
}

// IsSecretText reports whether a text named like a secret is a secret: neither a placeholder nor a
// switch.
func IsSecretText(text string) bool { return !IsPlaceholder(text) && ToBool(text) == any(text) }

// encodedSpans finds words that contain a secret after decoding.
func encodedSpans(text string, layers int) []span {
	var found []span
	add := func(words [][]int, decode func(string) (string, bool)) {
		for _, at := range words {
			word := text[at[0]:at[1]]
			if inner, ok := decode(word); ok && inner != word && holdsWithin(inner, layers) && !holdsWithin(word, 0) {
				found = append(found, span{at[0], at[1]})
			}
		}
	}
	if strings.Contains(text, "%") {
		add(escapedWords(text), func(word string) (string, bool) {
			inner, err := url.PathUnescape(word)
			return inner, err == nil
		})
	}
	add(base64Words(text), decodeBase64)
	if strings.Contains(text, "&quot;") || strings.Contains(text, "&#34;") || strings.Contains(text, `\u0022`) {
		inner := entities.Replace(text)
		if holdsWithin(inner, layers) {
			found = append(found, span{0, len(text)})
		}
	}
	return found
}

// escapedWords returns the words of a text that contain a URL escape.
func escapedWords(text string) (found [][]int) {
	for start := 0; start < len(text); {
		end, escaped := start, false
		for ; end < len(text) && !endsWord[text[end]]; end++ {
			escaped = escaped || text[end] == '%' && end+2 < len(text) && isHex(text[end+1]) && isHex(text[end+2])
		}
		if escaped {
			found = append(found, []int{start, end})
		}
		start = end + 1
	}
	return found
}

// endsWord is the set of bytes between words.
var endsWord = bytesOf(whitespace + `"'<>`)

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

var entities = strings.NewReplacer("&quot;", `"`, "&#34;", `"`, `\u0022`, `"`, "&amp;", "&")

// minBase64 is the shortest run of letters that is decoded as base64.
const minBase64 = 16

// base64Words returns the runs of base64 letters in a text, with their padding.
func base64Words(text string) (found [][]int) {
	for start := 0; start < len(text); start++ {
		end := start
		for end < len(text) && isBase64[text[end]] {
			end++
		}
		run := end - start
		for padding := 0; run >= minBase64 && padding < 2 && end < len(text) && text[end] == '='; padding++ {
			end++
		}
		if run >= minBase64 {
			found = append(found, []int{start, end})
		}
		if end > start {
			start = end - 1
		}
	}
	return found
}

var isBase64 = bytesOf(letters + "+/_-")

var base64URL = strings.NewReplacer("+", "-", "/", "_", "=", "")

// decodeBase64 decodes text, but not bytes, in either alphabet, with or without padding.
func decodeBase64(word string) (string, bool) {
	decoded, err := base64.RawURLEncoding.DecodeString(base64URL.Replace(word))
	if err != nil || !utf8.Valid(decoded) || slices.ContainsFunc(decoded, func(b byte) bool { return b < ' ' && b != '\n' && b != '\r' && b != '\t' }) {
		return "", false
	}
	return string(decoded), true
}
