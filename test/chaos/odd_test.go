package chaos_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// These fates are about what the tenant itself is or does: what an administrator has switched
// off, who owns something, how names and tags are, and what becomes of values.
const (
	switchedOff        fate = "is updated, and its data source is disabled"
	retiresSwitchedOff fate = "retires, and its data source is disabled"
	bornSwitchedOff    fate = "appears, and its data source is disabled"
	givenToInactive    fate = "is updated and gets an owner who is not active"
	bornInactive       fate = "appears for an owner who is not active"
	ofInactive         fate = "is updated, and its owner is not active"
	ofDeleted          fate = "is updated, and its owner was deleted"
	respelled          fate = "is declared with a name that is the same to Unicode"
	lookAlike          fate = "makes way for a name that looks the same"
	replaced           fate = "makes way for another name, and the moved block is for other tenants"
	crowded            fate = "is nobody's, and its tags leave no room"
	full               fate = "is updated, and it has as many tags as there may be"
	shouts             fate = "is updated, and the service rewrites its host"
	whispers           fate = "is updated, and letter case of its host does not count"
	listed             fate = "is updated, and the service rewrites a list"
	relisted           fate = "is updated, and order and additions do not count in its list"
)

var oddFates = []fate{
	switchedOff, retiresSwitchedOff, bornSwitchedOff, givenToInactive, bornInactive, ofInactive, ofDeleted,
	respelled, lookAlike, replaced, crowded, full, shouts, whispers, listed, relisted,
}

const (
	cy, di = "u-cy", "u-di" // Cy's account is disabled, Di's was deleted
	snow   = "snowflake"    // is disabled in the tenant where a story is about it
	table  = "mssql"        // has a host
	rest   = "rest"         // has a list of named items
)

// kind is a data source as stories use it.
type kind struct {
	source, property string // the property that has the value of the bucket
	name, secret     string // the credentials
}

var kinds = map[string]kind{
	lake:  {lake, "bucketName", "accessKey", "secretKey"},
	query: {query, "Catalog", "", "authCode"},
	snow:  {snow, "database", "username", "password"},
	table: {table, "database", "username", "password"},
	rest:  {rest, "OffsetDataPath", "username", "password"},
}

func (s *story) kind() kind {
	switch s.fate {
	case signed, resigned:
		return kinds[query]
	case switchedOff, retiresSwitchedOff, bornSwitchedOff:
		return kinds[snow]
	case shouts, whispers:
		return kinds[table]
	case listed, relisted:
		return kinds[rest]
	}
	return kinds[lake]
}

// spellings make another name of one, in a way that the eye or Unicode takes for the same.
var spellings = map[fate][]func(string) string{
	respelled: {
		strings.ToUpper,
		func(name string) string { return strings.ReplaceAll(name, "Lake", "Laké") },
	},
	lookAlike: {
		func(name string) string { return strings.ReplaceAll(name, "a", "\u0430") }, // Cyrillic
		func(name string) string { return strings.ReplaceAll(name, " ", "\u2060 ") },
		func(name string) string { return strings.ReplaceAll(name, " ", "\u00a0") },
	},
}

// settleOdd completes a story with an odd fate.
func (s *story) settleOdd(t *rapid.T) {
	switch s.fate {
	case switchedOff, givenToInactive, ofInactive, ofDeleted, full, shouts, whispers, listed, relisted:
		s.bucket += "-new"
	case retiresSwitchedOff:
		s.after = connection.Key{}
	case bornSwitchedOff, bornInactive:
		s.before = connection.Key{}
	case replaced:
		s.after.Name += " another"
	case respelled, lookAlike:
		spell := rapid.SampledFrom(spellings[s.fate]).Draw(t, "spelling")
		if s.after.Name = spell(s.before.Name); strings.Contains(s.after.Name, "é") {
			s.before.Name = strings.ReplaceAll(s.before.Name, "Lake", "Lake\u0301")
		}
	}
}

// refusal is a part of the reason for which a declaration is refused for as long as the tenant
// is as it is; empty: it is not.
func (s *story) refusal() string {
	switch s.fate {
	case switchedOff, bornSwitchedOff:
		return "disabled"
	case givenToInactive, bornInactive:
		return "owner-inactive"
	case respelled:
		return "namesake"
	case crowded:
		return "no-room-for-tags"
	}
	return ""
}

// warning is a part of what the plan warns of, as long as the tenant is as it is; empty: nothing.
func (w *world) warning(s *story) string {
	ownersTold := !slices.Contains(w.behaviour.Without, "user")
	switch s.fate {
	case retiresSwitchedOff:
		return "undeclared-disabled"
	case ofInactive:
		if !ownersTold {
			return "owner-unknown"
		}
		return "owner-not-active"
	case respelled:
		return "kept-namesake"
	}
	return ""
}

// isUntouchable reports whether nothing may be written to the connection that is there before.
func (s *story) isUntouchable() bool { return s.refusal() != "" || s.fate == retiresSwitchedOff }

// makesWay reports whether the connection that was there before is deleted and another one is
// created under another name.
func (s *story) makesWay() bool { return s.fate == lookAlike || s.fate == replaced }

// rewritten is the property that the service rewrites in a way that the declaration has not
// allowed for, so that it always differs; empty: there is none.
func (w *world) rewritten(s *story) string {
	switch {
	case !w.behaviour.RewriteValues:
		return ""
	case s.fate == shouts:
		return "/properties/host"
	case s.fate == listed:
		return "/properties/queryHeaders"
	}
	return ""
}

// owner is who owns the connection before.
func (s *story) owner() string {
	switch s.fate {
	case ofInactive:
		return cy
	case ofDeleted:
		return di
	}
	return ana
}

// userTags are the tags before that are not ours.
func (s *story) userTags() (tags []string) {
	n := map[fate]int{crowded: 30, full: 28}[s.fate]
	for i := range n {
		tags = append(tags, fmt.Sprint("tag ", i))
	}
	return tags
}

// declareOdd completes the declaration of a story with an odd fate.
func (s *story) declareOdd(d *connection.Desired) {
	switch s.fate {
	case givenToInactive, bornInactive:
		d.Owner = "cy@example.com"
	case ofInactive:
		d.OwnerID = cy
	case whispers:
		d.Lifecycle.Compare = map[string]connection.Comparison{"host": {As: connection.CompareIgnoreCase}}
	case relisted:
		d.Lifecycle.Compare = map[string]connection.Comparison{"queryHeaders": {As: connection.CompareSet, By: "name", OnlyDeclared: true}}
	}
}

// disabled are the data sources that an administrator has switched off.
func (w *world) disabled() []string {
	if slices.ContainsFunc(w.stories, func(s story) bool { return s.kind().source == snow }) {
		return []string{snow}
	}
	return []string{}
}

// isHidden reports whether an answer is the one for a data source that is disabled.
func (w *world) isHidden(r *http.Request, response *http.Response) bool {
	return response != nil && response.StatusCode == http.StatusNotFound && len(w.disabled()) > 0 &&
		strings.HasSuffix(r.URL.Path, "/data-sources/"+snow+"/api-specs")
}

// keepUntouchable makes strangers of the connections to which nothing may be written.
func (e *episode) keepUntouchable(c *inspect.Connection) bool {
	key := connection.Key{Space: c.Space, Name: c.Name}
	return slices.ContainsFunc(e.world.stories, func(s story) bool { return s.before == key && s.isUntouchable() })
}

// checkReported demands that a plan refuses what must be refused, and never creates and deletes what
// looks the same, or creates what exists. If all was read, it also demands the reason, and the warnings of what stays as
// it is.
func (e *episode) checkReported(p *plan.Plan, allRead bool) {
	for _, c := range p.Changes {
		is, there := e.tenant.Find(c.Connection.Space, c.Connection.Name)
		if there && len(e.world.handled) == 0 && c.Action == plan.ActionCreate && !c.Refused.Holds() && is.Name == c.Connection.Name && !e.isLeaving(is.ID, p) {
			e.trouble("the plan creates %q, which exists", c.Connection)
		}
	}
	for i := range e.world.stories {
		s := &e.world.stories[i]
		if e.world.isHandled(s) {
			continue
		}
		if want := s.refusal(); want != "" {
			c := changeOf(p, s.after)
			if c != nil && !c.Refused.Holds() || allRead && (c == nil || !strings.HasPrefix(c.Refused.Code, want)) {
				e.trouble("%q %s, and the plan says %+v; want it refused by %q", s.after, s.fate, c, want)
			}
		}
		if want := e.world.warning(s); allRead && want != "" && !slices.ContainsFunc(p.Warnings, func(w plan.Warning) bool {
			return w.Connection != nil && (*w.Connection == s.before || *w.Connection == s.after) && w.Reason.Code == want
		}) {
			e.trouble("%q %s, and no warning says %q: %+v", s.before, s.fate, want, p.Warnings)
		}
		if s.fate == lookAlike && will(p, s.after, plan.ActionCreate) && will(p, s.before, plan.ActionDelete) {
			e.trouble("%q and %q look the same, and one plan creates and deletes them", s.before, s.after)
		}
	}
}

// isLeaving reports whether a plan takes a connection away from its name.
func (e *episode) isLeaving(id string, p *plan.Plan) bool {
	return slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return c.ID == id })
}

func changeOf(p *plan.Plan, key connection.Key) *plan.Change {
	i := slices.IndexFunc(p.Changes, func(c plan.Change) bool { return c.Connection == key })
	if i < 0 {
		return nil
	}
	return &p.Changes[i]
}

func will(p *plan.Plan, key connection.Key, action plan.Action) bool {
	c := changeOf(p, key)
	return c != nil && c.Action == action && !c.Refused.Holds()
}

// isAtRest reports whether a plan has nothing to do but what is always refused, and what the
// service rewrites after each write.
func (e *episode) isAtRest(p *plan.Plan) bool {
	return len(p.Rotations) == 0 && !slices.ContainsFunc(p.Changes, func(c plan.Change) bool {
		if s := e.world.at(c.Connection); s != nil {
			return !e.world.isExpected(s, &c)
		}
		return !e.world.keeps(c.DataSource) || c.Refused.Code != "waits-for-create"
	})
}

// keeps reports whether what is no longer declared of a data source is kept, because the create
// of another connection of it is always refused: the one may be the old name of the other.
func (w *world) keeps(source string) bool {
	return slices.ContainsFunc(w.stories, func(s story) bool {
		return s.kind().source == source && s.refusal() != "" && s.after.Name != "" && s.before != s.after
	})
}

func (w *world) isExpected(s *story, c *plan.Change) bool {
	if want := s.refusal(); want != "" {
		return strings.HasPrefix(c.Refused.Code, want)
	}
	path := w.rewritten(s)
	return path != "" && c.Action == plan.ActionUpdate && !c.Refused.Holds() &&
		!slices.ContainsFunc(c.Fields, func(f plan.Field) bool {
			return f.Path != path && !strings.HasPrefix(f.Path, path+"/") && !strings.HasPrefix(f.Path, "/credentials/")
		})
}

// sources are the data sources that the files declare.
func (w *world) sources() []string {
	ids := []string{lake, query}
	for i := range w.stories {
		if w.stories[i].after.Name != "" {
			ids = append(ids, w.stories[i].kind().source)
		}
	}
	return ids
}
