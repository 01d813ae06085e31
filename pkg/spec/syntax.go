package spec

import (
	"bytes"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

var (
	syntaxLine    = regexp.MustCompile(`^line (\d+): `)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
	// entryLine is a line with a key and perhaps a value: the key is before the colon.
	entryLine = regexp.MustCompile(`^[ ]*(?:- +)*(?:"[^"]*"|'[^']*'|[^"'\s#][^\s:]*(?: +[^\s:#]+)*):(?:[ \t]+|$)`)
)

// syntaxProblem returns the problem of a text that the library cannot parse: the likely cause if
// the text shows one, otherwise the library's message. The library knows no columns, and its line
// is often where the list or map with the mistake begins. No value is quoted.
func syntaxProblem(file string, text []byte, err error) *connection.Problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	named := 1
	if found := syntaxLine.FindStringSubmatch(message); found != nil {
		named, _ = strconv.Atoi(found[1])
		message = message[len(found[0]):]
	}
	s := newMistake(text, message, named)
	at := connection.Position{File: file, Line: s.line + 1, Column: 1}
	reason := connection.Because("invalid-yaml", "line", s.line+1, "reason", message)
	switch found := unknownAnchor.FindStringSubmatch(message); {
	case strings.HasPrefix(message, "exceeded max depth of "): // of the library, which is larger than ours
		reason = tooDeep
	case message == "found incompatible YAML document":
		reason = connection.Because("yaml-version")
	case found != nil:
		reason = connection.Because("unknown-anchor") // without the name, which may be a password that begins with *
		at = connection.PositionIn(file, text, bytes.Index(text, []byte("*"+found[1])))
	default:
		if code, line, column := s.cause(); code != "" {
			reason = connection.Because(code)
			at = connection.PositionIn(file, text, s.ends[line]+column)
		}
	}
	problem := messages.Problem(at, connection.SeverityError, reason)
	return &problem
}

// mistake is a text with the message of the library about it.
type mistake struct {
	text    []byte
	lines   []string
	ends    []int // where each line begins in the text, and the end of the text
	message string
	line    int // the first one up to which the text has the mistake, from 0
}

func newMistake(text []byte, message string, named int) *mistake {
	s := &mistake{text: text, lines: strings.SplitAfter(string(text), "\n"), message: message}
	s.ends = make([]int, len(s.lines)+1)
	for i, line := range s.lines {
		s.ends[i+1] = s.ends[i] + len(line)
	}
	s.line = min(max(named-1, 0), len(s.lines)-1)
	if len(text) <= maxSearched {
		found := sort.Search(len(s.lines), func(i int) bool { return s.upTo(i) == message })
		if found < len(s.lines) {
			s.line = found
		}
	}
	return s
}

// maxSearched bounds the text in which the line of a mistake is looked for, in bytes: it is parsed
// some twenty times.
const maxSearched = 1 << 20

// maxKey is how many characters a key may have in YAML, unless "? " begins it (YAML 1.2, 7.4.3).
const maxKey = 1024

// upTo returns what the library says about the text up to a line, without a line; empty if nothing.
func (s *mistake) upTo(line int) (message string) {
	defer func() { _ = recover() }() // as in readDocument
	var node yaml.Node
	if err := yaml.Unmarshal(s.text[:s.ends[line+1]], &node); err != nil {
		message = strings.TrimPrefix(err.Error(), "yaml: ")
	}
	return message[len(syntaxLine.FindString(message)):]
}

const openQuote = "found unexpected end of stream"

// cause returns the code of the likely cause of a mistake, with its line and column, from 0; no
// code where the text shows none.
func (s *mistake) cause() (code string, line, column int) {
	line = s.line
	text := strings.TrimRight(s.lines[line], "\r\n")
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	value := valueStart(text)
	switch conflict, quote := s.conflict(), s.quoteOpenedBefore(); {
	case conflict >= 0:
		return "merge-conflict", conflict, 0
	case strings.Contains(text[:indent], "\t"):
		return "tab-in-yaml", line, strings.Index(text, "\t")
	case s.message == openQuote:
		return "unclosed-quote", line, quoteIn(text)
	case quote >= 0:
		return "unclosed-quote", quote, quoteIn(s.lines[quote])
	case strings.Contains(text, "{{"):
		return "template-in-yaml", line, strings.Index(text, "{{")
	case strings.Index(text, ":")-indent > maxKey:
		return "long-key", line, indent
	}
	switch s.message {
	case "mapping values are not allowed in this context":
		before := s.lineBefore()
		if before >= 0 && !entryLine.MatchString(strings.TrimRight(s.lines[before], "\r\n")) {
			return "key-without-colon", before, indentOf(s.lines[before])
		}
		if strings.Contains(text[value:], ": ") || strings.HasSuffix(text[value:], ":") && value > indent {
			return "unquoted-colon", line, value
		}
		if before >= 0 && indent > indentOf(s.lines[before]) {
			return "wrong-indentation", line, indent
		}
	case "could not find expected ':'":
		return "key-without-colon", line, indent
	case "did not find expected ',' or ']'", "did not find expected ',' or '}'", "did not find expected node content":
		return "unbalanced-brackets", line, value
	case "found character that cannot start any token", "did not find expected alphabetic or numeric character",
		"did not find expected comment or line break", "did not find the expected '>'":
		return "reserved-character", line, value
	case "block sequence entries are not allowed in this context":
		return "list-item-after-key", line, value
	case "found unknown escape character", "did not find expected hexdecimal number", "found invalid Unicode character escape code":
		return "unknown-escape", line, max(0, strings.Index(text, `\`))
	case "did not find expected key", "did not find expected '-' indicator":
		switch {
		case value < len(text) && (text[value] == '"' || text[value] == '\''):
			return "text-after-quote", line, value
		case strings.Count(text, "]")+strings.Count(text, "}") > strings.Count(text, "[")+strings.Count(text, "{"):
			return "unbalanced-brackets", line, value
		}
		return "wrong-indentation", line, indent
	case "did not find expected <document start>":
		if left := s.leftOfFirst(); left >= 0 {
			return "wrong-indentation", left, indentOf(s.lines[left])
		}
	}
	return "", 0, 0
}

// conflict returns the line where Git has left a conflict; negative where there is none.
func (s *mistake) conflict() int {
	for i, line := range s.lines {
		if strings.HasPrefix(line, "<<<<<<< ") {
			return i
		}
	}
	return -1
}

// quoteOpenedBefore returns the line of a quote that was opened before the line of the mistake and
// is closed there, by a quote that was meant to open another value; negative where there is none.
func (s *mistake) quoteOpenedBefore() int {
	if s.line == 0 || len(s.text) > maxSearched || s.upTo(s.line-1) != openQuote {
		return -1
	}
	return sort.Search(s.line, func(i int) bool { return s.upTo(i) == openQuote })
}

// lineBefore returns the last line before that of the mistake that is neither empty nor a comment;
// negative where there is none.
func (s *mistake) lineBefore() int {
	for i := s.line - 1; i >= 0; i-- {
		if trimmed := strings.TrimSpace(s.lines[i]); trimmed != "" && trimmed[0] != '#' {
			return i
		}
	}
	return -1
}

// leftOfFirst returns the first line that begins left of the first one with content; negative where
// there is none.
func (s *mistake) leftOfFirst() int {
	first := -1
	for i, line := range s.lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case first < 0:
			first = indentOf(line)
		case indentOf(line) < first:
			return i
		}
	}
	return -1
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// valueStart returns the column of the value in a line: after its key, or else after the dash of a
// list item.
func valueStart(line string) int {
	if key := entryLine.FindString(line); key != "" {
		return len(key)
	}
	return indentOf(line)
}

// quoteIn returns the column where a line opens its last value in quotes.
func quoteIn(line string) int {
	if at := valueStart(line); at < len(line) && (line[at] == '"' || line[at] == '\'') {
		return at
	}
	return max(0, strings.LastIndexAny(line, `"'`))
}
