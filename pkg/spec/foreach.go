package spec

import (
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// declared is one connection of a file: a tree, or a template and an item of its forEach.
type declared struct {
	tree int32
	item int32 // the tree of the item; negative: the connection has no forEach
	at   place // of the item
}

func (d declared) place() connection.Place {
	return connection.Place{Line: int(d.at.line), Column: int(d.at.column)}
}

// itemsOf returns the items of a forEach: the items of a list, or the entries of a map.
func itemsOf(template *node) []child {
	if items := template.get("forEach"); items.is(kindList, kindObject) {
		return items.children
	}
	return nil
}

// standFor returns how many connections the items of a file are, and how many values these have
// beyond the values of the file.
func standFor(items []child, defaults *node) (connections, values int) {
	for _, item := range items {
		number := 1
		if item.value.entry("forEach") != nil {
			number = len(itemsOf(item.value))
			values += max(0, number-1) * item.value.size()
		}
		connections += number
		values += number * defaults.size()
	}
	return connections, values
}

// declare adds a connection, or a template with its items, and returns what the tree declares. An
// item is stored in a list or map of its own.
func (p *packer) declare(tree *node) []declared {
	if tree.entry("forEach") == nil {
		p.add(tree)
		return []declared{{tree: int32(len(p.trees) - 1), item: -1}}
	}
	p.add(without(tree, "forEach"))
	template := int32(len(p.trees) - 1)
	var all []declared
	for _, item := range itemsOf(tree) {
		p.add(&node{kind: tree.get("forEach").kind, place: item.place, children: []child{item}})
		all = append(all, declared{template, int32(len(p.trees) - 1), item.place})
	}
	return all
}

// without returns an object without an entry.
func without(tree *node, key string) *node {
	rest := *tree
	rest.children = slices.DeleteFunc(slices.Clone(tree.children), func(c child) bool { return c.key == key })
	return &rest
}

// each is the item of forEach for which a connection is read.
type each struct {
	key   string
	value *node
	named bool // the item is an entry of a map
}

// each returns the item of a connection; nil: the connection has no forEach.
func (s *source) each(d declared) *each {
	if d.item < 0 {
		return nil
	}
	tree := s.trees.tree(int(d.item))
	item := tree.children[0]
	return &each{key: item.key, value: item.value, named: tree.is(kindObject)}
}

// at returns [connection.Desired.At] of a connection for a tenant.
func (s *source) at(d declared, tenant *Tenant) func(path string) connection.Position {
	return func(path string) connection.Position {
		tree := override(s.trees.tree(int(d.tree)), tenant)
		at := position(s.file, tree.locatePath(path))
		at.Item = d.place()
		return at
	}
}

// text returns the text of each.key, each.value or each.value.FIELD, as the file has it. In a list of
// texts, the key is the value. The reason says why there is none.
func (e *each) text(path []string) (string, connection.Reason) {
	switch {
	case e == nil:
		return "", connection.Because("each-without-for-each")
	case len(path) == 1 && path[0] == "key" && e.named:
		return e.key, connection.Reason{}
	case len(path) == 1 && path[0] == "key" && e.value.is(kindObject):
		return "", connection.Because("each-without-key")
	case len(path) == 1 && (path[0] == "key" || path[0] == "value"):
		return e.scalar(e.value)
	case len(path) != 2 || path[0] != "value":
		return "", connection.Because("unknown-placeholder")
	case !e.value.is(kindObject):
		return "", connection.Because("each-without-fields", "field", path[1])
	}
	field := e.value.entry(path[1])
	if field == nil {
		return "", suggest(connection.Because("each-unknown-field", "field", path[1]), path[1], e.value.keys())
	}
	return e.scalar(field.value)
}

// scalar returns the text of a value that is not a map or a list.
func (e *each) scalar(value *node) (string, connection.Reason) {
	switch {
	case value.is(kindString, kindNumber, kindBool):
		return value.text, connection.Reason{}
	case value.is(kindObject):
		return "", connection.Because("each-is-map", "fields", value.keys())
	}
	return "", connection.Because("unknown-placeholder") // the structure check reports the value
}
