package spec

import (
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// isReference reports whether a map names where a secret comes from, well or
// badly, rather than being a structure around references.
func isReference(tree *node) bool {
	return tree.is(kindObject) && (tree.entry("env") != nil || tree.entry("file") != nil || tree.entry("exec") != nil)
}

// reference reads {env: NAME}, {file: PATH}, {file: PATH, encoding: base64} or
// {exec: [COMMAND, ARGUMENT...]}. The shape of each part is checked by the schema
// of the file; what is noted here is what it cannot say.
func (n *notes) reference(tree *node) connection.Reference {
	ref := connection.Reference{Position: position(n.file, tree.place)}
	sources := 0
	for _, entry := range tree.entries() {
		switch entry.key {
		case "env":
			ref.Env = textOf(entry.value)
			sources++
		case "file":
			ref.File = textOf(entry.value)
			sources++
		case "encoding":
			ref.Encoding = textOf(entry.value)
		case "exec":
			for _, item := range entry.value.items() {
				ref.Exec = append(ref.Exec, textOf(item.value))
			}
			sources++
		}
	}
	if sources > 1 {
		n.add(tree.place, "a reference names more than one source", "keep one of env, file and exec")
	}
	if slices.ContainsFunc(append(ref.Exec, ref.Env, ref.File), func(text string) bool { return strings.Contains(text, openVariable) }) {
		n.add(tree.place, "variables are not filled in inside references", "")
	}
	return ref
}

// textOf gives the text of a string; empty for anything else.
func textOf(tree *node) string {
	if tree.is(kindString) {
		return tree.text
	}
	return ""
}
