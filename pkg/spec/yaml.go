package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// The limits of one file. They are far above normal use, and low enough that a file made to exhaust
// memory is refused within a second.
const (
	maxFileSize = limits.FileBytes
	maxScalar   = limits.TextBytes        // of one text
	maxNodes    = limits.FileValues       // of one file; aliases count at each use
	maxDepth    = limits.FileDepth        // maps and lists within each other
	maxEntries  = limits.MapEntries       // of one map, which is searched from front to back
	longText    = 64                      // bytes of a reused text that count as one more value
	maxOfOne    = limits.ConnectionValues // values of one item below the top level, such as a connection
	maxMarks    = limits.FileMarks        // lines, commas, colons and brackets of one file: each may be a value to the library
)

// ToJSON turns YAML text, one document, into JSON. The file is named in problems.
func ToJSON(file string, text []byte) ([]byte, connection.Problems) {
	root, problems := parseYAML(file, text)
	if len(problems) > 0 {
		problems.Sort()
		return nil, problems
	}
	encoded, err := json.Marshal(root.value())
	if err != nil {
		// The tree is in the JSON model.
		panic("spec: tree is not JSON: " + err.Error())
	}
	return encoded, nil
}

// parseYAML parses the text of one file into a tree, or returns its problems. It is the only
// function that uses the YAML library.
//
// The tree is in the JSON model. Anchors, aliases and "<<" are resolved. Values that YAML parsers
// read differently are refused with a hint to quote them: numbers with leading zeros, in
// hexadecimal, with underscores or a leading plus; NaN and infinity; keys that are not text. An
// unquoted date is text, as are yes, no, on and off. Tags other than !!str, !!map and !!seq,
// duplicate keys and a second document are refused.
func parseYAML(file string, text []byte) (root *node, problems connection.Problems) {
	return newWalker(file).parse(text)
}

// parseFile is parseYAML for a file that people write: a key without a value is refused. If the
// value, or everything below the key, was removed, the rest would mean the opposite: no protection,
// every tenant, nothing sensitive.
func parseFile(file string, text []byte) (root *node, problems connection.Problems) {
	w := newWalker(file)
	w.complete = true
	return w.parse(text)
}

// tooLarge is the reason of a file that is not read.
func tooLarge() connection.Reason {
	return connection.Because("file-too-large", "limit", limits.Size(maxFileSize))
}

func (w *walker) parse(text []byte) (root *node, problems connection.Problems) {
	file := w.file
	if len(text) > maxFileSize {
		w.add(place{}, tooLarge())
		return nil, w.problems
	}
	text = infile.WithoutMark(text)
	if marks := countMarks(text); marks > maxMarks {
		w.add(place{}, connection.Because("too-many-marks", "limit", maxMarks))
		return nil, w.problems
	}
	if problem := unfit(file, text); problem != nil {
		return nil, connection.Problems{*problem}
	}
	document, problem := readDocument(file, text)
	if problem != nil {
		return nil, connection.Problems{*problem}
	}
	root, _ = w.walk(document, 0)
	return root, w.problems
}

// countMarks counts the characters that may begin or end a value. The library needs 200
// bytes for each value, before anything can be counted.
func countMarks(text []byte) int {
	marks := 0
	for _, c := range text {
		switch c {
		case '\n', ',', ':', '[', '{':
			marks++
		}
	}
	return marks
}

// version12 is the head of a file that says it is YAML 1.2, which the library refuses.
// All that is accepted here means the same in 1.1, and no place in the file changes.
var version12 = regexp.MustCompile(`\A((?:[ \t]*(?:#.*)?\r?\n)*%YAML[ \t]+)1\.2\b`)

// unfit returns the problem of a text with characters that YAML does not allow, or that a parser
// reads differently than a reviewer; nil: none.
func unfit(file string, text []byte) *connection.Problem {
	switch {
	case infile.IsUTF16(text):
		return textProblem(file, text, 0, "file-in-utf16")
	case bytes.HasPrefix(text, []byte("\x00GITCRYPT\x00")):
		return textProblem(file, text, 0, "file-in-git-crypt")
	case bytes.HasPrefix(text, []byte("version https://git-lfs.github.com/spec/")):
		return textProblem(file, text, 0, "file-in-lfs")
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			return textProblem(file, text, at, "not-utf8")
		case r == '\r' && !bytes.HasPrefix(text[at+1:], []byte("\n")):
			return textProblem(file, text, at, "unseen-line-end")
		case r == '\ufeff':
			return textProblem(file, text, at, "byte-order-mark")
		case r == '\u0085', r == '\u2028', r == '\u2029':
			return textProblem(file, text, at, "unseen-line-separator")
		case unicode.IsControl(r) && r != '\t' && r != '\r' && r != '\n':
			return textProblem(file, text, at, "control-character")
		}
		at += size
	}
	return nil
}

func textProblem(file string, text []byte, at int, code string, args ...any) *connection.Problem {
	problem := messages.Problem(connection.PositionIn(file, text, at), connection.SeverityError, connection.Because(code, args...))
	return &problem
}

func newWalker(file string) *walker {
	return &walker{notes: notes{file: file}, anchors: map[*yaml.Node]*anchored{}}
}

// readDocument parses the one document of a file. Its result is nil only with a
// problem.
func readDocument(file string, text []byte) (root *yaml.Node, problem *connection.Problem) {
	defer func() {
		// The library panics if its own state is unexpected. Its parser has no side effects, so nothing
		// remains half done.
		if recover() != nil {
			root, problem = nil, syntaxProblem(file, text, errors.New("yaml: not understood by the YAML parser"))
		}
	}()
	text = version12.ReplaceAll(text, []byte("${1}1.1"))
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		if bytes.Contains(text, []byte("#")) {
			return nil, textProblem(file, text, 0, "only-comments")
		}
		return nil, textProblem(file, text, 0, "empty-file")
	case err != nil:
		return nil, syntaxProblem(file, text, err)
	}
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
		return first.Content[0], nil
	case err != nil:
		return nil, syntaxProblem(file, text, err)
	}
	at := connection.Position{File: file, Line: second.Line, Column: second.Column}
	more := messages.Problem(at, connection.SeverityError, connection.Because("second-document"))
	return nil, &more
}

// walker copies the library's nodes into ours.
type walker struct {
	notes
	anchors map[*yaml.Node]*anchored
	// complete refuses keys without a value.
	complete bool
	nodes    int
	full     bool // too many nodes: reported once, and nothing more is read
	spare    []node
	keys     map[string]string // each key once: most connections have the same ones
}

// extent is how much an alias adds to its place; text in bytes.
type extent struct{ nodes, depth, text int }

// anchored is a value with an anchor that was met: being read, or complete.
type anchored struct {
	node     *node
	extent   extent
	complete bool
}

// walk copies one value. What is refused becomes a broken node.
func (w *walker) walk(n *yaml.Node, depth int) (*node, extent) {
	if n.Kind == yaml.AliasNode {
		return w.alias(n, depth)
	}
	if n.Anchor == "" {
		return w.copy(n, depth)
	}
	if known := w.anchors[n]; known != nil {
		return known.node, known.extent
	}
	e := &anchored{}
	w.anchors[n] = e
	e.node, e.extent = w.copy(n, depth)
	e.complete = true
	return e.node, e.extent
}

// alias returns the node of the anchor, so that an alias bomb costs no memory, and counts its size,
// so that later walks of the tree are bounded too.
func (w *walker) alias(n *yaml.Node, depth int) (*node, extent) {
	known := w.anchors[n.Alias]
	if known == nil || !known.complete {
		return w.refuse(n, connection.Because("alias-of-itself", "alias", n.Value))
	}
	if depth+known.extent.depth > maxDepth {
		return w.refuse(n, tooDeep)
	}
	if !w.count(n, known.extent.nodes+known.extent.text/longText) {
		return w.make(n, kindBroken), extent{}
	}
	return known.node, known.extent
}

// count adds to the number of values and reports whether the limit is kept.
func (w *walker) count(n *yaml.Node, nodes int) bool {
	w.nodes += nodes
	if w.nodes > maxNodes && !w.full {
		w.full = true
		w.add(placeOf(n), connection.Because("too-many-values", "limit", maxNodes))
	}
	return !w.full
}

var tooDeep = connection.Because("too-deep", "limit", maxDepth)

// refuse reports the problem of a value and returns its replacement.
func (w *walker) refuse(n *yaml.Node, reason connection.Reason) (*node, extent) {
	w.add(placeOf(n), reason)
	return w.make(n, kindBroken), extent{nodes: 1}
}

// copy copies a value that is not an alias.
func (w *walker) copy(n *yaml.Node, depth int) (*node, extent) {
	if !w.count(n, 1) {
		return w.make(n, kindBroken), extent{}
	}
	if depth > maxDepth {
		return w.refuse(n, tooDeep)
	}
	if n.Style&yaml.TaggedStyle != 0 && !allowedTag(n) {
		return w.refuse(n, connection.Because("unsupported-tag")) // without the tag, which may be a password that begins with !
	}
	var copied *node
	var size extent
	switch n.Kind {
	case yaml.MappingNode:
		copied, size = w.object(n, depth)
	case yaml.SequenceNode:
		copied, size = w.list(n, depth)
	default:
		return w.scalar(n)
	}
	if depth == 2 && size.nodes > maxOfOne {
		return w.refuse(n, connection.Because("entry-too-large", "limit", maxOfOne))
	}
	return copied, size
}

// allowedTag reports whether a tag that is written out says nothing new.
func allowedTag(n *yaml.Node) bool {
	switch n.Kind {
	case yaml.MappingNode:
		return n.Tag == "!!map"
	case yaml.SequenceNode:
		return n.Tag == "!!seq"
	}
	return n.Tag == "!!str"
}

// make returns a fresh node; many at a time, because there are many.
func (w *walker) make(n *yaml.Node, k kind) *node {
	if len(w.spare) == 0 {
		w.spare = make([]node, 256)
	}
	fresh := &w.spare[0]
	w.spare = w.spare[1:]
	fresh.kind, fresh.place = k, placeOf(n)
	return fresh
}

func placeOf(n *yaml.Node) place { return place{int32(n.Line), int32(n.Column)} }

func (w *walker) list(n *yaml.Node, depth int) (*node, extent) {
	list, size := w.make(n, kindList), extent{nodes: 1}
	list.children = make([]child, 0, len(n.Content))
	for i, content := range n.Content {
		item, inner := w.walk(content, depth+1)
		size = size.with(inner)
		list.children = append(list.children, child{place: placeOf(content), value: item})
		n.Content[i] = nil // the library's node takes more memory than ours
	}
	return list, size
}

// with adds the extent of a value one level below.
func (e extent) with(inner extent) extent {
	return extent{e.nodes + inner.nodes, max(e.depth, inner.depth+1), e.text + inner.text}
}

func (w *walker) object(n *yaml.Node, depth int) (*node, extent) {
	object, size := w.make(n, kindObject), extent{nodes: 1}
	object.children = make([]child, 0, len(n.Content)/2)
	seen := newKeySet(len(n.Content) / 2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, content := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.Tag == "!!merge" {
			merged = append(merged, content)
			continue
		}
		if !w.isKey(key) {
			continue
		}
		if first, again := seen.add(key.Value, placeOf(key)); again {
			w.add(placeOf(key), connection.Because("duplicate-key", "key", key.Value, "line", int(first.line)))
			continue
		}
		w.warnOfComment(key.Value, content)
		value, inner := w.walk(content, depth+1)
		if w.complete && isNothing(content) {
			w.add(placeOf(key), connection.Because("empty-value", "key", key.Value))
			value = w.make(content, kindBroken)
		}
		size = size.with(inner)
		size.text += len(key.Value)
		object.children = append(object.children, child{w.once(key.Value), placeOf(key), value})
	}
	for _, source := range merged {
		size = size.with(w.merge(object, seen, source, depth))
	}
	if len(object.children) > maxEntries {
		return w.refuse(n, connection.Because("map-too-large", "limit", maxEntries))
	}
	return object, size
}

// once returns the same text for keys that are equal.
func (w *walker) once(key string) string {
	known, ok := w.keys[key]
	if !ok {
		if w.keys == nil {
			w.keys = map[string]string{}
		}
		if known = strings.Clone(key); len(w.keys) < maxKnownKeys {
			w.keys[known] = known
		}
	}
	return known
}

// maxKnownKeys bounds the keys of a file that are kept once.
const maxKnownKeys = 1000

// warnOfComment warns about a name, or an item of a list of names, that ends where YAML begins a
// comment: Sales #1 is Sales. A comment with a blank after # is intended.
func (w *walker) warnOfComment(key string, value *yaml.Node) {
	switch {
	case !w.complete:
	case (key == "tags" || key == "spaces") && value.Kind == yaml.SequenceNode:
		for _, item := range value.Content {
			w.warnOfComment("name", item)
		}
	case (key == "name" || key == "space") && value.Kind == yaml.ScalarNode && value.Style == 0 && touchingComment.MatchString(value.LineComment):
		w.warn(placeOf(value), connection.Because("comment-in-value"))
	}
}

var touchingComment = regexp.MustCompile(`^#[^\s#]`)

// isNothing reports whether a value is not written at all, not even as null.
func isNothing(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value == ""
}

// isKey reports whether a key is a text, and otherwise adds the problem.
func (w *walker) isKey(key *yaml.Node) bool {
	switch {
	case key.Kind == yaml.MappingNode && key.Style&yaml.FlowStyle != 0:
		w.add(placeOf(key), connection.Because("template-in-yaml")) // {{ x }} is a map with a map as its key
	case key.Kind != yaml.ScalarNode:
		w.add(placeOf(key), connection.Because("key-not-text"))
	case len(key.Value) > maxScalar:
		w.add(placeOf(key), connection.Because("text-too-long", "limit", maxScalar))
	case key.Tag == "!!timestamp":
		return true
	case key.Tag != "!!str":
		w.add(placeOf(key), connection.Because("key-not-text"))
	default:
		return true
	}
	return false
}

// merge adds the entries of a map, or of a list of maps, under "<<" that the
// object does not have yet.
func (w *walker) merge(object *node, seen *keySet, source *yaml.Node, depth int) extent {
	value, size := w.walk(source, depth+1)
	sources := []*node{value}
	if value.kind == kindList {
		sources = sources[:0]
		for _, item := range value.children {
			sources = append(sources, item.value)
		}
	}
	for _, from := range sources {
		if !from.is(kindObject, kindBroken) {
			w.add(placeOf(source), connection.Because("bad-merge"))
			continue
		}
		for _, entry := range from.entries() {
			if _, again := seen.add(entry.key, entry.place); !again {
				object.children = append(object.children, entry)
			}
		}
	}
	return size
}

// jsonNumber is how a number is written in JSON.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// scalar copies a value that is neither a map nor a list.
func (w *walker) scalar(n *yaml.Node) (*node, extent) {
	if len(n.Value) > maxScalar {
		return w.refuse(n, connection.Because("text-too-long", "limit", maxScalar))
	}
	switch n.Tag {
	case "!!null":
		return w.make(n, kindNull), extent{nodes: 1}
	case "!!bool":
		return w.leaf(n, kindBool, strings.ToLower(n.Value))
	case "!!int", "!!float":
		return w.number(n)
	}
	if n.Style == 0 && jsonNumber.MatchString(n.Value) {
		return w.number(n) // so large that the library takes it for text
	}
	return w.leaf(n, kindString, n.Value)
}

func (w *walker) leaf(n *yaml.Node, k kind, text string) (*node, extent) {
	leaf := w.make(n, k)
	leaf.text = text
	return leaf, extent{nodes: 1, text: len(text)}
}

// number copies a number that every parser reads in the same way. Its notation is kept: 1.10 stays
// 1.10.
func (w *walker) number(n *yaml.Node) (*node, extent) {
	if !jsonNumber.MatchString(n.Value) {
		return w.refuse(n, connection.Because("ambiguous-number"))
	}
	if len(n.Value) > 400 || !moderate(n.Value) {
		return w.refuse(n, connection.Because("number-out-of-range"))
	}
	return w.leaf(n, kindNumber, n.Value)
}

// moderate reports whether a number and its exponent fit in a float: some parsers use memory in
// proportion to the exponent.
func moderate(text string) bool {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(value, 0) {
		return false
	}
	_, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	power, _ := strconv.Atoi(exponent)
	return power >= -308 && power <= 308
}

// keySet remembers the keys of one object. Few are compared one by one, which is
// faster than a map and is what nearly every object needs.
type keySet struct {
	few  []child
	many map[string]place
}

const fewKeys = 16

func newKeySet(size int) *keySet {
	if size <= fewKeys {
		return &keySet{}
	}
	return &keySet{many: make(map[string]place, size)}
}

// add stores a key, or returns its earlier place.
func (s *keySet) add(key string, at place) (first place, again bool) {
	if s.many != nil {
		if first, again = s.many[key]; !again {
			s.many[key] = at
		}
		return first, again
	}
	for _, known := range s.few {
		if known.key == key {
			return known.place, true
		}
	}
	s.few = append(s.few, child{key: key, place: at})
	if len(s.few) > fewKeys {
		s.many = make(map[string]place, 2*len(s.few))
		for _, known := range s.few {
			s.many[known.key] = known.place
		}
	}
	return place{}, false
}
