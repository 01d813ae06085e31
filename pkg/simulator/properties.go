package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The trio that stands for separated credentials in every connector that supports them (create tutorial).
var credentialSettings = []string{"separateCredentials", "selectedCredentials", "credentialsName"}

func (s *source) isCredential(name string) bool { return slices.Contains(s.Credentials, name) }

// check says what is wrong with one property value, or nil.
//
// The tutorials send numbers and booleans as strings in some places and as themselves in others, so both are taken, and
// stored as they came; whether the service normalises them is undocumented. An unknown name is refused: undocumented;
// assumed.
func (s *source) check(name string, value any) error {
	p, known := s.properties[name]
	if !known {
		return fmt.Errorf("unknown property %q of data source %s", name, s.id)
	}
	if holdsSealKey(value) {
		return fmt.Errorf("property %q holds the reserved key %s", name, sealKey)
	}
	if !p.accepts(value) {
		return fmt.Errorf("property %q must be of type %s", name, p.Type)
	}
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, value) {
		return fmt.Errorf("property %q must be one of the values that the api-specs list (case-sensitive)", name)
	}
	return nil
}

func (p property) accepts(value any) bool {
	switch v := value.(type) {
	case string:
		switch p.Type {
		case "boolean":
			return v == "true" || v == "false"
		case "integer":
			_, err := strconv.ParseInt(v, 10, 64)
			return err == nil
		}
		return p.Type == "string"
	case bool:
		return p.Type == "boolean" || p.Type == "string"
	case json.Number:
		return p.Type == "string" || p.Type == "integer" && isInteger(v.String())
	case []any:
		return p.Type == "array"
	}
	return false
}

func isInteger(number string) bool { return !strings.ContainsAny(number, ".eE") }

// checkAll checks every property, in the order of their names.
func (s *source) checkAll(properties map[string]any) error {
	for _, name := range sortedKeys(properties) {
		if err := s.check(name, properties[name]); err != nil {
			return err
		}
	}
	return nil
}

// sealAll gives a copy of the properties as they are stored: credentials, and the values of list items that ask for
// encryption, are digests.
func (s *source) sealAll(properties map[string]any) map[string]any {
	stored := make(map[string]any, len(properties))
	for name, value := range properties {
		switch {
		case s.isCredential(name):
			stored[name] = seal(value)
		default:
			stored[name] = sealEncrypted(value)
		}
	}
	return stored
}

// sealEncrypted seals "value" of list items with encrypt: true, as in the headers of a REST connection. That such an
// item is read back without its value is undocumented; assumed.
func sealEncrypted(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	out := make([]any, len(list))
	for i, item := range list {
		out[i] = item
		entry, ok := item.(map[string]any)
		if !ok || scalarText(entry["encrypt"]) != "true" {
			continue
		}
		sealed := make(map[string]any, len(entry))
		for key, part := range entry {
			sealed[key] = part
			if key == "value" {
				sealed[key] = seal(part)
			}
		}
		out[i] = sealed
	}
	return out
}

// visible gives the properties that parseConnection=true shows: the update tutorial's sample has neither the secret nor
// the access key. User names are assumed to be hidden too, as they are stored with the credentials.
func (s *source) visible(properties map[string]any) map[string]any {
	shown := make(map[string]any, len(properties))
	for name, value := range properties {
		if s.isCredential(name) {
			continue
		}
		if v, ok := unsealed(value); ok {
			shown[name] = v
		}
	}
	return shown
}

func (s *source) hasCredentials(properties map[string]any) bool {
	return slices.ContainsFunc(s.Credentials, func(name string) bool { return properties[name] != nil })
}

func (s *source) withoutCredentials(properties map[string]any) map[string]any {
	kept := make(map[string]any, len(properties))
	for name, value := range properties {
		if !s.isCredential(name) {
			kept[name] = value
		}
	}
	return kept
}

// statement builds qConnectStatement as the samples show it. It never holds credentials, but it does hold list values
// that were not sent with encrypt: true, as the real one does.
func (s *source) statement(properties map[string]any) string {
	var b strings.Builder
	fmt.Fprintf(&b, `CUSTOM CONNECT TO "provider=%s;`, s.Statement.Provider)
	if s.Statement.Selector != "" {
		b.WriteString(s.Statement.Selector + ";")
	}
	shown := s.visible(properties)
	for _, name := range s.order {
		value, set := shown[name]
		if !set || slices.Contains(credentialSettings, name) {
			continue
		}
		fmt.Fprintf(&b, "%s=%s;", name, statementValue(value))
	}
	b.WriteString(`"`)
	return b.String()
}

// statementValue joins lists as REST statements do: name and value by %2, items by %1.
func statementValue(value any) string {
	list, ok := value.([]any)
	if !ok {
		return scalarText(value)
	}
	var items []string
	for _, item := range list {
		if entry, ok := item.(map[string]any); ok && entry["value"] != nil {
			items = append(items, scalarText(entry["name"])+"%2"+scalarText(entry["value"]))
		}
	}
	return strings.Join(items, "%1")
}

// qri identifies the remote place; it moves when the connection points elsewhere.
func (s *source) qri(properties map[string]any) string {
	parts := []string{s.id}
	for _, name := range s.qriProperties {
		parts = append(parts, scalarText(properties[name]))
	}
	return s.qriPrefix + opaqueOf(parts...)
}

// isTrue reads a boolean that may have been sent as a string.
func isTrue(value any) bool { return value != nil && scalarText(value) == "true" }
