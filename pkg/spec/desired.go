package spec

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// DesiredSet is the declarations for one tenant.
type DesiredSet struct {
	// Connections are in the order of the files: by path, then by place.
	Connections []connection.Desired
	Moves       []connection.Move
	// Prepared are the spaces that must exist, in the order of the files.
	Prepared []connection.DesiredSpace
	// Spaces is the scope: the declared spaces of the project, or else the prepared ones and the spaces
	// of its connections, each once; then the spaces that only occur as the source of a move.
	Spaces []connection.SpaceRef
	// OnlyMoves is the part of Spaces that only occurs as the source of a move: the project manages
	// nothing else in it.
	OnlyMoves []connection.SpaceRef
	Files     int // how many connection files were read
}

// Desired returns the declarations for a tenant. The given variables override the tenant's, and
// those override the project's. The files are read once for any number of tenants. Problems that
// several tenants share are equal, so that [Collect] keeps one of them.
//
// The At of each connection takes paths such as "/properties/region", with "#" at the end for the
// position of the key instead of the value.
func (p *Project) Desired(tenant *Tenant, variables map[string]string) (*DesiredSet, connection.Problems) {
	all := p.sources()
	r := &reader{
		project:   p,
		tenant:    tenant,
		scope:     newScope(p.nameAmongOthers(tenant), p.variables, tenant.Variables, variables),
		taken:     map[foldedKey]declaration{},
		looks:     map[foldedKey]declaration{},
		spaces:    map[string][]connection.SpaceRef{},
		moved:     map[foldedKey]connection.Position{},
		elsewhere: map[foldedKey]string{},
		prepared:  map[string]connection.SpaceRef{},
		tenants:   p.TenantNames(),
		groups:    p.GroupNames(),
		problems:  slices.Clone(all.problems),
	}
	r.scope.of = tenant
	r.scope.most = int(limits.Filled.At(p.options.RaiseLimits))
	spaces := r.declaredSpaces()
	number := 0
	for _, file := range all.sources {
		number += len(file.connections)
	}
	set := &DesiredSet{Files: len(all.sources), Connections: make([]connection.Desired, 0, number)}
	for _, file := range all.sources {
		r.readFile(set, file, spaces)
		if most := p.options.factor() * maxTenantConnections; len(set.Connections) > most {
			r.problems = append(r.problems, p.tooMuch("too-many-connections", "limit", most, "tenant", tenant.Name))
			break
		}
	}
	set.collectSpaces(spaces)
	r.checkMoves(set.Moves)
	r.unusedVariables(variables)
	return set, Collect(r.problems)
}

// Identified returns the connections with a unique space and name: all of them, unless the files
// have problems. Of duplicates it returns the first.
func (set *DesiredSet) Identified() []connection.Desired {
	type place struct {
		id, space, name string
		personal        bool
	}
	seen := make(map[place]bool, len(set.Connections))
	left := map[int]bool{}
	for i := range set.Connections {
		d := &set.Connections[i]
		at := place{d.Space.ID, d.Space.Name, d.Name, d.Space.Personal}
		if d.Name == "" || d.Space.String() == "" || seen[at] {
			left[i] = true
		}
		seen[at] = true
	}
	if len(left) == 0 {
		return slices.Clip(set.Connections) // a copy of all would be large
	}
	identified := make([]connection.Desired, 0, len(set.Connections)-len(left))
	for i := range set.Connections {
		if !left[i] {
			identified = append(identified, set.Connections[i])
		}
	}
	return identified
}

// DataSources returns the ids of the data sources in use, sorted, each once.
func (set *DesiredSet) DataSources() []string {
	var ids []string
	for i := range set.Connections {
		if id := set.Connections[i].DataSource; id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// nameAmongOthers names the tenant in messages if there are several.
func (p *Project) nameAmongOthers(tenant *Tenant) string {
	if len(p.Tenants) < 2 {
		return ""
	}
	return tenant.Name
}

// reader reads the files for one tenant.
type reader struct {
	project *Project
	tenant  *Tenant
	scope   *scope
	// taken and moved hold where a key is declared, and where it is moved from; looks holds the
	// declared keys by the appearance of their names.
	taken map[foldedKey]declaration
	looks map[foldedKey]declaration
	moved map[foldedKey]connection.Position
	// spaces holds the first reference of each space that is declared by name, by the appearance of the
	// name.
	spaces map[string][]connection.SpaceRef
	// prepared holds where the spaces that must exist are declared, by their folded names.
	prepared map[string]connection.SpaceRef
	// tenants and groups are the names of those in the project.
	tenants, groups []string
	// elsewhere holds the connections that only other tenants have.
	elsewhere map[foldedKey]string
	filled    int // see [maxFilled]
	problems  connection.Problems
}

// declaration is the first declaration of a key.
type declaration struct {
	space, name string
	at          connection.Position
}

// foldedKey is a space, unchanged, and a name folded by [connection.FoldName].
type foldedKey struct{ space, name string }

func foldKey(space connection.SpaceRef, name string) foldedKey {
	return foldedKey{space.String(), connection.FoldName(name)}
}

// declaredSpaces returns the project's spaces with variables filled in.
func (r *reader) declaredSpaces() []connection.SpaceRef {
	n := &notes{file: r.project.File}
	var spaces []connection.SpaceRef
	declared := r.tenant.Spaces
	if declared == nil {
		declared = r.project.Spaces
	}
	for _, space := range declared {
		at := place{int32(space.Position.Line), int32(space.Position.Column)}
		name, _ := r.scope.fill(n)(at, space.Name)
		if name != space.Name && name != "" {
			n.checkWords(at, name, "the name of a space")
		}
		space.Name = name
		space.ID, _ = r.scope.fill(n)(at, space.ID)
		space = personal(space)
		r.distinctSpace(n, space)
		spaces = append(spaces, space)
	}
	r.problems = append(r.problems, n.problems...)
	return spaces
}

func (r *reader) readFile(set *DesiredSet, file source, spaces []connection.SpaceRef) {
	n := &notes{file: file.file, filled: r.filled}
	defer func() { r.filled = n.filled }()
	for _, d := range file.connections {
		tree := file.trees.tree(int(d.tree))
		n.item = connection.Place{}
		r.scope.each = file.each(d)
		if !r.isHere(n, tree.get("tenants")) {
			r.noteElsewhere(tree)
			continue
		}
		r.checkOverrides(n, tree)
		tree = override(tree, r.tenant)
		n.item = d.place()
		desired := r.connection(n, tree)
		desired.At = file.at(d, r.tenant)
		r.unique(n, tree, &desired)
		if !outside(n, tree.get("space"), desired.Space, spaces) {
			r.distinctSpace(n, desired.Space)
		}
		set.Connections = append(set.Connections, desired)
	}
	n.item, r.scope.each = connection.Place{}, nil
	r.readSpaces(n, set, file, spaces)
	for i := file.moves; i < len(file.trees.trees); i++ {
		tree := file.trees.tree(i)
		if !r.isHere(n, tree.get("tenants")) {
			continue
		}
		if move, ok := r.move(n, tree); ok {
			set.Moves = append(set.Moves, move)
		}
	}
	r.problems = gather(r.problems, n.problems)
}

// isHere reports whether a list of tenants includes this one, and reports names without a tenant.
func (r *reader) isHere(n *notes, tenants *node) bool {
	here := !tenants.is(kindList)
	for _, item := range tenants.items() {
		if item.value.kind != kindString {
			continue
		}
		if !r.project.known[item.value.text] {
			n.add(item.place, suggest(connection.Because("unknown-tenant", "tenant", item.value.text), item.value.text, r.tenants))
		}
		here = here || item.value.text == r.tenant.Name
	}
	return here
}

// noteElsewhere records the position of a connection that this tenant does not have.
func (r *reader) noteElsewhere(tree *node) {
	n := &notes{filled: r.filled} // another tenant reports its problems
	defer func() { r.filled = n.filled }()
	name, space := tree.get("name"), tree.get("space")
	if !name.is(kindString) || space == nil {
		return
	}
	ref, called := n.spaceRef(space, r.scope.fill(n)), n.name(name, r.scope.fill(n))
	r.elsewhere[foldKey(ref, called)] = declaration{space: ref.String(), name: called}.words()
}

// connection reads one connection. Parts of the wrong form are omitted, because they were reported
// before.
func (r *reader) connection(n *notes, tree *node) connection.Desired {
	fill := r.scope.fill(n)
	desired := connection.Desired{
		CredentialsVersion: integer(tree.get("credentialsVersion")),
		UnknownAllowed:     textOf(tree.get("additionalProperties")) == "allow",
		Sensitive:          textsOf(tree.get("sensitive")),
		NotSensitive:       textsOf(tree.get("notSensitive")),
		Lifecycle:          readLifecycle(tree.get("lifecycle")),
		Tags:               n.tags(tree.get("tags"), fill),
		At:                 func(path string) connection.Position { return position(n.file, tree.locatePath(path)) },
	}
	if name := tree.get("name"); name.is(kindString) {
		desired.Name = n.name(name, fill)
	}
	if source := tree.get("dataSource"); source.is(kindString) {
		desired.DataSource, _ = fill(source.place, source.text)
	}
	if space := tree.get("space"); space != nil {
		desired.Space = n.spaceRef(space, fill)
	}
	switch owner := tree.get("owner"); {
	case owner.is(kindString):
		desired.Owner, _ = fill(owner.place, owner.text)
	case owner.is(kindObject):
		desired.OwnerID, _ = fill(owner.place, textOf(owner.get("id")))
	}
	r.needEntries(n, tree, "space", "dataSource")
	if properties := tree.get("properties"); properties.is(kindObject) {
		desired.Properties = fill.values(properties).(map[string]any)
	}
	desired.Credentials = r.credentials(n, tree)
	n.checkComparisons(tree.get("lifecycle").get("compare"), &desired)
	if sensitive, not := len(desired.Sensitive), len(desired.NotSensitive); sensitive > 0 && not > 0 && sensitive+not > connection.MaxNotSensitive {
		n.add(tree.get("notSensitive").place, connection.Because("too-many-sensitive", "limit", connection.MaxNotSensitive))
	}
	return desired
}

// needEntries reports keys that neither the connection nor the defaults declare. A misspelt key is
// reported by the check of the structure.
func (r *reader) needEntries(n *notes, tree *node, keys ...string) {
	for _, key := range keys {
		if tree.entry(key) == nil && !meantBy(tree.keys(), r.project.formats.connectionKeys())[key] {
			n.add(tree.place, connection.Because("missing-from-connection", "field", key))
		}
	}
}

// credentials reads the credentials, with references as leaves. A null entry removes a default.
func (r *reader) credentials(n *notes, tree *node) map[string]any {
	var credentials map[string]any
	for _, entry := range tree.get("credentials").entries() {
		if entry.value.is(kindNull, kindBroken) {
			continue
		}
		if tree.get("properties").entry(entry.key) != nil {
			n.add(entry.place, connection.Because("property-and-credential", "property", entry.key))
		}
		if credentials == nil {
			credentials = map[string]any{}
		}
		credentials[entry.key] = r.credential(n, entry.value)
	}
	return credentials
}

func (r *reader) credential(n *notes, tree *node) any {
	switch {
	case isReference(tree):
		ref, ok := n.reference(tree, r.expandName)
		if ok {
			r.project.reserved.check(n, tree.place, ref)
		}
		return ref
	case tree.is(kindObject):
		object := make(map[string]any, len(tree.children))
		for _, entry := range tree.children {
			object[entry.key] = r.credential(n, entry.value)
		}
		return object
	case tree.is(kindList):
		list := make([]any, 0, len(tree.children))
		for _, item := range tree.children {
			list = append(list, r.credential(n, item.value))
		}
		return list
	}
	return r.scope.fill(n).values(tree)
}

// spaceRef reads a space: a name, {id: ...} or personal.
func (n *notes) spaceRef(tree *node, fill filler) connection.SpaceRef {
	ref := connection.SpaceRef{Position: n.position(tree.place)}
	switch {
	case tree.is(kindObject):
		id := textOf(tree.get("id"))
		ref.ID, _ = fill(tree.place, id)
		if ref.ID != "" {
			n.checkWords(tree.place, ref.ID, "the id of a space")
		}
	case tree.is(kindString):
		filled, ok := fill(tree.place, tree.text)
		if ok {
			n.checkWords(tree.place, filled, "the name of a space")
		}
		ref.Name = filled
	}
	return personal(ref)
}

// personal converts the keyword for the caller's own space.
func personal(ref connection.SpaceRef) connection.SpaceRef {
	if ref.Name == connection.PersonalSpace {
		ref.Name, ref.Personal = "", true
	}
	return ref
}

// name reads the name of a connection; empty if it caused a problem.
func (n *notes) name(tree *node, fill filler) string {
	name, ok := fill(tree.place, tree.text)
	switch {
	case !ok:
	case strings.EqualFold(name, "DataFiles"), strings.EqualFold(name, "MyDataFiles"):
		n.add(tree.place, connection.Because("built-in-connection", "name", name))
	default:
		n.checkWords(tree.place, name, "the name of a connection")
	}
	return name
}

// checkWords reports a name that is empty, or contains a character that changes the direction of
// writing or ends a line. Joiners are part of the spelling of words, so they are allowed between
// two other characters.
func (n *notes) checkWords(at place, name, what string) {
	switch code := faultOfWords(name); code {
	case "":
	case "empty-name", "name-with-blanks":
		n.add(at, connection.Because(code, "what", what))
	default:
		n.add(at, connection.Because(code, "what", what, "name", name))
	}
}

// faultOfWords returns the code of the fault of a name; empty: none.
func faultOfWords(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "empty-name"
	case name == "." || name == "..":
		return "name-is-path-step"
	case strings.TrimSpace(name) != name:
		return "name-with-blanks"
	case strings.TrimFunc(name, connection.IsJoiner) != name:
		return "name-with-joiner"
	case strings.ContainsFunc(name, func(r rune) bool { return isFormatting(r) && !connection.IsJoiner(r) }):
		return "name-with-control-character"
	}
	return ""
}

// isFormatting reports whether a character ends a line, controls a terminal or changes the
// appearance of others. Other invisible characters ([connection.IsUnseen]) are allowed in a name
// and shown escaped: they occur in names on tenants, such as the variation selector of an emoji.
func isFormatting(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

// maxTag is how long a tag may be, in bytes.
const maxTag = 256

// tags reads the tags; nil where they are not declared.
func (n *notes) tags(tree *node, fill filler) []string {
	if !tree.is(kindList) {
		return nil
	}
	tags := make([]string, 0, len(tree.children))
	for _, item := range tree.children {
		if !item.value.is(kindString) {
			continue
		}
		tag, ok := fill(item.place, item.value.text)
		switch {
		case !ok || item.value.text == "":
		case strings.TrimSpace(tag) == "":
			n.add(item.place, connection.Because("empty-tag"))
		case strings.ContainsFunc(tag, isFormatting):
			n.add(item.place, connection.Because("tag-with-control-character", "tag", tag))
		case strings.HasPrefix(tag, "qlsync") || strings.HasPrefix(tag, "DcaasAPI:"):
			n.add(item.place, connection.Because("reserved-tag", "tag", tag))
		case len(tag) > maxTag:
			n.add(item.place, connection.Because("tag-too-long", "limit", maxTag))
		case slices.Contains(tags, tag):
			n.add(item.place, connection.Because("duplicate-tag", "tag", tag))
		default:
			tags = append(tags, tag)
		}
	}
	return tags
}

func readLifecycle(tree *node) connection.Lifecycle {
	lifecycle := connection.Lifecycle{
		IgnoreChanges:   textsOf(tree.get("ignoreChanges")),
		Update:          textOf(tree.get("update")),
		RecreateAllowed: textOf(tree.get("recreate")) == "allow",
		Adopt:           isTrue(tree.get("adopt")),
		Unreadable:      textsOf(tree.get("unreadable")),
		Compare:         readComparisons(tree.get("compare")),
		Impact:          readImpact(tree.get("impact")),
	}
	if prevent := tree.get("preventDestroy"); prevent.is(kindBool) {
		protected := isTrue(prevent)
		lifecycle.PreventDestroy = &protected
	}
	return lifecycle
}

func isTrue(tree *node) bool { return tree.is(kindBool) && tree.text == "true" }

func textsOf(tree *node) []string {
	var found []string
	for _, item := range tree.items() {
		if item.value.is(kindString) {
			found = append(found, item.value.text)
		}
	}
	return found
}

// unique reports a connection with the space and name of an earlier one, including names that
// differ only in letter case or normalisation. It warns about a name that only looks the same.
func (r *reader) unique(n *notes, tree *node, desired *connection.Desired) {
	if desired.Name == "" || desired.Space.String() == "" {
		return
	}
	at := tree.get("name").place
	own := declaration{desired.Space.String(), desired.Name, n.position(at)}
	key, look := foldKey(desired.Space, desired.Name), foldedKey{own.space, connection.Skeleton(desired.Name)}
	first, again := r.taken[key]
	other, alike := r.looks[look]
	switch {
	case again && first.name == own.name:
		n.add(at, connection.Because("duplicate-connection", "connection", own.name, "space", own.space, "first", first.at.String()))
	case again:
		n.add(at, alikeReason("same-but-for-spelling", own.name, first.name, first.at).With("space", own.space))
	case alike:
		n.warn(at, alikeReason("connections-look-alike", own.name, other.name, other.at).With("space", own.space))
	}
	if !again {
		r.taken[key] = own
	}
	if !alike {
		r.looks[look] = own
	}
}

// alikeReason returns a reason about two names whose difference a reader may overlook.
func alikeReason(code, own, other string, at connection.Position) connection.Reason {
	quoted, before := connection.QuoteApart(own, other)
	return connection.Because(code, "own", quoted, "other", before, "difference", connection.Resemblance(own, other), "at", at.String())
}

// distinctSpace warns about a space whose name looks like the name of another declared space. Names
// that differ only in letter case are two spaces, and the difference is visible.
func (r *reader) distinctSpace(n *notes, space connection.SpaceRef) {
	name := space.String()
	if space.ID != "" || faultOfWords(name) != "" {
		return
	}
	look := connection.Skeleton(name)
	for _, other := range r.spaces[look] {
		if other.String() == name {
			return
		}
	}
	for _, other := range r.spaces[look] {
		if connection.Resemblance(name, other.String()) != connection.LetterCase {
			at := place{int32(space.Position.Line), int32(space.Position.Column)}
			n.warn(at, alikeReason("spaces-look-alike", name, other.String(), other.Position))
			break
		}
	}
	r.spaces[look] = append(r.spaces[look], space)
}

// outside reports a space, or a connection in a space, outside of the project's scope, and returns whether it
// did. A name and an id cannot be compared offline: only the tenant knows whether they are the same
// space.
func outside(n *notes, at *node, declared connection.SpaceRef, spaces []connection.SpaceRef) bool {
	own := declared.String()
	if len(spaces) == 0 || own == "" {
		return false
	}
	var names []string
	for _, space := range spaces {
		if space.Same(declared) || (space.ID == "") != (declared.ID == "") {
			return false
		}
		names = append(names, space.String())
	}
	reason := suggest(connection.Because("space-not-in-project", "space", own), own, names)
	for _, name := range names {
		if differ := connection.Resemblance(own, name); differ != "" && differ != connection.LetterCase {
			quoted, meant := connection.QuoteApart(own, name)
			reason = connection.Because("space-not-in-project-alike", "own", quoted, "other", meant, "difference", differ)
			break
		}
	}
	n.add(at.place, reason)
	return true
}

// move reads one move; false if it is incomplete.
func (r *reader) move(n *notes, tree *node) (connection.Move, bool) {
	known := n.errors
	from, fromOK := r.moveEnd(n, tree.get("from"))
	to, toOK := r.moveEnd(n, tree.get("to"))
	if !fromOK || !toOK || n.errors > known {
		return connection.Move{}, false
	}
	move := connection.Move{From: from, To: to, Position: position(n.file, tree.place)}
	if from.Name == to.Name && from.Space.Same(to.Space) {
		n.add(tree.place, connection.Because("move-to-itself"))
		return move, false
	}
	key := foldKey(from.Space, from.Name)
	if first, again := r.moved[key]; again {
		n.add(tree.place, connection.Because("moved-twice", "from", from.String(), "first", first.String()))
		return move, false
	}
	r.moved[key] = move.Position
	return move, true
}

func (r *reader) moveEnd(n *notes, tree *node) (connection.MoveEnd, bool) {
	fill := r.scope.fill(n)
	var end connection.MoveEnd
	name, space := tree.get("name"), tree.get("space")
	if name.is(kindString) {
		end.Name = n.name(name, fill)
	}
	if space != nil {
		end.Space = n.spaceRef(space, fill)
	}
	return end, end.Name != "" && end.Space.String() != ""
}

// collectSpaces collects the scope.
func (set *DesiredSet) collectSpaces(declared []connection.SpaceRef) {
	set.Spaces = uniqueSpaces(nil, declared...)
	if len(declared) == 0 {
		for i := range set.Connections {
			set.Spaces = uniqueSpaces(set.Spaces, set.Connections[i].Space)
		}
		for i := range set.Prepared {
			set.Spaces = uniqueSpaces(set.Spaces, set.Prepared[i].Ref())
		}
	}
	looked := len(set.Spaces)
	for _, move := range set.Moves {
		set.Spaces = uniqueSpaces(set.Spaces, move.From.Space)
	}
	set.OnlyMoves = slices.Clone(set.Spaces[looked:])
}

// uniqueSpaces appends spaces without duplicates.
func uniqueSpaces(known []connection.SpaceRef, spaces ...connection.SpaceRef) []connection.SpaceRef {
	for _, space := range spaces {
		if space.String() != "" && !slices.ContainsFunc(known, space.Same) {
			known = append(known, space)
		}
	}
	return known
}

// unusedVariables reports variables of the command line that are neither declared nor used: a
// misspelt one would silently leave the default in effect.
func (r *reader) unusedVariables(given map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		_, ofProject := r.project.variables[name]
		_, ofTenant := r.tenant.Variables[name]
		if ofProject || ofTenant || r.scope.used[name] {
			continue
		}
		known := slices.Concat(slices.Sorted(maps.Keys(r.project.variables)), slices.Sorted(maps.Keys(r.tenant.Variables)))
		reason := suggest(connection.Because("unused-variable", "variable", name), name, known)
		r.problems = append(r.problems, messages.Problem(connection.Position{}, connection.SeverityError, reason))
	}
}
