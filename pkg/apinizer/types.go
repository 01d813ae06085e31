package apinizer

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// typeFiles hold one JSON Schema for each connection type: its fields, as the reference documents
// them. In addition to the usual keywords:
//
//	writeOnly         a secret, which a GET masks
//	x-shown           with writeOnly: a GET shows it anyway
//	x-credential      masked, and no secret: a certificate
//	x-needed-when     the field is needed where the others have one of these values
//	x-needed-with     the field is in use where the other has a value
//	x-maybe-when      the field may be in use where the others have one of these values
//	x-shown-as        a GET may show another field instead, which names the same thing
//	x-host            a change selects another host
//	x-unordered       a list whose order does not count
//	x-form            the form into which the server converts a text
//	x-gone            newer managers do not have the field
//	readOnly          within a value: the server's own, not compared
//
//go:embed types/*.json
var typeFiles embed.FS

// schema is the description of a value in a type file.
type schema struct {
	Type       any                 `json:"type"`
	Default    any                 `json:"default"`
	Enum       []any               `json:"enum"`
	Properties map[string]*schema  `json:"properties"`
	Others     any                 `json:"additionalProperties"`
	Items      *schema             `json:"items"`
	Required   []string            `json:"required"`
	WriteOnly  bool                `json:"writeOnly"`
	ReadOnly   bool                `json:"readOnly"`
	Shown      bool                `json:"x-shown"`
	Credential bool                `json:"x-credential"`
	NeededWhen map[string][]any    `json:"x-needed-when"`
	NeededWith string              `json:"x-needed-with"`
	MaybeWhen  map[string][]any    `json:"x-maybe-when"`
	ShownAs    string              `json:"x-shown-as"`
	Host       bool                `json:"x-host"`
	Unordered  bool                `json:"x-unordered"`
	Form       string              `json:"x-form"`
	Gone       bool                `json:"x-gone"`
	others     *schema             // of the entries of a map
	property   connection.Property // in the form of the engine
}

// connectionType is one of the fourteen types.
type connectionType struct {
	name   string
	text   []byte
	fields map[string]*schema
	needed []string // required fields, in the order of the file
}

// types are all types, by name. They are parsed once and never change.
var types = readTypes()

// TypeNames returns the connection types, sorted.
func TypeNames() []string { return slices.Sorted(maps.Keys(types)) }

func readTypes() map[string]*connectionType {
	entries, err := typeFiles.ReadDir("types")
	if err != nil {
		panic("apinizer: embedded types: " + err.Error())
	}
	all := map[string]*connectionType{}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".json")
		text, err := typeFiles.ReadFile("types/" + entry.Name())
		if err == nil {
			all[name], err = readType(name, text)
		}
		if err != nil {
			panic("apinizer: embedded type " + name + ": " + err.Error())
		}
	}
	return all
}

// readType parses a file of the form of the embedded ones.
func readType(name string, text []byte) (*connectionType, error) {
	var root schema
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&root); err != nil {
		return nil, fmt.Errorf("not JSON of the expected form: %w", err)
	}
	if len(root.Properties) == 0 {
		return nil, fmt.Errorf("it has no properties")
	}
	for field, s := range root.Properties {
		s.prepare(name + "." + field)
	}
	return &connectionType{name: name, text: text, fields: root.Properties, needed: root.Required}, nil
}

func (s *schema) prepare(form string) {
	s.property = connection.Property{Default: s.Default, HasDefault: s.Default != nil, Class: s.class(), Form: form, Gone: s.Gone}
	for _, when := range []map[string][]any{s.NeededWhen, s.MaybeWhen} {
		if len(when) > 0 && s.class() != connection.ClassProperty {
			s.property.UsedWhen = append(s.property.UsedWhen, when)
		}
	}
	s.property.Type, _ = s.Type.(string)
	for _, value := range s.Enum {
		if text, ok := value.(string); ok {
			s.property.Enum = append(s.property.Enum, text)
		}
	}
	for _, inner := range s.Properties {
		inner.prepare("")
	}
	if s.Items != nil {
		s.Items.prepare("")
	}
	if inner, ok := s.Others.(map[string]any); ok {
		text, err := json.Marshal(inner)
		s.others = &schema{}
		if err == nil && json.Unmarshal(text, s.others) == nil {
			s.others.prepare("")
		}
	}
}

func (s *schema) class() connection.Class {
	switch {
	case s.WriteOnly:
		return connection.ClassSecret
	case s.Credential:
		return connection.ClassCredential
	}
	return connection.ClassProperty
}

// masked reports whether a GET does not return the field: its answer, null or a text, says nothing
// about the stored value.
func (s *schema) masked() bool { return s != nil && (s.WriteOnly && !s.Shown || s.Credential) }

// masks reports whether a field is masked, as far as known. A field that the tables do not know
// counts as masked if it is a secret by its name and returned as a text or null, unless the
// ownership record among the fields lifts that guess.
func (t *connectionType) masks(fields map[string]any, name string) bool {
	if s := t.fields[name]; s != nil {
		return s.masked()
	}
	value := fields[name]
	_, text := value.(string)
	if !text && value != nil || !isSecretName(name) || t.shownAs(name) {
		return false
	}
	record := document{fields: fields}.record()
	return !record.Lifts(record.Project, extraPrefix+name)
}

// inUse reports whether a connection with these fields uses the masked field.
func (s *schema) inUse(fields map[string]any, of *connectionType) bool {
	if s.NeededWith != "" {
		with, _ := fields[s.NeededWith].(string)
		return with != ""
	}
	return of.holds(s.NeededWhen, fields)
}

// holds reports whether each of the fields has one of the values. Nil: never.
func (t *connectionType) holds(when map[string][]any, fields map[string]any) bool {
	if when == nil {
		return false
	}
	for name, values := range when {
		have, ok := fields[name]
		if !ok || have == nil {
			have = t.fields[name].Default
		}
		have = connection.Conform(t.fields[name].property, have)
		if !slices.ContainsFunc(values, func(value any) bool { return connection.Equal(value, have) }) {
			return false
		}
	}
	return true
}

// hosts are the fields that select the host of a connection, for all types.
var hosts = hostFields()

func hostFields() []string {
	var names []string
	for _, t := range types {
		for name, s := range t.fields {
			if s.Host {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Builtin returns all connection types. No server lists them, so they are available offline.
func Builtin() *connection.Catalog {
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}, Known: TypeNames()}
	for name, t := range types {
		catalog.DataSources[name] = t.source()
	}
	return catalog
}

func (t *connectionType) source() *connection.DataSource {
	source := &connection.DataSource{ID: t.name, Schema: slices.Clone(t.text), Properties: map[string]connection.Property{}}
	for name, s := range t.fields {
		source.Properties[name] = s.property
	}
	return source
}

// Classify returns the class of a field: by the table of the type, or by its name if there is no
// table.
func Classify(dataSource, property string) connection.Class {
	if t := types[dataSource]; t != nil {
		if s := t.fields[property]; s != nil {
			return s.class()
		}
	}
	if isSecretName(property) {
		return connection.ClassSecret
	}
	return connection.ClassProperty
}
