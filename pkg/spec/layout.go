package spec

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// indentStep is the indentation of a map or list in another one.
const indentStep = 2

// Format returns the text of a YAML file with a uniform layout: an indentation of two spaces, one
// space after the dash of a list, no trailing spaces, at most one empty line in a row, one kind of
// line end, and double quotes where they have the same meaning as single ones. Comments, order,
// anchors, and the content of block texts stay. A byte order mark stays, and a file whose first line
// ends with CRLF gets CRLF everywhere.
//
// Format moves lines and never writes values, so that it cannot lose one. The result is parsed
// again: if it would not have the same values, or any character other than white space and quotes
// would differ, the result is a problem. A file that qlsync cannot read is a problem too.
func Format(file string, text []byte) ([]byte, connection.Problems) {
	unmarked := infile.WithoutMark(text)
	mark := text[:len(text)-len(unmarked)]
	if _, problems := newWalker(file).parse(text); problems.Err() != nil {
		problems.Sort()
		return nil, problems
	}
	before, problem := readDocument(file, unmarked)
	if problem != nil {
		return nil, connection.Problems{*problem}
	}
	l := newLayout(unmarked)
	l.quotes(before)
	l.block(before, 0, -1)
	formatted := l.text()
	after, problem := readDocument(file, formatted)
	if l.odd || problem != nil || !sameValues(before, after) || !bytes.Equal(withoutLayout(unmarked), withoutLayout(formatted)) {
		return nil, connection.Problems{messages.FileProblem(file, connection.Because("format-changes-meaning"))}
	}
	return append(bytes.Clone(mark), formatted...), nil
}

// withoutLayout returns a text without what [Format] may change.
func withoutLayout(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		switch {
		case r == '\'':
			return '"'
		case unicode.IsSpace(r):
			return -1
		}
		return r
	}, text)
}

// sameValues reports whether two documents have the same values, tags and anchors in the same order.
func sameValues(a, b *yaml.Node) bool {
	const quotes = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle
	if a.Kind != b.Kind || a.Tag != b.Tag || a.Value != b.Value || a.Anchor != b.Anchor || a.Style&^quotes != b.Style&^quotes ||
		len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !sameValues(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// layout is a text while it gets new columns. Lines and columns count from 0, columns in characters.
type layout struct {
	lines  [][]rune
	end    string
	starts map[int][]start     // by line, from left to right
	texts  map[int]blockParent // block texts, by the line of their header
	odd    bool                // a form of YAML that has no layout here

	out     strings.Builder
	opened  []start // the maps and lists around the current line
	shift   int     // how far the last line with starts was moved
	least   int     // the column where that line begins
	most    int     // the last column for a comment after the line: further right, a block text would include the comment
	skipped int     // empty lines since the last line that was written
}

// start is a key or the dash or the value of an item: its column, and the new one.
type start struct{ old, new int }

// blockParent is the column of the map or list that a block text is in, and the new one.
type blockParent struct{ old, new int }

func newLayout(text []byte) *layout {
	l := &layout{end: "\n", starts: map[int][]start{}, texts: map[int]blockParent{}}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if i == 0 && strings.HasSuffix(line, "\r") {
			l.end = "\r\n"
		}
		l.lines = append(l.lines, []rune(strings.TrimSuffix(line, "\r")))
	}
	return l
}

// quotes replaces single quotes by double ones around texts that contain neither these nor a
// backslash.
func (l *layout) quotes(n *yaml.Node) {
	for _, content := range n.Content {
		l.quotes(content)
	}
	if n.Style&yaml.SingleQuotedStyle == 0 || strings.ContainsAny(n.Value, `'"\`) {
		return
	}
	line, first, last := l.lines[n.Line-1], n.Column-1, n.Column+len([]rune(n.Value))
	if last < len(line) && line[first] == '\'' && line[last] == '\'' && string(line[first+1:last]) == n.Value {
		line[first], line[last] = '"', '"'
	}
}

// block sets the new columns of a value. A map or list in block style begins at the column; anything
// else has its layout from its line. parent is the column of the map or list around the value.
func (l *layout) block(n *yaml.Node, column, parent int) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		l.texts[n.Line-1] = blockParent{parent, column - indentStep}
	case n.Style&yaml.FlowStyle != 0:
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			l.begin(key.Line-1, start{key.Column - 1, column})
			l.block(n.Content[i+1], column+indentStep, key.Column-1)
		}
	case n.Kind == yaml.SequenceNode:
		l.list(n, column)
	}
}

func (l *layout) begin(line int, s start) { l.starts[line] = append(l.starts[line], s) }

// list sets the new columns of a list in block style.
func (l *layout) list(n *yaml.Node, column int) {
	dash := -1
	for _, item := range n.Content {
		line, at := item.Line-1, item.Column-1
		found := l.dashBefore(line, at)
		isBelow := found < 0
		if isBelow {
			if dash < 0 {
				dash = n.Column - 1 // of an anchor, where the list has one: then no dash is found
			}
			for line--; line >= 0 && !l.hasDash(line, dash); line-- {
			}
			found = dash
		}
		if line < 0 {
			l.odd = true
			return
		}
		dash = found
		l.begin(line, start{dash, column})
		isNested := (item.Kind == yaml.MappingNode || item.Kind == yaml.SequenceNode) && item.Style == 0 && item.Anchor == ""
		if !isBelow && !isNested && !isNothing(item) {
			l.begin(line, start{at, column + indentStep})
		}
		l.block(item, column+indentStep, dash)
	}
}

// dashBefore returns the column of the dash that a column of the line follows; -1: none.
func (l *layout) dashBefore(line, column int) int {
	text := l.lines[line]
	for at := min(column, len(text)) - 1; at >= 0; at-- {
		if text[at] == '-' {
			return at
		}
		if text[at] != ' ' && text[at] != '\t' {
			break
		}
	}
	return -1
}

// hasDash reports whether a line has a dash at the column, with nothing but dashes before it.
func (l *layout) hasDash(line, column int) bool {
	text := l.lines[line]
	return column < len(text) && text[column] == '-' && strings.Trim(string(text[:column]), "- ") == ""
}

// text returns the lines in their new columns.
func (l *layout) text() []byte {
	for i := 0; i < len(l.lines); {
		if l.starts[i] != nil {
			l.startLine(i)
			i++
			if parent, ok := l.texts[i-1]; ok {
				i = l.blockText(i, parent)
			}
		}
		last, next := i-1, i
		for ; next < len(l.lines) && l.starts[next] == nil; next++ {
			if line := trimmed(l.lines[next]); line != "" && !strings.HasPrefix(line, "#") {
				last = next // of a value: the empty lines before may be a part of a text
			}
		}
		for ; i <= last; i++ {
			l.inside(i)
		}
		for ; i < next; i++ {
			l.between(i, next)
		}
	}
	return []byte(l.out.String())
}

func trimmed(line []rune) string { return strings.TrimSpace(string(line)) }

// margin returns how many of the characters begin a line.
func margin(line []rune, characters string) int {
	return len(line) - len([]rune(strings.TrimLeft(string(line), characters)))
}

// write writes a line, after an empty one if there was one.
func (l *layout) write(indent int, text string) {
	if l.skipped > 0 && l.out.Len() > 0 {
		l.out.WriteString(l.end)
	}
	l.skipped = 0
	text = trimEnd(text)
	if text != "" {
		l.out.WriteString(strings.Repeat(" ", max(0, indent)))
	}
	l.out.WriteString(text + l.end)
}

// trimEnd removes trailing white space, but not after a backslash, where it may be a part of a text.
func trimEnd(text string) string {
	if short := strings.TrimRight(text, " \t"); !strings.HasSuffix(short, `\`) {
		return short
	}
	return text
}

// startLine writes a line with keys and dashes.
func (l *layout) startLine(i int) {
	line, starts := l.lines[i], l.starts[i]
	var text strings.Builder
	for j, s := range starts {
		for len(l.opened) > 0 && l.opened[len(l.opened)-1].new >= s.new {
			l.opened = l.opened[:len(l.opened)-1]
		}
		l.opened = append(l.opened, s)
		until := len(line)
		if j+1 < len(starts) {
			until = starts[j+1].old
		}
		if s.old > until || j == 0 && trimmed(line[:s.old]) != "" {
			l.odd = true // "? " before a key
			return
		}
		part := string(line[s.old:until])
		if j+1 < len(starts) {
			part = strings.TrimRight(part, " \t")
			part += strings.Repeat(" ", max(1, starts[j+1].new-s.new-len([]rune(part))))
		}
		text.WriteString(part)
	}
	last := starts[len(starts)-1]
	l.shift, l.least, l.most = last.new-last.old, starts[0].new, math.MaxInt
	l.write(starts[0].new, text.String())
}

// inside writes a further line of a value that is not a block text.
func (l *layout) inside(i int) {
	line := l.lines[i]
	switch text := trimmed(line); {
	case text == "":
		l.out.WriteString(l.end)
	case isMarker(line):
		l.write(0, string(line))
	default:
		indent := margin(line, " \t")
		l.write(max(l.least, indent+l.shift), string(line[indent:]))
	}
}

// isMarker reports whether a line begins or ends a document.
func isMarker(line []rune) bool {
	return len(line) >= 3 && (string(line[:3]) == "---" || string(line[:3]) == "...") && (len(line) == 3 || unicode.IsSpace(line[3]))
}

// between writes an empty line or a comment between two entries. A comment moves with the next line
// if both have the same column, and otherwise with the innermost map or list at or before its column.
func (l *layout) between(i, next int) {
	line := l.lines[i]
	if trimmed(line) == "" {
		l.skipped++
		return
	}
	old, column := margin(line, " \t"), 0
	if starts := l.starts[next]; starts != nil && starts[0].old == old {
		column = starts[0].new
	} else {
		for i, s := range l.opened {
			if s.old <= old {
				column = s.new + old - s.old
				if i+1 < len(l.opened) {
					column = min(column, l.opened[i+1].new)
				}
			}
		}
	}
	l.write(min(column, l.most), string(line[old:]))
}

// blockHeader is the end of the header of a block text: its indentation, if that is written, and
// what becomes of the line ends after the text.
var blockHeader = regexp.MustCompile(`[|>]([+-]?)([1-9]?)([+-]?)(?:[ \t]+#.*|[ \t]*)$`)

// blockText writes the content of a block text, which begins at a line, and returns the line after
// it. Empty lines at its end remain only if they belong to the text.
func (l *layout) blockText(from int, parent blockParent) int {
	header := blockHeader.FindStringSubmatch(string(l.lines[from-1]))
	if header == nil {
		l.odd = true
		return from
	}
	old, column := parent.old+1, parent.new+indentStep
	if digit, _ := strconv.Atoi(header[2]); digit > 0 {
		old, column = parent.old+digit, parent.new+digit
	} else {
		for i, isBlank := from, true; isBlank && i < len(l.lines); i++ {
			old = max(old, margin(l.lines[i], " "))
			isBlank = trimmed(l.lines[i]) == ""
		}
	}
	until := from
	for i := from; i < len(l.lines); i++ {
		indent := margin(l.lines[i], " ")
		if indent < len(l.lines[i]) && indent < old {
			break
		}
		if indent < len(l.lines[i]) || indent > old || header[1]+header[3] == "+" {
			until = i + 1
		}
	}
	l.most = parent.new
	for _, line := range l.lines[from:until] {
		if len(line) > old {
			l.out.WriteString(strings.Repeat(" ", column) + string(line[old:]))
		}
		l.out.WriteString(l.end)
	}
	return until
}
