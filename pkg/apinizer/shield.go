package apinizer

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// What is a secret inside a value that a server answers or a file declares:
//
//   - the value of {name, value} or {key, value}, by its name, and an entry of a map,
//     also where its value is {value, valueType}: a header, a setting of a client;
//   - a text in which [connection.HoldsSecret] sees one: the whole text.
//
// A text of nothing but ${NAME} is none: it names an environment variable of the
// project, which the server puts in when it connects.

// HoldsSecret reports whether the value of a property holds something that must not
// stand in a file or a report.
func HoldsSecret(property string, value any) bool {
	return len(connection.Secrets(shieldValue(property, value))) > 0
}

// KnowsSecret reports whether a field is a secret by the table of its type: what
// notSensitive never lifts.
func KnowsSecret(dataSource, property string, _ any) bool {
	t := types[dataSource]
	return t != nil && t.fields[property] != nil && t.fields[property].class() == connection.ClassSecret
}

// shieldLive shields the value of a property, unless the mark lifts what is guessed of it.
func (p *Provider) shieldLive(mark *connection.Mark, property, field string, value any) any {
	if mark.Lifts(p.project, property) {
		return value
	}
	return shieldValue(field, value)
}

// shieldValue copies a value with a [connection.Secret] for each secret in it. The
// name is that of the property or the entry.
func shieldValue(name string, value any) any {
	switch value := value.(type) {
	case string:
		if connection.HoldsSecret(value) || isSecretName(name) && connection.IsSecretText(value) {
			return connection.NewSecret(value)
		}
	case json.Number:
		if isSecretName(name) {
			return connection.NewSecret(value.String())
		}
	case []any:
		shielded := make([]any, len(value))
		for i, item := range value {
			shielded[i] = shieldValue(name, item)
		}
		return shielded
	case map[string]any:
		return shieldEntries(name, value)
	}
	return value
}

func shieldEntries(name string, value map[string]any) map[string]any {
	shielded := make(map[string]any, len(value))
	named, ok := value["name"].(string)
	if !ok {
		named, _ = value["key"].(string)
	}
	for key, item := range value {
		switch {
		case key == "value" && named != "":
			shielded[key] = shieldValue(named, item)
		case key == "value":
			shielded[key] = shieldValue(name, item) // {value, valueType} of a map
		case key == "name" || key == "key":
			shielded[key] = item
		default:
			shielded[key] = shieldValue(key, item)
		}
	}
	return shielded
}

// isSecretName tells that what is so called is likely to be a secret: sasl.jaas.config,
// ssl.key.password, Authorization.
func isSecretName(name string) bool {
	return connection.IsKeyLike(name) && !slices.Contains(innocent, name) || strings.Contains(strings.ToLower(name), "jaas")
}

// innocent are names that sound like those of secrets.
var innocent = []string{"key", "code", "session.timeout.ms", "sessionAcknowledgement"}

var variable = regexp.MustCompile(`\$\{[A-Za-z0-9._-]+\}`)

// withoutVariables takes the environment variables out of a text.
func withoutVariables(text string) string { return variable.ReplaceAllString(text, "") }

// isVariable tells that a text is nothing but environment variables: no secret, and
// to be compared.
func isVariable(text string) bool { return text != "" && withoutVariables(text) == "" }
