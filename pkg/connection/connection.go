// Package connection is the vocabulary of qlsync: what a data connection is when
// a file declares it ([Desired]), when a tenant holds it ([Live]), how it is
// called ([Key]), and the boundary behind which a remote system stands
// ([Provider]).
//
// It is the leaf of the program. Every other package speaks in its words; it
// imports none of them, does no I/O, and keeps no state. It does not know how
// files are written (package spec), how a difference becomes a step (package
// plan), or how a service is called (package qlik).
//
// # Values
//
// Properties and credentials are JSON values: nil, bool, string, [encoding/json.Number],
// []any and map[string]any, and nothing else. Two kinds of leaf are added where a
// secret stands: [Reference] in what files declare, [Secret] in what is about to
// be sent or was recognised in what a tenant answered. In a declared map, an
// absent entry, a nil entry and an empty entry are three different things: not
// compared, must be absent, and must be empty.
package connection

import (
	"cmp"
	"strconv"
	"strings"
)

// Key is how apps find a connection, and therefore its identity: the exact name
// of its space, or [PersonalSpace], and its own name.
type Key struct {
	Space string `json:"space"`
	Name  string `json:"name"`
}

// PersonalSpace is the name under which the caller's own personal space appears
// in files and keys. A shared space that is itself called so can only be
// declared by its id, and appears as "{id: ...}".
const PersonalSpace = "personal"

// String returns the key for messages: "Finance/Orders lake".
func (k Key) String() string { return k.Space + "/" + k.Name }

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

// Same reports whether two references name a space in the same words.
func (r SpaceRef) Same(other SpaceRef) bool {
	return r.Name == other.Name && r.ID == other.ID && r.Personal == other.Personal
}

// Position is a place in a file. Lines and columns count from 1, columns in
// characters. The zero Position is "nowhere in particular".
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// PositionIn returns the place of a byte offset in the text of a file. For an offset
// outside the text it is the file as a whole.
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

// String returns "file:line:col", or as much of it as is known.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// Compare orders positions by file, line and column.
func (p Position) Compare(other Position) int {
	return cmp.Or(cmp.Compare(p.File, other.File), cmp.Compare(p.Line, other.Line), cmp.Compare(p.Column, other.Column))
}
