package connection

import (
	"slices"
	"strings"
)

// PlainName takes letter case and separators out of a name: X-Api-Key, api_key and
// apiKey are written by people who mean the same.
func PlainName(name string) string { return separators.Replace(strings.ToLower(name)) }

var separators = strings.NewReplacer("-", "", "_", "", ".", "", " ", "")

// IsKeyLike reports whether a header or query parameter of that name is likely to
// hold a secret: Authorization, X-Api-Key, access_token, sig.
func IsKeyLike(name string) bool {
	plain := PlainName(name)
	return (hasSecretWord(plain) || slices.Contains(keyNames, plain) || containsAny(plain, keyWords)) && !IsAboutSecret(name)
}

// IsSecretName reports whether a name alone betrays a secret, wherever the name stands:
// in a body, a connection string, a list or prose. Names such as key and code mean
// something else there too often; see [IsKeyLike].
func IsSecretName(name string) bool {
	return hasSecretWord(PlainName(name)) && !IsAboutSecret(name)
}

func hasSecretWord(plain string) bool {
	return slices.Contains(secretNames, plain) || containsAny(plain, secretWords)
}

// Names and words in their plain form.
var (
	keyNames    = []string{"key", "sig", "code", "auth"}
	keyWords    = []string{"signature", "session"}
	secretNames = []string{"xauth", "pass", "pat", "pw", "psw"}
)

var secretWords = []string{
	"authorization", "apikey", "accesskey", "subscriptionkey", "functionskey", "privatekey", "accountkey", "sharedkey",
	"encryptionkey", "token", "secret", "password", "passwd", "pwd", "pswd", "passphrase", "passcode", "cookie", "credential",
	"accesssignature", "passwort", "kennwort", "contraseña", "motdepasse", "parola", "şifre",
}

// IsAboutSecret reports whether the name of a secret is part of a longer name that means
// a setting: where a token comes from, what its header is called, how long it lasts; or a
// token that lets nobody in, such as that of the next page.
func IsAboutSecret(name string) bool {
	plain := PlainName(name)
	return slices.ContainsFunc(settingEndings, func(ending string) bool { return strings.HasSuffix(plain, ending) }) ||
		containsAny(plain, []string{"pagetoken", "nexttoken", "continuationtoken", "synctoken", "publickeytoken", "tokeniz", "maxtokens", "totaltokens", "cookieconsent"})
}

var settingEndings = []string{
	"url", "uri", "path", "name", "header", "type", "field", "endpoint", "location", "placement", "parameter", "attribute",
	"timeout", "timeoutms", "lifetime", "ttl", "expiry", "expires", "expiresin", "expiration", "length", "size", "limit", "count",
	"policy", "mode", "method", "format", "prefix", "algorithm", "encoding", "version", "required", "enabled", "issuer", "audience",
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
