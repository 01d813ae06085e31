package apinizer

import (
	"regexp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Normalize returns the form in which a value of the property is compared and sent: that of
// [connection.Conform], also within lists and maps. Fields that a server adds to an item are
// dropped, missing fields of an item get their defaults, lists without an order are sorted, and
// enums may have the notation of Java.
func Normalize(property connection.Property, value any) any {
	name, field, _ := strings.Cut(property.Form, ".")
	if t := types[name]; t != nil && t.fields[field] != nil {
		return t.fields[field].normalize(value)
	}
	return connection.Conform(property, value)
}

func (s *schema) normalize(value any) any {
	switch value := value.(type) {
	case []any:
		return s.normalizeList(value)
	case map[string]any:
		return s.normalizeMap(value)
	}
	if text, ok := value.(string); ok {
		value = s.formed(withoutOrdinal(s.property.Enum, text))
	}
	return connection.Conform(s.property, value)
}

func (s *schema) normalizeList(value []any) []any {
	list := make([]any, len(value))
	for i, item := range value {
		list[i] = item
		if s.Items != nil {
			list[i] = s.Items.normalize(item)
		}
	}
	if s.Unordered {
		slices.SortStableFunc(list, func(a, b any) int {
			return strings.Compare(connection.Canonical(a), connection.Canonical(b))
		})
	}
	return list
}

// normalizeMap returns the entries that the schema describes, in normal form and with their
// defaults. A null entry counts as absent.
func (s *schema) normalizeMap(value map[string]any) map[string]any {
	entries := make(map[string]any, len(value))
	for key, item := range value {
		inner := s.Properties[key]
		switch {
		case item == nil, inner != nil && inner.ReadOnly:
		case inner != nil:
			entries[key] = inner.normalize(item)
		case s.others != nil:
			entries[key] = s.others.normalize(item)
		default:
			entries[key] = connection.Conform(connection.Property{}, item)
		}
	}
	for key, inner := range s.Properties {
		if _, found := entries[key]; !found && inner.Default != nil {
			entries[key] = inner.Default
		}
	}
	return entries
}

var ordinal = regexp.MustCompile(`\([0-9]+\)$`)

// withoutOrdinal returns INFO for INFO(6) if the enum contains INFO.
func withoutOrdinal(enum []string, text string) string {
	if short := ordinal.ReplaceAllString(text, ""); short != text && slices.Contains(enum, short) {
		return short
	}
	return text
}

// formed returns the form into which the server converts a text.
func (s *schema) formed(text string) string {
	switch {
	case s.Form == "slash at the end" && text != "" && !strings.HasSuffix(text, "/"):
		return text + "/"
	case s.Form == "no slash in front":
		return strings.TrimPrefix(text, "/")
	case s.Form == "in front of a mark":
		user, _, _ := splitDescription(text)
		return user
	}
	return text
}
