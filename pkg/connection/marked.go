package connection

import "encoding/json"

// Redact copies live properties with a [Secret] in place of each value that the schema marks as
// secret, or whose name looks like a secret's and is not named by lifts. Null and empty texts stay.
// A nil data source marks nothing.
func (d *DataSource) Redact(properties map[string]any, lifts func(property string) bool) map[string]any {
	if d == nil || properties == nil {
		return properties
	}
	hidden := make(map[string]any, len(properties))
	for name, value := range properties {
		hidden[name] = d.Properties[name].hide(value, lifts(name))
	}
	return hidden
}

func (p Property) hide(value any, lifted bool) any {
	if p.Class == ClassSecret && !(lifted && p.Guessed) {
		return RedactValue(value)
	}
	for _, place := range p.Marked {
		value = redactAt(place, value)
	}
	return value
}

// redactAt copies a value with a [Secret] at one place of [Property.Marked].
func redactAt(place []string, value any) any {
	if len(place) == 0 {
		return RedactValue(value)
	}
	switch value := value.(type) {
	case []any:
		if place[0] != anywhere {
			break
		}
		copied := make([]any, len(value))
		for i, item := range value {
			copied[i] = redactAt(place[1:], item)
		}
		return copied
	case map[string]any:
		copied := make(map[string]any, len(value))
		for name, entry := range value {
			if copied[name] = entry; place[0] == anywhere || place[0] == name {
				copied[name] = redactAt(place[1:], entry)
			}
		}
		return copied
	}
	return value
}

// anywhere matches every item or entry in [Property.Marked].
const anywhere = "*"

// RedactValue wraps any value in a [Secret], except null and an empty text. Only texts and numbers
// can be revealed again.
func RedactValue(value any) any {
	switch value := value.(type) {
	case nil, Secret:
		return value
	case string:
		if value == "" {
			return value
		}
		return NewSecret(value)
	case json.Number:
		return NewSecret(value.String())
	}
	return NewSecret("")
}
