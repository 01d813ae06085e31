package qlik

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// What is a secret inside a value, by one rule for what a tenant answers and for
// what a file declares:
//
//   - the value of {name, value, encrypt} with encrypt: true;
//   - the value of such an item in a list of headers or parameters, by its name;
//   - an entry of a map, by its name as in [Classify];
//   - a URL with a password in front of its host, or with a query parameter that is
//     a secret by its name: the whole URL.
//
// What is empty or a boolean is none, whatever its name.

// HoldsSecret reports whether the value of a property holds something that must
// not stand in a file or a report.
func HoldsSecret(property string, value any) bool {
	if Classify("", property) == connection.ClassSecret {
		return isHideable(value)
	}
	return len(connection.Secrets(shieldWithin("", isParameterList(property), value))) > 0
}

// shield copies live properties without their credential parts, and with a
// [connection.Secret] for each secret inside a value.
func shield(dataSource string, properties map[string]any) map[string]any {
	shielded := make(map[string]any, len(properties))
	for name, value := range properties {
		if Classify(dataSource, name) == connection.ClassProperty {
			shielded[name] = shieldWithin(dataSource, isParameterList(name), value)
		}
	}
	return shielded
}

// isParameterList tells whether the items of a list are named by whoever wrote
// them, so that the name tells what the value is: queryHeaders, queryParameters.
func isParameterList(property string) bool {
	return containsAny(strings.ToLower(property), []string{"header", "parameter"})
}

func shieldWithin(dataSource string, parameters bool, value any) any {
	switch value := value.(type) {
	case string:
		if isSecretURL(value) {
			return connection.NewSecret(value)
		}
	case []any:
		shielded := make([]any, len(value))
		for i, item := range value {
			shielded[i] = shieldWithin(dataSource, parameters, item)
		}
		return shielded
	case map[string]any:
		shielded := make(map[string]any, len(value))
		for name, item := range value {
			secret := name == "value" && isSecretItem(parameters, value) || Classify(dataSource, name) == connection.ClassSecret
			if secret && isHideable(item) {
				shielded[name] = hide(item)
			} else {
				shielded[name] = shieldWithin(dataSource, parameters, item)
			}
		}
		return shielded
	}
	return value
}

func isHideable(value any) bool {
	switch value := value.(type) {
	case nil, bool:
		return false
	case string:
		return value != ""
	case []any:
		return len(value) > 0
	case map[string]any:
		return len(value) > 0
	}
	return true
}

// hide wraps a value. One that is no text has none that anybody could need.
func hide(value any) any {
	switch value := value.(type) {
	case string:
		return connection.NewSecret(value)
	case json.Number:
		return connection.NewSecret(value.String())
	}
	return connection.NewSecret("")
}

// isSecretItem tells whether {name, value, encrypt} holds a secret: it is marked
// so, or it is a header or parameter by whose name one knows.
func isSecretItem(parameters bool, item map[string]any) bool {
	if toBool(item["encrypt"]) == true {
		return true
	}
	name, _ := item["name"].(string)
	return parameters && isKeyLike(name)
}

// isKeyLike tells whether a header or query parameter of that name is likely to
// hold a secret: Authorization, X-Api-Key, access_token, sig.
func isKeyLike(name string) bool {
	name = plainName(name)
	return slices.Contains([]string{"key", "sig", "code", "auth", "xauth", "pass", "pat"}, name) || containsAny(name, []string{
		"authorization", "apikey", "accesskey", "subscriptionkey", "functionskey", "privatekey", "accountkey", "sharedkey",
		"encryptionkey", "token", "secret", "password", "passwd", "pwd", "passphrase", "cookie", "credential", "signature", "session",
	})
}

// isSecretURL tells whether a text is a URL, or a path, that lets in whoever has
// it. Where it is no proper one, as with a password that is not escaped, the
// answer is rather yes too often.
func isSecretURL(text string) bool {
	text = strings.TrimSpace(text)
	parsed, err := url.Parse(text)
	if err != nil {
		return isSecretLooseURL(text)
	}
	if strings.Contains(parsed.Opaque, "://") { // jdbc:postgresql://...
		_, inner, _ := strings.Cut(text, ":")
		return isSecretURL(inner)
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
		if value != "" && isKeyLike(name) {
			return true
		}
	}
	return false
}
