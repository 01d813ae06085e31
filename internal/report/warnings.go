package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// shownNames is how many warnings with the same words are shown, and how many connections represent
// a group of them.
const shownNames = 3

// warningGroup is one line for warnings with the same words.
type warningGroup struct {
	connections []connection.Key // empty if the warning is about the tenant
	message     string
}

// groupWarnings groups equal warnings, and more than three warnings with the same words, apart from
// parts that belong to one connection; see [alikeInWords]. Warnings about connections become one line with the names.
// Of warnings about the tenant, the first three remain and the others are counted. The groups are
// in the order of their first warnings. shortened reports whether anything was omitted.
func groupWarnings(warnings []plan.Warning) (groups []warningGroup, shortened bool) {
	kind := func(w plan.Warning) string { return fmt.Sprint(w.Connection != nil) + alikeInWords(w.Reason.String()) }
	alike := map[string][]plan.Warning{}
	for _, warning := range warnings {
		alike[kind(warning)] = append(alike[kind(warning)], warning)
	}
	seen := map[string]int{}
	for _, warning := range warnings {
		list := alike[kind(warning)]
		seen[kind(warning)]++
		switch at := seen[kind(warning)]; {
		case len(list) > 1 && areEqual(list):
			if at == 1 {
				groups = append(groups, warningsAbout(list))
			}
			shortened = shortened || warning.Connection != nil && len(list) > shownNames
			continue
		case len(list) <= shownNames, warning.Connection == nil && at <= shownNames:
			groups = append(groups, oneWarning(warning))
			continue
		case warning.Connection == nil && at == shownNames+1:
			groups = append(groups, warningGroup{message: fmt.Sprintf("%d more: %s", len(list)-shownNames, alikeInWords(warning.Reason.String()))})
		case warning.Connection != nil && at == 1:
			groups = append(groups, warningsAbout(list))
		}
		shortened = true
	}
	return groups, shortened
}

func areEqual(list []plan.Warning) bool {
	return !slices.ContainsFunc(list, func(w plan.Warning) bool { return w.Reason.String() != list[0].Reason.String() })
}

func oneWarning(warning plan.Warning) warningGroup {
	if warning.Connection == nil {
		return warningGroup{message: warning.Reason.String()}
	}
	return warningGroup{[]connection.Key{*warning.Connection}, warning.Reason.String()}
}

// warningsAbout returns the line for warnings about connections with the same words, or for equal
// warnings about the tenant.
func warningsAbout(list []plan.Warning) warningGroup {
	group := oneWarning(list[0])
	if list[0].Connection == nil {
		return warningGroup{message: fmt.Sprintf("%s (%d times)", group.message, len(list))}
	}
	for _, other := range list[1:] {
		group.connections = append(group.connections, *other.Connection)
		if other.Reason.String() != list[0].Reason.String() {
			group.message = alikeInWords(list[0].Reason.String())
		}
	}
	return group
}

// text returns the line. name and clean format a connection and a message for the output.
func (g warningGroup) text(name func(connection.Key) string, clean func(string) string) string {
	if len(g.connections) == 0 {
		return clean(g.message)
	}
	var names []string
	for _, key := range g.connections[:min(shownNames, len(g.connections))] {
		names = append(names, name(key))
	}
	who := strings.Join(names, ", ")
	switch more := len(g.connections) - len(names); {
	case more > 0:
		who = fmt.Sprintf("%s connections (%s and %s more)", words.Number(len(g.connections)), who, words.Number(more))
	case len(names) > 1:
		who = fmt.Sprintf("%d connections (%s)", len(names), who)
	}
	return who + ": " + clean(g.message)
}

// line returns the line as sanitized text.
func (g warningGroup) line() string {
	return g.text(func(key connection.Key) string { return label(key.String()) }, Sanitize)
}

// warnings writes the warnings; those with the same words form a group unless all are wanted.
func (t Text) warnings(p *printer, warnings []plan.Warning) {
	groups, shortened := groupWarnings(warnings)
	if t.Whole {
		groups, shortened = nil, false
		for _, warning := range warnings {
			groups = append(groups, oneWarning(warning))
		}
	}
	for i, group := range groups {
		if i == 0 {
			p.line("")
		}
		p.line("%s %s", p.paint(amber, "Warning:"), group.line())
	}
	if shortened {
		p.listAll(t.Rest, "all warnings")
	}
}

// listAll writes how to list everything that was omitted.
func (p *printer) listAll(command, what string) {
	if command != "" {
		p.line("To list %s, run: %s", what, Sanitize(command))
		return
	}
	p.line("To list %s, add --format json", what)
}

// planWarnings writes the warnings of a plan in Markdown, grouped by their words.
func planWarnings(warnings []plan.Warning) string {
	if len(warnings) == 0 {
		return ""
	}
	groups, _ := groupWarnings(warnings)
	items := make([]string, len(groups))
	for i, group := range groups {
		items[i] = group.text(inKey, prose)
	}
	return alert("WARNING", "**"+words.Count(len(warnings), "warning")+"**", items, roomOfAlert)
}
