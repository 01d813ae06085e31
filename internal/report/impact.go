package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// dependents returns what depends on a connection: "12 apps load it (3 today, newest 06:10 UTC; 1
// failed), 41 apps could not be checked".
func dependents(one *impact.Impacted, at time.Time) string {
	var parts []string
	if one.Apps > 0 {
		parts = append(parts, fmt.Sprintf("%s %s it%s", words.Count(one.Apps, "app"), usedBy(one), reloads(&one.Count, at)))
	}
	var referring []string
	if n := one.KnowledgeBases; n > 0 {
		referring = append(referring, words.Count(n, "knowledge base"))
	}
	if n := one.DataSets; n > 0 {
		referring = append(referring, words.Count(n, "data set"))
	}
	if n := one.KnowledgeBases + one.DataSets; n > 0 {
		parts = append(parts, strings.Join(referring, " and ")+" "+words.Plural(n, "refers", "refer")+" to it")
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing that can be seen uses it")
	}
	if one.Unchecked > 0 {
		parts = append(parts, words.Count(one.Unchecked, "app")+" could not be checked")
	}
	return strings.Join(parts, ", ")
}

// usedBy returns the verb for what apps do with a connection.
func usedBy(one *impact.Impacted) string {
	loads := !slices.ContainsFunc(one.Dependents, func(d impact.Dependent) bool {
		return d.Kind == connection.DependentApp && d.How&connection.UseLoad == 0
	})
	if loads {
		return words.Plural(one.Apps, "loads", "load")
	}
	return words.Plural(one.Apps, "uses", "use")
}

// reloads returns the reloads of the apps, in brackets.
func reloads(c *impact.Count, at time.Time) string {
	var parts []string
	if c.Today > 0 {
		parts = append(parts, fmt.Sprintf("%d today", c.Today))
	}
	if !c.Newest.IsZero() {
		parts = append(parts, "newest "+hour(c.Newest, at))
	}
	text := strings.Join(parts, ", ")
	if c.Failing > 0 {
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf("%d failed", c.Failing)
	}
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// hour formats a time in UTC, with the date unless it is that of the other time.
func hour(t, at time.Time) string {
	if t, at = t.UTC(), at.UTC(); t.Format(time.DateOnly) == at.Format(time.DateOnly) {
		return t.Format("15:04 UTC")
	}
	return minute(t)
}

// mostNamed is how many dependents of a connection a text names.
const mostNamed = 3

// named returns the dependents that are used most: "most used: Sales (Finance, 41 viewers), ...".
func named(one *impact.Impacted) string {
	var names []string
	for i := range one.Dependents[:min(len(one.Dependents), mostNamed)] {
		names = append(names, dependentName(&one.Dependents[i]))
	}
	if more := one.Total() - len(names); more > 0 && len(names) > 0 {
		names = append(names, "and "+words.Number(more)+" more")
	}
	return strings.Join(names, ", ")
}

// dependentName returns the name of a dependent with its space and viewers, for a sentence. It is
// not sanitized.
func dependentName(d *impact.Dependent) string {
	about := placeOf(d)
	if d.Viewers != nil {
		about += ", " + words.Count(*d.Viewers, "viewer")
	}
	return d.Name + " (" + about + ")"
}

// placeOf returns the space of a dependent, or whose personal space it is in.
func placeOf(d *impact.Dependent) string {
	switch {
	case d.Space != "":
		return d.Space
	case d.Owner != "":
		return "personal space of " + d.Owner
	}
	return "personal space"
}

// looked returns as whom and when the dependents were read, and what could not be seen; nil without
// a report.
func looked(r *impact.Report) []string {
	switch {
	case r == nil:
		return nil
	case r.Unknown != nil:
		return []string{"Impact unknown: " + r.Unknown.String()}
	}
	lines := []string{fmt.Sprintf("Impact: read as %s at %s, from the reloads of %s.", r.As, minute(r.At), words.Count(r.Apps, "app"))}
	return append(lines, notSeen(r.Admin, r.Unseen)...)
}

// notSeen returns what the numbers of dependents do not cover.
func notSeen(admin bool, u impact.UnseenCounts) []string {
	var lines []string
	if !admin {
		lines = append(lines, "Not seen: this user is not a tenant administrator, so apps may be missing.")
	}
	if u.NotListed {
		lines = append(lines, "Not seen: apps in the personal spaces of other users may be missing.")
	}
	if text := counts(
		number{n: u.NotReadable, what: "not readable"}, number{n: u.NeverReloaded, what: "never reloaded"},
		number{n: u.DirectQuery, what: "with Direct Query"}, number{n: u.UnknownConnection, what: "with loads whose connection is unknown"},
	); text != "" {
		lines = append(lines, "Not seen: what some apps use ("+text+").")
	}
	for _, reason := range u.Incomplete {
		lines = append(lines, "Not seen: "+reason.String()+".")
	}
	return lines
}

// impactOf returns what a text says about the dependents of a change; nil: nothing is known.
func impactOf(r *impact.Report, c *plan.Change) []string {
	one := r.Of(c.Connection, c.ID)
	if one == nil || c.ID == "" {
		return nil
	}
	text := []string{"impact: " + dependents(one, r.At)}
	if one.Breaks != "" && len(one.Dependents) > 0 {
		text = append(text, "most used: "+named(one))
	}
	return text
}

// dependentView is one dependent on a page or in a comment. Its texts are not escaped for Markdown.
type dependentView struct{ Name, Kind, Space, Owner, Viewers, Reload string }

// viewDependent returns the texts about a dependent, sanitized.
func viewDependent(d *impact.Dependent, at time.Time) dependentView {
	v := dependentView{
		Name: clip(label(d.Name), mostName), Kind: kindOf(d), Space: clip(label(placeOf(d)), mostName), Owner: clip(Sanitize(d.Owner), mostName),
	}
	if d.Viewers != nil {
		v.Viewers = words.Number(*d.Viewers)
	}
	v.Reload = lastReload(d, at)
	return v
}

// kindOf returns the kind of a dependent, and how it uses the connection: "app, load and store".
func kindOf(d *impact.Dependent) string {
	kind := strings.ReplaceAll(string(d.Kind), "-", " ")
	if d.Kind == connection.DependentApp {
		kind += ", " + words.AllOf(d.How.Words())
	}
	if d.Former {
		kind += ", by a former name or id"
	}
	return Sanitize(kind)
}

// lastReload returns when an app was last reloaded and whether that failed.
func lastReload(d *impact.Dependent, at time.Time) string {
	text := ""
	if !d.Reloaded.IsZero() {
		text = hour(d.Reloaded, at)
	}
	if d.Failing {
		text = strings.TrimSpace("failed " + text)
		if d.ErrorCode != "" {
			text += ": " + clip(Sanitize(d.ErrorCode), mostName)
		}
	}
	return text
}

// dependentRows returns the rows of a page, and how many are missing from them.
func dependentRows(one *impact.Impacted, at time.Time) (rows []dependentView, more string) {
	for i := range one.Dependents {
		rows = append(rows, viewDependent(&one.Dependents[i], at))
	}
	if n := one.Total() - len(rows); n > 0 {
		more = fmt.Sprintf("%s more %s not listed.", words.Number(n), words.Plural(n, "is", "are"))
	}
	return rows, more
}

// dependentsTable returns a table in Markdown, the most used first. Rows beyond the limit are
// counted instead. Empty: there is no dependent.
func dependentsTable(one *impact.Impacted, at time.Time, room int) string {
	if len(one.Dependents) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString("| Dependent | Space | Owner | Viewers | Last reload |\n| :-- | :-- | :-- | --: | :-- |\n")
	shown := 0
	for i := range one.Dependents {
		v := viewDependent(&one.Dependents[i], at)
		line := fmt.Sprintf("| %s<br>%s | %s | %s | %s | %s |\n", code(v.Name), prose(v.Kind), code(v.Space), prose(v.Owner), v.Viewers, prose(v.Reload))
		if room -= units(line); room < 0 {
			break
		}
		out.WriteString(line)
		shown++
	}
	if more := one.Total() - shown; more > 0 {
		fmt.Fprintf(&out, "\n… and %s more that are not shown here.\n", words.Number(more))
	}
	return out.String()
}
