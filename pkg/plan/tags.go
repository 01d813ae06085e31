package plan

import (
	"fmt"

	"github.com/qlsync/qlsync/pkg/connection"
)

// refuseTags says that the tags which stay on a connection leave no room for the mark that the
// change writes: the service would refuse it at every apply.
func (a *analysis) refuseTags(p *pair, d *difference) string {
	limit := a.in.Snapshot.Traits.TagLimit
	if limit == 0 {
		return ""
	}
	tags := p.live.Tags
	if p.Tags != nil && !p.ignores("tags", "") {
		tags = p.Tags
	}
	mark := a.mark(p.target, p.live, d.credentials)
	ours := mark.Records()
	if d.recreate != "" {
		ours = max(ours, a.transitRecords(p, mark))
		tags = longer(tags, p.live.Tags) // the old one keeps its tags while it makes way
	}
	others := p.live.OtherTags
	if d.recreate != "" {
		others = max(others, 1) // which the service gives to what is created
	}
	if len(tags)+others+ours <= limit {
		return ""
	}
	return fmt.Sprintf("it has %d tags, and qlsync needs %d of the %d that a connection may have: take tags off it, or declare at most %d under tags",
		len(tags)+others, ours, limit, a.in.Snapshot.Traits.MaxTags)
}

// transitRecords returns how many records the marks of a recreate hold on its way: neither the new
// connection nor the old one is protected then.
func (a *analysis) transitRecords(p *pair, final *connection.Mark) int {
	on := *final
	on.Transit, on.Moved, on.Protected = connection.TransitNew, "", false
	away := on
	if away.Sensitive == "" {
		away.Sensitive = p.live.Mark.Sensitive
	}
	return max(on.Records(), away.Records())
}

func longer(a, b []string) []string {
	if len(b) > len(a) {
		return b
	}
	return a
}
