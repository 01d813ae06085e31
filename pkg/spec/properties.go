package spec

import (
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/internal/jsontext"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// CheckProperties checks properties and credentials against the JSON Schemas of their data sources,
// in any dialect, by default draft-07. A data source that is not in the catalog is an error if the
// catalog lists the known ones, and otherwise not checked.
//
// Values are checked in the form into which the service converts them: a number or a boolean may be
// written as text and the reverse, and an enum value in other letter case. A reference matches any
// text. A null value must be absent and is not checked. A name that the schema does not list is an
// error unless the schema explicitly allows others, and a warning if the connection allows them. A
// keyword that cannot be used is a warning, once for each data source.
func CheckProperties(set []connection.Desired, catalog *connection.Catalog) connection.Problems {
	if catalog == nil {
		return nil
	}
	known, problems := prepareSources(set, catalog)
	var all gathered
	for part := range slices.Chunk(set, partSize) {
		found := make([]connection.Problems, len(part))
		eachInParallel(len(part), func(i int) {
			d := &part[i]
			switch s := known[d.DataSource]; {
			case all.passes(d):
			case s != nil:
				found[i] = s.check(d)
			case slices.Contains(catalog.Disabled, d.DataSource): // the planner refuses it
			case catalog.DataSources[d.DataSource] == nil:
				found[i] = unknownSource(d, catalog)
			}
		})
		all.add(found...)
	}
	return Collect(all.problems, problems, checkCompared(set, known), checkLifted(set, known))
}

// eachInParallel calls do for 0 to n-1 on all processors and waits.
func eachInParallel(n int, do func(int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var group guard.Group
	for worker := range workers {
		group.Go(func() error {
			for i := worker; i < n; i += workers {
				do(i)
			}
			return nil
		})
	}
	_ = group.Wait()
}

// unknownSource returns the problem of a data source that the tenant has disabled or does
// not have.
func unknownSource(d *connection.Desired, tenant *connection.Catalog) connection.Problems {
	var reason connection.Reason
	switch {
	case d.DataSource == "" || slices.Contains(tenant.Known, d.DataSource):
		return nil
	case slices.Contains(tenant.Disabled, d.DataSource):
		reason = connection.Because("data-source-disabled", "dataSource", d.DataSource)
	case len(tenant.Known) == 0:
		return nil
	default:
		reason = suggest(connection.Because("unknown-data-source", "dataSource", d.DataSource), d.DataSource, tenant.Known)
	}
	return connection.Problems{messages.Problem(d.PositionOf("/dataSource"), connection.SeverityError, reason)}
}

// sourceSchema is the compiled schema of a data source.
type sourceSchema struct {
	id      string
	doc     map[string]any
	checker *checker // nil: only names are checked
	weight  int      // see [weigh]
	// names are the known properties; empty: unknown.
	names []string
	// open reports that the schema explicitly allows others.
	open       bool
	patterns   []map[string]any // schemas with patterns of names
	properties map[string]connection.Property
}

// prepareSources compiles the schemas of the data sources that are used.
func prepareSources(set []connection.Desired, catalog *connection.Catalog) (map[string]*sourceSchema, connection.Problems) {
	used := map[string]int{} // how many values
	for i := range set {
		used[set[i].DataSource] += sizeOf(set[i].Properties) + sizeOf(set[i].Credentials)
	}
	prepared := map[string]*sourceSchema{}
	var problems connection.Problems
	for _, id := range slices.Sorted(maps.Keys(used)) {
		source := catalog.DataSources[id]
		if source == nil || len(source.Schema) == 0 {
			continue
		}
		s, warnings := prepareSource(id, source)
		if s != nil && s.checker != nil && s.weight*used[id] > maxSchemaWork {
			s.checker = nil
			warnings = append(warnings, schemaWarning("schema-too-costly", id, "limit", maxSchemaWork))
		}
		prepared[id] = s
		problems = append(problems, warnings...)
	}
	return prepared, problems
}

func schemaWarning(code, id string, args ...any) connection.Problem {
	reason := connection.Because(code, append(args, "dataSource", id)...)
	return messages.Problem(connection.Position{}, connection.SeverityWarning, reason)
}

// sizeOf counts the values of a value, long texts as several.
func sizeOf(value any) int {
	size := 1
	switch value := value.(type) {
	case string:
		size += len(value) / longText
	case []any:
		for _, item := range value {
			size += sizeOf(item)
		}
	case map[string]any:
		for _, item := range value {
			size += sizeOf(item)
		}
	}
	return size
}

// prepareSource compiles one schema; nil if it is not a schema.
func prepareSource(id string, source *connection.DataSource) (*sourceSchema, connection.Problems) {
	if len(source.Schema) > MaxSchema {
		return nil, connection.Problems{schemaWarning("schema-too-large", id, "limit", limits.Size(MaxSchema))}
	}
	decoded, err := jsontext.Decode(source.Schema)
	doc, isObject := decoded.(map[string]any)
	if err != nil || !isObject {
		return nil, connection.Problems{schemaWarning("schema-invalid", id)}
	}
	s := &sourceSchema{id: id, doc: doc, properties: source.Properties}
	var problems connection.Problems
	checker, weight, unusable, err := compileForeign(doc)
	switch {
	case err != nil:
		problems = append(problems, schemaWarning("schema-refused", id, "reason", err.Error()))
	case checker == nil:
		problems = append(problems, schemaWarning("schema-unusable", id))
	default:
		for _, where := range unusable {
			problems = append(problems, schemaWarning("schema-part-unusable", id, "where", where))
		}
	}
	s.checker, s.weight = checker, weight
	s.collectNames(doc, map[string]bool{})
	slices.Sort(s.names)
	s.names = slices.Compact(s.names)
	return s, problems
}

// collectNames finds the properties that a schema knows, in all its branches,
// and follows each reference once.
func (s *sourceSchema) collectNames(schema any, followed map[string]bool) {
	object, ok := schema.(map[string]any)
	if !ok {
		return
	}
	s.names = append(s.names, entryNames(object["properties"])...)
	if len(entryNames(object["patternProperties"])) > 0 {
		s.patterns = append(s.patterns, object)
	}
	switch others := object["additionalProperties"].(type) {
	case bool:
		s.open = s.open || others
	case map[string]any:
		s.open = true
	}
	if target, ok := object["$ref"].(string); ok && !followed[target] {
		followed[target] = true
		s.collectNames(s.follow(target), followed)
	}
	for _, keyword := range []string{"if", "then", "else"} {
		s.collectNames(object[keyword], followed)
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf", "dependencies", "dependentSchemas"} {
		for _, token := range childTokens(object[keyword]) {
			inner, _ := childOf(object[keyword], token)
			s.collectNames(inner, followed)
		}
	}
}

// follow finds what a local reference leads to.
func (s *sourceSchema) follow(reference string) any {
	return valueAt(s.doc, splitLocation(strings.TrimPrefix(reference, "#")))
}

// checked is one connection during its check.
type checked struct {
	source   *sourceSchema
	desired  *connection.Desired
	written  map[string]any // required properties, and credentials
	problems connection.Problems
	// missed reports that a missing required credential was reported.
	missed bool
}

func (s *sourceSchema) check(d *connection.Desired) connection.Problems {
	c := &checked{source: s, desired: d, written: make(map[string]any, len(d.Properties)+len(d.Credentials))}
	for name, value := range d.Properties {
		if value != nil {
			c.written[name] = value
		}
	}
	maps.Copy(c.written, d.Credentials)
	unknown := c.unknownNames()
	if s.checker != nil {
		c.violations(unknown)
	}
	c.lackOfSecret()
	c.unusedCredentials()
	c.goneProperties()
	return c.problems
}

// add notes a problem at a property, a credential, or a part of one.
func (c *checked) add(severity connection.Severity, f finding) {
	path := c.path(f.tokens)
	if f.ofKey && path != "" {
		path += keyMark
	}
	c.problems = append(c.problems, messages.Problem(c.desired.PositionOf(path), severity, c.reason(f)))
}

// path returns the path in the connection of the value at the tokens.
func (c *checked) path(tokens []string) string {
	switch {
	case len(tokens) > 0 && c.isCredential(tokens):
		return "/credentials" + jsonpointer.Join(tokens...)
	case len(tokens) > 0 || len(c.desired.Properties) > 0:
		return "/properties" + jsonpointer.Join(tokens...)
	}
	return ""
}

func (c *checked) isCredential(tokens []string) bool {
	_, ok := c.desired.Credentials[tokens[0]]
	return ok
}

// unknownNames reports the names that the schema does not know, and returns them.
func (c *checked) unknownNames() map[string]bool {
	unknown := map[string]bool{}
	if len(c.source.names) == 0 {
		return unknown
	}
	for _, part := range []map[string]any{c.desired.Properties, c.desired.Credentials} {
		for name := range part {
			if c.source.knows(name) {
				continue
			}
			reason := suggest(connection.Because("unknown-property", "dataSource", c.source.id, "property", name), name, c.source.names)
			severity := connection.SeverityError
			switch {
			case c.source.open && reason.Args["meant"] == nil:
				continue
			case c.source.open, c.desired.UnknownAllowed:
				severity = connection.SeverityWarning
			}
			unknown[name] = true
			c.add(severity, finding{tokens: []string{name}, ofKey: true, reason: reason})
		}
	}
	return unknown
}

func (s *sourceSchema) knows(name string) bool {
	_, found := slices.BinarySearch(s.names, name)
	return found || slices.ContainsFunc(s.patterns, func(schema map[string]any) bool { return matchesPattern(schema, name) })
}

// lackOfSecret warns about credentials with a user but without a secret, if the data source takes
// one: they replace the tenant's credentials.
func (c *checked) lackOfSecret() {
	names := slices.Sorted(maps.Keys(c.desired.Credentials))
	isSecret := func(name string) bool {
		return c.source.properties[name].Class == connection.ClassSecret || slices.Contains(c.desired.Sensitive, name)
	}
	if len(names) == 0 || c.missed || holdsReference(c.desired.Credentials) || slices.ContainsFunc(names, isSecret) {
		return
	}
	var secrets []string
	for _, name := range slices.Sorted(maps.Keys(c.source.properties)) {
		if c.source.properties[name].Class == connection.ClassSecret {
			secrets = append(secrets, name)
		}
	}
	if len(secrets) == 0 {
		return
	}
	reason := connection.Because("credentials-without-secret", "secrets", secrets[:min(len(secrets), 3)])
	c.add(connection.SeverityWarning, finding{tokens: names[:1], ofKey: true, reason: reason})
}

// unusedCredentials warns about credentials that the connection does not use according to its
// declaration.
func (c *checked) unusedCredentials() {
	for _, name := range slices.Sorted(maps.Keys(c.desired.Credentials)) {
		cases := c.source.properties[name].UsedWhen
		fit := func(when map[string][]any) bool { return c.otherwise(when) == nil }
		if len(cases) == 0 || slices.ContainsFunc(cases, fit) {
			continue
		}
		reason := connection.Because("unused-credential", "credential", name, "cases", strings.Join(c.otherwise(cases[0]), " and "))
		c.add(connection.SeverityWarning, finding{tokens: []string{name}, ofKey: true, reason: reason})
	}
}

// otherwise returns the declared properties whose values differ from the required ones, with the
// required values; nil if there are none. Undeclared properties may be set on the tenant.
func (c *checked) otherwise(when map[string][]any) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(when)) {
		have, property := c.desired.Properties[name], c.source.properties[name]
		if have == nil || slices.ContainsFunc(when[name], func(value any) bool {
			return connection.Equal(connection.Conform(property, value), connection.Conform(property, have))
		}) {
			continue
		}
		values := make([]string, len(when[name]))
		for i, value := range when[name] {
			values[i] = plainText(value)
		}
		found = append(found, name+" "+strings.Join(values, " or "))
	}
	return found
}

// goneProperties warns about properties that newer versions of the service do not have.
func (c *checked) goneProperties() {
	for _, name := range slices.Sorted(maps.Keys(c.desired.Properties)) {
		if c.source.properties[name].Gone && c.desired.Properties[name] != nil {
			reason := connection.Because("removed-property", "property", name, "dataSource", c.source.id)
			c.add(connection.SeverityWarning, finding{tokens: []string{name}, ofKey: true, reason: reason})
		}
	}
}

// violations checks the values.
func (c *checked) violations(unknown map[string]bool) {
	instance := c.source.coerce(c.source.doc, c.written, 0)
	violations, err := c.source.checker.check(instance, c.isCovered)
	if err != nil {
		c.add(connection.SeverityWarning, finding{reason: connection.Because("schema-failed", "dataSource", c.source.id)})
		return
	}
	for _, v := range violations {
		switch {
		case len(v.tokens) == 0 && v.keyword == "required":
			c.missing(v, unknown)
		case len(v.tokens) == 0 && v.keyword == "additionalProperties" && len(c.source.names) > 0,
			len(v.tokens) > 0 && unknown[v.tokens[0]]:
			// Noted as an unknown name.
		default:
			for _, f := range explain(v, c.written) {
				c.add(connection.SeverityError, c.discreet(f))
			}
		}
	}
}

// isCovered reports whether a reference satisfies a keyword: the text behind it is unknown, except
// that it is not a list or a map.
func (c *checked) isCovered(v violation) bool {
	if len(v.tokens) > 0 {
		property := c.source.properties[v.tokens[0]]
		if _, isName := property.ChoiceName(c.written[v.tokens[0]]); isName {
			return true // the plan replaces the name by an id
		}
	}
	if _, isReference := valueAt(any(c.written), v.tokens).(connection.Reference); !isReference {
		return v.keyword == "oneOf" && holdsReference(valueAt(any(c.written), v.tokens))
	}
	if v.keyword != "type" {
		return true
	}
	return slices.ContainsFunc(schemaTypes(v.schema), func(t any) bool { return t != "array" && t != "object" && t != "null" })
}

// discreet removes the suggestion from a finding about a credential, because a suggestion reveals
// the value.
func (c *checked) discreet(f finding) finding {
	if len(f.tokens) > 0 && c.isCredential(f.tokens) && f.reason.Code == "misspelt-value" {
		f.reason = connection.Because("not-one-of-many", "count", f.reason.Args["count"])
	}
	return f
}

// reason returns the reason of a finding with the name of the property.
func (c *checked) reason(f finding) connection.Reason {
	switch {
	case len(f.tokens) == 0:
		return f.named("field", "properties")
	case c.isCredential(f.tokens):
		return f.named("credential", dotted(f.tokens))
	}
	return f.named("property", dotted(f.tokens))
}

// dotted writes tokens as queryHeaders[0].name.
func dotted(tokens []string) string {
	var path strings.Builder
	for i, token := range tokens {
		if _, err := strconv.Atoi(token); err == nil && i > 0 {
			path.WriteString("[" + token + "]")
			continue
		}
		if i > 0 {
			path.WriteString(".")
		}
		path.WriteString(token)
	}
	return path.String()
}

// missing reports required properties. A property with a default is not required, and a credential
// only if credentials are declared, because the tenant may have them already. A misspelt property
// is reported as an unknown name, if that is an error.
func (c *checked) missing(v violation, unknown map[string]bool) {
	var misspelt map[string]bool
	if !c.source.open && !c.desired.UnknownAllowed {
		misspelt = meantBy(slices.Collect(maps.Keys(unknown)), c.source.names)
	}
	for _, name := range texts(v.schema["required"]) {
		property := c.source.properties[name]
		_, written := c.written[name]
		if written || misspelt[name] || c.takesDefault(v.schema, name) {
			continue
		}
		what := "property"
		if property.Class != connection.ClassProperty {
			if c.desired.Credentials == nil {
				continue
			}
			what, c.missed = "credential", true
		}
		c.add(connection.SeverityError, finding{ofKey: true, reason: connection.Because("missing-property", "dataSource", c.source.id, "what", what, "property", name)})
	}
}

// takesDefault reports whether a property has a default that fits where the schema requires
// the property.
func (c *checked) takesDefault(schema map[string]any, name string) bool {
	demanded, _ := valueAt(schema["properties"], []string{name}).(map[string]any)
	property := c.source.properties[name]
	standard, found := demanded["default"]
	if property.HasDefault {
		standard, found = property.Default, true
	}
	allowed, limited := demanded["enum"].([]any)
	return found && (!limited || slices.ContainsFunc(allowed, func(value any) bool {
		return connection.Equal(connection.Conform(property, value), connection.Conform(property, standard))
	}))
}
