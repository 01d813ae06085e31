package spec

import (
	"maps"
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/internal/jsonpointer"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// CheckCredentials checks that secrets are references under credentials, and that nothing else is.
// classify identifies a secret by the name of a property, and holdsSecret by its value: a list of
// headers may contain a token, and an address a password. Both know the service, and the schemas if
// there are any; see [connection.Catalog.Classify]. No message contains a value.
//
// A secret for which knowsSecret reports false is a guess, which the connection's notSensitive
// lifts for properties. Any other name in notSensitive is an error.
//
//   - Under properties: no secret, not even inside a value, no other part of the credentials, and
//     no reference. Null, which declares absence, is allowed.
//   - Under credentials: a secret as a reference, or as a list or map whose values are references,
//     without plain secrets among them. A part that is not a secret (a user name) may also be
//     plain. A property that is not a credential is only allowed with a reference inside it, such
//     as HTTP headers of which one is a token.
func CheckCredentials(set []connection.Desired,
	classify func(dataSource, property string) connection.Class,
	holdsSecret, knowsSecret func(dataSource, property string, value any) bool,
) connection.Problems {
	classify = remembered(classify)
	var all gathered
	for part := range slices.Chunk(set, partSize) {
		var found connection.Problems
		for i := range part {
			if !all.passes(&part[i]) {
				found = append(found, sortOut(&part[i], classify, holdsSecret, knowsSecret)...)
			}
		}
		all.add(found)
	}
	return all.problems
}

// remembered returns a function that calls classify once for each property, because most
// connections have the same ones.
func remembered(classify func(dataSource, property string) connection.Class) func(dataSource, property string) connection.Class {
	type name struct{ dataSource, property string }
	classes := map[name]connection.Class{}
	return func(dataSource, property string) connection.Class {
		class, known := classes[name{dataSource, property}]
		if !known {
			class = classify(dataSource, property)
			if len(classes) < maxKnownKeys {
				classes[name{dataSource, property}] = class
			}
		}
		return class
	}
}

// sortOut is [CheckCredentials] for one connection.
func sortOut(d *connection.Desired,
	classify func(dataSource, property string) connection.Class,
	holdsSecret, knowsSecret func(dataSource, property string, value any) bool,
) connection.Problems {
	c := &sorter{
		desired:     d,
		holdsSecret: func(property string, value any) bool { return holdsSecret(d.DataSource, property, value) },
		knowsSecret: func(property string, value any) bool { return knowsSecret(d.DataSource, property, value) },
	}
	c.checkNotSensitive()
	classify = withSensitive(d, classify)
	for _, name := range slices.Sorted(maps.Keys(d.Properties)) {
		c.property(name, d.Properties[name], classify(d.DataSource, name))
	}
	for _, name := range slices.Sorted(maps.Keys(d.Credentials)) {
		c.credential(name, d.Credentials[name], classify(d.DataSource, name))
	}
	return c.problems
}

// withSensitive returns classify with the connection's own sensitive and notSensitive in priority.
func withSensitive(desired *connection.Desired, classify func(dataSource, property string) connection.Class) func(dataSource, property string) connection.Class {
	return func(dataSource, property string) connection.Class {
		if slices.Contains(desired.Sensitive, property) {
			return connection.ClassSecret
		}
		return classify(dataSource, property)
	}
}

// sorter checks where the secrets of one connection are declared.
type sorter struct {
	desired     *connection.Desired
	holdsSecret func(property string, value any) bool
	knowsSecret func(property string, value any) bool
	problems    connection.Problems
}

// add notes an error about a property or credential.
func (c *sorter) add(path, code, name string) {
	c.problems = append(c.problems, messages.Problem(c.desired.PositionOf(path), connection.SeverityError, connection.Because(code, "property", name)))
}

// checkNotSensitive reports names that are known to be secrets.
func (c *sorter) checkNotSensitive() {
	for i, name := range c.desired.NotSensitive {
		path := "/notSensitive" + jsonpointer.Join(strconv.Itoa(i))
		switch {
		case slices.Contains(c.desired.Sensitive, name):
			c.add(path, "sensitive-and-not", name)
		case c.knowsSecret(name, withoutReferences(c.desired.Properties[name])):
			c.add(path, "not-sensitive-secret", name)
		}
	}
}

// isLifted reports whether a property is only a secret by a guess that the connection lifts.
func (c *sorter) isLifted(name string, value any) bool {
	return slices.Contains(c.desired.NotSensitive, name) && !slices.Contains(c.desired.Sensitive, name) && !c.knowsSecret(name, value)
}

// sureOr returns the code for a known secret, or the other code for a guess, which notSensitive
// lifts.
func (c *sorter) sureOr(sure, guess, name string, value any) string {
	if c.knowsSecret(name, value) || slices.Contains(c.desired.Sensitive, name) {
		return sure
	}
	return guess
}

func (c *sorter) property(name string, value any, class connection.Class) {
	path := "/properties" + jsonpointer.Join(name)
	lifted := c.isLifted(name, withoutReferences(value))
	if lifted && class == connection.ClassSecret {
		class = connection.ClassProperty
	}
	switch {
	case value == nil:
	case class == connection.ClassSecret && !c.isSwitch(name, value):
		c.add(path+keyMark, c.sureOr("secret-in-properties", "suspect-in-properties", name, value), name)
	case class == connection.ClassCredential:
		c.add(path+keyMark, "credential-in-properties", name)
	case holdsReferenceShape(value):
		c.add(path+keyMark, "reference-in-properties", name)
	case lifted:
	default:
		for _, secret := range c.plainSecrets(path, name, value) {
			c.add(secret, c.sureOr("secret-inside-property", "suspect-inside-property", name, value), name)
		}
	}
}

// isSwitch reports whether a value is true or false, which is not a secret under any name, unless
// the connection calls it sensitive.
func (c *sorter) isSwitch(name string, value any) bool {
	_, ok := value.(bool)
	return ok && !slices.Contains(c.desired.Sensitive, name)
}

// plainSecrets returns the paths of secrets in a value: in a list, one for each item with a secret;
// nil if there is none.
func (c *sorter) plainSecrets(path, name string, value any) []string {
	value = withoutReferences(value)
	if !c.holdsSecret(name, value) {
		return nil
	}
	var paths []string
	items, _ := value.([]any)
	for i, item := range items {
		if c.holdsSecret(name, []any{item}) {
			paths = append(paths, path+jsonpointer.Join(strconv.Itoa(i), "value"))
		}
	}
	if paths == nil {
		return []string{path}
	}
	return paths
}

// withoutReferences copies a value with null for each reference.
func withoutReferences(value any) any {
	switch value := value.(type) {
	case connection.Reference:
		return nil
	case map[string]any:
		copied := make(map[string]any, len(value))
		for key, inner := range value {
			copied[key] = withoutReferences(inner)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i, inner := range value {
			copied[i] = withoutReferences(inner)
		}
		return copied
	}
	return value
}

func (c *sorter) credential(name string, value any, class connection.Class) {
	path := "/credentials" + jsonpointer.Join(name)
	switch class {
	case connection.ClassSecret:
		if !c.secret(path, value) {
			c.add(path, "secret-without-source", name)
		}
	case connection.ClassProperty:
		secrets := c.plainSecrets(path, name, value)
		for _, secret := range secrets {
			c.inTheOpen(secret)
		}
		if len(secrets) == 0 && !holdsReference(value) {
			c.add(path+keyMark, "not-a-credential", name)
		}
	}
}

// secret checks a secret, or a list or map of secrets, and reports whether it contains a reference
// or caused a problem. In a map, the secret is the value under "value" or the only list; other
// entries, such as the name of a key file, are not secrets.
func (c *sorter) secret(path string, value any) bool {
	switch value := value.(type) {
	case connection.Reference:
		return true
	case map[string]any:
		held := false
		for _, key := range slices.Sorted(maps.Keys(value)) {
			inner := value[key]
			if isScalar(inner) && key != "value" {
				continue
			}
			held = c.secret(path+jsonpointer.Join(key), inner) || held
		}
		return held
	case []any:
		held := false
		for i, item := range value {
			held = c.secret(path+jsonpointer.Join(strconv.Itoa(i)), item) || held
		}
		return held
	}
	c.inTheOpen(path)
	return true
}

func (c *sorter) inTheOpen(path string) {
	reason := connection.Because("secret-in-plain-text")
	c.problems = append(c.problems, messages.Problem(c.desired.PositionOf(path), connection.SeverityError, reason))
}

func isScalar(value any) bool {
	switch value.(type) {
	case connection.Reference, map[string]any, []any:
		return false
	}
	return true
}

// holdsReference reports whether a value contains a reference.
func holdsReference(value any) bool {
	switch value := value.(type) {
	case connection.Reference:
		return true
	case map[string]any:
		for _, inner := range value {
			if holdsReference(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(value, holdsReference)
	}
	return false
}

// holdsReferenceShape reports whether a value contains a map with the form of a reference where no
// reference is read.
func holdsReferenceShape(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		_, isEnv := value["env"].(string)
		_, isFile := value["file"].(string)
		_, isExec := value["exec"].([]any)
		if len(value) == 1 && (isEnv || isFile || isExec) || len(value) == 2 && isFile && value["encoding"] != nil {
			return true
		}
		for _, inner := range value {
			if holdsReferenceShape(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(value, holdsReferenceShape)
	}
	return false
}
