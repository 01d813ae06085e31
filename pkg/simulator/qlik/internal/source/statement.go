package source

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/refusal"
)

// A statement is CUSTOM CONNECT TO "provider=...;name=value;...". It has the defaults of everything that was not sent, and
// pairs that no create has, as statements of real tenants do. No source says how a value with ; or outer blanks is written:
// here in braces, as ODBC has it, unless Behaviour.RawStatements. Nothing else is escaped.

const (
	statementBegin = `CUSTOM CONNECT TO "`
	statementEnd   = `"`
)

// Pair is a key with its value in a statement.
type Pair struct{ Key, Value string }

// WriteStatement returns qConnectStatement in the form of the samples.
func WriteStatement(pairs []Pair, raw bool) string {
	var b strings.Builder
	b.WriteString(statementBegin)
	for _, p := range pairs {
		value := p.Value
		if !raw && (strings.ContainsAny(value, ";") || strings.TrimSpace(value) != value || strings.HasPrefix(value, "{")) {
			value = "{" + strings.ReplaceAll(value, "}", "}}") + "}"
		}
		b.WriteString(p.Key + "=" + value + ";")
	}
	b.WriteString(statementEnd)
	return b.String()
}

// ReadStatement returns the pairs of a statement, or false if the text has another form.
func ReadStatement(text string, raw bool) (pairs []Pair, ok bool) {
	inner, begins := strings.CutPrefix(strings.TrimSpace(text), statementBegin)
	inner, ends := strings.CutSuffix(strings.TrimRight(inner, "; "), statementEnd)
	if !begins || !ends {
		return nil, false
	}
	for inner != "" {
		key, rest, _ := strings.Cut(inner, "=")
		if value, after, braced := cutBraces(rest); braced && !raw && !strings.Contains(key, ";") {
			pairs, inner = append(pairs, Pair{strings.TrimSpace(key), value}), after
			continue
		}
		var text string
		text, inner, _ = strings.Cut(inner, ";")
		if text = strings.TrimSpace(text); text != "" {
			key, value, _ := strings.Cut(text, "=")
			pairs = append(pairs, Pair{key, value})
		}
	}
	return pairs, true
}

// cutBraces returns the value in the braces that text begins with, and what follows the ; after it.
func cutBraces(text string) (value, after string, ok bool) {
	inner, ok := strings.CutPrefix(text, "{")
	if !ok {
		return "", "", false
	}
	var b strings.Builder
	for {
		part, rest, closed := strings.Cut(inner, "}")
		b.WriteString(part)
		switch {
		case !closed:
			return "", "", false
		case strings.HasPrefix(rest, "}"):
			b.WriteByte('}')
			inner = rest[1:]
		case rest == "" || rest[0] == ';':
			return b.String(), strings.TrimPrefix(rest, ";"), true
		default:
			return "", "", false
		}
	}
}

// Pairs returns the pairs of the statement of a connection. It never contains
// credentials, but it contains list values that were not sent with encrypt: true, as the real
// service does: a header with a token is readable in it.
func (s *Source) Pairs(properties map[string]any, extras []string) []Pair {
	pairs := []Pair{{"provider", s.Statement.Provider}}
	if key, value, found := strings.Cut(s.Statement.Selector, "="); found {
		pairs = append(pairs, Pair{key, value})
	}
	shown := s.Visible(properties)
	for _, name := range s.order {
		value, set := shown[name]
		if !set {
			value = s.Properties[name].Default
		}
		if value != nil && s.isStated(name) {
			pairs = append(pairs, Pair{s.Statement.called(name), statementValue(value)})
		}
	}
	for _, text := range slices.Concat(s.Statement.Constants, extras) {
		key, value, _ := strings.Cut(text, "=")
		pairs = append(pairs, Pair{key, value})
	}
	return pairs
}

// isStated reports whether a property is in statements, and so read from them.
func (s *Source) isStated(name string) bool {
	_, known := s.Properties[name]
	return known && !s.IsCredential(name) && !slices.Contains(CredentialSettings, name)
}

// PropertyOf returns the property that a key of a statement stands for; "" if it stands for none.
func (s *Source) PropertyOf(key string) string {
	for _, name := range s.order {
		if s.isStated(name) && s.Statement.called(name) == key {
			return name
		}
	}
	return ""
}

// IsDefault reports whether a value is what a statement says of a property that was not sent.
func (s *Source) IsDefault(name string, value any) bool {
	fallback := s.Properties[name].Default
	return fallback != nil && statementValue(fallback) == statementValue(value)
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

// Parsed returns the properties that the pairs of a statement say: of a key that is there twice, the first one counts. What
// was sent says the rest: the form of a value whose text is that of the statement, which pairs are more than defaults, and
// all that is not in statements.
func (s *Source) Parsed(pairs []Pair, sent map[string]any) map[string]any {
	texts := make(map[string]string, len(pairs))
	for _, p := range slices.Backward(pairs) {
		texts[p.Key] = p.Value
	}
	properties := make(map[string]any, len(sent))
	for name, value := range sent {
		if !s.isStated(name) {
			properties[name] = value
		}
	}
	for _, name := range s.order {
		text, stated := texts[s.Statement.called(name)]
		if !stated || !s.isStated(name) {
			continue
		}
		value, wasSent := sent[name]
		visible, _ := host.NotHashed(value)
		switch {
		case wasSent && statementValue(visible) == text:
			properties[name] = value
		case !wasSent && s.IsDefault(name, text):
		case s.Properties[name].Type == "array":
			properties[name] = parseList(text)
		default:
			properties[name] = text
		}
	}
	return properties
}

// ParseStatement returns the properties of a statement that somebody sent, and the pairs that are none. Credentials in a
// statement are the latter: they stay where they were put. A statement of another connector is refused: undocumented;
// assumed.
func (s *Source) ParseStatement(text string, raw bool) (properties map[string]any, extras []string, err error) {
	pairs, ok := ReadStatement(text, raw)
	if !ok {
		return nil, nil, refusal.BadRequest("qConnectStatement: must be CUSTOM CONNECT TO %s", `"provider=...;"`)
	}
	byName := make(map[string]string, len(s.order))
	for _, name := range s.order {
		byName[s.Statement.called(name)] = name
	}
	properties = make(map[string]any)
	var provider string
	for _, p := range pairs {
		name, text := byName[p.Key], p.Key+"="+p.Value
		switch {
		case text == s.Statement.Selector || slices.Contains(s.Statement.Constants, text):
		case p.Key == "provider":
			provider = p.Value
		case name == "" || s.IsCredential(name):
			extras = append(extras, text)
		case s.Properties[name].Type == "array":
			properties[name] = parseList(p.Value)
		default:
			properties[name] = p.Value
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
