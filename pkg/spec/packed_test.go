package spec

import (
	"reflect"
	"testing"
)

func TestAPackedTreeIsTheSame(t *testing.T) {
	const text = `version: 1
defaults: &defaults {space: "Finance é", tags: [], properties: {empty: {}, "": null}}
connections:
  - name: one
    properties: &shared
      number: 1.10
      on: true
      long: |
        first
        second
  - <<: *defaults
    name: two
    properties: {again: *shared, list: [*shared, [1, x]]}
`
	root, problems := parseYAML("c.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatalf("got %v, want a file without mistakes", problems)
	}
	trees := []*node{root}
	for _, item := range root.get("connections").items() {
		trees = append(trees, item.value, merge(root.get("defaults"), item.value))
	}
	trees = append(trees, &node{kind: kindBroken, place: place{7, 3}})
	var p packer
	for _, tree := range trees {
		p.add(tree)
	}
	packed := p.of("c.yaml")
	for i, want := range trees {
		if got := packed.tree(i); !reflect.DeepEqual(got, withoutEmpty(want)) {
			t.Errorf("tree %d: got %v at %v after packing, want %v at %v, with the places of all values", i, got.value(), got.place, want.value(), want.place)
		}
	}
	if got, want := position(packed.file, packed.tree(2).locatePath("/properties/number#")), position("c.yaml", trees[2].locatePath("/properties/number#")); got != want || got.Line < 2 {
		t.Errorf("got %v for the place of a key, want %v", got, want)
	}
}

// withoutEmpty copies a tree as packing makes it: what has no children has an empty list of
// them if it is a list or an object.
func withoutEmpty(n *node) *node {
	copied := *n
	copied.children = nil
	if n.is(kindList, kindObject) {
		copied.children = []child{}
	}
	for _, c := range n.children {
		c.value = withoutEmpty(c.value)
		copied.children = append(copied.children, c)
	}
	return &copied
}
