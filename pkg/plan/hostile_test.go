package plan_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// hostileWorld adds to a random world what people and accidents do: connections
// that cannot be read or are separated, protection, a host, marks of half-done
// recreates, ignored fields, other users' owners, an incomplete list.
func hostileWorld(t *rapid.T, base func(*rapid.T) *world) *world {
	w := base(t)
	w.snapshot.Users = append(w.snapshot.Users, connection.User{ID: "u-cy", Email: "cy@example.com"})
	if rapid.IntRange(0, 11).Draw(t, "incomplete") == 0 {
		w.snapshot.Incomplete = []string{"space B: 503"}
	}
	for i := range w.snapshot.Connections {
		l := &w.snapshot.Connections[i]
		switch rapid.IntRange(0, 11).Draw(t, "oddity") {
		case 0:
			l.Unreadable = "403"
		case 1:
			l.PerUserCredentials, l.HasCredentials = true, false
			delete(w.stored, l.ID)
		case 2:
			l.OwnerID = "u-cy"
		case 3:
			l.Tags = []string{"by-hand"}
		case 4, 5:
			l.Properties["host"] = "one"
		case 6:
			l.Record.Credentials = connection.CredentialsRecord(0, secretRef("P"), "u-cy")
		case 7:
			// Without stored credentials, nothing is left to lose: if the files ignore credentials too, nothing
			// shows that a change of owner was killed before its credentials, and none are written.
			if l.HasCredentials {
				l.Record.Credentials = connection.CredentialsRecord(1, secretRef("Q"), l.OwnerID)
			}
		}
	}
	for _, d := range slices.Clone(w.files) {
		if rapid.IntRange(0, 7).Draw(t, "half done") == 0 {
			leaveHalf(t, w, connection.Key{Space: d.Space.Name, Name: d.Name})
		}
	}
	if !w.whole && rapid.IntRange(0, 3).Draw(t, "personal") == 0 {
		goPersonal(w)
	}
	for i := range w.files {
		d := &w.files[i]
		switch rapid.IntRange(0, 11).Draw(t, "declared oddity") {
		case 0, 1:
			d.Properties["host"] = "two"
		case 2:
			d.Properties["mode"] = nil
		case 3:
			d.Tags = []string{"declared"}
		case 4:
			d.Lifecycle.IgnoreChanges = []string{rapid.SampledFrom([]string{"tags", "owner", "credentials", "properties", "properties.path"}).Draw(t, "ignored")}
		case 5:
			yes := rapid.Bool().Draw(t, "protect")
			d.Lifecycle.PreventDestroy = &yes
		case 6:
			d.Properties["tree"] = map[string]any{"a": "b"}
		case 7:
			d.Sensitive = []string{"undeclared"}
		}
	}
	return w
}

// leaveHalf leaves what an interrupted recreate, or a cycle, leaves of a key.
func leaveHalf(t *rapid.T, w *world, key connection.Key) {
	digest := w.record(key)
	hold := func(prefix, phase string) {
		live := w.hold(key.Space, prefix+digest, func(l *connection.Live) {
			l.Record = connection.Record{Project: project, Key: digest, Phase: phase, Credentials: "0"}
			if w.whole && phase == connection.PhaseNew {
				l.Record.Moved = digest // it was tried out for its own key
			}
			l.HasCredentials = true
			l.Properties = map[string]any{"path": "/1"}
		})
		w.stored[live.ID] = "from before"
	}
	isGone := rapid.Bool().Draw(t, "gone")
	if isGone {
		w.snapshot.Connections = slices.DeleteFunc(w.snapshot.Connections, func(l connection.Live) bool { return l.Key == key })
	}
	which := rapid.IntRange(1, 7).Draw(t, "halves")
	switch {
	case w.fixedNames:
		which = 1
	case w.whole && !isGone: // where a new one is tried out, no old one makes way
		which = 1
	case w.whole:
		which &^= 2
	}
	if which&1 != 0 {
		hold("qlsync-new-", connection.PhaseNew)
	}
	if which&2 != 0 {
		hold("qlsync-old-", connection.PhaseDeposed)
	}
	if which == 4 {
		hold("qlsync-temporary-", "")
	}
}

// goPersonal makes the caller's personal space of space C: there owners do not
// change.
func goPersonal(w *world) {
	for i := range w.snapshot.Connections {
		l := &w.snapshot.Connections[i]
		if l.Key.Space != "C" {
			continue
		}
		old := l.Key
		l.Key.Space, l.SpaceID, l.OwnerID = connection.PersonalSpace, "", "u-ana"
		if l.Record.Key == w.record(old) {
			l.Record.Key = w.record(l.Key)
		}
	}
	personal := func(ref *connection.SpaceRef) {
		if ref.Name == "C" {
			*ref = connection.SpaceRef{Personal: true, Name: ""}
		}
	}
	for i := range w.files {
		personal(&w.files[i].Space)
	}
	for i := range w.moves {
		personal(&w.moves[i].From.Space)
		personal(&w.moves[i].To.Space)
	}
	w.sort()
}

// handMade does one thing that a person might do in the tenant between two runs.
func handMade(t *rapid.T, w *world) string {
	if len(w.snapshot.Connections) == 0 {
		return "nothing"
	}
	w.snapshot.Connections = slices.Clone(w.snapshot.Connections)
	i := rapid.IntRange(0, len(w.snapshot.Connections)-1).Draw(t, "which")
	l := &w.snapshot.Connections[i]
	key := rapid.SampledFrom(allKeys()).Draw(t, "hand key")
	free := !slices.ContainsFunc(w.snapshot.Connections, func(l connection.Live) bool { return l.Key == key })
	text := ""
	switch rapid.IntRange(0, 5).Draw(t, "hand") {
	case 0: // a new one, of nobody
		if free {
			w.created++
			w.snapshot.Connections = append(w.snapshot.Connections, connection.Live{
				ID: fmt.Sprintf("id-hand-%d", w.created), Key: key, SpaceID: w.spaceID(key.Space), OwnerID: "u-cy",
				DataSource: "rest", Family: "web", Properties: map[string]any{"path": "/hand"},
			})
			text = "makes " + key.String()
		}
	case 1: // a copy, with its tags
		if free {
			w.created++
			c := *l
			c.ID, c.Key, c.SpaceID = fmt.Sprintf("id-copy-%d", w.created), key, w.spaceID(key.Space)
			c.HasCredentials = false
			w.snapshot.Connections = append(w.snapshot.Connections, c)
			text = "copies " + l.Key.String() + " to " + key.String()
		}
	case 2: // a rename
		if free {
			text = "renames " + l.Key.String() + " to " + key.String()
			l.Key, l.SpaceID = key, w.spaceID(key.Space)
		}
	case 3: // another owner
		if l.OwnerID != "u-cy" {
			text = "gives " + l.Key.String() + " to cy"
			l.OwnerID, l.HasCredentials = "u-cy", false
			delete(w.stored, l.ID)
		}
	case 4:
		text = "edits " + l.Key.String()
		l.Properties = map[string]any{"path": "/edited"}
	case 5:
		text = "takes all tags off " + l.Key.String()
		l.Record = connection.Record{}
	}
	w.sort()
	return text
}

// changeFiles does one thing to the files between two runs.
func changeFiles(t *rapid.T, w *world) string {
	w.files = slices.Clone(w.files)
	key := rapid.SampledFrom(allKeys()).Draw(t, "file key")
	at := slices.IndexFunc(w.files, func(d connection.Desired) bool { return d.Space.String() == key.Space && d.Name == key.Name })
	switch {
	case at < 0:
		declareAny(t, w, key)
		return "declares " + key.String()
	case rapid.Bool().Draw(t, "drop"):
		w.files = slices.Delete(w.files, at, at+1)
		return "drops " + key.String()
	default:
		w.files = slices.Delete(w.files, at, at+1)
		declareAny(t, w, key)
		return "declares again " + key.String()
	}
}

// guard watches every operation.
type guard struct {
	t *rapid.T
	w *world
	p *plan.Plan
	// stripped lists connections whose credentials an operation of ours took away.
	stripped map[string]bool
	// begin is the tenant before the plan.
	begin []connection.Live
}

func (w *world) byID(id string) *connection.Live {
	for i := range w.snapshot.Connections {
		if w.snapshot.Connections[i].ID == id {
			return &w.snapshot.Connections[i]
		}
	}
	return nil
}

func (*world) byIDIn(list []connection.Live, id string) bool {
	return slices.ContainsFunc(list, func(l connection.Live) bool { return l.ID == id })
}

func (w *world) at(key connection.Key) *connection.Live {
	for i := range w.snapshot.Connections {
		if w.snapshot.Connections[i].Key == key {
			return &w.snapshot.Connections[i]
		}
	}
	return nil
}

func (w *world) file(key connection.Key) *connection.Desired {
	for i := range w.files {
		if w.files[i].Space.String() == key.Space && w.files[i].Name == key.Name {
			return &w.files[i]
		}
	}
	return nil
}

func (g *guard) before(item plan.Item) {
	op := item.Operation
	change := *g.p.Change(item.Change)
	if change.Refused.Holds() {
		g.t.Fatalf("an operation of a refused change: %s %s", op.Kind, op.Key)
	}
	if len(g.w.snapshot.Incomplete) > 0 && (op.Kind == connection.Delete || op.Kind == connection.BulkDelete || op.Kind == connection.Create || op.Name != "") {
		g.t.Fatalf("%s %s under an incomplete list", op.Kind, op.Key)
	}
	if item.Created != nil || op.ID == "" {
		return
	}
	live := g.w.byID(op.ID)
	if live == nil {
		return
	}
	if live.Record.Project == "other" || live.Unreadable != "" {
		g.t.Fatalf("%s touches %q of %q (unreadable: %q)", op.Kind, live.Key, live.Record.Project, live.Unreadable)
	}
	if d := g.w.file(change.Connection); live.Record.Project == "" && g.w.byIDIn(g.begin, live.ID) && g.w.policy.Adopt != connection.AdoptAll && (d == nil || !d.Lifecycle.Adopt) {
		if g.w.policy.Adopt == connection.AdoptNone || len(change.Fields) > 0 {
			g.t.Fatalf("%s touches %q, which nobody owns, and the policy is %s\n%s", op.Kind, live.Key, g.w.policy.Adopt, outline(g.p))
		}
	}
	if _, sets := op.Set["host"]; (sets || slices.Contains(op.Remove, "host")) && op.Credentials == nil && live.HasCredentials && !g.w.fixedNames {
		g.t.Fatalf("%s of %q changes the host without the credentials: the service refuses it\n%s", op.Kind, live.Key, outline(g.p))
	}
	if op.Kind == connection.Delete || op.Kind == connection.BulkDelete {
		g.beforeDelete(item, live)
	}
	if op.OwnerID != "" && op.OwnerID != live.OwnerID && live.HasCredentials {
		g.stripped[live.ID] = true
	}
}

// beforeDelete demands that a half-done connection is deleted only while another
// one of ours with the same key record has that key, or, for a new one,
// the old one exists.
func (g *guard) beforeDelete(item plan.Item, live *connection.Live) {
	change := g.p.Changes[item.Change]
	d := g.w.file(change.Connection)
	for _, other := range g.w.snapshot.Connections {
		if d == nil && g.w.whole && g.w.fits(other.Record.Moved, live.Key) {
			d = g.w.file(other.Key) // it was recreated there
		}
	}
	if live.Record.Protected && (d == nil || d.Lifecycle.PreventDestroy == nil || *d.Lifecycle.PreventDestroy) {
		g.t.Fatalf("deletes %q, which is protected", live.Key)
	}
	if g.w.whole && (change.Action == plan.ActionRecreate || g.w.fixedNames && change.Action == plan.ActionMove) {
		g.beforeReplaced(change, live)
		return
	}
	if live.Record.Project == "" {
		g.t.Fatalf("deletes %q, which nobody owns", live.Key)
	}
	for _, other := range g.w.snapshot.Connections {
		if g.w.whole && g.w.fits(other.Record.Moved, live.Key) && g.w.file(other.Key) != nil && g.w.file(live.Key) == nil {
			return // it was recreated at another key
		}
	}
	if g.w.fits(live.Record.Key, live.Key) || live.Record.Phase == "" { // the former: put back by hand
		if change.Action != plan.ActionDelete || g.w.policy.Prune != connection.PruneOwned || g.w.file(live.Key) != nil {
			g.t.Fatalf("deletes %q: %s", live.Key, change.Action)
		}
		return
	}
	undeclared := !slices.ContainsFunc(g.w.files, func(d connection.Desired) bool {
		return g.w.fits(live.Record.Key, connection.Key{Space: d.Space.String(), Name: d.Name})
	})
	if undeclared && change.Action == plan.ActionDelete && g.w.policy.Prune == connection.PruneOwned {
		return
	}
	full, _ := plan.Make(g.w.input()) // with --target, the plan has but a part of it
	if slices.ContainsFunc(full.Changes, func(c plan.Change) bool {
		return !c.Refused.Holds() && g.w.fits(live.Record.Key, c.Connection) && c.From != nil && g.w.at(*c.From) != nil
	}) {
		return // it is recreated from elsewhere
	}
	for _, other := range g.w.snapshot.Connections {
		if other.ID == live.ID {
			continue
		}
		if g.w.fits(live.Record.Key, other.Key) && (other.Record.Project == project || g.isAdopted(other)) {
			return
		}
		if live.Record.Phase == connection.PhaseNew && other.Record.Phase == connection.PhaseDeposed && other.Record.Key == live.Record.Key {
			return
		}
	}
	g.t.Fatalf("deletes %q (%s), the last one of its key, in\n%s", live.Key, live.Record.Phase, outline(g.p))
}

// isAdopted reports whether the plan takes a connection over.
func (g *guard) isAdopted(live connection.Live) bool {
	full, _ := plan.Make(g.w.input()) // with --target, the plan has but a part of it
	return slices.ContainsFunc(slices.Concat(g.p.Changes, full.Changes), func(c plan.Change) bool { return c.ID == live.ID && !c.Refused.Holds() })
}

// beforeReplaced demands that a connection that is recreated is deleted only while another one has
// all that it is to have.
func (g *guard) beforeReplaced(change plan.Change, live *connection.Live) {
	if live.Record.Phase == connection.PhaseNew {
		return // the one that was tried out
	}
	d := g.w.file(change.Connection)
	for _, other := range g.w.snapshot.Connections {
		if other.ID != live.ID && other.Record.Project == project && g.w.fits(other.Record.Key, change.Connection) &&
			(other.HasCredentials || !live.HasCredentials || d.Lifecycle.RecreateAllowed) {
			return
		}
	}
	g.t.Fatalf("deletes %q, and nothing has what it has, in\n%s", live.Key, outline(g.p))
}

// after demands that a name that was there is missing only while its own recreate is
// between its two renames, or while a plan moves it away.
func (g *guard) after(item plan.Item) {
	op := item.Operation
	if op.Credentials != nil {
		id := op.ID
		if item.Created != nil {
			id = g.w.made[*item.Created]
		}
		delete(g.stripped, id)
	}
	for _, old := range g.begin {
		if old.Record.Project != project || g.w.at(old.Key) != nil || g.w.file(old.Key) == nil {
			continue
		}
		if g.mayBeMissing(old, item) {
			continue
		}
		g.t.Fatalf("%q is missing after %s %s in\n%s", old.Key, op.Kind, op.Key, outline(g.p))
	}
}

func (g *guard) mayBeMissing(old connection.Live, item plan.Item) bool {
	for i, c := range g.p.Changes {
		if c.Refused.Holds() || c.ID != old.ID {
			continue
		}
		if c.Connection != old.Key {
			return true // it is moved away: a chain or a cycle
		}
		return c.Action == plan.ActionRecreate && item.Change == i && item.Operation.Record != nil && item.Operation.Record.Phase == connection.PhaseDeposed
	}
	return false
}

// notMade reports whether a create of the data source was not done.
func notMade(p *plan.Plan, done map[int]bool, source string) bool {
	for _, step := range p.Steps {
		for _, item := range step.Items {
			if item.Operation.Kind == connection.Create && item.Operation.DataSource == source && !done[item.ID] {
				return true
			}
		}
	}
	return false
}

// hostileRun carries a plan out with failures and kills; it reports whether all
// was done.
func hostileRun(t *rapid.T, w *world, p *plan.Plan, trouble bool, stripped map[string]bool) bool {
	w.made = map[int]string{}
	g := &guard{t: t, w: w, p: p, stripped: stripped, begin: slices.Clone(w.snapshot.Connections)}
	done, ended, steps := map[int]bool{}, map[string]bool{}, slices.Clone(p.Steps)
	all := true
	for len(steps) > 0 {
		var ready []int
		for i, step := range steps {
			if !slices.ContainsFunc(step.After, func(id string) bool { return !ended[id] }) {
				ready = append(ready, i)
			}
		}
		i := rapid.SampledFrom(ready).Draw(t, "step")
		step := steps[i]
		broken := false
		for j, item := range step.Items {
			blocked := broken || item.Creates != "" && notMade(p, done, item.Creates) || slices.ContainsFunc(item.Needs, func(id int) bool { return !done[id] })
			if blocked {
				all = false
				continue
			}
			fate := 9
			if trouble {
				fate = rapid.IntRange(0, 9).Draw(t, "fate")
			}
			if fate == 0 {
				t.Logf("killed before %s %s", item.Operation.Kind, item.Operation.Key)
				return false
			}
			if fate == 1 || fate == 2 { // 2: it was done, and the answer was lost
				t.Logf("failed (%d) %s %s", fate, item.Operation.Kind, item.Operation.Key)
				all = false
				if fate == 2 {
					g.before(item)
					if err := w.do(item); err != nil {
						t.Fatalf("%s: got error %v, want the step to be done in\n%s", step.ID, err, outline(p))
					}
					g.after(item)
				}
				if grouped := j >= len(step.Items)-step.Grouped; grouped && step.Undo != nil {
					undo(w, *step.Undo)
				}
				if step.Kind == connection.Recreate {
					stillThere(t, w, step.Connections[0], g.begin)
				}
				broken = step.Kind == connection.Recreate
				continue
			}
			g.before(item)
			if err := w.do(item); err != nil {
				t.Fatalf("%s: got error %v, want the step to be done in\n%s", step.ID, err, outline(p))
			}
			done[item.ID] = true
			g.after(item)
		}
		ended[step.ID] = true
		steps = slices.Delete(steps, i, i+1)
	}
	return all
}

// undo puts the old name back; where it is taken by now, nothing happens.
func undo(w *world, op connection.Operation) {
	live := w.byID(op.ID)
	if w.at(connection.Key{Space: op.Key.Space, Name: op.Name}) == nil && live != nil {
		_ = w.do(plan.Item{Operation: op, ID: -1})
	}
}

// shown demands that each difference at a declared key after a complete plan is
// among the fields that were reviewed.
func shown(t *rapid.T, w *world, p *plan.Plan, begin []connection.Live) {
	for _, c := range p.Changes {
		if c.Refused.Holds() || c.ID == "" || c.Action == plan.ActionDelete {
			continue
		}
		i := slices.IndexFunc(begin, func(l connection.Live) bool { return l.ID == c.ID })
		now := w.at(c.Connection)
		if now == nil {
			t.Fatalf("%q is not there", c.Connection)
		}
		if c.Action != plan.ActionRecreate && now.ID != c.ID {
			t.Fatalf("%q has become another connection", c.Connection)
		}
		fields := map[string]bool{}
		for _, f := range c.Fields {
			fields[f.Path] = true
		}
		was := begin[i]
		if was.OwnerID != now.OwnerID && !fields["/owner"] && !(c.Action == plan.ActionRecreate && w.file(c.Connection).Lifecycle.RecreateAllowed) {
			t.Fatalf("%q: the owner changes and nobody was told in\n%s", c.Connection, outline(p))
		}
		if !slices.Equal(was.Tags, now.Tags) && !fields["/tags"] {
			t.Fatalf("%q: the tags change and nobody was told in\n%s", c.Connection, outline(p))
		}
		if was.DataSource == now.DataSource {
			for _, name := range []string{"path", "host", "mode", "tree"} {
				if !reflect.DeepEqual(was.Properties[name], now.Properties[name]) && !fields["/properties/"+name] {
					t.Fatalf("%q: %s changes and nobody was told in\n%s", c.Connection, name, outline(p))
				}
			}
		}
	}
}

func shuffled(t *rapid.T, w *world) plan.Input {
	in := w.input()
	in.Desired = rapid.Permutation(in.Desired).Draw(t, "files order")
	in.Moves = rapid.Permutation(in.Moves).Draw(t, "moves order")
	return in
}

func jsonOf(p *plan.Plan) string { return outline(p) + p.Hash }

func hostile(t *rapid.T, w *world) {
	stripped, meant, untouched := map[string]bool{}, map[connection.Key]string{}, true
	troubles := rapid.IntRange(0, 2).Draw(t, "troubles")
	var last *plan.Plan
	for round := 0; ; round++ {
		p, problems := plan.Make(w.input())
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		if again, _ := plan.Make(shuffled(t, w)); jsonOf(p) != jsonOf(again) {
			t.Fatalf("got another plan for another order of files:\n%s\nwant\n%s", outline(p), outline(again))
		}
		if p.Refusal != nil || len(p.Steps) == 0 {
			break
		}
		if round > 14 {
			t.Fatalf("got no empty plan after 15 rounds, want convergence:\n%s", outline(p))
		}
		if last != nil && last.Summary.Refused == 0 {
			t.Fatalf("after the plan\n%s\nthere is another one\n%s", outline(last), outline(p))
		}
		t.Logf("plan %d:\n%s", round, outline(p))
		if round == 0 {
			for _, c := range p.Changes {
				if !c.Refused.Holds() && c.ID != "" && c.Action != plan.ActionRecreate && c.Action != plan.ActionDelete {
					meant[c.Connection] = c.ID
				}
			}
		}
		begin := slices.Clone(w.snapshot.Connections)
		all := hostileRun(t, w, p, round < troubles, stripped)
		last = p
		if all {
			shown(t, w, p, begin)
		}
		if !all {
			last = nil
		}
		if round < troubles {
			switch rapid.IntRange(0, 3).Draw(t, "between") {
			case 0:
				untouched = false
				t.Logf("by hand: %s", handMade(t, w))
				last = nil
			case 1:
				untouched = false
				t.Logf("files: %s", changeFiles(t, w))
				last = nil
			}
		}
	}
	p, _ := plan.Make(w.input())
	if untouched {
		for key, id := range meant {
			if slices.ContainsFunc(w.moves, func(m connection.Move) bool { return m.From.String() == key.String() }) {
				continue // only from is there: the move is pending in any case
			}
			if live := w.at(key); !slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return c.Connection == key }) && (live == nil || live.ID != id) {
				t.Fatalf("%q was to be %s and is not", key, id)
			}
		}
	}
	if len(p.Changes) > 0 {
		return
	}
	for id := range stripped {
		if live := w.byID(id); live != nil {
			if d := w.file(live.Key); d != nil && d.Credentials != nil && !slices.Contains(d.Lifecycle.IgnoreChanges, "credentials") {
				t.Fatalf("%q has lost its credentials, and nothing will write them", live.Key)
			}
		}
	}
}

// TestHostileWorlds watches every single operation of random plans in random
// worlds, with failures, kills, hands and changed files in between.
func TestHostileWorlds(t *testing.T) {
	for name, base := range map[string]func(*rapid.T) *world{"any files": randomWorld, "cycles": randomCycle} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { hostile(t, hostileWorld(t, base)) })
		})
	}
}

// TestTargetsAndReviews carries out plans for single connections, and plans of
// which only what was reviewed may be done.
func TestTargetsAndReviews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := hostileWorld(t, randomWorld)
		in := w.input()
		if rapid.Bool().Draw(t, "reviewed") {
			reviewed, _ := plan.Make(in)
			then := map[string]bool{}
			for _, c := range reviewed.Changes {
				then[describeChange(c)] = true
			}
			for range 2 {
				if rapid.Bool().Draw(t, "files") {
					changeFiles(t, w)
				} else {
					handMade(t, w)
				}
			}
			in = w.input()
			in.Reviewed = reviewed
			p, _ := plan.Make(in)
			for _, c := range p.Changes {
				if !c.Refused.Holds() && !then[describeChange(c)] {
					t.Fatalf("not reviewed, and done: %s\n%s\nreviewed\n%s", describeChange(c), outline(p), outline(reviewed))
				}
			}
			hostileRun(t, w, p, false, map[string]bool{})
			return
		}
		full, _ := plan.Make(in)
		if len(full.Changes) == 0 {
			return
		}
		in.Only = []connection.Key{rapid.SampledFrom(full.Changes).Draw(t, "target").Connection}
		p, problems := plan.Make(in)
		if problems.Err() != nil {
			t.Fatalf("got problems %v, want none", problems)
		}
		byKey := map[connection.Key]plan.Change{}
		for _, c := range full.Changes {
			byKey[c.Connection] = c
		}
		for _, c := range p.Changes {
			if !reflect.DeepEqual(stripPos(c), stripPos(byKey[c.Connection])) {
				t.Fatalf("the change under --target differs from the full plan:\n%s\nfull\n%s", outline(p), outline(full))
			}
		}
		hostileRun(t, w, p, false, map[string]bool{})
	})
}

func stripPos(c plan.Change) plan.Change { c.Position, c.At = nil, nil; return c }

func describeChange(c plan.Change) string {
	var b strings.Builder
	fmt.Fprint(&b, c.Action, c.Connection, c.ID, c.DataSource, c.Declares, !c.Refused.Holds(), c.Fields)
	return b.String()
}
