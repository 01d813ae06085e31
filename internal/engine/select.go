package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Selection names connections, each as SPACE/NAME, and declared spaces, each as SPACE/. A text that is the exact name of a connection
// selects that connection, even if it contains * or ?. In any other text, * stands for any
// characters and ? for one character, within the space or within the name.
type Selection []string

// candidates are the connections that a selection may name.
type candidates struct {
	// exact are all candidates, and globbed those that a pattern can match.
	exact, globbed map[connection.Key]bool
	what           string // what a connection outside of the candidates is not
}

// find returns the connections that a selection names. A text without a match is a problem; flag is
// where the text was given.
func (s Selection) find(flag string, among candidates) (map[connection.Key]bool, connection.Problems) {
	byText := make(map[string][]connection.Key, len(among.exact))
	for key := range among.exact {
		text := key.Space + "/" + key.Name
		byText[text] = append(byText[text], key)
	}
	found := map[connection.Key]bool{}
	var problems connection.Problems
	for _, text := range s {
		matched := byText[text]
		if matched == nil {
			for key := range among.globbed {
				if matchesKey(text, key) {
					matched = append(matched, key)
				}
			}
		}
		if len(matched) == 0 {
			reason := connection.Because("pattern-matches-nothing", "flag", "--"+flag, "pattern", text, "among", among.what)
			if meant := words.Closest(text, slices.Sorted(maps.Keys(byText)), 1); len(meant) > 0 {
				reason = reason.With("meant", meant[0])
			}
			problems = append(problems, messages.Problem(connection.Position{}, connection.SeverityError, reason))
		}
		for _, key := range matched {
			found[key] = true
		}
	}
	return found, problems
}

// matchesKey reports whether a pattern matches a key. Spaces and names may contain slashes, so any
// slash of the pattern may be the separator.
func matchesKey(pattern string, key connection.Key) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return false // the exact name of another connection
	}
	for i := range len(pattern) {
		if pattern[i] == '/' && words.Match(pattern[:i], key.Space) && words.Match(pattern[i+1:], key.Name) {
			return true
		}
	}
	return false
}

// restrict sets which connections are planned and rotated. The problems contain an error if an
// option names a connection that does not exist, or if nothing is left to plan.
func (o *PlanOptions) restrict(in *plan.Input) connection.Problems {
	declared, withCredentials := map[connection.Key]bool{}, map[connection.Key]bool{}
	for i := range in.Desired {
		d := &in.Desired[i]
		key := declaredKey(d, in.Snapshot.Spaces)
		declared[key] = true
		if len(d.Credentials) > 0 {
			withCredentials[key] = true
		}
	}
	rotated, problems := o.Rotate.find("rotate", candidates{declared, withCredentials, "is declared with credentials"})
	if len(o.Target)+len(o.Exclude) > 0 {
		all, more := plan.Make(*in)
		if more.Err() != nil {
			return problems // the plan has these mistakes too
		}
		for i := range in.Prepared {
			declared[connection.Key{Space: in.Prepared[i].Name}] = true
		}
		planned := candidates{declared, declared, "is declared or would change"}
		for _, change := range slices.Concat(all.Changes, all.Rotations) {
			declared[change.Connection] = true
		}
		targets, unknown := o.Target.find("target", planned)
		excluded, more := o.Exclude.find("exclude", planned)
		problems = spec.Collect(problems, unknown, more)
		if len(o.Target) == 0 {
			targets = declared
		}
		if problems.Err() != nil {
			return problems
		}
		in.Only, more = choose(all, targets, excluded)
		problems = spec.Collect(problems, more, unselected(rotated, in.Only))
	}
	in.Rotate = sortedKeys(rotated)
	return problems
}

// unselected returns a problem if connections to rotate are not selected: their old credentials
// would silently stay in use.
func unselected(rotated map[connection.Key]bool, selected []connection.Key) connection.Problems {
	left := maps.Clone(rotated)
	for _, key := range selected {
		delete(left, key)
	}
	if len(left) == 0 || len(selected) == 0 {
		return nil
	}
	return connection.Problems{messages.Problem(connection.Position{}, connection.SeverityError, connection.Because("rotate-not-selected", "connections", texts(left)))}
}

// choose returns the targets without the excluded ones and without those whose changes need a
// connection that is not selected. An empty result is a problem, because it would mean no
// restriction.
func choose(p *plan.Plan, targets, excluded map[connection.Key]bool) ([]connection.Key, connection.Problems) {
	left, g := maps.Clone(targets), graphOf(p)
	maps.DeleteFunc(left, func(key connection.Key, _ bool) bool { return excluded[key] })
	along, needed := map[connection.Key]bool{}, map[connection.Key]bool{}
	for before := -1; before != len(along); {
		before = len(along)
		missing := maps.Clone(excluded)
		selected := reach(left, g.needs)
		for _, key := range g.created {
			missing[key] = missing[key] || !selected[key]
		}
		maps.DeleteFunc(missing, func(_ connection.Key, isMissing bool) bool { return !isMissing })
		for key := range missing {
			for waiting := range reach(map[connection.Key]bool{key: true}, g.neededBy) {
				if left[waiting] {
					along[waiting], needed[key] = true, true
				}
			}
		}
		maps.DeleteFunc(left, func(key connection.Key, _ bool) bool { return along[key] })
	}
	var problems connection.Problems
	if len(along) > 0 {
		reason := connection.Because("also-left-out", "connections", texts(along), "needed", texts(needed))
		problems = append(problems, messages.Problem(connection.Position{}, connection.SeverityWarning, reason))
	}
	if len(left) == 0 {
		problems = append(problems, messages.Problem(connection.Position{}, connection.SeverityError, connection.Because("nothing-left-to-plan")))
	}
	return sortedKeys(left), problems
}

// graph has the connections whose changes need each other.
type graph struct {
	needs, neededBy map[connection.Key][]connection.Key
	created         []connection.Key
}

func (g *graph) add(key, needed connection.Key) {
	g.needs[key] = append(g.needs[key], needed)
	g.neededBy[needed] = append(g.neededBy[needed], key)
}

// graphOf returns the graph of a plan. The delete of an undeclared connection waits for every create
// of its data source, because one of them may be that connection under its new name. It does not
// select these creates, so only neededBy has them.
func graphOf(p *plan.Plan) *graph {
	g := &graph{needs: map[connection.Key][]connection.Key{}, neededBy: map[connection.Key][]connection.Key{}}
	owners := map[int]connection.Key{}       // by operation
	created := map[string][]connection.Key{} // by data source
	for _, step := range p.Steps {
		for _, item := range step.Items {
			change := p.Change(item.Change)
			owners[item.ID] = change.Connection
			if change.Action == plan.ActionCreate {
				created[change.DataSource] = append(created[change.DataSource], change.Connection)
				g.created = append(g.created, change.Connection)
			}
		}
	}
	for _, step := range p.Steps {
		for _, item := range step.Items {
			for _, needed := range item.Needs {
				g.add(owners[item.ID], owners[needed])
			}
			change := p.Change(item.Change)
			if change.Action != plan.ActionDelete || !slices.ContainsFunc(change.Reasons, func(r connection.Reason) bool { return r.Code == "undeclared" }) {
				continue // the leftover of a recreate belongs to the recreated connection
			}
			for _, key := range created[change.DataSource] {
				g.neededBy[key] = append(g.neededBy[key], change.Connection)
			}
		}
	}
	return g
}

// reach returns the keys and all that edges lead to from them.
func reach(keys map[connection.Key]bool, edges map[connection.Key][]connection.Key) map[connection.Key]bool {
	reached, pending := maps.Clone(keys), slices.Collect(maps.Keys(keys))
	for len(pending) > 0 {
		key := pending[0]
		pending = pending[1:]
		for _, next := range edges[key] {
			if !reached[next] {
				reached[next] = true
				pending = append(pending, next)
			}
		}
	}
	return reached
}

func texts(keys map[connection.Key]bool) []string {
	var names []string
	for _, key := range sortedKeys(keys) {
		names = append(names, key.String())
	}
	return names
}

// declaredKey returns the key of a declared connection.
func declaredKey(d *connection.Desired, spaces []connection.Space) connection.Key {
	return connection.Key{Space: nameOf(d.Space, spaces), Name: d.Name}
}

// nameOf returns the name of a space in keys.
func nameOf(ref connection.SpaceRef, spaces []connection.Space) string {
	for _, space := range spaces {
		isPersonal := space.Type == connection.PersonalSpace
		if ref.Personal && isPersonal || ref.ID != "" && !isPersonal && space.ID == ref.ID {
			return space.Name
		}
	}
	return ref.String()
}

func sortedKeys(keys map[connection.Key]bool) []connection.Key {
	return slices.SortedFunc(maps.Keys(keys), connection.Key.Compare)
}
