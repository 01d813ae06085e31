package spec

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/pkg/connection"
)

// kind is the JSON type of a node.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindList
	kindObject
	// kindBroken replaces a value that was refused and reported, so that it is not reported as missing.
	kindBroken
)

// place is a line and a column within one file; both count from 1.
type place struct{ line, column int32 }

// node is one value of a file in the JSON model. Nodes never change after a file is read: an alias
// and its anchor, or a merged value and its origin, are the same node.
type node struct {
	kind  kind
	place place
	// text is the value of a string, the JSON text of a number, "true" or "false".
	text     string
	children []child
}

// child is an entry of an object, in the order of the file, or an item of a
// list, whose key is empty and whose key's place is the item's own.
type child struct {
	key   string
	place place // of the key
	value *node
}

// is reports whether the node is not nil and has one of the kinds.
func (n *node) is(kinds ...kind) bool {
	if n == nil {
		return false
	}
	for _, k := range kinds {
		if n.kind == k {
			return true
		}
	}
	return false
}

// entry finds the entry of an object; nil for anything else.
func (n *node) entry(key string) *child {
	if !n.is(kindObject) {
		return nil
	}
	for i := range n.children {
		if n.children[i].key == key {
			return &n.children[i]
		}
	}
	return nil
}

// get returns the value of an entry; nil where there is none.
func (n *node) get(key string) *node {
	if found := n.entry(key); found != nil {
		return found.value
	}
	return nil
}

// entries returns the entries of an object, nothing for anything else.
func (n *node) entries() []child {
	if n.is(kindObject) {
		return n.children
	}
	return nil
}

// size counts the values of a tree; aliases count at each use.
func (n *node) size() int {
	if n == nil {
		return 0
	}
	size := 1 + len(n.text)/longText
	for _, child := range n.children {
		size += len(child.key)/longText + child.value.size()
	}
	return size
}

// keys returns the keys of an object, nothing for anything else.
func (n *node) keys() []string {
	keys := make([]string, len(n.entries()))
	for i, entry := range n.entries() {
		keys[i] = entry.key
	}
	return keys
}

// items returns the items of a list, nothing for anything else.
func (n *node) items() []child {
	if n.is(kindList) {
		return n.children
	}
	return nil
}

// step finds a child by a token of a JSON pointer: a key or an index.
func (n *node) step(token string) *child {
	if n.is(kindObject) {
		return n.entry(token)
	}
	if i, ok := index(token, len(n.items())); ok {
		return &n.children[i]
	}
	return nil
}

// index reads a token of a JSON pointer as an index of a list.
func index(token string, length int) (i int, ok bool) {
	i, err := strconv.Atoi(token)
	return i, err == nil && 0 <= i && i < length
}

// value returns the node as a JSON value of package connection.
func (n *node) value() any {
	switch n.kind {
	case kindBool:
		return n.text == "true"
	case kindNumber:
		return json.Number(n.text)
	case kindString:
		return n.text
	case kindList:
		list := make([]any, len(n.children))
		for i, item := range n.children {
			list[i] = item.value.value()
		}
		return list
	case kindObject:
		object := make(map[string]any, len(n.children))
		for _, entry := range n.children {
			object[entry.key] = entry.value.value()
		}
		return object
	}
	return nil
}

// locate returns the place of the value at the tokens, or of the closest value around it. With
// ofKey the result is the place of the key.
func (n *node) locate(tokens []string, ofKey bool) place {
	at := n.place
	for i, token := range tokens {
		next := n.step(token)
		if next == nil {
			break
		}
		n, at = next.value, next.value.place
		if ofKey && i == len(tokens)-1 {
			at = next.place
		}
	}
	return at
}

// keyMark at the end of a path selects the place of the key instead of the value.
const keyMark = "#"

// locatePath is locate for a path as [connection.Desired.At] takes it.
func (n *node) locatePath(path string) place {
	tokens := jsonpointer.Split(path)
	if len(tokens) == 0 {
		return n.place
	}
	last := len(tokens) - 1
	bare, ofKey := strings.CutSuffix(tokens[last], keyMark)
	if ofKey {
		tokens[last] = bare
	}
	return n.locate(tokens, ofKey)
}

// position names a place in a file for the rest of the program.
func position(file string, at place) connection.Position {
	return connection.Position{File: file, Line: int(at.line), Column: int(at.column)}
}
