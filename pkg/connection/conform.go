package connection

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// Conform returns the form in which a value of the property is compared and sent: converted to the
// type of the schema where the conversion is exact, enums in the schema's letter case, numbers in
// one notation. Documentation and services mix 1433 with "1433" and true with "true". A value that
// does not fit the type is returned unchanged, for the validation to refuse.
func Conform(property Property, value any) any {
	switch property.Type {
	case "string":
		value = ToText(value)
	case "integer", "number":
		value = toNumber(value, property.Type == "integer")
	case "boolean":
		value = ToBool(value)
	}
	if text, ok := value.(string); ok {
		return foldEnum(property.Enum, text)
	}
	return canonicalNumbers(value)
}

// ToText returns a scalar as text. A number keeps its notation: a version 1.10 is not 1.1.
func ToText(value any) any {
	switch value := value.(type) {
	case bool:
		return strconv.FormatBool(value)
	case json.Number:
		return value.String()
	}
	return value
}

func toNumber(value any, integer bool) any {
	text, ok := value.(string)
	if !ok || !isNumber(text) {
		return value
	}
	number := CanonicalNumber(json.Number(text))
	if integer && !IsInteger(number) {
		return value
	}
	return number
}

// ToBool returns the boolean that a text spells, or the value unchanged.
func ToBool(value any) any {
	text, ok := value.(string)
	switch {
	case ok && strings.EqualFold(text, "true"):
		return true
	case ok && strings.EqualFold(text, "false"):
		return false
	}
	return value
}

// foldEnum returns the schema's spelling of a value if exactly one differs from it
// by letter case alone: enums are case-sensitive.
func foldEnum(enum []string, text string) string {
	found := text
	matches := 0
	for _, candidate := range enum {
		if candidate == text {
			return text
		}
		if strings.EqualFold(candidate, text) {
			found = candidate
			matches++
		}
	}
	if matches != 1 {
		return text
	}
	return found
}

// canonicalNumbers copies a tree with its numbers in one notation.
func canonicalNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		return CanonicalNumber(value)
	case []any:
		if value == nil {
			return value
		}
		copied := make([]any, len(value))
		for i, item := range value {
			copied[i] = canonicalNumbers(item)
		}
		return copied
	case map[string]any:
		if value == nil {
			return value
		}
		copied := make(map[string]any, len(value))
		for name, item := range value {
			copied[name] = canonicalNumbers(item)
		}
		return copied
	}
	return value
}

// maxNumberText bounds the numbers that are rewritten: the short text "1e999999999" is a very long
// number.
const maxNumberText = 64

// CanonicalNumber returns 1.0, 1e0 and 1 as 1, and 0.50 as 0.5, exactly.
func CanonicalNumber(number json.Number) json.Number {
	text := number.String()
	if mantissa, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		power, err := strconv.Atoi(exponent)
		if err != nil || power < -maxNumberText || power > maxNumberText || len(mantissa) > maxNumberText {
			return number
		}
	}
	if len(text) > 2*maxNumberText || !isNumber(text) {
		return number
	}
	exact, ok := new(big.Rat).SetString(text)
	if !ok {
		return number
	}
	digits, _ := exact.FloatPrec() // always exact: the number was written in decimal
	return json.Number(exact.FloatString(digits))
}

// isNumber reports whether a text is a JSON number: no plus sign, leading zero, spaces or
// hexadecimal.
func isNumber(text string) bool {
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return false
	}
	last := text[len(text)-1]
	return last >= '0' && last <= '9' && json.Valid([]byte(text))
}

// IsInteger reports whether a number is written without point and exponent.
func IsInteger(number json.Number) bool {
	return isNumber(number.String()) && !strings.ContainsAny(number.String(), ".eE")
}
