package qlik

import (
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
		if connection.IsSecretURL(value) {
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
				shielded[name] = connection.HideValue(item)
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

// isSecretItem tells whether {name, value, encrypt} holds a secret: it is marked
// so, or it is a header or parameter by whose name one knows.
func isSecretItem(parameters bool, item map[string]any) bool {
	if connection.ToBool(item["encrypt"]) == true {
		return true
	}
	name, _ := item["name"].(string)
	return parameters && connection.IsKeyLike(name)
}
