package qlik

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Secrets inside a value, by the same rules for a tenant's answers and for declarations:
//
//   - the value of {name, value, encrypt} with encrypt: true;
//   - the value of an item by its name, as in {name, value} and [name, value], in every list except
//     lists of files;
//   - an entry of a map, by its name as in [Classify];
//   - a whole text in which [connection.HoldsSecret] finds a secret.
//
// Empty values, booleans and placeholders are never secrets.

// HoldsSecret reports whether the value of a property contains a secret, which must not be written
// to a file or a report.
func HoldsSecret(property string, value any) bool {
	if Classify("", property) == connection.ClassSecret {
		return isRedactable(value)
	}
	return len(connection.Secrets(redactWithin("", property, value, true))) > 0
}

// KnowsSecret reports whether a property is a secret by the documentation of its data source, or by
// a flag of an item in its value. notSensitive never lifts such a property.
func KnowsSecret(dataSource, property string, value any) bool {
	return isDocumented(dataSource, property) || len(connection.Secrets(redactWithin(dataSource, property, value, false))) > 0
}

// redactProperties copies live properties without their credentials, and with a [connection.Secret] for each
// secret inside a value and for each value that only its name marks as secret. For properties that
// lifts names, guesses do not count.
func redactProperties(dataSource string, properties map[string]any, lifts func(property string) bool) map[string]any {
	redacted := make(map[string]any, len(properties))
	for name, value := range properties {
		lifted := lifts(name)
		switch {
		case Classify(dataSource, name) == connection.ClassProperty, lifted && IsGuess(dataSource, name):
			redacted[name] = redactWithin(dataSource, name, value, !lifted)
		case IsGuess(dataSource, name) && isRedactable(value):
			redacted[name] = connection.RedactValue(value)
		case IsGuess(dataSource, name):
			redacted[name] = value
		}
	}
	return redacted
}

// isSecretItem reports whether the value of a list item is a secret by the name of the item.
// Headers and parameters may have any name, and so may files.
func isSecretItem(list, name string, value any) bool {
	list = strings.ToLower(list)
	switch {
	case containsAny(list, []string{"header", "parameter"}):
		return connection.IsSecretItem(name, value)
	case containsAny(list, []string{"file", "cert", "pfx", "keystore", "truststore"}):
		return false
	}
	return connection.IsSecretName(name)
}

// redactWithin redacts a value. Without guess, only known secrets count: a documented name, and an
// item with encrypt: true.
func redactWithin(dataSource, property string, value any, guess bool) any {
	switch value := value.(type) {
	case string:
		if guess && connection.HoldsSecret(value) {
			return connection.NewSecret(value)
		}
	case []any:
		redacted := make([]any, len(value))
		for i, item := range value {
			redacted[i] = redactWithin(dataSource, property, item, guess)
			if pair, ok := item.([]any); ok && guess && connection.NameInPair(pair) != "" && isSecretItem(property, connection.NameInPair(pair), pair[1]) && isRedactable(pair[1]) {
				redacted[i] = []any{pair[0], connection.RedactValue(pair[1])}
			}
		}
		return redacted
	case map[string]any:
		redacted := make(map[string]any, len(value))
		for name, item := range value {
			isNamedSecret := func(itemName string) bool { return isSecretItem(property, itemName, item) }
			secret := name == "value" && connection.ToBool(value["encrypt"]) == true || isDocumented(dataSource, name) ||
				guess && (Classify(dataSource, name) == connection.ClassSecret || slices.ContainsFunc(connection.NamesInItem(value, name), isNamedSecret))
			if secret && isRedactable(item) {
				redacted[name] = connection.RedactValue(item)
			} else {
				redacted[name] = redactWithin(dataSource, property, item, guess)
			}
		}
		return redacted
	}
	return value
}

func isRedactable(value any) bool {
	switch value := value.(type) {
	case nil, bool:
		return false
	case string:
		return connection.IsSecretText(value)
	case []any:
		return len(value) > 0
	case map[string]any:
		return len(value) > 0
	}
	return true
}
