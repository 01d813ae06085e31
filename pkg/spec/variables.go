package spec

import (
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/pkg/connection"
)

// scope holds the variables of one tenant.
//
// ${var.NAME}, ${tenant.id} and ${tenant.COLUMN} are filled in, in values of connection files and in the
// project's spaces, never in keys; ${each.key}, ${each.value} and ${each.value.FIELD} in values of a
// connection with forEach. What may be in the name of a reference is in expand.go. $${ is a literal ${. A value that contains a placeholder is always text. The value of
// a variable is not expanded again. An item of forEach may contain variables.
type scope struct {
	values map[string]string
	used   map[string]bool
	tenant string // for messages; empty where there is only one
	most   int    // bytes that the texts of the project become that hold variables
	each   *each  // the item of the connection; nil: the connection has no forEach
	of     *Tenant
}

// newScope merges variables; later maps win.
func newScope(tenant string, layers ...map[string]string) *scope {
	s := &scope{values: map[string]string{}, used: map[string]bool{}, tenant: tenant, most: limits.FilledBytes}
	for _, layer := range layers {
		maps.Copy(s.values, layer)
	}
	return s
}

const (
	openBrace    = "${"
	escapedBrace = "$${"
	openVariable = "${var."
	openEach     = "${each."
)

// filler fills in the variables of a text at a place. ok is false if it reported a problem; then
// nothing more is reported about the text.
type filler func(at place, text string) (filled string, ok bool)

// fill returns the filler for one file. Messages never contain the texts, which may be parts of
// credentials.
func (s *scope) fill(n *notes) filler {
	return func(at place, text string) (string, bool) {
		if !strings.Contains(text, openBrace) {
			return text, true
		}
		known, within := n.errors, n.filled <= s.most
		filled := s.replace(n, at, text)
		if within && n.filled > s.most {
			n.add(at, connection.Because("variables-too-large", "limit", limits.Size(int64(s.most))))
		}
		if n.errors > known || n.filled > s.most {
			return "", false
		}
		return filled, true
	}
}

// asWritten is the filler that leaves variables alone.
func asWritten(_ place, text string) (string, bool) { return text, true }

func (s *scope) replace(n *notes, at place, text string) string {
	var filled strings.Builder
	write := func(part string) {
		if n.filled += len(part); n.filled <= s.most {
			filled.WriteString(part)
		}
	}
	for n.filled <= s.most {
		before, after, found := strings.Cut(text, openBrace)
		if !found {
			write(text)
			return filled.String()
		}
		if literal, escaped := strings.CutSuffix(before, "$"); escaped {
			write(literal + openBrace)
			text = after
			continue
		}
		name, rest, closed := strings.Cut(after, "}")
		kind, name, _ := strings.Cut(name, ".")
		write(before)
		switch {
		case closed && kind == "var":
			write(s.lookup(n, at, name))
		case closed && kind == "each":
			filled.WriteString(s.ofItem(n, at, name))
		case closed && kind == "tenant" && s.of != nil:
			write(s.ofTenant(n, at, name))
		default:
			n.add(at, connection.Because("unknown-placeholder"))
			return ""
		}
		text = rest
	}
	return ""
}

func (s *scope) ofTenant(n *notes, at place, name string) string {
	value, reason := s.of.value(name)
	if reason.Code != "" {
		n.add(at, reason)
	}
	return value
}

// ofItem returns a text of the item, with its variables filled in.
func (s *scope) ofItem(n *notes, at place, name string) string {
	text, reason := s.each.text(strings.Split(name, "."))
	if reason.Code != "" {
		n.add(at, reason)
		return ""
	}
	item := s.each
	s.each = nil
	defer func() { s.each = item }()
	return s.replace(n, at, text)
}

// lookup returns the value of a variable, or reports that it does not exist.
func (s *scope) lookup(n *notes, at place, name string) string {
	value, defined := s.values[name]
	s.used[name] = true
	if !defined {
		reason := connection.Because("undefined-variable", "variable", name)
		if s.tenant != "" {
			reason = connection.Because("undefined-for-tenant", "variable", name, "tenant", s.tenant)
		}
		n.add(at, suggest(reason, name, slices.Sorted(maps.Keys(s.values))))
	}
	return value
}

// values copies a tree with its variables filled in. A null in a map remains: it declares absence.
func (f filler) values(tree *node) any {
	switch tree.kind {
	case kindString:
		filled, _ := f(tree.place, tree.text)
		return filled
	case kindList:
		list := make([]any, 0, len(tree.children))
		for _, item := range tree.children {
			list = append(list, f.values(item.value))
		}
		return list
	case kindObject:
		object := make(map[string]any, len(tree.children))
		for _, entry := range tree.children {
			if entry.value.kind != kindBroken {
				object[entry.key] = f.values(entry.value)
			}
		}
		return object
	}
	return tree.value()
}

// variables reads a map of variables and reports invalid ones. A number keeps its notation: 1.10 is
// not 1.1.
func (n *notes) variables(tree *node) map[string]string {
	read := map[string]string{}
	for _, entry := range tree.entries() {
		if !entry.value.is(kindString, kindNumber, kindBool) {
			continue // reported by the structure check
		}
		if entry.value.kind == kindString && strings.Contains(entry.value.text, openVariable) {
			n.add(entry.value.place, connection.Because("variable-in-variable", "variable", entry.key))
		}
		read[entry.key] = entry.value.text
	}
	return read
}

// EscapeVariables returns a text with the file notation of a literal text that looks like a
// variable.
func EscapeVariables(text string) string { return strings.ReplaceAll(text, openBrace, escapedBrace) }
