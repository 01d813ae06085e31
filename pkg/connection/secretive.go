package connection

import (
	"net/url"
	"slices"
	"strings"
)

// PlainName takes letter case and separators out of a name: X-Api-Key, api_key and
// apiKey are written by people who mean the same.
func PlainName(name string) string {
	return strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(strings.ToLower(name))
}

// IsKeyLike tells whether a header or query parameter of that name is likely to
// hold a secret: Authorization, X-Api-Key, access_token, sig.
func IsKeyLike(name string) bool {
	name = PlainName(name)
	return slices.Contains([]string{"key", "sig", "code", "auth", "xauth", "pass", "pat"}, name) || containsAny(name, []string{
		"authorization", "apikey", "accesskey", "subscriptionkey", "functionskey", "privatekey", "accountkey", "sharedkey",
		"encryptionkey", "token", "secret", "password", "passwd", "pwd", "passphrase", "cookie", "credential", "signature", "session",
	})
}

// IsSecretURL tells whether a text is a URL, or a path, that lets in whoever has
// it. Where it is no proper one, as with a password that is not escaped, the
// answer is rather yes too often.
func IsSecretURL(text string) bool {
	text = strings.TrimSpace(text)
	parsed, err := url.Parse(text)
	if err != nil {
		return isSecretLooseURL(text)
	}
	if strings.Contains(parsed.Opaque, "://") { // jdbc:postgresql://...
		_, inner, _ := strings.Cut(text, ":")
		return IsSecretURL(inner)
	}
	if parsed.Scheme == "" && parsed.Host == "" && !strings.HasPrefix(text, "/") {
		return false
	}
	password, _ := parsed.User.Password()
	_, settings, _ := strings.Cut(parsed.Host+parsed.Path, ";") // jdbc:sqlserver://host;password=...
	return password != "" || hasKeyLike(settings) || hasKeyLike(parsed.RawQuery) || hasKeyLike(parsed.EscapedFragment())
}

func isSecretLooseURL(text string) bool {
	_, rest, found := strings.Cut(text, "://")
	if !found {
		return false
	}
	rest, query, _ := strings.Cut(rest, "?")
	if end := strings.LastIndex(rest, "@"); end >= 0 {
		if _, password, _ := strings.Cut(rest[:end], ":"); password != "" {
			return true
		}
	}
	_, settings, _ := strings.Cut(rest, ";")
	return hasKeyLike(settings) || hasKeyLike(query)
}

// hasKeyLike looks for a parameter with a value that is a secret by its name. It
// splits by hand: [url.ParseQuery] drops what it does not like.
func hasKeyLike(query string) bool {
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' || r == '?' || r == '#' }) {
		name, value, _ := strings.Cut(pair, "=")
		if unescaped, err := url.QueryUnescape(name); err == nil {
			name = unescaped
		}
		if value != "" && IsKeyLike(name) {
			return true
		}
	}
	return false
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
