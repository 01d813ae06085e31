package qlik

import (
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Lower returns the paths by which the service can make a change, the best one first. It is pure.
// Facts about the service:
//
//   - One patch writes everything except the space and the owner. Those need a bulk action and the
//     role TenantAdmin; without the role, a patch also changes the space.
//   - A bulk action writes no tags, and therefore no ownership record. If the run is killed after
//     it, the next run must find the connection by an earlier record.
//   - A change of owner removes the credentials. The record by which the next run notices that they
//     are due is written before.
//   - The service may let only the owner write credentials, so no name waits for them.
//   - A new connection belongs to the caller. Nothing that apps use is changed before the new
//     connection of a recreate is complete; then two renames give it the name.
func (Rules) Lower(l connection.Lowering) []connection.Path {
	var paths []connection.Path
	l.To.Drops, l.To.Advice = l.Demands.Drops, l.Demands.Advice
	switch {
	case l.Live == nil:
		way := lowering{l, []connection.State{{}}}
		way.create(l.To.Record, connection.InPlace)
		paths = []connection.Path{{States: way.states}}
	case l.Recreate:
		paths = []connection.Path{recreate(l)}
	default:
		paths = update(l)
	}
	for _, path := range paths {
		advise(&l, path.States)
	}
	return paths
}

// advise adds what to do if the service lets only the owner of a connection write its credentials.
func advise(l *connection.Lowering, states []connection.State) {
	for i := 1; i < len(states); i++ {
		for j := range states[i] {
			object := &states[i][j]
			before := states[i-1].Of(object.Part)
			if before == nil || object.Writes == before.Writes || object.Owner == l.Caller || object.Owner == "" {
				continue
			}
			code := "owner-only"
			switch {
			case l.Recreate:
				code = "owner-only-in-recreate"
			case l.Live == nil || l.Live.OwnerID != object.Owner:
				code = "owner-only-handed"
			}
			object.Advice = connection.Because(code, "owner", connection.UserID(object.Owner))
		}
	}
}

// lowering is a path under construction.
type lowering struct {
	connection.Lowering
	states []connection.State
}

// last returns the last state of the path.
func (l *lowering) last() connection.State { return l.states[len(l.states)-1] }

// to appends a state in which one object has changed.
func (l *lowering) to(object connection.Object) { l.states = append(l.states, l.last().With(object)) }

// create appends the steps that create the declared connection and assign its owner, and returns
// it.
func (l *lowering) create(record connection.Record, way connection.Way) connection.Object {
	made := l.To
	made.Part, made.ID, made.Way, made.Record, made.Owner = connection.PartNew, "", way, record, l.Caller
	made.Credentials, made.Writes = l.Declared, 1
	l.to(made)
	if l.To.Owner == l.Caller {
		return made
	}
	made.Owner, made.Credentials = l.To.Owner, nil
	l.to(made)
	if len(l.Declared) > 0 {
		made.Credentials, made.Writes = l.Declared, 2
		made.Record.Credentials = l.Record(made.Owner)
		l.to(made)
	}
	return made
}

// recreate returns the path of a recreate: the new connection is created next to the old one, the
// old one is renamed, the new one gets the name, and the old one is deleted. If the name does not
// change, it is missing only between the two renames, which are a group.
func recreate(l connection.Lowering) connection.Path {
	old := l.From
	way := lowering{l, []connection.State{{old}}}
	if l.Begun != nil {
		way.states[0] = way.last().With(*l.Begun)
	}
	if l.Missed && old.Key.Space == l.To.Key.Space {
		old.Key, old.Record.Phase, old.Record.Moved = l.To.Key, "", l.To.Record.Moved
		way.to(old)
	}
	beside := l.To.Record
	beside.Phase, beside.Moved, beside.Protected = connection.PhaseNew, "", false
	var made connection.Object
	if l.Begun == nil {
		made = way.create(beside, connection.Beside)
	} else {
		made = way.goOn(beside)
	}
	aside := old
	aside.Way, aside.Record = connection.Aside, connection.Record{
		Project: l.To.Record.Project, Key: l.To.Record.Key, Phase: connection.PhaseDeposed,
		Credentials: old.Record.Credentials, Fingerprint: old.Record.Fingerprint, Sensitive: old.Record.Sensitive,
	}
	begins := len(way.states) - 1
	way.to(aside)
	made.Way, made.Key, made.Space, made.Record.Phase = connection.InPlace, l.To.Key, l.To.Space, ""
	made.Record.Moved, made.Record.Protected = l.To.Record.Moved, l.To.Record.Protected
	way.to(made)
	path := connection.Path{}
	if old.Key == l.To.Key {
		path.Group = connection.Span{From: begins, To: len(way.states) - 1, Undo: true}
		path.Does = connection.Because("swaps-names")
		if begins > 0 && way.states[begins-1].Of(connection.PartNew) == nil {
			path.Does = connection.Because("creates-and-swaps-names")
		}
	}
	path.States = append(way.states, way.last().Without(connection.PartLive))
	return path
}

// goOn appends the steps that bring the new connection of an interrupted recreate to the state of a
// fresh one, and returns it. It writes the parts that may be outdated: the owner, the tags, and the
// credentials, which cannot be read.
func (l *lowering) goOn(record connection.Record) connection.Object {
	made := *l.Begun
	if made.Owner != l.To.Owner {
		made.Owner = l.To.Owner
		l.to(made)
	}
	if len(l.Declared) > 0 {
		record.Credentials = l.Record(made.Owner)
	}
	made.Record, made.Tags, made.TagsAgain = record, l.To.Tags, true
	if len(l.Declared) > 0 && !l.SignIn { // the code of a sign-in is valid for one use
		made.Credentials, made.Writes = l.Declared, made.Writes+1
	}
	l.to(made)
	return made
}

// update returns the paths of a change that keeps the connection. Where it helps, the credentials
// are written in a separate patch after everything else.
func update(l connection.Lowering) []connection.Path {
	gives := l.From.Owner != l.To.Owner
	behind := apart(&l, gives)
	moves := l.From.Key.Space != l.To.Key.Space && l.Capabilities.Space != connection.Patch
	var paths []connection.Path
	switch {
	case gives:
		paths = give(l, moves)
	case moves:
		paths = move(l)
	case behind != nil && l.From.Key == l.To.Key && !worthwhile(&l, l.From):
		paths = []connection.Path{{States: []connection.State{{l.From}}}}
	default:
		paths = []connection.Path{{States: []connection.State{{l.From}, {onTheWay(l.To)}, {l.To}}, ByTemporary: true}}
	}
	if behind != nil {
		for i := range paths {
			paths[i].States = append(paths[i].States, connection.State{*behind})
		}
	}
	return paths
}

// apart removes from a change what need not delay the rest, and returns the declared object with
// it; nil if nothing is removed. It removes the code of a sign-in, so that the rest does not wait
// for a person. It removes everything except the ownership record where a name would otherwise wait
// for credentials of another user's connection.
func apart(l *connection.Lowering, gives bool) *connection.Object {
	to := l.To
	switch {
	case to.Writes == l.From.Writes:
		return nil
	case l.SignIn && !l.Demands.Together && !gives:
		l.To.Credentials, l.To.Writes, l.To.Record.Credentials = nil, l.From.Writes, l.From.Record.Credentials
	case l.From.Key != to.Key && to.Owner != "" && to.Owner != l.Caller:
		l.To = l.From
		l.To.Key, l.To.Space, l.To.Owner, l.To.Record = to.Key, to.Space, to.Owner, to.Record
		l.To.Record.Credentials, l.To.Record.Fingerprint = recorded(l), l.From.Record.Fingerprint
	default:
		return nil
	}
	return &to
}

// recorded returns the record of the credentials that a connection has until they are written: a
// later run notices by it that they are due.
func recorded(l *connection.Lowering) string {
	record := l.From.Record.Credentials
	if l.From.Owner != l.To.Owner && !connection.CredentialsDue(record, l.Record(l.To.Owner)).Holds() {
		return l.Record(l.From.Owner)
	}
	return record
}

// worthwhile reports whether a write to an object has more to write than an updated ownership
// record, which alone does not justify a call.
func worthwhile(l *connection.Lowering, object connection.Object) bool {
	written := l.To
	written.Key, written.Space, written.Owner, written.Record = object.Key, object.Space, object.Owner, object.Record
	_, _, differ := connection.Derive(connection.State{object}, connection.State{written}, l.Capabilities)
	return l.Marking || differ
}

// onTheWay returns an object that may have a temporary name.
func onTheWay(object connection.Object) connection.Object {
	object.Way = connection.OnTheWay
	return object
}

// move returns the paths to another space by a bulk action. If the name changes too, the key
// between the two calls must be free: the new name in the old space, or the old name in the new
// one. The patch comes first where possible, because it records the target of the connection.
func move(l connection.Lowering) []connection.Path {
	renamed, moved := onTheWay(l.To), onTheWay(l.From)
	renamed.Key.Space, renamed.Space = l.From.Key.Space, l.From.Space
	moved.Key.Space, moved.Space = l.To.Key.Space, l.To.Space
	recordFirst := connection.Path{States: []connection.State{{l.From}, {renamed}, {onTheWay(l.To)}, {l.To}}, ByTemporary: true}
	moveFirst := connection.Path{States: []connection.State{{l.From}, {moved}, {l.To}}, NoRecords: true}
	switch {
	case l.From.Key.Name != l.To.Key.Name:
		return []connection.Path{recordFirst, moveFirst}
	case l.To.Record.Moved != "":
		return []connection.Path{recordFirst}
	case !worthwhile(&l, moved):
		moveFirst.States = moveFirst.States[:2]
	}
	return []connection.Path{moveFirst, recordFirst}
}

// give returns the paths to another owner, and to another space with it. A change of owner removes
// the credentials, so the patch that carries them comes after it, and the record by which a later
// run notices that they are due comes before it.
func give(l connection.Lowering, moves bool) []connection.Path {
	at, start := l.From, []connection.State{{l.From}}
	record := func(record connection.Record) {
		at.Record = record
		at.Record.Phase = l.From.Record.Phase
		start = append(start, connection.State{at})
	}
	due := l.To.Record
	due.Credentials, due.Fingerprint = recorded(&l), l.From.Record.Fingerprint
	if l.Due && l.From.Record.Credentials != due.Credentials {
		record(due)
	}
	if none := connection.CredentialsRecord(0, nil, ""); len(l.Declared) == 0 && l.Live.HasCredentials && l.From.Record.Credentials != none {
		// Credentials that are declared again later must not look as if they were stored.
		l.To.Record.Credentials, l.To.Record.Fingerprint = none, ""
		record(l.To.Record)
	}
	given := onTheWay(at)
	given.Owner = l.To.Owner
	if moves {
		given.Key.Space, given.Space = l.To.Key.Space, l.To.Space
	}
	giveFirst := connection.Path{States: append(slices.Clone(start), connection.State{given}), NoRecords: true}
	if given.Key != l.To.Key || worthwhile(&l, given) {
		giveFirst.States = append(giveFirst.States, connection.State{l.To})
	}
	marked := onTheWay(l.To)
	if l.Due {
		marked.Properties, marked.Set, marked.Credentials, marked.Writes, marked.Record = at.Properties, at.Set, at.Credentials, at.Writes, due
	}
	marked.Key.Space, marked.Space, marked.Owner = l.From.Key.Space, l.From.Space, l.From.Owner
	given = marked
	given.Key, given.Space, given.Owner = l.To.Key, l.To.Space, l.To.Owner
	recordFirst := connection.Path{States: append(slices.Clone(start), connection.State{marked}, connection.State{given}, connection.State{l.To}), ByTemporary: true}
	if (l.From.Record.Phase != "" || l.To.Record.Moved != "") && l.From.Key != l.To.Key {
		return []connection.Path{recordFirst}
	}
	return []connection.Path{giveFirst, recordFirst}
}
