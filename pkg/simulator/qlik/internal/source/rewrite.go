package source

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Detailed returns the api-specs with everything that a schema could contain in addition to types,
// defaults and enums: the host is required.
func (s *Source) Detailed() (json.RawMessage, error) {
	var specs map[string]any
	if err := host.DecodeOne(s.APISpecs, &specs); err != nil {
		return nil, err
	}
	schema := specs["connectionProperties"].(map[string]any)
	required := []string{}
	for name, described := range schema["properties"].(map[string]any) {
		property := described.(map[string]any)
		switch {
		case s.IsCredential(name) && property["type"] == "string" && name != "username":
			property["format"], property["writeOnly"] = "password", true
		case property["type"] == "array":
			property["items"] = map[string]any{"type": "object", "properties": map[string]any{
				"name": map[string]any{"type": "string"}, "value": map[string]any{"type": "string"},
			}}
		case slices.Contains(HostProperties, name) && property["default"] == nil:
			required = append(required, name)
		}
	}
	slices.Sort(required)
	schema["required"] = required
	return json.Marshal(specs)
}

// Normalised returns visible properties with the types of the api-specs, and with the defaults of what is missing.
func (s *Source) Normalised(shown map[string]any) map[string]any {
	for name, p := range s.Properties {
		value, set := shown[name]
		switch {
		case set:
			shown[name] = p.typed(value)
		case p.Default != nil && !s.IsCredential(name):
			shown[name] = p.Default
		}
	}
	return shown
}

// Rewritten returns visible properties as a service may make them of what was sent.
func Rewritten(shown map[string]any) map[string]any {
	for name, value := range shown {
		switch v := value.(type) {
		case []any:
			shown[name] = completed(v)
		case string:
			if slices.Contains(HostProperties, name) && !strings.Contains(v, "/") {
				shown[name] = strings.ToLower(v)
			}
		}
	}
	return shown
}

// completed returns a list of named items in the order of their names, with what they leave out.
func completed(list []any) []any {
	items := make([]any, len(list))
	for i, item := range list {
		entry, ok := item.(map[string]any)
		if !ok || entry["name"] == nil {
			return list
		}
		whole := map[string]any{"encrypt": false}
		maps.Copy(whole, entry)
		items[i] = whole
	}
	slices.SortStableFunc(items, func(a, b any) int {
		return strings.Compare(host.ScalarText(a.(map[string]any)["name"]), host.ScalarText(b.(map[string]any)["name"]))
	})
	return items
}

// typed returns a value in the type of its property, where it was sent in another.
func (p property) typed(value any) any {
	text, isText := value.(string)
	switch {
	case p.Type == "boolean" && isText:
		return text == "true"
	case p.Type == "integer" && isText:
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return json.Number(strings.TrimLeft(text, "+"))
		}
	case p.Type == "string" && !isText:
		return host.ScalarText(value)
	}
	return value
}
