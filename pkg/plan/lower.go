package plan

import (
	"maps"
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// operations returns the operations of a decision, each of which needs the one before: those of
// the first way of the provider whose keys are free.
func (o *orderer) operations(d *decision) []*node {
	if d.space != nil {
		return spaceOperations(d)
	}
	var path connection.Path
	if d.change.Action == ActionDelete {
		path.States = []connection.State{{o.analysis.object(d.live)}, {}}
	} else {
		paths := o.paths(d, o.analysis.lowering(d))
		if paths == nil {
			return nil
		}
		path = o.choose(d, paths)
	}
	nodes := o.derive(d, path)
	o.liftWritten(d, nodes, nil)
	return nodes
}

// paths returns the ways of the provider. If one of them deletes without a recreate, it refuses the
// change and returns nil.
func (o *orderer) paths(d *decision, l connection.Lowering) []connection.Path {
	paths := o.analysis.in.Rules.Lower(l)
	if l.Recreate || !slices.ContainsFunc(paths, deletes) {
		return paths
	}
	d.change.Refused = connection.Because("path-deletes")
	return nil
}

// deletes reports whether a path deletes what is there when it begins. Without a recreate none may:
// nobody has asked whether something would be lost.
func deletes(path connection.Path) bool {
	return path.States[0].Of(connection.PartLive) != nil &&
		slices.ContainsFunc(path.States, func(s connection.State) bool { return s.Of(connection.PartLive) == nil })
}

// object returns a live connection as an object of its change.
func (a *analysis) object(live *connection.Live) connection.Object {
	space, known := a.Places[live.Key.Space]
	if !known {
		space = connection.Space{ID: live.SpaceID, Name: live.Key.Space}
	}
	return connection.Object{
		ID: live.ID, DataSource: live.DataSource, Key: live.Key, Space: space, Owner: live.OwnerID,
		Properties: live.Properties, Tags: live.Tags, Record: live.Record,
	}
}

// lowering returns the input of the provider for a decision that is not a delete.
func (a *analysis) lowering(d *decision) connection.Lowering {
	t, live := d.target, d.live
	l := connection.Lowering{
		Desired: t.Desired, Source: t.Source, Capabilities: &a.in.Snapshot.Capabilities, Caller: a.in.Snapshot.Caller.ID, Live: live, Missed: d.missed,
		Declared: t.Credentials, Record: t.CredentialsRecord,
		To: connection.Object{DataSource: t.DataSource, Key: t.Key, Space: t.TenantSpace, Owner: a.ownerAfter(t, live), Tags: t.Tags, Record: *a.record(t, nil, true)},
	}
	if live == nil {
		l.To.Properties, l.SignIn = a.declaredProperties(d), a.signIn(t, nil) != ""
		return l
	}
	l.From, l.Place = a.object(live), a.Places.Record(live.Key)
	l.Demands, l.AllowSecretLoss = d.diff.Demands, t.Lifecycle.RecreateAllowed
	l.WriteOnlyProperties, l.Absent = d.diff.Hidden, absent(t, live.WriteOnlyCredentials)
	if !d.diff.Recreate.Holds() {
		a.lowerUpdate(d, &l)
		return l
	}
	l.SignIn = a.signIn(t, live) != ""
	l.Recreate, l.To.Properties, l.To.Record.Moved = true, a.rebuilt(t, live, d.diff.Demands.Leaves), a.MovedRecord(t.Key, live)
	if t.Tags == nil || t.Lifecycle.Ignores("tags", "") {
		l.To.Tags = live.Tags
	}
	if d.begun != nil {
		begun := a.object(d.begun)
		begun.Part = connection.PartNew
		l.Begun = &begun
	}
	return l
}

// lowerUpdate fills in what is asked for a connection that stays the same one.
func (a *analysis) lowerUpdate(d *decision, l *connection.Lowering) {
	t, diff := d.target, d.diff
	l.To = l.From
	l.To.Key, l.To.Space, l.To.Record = t.Key, t.TenantSpace, *a.record(t, d.live, diff.Credentials)
	if diff.Owner {
		l.To.Owner = t.TenantOwner
	}
	if diff.Tags {
		l.To.Tags = t.Tags
	}
	if len(diff.Set)+len(diff.Remove) > 0 {
		l.To.Properties = maps.Clone(l.From.Properties)
		if l.To.Properties == nil {
			l.To.Properties = map[string]any{}
		}
		maps.Copy(l.To.Properties, diff.Set)
		for _, name := range diff.Remove {
			delete(l.To.Properties, name)
		}
		l.To.Set = slices.Sorted(maps.Keys(diff.Set))
	}
	if diff.Credentials {
		l.Due, l.To.Credentials, l.To.Writes = true, t.Credentials, 1
	}
	l.SignIn = d.signIn != ""
	l.Marking = diff.Protection || diff.Sensitive || diff.NotSensitive || diff.Record || diff.Pending || d.live.Record.Project == ""
}

// absent lists those of the parts of a connection that are declared to be absent.
func absent(t *targets.Target, names []string) []string {
	var absent []string
	for _, name := range names {
		if value, declared := t.Properties[name]; declared && value == nil {
			absent = append(absent, name)
		}
	}
	return absent
}

// choose returns the first path whose keys are free, with the names that nobody has declared
// filled in. Where none is free, or a cycle of names must be broken, the connection goes by a
// temporary name.
func (o *orderer) choose(d *decision, paths []connection.Path) connection.Path {
	byTemporary := slices.IndexFunc(paths, func(p connection.Path) bool { return p.ByTemporary })
	for _, path := range paths {
		if byTemporary >= 0 && (d.viaTemporary || !o.isFree(d, path)) {
			continue
		}
		return o.name(d, path, false)
	}
	return o.name(d, paths[byTemporary], true)
}

// isFree reports whether the keys between the ends of a path are free, and then reserves them.
func (o *orderer) isFree(d *decision, path connection.Path) bool {
	passed := map[connection.Key]bool{d.target.Key: true}
	if d.live != nil {
		passed[d.live.Key] = true
	}
	for _, state := range path.States {
		for _, object := range state {
			if object.Way != connection.OnTheWay || passed[object.Key] {
				continue
			}
			if path.NoRecords && !o.unmarked(d) || !o.reserve(object.Key) {
				return false
			}
			passed[object.Key] = true
		}
	}
	return true
}

// unmarked reports whether the connection may stand between two operations without being marked:
// a moved block explains it, as nothing else is declared where it came from.
func (o *orderer) unmarked(d *decision) bool {
	record := d.live.Record
	return o.analysis.Declared[d.live.Key] == nil && record.Project == o.analysis.in.Project && o.analysis.Places.Fits(record.Key, d.live.Key)
}

// name fills in the names of a path that are not those of declared keys.
func (o *orderer) name(d *decision, path connection.Path, byTemporary bool) connection.Path {
	names := map[connection.Way]string{}
	states := slices.Clone(path.States)
	for i, state := range states {
		states[i] = slices.Clone(state)
		for j := range states[i] {
			object := &states[i][j]
			if object.Way == connection.InPlace || object.Way == connection.OnTheWay && !byTemporary {
				continue
			}
			if names[object.Way] == "" {
				names[object.Way] = o.spare(connection.Key{Space: object.Key.Space, Name: o.analysis.Places.Name(object.Way, d.target.Key)}).Name
			}
			object.Key.Name = names[object.Way]
		}
	}
	path.States = states
	return path
}

// derive returns the operations that lead from state to state of a path.
func (o *orderer) derive(d *decision, path connection.Path) []*node {
	var nodes []*node
	together := &group{does: o.analysis.Named(path.Does)}
	made := map[connection.Part]*node{}
	for i := 1; i < len(path.States); i++ {
		before, after := path.States[i-1], path.States[i]
		operation, part, ok := connection.Derive(before, after, o.capabilities)
		if !ok {
			continue
		}
		n := &node{decision: d, operation: operation, created: made[part]}
		was, is := before.Of(part), after.Of(part)
		n.takes, n.frees = keysBetween(was, is)
		if was == nil {
			made[part] = n
		}
		if len(nodes) > 0 {
			n.needs = []*node{nodes[len(nodes)-1]}
		}
		if path.Group.From <= i && i <= path.Group.To {
			o.join(n, together, path.Group, i == path.Group.From, was, is)
		}
		n.needSignIn()
		if is != nil {
			n.advice = o.analysis.Named(is.Advice)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// keysBetween returns the keys that an operation takes and frees; nil: none. They are copies: a
// pointer into a state would keep its objects in memory.
func keysBetween(was, is *connection.Object) (takes, frees *connection.Key) {
	if was == nil || is != nil && was.Key != is.Key {
		key := is.Key
		takes = &key
	}
	if is == nil || was != nil && was.Key != is.Key {
		key := was.Key
		frees = &key
	}
	return takes, frees
}

// join makes an operation a part of a group. The one before the group belongs to it if it creates
// what the group needs. The first one of the group can be undone if it changes something.
func (o *orderer) join(n *node, together *group, span connection.Span, before bool, was, is *connection.Object) {
	if before {
		if was == nil && span.To > 0 {
			n.group, n.leads = together, true
		}
		return
	}
	n.group = together
	if span.Undo && together.undo == nil && was != nil && is != nil {
		undo, _, _ := connection.Derive(connection.State{*is}, connection.State{*was}, o.capabilities)
		together.undo = &undo
	}
}

// spare returns the key, or a similar one that is free.
func (o *orderer) spare(key connection.Key) connection.Key {
	name := key.Name
	for i := 2; !o.reserve(key); i++ {
		key.Name = name + "-" + strconv.Itoa(i)
	}
	return key
}

// reserve takes a key for the moment between two calls. It reports false if a connection is at the
// key that never leaves, now or at the end, or if another one passes through the key as well.
func (o *orderer) reserve(key connection.Key) bool {
	if o.analysis.Live[key] != nil && !o.obsolete[key] || o.analysis.Declared[key] != nil || o.passed[key] || o.analysis.LeadsAway(key) {
		return false
	}
	o.passed[key] = true
	return true
}
