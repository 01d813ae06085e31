package report

import (
	"io"
	"regexp"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
)

// shownAlike is how many rows with the same message are shown; the others are counted.
const shownAlike = 10

// particular matches the parts of a message that belong to one connection: names in quotes, ids,
// and numbers of the service's answers.
var particular = regexp.MustCompile(`"[^"]*"|\b[0-9a-f]{8}[0-9a-f-]{8,}\b`)

// alikeInWords returns a message without the parts that belong to one connection.
func alikeInWords(message string) string { return particular.ReplaceAllString(message, "…") }

// alikeMessages are messages of several connections with the same words.
type alikeMessages struct {
	words  string
	first  string // of the messages
	varies bool   // some messages differ in letters
	keys   []connection.Key
}

// grouped groups messages with the same words, in the order of their first messages.
func grouped(keys []connection.Key, messages []string) []alikeMessages {
	var groups []alikeMessages
	place := map[string]int{}
	for i, message := range messages {
		alike := alikeInWords(message)
		at, known := place[alike]
		if !known {
			at = len(groups)
			place[alike] = at
			groups = append(groups, alikeMessages{words: alike, first: message})
		}
		groups[at].varies = groups[at].varies || message != groups[at].first
		groups[at].keys = append(groups[at].keys, keys[i])
	}
	return groups
}

// text returns the message or, if the messages differ, their common words.
func (a alikeMessages) text() string {
	if a.varies {
		return a.words
	}
	return a.first
}

// names returns the names of the first three connections, and counts the others.
func (a alikeMessages) names() string {
	names := make([]string, len(a.keys))
	for i, key := range a.keys {
		names[i] = key.String()
	}
	return firstFew(names)
}

// Folds reports whether [Text.Result] counts some of the rows instead of showing them.
func Folds(r *apply.Result) bool {
	rows := resultRows(r)
	return len(Text{}.folded(&printer{}, rows)) < len(rows)
}

// folded removes rows with the same message as ten before them, for [printer.foldedRest].
func (t Text) folded(p *printer, rows []row) []row {
	p.rest, p.left = t.Rest, nil
	if t.Whole {
		return rows
	}
	seen := map[string]int{}
	var shown []row
	var keys []connection.Key
	var messages []string
	for _, r := range rows {
		alike := alikeInWords(r.fold)
		if seen[alike]++; r.fold == "" || seen[alike] <= shownAlike {
			shown = append(shown, r)
			continue
		}
		keys, messages = append(keys, r.key), append(messages, r.fold)
	}
	p.left = grouped(keys, messages)
	return shown
}

// foldedRest writes how many rows were removed, and where they are.
func (p *printer) foldedRest() {
	if len(p.left) == 0 {
		return
	}
	p.line("")
	for _, group := range p.left {
		p.line("%s %s more %s", p.paint(red, "!"), words.Number(len(group.keys)), Sanitize(group.text()))
	}
	p.listAll(p.rest, "all")
}

// Ending is the end of standard error after an apply that is incomplete or could not be reported.
type Ending struct {
	Unreported []string // outputs that could not be written, and why
	Whole      string   // a command that shows the whole result, if it is in a file
	Next       string   // a command that does the rest, if any
	// Seen reports that the whole result is on the same terminal, directly above.
	Seen bool
}

// inView is how many connections of a result can be seen at once. The failures among more of them
// are repeated at the end.
const inView = 30

// groupsShown is how many different messages an ending contains.
const groupsShown = 10

// Ending writes the essentials for a person who reads only the last lines of a log: what was done,
// what was refused, and the next command.
func (t Text) Ending(w io.Writer, r *apply.Result, e Ending) error {
	p := t.printer(w)
	for _, why := range e.Unreported {
		p.line("%s %s", p.paint(red, "error:"), Sanitize(why))
	}
	isLong := !e.Seen || len(r.Items) > inView
	if e.Seen && (isLong || e.Next != "") {
		p.line("")
	}
	if isLong {
		p.undone(r, e.Whole)
	}
	p.again(r, e.Next)
	return p.err
}

// undone writes what is not done, and where the whole result is.
func (p *printer) undone(r *apply.Result, whole string) {
	head := "Applied in part"
	switch {
	case r.Ledger.Done == r.Ledger.Planned:
		head = "Applied"
	case !r.Wrote():
		head = "Nothing was applied"
	}
	p.line("%s: %s", head, p.ledger(r))
	p.outcomes(r, apply.Failed)
	p.outcomes(r, apply.Pending)
	p.outcomes(r, apply.Skipped)
	if r.Unverified.Holds() && r.Ledger.Done > 0 {
		p.line("Not verified: the changes were not read again (%s)", Sanitize(r.Unverified.String()))
	}
	if whole != "" {
		p.line("Full result: %s", Sanitize(whole))
	}
	p.outcomes(r, apply.Blocked)
}

// again writes the command that does the rest, if there is one.
func (p *printer) again(r *apply.Result, next string) {
	if next == "" {
		return
	}
	why := "Fix that, then run again"
	switch l := r.Ledger; {
	case l.Skipped > 0:
		why = "To continue, run again"
	case l.Done == l.Planned:
		why = "To see what is left, run"
	case strings.HasPrefix(next, "qlsync plan"):
		why = "Fix that, then plan again"
	}
	if strings.HasPrefix(next, "qlsync plan") && r.Ledger.Skipped > 0 {
		why = "To continue, plan again"
	}
	p.line("%s: %s", why, Sanitize(next))
}

// outcomes writes the messages of the changes with one outcome, each message once.
func (p *printer) outcomes(r *apply.Result, outcome apply.Outcome) {
	var keys []connection.Key
	var messages []string
	for i := range r.Items {
		if item := &r.Items[i]; item.Outcome == outcome {
			keys, messages = append(keys, item.Connection), append(messages, item.Why.String())
		}
	}
	groups := grouped(keys, messages)
	for i, group := range groups {
		if i == groupsShown {
			p.line("  %s: %d more messages", outcome, len(groups)-i)
			break
		}
		p.line("  %s: %s: %s", outcome, group.names(), Sanitize(group.text()))
	}
}
