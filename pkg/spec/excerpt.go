package spec

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Masked replaces a value that could be a secret in an excerpt.
const Masked = "***"

// Excerpts returns the lines of the files to which problems refer. A line contains names and values
// that cannot be secrets; every other value and every comment is masked. Lines whose content is
// uncertain are omitted, and so are very long lines, which each problem on them would read again.
func Excerpts(problems connection.Problems) map[connection.Position]connection.Excerpt {
	return Options{}.Excerpts(problems)
}

// Excerpts is [Excerpts] for a project that was read with the options.
func (o Options) Excerpts(problems connection.Problems) map[connection.Position]connection.Excerpt {
	byFile := map[string][]connection.Position{}
	for _, problem := range problems {
		if problem.Position.Line > 0 {
			byFile[problem.Position.File] = append(byFile[problem.Position.File], problem.Position)
		}
	}
	excerpts := map[connection.Position]connection.Excerpt{}
	for file, places := range byFile {
		text, err := infile.Read(o.at(file), maxFileSize)
		if err != nil || path.Ext(file) == ".json" { // a vendored schema
			continue
		}
		root, _ := parseYAML(file, text)
		lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
		tokens := tokensByLine(root, places)
		for _, at := range places {
			if at.Line > len(lines) || len(lines[at.Line-1]) > maxExcerpt {
				continue
			}
			line := []rune(strings.TrimRight(lines[at.Line-1], "\r"))
			if excerpt, ok := excerptOf(line, at.Column, tokens[int32(at.Line)]); ok {
				excerpts[at] = excerpt
			}
		}
	}
	return excerpts
}

// maxExcerpt is the length of the longest line that is shown, in bytes.
const maxExcerpt = 2000

// token is a key or a simple value on one line.
type token struct {
	column int
	text   string
	hidden bool
}

// tokensByLine returns the tokens of the relevant lines, from left to right.
func tokensByLine(root *node, places []connection.Position) map[int32][]token {
	tokens := map[int32][]token{}
	if root == nil {
		return tokens
	}
	for _, at := range places {
		tokens[int32(at.Line)] = nil
	}
	collectTokens(root, nil, tokens, map[*node]bool{})
	for line := range tokens {
		slices.SortFunc(tokens[line], func(a, b token) int { return cmp.Compare(a.column, b.column) })
		tokens[line] = slices.CompactFunc(tokens[line], func(a, b token) bool { return a.column == b.column })
	}
	return tokens
}

func collectTokens(n *node, keys []string, tokens map[int32][]token, seen map[*node]bool) {
	if seen[n] {
		return // an alias: what it stands for is written elsewhere
	}
	seen[n] = true
	note := func(at place, text string, hidden bool) {
		if _, matters := tokens[at.line]; matters {
			tokens[at.line] = append(tokens[at.line], token{int(at.column), text, hidden})
		}
	}
	switch n.kind {
	case kindObject:
		for _, entry := range n.children {
			note(entry.place, entry.key, false)
			collectTokens(entry.value, append(slices.Clip(keys), entry.key), tokens, seen)
		}
	case kindList:
		for _, item := range n.children {
			collectTokens(item.value, keys, tokens, seen)
		}
	case kindNull:
		if n.text != "" {
			note(n.place, n.text, false)
		}
	default:
		note(n.place, n.text, !canBeShown(keys, n))
	}
}

// openKeys are keys of both kinds of files below which no secret has a place.
var openKeys = map[string]bool{
	"version": true, "project": true, "spaces": true, "schemas": true, "policy": true, "provider": true, "rateLimits": true,
	"name": true, "space": true, "dataSource": true, "tenants": true, "owner": true, "tags": true, "credentialsVersion": true,
	"lifecycle": true, "additionalProperties": true, "sensitive": true, "notSensitive": true, "from": true, "to": true,
}

// canBeShown reports whether a value is at a place where secrets are not allowed, or is a number or
// a boolean among the properties.
func canBeShown(keys []string, value *node) bool {
	if len(keys) == 0 || value.kind == kindBroken {
		return false
	}
	switch top := keys[0]; {
	case len(keys) == 1:
		return openKeys[top] || top == "connections"
	case top == "policy", top == "moved", top == "spaces", top == "rateLimits", top == "rollout":
		return true
	case top == "tenants":
		return len(keys) == 3 && keys[2] == "provider"
	case top != "connections" && top != "defaults":
		return false
	case keys[1] == "properties":
		return value.is(kindNumber, kindBool)
	}
	return openKeys[keys[1]]
}

// plainKey is a key at the beginning of what is left of a line.
var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*:`)

// excerptOf returns a line with hidden parts masked. ok is false if the line contains anything
// other than tokens.
func excerptOf(line []rune, column int, tokens []token) (connection.Excerpt, bool) {
	var e marked
	var shown []rune
	next := 0
	for _, t := range tokens {
		start := t.column - 1
		if start < next || start > len(line) || !isStructure(line[next:start]) {
			return onlyKey(line, column)
		}
		e.between(column, next, start, len(shown))
		shown = append(shown, line[next:start]...)
		end := start + written(line[start:], t.text)
		text := line[start:end]
		switch {
		case end == start && t.hidden:
			text, end = []rune(Masked), len(line)
		case end == start:
			return onlyKey(line, column)
		case t.hidden:
			text = []rune(Masked)
		}
		if t.column == column {
			e.Column, e.Width = len(shown)+1, len(text)
		}
		shown, next = append(shown, text...), end
	}
	rest := line[min(next, len(line)):]
	if comment := slices.Index(rest, '#'); comment >= 0 {
		rest = rest[:comment]
	}
	if !isStructure(rest) {
		return onlyKey(line, column)
	}
	e.between(column, next, next+len(rest), len(shown))
	shown = append(shown, rest...)
	e.Text = strings.TrimRight(string(shown), " \t")
	return e.Excerpt, e.Text != "" && e.Width > 0
}

// marked is an excerpt that is being written.
type marked struct{ connection.Excerpt }

// between marks a place between two tokens, such as the brace that opens a map: the characters from
// one offset of the line to another, which will be shown after that many others.
func (e *marked) between(column, from, to, shown int) {
	if column > from && column <= to {
		e.Column, e.Width = shown+column-from, 1
	}
}

// onlyKey returns the excerpt of a line that cannot be split into tokens, with only the key of the
// problem.
func onlyKey(line []rune, column int) (connection.Excerpt, bool) {
	if column < 1 || column > len(line) || strings.Trim(string(line[:column-1]), " -") != "" {
		return connection.Excerpt{}, false
	}
	key := plainKey.FindString(string(line[column-1:]))
	if key == "" {
		return connection.Excerpt{}, false
	}
	return connection.Excerpt{Text: string(line[:column-1]) + key + " " + Masked, Column: column, Width: len(key) - 1}, true
}

// isStructure reports whether a text contains only punctuation of the structure.
func isStructure(text []rune) bool {
	return strings.Trim(string(text), " \t-?:,{}[]") == ""
}

// written returns how many characters of a line a token takes; zero: unknown.
func written(line []rune, text string) int {
	if len(line) == 0 {
		return 0
	}
	switch quote := line[0]; quote {
	case '"', '\'':
		for i := 1; i < len(line); i++ {
			switch {
			case quote == '"' && line[i] == '\\':
				i++
			case line[i] == quote && quote == '\'' && i+1 < len(line) && line[i+1] == quote:
				i++
			case line[i] == quote:
				return i + 1
			}
		}
		return 0
	}
	plain := []rune(text)
	if len(plain) == 0 || len(plain) > len(line) || !strings.EqualFold(string(line[:len(plain)]), text) {
		return 0
	}
	return len(plain)
}
