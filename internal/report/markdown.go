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

// Markdown writes for a comment on a pull or merge request. It begins with a hidden
// marker, by which a pipeline finds the comment again, and stays below GitHub's limit
// of 65,536 characters by leaving out whole parts and saying how many.
//
// Names and values can do nothing but be read: every punctuation mark of theirs is
// an entity, so there is no markup, no HTML, no link, and nobody is mentioned.
type Markdown struct{}

// markdownLimit is the most that a comment takes, in UTF-16 code units: never fewer
// than characters, however they are counted.
const markdownLimit = 65_000

// Marker is the first line of a report in markdown, or with a shorter hash its
// beginning: it names what the report is about. Nothing that stands in files or on
// a tenant can produce it anywhere else.
func Marker(kind, project, tenant, hash string) string {
	return fmt.Sprintf("<!-- qlsync:%s tenant=%s project=%s hash=%s -->",
		kind, url.QueryEscape(clip(tenant, 100)), url.QueryEscape(clip(project, 100)), clip(hashOnly(hash), 100))
}

// hashOnly returns what can be a hash, so that a file cannot smuggle anything else
// into a marker.
func hashOnly(hash string) string {
	return strings.Map(func(r rune) rune {
		if r == ':' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, hash)
}

// page is a report in markdown that is being written.
type page struct {
	text strings.Builder
	room int // what is left of the limit
}

func newPage() *page { return &page{room: markdownLimit} }

// add appends a part that stands by itself, and a blank line.
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

// The most that a name and a sentence take, in code units after escaping, and a
// line of code in characters.
const (
	maxName    = 900
	maxMessage = 3000
	maxLine    = 500
)

// clip shortens a text to that many characters and says so.
func clip(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	return fmt.Sprintf("%s… (%d more characters)", string(runes[:most]), len(runes)-most)
}

// code returns a name as code. HTML has no trouble with what breaks a code span, and
// stands in tables and summaries.
func code(name string) string {
	return "<code>" + escaped(label(name), "", maxName) + "</code>"
}

// prose returns a sentence that may hold names. What could begin a mention, a
// reference or an emoji stands in an element of its own: GitHub and GitLab look for
// such in the text of one element, after entities have become characters.
func prose(sentence string) string {
	return escaped(strings.TrimSpace(Sanitize(sentence)), "@#!$%~&^*[:", maxMessage)
}

// escaped turns all punctuation of a clean text into entities, some of it in elements
// of its own, up to a length.
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

// fenced returns clean lines as a block of code that none of them can end. Lines
// beyond the room are counted instead.
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

// alert is a block that GitHub and GitLab colour, and others show as a quotation.
// Items beyond the room are counted instead.
func alert(kind string, head string, items []string, room int) string {
	var out strings.Builder
	fmt.Fprintf(&out, "> [!%s]\n> %s\n", kind, head)
	if len(items) > 0 {
		out.WriteString(">\n")
	}
	for i, item := range items {
		line := "> - " + item + "\n"
		if room -= units(line); room < 0 {
			fmt.Fprintf(&out, "> - and %d more\n", len(items)-i)
			break
		}
		out.WriteString(line)
	}
	return out.String()
}

// entry is one connection in a list that may be shortened.
type entry struct {
	heading string // stands before it, and before the next ones with the same
	brief   string
	full    func() string // made only if there may be room
}

// list writes the entries: all of them in full if there is room, else as many in
// full, then briefly, as there is, and says how many are left out. A part of the room
// is kept for what is brief, so that one long difference does not hide the rest.
func list(entries []entry, room int) string {
	brief := 0
	for _, e := range entries {
		brief += units(e.brief) + 1
	}
	kept := min(brief, room/3)
	room -= 80 // the last line
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
			text = "\n" + text // it would belong to the item before it
		}
		if room -= units(text); room < 0 {
			fmt.Fprintf(&out, "\n**… and %d more that are not shown here.**\n", len(entries)-i)
			break
		}
		out.WriteString(text)
		heading = e.heading
	}
	return strings.TrimLeft(out.String(), "\n")
}

// folded hides a body behind a line. Both have been escaped.
func folded(summary, body string) string {
	return "<details><summary>" + summary + "</summary>\n\n" + strings.TrimRight(body, "\n") + "\n\n</details>\n"
}

// tally is a table of counts, one row for each space: columns that are empty are
// left out, and rows beyond the room are added up.
type tally struct {
	noun    string // of what is counted; empty: space
	columns []string
	rows    []tallyRow // sorted by name
}

type tallyRow struct {
	space  string // or whatever the noun is
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

// patch returns the differences of one connection as lines of a diff: what goes with
// '-', what comes with '+', a secret that is written with '!'.
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

// place names a tenant in a sentence.
func place(t plan.Tenant) string {
	text := code(t.Name) + " (" + prose(t.URL)
	if strings.HasPrefix(t.URL, "sim:") {
		text += ", the embedded tenant"
	}
	return text + ")"
}

// inKey names a connection.
func inKey(key connection.Key) string { return code(key.String()) }
