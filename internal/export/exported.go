package export

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// exported is one connection on its way into a file.
type exported struct {
	live        *connection.Live
	tags        []string
	properties  map[string]any
	credentials map[string]any // with references
	// offered are credentials that are written as a comment, because declaring them would be a change.
	offered map[string]any
	// others are further possible parts of such credentials.
	others       []string
	sensitive    []string // according to its ownership record
	notSensitive []string // likewise, for visible values
	allowUnknown bool
	variables    []Variable
	leftOut      []string
	refused      string // found late
}

// connection returns the connection as the file will declare it.
func (e *exporter) connection(live *connection.Live) *exported {
	x := &exported{live: live, tags: live.Tags, properties: map[string]any{}}
	source := e.in.Catalog.DataSources[live.DataSource]
	secrets := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(live.Properties)) {
		value, property := live.Properties[name], source.Properties[name]
		if live.Record.Redacts(name) {
			x.sensitive = append(x.sensitive, name)
		}
		switch {
		case value == nil, isOfOneUser(property), e.isDefault(property, value):
			// Absent, specific to the caller, or a default.
		case len(connection.Secrets(value)) > 0:
			secrets[name] = value
		case !spec.CanBeDeclared(value):
			x.leftOut = append(x.leftOut, fmt.Sprintf("property %q: its value cannot be written in a file", name))
		default:
			x.properties[name] = value
			if live.Record.Lifts(e.project.Name, name) {
				x.notSensitive = append(x.notSensitive, name)
			}
			x.allowUnknown = x.allowUnknown || e.unknown[live.DataSource](name)
		}
	}
	for _, name := range live.WriteOnlyProperties {
		x.leftOut = append(x.leftOut, fmt.Sprintf("property %q: the service does not show its value", name))
	}
	e.references(x, source, secrets)
	return x
}

// isOfOneUser reports whether a property is about the caller and not about the connection.
func isOfOneUser(property connection.Property) bool {
	return property.PerUserRole == connection.NamesCredentials || property.PerUserRole == connection.SelectsCredentials
}

func (e *exporter) isDefault(property connection.Property, value any) bool {
	return property.HasDefault &&
		connection.Equal(e.in.Normalize(property, value), e.in.Normalize(property, property.Default))
}

// references declares the credentials: those that the service reports, or else the usual ones. If
// nothing is stored, or an ownership record describes the last write, declaring them would be a
// change: they are offered in a comment.
func (e *exporter) references(x *exported, source *connection.DataSource, secrets map[string]any) {
	live := x.live
	wanted := map[string]any{}
	names, others := e.credentialNames(live, source)
	if len(names) == 0 && len(others) > 0 {
		x.leftOut = append(x.leftOut, "credentials: its way to sign in uses none of "+strings.Join(others, ", "))
		others = nil
	}
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
	hasThem := live.HasCredentials || live.InUse == nil && len(live.WriteOnlyCredentials) > 0
	e.unused(x)
	active := hasThem && live.Record.Project == "" && live.Record.Credentials == "" && !live.PerUserCredentials
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

// unused lists the parts of the credentials that the service may store although the connection does
// not use them: a declaration must decide about them.
func (e *exporter) unused(x *exported) {
	if x.live.InUse == nil {
		return
	}
	names := slices.DeleteFunc(slices.Clone(x.live.WriteOnlyCredentials), func(name string) bool { return slices.Contains(x.live.InUse, name) })
	if len(names) > 0 {
		x.leftOut = append(x.leftOut, "credentials that are not in use, but may be stored: "+strings.Join(names, ", ")+
			"; before a takeover, declare each under credentials, or as null under properties where there is none")
	}
}

// credentialNames returns the parts of the credentials that a file should declare, and others that
// it might declare: most services do not report which ones are stored.
func (e *exporter) credentialNames(live *connection.Live, source *connection.DataSource) (names, others []string) {
	switch {
	case live.InUse != nil:
		return live.InUse, nil
	case len(live.WriteOnlyCredentials) > 0:
		return live.WriteOnlyCredentials, nil
	}
	if live.PerUserCredentials || !live.HasCredentials {
		return nil, nil
	}
	var users, passwords, texts, files []string
	classify := e.in.Catalog.Classify(e.in.Classify)
	for _, name := range slices.Sorted(maps.Keys(source.Properties)) {
		property := source.Properties[name]
		switch class := classify(live.DataSource, name); {
		case class == connection.ClassProperty, property.PerUserRole != 0, source.SignIn != nil && source.SignIn.Code == name:
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
	switch method := signInMethod(live, source); {
	case containsOne(method, "externalbrowser", "oauth", "sso", "anonymous"):
		return nil, slices.Concat(users, passwords, files, texts)
	case containsOne(method, "jwt", "keypair", "privatekey") && len(files) > 0:
		return slices.Concat(users, files), texts
	case containsOne(method, "jwt", "keypair", "privatekey") && len(privateKeysOf(texts)) > 0:
		return slices.Concat(users, privateKeysOf(texts)), nil
	case len(passwords) > 0:
		return slices.Concat(users, passwords), slices.Concat(files, texts)
	case len(files) > 0:
		return slices.Concat(users, files), texts
	}
	return slices.Concat(users, texts), nil
}

// signInMethod returns the sign-in method of a connection in plain form, according to a property:
// snowflakejwt, keypair; else "".
func signInMethod(live *connection.Live, source *connection.DataSource) string {
	for _, name := range slices.Sorted(maps.Keys(source.Properties)) {
		switch connection.PlainName(name) {
		case "authenticator", "authenticationmode", "authenticationtype", "authenticationmethod", "authmech", "authschema", "authtype", "oauthmechanism":
			property := source.Properties[name]
			value, ok := live.Properties[name].(string)
			if !ok && property.HasDefault {
				value, _ = property.Default.(string)
			}
			if value != "" {
				return connection.PlainName(value)
			}
		}
	}
	return ""
}

func privateKeysOf(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !containsOne(connection.PlainName(name), "privatekey", "privkey") })
}

func containsOne(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// withReferences copies a value with a reference for each secret. The label is the name of the
// item, such as the name of a header.
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

// variable returns the name of an environment variable for a credential: FINANCE_LEDGER_PASSWORD.
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
	x.variables = append(x.variables, Variable{name, x.live.Key, credential})
	return name
}

// environmentWords splits a name into upper-case words: accessKey is ACCESS, KEY. Letters that are
// not allowed in environment variables are transliterated: Größe is GROESSE. Other characters are
// dropped.
func environmentWords(name string) []string {
	name = unidecode.Unidecode(umlauts.Replace(norm.NFC.String(name)))
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

// umlauts are transliterated as in German, where most of them come from.
var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue")

// takeOut removes the part of a connection to which a problem refers.
func (x *exported) takeOut(d *connection.Desired, problem connection.Problem) {
	switch part := lastBefore(d, problem.Position.Line, "", parts); part {
	case "tags":
		if x.tags != nil {
			x.leftOut = append(x.leftOut, "the tags: "+problem.Message)
		}
		x.tags = nil
	case "properties":
		name := lastBefore(d, problem.Position.Line, "/properties", slices.Sorted(maps.Keys(d.Properties)))
		if _, present := x.properties[name]; present {
			x.leftOut = append(x.leftOut, fmt.Sprintf("property %q: %s", name, problem.Message))
			delete(x.properties, name)
			return
		}
		x.refused = cmp.Or(x.refused, problem.Message)
	default:
		x.refused = cmp.Or(x.refused, problem.Message)
	}
}

// parts are the entries of a connection in a file; see [exported.node].
var parts = []string{"dataSource", "space", "tags", "additionalProperties", "sensitive", "notSensitive", "properties", "credentials"}

// lastBefore returns the last entry of the object at a path that begins at or before a line of the
// file; empty if that line is the line of the object itself.
func lastBefore(d *connection.Desired, line int, path string, entries []string) (found string) {
	latest := d.PositionOf(path).Line
	for _, entry := range entries {
		at := d.PositionOf(path + jsonpointer.Join(entry) + "#").Line
		if latest < at && at <= line {
			found, latest = entry, at
		}
	}
	return found
}

// isSaidBy reports whether the parsed declaration is the intended one.
func (x *exported) isSaidBy(d *connection.Desired) bool {
	live := x.live
	return d.Name == live.Key.Name && stands(d.Space, live) && d.DataSource == live.DataSource &&
		slices.Equal(d.Tags, x.tags) && slices.Equal(d.Sensitive, x.sensitive) && slices.Equal(d.NotSensitive, x.notSensitive) &&
		equalMaps(d.Properties, x.properties) && sameReferences(d.Credentials, x.credentials)
}

func equalMaps(a, b map[string]any) bool { return len(a) == 0 && len(b) == 0 || connection.Equal(a, b) }

// sameReferences compares credentials without the positions of their references.
func sameReferences(a, b map[string]any) bool {
	return len(a) == 0 && len(b) == 0 || connection.Canonical(a) == connection.Canonical(b)
}
