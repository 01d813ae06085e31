package spec

import (
	"slices"
	"strconv"
	"sync"

	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/schemas"
)

// formats are the compiled schemas of the files that people write.
type formats struct{ project, connections, tenants *checker }

// compileFormats compiles our own schemas, once in a process: they are only read then.
var compileFormats = sync.OnceValue(func() formats {
	return formats{mustCompile(schemas.Project()), mustCompile(schemas.Connections()), mustCompile(schemas.Tenants())}
})

// The keys of a connection, of a tenant, and of its auth.
func (f formats) connectionKeys() []string {
	return keysOf(f.connections, "properties", "connections", "items")
}
func (f formats) tenantKeys() []string { return keysOf(f.project, "definitions", "tenant") }
func (f formats) authKeys() []string {
	return keysOf(f.project, "definitions", "tenant", "properties", "auth")
}

// keysOf returns the keys that the schema at the tokens knows.
func keysOf(format *checker, tokens ...string) []string {
	return entryNames(valueAt(format.doc, append(tokens, "properties")))
}

// mustCompile is for the embedded schemas, which compile or the tests fail.
func mustCompile(text []byte) *checker {
	doc, err := jsontext.Decode(text)
	if err == nil {
		// The address of our schemas is only for readers.
		delete(doc.(map[string]any), "$id")
		c, compileErr := compile(doc)
		if compileErr == nil {
			c.shapes = shapesOfItems(doc)
			return c
		}
		err = compileErr
	}
	panic("spec: an embedded schema does not compile: " + err.Error())
}

// checkStructure reports where the tree does not have the form of its schema. The items of
// top-level lists, which may be very many, are checked one by one, up to the reporting limit.
func (n *notes) checkStructure(format *checker, root *node) {
	n.checkPart(format, root, firstItems(format, root), nil)
	for _, entry := range root.entries() {
		items := format.ofItems(entry.key)
		for i, item := range entry.value.items() {
			if items == nil || n.full() {
				break
			}
			if i > 0 {
				n.checkPart(items, root, item.value, []string{entry.key, strconv.Itoa(i)})
			}
		}
	}
}

// firstItems returns a tree with only the first item of each top-level list whose items can be
// checked one by one.
func firstItems(format *checker, root *node) *node {
	short := *root
	short.children = slices.Clone(root.children)
	for i, entry := range root.entries() {
		if format.ofItems(entry.key) != nil && len(entry.value.items()) > 1 {
			list := *entry.value
			list.children = list.children[:1]
			short.children[i].value = &list
		}
	}
	return &short
}

// checkPart reports the problems of a part of a tree, in the order of the file.
func (n *notes) checkPart(format *checker, root, part *node, tokens []string) {
	if format.shape != nil && format.shape.verdict(part) == valid {
		return
	}
	instance := part.value()
	violations, err := format.check(instance, func(v violation) bool { return brokenAt(part, v.tokens) })
	if err != nil {
		n.add(part.place, connection.Because("structure-unchecked", "reason", err.Error()))
		return
	}
	type located struct {
		at     connection.Position
		reason connection.Reason
	}
	var found []located
	for _, v := range violations {
		for _, f := range explain(v, instance) {
			f.tokens = slices.Concat(tokens, f.tokens)
			found = append(found, located{position(n.file, root.locate(f.tokens, f.ofKey)), n.reasonIn(f)})
		}
	}
	slices.SortStableFunc(found, func(a, b located) int { return a.at.Compare(b.at) })
	for _, f := range found {
		n.note(f.at, connection.SeverityError, f.reason)
	}
}

// brokenAt reports whether the tokens lead to a value that was refused before.
func brokenAt(root *node, tokens []string) bool {
	for _, token := range tokens {
		next := root.step(token)
		if next == nil {
			break
		}
		root = next.value
	}
	return root.is(kindBroken)
}

// reasonIn returns the reason of a finding in a file. For a version it also contains the existing
// one.
func (n *notes) reasonIn(f finding) connection.Reason {
	field := fieldName(f.tokens)
	switch {
	case f.reason.Code == "missing-field" && len(f.tokens) == 0 && f.reason.Args["field"] == versionField:
		return connection.Because("missing-version", "field", versionField)
	case f.ofValue && len(f.tokens) == 1 && field == versionField:
		return connection.Because("wrong-version", "field", versionField)
	case len(f.tokens) == 0:
		return f.named("file", n.file)
	case f.reason.Code == "unknown-field" && len(f.tokens) == 5 && f.tokens[2] == "overrides" && slices.Contains(fixedFields, field):
		return connection.Because("not-in-override", "field", field)
	}
	return f.named("field", field)
}

const versionField = "version"

// fixedFields are the fields of a connection that an override cannot change: they say which
// connections there are.
var fixedFields = []string{"name", "space", "dataSource", "tenants", "forEach", "overrides"}

// fieldName names a value in a file by its closest key, with the index in a list.
func fieldName(tokens []string) string {
	last := len(tokens) - 1
	for last > 0 {
		if _, err := strconv.Atoi(tokens[last]); err != nil {
			break
		}
		last--
	}
	return dotted(tokens[max(0, last):])
}
