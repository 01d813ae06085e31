package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// ImpactFormats are the forms of a list of dependents.
func ImpactFormats() Formats[*impact.List] {
	return Formats[*impact.List]{
		{FormatText, Text.Impact}, jsonFormat[*impact.List](), plainly("csv", ImpactCSV), plainly("html", HTML{}.Impact),
	}
}

// CheckFormats are the forms of a check.
func CheckFormats() Formats[*impact.Check] {
	return Formats[*impact.Check]{{FormatText, Text.Check}, plainly("markdown", Markdown{}.Check), jsonFormat[*impact.Check]()}
}

// Impact writes what depends on each connection, grouped by space.
func (t Text) Impact(w io.Writer, l *impact.List) error {
	p := t.printer(w)
	p.line("What depends on the connections of project %s on tenant %s", Sanitize(l.Project), tenantOf(l.Tenant))
	if l.Unused != nil {
		p.unused(l.Unused)
	} else {
		for i := range l.Connections {
			one := &l.Connections[i]
			if i == 0 || l.Connections[i-1].Connection.Space != one.Connection.Space {
				p.line("")
				p.line("%s", p.paint(bold, label(one.Connection.Space)))
			}
			p.line("  %s  %s", label(one.Connection.Name), dependents(one, l.At))
			p.dependents(one, l.At, t.Whole || l.App != "")
		}
		if len(l.Connections) == 0 && l.App != "" {
			p.line("")
			p.line("No connection is known to be used by an app called %q.", Sanitize(l.App))
		}
	}
	p.line("")
	p.sight(l.Sight)
	if line := elsewhere(l); line != "" {
		p.line("%s", line)
	}
	return p.err
}

// elsewhere returns how many used connections are not in the list; empty: none.
func elsewhere(l *impact.List) string {
	n := len(l.Elsewhere)
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("Not listed: %s that apps use, in spaces that were not read, or deleted. --format json has %s.",
		words.Count(n, "connection"), words.Plural(n, "its id", "their ids"))
}

// shownDependents is how many dependents of a connection a text lists.
const shownDependents = 10

// dependents lists the dependents of a connection, one on each line.
func (p *printer) dependents(one *impact.Impacted, at time.Time, whole bool) {
	shown := one.Dependents
	if !whole {
		shown = shown[:min(len(shown), shownDependents)]
	}
	views := make([]dependentView, len(shown))
	names, kinds, places := make([]string, len(shown)), make([]string, len(shown)), make([]string, len(shown))
	for i := range shown {
		views[i] = viewDependent(&shown[i], at)
		names[i], kinds[i], places[i] = views[i].Name, views[i].Kind, views[i].Space
	}
	nameWidth, kindWidth, placeWidth := widest(32, names...), widest(24, kinds...), widest(24, places...)
	for i, v := range views {
		reload := v.Reload
		if shown[i].Failing {
			reload = p.paint(red, reload)
		}
		p.line("    %s  %s  %s  %s", pad(v.Name, nameWidth), pad(v.Kind, kindWidth), pad(v.Space, placeWidth), reload)
	}
	if more := one.Total() - len(shown); more > 0 {
		p.line("    and %s more; --format csv, json or html has all of them", words.Number(more))
	}
}

// unused lists the connections that nothing has used, and what to do with each.
func (p *printer) unused(u *impact.UnusedList) {
	p.line("")
	if len(u.Doubts) > 0 {
		p.line("No connection can be reported as unused for %s:", words.Count(u.Days, "day"))
		for _, doubt := range u.Doubts {
			p.line("  - %s", Sanitize(doubt.String()))
		}
		p.line("%s no known use%s.", words.Count(u.WithoutUse, "connection")+" "+words.Plural(u.WithoutUse, "has", "have"), recent(u))
		return
	}
	p.line("Unused for %s: %s%s.", words.Count(u.Days, "day"), words.Count(len(u.Proven), "connection"), recent(u))
	for i := range u.Proven {
		one := &u.Proven[i]
		if i == 0 || u.Proven[i-1].Connection.Space != one.Connection.Space {
			p.line("")
			p.line("%s", p.paint(bold, label(one.Connection.Space)))
		}
		p.line("  %s  %s", label(one.Connection.Name), Sanitize(one.DataSource))
		p.line("      %s", Sanitize(removal(one)))
	}
}

// recent returns how many connections are not counted as unused, because they are new or changed.
func recent(u *impact.UnusedList) string {
	if u.Recent == 0 {
		return ""
	}
	return fmt.Sprintf(", without %s created or changed in that time", words.Count(u.Recent, "connection"))
}

// removal returns how an unused connection is removed.
func removal(one *impact.UnusedConnection) string {
	switch {
	case one.Declared != nil:
		return "to remove it, delete its block at " + one.Declared.String() + "; with policy.prune: owned, apply then deletes it"
	case one.Owned:
		return "the project owns it, but no file declares it: with policy.prune: owned, apply deletes it"
	}
	return "no project owns it: delete it in the console, or export it, apply, and then delete its block"
}

// sight writes as which user the tenant was read, and what could not be seen.
func (p *printer) sight(s impact.Sight) {
	for _, line := range sightLines(s) {
		p.line("%s", Sanitize(line))
	}
}

func sightLines(s impact.Sight) []string {
	return append([]string{fmt.Sprintf("Read as %s at %s, from the reloads of %s.", s.As, minute(s.At), words.Count(s.Apps, "app"))}, notSeen(s.Admin, s.Unseen)...)
}

func tenantOf(t impact.Tenant) string {
	return tenantName(plan.Tenant(t))
}

// impactColumns are the columns of the CSV, which is a contract.
var impactColumns = []string{
	"space", "connection", "connectionId", "kind", "dependent", "dependentId", "dependentSpace", "owner", "viewers28Days", "how",
	"firstSeen", "lastSeen", "reloaded", "failing", "errorCode",
}

// ImpactCSV writes one row for each connection and dependent. A connection without a dependent has
// one row, in which the columns about the dependent are empty.
func ImpactCSV(w io.Writer, l *impact.List) error {
	out := csv.NewWriter(w)
	rows := [][]string{impactColumns}
	if l.Unused != nil {
		rows[0] = []string{"space", "connection", "connectionId", "dataSource", "declared", "owned", "updatedAt"}
		for _, one := range l.Unused.Proven {
			declared := ""
			if one.Declared != nil {
				declared = one.Declared.String()
			}
			rows = append(rows, []string{one.Connection.Space, one.Connection.Name, one.ID, one.DataSource, declared, strconv.FormatBool(one.Owned), stamp(one.UpdatedAt)})
		}
	}
	for i := range l.Connections {
		one := &l.Connections[i]
		head := []string{one.Connection.Space, one.Connection.Name, one.ID}
		for j := range one.Dependents {
			d := &one.Dependents[j]
			viewers := ""
			if d.Viewers != nil {
				viewers = strconv.Itoa(*d.Viewers)
			}
			rows = append(rows, append(head[:3:3], string(d.Kind), d.Name, d.ID, d.Space, d.Owner, viewers, strings.Join(d.How.Words(), " "),
				stamp(d.FirstSeen), stamp(d.LastSeen), stamp(d.Reloaded), strconv.FormatBool(d.Failing), d.ErrorCode))
		}
		if len(one.Dependents) == 0 {
			rows = append(rows, append(head[:3:3], make([]string, len(impactColumns)-3)...))
		}
	}
	for _, row := range rows {
		for i := range row {
			row[i] = csvCell(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// csvCell returns a text that no spreadsheet takes for a formula: sanitized, and with an apostrophe
// before a first character that would begin one.
func csvCell(text string) string {
	text = Sanitize(text)
	if first := strings.TrimLeft(text, " \u00a0\"'"); first != "" && strings.ContainsAny(first[:1], "=+-@|%\\") || strings.HasPrefix(first, "＝") ||
		strings.HasPrefix(first, "＋") || strings.HasPrefix(first, "－") || strings.HasPrefix(first, "＠") {
		return "'" + text
	}
	return text
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// Check writes for each connection whether the apps that load it still work, failures first.
func (t Text) Check(w io.Writer, c *impact.Check) error {
	p := t.printer(w)
	p.line("Check of project %s on tenant %s%s", Sanitize(c.Project), tenantOf(c.Tenant), since(c))
	for i := range c.Connections {
		one := &c.Connections[i]
		if i == 0 || c.Connections[i-1].Connection.Space != one.Connection.Space {
			p.line("")
			p.line("%s", p.paint(bold, label(one.Connection.Space)))
		}
		sign, hue := "=", teal
		switch {
		case len(one.Failing) > 0:
			sign, hue = "!", red
		case one.Reloaded == 0:
			sign, hue = "?", amber
		}
		p.line("  %s %s  %s", p.paint(hue, sign), label(one.Connection.Name), checked(one, c.Since))
		for j := range one.Failing[:min(len(one.Failing), shownDependents)] {
			p.line("      %s", Sanitize(failing(&one.Failing[j], c.At)))
		}
		if more := len(one.Failing) - shownDependents; more > 0 {
			p.line("      and %s more; --format json has all of them", words.Number(more))
		}
	}
	p.line("")
	p.line("%s", checkSum(c))
	p.sight(c.Sight)
	return p.err
}

func since(c *impact.Check) string {
	if c.Since.IsZero() {
		return ""
	}
	return " since " + minute(c.Since)
}

// checked returns what the reloads say about a connection: "7 of 12 apps that load it have reloaded
// since: 6 succeeded, 1 fails now".
func checked(one *impact.Checked, since time.Time) string {
	if one.Apps == 0 {
		text := "no app that can be seen loads it"
		if one.Unchecked > 0 {
			text += ", " + words.Count(one.Unchecked, "app") + " could not be checked"
		}
		return text
	}
	n := one.Reloaded
	if one.Apps == 1 {
		n = 1
	}
	text := fmt.Sprintf("%s of %s %s reloaded", words.Number(one.Reloaded), words.Count(one.Apps, "app"),
		words.Plural(n, "has", "have"))
	if !since.IsZero() {
		text += " since"
	}
	fails := len(one.Failing)
	if one.Reloaded > 0 {
		text += ": " + counts(number{n: one.Succeeded, what: "succeeded"}, number{n: fails, what: words.Plural(fails, "fails", "fail") + " now"})
	}
	if !one.LastSucceeded.IsZero() {
		text += "; last success " + minute(one.LastSucceeded)
	}
	return text
}

// failing returns what is known about an app that fails. A line of its log is never shown: the log
// may contain other people's secrets.
func failing(f *impact.Failing, at time.Time) string {
	text := f.Name + " (" + placeOf(&f.Dependent) + ") failed " + hour(f.Reloaded, at)
	if f.Worked {
		text += " and had succeeded before"
	} else {
		text += "; no earlier success is known"
	}
	if f.ErrorCode != "" {
		text += ": errorCode " + f.ErrorCode
	}
	return text
}

func checkSum(c *impact.Check) string {
	var reloaded, apps int
	for i := range c.Connections {
		apps, reloaded = apps+c.Connections[i].Apps, reloaded+c.Connections[i].Reloaded
	}
	switch failed := c.Failed(); {
	case failed > 0:
		return fmt.Sprintf("Failing: %d of %s through %s.", failed, words.Count(reloaded, "load"), words.Count(len(c.Connections), "connection"))
	case reloaded == 0:
		return fmt.Sprintf("No app has loaded data through %s%s, so there is no proof yet.", words.Count(len(c.Connections), "connection"), since(c))
	default:
		return fmt.Sprintf("No failure: %d of %s succeeded%s.", reloaded, words.Count(apps, "load"), since(c))
	}
}

// Check writes a comment: failures first, the rest in a sentence.
func (Markdown) Check(w io.Writer, c *impact.Check) error {
	p := newPage()
	p.add(Marker("check", c.Project, c.Tenant.Name, ""))
	p.add(fmt.Sprintf("### qlsync: checked %s on tenant %s: %s", code(c.Project), code(c.Tenant.Name), prose(checkSum(c))))
	var items []string
	var entries []entry
	for i := range c.Connections {
		one := &c.Connections[i]
		for j := range one.Failing {
			items = append(items, inKey(one.Connection)+": "+prose(failing(&one.Failing[j], c.At)))
		}
		line := "- " + code(one.Connection.Name) + ": " + prose(checked(one, c.Since))
		entries = append(entries, entry{heading: "#### " + code(one.Connection.Space), brief: line, full: func() string { return line }})
	}
	if len(items) > 0 {
		p.add(alert("CAUTION", fmt.Sprintf("**%s.** Read the reload logs of these apps in the hub.", words.Count(len(items), "failure")), items, 2*roomOfAlert))
	}
	foot := "<sub>"
	for i, line := range sightLines(c.Sight) {
		if i > 0 {
			foot += "<br>"
		}
		foot += prose(line)
	}
	foot += "</sub>"
	p.room -= units(foot) + 2
	if len(entries) > 0 {
		p.add(folded(words.Count(len(entries), "connection"), list(entries, p.room-80)))
	}
	p.add(foot)
	return p.writeTo(w)
}

// edgesOf calls each with every connection and dependent of a list.
func edgesOf(l *impact.List, each func(*impact.Impacted, *impact.Dependent)) {
	for i := range l.Connections {
		for j := range l.Connections[i].Dependents {
			each(&l.Connections[i], &l.Connections[i].Dependents[j])
		}
	}
}

// isApp reports whether a dependent is an app.
func isApp(d *impact.Dependent) bool { return d.Kind == connection.DependentApp }
