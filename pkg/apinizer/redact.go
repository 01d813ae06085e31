package apinizer

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Secrets inside a value of a server's answer or of a declaration:
//
//   - the value of {name, value} or {key, value}, by its name, and an entry of a map, also if its
//     value is {value, valueType}: a header, a setting of a client;
//   - a whole text in which [connection.HoldsSecret] finds a secret.
//
// A text that consists only of ${NAME} is not a secret: it names an environment variable of the
// project, which the server resolves when it connects.

// HoldsSecret reports whether the value of a property contains a secret, which must not be written
// to a file or a report.
func HoldsSecret(property string, value any) bool {
	return len(connection.Secrets(redactValue(property, value))) > 0
}

// KnowsSecret reports whether a field is a secret by the table of its type. notSensitive never
// lifts such a field.
func KnowsSecret(dataSource, property string, _ any) bool {
	t := types[dataSource]
	return t != nil && t.fields[property] != nil && t.fields[property].class() == connection.ClassSecret
}

// redactLive redacts the value of a property. A guess does not count if the ownership record lifts
// it.
func (p *Provider) redactLive(record *connection.Record, property, field string, value any) any {
	if record.Lifts(p.project, property) {
		return value
	}
	return redactValue(field, value)
}

// redactValue copies a value with a [connection.Secret] for each secret in it. The name is the name
// of the property or the entry.
func redactValue(name string, value any) any {
	switch value := value.(type) {
	case string:
		if connection.HoldsSecret(value) || isSecretValue(name, value) {
			return connection.NewSecret(value)
		}
	case json.Number:
		if isSecretValue(name, value) {
			return connection.NewSecret(value.String())
		}
	case []any:
		redacted := make([]any, len(value))
		for i, item := range value {
			redacted[i] = redactValue(name, item)
			if pair, ok := item.([]any); ok && connection.NameInPair(pair) != "" {
				redacted[i] = []any{pair[0], redactValue(connection.NameInPair(pair), pair[1])}
			}
		}
		return redacted
	case map[string]any:
		return redactEntries(name, value)
	}
	return value
}

func redactEntries(name string, value map[string]any) map[string]any {
	redacted := make(map[string]any, len(value))
	for key, item := range value {
		names := connection.NamesInItem(value, key)
		switch {
		case len(names) > 0:
			redacted[key] = item
			for _, named := range names {
				if len(connection.Secrets(redacted[key])) == 0 {
					redacted[key] = redactValue(named, item)
				}
			}
		case key == "value":
			redacted[key] = redactValue(name, item) // {value, valueType} of a map
		case key == "name" || key == "key":
			redacted[key] = item
		default:
			redacted[key] = redactValue(key, item)
		}
	}
	return redacted
}

// isSecretName reports whether a field or an entry of that name is a secret: sasl.jaas.config,
// ssl.key.password, Authorization.
func isSecretName(name string) bool {
	return connection.IsSecretName(name) || connection.IsParameterSecret(name) && name != "key" || strings.Contains(strings.ToLower(name), "jaas")
}

// isSecretValue reports whether a value is a secret by its name. Names such as code have other
// meanings, so the value counts too.
func isSecretValue(name string, value any) bool {
	text, ok := connection.ToText(value).(string)
	return ok && connection.IsSecretText(text) && (isSecretName(name) || name != "key" && connection.IsSecretItem(name, value))
}

var variable = regexp.MustCompile(`\$\{[A-Za-z0-9._-]+\}`)

// withoutVariables removes environment variables from a text.
func withoutVariables(text string) string { return variable.ReplaceAllString(text, "") }

// isVariable reports whether a text consists only of environment variables: it is not a secret and
// can be compared.
func isVariable(text string) bool { return text != "" && withoutVariables(text) == "" }
