package qlik

import (
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// What is a secret inside a value, by one rule for what a tenant answers and for
// what a file declares:
//
//   - the value of {name, value, encrypt} with encrypt: true;
//   - the value of such an item by its name, in every list but those of files;
//   - an entry of a map, by its name as in [Classify];
//   - a text in which [connection.HoldsSecret] sees one: the whole text.
//
// What is empty, a boolean or a placeholder is none, whatever its name.

// HoldsSecret reports whether the value of a property holds something that must
// not stand in a file or a report.
func HoldsSecret(property string, value any) bool {
	if Classify("", property) == connection.ClassSecret {
		return isHideable(value)
	}
	return len(connection.Secrets(shieldWithin("", property, value))) > 0
}

// shield copies live properties without their credential parts, and with a
// [connection.Secret] for each secret inside a value, or that only its name betrays.
func shield(dataSource string, properties map[string]any) map[string]any {
	shielded := make(map[string]any, len(properties))
	for name, value := range properties {
		switch {
		case Classify(dataSource, name) == connection.ClassProperty:
			shielded[name] = shieldWithin(dataSource, name, value)
		case IsGuess(dataSource, name) && isHideable(value):
			shielded[name] = connection.HideValue(value)
		case IsGuess(dataSource, name):
			shielded[name] = value
		}
	}
	return shielded
}

// isSecretItemName reports whether the value of an item of a list is a secret by the name
// of the item. Headers and parameters are named by whoever wrote them; a file may have any
// name.
func isSecretItemName(list, name string) bool {
	list = strings.ToLower(list)
	switch {
	case containsAny(list, []string{"header", "parameter"}):
		return connection.IsKeyLike(name)
	case containsAny(list, []string{"file", "cert", "pfx", "keystore", "truststore"}):
		return false
	}
	return connection.IsSecretName(name)
}

func shieldWithin(dataSource, property string, value any) any {
	switch value := value.(type) {
	case string:
		if connection.HoldsSecret(value) {
			return connection.NewSecret(value)
		}
	case []any:
		shielded := make([]any, len(value))
		for i, item := range value {
			shielded[i] = shieldWithin(dataSource, property, item)
		}
		return shielded
	case map[string]any:
		shielded := make(map[string]any, len(value))
		for name, item := range value {
			secret := name == "value" && isSecretItem(property, value) || Classify(dataSource, name) == connection.ClassSecret
			if secret && isHideable(item) {
				shielded[name] = connection.HideValue(item)
			} else {
				shielded[name] = shieldWithin(dataSource, property, item)
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
		return !connection.IsPlaceholder(value) && connection.ToBool(value) == any(value)
	case []any:
		return len(value) > 0
	case map[string]any:
		return len(value) > 0
	}
	return true
}

// isSecretItem reports whether {name, value, encrypt} of a list holds a secret.
func isSecretItem(list string, item map[string]any) bool {
	if connection.ToBool(item["encrypt"]) == true {
		return true
	}
	name, _ := item["name"].(string)
	return isSecretItemName(list, name)
}
