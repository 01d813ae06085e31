package spec

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/qlsync/qlsync/pkg/connection"
)

// ExportInput is the live side of an export, and what tells how to write it.
type ExportInput struct {
	Tenant  string // its name in the project file
	Live    []connection.Live
	Catalog *connection.Catalog
	// Declared and Moves are what the files have already.
	Declared []connection.Desired
	Moves    []connection.Move
	// Dir is the folder that the files are for: their modelines lead from there to the
	// schemas.
	Dir string
	// OneFile puts all spaces into one file.
	OneFile bool
	// Classify, HoldsSecret and Normalize are the provider's.
	Classify    func(dataSource, property string) connection.Class
	HoldsSecret func(property string, value any) bool
	Normalize   func(connection.Property, any) any
}

// Export is live connections as files. Each one that went in stands in a file or
// among those that are omitted.
type Export struct {
	Files []ExportedFile // by name
	// Omitted cannot be exported, by key; LeftOut are parts of those that are.
	Omitted []Remark
	LeftOut []Remark
	// Variables are to be set before credentials are written, by name.
	Variables []ExportedVariable
	// Written tells that to take over one of the connections writes its credentials;
	// whoever knows the tenant fills it in.
	Written bool
}

// ExportedFile is one connection file, of one space.
type ExportedFile struct {
	Name        string // without a folder
	Text        []byte
	Connections int
}

// Remark says why something of a live connection is not in the files.
type Remark struct {
	Connection connection.Key
	ID         string
	Reason     string
}

// ExportedVariable is an environment variable that a file names.
type ExportedVariable struct {
	Name       string
	Connection connection.Key
	Credential string
}

// Export turns live connections into files that declare them, so that a plan of
// these files does nothing but adopt. It is pure: the same input gives the same
// bytes.
//
// A file is written as a person would: one for each space, what all connections
// have in common under defaults, without what the data source's schema takes for
// granted. Credentials, which a service does not show, become references with
// names of their own. What it says is read again and compared before it leaves.
func (p *Project) Export(in ExportInput) Export {
	e := &exporter{project: p, in: in, names: map[string]bool{}, sources: map[string]*sourceSchema{}}
	for name := range p.reserved.env {
		e.names[name] = true
	}
	for id, source := range in.Catalog.DataSources {
		e.sources[id], _ = prepareSource(id, source)
	}
	live := slices.Clone(in.Live)
	slices.SortStableFunc(live, func(a, b connection.Live) int { return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.ID, b.ID)) })
	e.index(live)
	bySpace := map[string][]*exported{}
	for i := range live {
		if reason := e.refuse(&live[i]); reason != "" {
			e.omit(&live[i], reason)
			continue
		}
		space := live[i].Key.Space
		if in.OneFile {
			space = "connections"
		}
		bySpace[space] = append(bySpace[space], e.connection(&live[i]))
	}
	taken := map[string]bool{}
	for _, space := range slices.Sorted(maps.Keys(bySpace)) {
		if kept := e.settle(bySpace[space]); len(kept) > 0 {
			e.file(space, kept, taken)
		}
	}
	slices.SortFunc(e.out.Files, func(a, b ExportedFile) int { return cmp.Compare(a.Name, b.Name) })
	byKey := func(a, b Remark) int { return cmp.Or(a.Connection.Compare(b.Connection), cmp.Compare(a.ID, b.ID)) }
	slices.SortStableFunc(e.out.Omitted, byKey)
	slices.SortStableFunc(e.out.LeftOut, byKey)
	slices.SortFunc(e.out.Variables, func(a, b ExportedVariable) int { return cmp.Compare(a.Name, b.Name) })
	return e.out
}

// exporter is one export while it is made.
type exporter struct {
	project *Project
	in      ExportInput
	out     Export
	sources map[string]*sourceSchema
	folded  map[foldedKey]int
	// declared holds what the files have, by name in lower case.
	declared map[string][]*connection.Desired
	names    map[string]bool // of variables, that are taken
}

// exported is one connection on its way into a file.
type exported struct {
	live        *connection.Live
	tags        []string
	properties  map[string]any
	credentials map[string]any // with references
	// offered are credentials that are written as a comment: to declare them would be
	// a change.
	offered map[string]any
	// others are further parts that such credentials may have.
	others       []string
	sensitive    []string // as its mark records
	allowUnknown bool
	variables    []ExportedVariable
	leftOut      []string
	refused      string // found out late
}

func (e *exporter) omit(live *connection.Live, reason string) {
	e.out.Omitted = append(e.out.Omitted, Remark{live.Key, live.ID, reason})
}

// index counts how often each place is taken, whatever the letter case, and sorts
// what is declared by name.
func (e *exporter) index(live []connection.Live) {
	e.folded, e.declared = map[foldedKey]int{}, map[string][]*connection.Desired{}
	for i := range e.in.Declared {
		d := &e.in.Declared[i]
		e.declared[strings.ToLower(d.Name)] = append(e.declared[strings.ToLower(d.Name)], d)
	}
	for i := range live {
		e.folded[liveKey(&live[i])]++
	}
}

func liveKey(live *connection.Live) foldedKey {
	return foldedKey{strings.ToLower(live.Key.Space), strings.ToLower(live.Key.Name)}
}

// refuse says why a connection cannot be exported; empty where it can.
func (e *exporter) refuse(live *connection.Live) string {
	source := e.in.Catalog.DataSources[live.DataSource]
	switch {
	case live.Mark.Project != "" && live.Mark.Project != e.project.Name:
		return fmt.Sprintf("it belongs to project %q", live.Mark.Project)
	case live.Mark.Transit != "":
		return "it is half of a rebuild that was interrupted: plan and apply first"
	case e.isDeclared(live, false):
		return "it is declared already"
	case e.isMoved(live):
		return "a moved block leads away from it"
	case live.Unreadable != "":
		return "it cannot be read: " + live.Unreadable
	case e.folded[liveKey(live)] > 1:
		return "another connection has the same space and name but for letter case"
	case e.isDeclared(live, true):
		return "one with the same space and name but for letter case is declared"
	case source == nil:
		return fmt.Sprintf("the tenant has no data source %q, or has disabled it", live.DataSource)
	case e.needsPerson(live, source):
		return "a person must sign in for it"
	}
	return ""
}

func (e *exporter) needsPerson(live *connection.Live, source *connection.DataSource) bool {
	if source.SignIn == nil {
		return false
	}
	property := source.Properties[source.SignIn.Property]
	value, ok := live.Properties[source.SignIn.Property]
	if !ok && property.HasDefault {
		value = property.Default
	}
	return slices.ContainsFunc(source.SignIn.Values, func(one string) bool {
		return connection.Equal(e.in.Normalize(property, value), e.in.Normalize(property, one))
	})
}

func stands(space connection.SpaceRef, live *connection.Live) bool {
	switch {
	case space.Personal:
		return live.SpaceID == ""
	case space.ID != "":
		return live.SpaceID == space.ID
	}
	return live.SpaceID != "" && live.Key.Space == space.Name
}

// isDeclared reports whether the files have the connection, in these words or, if
// so asked, in another letter case.
func (e *exporter) isDeclared(live *connection.Live, anyCase bool) bool {
	return slices.ContainsFunc(e.declared[strings.ToLower(live.Key.Name)], func(d *connection.Desired) bool {
		return d.Name == live.Key.Name && stands(d.Space, live) ||
			anyCase && (stands(d.Space, live) || strings.EqualFold(d.Space.String(), live.Key.Space))
	})
}

func (e *exporter) isMoved(live *connection.Live) bool {
	return slices.ContainsFunc(e.in.Moves, func(m connection.Move) bool {
		return m.From.Name == live.Key.Name && stands(m.From.Space, live)
	})
}

// connection takes over what a file should say about a live connection.
func (e *exporter) connection(live *connection.Live) *exported {
	x := &exported{live: live, tags: live.Tags, properties: map[string]any{}}
	source, schema := e.in.Catalog.DataSources[live.DataSource], e.sources[live.DataSource]
	secrets := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(live.Properties)) {
		value, property := live.Properties[name], source.Properties[name]
		if live.Mark.Hides(name) {
			x.sensitive = append(x.sensitive, name)
		}
		switch {
		case value == nil, isOfOneUser(property), e.isDefault(property, value):
			// Absent, the caller's own, or what it is anyway.
		case len(connection.Secrets(value)) > 0:
			secrets[name] = value
		case !canBeWritten(value, 0):
			x.leftOut = append(x.leftOut, fmt.Sprintf("property %q: its value cannot be written in a file", name))
		default:
			x.properties[name] = value
			x.allowUnknown = x.allowUnknown || schema != nil && len(schema.names) > 0 && !schema.open && !schema.knows(name)
		}
	}
	for _, name := range live.Hidden {
		x.leftOut = append(x.leftOut, fmt.Sprintf("property %q: the service does not show its value", name))
	}
	e.references(x, source, secrets)
	return x
}

// isOfOneUser tells which properties say something about the caller, not about the
// connection.
func isOfOneUser(property connection.Property) bool {
	return property.Separated == connection.NamesCredentials || property.Separated == connection.SelectsCredentials
}

func (e *exporter) isDefault(property connection.Property, value any) bool {
	return property.HasDefault &&
		connection.Equal(e.in.Normalize(property, value), e.in.Normalize(property, property.Default))
}

// canBeWritten reports whether our own reader would take a value.
func canBeWritten(value any, depth int) bool {
	if depth > maxDepth/2 {
		return false
	}
	switch value := value.(type) {
	case json.Number:
		return jsonNumber.MatchString(value.String()) && len(value) <= 400 && moderate(value.String())
	case string:
		return len(value) < maxScalar/2
	case []any:
		return !slices.ContainsFunc(value, func(item any) bool { return !canBeWritten(item, depth+1) })
	case map[string]any:
		for key, item := range value {
			if len(key) > maxScalar/2 || !canBeWritten(item, depth+1) {
				return false
			}
		}
		return len(value) < maxEntries
	}
	return true
}

// references declares the credentials: those that the service tells of, or else
// those that such a connection usually has. Where nothing is stored, or a record of
// ours says what was written last, declaring them would be a change: they are
// offered in a comment.
func (e *exporter) references(x *exported, source *connection.DataSource, secrets map[string]any) {
	live := x.live
	wanted := map[string]any{}
	names, others := e.credentialNames(live, source)
	for _, name := range names {
		variable := e.variable(x, name, "")
		wanted[name] = any(connection.Reference{Env: variable})
		if source.Properties[name].Type == "array" {
			wanted[name] = []any{map[string]any{"name": "key", "value": connection.Reference{Env: variable}}}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		wanted[name] = e.withReferences(x, name, name, secrets[name])
	}
	hasThem := live.HasCredentials || len(live.Withheld) > 0
	active := hasThem && live.Mark.Project == "" && live.Mark.Credentials == "" && !live.Separated
	switch {
	case len(wanted) == 0:
	case active:
		x.credentials, x.others = wanted, others
		return
	default:
		x.offered = wanted
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		x.leftOut = append(x.leftOut, fmt.Sprintf("property %q: it holds a secret, and to declare it would write it", name))
	}
	x.variables = nil
}

// credentialNames gives the parts of the credentials that a file should declare, and
// others that it might: which of them there are, most services do not tell.
func (e *exporter) credentialNames(live *connection.Live, source *connection.DataSource) (names, others []string) {
	if len(live.Withheld) > 0 {
		return live.Withheld, nil
	}
	if live.Separated || !live.HasCredentials {
		return nil, nil
	}
	var users, passwords, texts, files []string
	classify := e.in.Catalog.Classify(e.in.Classify)
	for _, name := range slices.Sorted(maps.Keys(source.Properties)) {
		property := source.Properties[name]
		switch class := classify(live.DataSource, name); {
		case class == connection.ClassProperty, property.Separated != 0, source.SignIn != nil && source.SignIn.Code == name:
		case class == connection.ClassCredential:
			users = append(users, name)
		case strings.EqualFold(name, "password"):
			passwords = append(passwords, name)
		case property.Type == "array":
			files = append(files, name)
		default:
			texts = append(texts, name)
		}
	}
	switch {
	case len(passwords) > 0:
		return slices.Concat(users, passwords), slices.Concat(files, texts)
	case len(files) > 0:
		return slices.Concat(users, files), texts
	}
	return slices.Concat(users, texts), nil
}

// withReferences copies a value with a reference for each secret. The label names
// it: by the name of the item, such as that of a header.
func (e *exporter) withReferences(x *exported, credential, label string, value any) any {
	switch value := value.(type) {
	case connection.Secret:
		return connection.Reference{Env: e.variable(x, credential, label)}
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = e.withReferences(x, credential, label+" "+strconv.Itoa(i+1), item)
		}
		return list
	case map[string]any:
		if name, ok := value["name"].(string); ok && len(environmentWords(name)) > 0 {
			label = name
		}
		object := make(map[string]any, len(value))
		for _, key := range slices.Sorted(maps.Keys(value)) {
			object[key] = e.withReferences(x, credential, label, value[key])
		}
		return object
	}
	return value
}

// variable names an environment variable for a credential: FINANCE_LEDGER_PASSWORD.
func (e *exporter) variable(x *exported, credential, label string) string {
	words := slices.Concat(environmentWords(x.live.Key.Space), environmentWords(x.live.Key.Name), environmentWords(cmp.Or(label, credential)))
	base := strings.Join(words, "_")
	if base == "" || base[0] >= '0' && base[0] <= '9' {
		base = strings.TrimSuffix("CONNECTION_"+base, "_")
	}
	name := base
	for n := 2; e.names[name]; n++ {
		name = base + "_" + strconv.Itoa(n)
	}
	e.names[name] = true
	x.variables = append(x.variables, ExportedVariable{name, x.live.Key, credential})
	return name
}

// environmentWords splits a name into words of capitals: accessKey is ACCESS, KEY.
// Letters that no environment variable has are left out.
func environmentWords(name string) []string {
	var words []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, strings.ToUpper(word.String()))
			word.Reset()
		}
	}
	var before rune
	for _, r := range name {
		isLower, isUpper, isDigit := r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9'
		if !isLower && !isUpper && !isDigit {
			end()
		} else {
			if isUpper && before >= 'a' && before <= 'z' {
				end()
			}
			word.WriteRune(r)
		}
		before = r
	}
	end()
	return words
}

// settle reads what would be written of one space, and takes out what the files
// could not say, until the rest stands.
func (e *exporter) settle(all []*exported) []*exported {
	for range maxSettling {
		again := e.check(all)
		all = slices.DeleteFunc(all, func(x *exported) bool {
			if x.refused != "" {
				e.omit(x.live, x.refused)
			}
			return x.refused != ""
		})
		if !again || len(all) == 0 {
			return all
		}
	}
	for _, x := range all {
		e.omit(x.live, "what a file would say about it is not what it is")
	}
	return nil
}

// maxSettling bounds the rounds: in each one every connection loses what the one
// before found, and that is a property at a time.
const maxSettling = maxEntries + 10

// check reads what would be written and reports whether anything had to be taken
// out.
func (e *exporter) check(all []*exported) (again bool) {
	const file = "export.yaml"
	text := e.text(all, common{})
	root, problems := parseYAML(file, text)
	if root == nil {
		for _, x := range all {
			x.refused = "what a file would say about it cannot be read: " + problems.Error()
		}
		return true
	}
	n := &notes{file: file, problems: problems}
	n.checkStructure(e.project.formats.connections, root)
	items := root.get("connections").items()
	set := e.read(n, root)
	problems = Collect(n.problems,
		CheckCredentials(set, e.in.Catalog.Classify(e.in.Classify), e.in.HoldsSecret), CheckProperties(set, e.in.Catalog))
	for _, problem := range problems {
		if problem.Severity == connection.SeverityWarning || problem.Position.Line == 0 {
			continue
		}
		at := slices.IndexFunc(items, func(item child) bool { return int(item.place.line) > problem.Position.Line })
		if at < 0 {
			at = len(items)
		}
		if at > 0 && at <= len(all) {
			all[at-1].takeOut(items[at-1].value, problem)
			again = true
		}
	}
	for i, x := range all {
		if !again && !x.isSaidBy(&set[i]) {
			x.refused = "what a file would say about it is not what it is"
			again = true
		}
	}
	return again
}

// read gives what a connection file declares.
func (e *exporter) read(n *notes, root *node) []connection.Desired {
	r := &reader{project: e.project, tenant: &Tenant{}, scope: newScope("")}
	defaults := root.get("defaults")
	var set []connection.Desired
	for _, item := range root.get("connections").items() {
		set = append(set, r.connection(n, merge(defaults, item.value)))
	}
	return set
}

// takeOut removes the part of a connection that a problem is about.
func (x *exported) takeOut(tree *node, problem connection.Problem) {
	part := entryAt(tree.entries(), problem.Position.Line)
	switch {
	case part != nil && part.key == "tags":
		if x.tags != nil {
			x.leftOut = append(x.leftOut, "the tags: "+problem.Message)
		}
		x.tags = nil
	case part != nil && part.key == "properties" && part.place.line != int32(problem.Position.Line):
		name := entryAt(part.value.entries(), problem.Position.Line).key
		if _, present := x.properties[name]; present {
			x.leftOut = append(x.leftOut, fmt.Sprintf("property %q: %s", name, problem.Message))
			delete(x.properties, name)
		}
	default:
		x.refused = cmp.Or(x.refused, problem.Message)
	}
}

// entryAt gives the entry on whose lines a line is; nil if it is before all.
func entryAt(entries []child, line int) *child {
	var found *child
	for i := range entries {
		if int(entries[i].place.line) <= line {
			found = &entries[i]
		}
	}
	return found
}

// isSaidBy reports whether what was read is what was meant.
func (x *exported) isSaidBy(d *connection.Desired) bool {
	live := x.live
	return d.Name == live.Key.Name && stands(d.Space, live) && d.DataSource == live.DataSource &&
		slices.Equal(d.Tags, x.tags) && slices.Equal(d.Sensitive, x.sensitive) &&
		equalMaps(d.Properties, x.properties) && sameReferences(d.Credentials, x.credentials)
}

func equalMaps(a, b map[string]any) bool { return len(a) == 0 && len(b) == 0 || connection.Equal(a, b) }

// sameReferences compares credentials without the places of their references.
func sameReferences(a, b map[string]any) bool {
	return len(a) == 0 && len(b) == 0 || connection.Canonical(a) == connection.Canonical(b)
}

// file adds the file of one space.
func (e *exporter) file(space string, all []*exported, taken map[string]bool) {
	name := fileName(space)
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("%s-%d", fileName(space), n)
	}
	taken[name] = true
	text := e.text(all, commonOf(all))
	if root, _ := parseYAML(name, text); !e.says(root, all) {
		text = e.text(all, common{}) // what they have in common is not worth a mistake
	}
	head := fmt.Sprintf("%s\n# Exported from tenant %s.\n", Modeline(filepath.Join(e.in.Dir, name), e.project.SchemasDir, EditorConnections), e.in.Tenant)
	e.out.Files = append(e.out.Files, ExportedFile{name + ".yaml", append([]byte(head), text...), len(all)})
	for _, x := range all {
		e.out.Variables = append(e.out.Variables, x.variables...)
		for _, reason := range x.leftOut {
			e.out.LeftOut = append(e.out.LeftOut, Remark{x.live.Key, x.live.ID, reason})
		}
	}
}

// says reports whether a tree declares exactly these connections.
func (e *exporter) says(root *node, all []*exported) bool {
	if root == nil {
		return false
	}
	n := &notes{}
	set := e.read(n, root)
	if len(n.problems) > 0 || len(set) != len(all) {
		return false
	}
	for i, x := range all {
		if !x.isSaidBy(&set[i]) {
			return false
		}
	}
	return true
}

// maxFileName is how long a file's name may be, in characters: no file system takes
// more than 255 bytes, and some space's names are longer.
const maxFileName = 50

// fileName makes a file's name of a space's, without extension.
func fileName(space string) string {
	words := strings.FieldsFunc(strings.ToLower(space), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return "space"
	}
	name := []rune(strings.Join(words, "-"))
	return string(name[:min(len(name), maxFileName)])
}
