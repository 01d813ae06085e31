package connection

import (
	"slices"
	"strings"
	"unicode"
)

// PlainName takes letter case and separators out of a name: X-Api-Key, api_key and
// apiKey are written by people who mean the same.
func PlainName(name string) string { return separators.Replace(strings.ToLower(name)) }

var separators = strings.NewReplacer("-", "", "_", "", ".", "", " ", "")

// IsKeyLike reports whether a header or query parameter of that name is likely to
// hold a secret: Authorization, X-Api-Key, access_token, sig.
func IsKeyLike(name string) bool {
	plain := PlainName(name)
	return (hasSecretWord(plain) || endsInSecret(name) || slices.Contains(keyNames, plain) || containsAny(plain, keyWords)) && !IsAboutSecret(name)
}

// IsSecretName reports whether a name alone betrays a secret, wherever the name stands:
// in a body, a connection string, a list or prose. Names such as key and code mean
// something else there too often; see [IsKeyLike].
func IsSecretName(name string) bool {
	return (hasSecretWord(PlainName(name)) || endsInSecret(name)) && !IsAboutSecret(name)
}

func hasSecretWord(plain string) bool {
	return slices.Contains(secretNames, plain) || containsAny(plain, secretWords)
}

// endsInSecret reports whether the last word of a name is short for a secret: dbPass,
// BIND_PW, x-psk, masterKey. In a name of one case, such as bindpw, that word stands behind
// one of a few others, because compass and bypass end in the same letters.
func endsInSecret(name string) bool {
	words := nameWords(name)
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	if slices.Contains(shortWords, last) {
		return true
	}
	if len(words) > 1 && last == "key" && slices.Contains(keyOwners, words[len(words)-2]) {
		return true
	}
	for _, short := range shortWords {
		if before, ok := strings.CutSuffix(last, short); ok && slices.Contains(passOwners, before) {
			return true
		}
	}
	before, ok := strings.CutSuffix(last, "key")
	return ok && slices.Contains(keyOwners, before)
}

// nameWords splits a name where its words begin: at separators, and at a capital letter
// behind a small one.
func nameWords(name string) []string {
	var words []string
	start, before := 0, rune(0)
	end := func(i int) {
		if i > start {
			words = append(words, strings.ToLower(name[start:i]))
		}
	}
	for i, r := range name {
		switch {
		case r == '-' || r == '_' || r == '.' || r == ' ':
			end(i)
			start = i + 1
		case unicode.IsUpper(r) && (unicode.IsLower(before) || unicode.IsDigit(before)):
			end(i)
			start = i
		}
		before = r
	}
	end(len(name))
	return words
}

// isAmbiguous reports whether a name means something else more often than a secret: a
// country code, a session of a school. Only a value that looks like a token makes it one.
func isAmbiguous(name string) bool {
	plain := PlainName(name)
	return plain == "pat" || !IsSecretName(name) && (plain == "code" || plain == "session")
}

// looksLikeToken reports whether a value is long or mixed enough for a token: no word, no
// number, no date.
func looksLikeToken(value string) bool {
	hasLetter, hasDigit := strings.ContainsFunc(value, unicode.IsLetter), strings.ContainsFunc(value, unicode.IsDigit)
	return len(value) >= 24 || len(value) >= 6 && hasLetter && hasDigit
}

// Names and words in their plain form.
var (
	keyNames    = []string{"key", "sig", "code", "auth"}
	keyWords    = []string{"signature", "session"}
	secretNames = []string{"xauth", "pass", "pat", "pw", "psw", "clave"}
	// shortWords are short for a password or a shared key at the end of a name. passOwners
	// and keyOwners say whose it is.
	shortWords = []string{"pass", "pw", "psw", "psk"}
	passOwners = []string{
		"admin", "auth", "bind", "cert", "client", "db", "ftp", "http", "key", "keystore", "ldap", "login", "my", "proxy", "root",
		"service", "sftp", "smtp", "sql", "ssh", "store", "svc", "truststore", "user",
	}
	keyOwners = []string{"master", "signing", "hmac", "crypt", "decryption", "license", "storage", "preshared", "ssh", "aes"}
)

var secretWords = []string{
	"authorization", "apikey", "accesskey", "subscriptionkey", "functionskey", "privatekey", "accountkey", "sharedkey",
	"encryptionkey", "token", "secret", "password", "passwd", "pwd", "pswd", "passphrase", "passcode", "cookie", "credential",
	"accesssignature", "passwort", "kennwort", "contraseña", "contrasena", "motdepasse", "parola", "şifre", "sifre",
	"clientassertion", "hasło", "haslo", "senha", "heslo", "wachtwoord", "salasana", "lösenord", "adgangskode", "jelszó", "пароль", "密码", "密碼",
	"パスワード", "비밀번호",
}

// IsAboutSecret reports whether the name of a secret is part of a longer name that means
// a setting: where a token comes from, what its header is called, how long it lasts; or a
// token that lets nobody in, such as that of the next page.
func IsAboutSecret(name string) bool {
	plain := PlainName(name)
	return slices.ContainsFunc(settingEndings, func(ending string) bool { return strings.HasSuffix(plain, ending) }) ||
		containsAny(plain, []string{"pagetoken", "nexttoken", "continuationtoken", "synctoken", "publickeytoken", "tokeniz", "maxtokens", "totaltokens", "cookieconsent", "secretary", "secretariat"})
}

var settingEndings = []string{
	"url", "uri", "path", "name", "header", "type", "field", "endpoint", "location", "placement", "parameter", "attribute",
	"timeout", "timeoutms", "lifetime", "ttl", "expiry", "expires", "expiresin", "expiration", "length", "size", "limit", "count",
	"policy", "mode", "method", "format", "prefix", "algorithm", "encoding", "version", "required", "enabled", "issuer", "audience",
	"manager", "provider", "class", "chain",
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
