// Package connection defines the types that all other packages share: a data connection as files
// declare it ([Desired]), as a tenant holds it ([Live]), its identity ([Key]), and the interface to
// a remote system ([Provider]).
//
// The package imports no other package of the core, does no I/O and keeps no state. It does not
// know how files are written (package spec), how a difference becomes a step (package plan), or how
// a service is called (package qlik).
//
// # Values
//
// Properties and credentials are JSON values: nil, bool, string, [encoding/json.Number], []any and
// map[string]any. Two more kinds of leaf represent secrets: [Reference] in declarations, and
// [Secret] in values that are about to be sent or that were recognised in a tenant's answer. In a
// declared map, an absent entry is not compared, a nil entry must be absent, and an empty entry
// must be empty.
package connection

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Key is the identity of a connection, by which apps find it: its name, and the exact name of its
// space or [PersonalSpace]. A key without a name is the space itself.
type Key struct {
	Space string `json:"space"`
	Name  string `json:"name"`
}

// PersonalSpace is the name of the caller's own personal space in files and keys. A shared space
// with that name can only be declared by its id, and appears as "{id: ...}".
const PersonalSpace = "personal"

// String returns the key for messages: "Finance/Orders lake", or "space Finance".
func (k Key) String() string {
	if k.IsSpace() {
		return "space " + k.Space
	}
	return k.Space + "/" + k.Name
}

// IsSpace reports whether the key is a space itself, and not a connection in it.
func (k Key) IsSpace() bool { return k.Name == "" && k.Space != "" }

// Compare orders keys by space, then by name.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Space, other.Space), cmp.Compare(k.Name, other.Name))
}

// SpaceRef is a space as a file names it: by exact name, by id, or the caller's
// own personal space. Exactly one of the three is set.
type SpaceRef struct {
	Name     string
	ID       string
	Personal bool
	Position Position // where it is written
}

// String returns the reference as it would be written in a file.
func (r SpaceRef) String() string {
	switch {
	case r.Personal:
		return PersonalSpace
	case r.ID != "":
		return "{id: " + r.ID + "}"
	}
	return r.Name
}

// Same reports whether two references are written identically.
func (r SpaceRef) Same(other SpaceRef) bool {
	return r.Name == other.Name && r.ID == other.ID && r.Personal == other.Personal
}

// Position is a place in a file. Lines and columns count from 1, columns in characters. The zero
// Position is unknown.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Item is the item of forEach, in the same file, for which the place is meant. Zero: none.
	Item Place `json:"item,omitzero"`
}

// Place is a line and a column in a file.
type Place struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// IsZero reports whether the place is unknown.
func (p Place) IsZero() bool { return p == Place{} }

// OnlyItem returns the part of a position that annotations of a line cannot show.
func (p Position) OnlyItem() Position { return Position{Item: p.Item} }

// PositionIn returns the position of a byte offset in the text of a file. For an offset outside the
// text the position is the file as a whole.
func PositionIn(file string, text []byte, offset int) Position {
	if offset < 0 || offset > len(text) {
		return Position{File: file}
	}
	before := string(text[:offset])
	return Position{
		File:   file,
		Line:   1 + strings.Count(before, "\n"),
		Column: 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:])),
	}
}

// String returns "file:line:col", or the part of it that is known, and the place of an item:
// "file:line:col (item at line:col)".
func (p Position) String() string {
	text := p.File
	if p.Line > 0 {
		text += ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
	}
	if !p.Item.IsZero() {
		text = strings.TrimSpace(fmt.Sprintf("%s (item at %d:%d)", text, p.Item.Line, p.Item.Column))
	}
	return text
}

// Compare orders positions by file, line and column, and then by the item.
func (p Position) Compare(other Position) int {
	return cmp.Or(cmp.Compare(p.File, other.File), cmp.Compare(p.Line, other.Line), cmp.Compare(p.Column, other.Column),
		cmp.Compare(p.Item.Line, other.Item.Line), cmp.Compare(p.Item.Column, other.Item.Column))
}
