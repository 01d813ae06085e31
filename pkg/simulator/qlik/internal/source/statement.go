package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// The statement of a connection is CUSTOM CONNECT TO "provider=...;name=value;...". No page says how ; = and " are escaped
// in it, so nothing is: whoever writes such values gets another statement than they meant.

const (
	statementBegin = `CUSTOM CONNECT TO "`
	statementEnd   = `"`
)

// ConnectStatement returns qConnectStatement in the form of the samples. It never contains
// credentials, but it contains list values that were not sent with encrypt: true, as the real
// service does: a header with a token is readable in it.
func (s *Source) ConnectStatement(properties map[string]any, extras []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `%sprovider=%s;`, statementBegin, s.Statement.Provider)
	if s.Statement.Selector != "" {
		b.WriteString(s.Statement.Selector + ";")
	}
	shown := s.Visible(properties)
	for _, name := range s.order {
		value, set := shown[name]
		if !set || slices.Contains(CredentialSettings, name) {
			continue
		}
		fmt.Fprintf(&b, "%s=%s;", s.Statement.called(name), statementValue(value))
	}
	for _, pair := range extras {
		b.WriteString(pair + ";")
	}
	b.WriteString(statementEnd)
	return b.String()
}

// called returns the name of a property in a statement.
func (f statementForm) called(property string) string {
	if name, other := f.Names[property]; other {
		return name
	}
	return property
}

// statementValue joins lists as REST statements do: name and value by %2, items by %1.
func statementValue(value any) string {
	list, ok := value.([]any)
	if !ok {
		return host.ScalarText(value)
	}
	var items []string
	for _, item := range list {
		if entry, ok := item.(map[string]any); ok && entry["value"] != nil {
			items = append(items, host.ScalarText(entry["name"])+"%2"+host.ScalarText(entry["value"]))
		}
	}
	return strings.Join(items, "%1")
}

// parseList undoes statementValue.
func parseList(text string) []any {
	list := []any{}
	if text == "" {
		return list
	}
	for item := range strings.SplitSeq(text, "%1") {
		name, value, _ := strings.Cut(item, "%2")
		list = append(list, map[string]any{"name": name, "value": value})
	}
	return list
}

// ParseStatement returns the properties of a statement, and the pairs that are none. Credentials in a statement are the
// latter: they stay where they were put. A statement of another connector is refused: undocumented; assumed.
func (s *Source) ParseStatement(text string) (properties map[string]any, extras []string, err error) {
	text = strings.TrimSpace(text)
	inner, begins := strings.CutPrefix(text, statementBegin)
	inner, ends := strings.CutSuffix(strings.TrimRight(inner, "; "), statementEnd)
	if !begins || !ends {
		return nil, nil, refusal.BadRequest("qConnectStatement: must be CUSTOM CONNECT TO %s", `"provider=...;"`)
	}
	byName := make(map[string]string, len(s.order))
	for _, name := range s.order {
		byName[s.Statement.called(name)] = name
	}
	properties = make(map[string]any)
	var provider string
	for pair := range strings.SplitSeq(inner, ";") {
		pair = strings.TrimSpace(pair)
		key, value, _ := strings.Cut(pair, "=")
		name := byName[key]
		switch {
		case pair == "" || pair == s.Statement.Selector:
		case key == "provider":
			provider = value
		case name == "" || s.IsCredential(name):
			extras = append(extras, pair)
		case s.Properties[name].Type == "array":
			properties[name] = parseList(value)
		default:
			properties[name] = value
		}
	}
	if provider != s.Provider && provider != s.Statement.Provider {
		return nil, nil, refusal.BadRequest("qConnectStatement: the provider is not that of data source %s", s.ID)
	}
	if err := s.CheckAll(properties); err != nil {
		return nil, nil, refusal.BadRequest("qConnectStatement: %v", err)
	}
	return properties, extras, nil
}
