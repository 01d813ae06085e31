package report

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Markdown writes a comment on a pull or merge request. The comment begins with a hidden marker, by
// which a pipeline finds it again. It stays below GitHub's limit of 65,536 characters by omitting
// whole parts, which it counts.
//
// Names and values cannot contain markup, HTML, links or mentions: each of their punctuation marks
// is written as an entity.
type Markdown struct{}

// markdownLimit is the maximum size of a comment, in UTF-16 code units, which is an upper bound for
// any way of counting characters.
const markdownLimit = 65_000

// Marker returns the first line of a Markdown report or, with a shorter hash, its beginning: it
// names the subject of the report. No content of files or of a tenant can produce a marker
// elsewhere.
func Marker(kind, project, tenant, hash string) string {
	return fmt.Sprintf("<!-- qlsync:%s tenant=%s project=%s hash=%s -->",
		kind, url.QueryEscape(clip(tenant, 100)), url.QueryEscape(clip(project, 100)), clip(hashOnly(hash), 100))
}

// hashOnly returns a text that can only be a hash, so that a file cannot smuggle anything else into
// a marker.
func hashOnly(hash string) string {
	return strings.Map(func(r rune) rune {
		if r == ':' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, hash)
}

// page is a Markdown report under construction.
type page struct {
	text strings.Builder
	room int // the rest of the limit
}

func newPage() *page { return &page{room: markdownLimit} }

// add appends a part and a blank line.
func (p *page) add(part string) {
	if part = strings.TrimRight(part, "\n"); part != "" {
		p.text.WriteString(part + "\n\n")
		p.room -= units(part) + 2
	}
}

func (p *page) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, strings.TrimRight(p.text.String(), "\n")+"\n")
	return err
}

// units counts UTF-16 code units.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// Limits on a name and a sentence, in code units after escaping, and on a line of code, in
// characters.
const (
	maxName    = 900
	maxMessage = 3000
	maxLine    = 500
)

// clip truncates a text to that many characters and marks the cut.
func clip(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	return fmt.Sprintf("%s… (%d more characters)", string(runes[:most]), len(runes)-most)
}

// code returns a name as code in HTML, which, unlike a code span, works in tables and summaries and
// with any character.
func code(name string) string {
	return "<code>" + escaped(label(name), "", maxName) + "</code>"
}

// prose returns a sentence that may contain names. Characters that could begin a mention, a
// reference or an emoji are in separate elements: GitHub and GitLab search the text of one element
// for them, after decoding entities.
func prose(sentence string) string {
	return escaped(strings.TrimSpace(Sanitize(sentence)), "@#!$%~&^*[:", maxMessage)
}

// escaped turns all punctuation of a sanitized text into entities, some of it in separate elements,
// up to a length.
func escaped(clean, apart string, most int) string {
	var out strings.Builder
	used := 0
	for i, r := range clean {
		text := string(r)
		switch {
		case r == ' ', r == ',', r == '/', r >= utf8.RuneSelf, r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
		case strings.ContainsRune(apart, r):
			text = fmt.Sprintf("<span>&#%d;</span>", r)
		default:
			text = fmt.Sprintf("&#%d;", r)
		}
		if used += units(text); used > most {
			fmt.Fprintf(&out, "… (%d more characters)", utf8.RuneCountInString(clean[i:]))
			break
		}
		out.WriteString(text)
	}
	return out.String()
}

// fenced returns sanitized lines as a block of code that none of them can end. Lines beyond the
// limit are counted instead.
func fenced(language string, lines []string, room int) string {
	longest, run := 0, 0
	for _, r := range strings.Join(lines, "\n") {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", max(3, longest+1))
	var out strings.Builder
	for i, line := range lines {
		line = guarded(strings.TrimRight(clip(line, maxLine), " ")) + "\n"
		if room -= units(line); room < 0 {
			fmt.Fprintf(&out, "... and %s\n", words.Count(len(lines)-i, "more line"))
			break
		}
		out.WriteString(line)
	}
	return fence + language + "\n" + out.String() + fence + "\n"
}

// alert returns a block that GitHub and GitLab colour, and other systems show as a quotation. Items
// beyond the limit are counted instead.
func alert(kind string, head string, items []string, room int) string {
	var out strings.Builder
	fmt.Fprintf(&out, "> [!%s]\n> %s\n", kind, head)
	if len(items) > 0 {
		out.WriteString(">\n")
	}
	for i, item := range items {
		line := "> - " + item + "\n"
		if room -= units(line); room < 0 {
			fmt.Fprintf(&out, "> - and %s more\n", words.Number(len(items)-i))
			break
		}
		out.WriteString(line)
	}
	return out.String()
}

// entry is one connection in a list that may be shortened.
type entry struct {
	heading string // written before the entry, once for neighbours with the same heading
	brief   string
	full    func() string // computed only if there may be space
}

// list writes the entries: in full as far as the limit allows, then briefly, and then how many are
// omitted. A part of the limit is reserved for brief entries, so that one long difference does not
// displace the rest.
func list(entries []entry, room int) string {
	brief := 0
	for _, e := range entries {
		brief += units(e.brief) + 1
	}
	kept := min(brief, room/3)
	room -= 80 // for the last line
	var out strings.Builder
	heading := ""
	for i, e := range entries {
		head := ""
		if e.heading != heading {
			head = e.heading + "\n\n"
			if !strings.HasSuffix(out.String(), "\n\n") {
				head = "\n" + head
			}
		}
		text := head + e.brief + "\n"
		kept = max(0, kept-units(e.brief)-1)
		if units(text) <= room-kept {
			if full := head + e.full() + "\n"; units(full) <= room-kept {
				text = full
			}
		}
		if strings.HasPrefix(text, "<details>") && !strings.HasSuffix(out.String(), "\n\n") {
			text = "\n" + text // otherwise it would belong to the previous item
		}
		if room -= units(text); room < 0 {
			fmt.Fprintf(&out, "\n**… and %s more that are not shown here.**\n", words.Number(len(entries)-i))
			break
		}
		out.WriteString(text)
		heading = e.heading
	}
	return strings.TrimLeft(out.String(), "\n")
}

// folded returns a body folded under a summary. Both have been escaped.
func folded(summary, body string) string {
	return "<details><summary>" + summary + "</summary>\n\n" + strings.TrimRight(body, "\n") + "\n\n</details>\n"
}

// tally is a table of counts, one row for each space. Empty columns are omitted, and rows beyond
// the limit are added up.
type tally struct {
	noun    string // what is counted; empty: space
	columns []string
	rows    []tallyRow // sorted by name
}

type tallyRow struct {
	space  string // or another noun
	counts []int
}

func (t *tally) count(space, column string) {
	if n := len(t.rows); n == 0 || t.rows[n-1].space != space {
		t.rows = append(t.rows, tallyRow{space, make([]int, len(t.columns))})
	}
	for i, name := range t.columns {
		if name == column {
			t.rows[len(t.rows)-1].counts[i]++
		}
	}
}

func (t *tally) table(room int) string {
	total := make([]int, len(t.columns))
	for _, row := range t.rows {
		addTo(total, row.counts)
	}
	noun := cmp.Or(t.noun, "space")
	var out strings.Builder
	out.WriteString("| " + strings.ToUpper(noun[:1]) + noun[1:] + " |")
	rule := "| :-- |"
	for i, name := range t.columns {
		if total[i] > 0 {
			out.WriteString(" " + name + " |")
			rule += " --: |"
		}
	}
	out.WriteString("\n" + rule + "\n")
	line := func(name string, counts []int) string {
		text := "| " + name + " |"
		for i, n := range counts {
			if total[i] > 0 {
				text += fmt.Sprintf(" %d |", n)
			}
		}
		return text + "\n"
	}
	for i, row := range t.rows {
		text := line(code(row.space), row.counts)
		if room -= units(text); room < 0 {
			rest := make([]int, len(t.columns))
			for _, row := range t.rows[i:] {
				addTo(rest, row.counts)
			}
			out.WriteString(line(fmt.Sprintf("… and %s", words.Count(len(t.rows)-i, "more "+noun)), rest))
			break
		}
		out.WriteString(text)
	}
	if len(t.rows) > 1 {
		out.WriteString(line("**together**", total))
	}
	return out.String()
}

func addTo(sum, counts []int) {
	for i, n := range counts {
		sum[i] += n
	}
}

// patch returns the differences of one connection as lines of a diff: '-' for removed, '+' for
// added values, and '!' for a secret that is written.
func patch(fields []plan.Field) []string {
	var lines []string
	for _, f := range fields {
		name := label(fieldName(f.Path))
		before, after := inline(f.Before), inline(f.After)
		switch {
		case f.Secret:
			lines = append(lines, "! "+name+": "+connection.Placeholder)
		case f.Before != nil && before == "", f.After != nil && after == "":
			lines = append(lines, "  "+name+":")
			for _, line := range difference(f.Before, f.After) {
				text := string(line.sign) + "   " + line.text
				if line.sign == '.' {
					text = "    ... " + line.text
				}
				lines = append(lines, text)
			}
		default:
			if f.Before != nil {
				lines = append(lines, "- "+name+": "+before)
			}
			if f.After != nil {
				lines = append(lines, "+ "+name+": "+after)
			}
		}
	}
	return lines
}

// place returns the name of a tenant for a sentence.
func place(t plan.Tenant) string {
	text := code(t.Name) + " (" + prose(t.URL)
	if strings.HasPrefix(t.URL, "sim:") {
		text += ", the embedded tenant"
	}
	return text + ")"
}

// inKey returns the name of a connection for a sentence.
func inKey(key connection.Key) string { return code(key.String()) }
