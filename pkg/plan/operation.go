package plan

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// node is one operation in the graph.
type node struct {
	operation connection.Operation
	decision  *decision
	change    int
	// takes and frees are the keys that the operation occupies and gives up.
	takes, frees *connection.Key
	needs        []*node // must have succeeded before
	// created is the operation whose connection this one is about; nil where the
	// id is known.
	created *node
	// undo puts things back if the operation fails; may be nil.
	undo *connection.Operation
	// owner is who owns the connection whose credentials this writes, where that is not
	// the token's user; handedOver tells that the change has given it to them.
	owner      string
	handedOver bool
	// rebuild groups the operations that are one step; nil for all others.
	rebuild *decision
	// urgent marks what brings back a name that is missing, and what must come before.
	urgent bool
	// tail counts the operations that wait for it along the longest chain, batches
	// those of them that share calls; level is the round in which it shares one.
	tail, batches, level int
	id                   int
	step                 *stepNode
}

// chain is the operations of one change, each of which needs the one before.
type chain struct {
	o        *orderer
	change   int
	decision *decision
	nodes    []*node
	subject
}

// subject is the connection that the next operation of a chain is about: where it
// stands, and whose it is.
type subject struct {
	live    *connection.Live // nil where an operation makes it
	created *node            // that operation
	at      connection.Key
	owner   string
}

// operations splits a decision into what each mechanism can do in one call.
func (o *orderer) operations(change int, d *decision) []*node {
	c := &chain{o: o, change: change, decision: d}
	switch {
	case d.change.Action == ActionDelete:
		c.turnTo(d.live)
		c.delete()
	case d.live == nil:
		mark := o.analysis.mark(d.target, nil, true)
		c.create(d.target.key, connection.Operation{Mark: mark})
		c.handOver(*mark)
	case d.diff.recreate != "":
		c.recreate()
	default:
		c.turnTo(d.live)
		c.update()
	}
	o.liftWritten(d, c.nodes, nil)
	return c.nodes
}

// turnTo lets the next operations be about a live connection.
func (c *chain) turnTo(live *connection.Live) {
	c.subject = subject{live: live, at: live.Key, owner: live.OwnerID}
}

// add appends an operation that does not change where the connection stands.
func (c *chain) add(op connection.Operation) *node {
	n := &node{decision: c.decision, change: c.change, operation: c.whole(op), created: c.created}
	n.operation.Key = c.at
	switch {
	case op.Kind == connection.Create:
	case c.created != nil:
		n.operation.DataSource = c.decision.target.DataSource
	default:
		n.operation.ID, n.operation.DataSource = c.live.ID, c.live.DataSource
	}
	if diff := c.decision.diff; diff != nil && op.Kind == connection.Patch {
		n.operation.DropsCredentials = (diff.host != "" || diff.whose != "") && (op.Set != nil || op.Remove != nil)
	}
	if len(c.nodes) > 0 {
		n.needs = []*node{c.nodes[len(c.nodes)-1]}
	}
	c.nodes = append(c.nodes, n)
	n.needSignIn()
	if op.OwnerID != "" {
		c.owner = op.OwnerID
	}
	if op.Credentials != nil {
		c.o.noteOwner(n, c.owner)
	}
	return n
}

// noteOwner notes whose connection it is to which an operation writes credentials.
func (o *orderer) noteOwner(n *node, owner string) {
	if a := o.analysis; owner != a.in.Snapshot.Caller.ID {
		n.owner = a.userName(owner)
		n.handedOver = n.decision.live == nil || n.decision.live.OwnerID != owner
	}
}

// whole adds to an operation what it must carry where a patch replaces everything, and
// that it may be lost.
func (c *chain) whole(op connection.Operation) connection.Operation {
	d := c.decision
	op.Lossy = c.o.traits.Whole && d.live != nil && d.target != nil && d.target.Lifecycle.RecreateAllowed
	if c.o.traits.Whole && op.Kind == connection.Patch && d.diff != nil {
		if len(d.target.Credentials) > 0 {
			op.Credentials = d.target.Credentials
		}
		if len(d.diff.hidden) > 0 {
			op.Set = maps.Clone(d.diff.hidden)
			maps.Copy(op.Set, d.diff.set)
		}
		for _, name := range d.live.Withheld {
			if value, declared := d.target.Properties[name]; declared && value == nil {
				op.Remove = append(slices.Clone(op.Remove), name)
			}
		}
	}
	return op
}

// goTo appends an operation after which the connection stands at the key.
func (c *chain) goTo(to connection.Key, op connection.Operation) *node {
	n := c.add(op)
	if from := c.at; from != to {
		n.takes, n.frees = &to, &from
		if from.Name != to.Name {
			n.operation.Name = to.Name
		}
		if from.Space != to.Space {
			space := c.decision.target.space
			n.operation.Space = &space
		}
		c.at = to
	}
	return n
}

// create appends a create at the key.
func (c *chain) create(at connection.Key, op connection.Operation) {
	t := c.decision.target
	space := t.space
	op.Kind, op.Name, op.Space, op.DataSource = connection.Create, at.Name, &space, t.DataSource
	if op.Set == nil {
		op.Set = c.o.analysis.normalized(t)
	}
	op.Credentials = t.Credentials
	if op.Tags == nil && len(t.Tags) > 0 {
		op.Tags = &t.Tags
	}
	c.subject = subject{at: at, owner: c.o.analysis.in.Snapshot.Caller.ID}
	c.created = c.add(op)
	c.created.takes = &at
}

// ownerAfter gives who is to own what is made anew: the caller, where nobody is
// declared.
func (a *analysis) ownerAfter(t *target, old *connection.Live) string {
	owner := t.ownerID
	if old != nil && t.ignores("owner", "") {
		owner = old.OwnerID
	}
	return cmp.Or(owner, a.in.Snapshot.Caller.ID)
}

// handOver appends the change to the owner that what is made anew is to have. It
// takes the credentials away, so they are written again. It takes the mark that the
// connection bears before, and gives the one behind.
func (c *chain) handOver(mark connection.Mark) connection.Mark {
	t := c.decision.target
	owner := c.o.analysis.ownerAfter(t, c.decision.live)
	if owner == c.owner {
		return mark
	}
	c.add(connection.Operation{Kind: c.o.traits.Owner, OwnerID: owner})
	if len(t.Credentials) > 0 {
		mark.Credentials = t.credentialsMark(owner)
		c.add(connection.Operation{Kind: connection.Patch, Credentials: t.Credentials, Mark: &mark})
	}
	return mark
}

func (c *chain) delete() {
	n := c.add(connection.Operation{Kind: c.o.traits.Existence})
	from := c.at
	n.frees = &from
}

// update appends what turns a live connection into the declared one: patches, and
// a bulk operation for its space and owner.
func (c *chain) update() {
	d := c.decision
	to := d.target.key
	patch := c.o.patch(d)
	behind := signInApart(d, &patch)
	if behind == nil {
		behind = c.othersApart(&patch)
	}
	bulk := connection.Operation{Kind: c.o.traits.Space}
	if d.diff.owner {
		bulk.Kind, bulk.OwnerID = c.o.traits.Owner, d.target.ownerID
	}
	moves := c.at.Space != to.Space && bulk.Kind != connection.Patch
	switch {
	case !moves && !d.diff.owner:
		if d.viaTemporary {
			c.goTo(c.o.temporary(c.at.Space, to), patch)
			patch = connection.Operation{Kind: connection.Patch}
		}
		if c.at != to || behind == nil || c.o.worthwhile(d, patch) {
			c.goTo(to, patch)
		}
	case d.diff.owner:
		c.updateOwner(patch, bulk, moves)
	default:
		c.updateSpace(patch, bulk)
	}
	if behind != nil {
		c.add(*behind)
	}
}

// othersApart takes everything but its mark out of a patch into one of its own where
// credentials are written to a connection of somebody else: its name and space do not
// wait for what the service may refuse. If nothing waits it gives nil.
func (c *chain) othersApart(patch *connection.Operation) *connection.Operation {
	d, owner := c.decision, c.owner
	if d.diff.owner {
		owner = d.target.ownerID
	}
	if patch.Credentials == nil || c.at == d.target.key || owner == "" || owner == c.o.analysis.in.Snapshot.Caller.ID {
		return nil
	}
	apart := *patch
	before := *patch.Mark
	before.Credentials, before.Fingerprint = c.recorded(), d.live.Mark.Fingerprint
	*patch = connection.Operation{Kind: connection.Patch, Mark: &before}
	return &apart
}

// updateSpace moves to another space by a bulk operation. With a new name too, the
// place between the two calls must be free: the new name in the old space, the old
// name in the new space, or a temporary name. The patch comes first where it can:
// it marks where the connection is going, which a bulk operation cannot, and by
// that an interrupted move is found again.
func (c *chain) updateSpace(patch, bulk connection.Operation) {
	d := c.decision
	from, to := c.at, d.target.key
	switch {
	case d.viaTemporary:
		c.throughTemporary(patch, bulk, connection.Operation{Kind: connection.Patch})
	case from.Name == to.Name && patch.Mark.Moved != "":
		c.add(patch)
		c.goTo(to, bulk)
	case from.Name == to.Name:
		c.goTo(to, bulk)
		if c.o.worthwhile(d, patch) {
			c.add(patch)
		}
	case c.o.reserve(connection.Key{Space: from.Space, Name: to.Name}):
		c.goTo(connection.Key{Space: from.Space, Name: to.Name}, patch)
		c.goTo(to, bulk)
	case c.unmarked() && c.o.reserve(connection.Key{Space: to.Space, Name: from.Name}):
		c.goTo(connection.Key{Space: to.Space, Name: from.Name}, bulk)
		c.goTo(to, patch)
	default:
		c.throughTemporary(patch, bulk, connection.Operation{Kind: connection.Patch})
	}
}

// unmarked reports whether the connection may stand between two calls without
// being marked: a moved block explains it, as nothing else is declared where it
// came from.
func (c *chain) unmarked() bool {
	mark := c.decision.live.Mark
	return !c.o.declared[c.at] && mark.Project == c.o.analysis.in.Project && c.o.analysis.places.fits(mark.Key, c.at)
}

// updateOwner changes the owner by a bulk operation, and the space with it. That
// takes the credentials away, so the patch that carries them comes behind. What
// makes a later run notice that they are due must be recorded before.
func (c *chain) updateOwner(patch, bulk connection.Operation, moves bool) {
	d := c.decision
	from, to := c.at, d.target.key
	recorded := c.recorded()
	if d.diff.credentials && d.live.Mark.Credentials != recorded {
		mark := *patch.Mark
		mark.Credentials, mark.Fingerprint, mark.Transit = recorded, d.live.Mark.Fingerprint, d.live.Mark.Transit
		c.add(connection.Operation{Kind: connection.Patch, Mark: &mark})
	}
	if none := connection.CredentialsMark(0, nil, ""); len(d.target.Credentials) == 0 && d.live.HasCredentials && d.live.Mark.Credentials != none {
		// Those that are declared again later must not look as if they were there.
		patch.Mark.Credentials, patch.Mark.Fingerprint = none, ""
		mark := *patch.Mark
		mark.Transit = d.live.Mark.Transit
		c.add(connection.Operation{Kind: connection.Patch, Mark: &mark})
	}
	between := from
	if moves {
		between.Space = to.Space
	}
	if d.viaTemporary || d.live.Mark.Transit != "" && from != to || patch.Mark.Moved != "" && from != to ||
		moves && from.Name != to.Name && !(c.unmarked() && c.o.reserve(between)) {
		before, behind := patch, connection.Operation{Kind: connection.Patch}
		if d.diff.credentials {
			mark := *patch.Mark
			mark.Credentials, mark.Fingerprint = recorded, d.live.Mark.Fingerprint
			before.Credentials, before.Mark, before.Set, before.Remove = nil, &mark, nil, nil
			behind.Credentials, behind.Mark, behind.Set, behind.Remove = patch.Credentials, patch.Mark, patch.Set, patch.Remove
		}
		c.throughTemporary(before, bulk, behind)
		return
	}
	c.goTo(between, bulk)
	if c.at != to || c.o.worthwhile(d, patch) {
		c.goTo(to, patch)
	}
}

// recorded gives the record of the credentials that a connection bears until they are
// written: one by which a later run notices that they are due.
func (c *chain) recorded() string {
	d := c.decision
	recorded := d.live.Mark.Credentials
	if d.diff.owner && connection.CredentialsDue(recorded, d.target.credentialsMark(d.target.ownerID)) == "" {
		recorded = d.target.credentialsMark(d.live.OwnerID)
	}
	return recorded
}

// throughTemporary goes to the key by another name: its final one, or on a cycle
// and where that is taken a temporary one. Before it is what the first patch
// writes, behind it what the last one writes.
func (c *chain) throughTemporary(before, bulk, behind connection.Operation) {
	from, to := c.at, c.decision.target.key
	between := connection.Key{Space: from.Space, Name: to.Name}
	if c.decision.viaTemporary || between != to && !c.o.reserve(between) {
		between = c.o.temporary(from.Space, to)
	}
	c.goTo(between, before)
	if bulk.OwnerID != "" || from.Space != to.Space {
		c.goTo(connection.Key{Space: to.Space, Name: c.at.Name}, bulk)
	}
	if c.at != to || behind.Credentials != nil || behind.Set != nil || behind.Remove != nil {
		c.goTo(to, behind)
	}
}

// recreate appends a rebuild: the new connection is made under a temporary name,
// read back and handed over, the old one makes way, the new one takes the name, and
// the old one is deleted at the end. Nothing that apps use is touched before the new
// one is all that it is to be. If the name does not change, the name is missing only
// between two operations of one step, and put back if the second one fails; one that
// is missing comes back before all else.
func (c *chain) recreate() {
	d, o := c.decision, c.o
	if o.traits.Trial {
		c.replace()
		return
	}
	old := *d.live
	if d.missed && old.Key.Space == d.target.key.Space {
		old.Mark.Transit = ""
		back := old.Mark
		c.turnTo(&old)
		c.goTo(d.target.key, connection.Operation{Kind: connection.Patch, Mark: &back})
		old.Key = d.target.key
	}
	final := c.makeBeside()
	final.Transit, final.Moved = "", o.analysis.movedMark(d.target.key, d.live)
	if protect := d.target.Lifecycle.PreventDestroy; protect != nil {
		final.Protected = *protect
	}
	made := c.subject

	away := connection.Mark{
		Project: o.analysis.in.Project, Key: o.analysis.places.record(d.target.key),
		Credentials: old.Mark.Credentials, Fingerprint: old.Mark.Fingerprint, Sensitive: old.Mark.Sensitive,
		Transit: connection.TransitOld,
	}
	aside := o.onTheWay(old.Key.Space, oldPrefix, d.target.key)
	c.turnTo(&old)
	makeWay := c.goTo(aside, connection.Operation{Kind: connection.Patch, Mark: &away})
	gone := c.subject

	c.subject = made
	takeName := c.goTo(d.target.key, connection.Operation{Kind: connection.Patch, Mark: &final})
	if old.Key == d.target.key {
		before := old.Mark
		takeName.undo = &connection.Operation{
			Kind: connection.Patch, Key: aside, ID: old.ID, Name: old.Key.Name, Mark: &before,
		}
		makeWay.undo = takeName.undo
		makeWay.rebuild, takeName.rebuild = d, d
		if made.created == makeWay.needs[0] {
			made.created.rebuild = d
		}
	}
	c.subject = gone
	c.delete()
}

// makeBeside appends what makes the new connection of a rebuild, and gives the mark
// that it bears then. To one that was begun before is written what may be of the past:
// its owner, its tags, and its credentials, which nobody can see.
func (c *chain) makeBeside() connection.Mark {
	d, o := c.decision, c.o
	mark := *o.analysis.mark(d.target, nil, true)
	mark.Transit, mark.Moved, mark.Protected = connection.TransitNew, "", false
	tags := d.live.Tags
	if d.target.Tags != nil && !d.target.ignores("tags", "") {
		tags = d.target.Tags
	}
	if d.begun == nil {
		first := mark
		c.create(o.onTheWay(d.target.key.Space, newPrefix, d.target.key), connection.Operation{
			Set: o.analysis.rebuilt(d.target, d.live), Tags: &tags, Mark: &first, ReadBack: true,
		})
		return c.handOver(mark)
	}
	c.turnTo(d.begun)
	owner := o.analysis.ownerAfter(d.target, d.live)
	if owner != c.owner {
		c.add(connection.Operation{Kind: o.traits.Owner, OwnerID: owner})
	}
	mark.Credentials = d.target.credentialsMark(owner)
	again := connection.Operation{Kind: connection.Patch, Credentials: d.target.Credentials, Tags: &tags, Mark: &mark}
	if o.analysis.signIn(d.target, d.live) != "" {
		again.Credentials = nil // the code was for one use
	}
	c.add(again)
	return mark
}

// replace appends a rebuild where names cannot be swapped. A new key is taken by
// the new connection, and then the old one is deleted. For the same key the new one
// is tried out under a temporary name first, so that the service has taken all of
// it once before the old one is deleted; the two calls between which nothing stands
// at the key are not separated. If the second one fails, the one under the temporary
// name is still there, and what is declared is created by the next run.
func (c *chain) replace() {
	d, o := c.decision, c.o
	old := d.live
	making := connection.Operation{Set: o.analysis.rebuilt(d.target, old), Mark: o.analysis.mark(d.target, nil, true), ReadBack: true}
	making.Mark.Moved = o.analysis.movedMark(d.target.key, d.live)
	if old.Key != d.target.key {
		// With this, the next run knows what the old one is, if it is still there.
		making.Mark.Moved = o.analysis.places.record(old.Key)
		c.create(d.target.key, making)
		c.turnTo(old)
		c.delete()
		return
	}
	final := making
	trial := *making.Mark
	trial.Transit, trial.Moved, trial.Protected = connection.TransitNew, "", false
	making.Mark, final.ReadBack = &trial, false
	c.create(o.onTheWay(old.Key.Space, newPrefix, d.target.key), making)
	tried := c.subject
	c.turnTo(old)
	c.delete()
	c.create(d.target.key, final)
	for _, n := range c.nodes {
		n.rebuild = d
	}
	c.subject = tried
	c.delete()
}

// patch gives the operation that writes whatever a patch can change, without name
// and space. Every patch refreshes the mark.
func (o *orderer) patch(d *decision) connection.Operation {
	op := connection.Operation{Kind: connection.Patch, Remove: d.diff.remove, Mark: o.analysis.mark(d.target, d.live, d.diff.credentials)}
	if len(d.diff.set) > 0 {
		op.Set = d.diff.set
	}
	if d.diff.credentials {
		op.Credentials = d.target.Credentials
	}
	if d.diff.tags {
		op.Tags = &d.target.Tags
	}
	return op
}

// worthwhile reports whether a patch writes more than a fresh mark, which alone
// is no reason for a call.
func (o *orderer) worthwhile(d *decision, patch connection.Operation) bool {
	return patch.Set != nil || patch.Remove != nil || patch.Credentials != nil || patch.Tags != nil ||
		d.diff.protection || d.diff.sensitive || d.diff.notSensitive || d.diff.record || d.diff.pending || d.live.Mark.Project == ""
}

// mark is what will be known of the connection afterwards. Credentials are
// recorded when they are written, and as a baseline when nothing is recorded; that
// none are declared is recorded too, so that those which are added later count as
// a change.
func (a *analysis) mark(t *target, live *connection.Live, written bool) *connection.Mark {
	mark := &connection.Mark{
		Project: a.in.Project, Key: a.places.record(t.key), Moved: a.movedMark(t.key, live),
		Sensitive: connection.SensitiveMark(t.Sensitive), NotSensitive: connection.NotSensitiveMark(a.lifted(t, live)),
	}
	owner := a.in.Snapshot.Caller.ID
	if live != nil {
		mark.Credentials, mark.Protected = live.Mark.Credentials, live.Mark.Protected
		owner = live.OwnerID
		if t.ownerID != "" && !t.ignores("owner", "") {
			owner = t.ownerID
		}
	}
	if len(t.Credentials) > 0 && written || mark.Credentials == "" {
		mark.Credentials = t.credentialsMark(owner)
	}
	mark.Fingerprint = a.fingerprint(t, live, written)
	if protect := t.Lifecycle.PreventDestroy; protect != nil {
		mark.Protected = *protect
	}
	return mark
}

// movedMark is the mark of what stands at a key on a cycle of moved blocks: that
// it has gone round; and of what was made anew, as long as the old one is there: the
// next run must know what that is. Elsewhere there is none.
func (a *analysis) movedMark(key connection.Key, live *connection.Live) string {
	if from, ok := a.cycle[key]; ok {
		return a.places.record(from)
	}
	if live != nil && slices.ContainsFunc(a.leftovers, func(rest leftover) bool {
		return rest.anew && a.places.fits(live.Mark.Moved, rest.live.Key)
	}) {
		return live.Mark.Moved
	}
	return ""
}

func (t *target) credentialsMark(ownerID string) string {
	return connection.CredentialsMark(t.CredentialsVersion, t.Credentials, ownerID)
}

// The names of connections that are on their way to a declared key. They can be
// told from any other, and from each other: the record of the key follows.
const (
	newPrefix       = "qlsync-new-"
	oldPrefix       = "qlsync-old-"
	temporaryPrefix = "qlsync-temporary-"
)

// isNamed reports whether the name of a connection is one on the way to the key.
func (p places) isNamed(live *connection.Live, prefix string, to connection.Key) bool {
	return slices.ContainsFunc(p.forms(to), func(form string) bool { return strings.HasPrefix(live.Key.Name, prefix+form) })
}

func (o *orderer) temporary(space string, to connection.Key) connection.Key {
	return o.onTheWay(space, temporaryPrefix, to)
}

// onTheWay returns a free key in the space, with a name that is on the way to the key.
func (o *orderer) onTheWay(space, prefix string, to connection.Key) connection.Key {
	return o.spare(connection.Key{Space: space, Name: prefix + o.analysis.places.record(to)})
}

// spare gives the key, or one like it at which nothing stands.
func (o *orderer) spare(key connection.Key) connection.Key {
	name := key.Name
	for i := 2; !o.reserve(key); i++ {
		key.Name = name + "-" + strconv.Itoa(i)
	}
	return key
}

// reserve takes a key for the moment between two calls; it reports false when
// something stands there that does not leave at any time, now or at the end, or passes
// through as well.
func (o *orderer) reserve(key connection.Key) bool {
	_, leadsAway := o.analysis.away[key]
	if o.live[key] != nil && !o.needless[key] || o.declared[key] || o.passed[key] || leadsAway {
		return false
	}
	o.passed[key] = true
	return true
}
