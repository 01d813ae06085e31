package spec

import "encoding/binary"

// packed stores trees of one file in a tenth of the memory of their nodes. A project may have
// millions of values, and each tenant, and each message with a position, reads them again.
//
// A tree is the number of its values and then its root. A value is its kind, its place, and its
// text or its children, each with its key and the place of the key. Lines are stored as
// differences, texts as an offset and a length.
type packed struct {
	file  string
	data  []byte
	texts string
	trees []int // where each tree begins
}

// packer makes a [packed].
type packer struct {
	data, texts []byte
	trees       []int
	line        int32
	known       map[string]int // where texts are that may be used again
}

// add appends a tree.
func (p *packer) add(tree *node) {
	p.trees, p.line = append(p.trees, len(p.data)), 0
	p.data = binary.AppendUvarint(p.data, uint64(tree.count()))
	p.node(tree)
}

// count returns the number of values of a tree.
func (n *node) count() int {
	number := 1
	for _, child := range n.children {
		number += child.value.count()
	}
	return number
}

func (p *packer) node(n *node) {
	p.data = append(p.data, byte(n.kind))
	p.place(n.place)
	if !n.is(kindList, kindObject) {
		p.text(n.text)
		return
	}
	p.data = binary.AppendUvarint(p.data, uint64(len(n.children)))
	for _, child := range n.children {
		p.text(child.key)
		p.place(child.place)
		p.node(child.value)
	}
}

func (p *packer) place(at place) {
	p.data = binary.AppendVarint(p.data, int64(at.line-p.line))
	p.data = binary.AppendUvarint(p.data, uint64(at.column))
	p.line = at.line
}

func (p *packer) text(text string) {
	offset, known := p.known[text]
	if !known {
		if len(p.known) >= maxKnownKeys || p.known == nil {
			p.known = make(map[string]int, maxKnownKeys) // most texts are used once, and those in each connection are known again soon
		}
		offset = len(p.texts)
		p.known[text] = offset
		p.texts = append(p.texts, text...)
	}
	p.data = binary.AppendUvarint(p.data, uint64(offset))
	p.data = binary.AppendUvarint(p.data, uint64(len(text)))
}

// of returns what was added, as trees of the file.
func (p *packer) of(file string) *packed {
	return &packed{file: file, data: append([]byte(nil), p.data...), texts: string(p.texts), trees: p.trees}
}

// unpacker reads one tree of a [packed].
type unpacker struct {
	data     []byte
	texts    string
	line     int32
	nodes    []node
	children []child
}

// open begins to read a tree.
func (p *packed) open(tree int) *unpacker {
	u := &unpacker{data: p.data[p.trees[tree]:], texts: p.texts}
	number := int(u.number())
	u.nodes, u.children = make([]node, number), make([]child, number-1)
	return u
}

// tree returns a tree. Its texts are parts of one that all trees share.
func (p *packed) tree(i int) *node { return p.open(i).node() }

func (u *unpacker) number() uint64 {
	number, size := binary.Uvarint(u.data)
	u.data = u.data[size:]
	return number
}

func (u *unpacker) place() place {
	difference, size := binary.Varint(u.data)
	u.data = u.data[size:]
	u.line += int32(difference)
	return place{u.line, int32(u.number())}
}

func (u *unpacker) text() string {
	offset, length := u.number(), u.number()
	return u.texts[offset : offset+length]
}

func (u *unpacker) node() *node {
	n := &u.nodes[0]
	u.nodes = u.nodes[1:]
	n.kind = kind(u.data[0])
	u.data = u.data[1:]
	n.place = u.place()
	if !n.is(kindList, kindObject) {
		n.text = u.text()
		return n
	}
	number := int(u.number())
	n.children, u.children = u.children[:number:number], u.children[number:]
	for i := range n.children {
		c := &n.children[i]
		c.key = u.text()
		c.place = u.place()
		c.value = u.node()
	}
	return n
}
