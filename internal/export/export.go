// Package export writes the files that declare live connections.
package export

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// Input is the live side of an export, and the settings for writing it.
type Input struct {
	// Tenant is its name in the project file. If there are other tenants, the exported connections are
	// declared for this one only.
	Tenant  string
	Live    []connection.Live
	Catalog *connection.Catalog
	// Declared and Moves are the existing declarations of the files.
	Declared []connection.Desired
	Moves    []connection.Move
	// Dir is the folder for the files, from which their modelines refer to the schemas.
	Dir string
	// Spaces are the spaces that the files declare in addition to the connections.
	Spaces Spaces
	// OneFile writes all spaces to one file.
	OneFile bool
	// Classify, HoldsSecret, KnowsSecret and Normalize are the provider's functions.
	Classify    func(dataSource, property string) connection.Class
	HoldsSecret func(property string, value any) bool
	KnowsSecret func(dataSource, property string, value any) bool
	Normalize   func(connection.Property, any) any
}

// Result is live connections as files. Each connection of the input is in a file, is counted as
// declared, or is among the omitted ones.
type Result struct {
	Files []File // by name
	// Declared counts the connections that the files already declare, and DeclaredSpaces the spaces.
	Declared, DeclaredSpaces int
	// Omitted lists connections that cannot be exported, and spaces, as keys without a name; LeftOut
	// lists omitted parts of exported connections.
	Omitted []Remark
	LeftOut []Remark
	// Variables must be set before credentials are written; sorted by name.
	Variables []Variable
	// Written reports that adopting one of the connections writes its credentials; the caller that
	// knows the tenant sets it.
	Written bool
}

// File is one connection file, of one space.
type File struct {
	Name                string // without a folder
	Text                []byte
	Spaces, Connections int // that it declares
}

// Remark says why a part of a live connection is not in the files.
type Remark struct {
	Connection connection.Key
	ID         string
	Reason     string
}

// Variable is an environment variable that a file names.
type Variable struct {
	Name       string
	Connection connection.Key
	Credential string
}

// Export returns live connections as files that declare them, so that a plan of these files only
// adopts. It is pure: the same input results in the same bytes.
//
// A file is written as a person would write it: one for each space, common parts under defaults,
// without the defaults of the data source's schema. Credentials, which a service does not return,
// become references with generated names. The text is parsed again and compared before it is
// returned.
func Export(p *spec.Project, in Input) Result {
	e := &exporter{project: p, in: in, names: map[string]bool{}, unknown: map[string]func(string) bool{}}
	for _, name := range p.Reserved() {
		e.names[name] = true
	}
	for i := range in.Declared {
		_, _ = connection.Resolve(in.Declared[i].Credentials, func(ref connection.Reference) (connection.Secret, error) {
			e.names[strings.ToUpper(ref.Env)] = true
			return connection.Secret{}, nil
		})
	}
	for id, source := range in.Catalog.DataSources {
		e.unknown[id] = spec.UnknownProperty(id, source)
	}
	live := slices.Clone(in.Live)
	slices.SortStableFunc(live, func(a, b connection.Live) int { return cmp.Or(naturally(a.Key, b.Key), cmp.Compare(a.ID, b.ID)) })
	e.index(live)
	bySpace := map[string]*content{}
	at := func(space string) *content {
		if in.OneFile {
			space = "connections"
		}
		if bySpace[space] == nil {
			bySpace[space] = &content{}
		}
		return bySpace[space]
	}
	e.addSpaces(at)
	for i := range live {
		reason := e.refuse(&live[i])
		if reason == alreadyDeclared {
			e.out.Declared++
			continue
		}
		if reason != "" {
			e.omit(&live[i], reason)
			continue
		}
		c := at(live[i].Key.Space)
		c.connections = append(c.connections, e.connection(&live[i]))
	}
	taken := map[string]bool{}
	for _, space := range slices.Sorted(maps.Keys(bySpace)) {
		c := bySpace[space]
		c.connections = e.settle(c.connections)
		if len(c.spaces)+len(c.connections) > 0 {
			e.file(space, c, taken)
		}
	}
	slices.SortFunc(e.out.Files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	byKey := func(a, b Remark) int { return cmp.Or(naturally(a.Connection, b.Connection), cmp.Compare(a.ID, b.ID)) }
	slices.SortStableFunc(e.out.Omitted, byKey)
	slices.SortStableFunc(e.out.LeftOut, byKey)
	slices.SortFunc(e.out.Variables, func(a, b Variable) int {
		return cmp.Or(compareNaturally(a.Name, b.Name), cmp.Compare(a.Name, b.Name))
	})
	return e.out
}

// content is what one file declares.
type content struct {
	spaces      []*connection.DesiredSpace
	connections []*exported
}

// exporter is an export in progress.
type exporter struct {
	project *spec.Project
	in      Input
	out     Result
	// unknown reports, for each data source, whether its schema lacks a property.
	unknown map[string]func(name string) bool
	folded  map[folded][]*connection.Live
	// declared holds the declared connections of the files, by folded name.
	declared map[string][]*connection.Desired
	names    map[string]bool // of variables, already used
}

const alreadyDeclared = "it is declared already"

// naturally compares keys with numbers in numeric order: "2" comes before "10".
func naturally(a, b connection.Key) int {
	return cmp.Or(compareNaturally(a.Space, b.Space), compareNaturally(a.Name, b.Name), a.Compare(b))
}

// compareNaturally compares texts with each run of digits as one number. Texts that differ only in
// leading zeros are equal.
func compareNaturally(a, b string) int {
	for a != "" && b != "" {
		x, y := digitsOf(a), digitsOf(b)
		if x == "" || y == "" {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		a, b = a[len(x):], b[len(y):]
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if order := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); order != 0 {
			return order
		}
	}
	return cmp.Compare(len(a), len(b))
}

// digitsOf returns the digits at the start of a text.
func digitsOf(text string) string {
	return text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
}

func (e *exporter) omit(live *connection.Live, reason string) {
	e.out.Omitted = append(e.out.Omitted, Remark{live.Key, live.ID, reason})
}

// index finds connections that share a space and a folded name, and sorts the declared ones by
// name.
func (e *exporter) index(live []connection.Live) {
	e.folded, e.declared = map[folded][]*connection.Live{}, map[string][]*connection.Desired{}
	for i := range e.in.Declared {
		d := &e.in.Declared[i]
		name := connection.FoldName(d.Name)
		e.declared[name] = append(e.declared[name], d)
	}
	for i := range live {
		e.folded[liveKey(&live[i])] = append(e.folded[liveKey(&live[i])], &live[i])
	}
}

// folded is a space, and a name as [connection.FoldName] folds it.
type folded struct{ space, name string }

func liveKey(live *connection.Live) folded {
	return folded{live.Key.Space, connection.FoldName(live.Key.Name)}
}

// refuse returns why a connection cannot be exported; empty: it can.
func (e *exporter) refuse(live *connection.Live) string {
	source := e.in.Catalog.DataSources[live.DataSource]
	switch {
	case live.Record.Project != "" && live.Record.Project != e.project.Name:
		return fmt.Sprintf("it belongs to project %q", live.Record.Project)
	case live.Record.Phase != "":
		return "it was left behind by an interrupted recreate: plan and apply first"
	case e.isDeclared(live):
		return alreadyDeclared
	case e.isMoved(live):
		return "a moved block leads away from it"
	case live.Unreadable != "":
		return "it cannot be read: " + live.Unreadable
	case len(e.folded[liveKey(live)]) > 1:
		return e.sharesName(live)
	case e.declaredAlike(live) != nil:
		return differOnly("it and the declared connection", live.Key.Name, e.declaredAlike(live).Name)
	case slices.Contains(e.in.Catalog.Unread, live.DataSource):
		return fmt.Sprintf("what the tenant says about data source %q cannot be read", live.DataSource)
	case source == nil && slices.Contains(e.in.Catalog.Disabled, live.DataSource):
		return e.in.Catalog.Absence(live.DataSource) + ". Ask an administrator to enable it, then export again"
	case source == nil:
		return e.in.Catalog.Absence(live.DataSource) + ": manage the connection in the console"
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

// isDeclared reports whether the files declare the connection under exactly its key.
func (e *exporter) isDeclared(live *connection.Live) bool {
	return slices.ContainsFunc(e.declared[connection.FoldName(live.Key.Name)], func(d *connection.Desired) bool {
		return d.Name == live.Key.Name && stands(d.Space, live)
	})
}

// declaredAlike returns the declared connection of the same space whose name differs only in letter
// case or normalisation; nil if there is none.
func (e *exporter) declaredAlike(live *connection.Live) *connection.Desired {
	for _, d := range e.declared[connection.FoldName(live.Key.Name)] {
		if d.Name != live.Key.Name && stands(d.Space, live) {
			return d
		}
	}
	return nil
}

// sharesName returns which other live connection of the space has the same folded name.
func (e *exporter) sharesName(live *connection.Live) string {
	for _, other := range e.folded[liveKey(live)] {
		if other.Key.Name != live.Key.Name {
			return differOnly("it and another connection", live.Key.Name, other.Key.Name)
		}
	}
	return "another connection has the same space and name"
}

// differOnly returns how two names of one space differ, if a reader may overlook it.
func differOnly(who, name, other string) string {
	quoted, others := connection.QuoteApart(name, other)
	return fmt.Sprintf("%s of this space differ only in %s: %s and %s", who, connection.Resemblance(name, other), quoted, others)
}

func (e *exporter) isMoved(live *connection.Live) bool {
	return slices.ContainsFunc(e.in.Moves, func(m connection.Move) bool {
		return m.From.Name == live.Key.Name && stands(m.From.Space, live)
	})
}

// settle parses the text of one space, and removes connections and parts that the text does not
// declare correctly, until the rest is correct.
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

// maxSettling bounds the rounds: in each one every connection loses one property that the previous
// round found. A map in a file has at most 1000 entries.
const maxSettling = 1010

// check parses the text and reports whether anything had to be removed.
func (e *exporter) check(all []*exported) (again bool) {
	set, problems := e.project.Draft("export.yaml", e.text(&content{connections: all}, common{}))
	if len(set) != len(all) {
		for _, x := range all {
			x.refused = "what a file would say about it cannot be read: " + problems.Error()
		}
		return true
	}
	problems = spec.Collect(problems,
		spec.CheckCredentials(set, e.in.Catalog.Classify(e.in.Classify), e.in.Catalog.HoldsSecret(e.in.HoldsSecret),
			e.in.Catalog.KnowsSecret(e.in.KnowsSecret)), spec.CheckProperties(set, e.in.Catalog))
	for _, problem := range problems {
		if problem.Severity == connection.SeverityWarning || problem.Position.Line == 0 || spec.StandsForMore(problem) {
			continue
		}
		at := slices.IndexFunc(set, func(d connection.Desired) bool { return d.PositionOf("").Line > problem.Position.Line })
		if at < 0 {
			at = len(set)
		}
		if at > 0 {
			all[at-1].takeOut(&set[at-1], problem)
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

// file adds the file of one space.
func (e *exporter) file(space string, c *content, taken map[string]bool) {
	name := fileName(space)
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("%s-%d", fileName(space), n)
	}
	taken[name] = true
	text := e.text(c, commonOf(c.connections))
	if !e.says(text, c.connections) {
		text = e.text(c, common{}) // common parts are not worth a mistake
	}
	head := fmt.Sprintf("%s\n# Exported from tenant %s.\n", comment(spec.Modeline(filepath.Join(e.in.Dir, name), e.project.SchemasDir, spec.EditorConnections)), comment(e.in.Tenant))
	e.out.Files = append(e.out.Files, File{name + ".yaml", append([]byte(head), text...), len(c.spaces), len(c.connections)})
	for _, x := range c.connections {
		e.out.Variables = append(e.out.Variables, x.variables...)
		for _, reason := range x.leftOut {
			e.out.LeftOut = append(e.out.LeftOut, Remark{x.live.Key, x.live.ID, reason})
		}
	}
}

// says reports whether a text declares exactly these connections.
func (e *exporter) says(text []byte, all []*exported) bool {
	set, problems := e.project.Draft("export.yaml", text)
	if len(problems) > 0 || len(set) != len(all) {
		return false
	}
	for i, x := range all {
		if !x.isSaidBy(&set[i]) {
			return false
		}
	}
	return true
}

// maxFileName bounds the name of a file, in characters: no file system accepts more than 255 bytes,
// and some names of spaces are longer.
const maxFileName = 50

// fileName returns a file name for a space, without extension.
func fileName(space string) string {
	words := strings.FieldsFunc(strings.ToLower(space), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return "space"
	}
	name := []rune(strings.Join(words, "-"))
	short := string(name[:min(len(name), maxFileName)])
	if reservedName.MatchString(short) {
		return "space-" + short
	}
	return short
}

// reservedName matches the names of devices on Windows, with any extension. They are avoided on
// every platform, because a repository is checked out on all of them.
var reservedName = regexp.MustCompile(`^(con|prn|aux|nul|com\p{Nd}|lpt\p{Nd})$`)
