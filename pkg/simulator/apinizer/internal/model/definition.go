package model

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Definition is a connection as a request describes it.
type Definition struct {
	Kind   *connectionType
	Name   string // "": not sent
	fields map[string]any
	// unknown are fields that no table has, under Behaviour.UnknownFields "keep".
	unknown map[string]any
}

// Define reads the body of a write.
func (m *Store) Define(body []byte) (*Definition, error) {
	sent, err := parseDocument(body)
	if err != nil {
		return nil, Misuse("%v", err)
	}
	return m.defineFrom(sent)
}

func (m *Store) defineFrom(sent Document) (*Definition, error) {
	at := slices.IndexFunc(sent, func(part Member) bool { return part.Key == "type" })
	if at < 0 {
		return nil, Misuse("Connection type is required!")
	}
	name, _ := sent[at].Value.(string)
	kind := m.Types[name]
	if kind == nil {
		return nil, Misuse("Connection type %q is not valid!", name)
	}
	d := &Definition{Kind: kind, fields: map[string]any{}, unknown: map[string]any{}}
	for i, part := range sent {
		if i == at {
			continue
		}
		if err := d.take(m, part); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// take adds one key of the body, which is not the discriminator.
func (d *Definition) take(m *Store, part Member) error {
	if part.Key == "name" {
		name, isText := part.Value.(string)
		if !isText || d.Name != "" {
			return Misuse("The field name must be a text, and there once")
		}
		d.Name = name
		return nil
	}
	f, known := m.fieldOf(d.Kind, part.Key)
	if !known {
		return d.takeUnknown(m, part)
	}
	if _, twice := d.fields[f.Name]; twice {
		return Misuse("The field %s is there twice", part.Key)
	}
	if f.computed {
		return nil
	}
	value, err := m.Clean(f.Name, f, part.Value)
	if err != nil {
		return err
	}
	d.fields[f.Name] = value
	return nil
}

// fieldOf returns the field that a key of a body means.
func (m *Store) fieldOf(t *connectionType, key string) (field, bool) {
	if t.Name == "elasticsearch" && m.Behaviour.AccessModeKey == "type" {
		switch key {
		case "type":
			key = accessMode
		case accessMode:
			return field{}, false
		}
	}
	return t.Field(key)
}

func (d *Definition) takeUnknown(m *Store, part Member) error {
	if part.Key == "type" {
		return Misuse("The field type is there twice")
	}
	switch m.Behaviour.UnknownFields {
	case "keep":
		if _, named := d.Kind.Field(part.Key); !named { // the access mode, under the key that it does not have here
			d.unknown[part.Key] = part.Value
		}
	case "ignore":
	default:
		return Misuse("Unrecognized field %q of a connection of type %s", part.Key, d.Kind.Name)
	}
	return nil
}

// Clean checks a value against its field and returns it in its stored form.
func (m *Store) Clean(path string, f field, value any) (any, error) {
	wrong := func(what string) error {
		return &Refusal{Text: fmt.Sprintf("The field %s %s", path, what), field: path}
	}
	if value == nil {
		return nil, nil
	}
	switch f.kind {
	case textKind:
		return m.cleanText(f, value, wrong)
	case fileKind:
		content, isText := value.(string)
		if _, err := base64.StdEncoding.DecodeString(content); !isText || err != nil {
			return nil, wrong("must be base64")
		}
		return content, nil
	case integerKind, longKind:
		return cleanNumber(f, value, wrong)
	case booleanKind:
		if _, isBoolean := value.(bool); !isBoolean {
			return nil, wrong("must be true or false")
		}
		return value, nil
	case listKind:
		return m.cleanList(path, f, value, wrong)
	case mapKind, objectKind:
		return m.cleanObject(path, f, value, wrong)
	}
	return value, nil
}

func (m *Store) cleanText(f field, value any, wrong func(string) error) (any, error) {
	content, isText := value.(string)
	if !isText {
		return nil, wrong("must be a text")
	}
	if m.Behaviour.PrintedEnums {
		for constant, printed := range f.printed {
			if content == printed {
				content = constant
			}
		}
	}
	if f.values != nil && !slices.Contains(f.values, content) {
		return nil, wrong(fmt.Sprintf("must be one of %v", f.values))
	}
	if content != "" && len(content) < f.minimum {
		return nil, wrong(fmt.Sprintf("must have at least %d characters", f.minimum))
	}
	return content, nil
}

func cleanNumber(f field, value any, wrong func(string) error) (any, error) {
	number, isNumber := value.(json.Number)
	bits := 32
	if f.kind == longKind {
		bits = 64
	}
	if _, err := strconv.ParseInt(number.String(), 10, bits); !isNumber || err != nil {
		return nil, wrong("must be a whole number")
	}
	if f.values != nil && !slices.Contains(f.values, number.String()) {
		return nil, wrong(fmt.Sprintf("must be one of %v", f.values))
	}
	return number, nil
}

func (m *Store) cleanList(path string, f field, value any, wrong func(string) error) (any, error) {
	items, isList := value.([]any)
	if !isList {
		return nil, wrong("must be a list")
	}
	if len(items) < f.minimum {
		return nil, wrong(fmt.Sprintf("needs at least %d item", f.minimum))
	}
	out := make([]any, len(items))
	for i, item := range items {
		cleaned, err := m.Clean(fmt.Sprintf("%s[%d]", path, i), f.items[0], item)
		if err != nil {
			return nil, err
		}
		if cleaned == nil {
			return nil, wrong("holds null")
		}
		out[i] = cleaned
	}
	return out, nil
}

// cleanObject checks a map, whose keys are free or those of values, or an object, whose keys are those of items.
func (m *Store) cleanObject(path string, f field, value any, wrong func(string) error) (any, error) {
	parts, isObject := value.(map[string]any)
	if !isObject {
		return nil, wrong("must be an object")
	}
	out := make(map[string]any, len(parts))
	for _, key := range host.SortedKeys(parts) {
		item, taken, err := m.partOf(path, f, key)
		if err != nil {
			return nil, err
		}
		if !taken {
			continue
		}
		cleaned, err := m.Clean(path+"."+key, item, parts[key])
		if err != nil {
			return nil, err
		}
		if cleaned != nil {
			out[key] = cleaned
		}
	}
	if f.kind == objectKind {
		for _, item := range f.items {
			if item.required && !item.provided(out[item.Name]) {
				return nil, wrong("needs " + item.Name)
			}
		}
	}
	return out, nil
}

// partOf returns the field for a key of a map or an object; taken is false if the server ignores
// the key.
func (m *Store) partOf(path string, f field, key string) (part field, taken bool, err error) {
	if f.kind == mapKind {
		if f.values != nil && !slices.Contains(f.values, key) {
			return field{}, false, Misuse("Unrecognized key %q in %s", key, path)
		}
		return f.items[0], true, nil
	}
	i := slices.IndexFunc(f.items, func(other field) bool { return other.Name == key })
	switch {
	case i >= 0:
		return f.items[i], !f.items[i].computed, nil
	case m.Behaviour.UnknownFields == "":
		return field{}, false, Misuse("Unrecognized field %q in %s", key, path)
	}
	return field{kind: anyKind}, m.Behaviour.UnknownFields == "keep", nil
}

// Complete returns the fields of a connection after a write: what was sent, and of the old one what the switches keep. The
// rest is lost: a PUT replaces everything (facts, 6.2 and 6.3).
func (m *Store) Complete(d *Definition, old *Record) (map[string]any, error) {
	out := make(map[string]any, len(d.fields))
	for _, f := range d.Kind.Fields {
		value, sent := d.fields[f.Name]
		switch {
		case f.Class == Secret:
			value = m.SecretAfter(f, value, sent, old)
		case !sent && old != nil && m.Behaviour.OmittedKeepsFields:
			value = old.Fields[f.Name]
		}
		if value != nil {
			out[f.Name] = value
		}
	}
	for key, value := range d.unknown {
		out[key] = value
	}
	if err := m.resolveStores(d.Kind, out, old); err != nil {
		return nil, err
	}
	d.Kind.normalise(out)
	return out, d.Kind.complete(out, old == nil || m.Behaviour.SecretsRequired)
}

// complete checks that everything is there that the table asks for; secrets only if so told.
func (t *connectionType) complete(fields map[string]any, secrets bool) error {
	missing := func(name string) error {
		f, _ := t.Field(name)
		if f.Class == Secret && !secrets || f.provided(fields[name]) {
			return nil
		}
		return &Refusal{Text: fmt.Sprintf("The field %s is required", name), field: name}
	}
	for _, f := range t.Fields {
		if f.required {
			if err := missing(f.Name); err != nil {
				return err
			}
		}
	}
	for _, n := range t.needs {
		f, _ := t.Field(n.field)
		value := fields[n.field]
		if value == nil {
			value = f.standard
		}
		if !slices.Contains(n.values, value) {
			continue
		}
		for _, name := range n.fields {
			if err := missing(name); err != nil {
				return err
			}
		}
	}
	if t.check != nil {
		if what := t.check(fields); what != "" {
			return Invalidf("Connection of type %s: %s", t.Name, what)
		}
	}
	return nil
}

// storeNames are the names of the stores by the fields of their ids.
var storeNames = map[string]string{keyStoreID: keyStoreName, trustStoreID: trustStoreName}

// IDOf is how the manager knows a store, a project or an environment; nil for none.
func IDOf(name any) any {
	if name == nil {
		return nil
	}
	digest := sha256.Sum256([]byte(host.ScalarText(name)))
	return hex.EncodeToString(digest[:12])
}

// resolveStores turns the ids of stores, as a GET shows them, back into names. Where both are there the name counts; that is
// undocumented, assumed.
func (m *Store) resolveStores(t *connectionType, fields map[string]any, old *Record) error {
	if t.Name != "kafka" {
		return nil
	}
	for _, idField := range []string{keyStoreID, trustStoreID} {
		id, nameField := fields[idField], storeNames[idField]
		delete(fields, idField)
		if id == nil || fields[nameField] != nil {
			continue
		}
		if old == nil || old.Fields[nameField] == nil || IDOf(old.Fields[nameField]) != id {
			return &Refusal{Text: fmt.Sprintf("The field %s names no store", idField), field: idField}
		}
		fields[nameField] = old.Fields[nameField]
	}
	return nil
}
