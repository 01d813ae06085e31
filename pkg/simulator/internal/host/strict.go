package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// ErrUnknownField marks a key that the target type does not have.
var ErrUnknownField = errors.New("unknown field")

// DecodeStrict decodes one JSON value and refuses keys that v does not name exactly: encoding/json alone would take
// "QNAME" for "qName". Numbers in untyped places stay json.Number. Errors carry the path, as in connections[2].nmae,
// and never a value.
func DecodeStrict(data []byte, v any) error {
	var raw any
	if err := DecodeOne(data, &raw); err != nil {
		return err
	}
	if err := checkKeys("", raw, reflect.TypeOf(v)); err != nil {
		return err
	}
	return DecodeOne(data, v)
}

func DecodeOne(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return fmt.Errorf("%s: want %s, not %s", orTop(wrong.Field), wrong.Type.Kind(), strings.Fields(wrong.Value)[0])
		}
		return fmt.Errorf("not valid JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("not valid JSON: more than one value")
	}
	return nil
}

// checkKeys walks a decoded value together with its Go type.
func checkKeys(path string, raw any, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := raw.(type) {
	case []any:
		if t.Kind() != reflect.Slice || t.Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i, item := range v {
			if err := checkKeys(fmt.Sprintf("%s[%d]", path, i), item, t.Elem()); err != nil {
				return err
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return nil
		}
		fields := jsonFields(t)
		for _, key := range SortedKeys(v) {
			field, known := fields[key]
			if !known {
				return fmt.Errorf("%w %s", ErrUnknownField, join(path, key))
			}
			if err := checkKeys(join(path, key), v[key], field); err != nil {
				return err
			}
		}
	}
	return nil
}

func jsonFields(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, t.NumField())
	for f := range t.Fields() {
		if f.Anonymous {
			maps.Copy(fields, jsonFields(f.Type))
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = f.Type
	}
	return fields
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func orTop(field string) string {
	if field == "" {
		return "body"
	}
	return field
}

// SortedKeys returns the keys of m in order, so that nothing that is answered depends on map order.
func SortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
