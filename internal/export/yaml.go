package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// common is the common part of all connections of a file.
type common struct {
	space      bool
	dataSource string
	tags       []string
	properties map[string]any
}

// commonOf returns the common parts of connections: of two or more, the tags and, if they have one data
// source, the data source and the scalar properties.
func commonOf(all []*exported) common {
	c := common{}
	if len(all) == 0 {
		return c
	}
	first := all[0]
	every := func(same func(*exported) bool) bool {
		return !slices.ContainsFunc(all, func(x *exported) bool { return !same(x) })
	}
	c.space = every(func(x *exported) bool { return x.live.SpaceID == first.live.SpaceID })
	if len(all) < 2 {
		return c
	}
	if len(first.tags) > 0 && every(func(x *exported) bool { return slices.Equal(x.tags, first.tags) }) {
		c.tags = first.tags
	}
	if !every(func(x *exported) bool { return x.live.DataSource == first.live.DataSource }) {
		return c
	}
	c.dataSource, c.properties = first.live.DataSource, map[string]any{}
	for name, value := range first.properties {
		if isSimple(value) && every(func(x *exported) bool { return connection.Equal(x.properties[name], value) }) {
			c.properties[name] = value
		}
	}
	return c
}

func isSimple(value any) bool {
	switch value.(type) {
	case string, bool, json.Number:
		return true
	}
	return false
}

// defaults returns the entries that are written once for all connections.
func (e *exporter) defaults(c common, live *connection.Live) mapped {
	defaults := mapping()
	if len(e.project.Tenants) > 1 {
		defaults.add("tenants", textsNode([]string{e.in.Tenant}))
	}
	if c.space {
		defaults.add("space", spaceNode(live))
	}
	if c.dataSource != "" {
		defaults.add("dataSource", textNode(spec.EscapeVariables(c.dataSource)))
	}
	if len(c.tags) > 0 {
		defaults.add("tags", textsNode(c.tags))
	}
	if len(c.properties) > 0 {
		defaults.add("properties", valueNode(c.properties))
	}
	return defaults
}

// text returns a connection file. Without common parts, every connection is written completely.
func (e *exporter) text(in *content, c common) []byte {
	var text bytes.Buffer
	text.WriteString("version: 1\n")
	for i, d := range in.spaces {
		text.WriteString([]string{"spaces:\n", "\n"}[min(i, 1)] + indent(encodeNode(e.declaration(d)), "  - ", "    "))
	}
	all := in.connections
	if len(all) == 0 {
		return text.Bytes()
	}
	if defaults := e.defaults(c, all[0].live); len(defaults.node.Content) > 0 {
		text.WriteString("defaults:\n" + indent(encodeNode(defaults.node), "  ", "  "))
	}
	text.WriteString("connections:\n")
	for i, x := range all {
		if i > 0 {
			text.WriteString("\n")
		}
		text.WriteString(indent(encodeNode(x.node(c)), "  - ", "    "))
		if len(x.others) > 0 {
			text.WriteString("      # Other possible credentials of this data source: " + comment(strings.Join(x.others, ", ")) + "\n")
		}
		if len(x.offered) > 0 {
			offered := mapping()
			offered.add("credentials", valueNode(x.offered))
			for _, line := range x.whyOffered() {
				text.WriteString("    # " + comment(line) + "\n")
			}
			text.WriteString(indent(encodeNode(offered.node), "    # ", "    # "))
		}
	}
	return text.Bytes()
}

// whyOffered returns why the credentials of a connection are a comment, and the purpose of the
// comment: the service does not return the value, or the value is redacted because an ownership
// record or a guess says that it is a secret.
func (x *exported) whyOffered() []string {
	var unreturned, hidden []string
	for _, name := range slices.Sorted(maps.Keys(x.offered)) {
		if len(connection.Secrets(x.live.Properties[name])) > 0 {
			hidden = append(hidden, name)
		} else {
			unreturned = append(unreturned, name)
		}
	}
	var lines []string
	if len(hidden) > 0 {
		lines = append(lines, "Not exported, because the value is a secret or looks like one: "+strings.Join(hidden, ", "))
	}
	if len(unreturned) > 0 {
		lines = append(lines, "Not exported, because the service does not return the value: "+strings.Join(unreturned, ", "))
	}
	return append(lines, "To have qlsync write these credentials:")
}

// node returns the connection as written in a file.
func (x *exported) node(c common) *yaml.Node {
	entry := mapping()
	entry.add("name", textNode(spec.EscapeVariables(x.live.Key.Name)))
	if c.dataSource == "" {
		entry.add("dataSource", textNode(spec.EscapeVariables(x.live.DataSource)))
	}
	if !c.space {
		entry.add("space", spaceNode(x.live))
	}
	if len(x.tags) > 0 && len(c.tags) == 0 {
		entry.add("tags", textsNode(x.tags))
	}
	if x.allowUnknown {
		entry.add("additionalProperties", textNode("allow"))
	}
	if len(x.sensitive) > 0 {
		entry.add("sensitive", textsNode(x.sensitive))
	}
	if len(x.notSensitive) > 0 {
		entry.add("notSensitive", textsNode(x.notSensitive))
	}
	own := map[string]any{}
	for name, value := range x.properties {
		if _, shared := c.properties[name]; !shared {
			own[name] = value
		}
	}
	if len(own) > 0 {
		entry.add("properties", valueNode(own))
	}
	if len(x.credentials) > 0 {
		entry.add("credentials", valueNode(x.credentials))
	}
	return entry.node
}

// mapped is a map whose entries keep their order.
type mapped struct{ node *yaml.Node }

func mapping() mapped { return mapped{&yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}} }

func (m mapped) add(key string, value *yaml.Node) {
	m.node.Content = append(m.node.Content, textNode(key), value)
}

func spaceNode(live *connection.Live) *yaml.Node {
	switch {
	case live.SpaceID == "":
		return textNode(connection.PersonalSpace)
	case live.Key.Space == connection.PersonalSpace, live.Key.Space == (connection.SpaceRef{ID: live.SpaceID}).String():
		space := mapping()
		space.node.Style = yaml.FlowStyle
		space.add("id", textNode(spec.EscapeVariables(live.SpaceID)))
		return space.node
	}
	return textNode(spec.EscapeVariables(live.Key.Space))
}

func textsNode(texts []string) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
	for _, text := range texts {
		list.Content = append(list.Content, textNode(spec.EscapeVariables(text)))
	}
	return list
}

// words11 are texts that YAML 1.1 parsers read as another type.
var words11 = []string{"y", "n", "yes", "no", "on", "off"}

// textNode returns a text, in quotes if a parser could read it as another type.
func textNode(text string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if strings.ContainsFunc(text, isHiddenInLine) || strings.TrimSpace(text) != text || connection.HasRunnerCommand(text) {
		node.Style = yaml.DoubleQuotedStyle
	}
	if slices.Contains(words11, strings.ToLower(text)) {
		node.Style = yaml.DoubleQuotedStyle
	}
	return node
}

// valueNode returns a JSON value with references among its leaves.
func valueNode(value any) *yaml.Node {
	switch value := value.(type) {
	case connection.Reference:
		reference := mapping()
		reference.node.Style = yaml.FlowStyle
		reference.add("env", textNode(value.Env))
		return reference.node
	case string:
		return textNode(spec.EscapeVariables(value))
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(value)}
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: value.String()}
	case []any:
		list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, item := range value {
			list.Content = append(list.Content, valueNode(item))
		}
		if !slices.ContainsFunc(value, func(item any) bool { return !isSimple(item) }) {
			list.Style = yaml.FlowStyle
		}
		return list
	case map[string]any:
		object := mapping()
		for _, key := range slices.Sorted(maps.Keys(value)) {
			object.add(key, valueNode(value[key]))
		}
		if len(value) == 0 {
			object.node.Style = yaml.FlowStyle
		}
		return object.node
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
}

// comment returns a text that cannot end a comment or control a pipeline.
func comment(text string) string {
	if strings.ContainsFunc(text, connection.IsUnseen) {
		text = connection.Quote(text)
	}
	return connection.BreakRunnerCommands(text)
}

func encodeNode(node *yaml.Node) string {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return "" // the missing text is noticed when the file is parsed again
	}
	return escapeUnseen(text.String())
}

// escapeUnseen escapes invisible characters, and text that a pipeline runner would obey, because an
// export is printed too. The encoder writes both raw, and [textNode] has put them in double quotes,
// in which YAML has escapes.
func escapeUnseen(text string) string {
	text = connection.BreakRunnerCommands(text)
	if !strings.ContainsFunc(text, isHiddenInLine) {
		return text
	}
	var escaped strings.Builder
	for _, r := range text {
		switch {
		case !isHiddenInLine(r):
			escaped.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&escaped, `\U%08X`, r)
		default:
			fmt.Fprintf(&escaped, `\u%04X`, r)
		}
	}
	return escaped.String()
}

func isHiddenInLine(r rune) bool { return r != '\n' && connection.IsUnseen(r) }

// indent prepends a text to the first line and another to the other lines; an empty line stays
// empty.
func indent(text, first, rest string) string {
	var indented strings.Builder
	prefix := first
	for line := range strings.Lines(text) {
		if line == "\n" {
			prefix = strings.TrimRight(prefix, " ")
		}
		indented.WriteString(prefix + line)
		prefix = rest
	}
	return indented.String()
}
