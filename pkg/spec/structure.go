package spec

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/schemas"
)

// formats are the compiled schemas of the files that people write.
type formats struct{ project, connections *checker }

// compileFormats compiles our own schemas.
func compileFormats() formats {
	return formats{mustCompile(schemas.Project()), mustCompile(schemas.Connections())}
}

// mustCompile is for the embedded schemas, which compile or the tests fail.
func mustCompile(text []byte) *checker {
	doc, err := decodeSchema(text)
	if err == nil {
		// Our schemas name an address of their own, which is for their readers.
		delete(doc.(map[string]any), "$id")
		c, compileErr := compile(doc)
		if compileErr == nil {
			return c
		}
		err = compileErr
	}
	panic("spec: an embedded schema does not compile: " + err.Error())
}

// checkStructure notes where the tree does not have the shape that the schema
// of its format asks for.
func (n *notes) checkStructure(format *checker, root *node) {
	instance := root.value()
	violations, err := format.check(instance, func(v violation) bool { return brokenAt(root, v.tokens) })
	if err != nil {
		n.add(root.place, "the structure of the file cannot be checked: "+err.Error(), "")
		return
	}
	for _, v := range violations {
		for _, f := range explain(v, instance) {
			n.add(root.locate(f.tokens, f.ofKey), f.words(), f.hint)
		}
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

// words gives the finding as a sentence.
func (f finding) words() string {
	if f.sentence != "" {
		return f.sentence
	}
	return nameOf(f.tokens) + " " + f.predicate
}

// nameOf names a value in a file by its closest key.
func nameOf(tokens []string) string {
	if len(tokens) == 0 {
		return "the file"
	}
	last := len(tokens) - 1
	if i, err := strconv.Atoi(tokens[last]); err == nil && last > 0 {
		return fmt.Sprintf("item %d of %s", i+1, nameOf(slices.Clone(tokens[:last])))
	}
	return strconv.Quote(tokens[last])
}
