// Package jsontext reads and writes JSON whose numbers stay as they are written.
package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Decode reads one JSON value. Numbers are [json.Number].
func Decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return value, nil
}

// Indented returns a value, which must be in the JSON model, as JSON for people and for
// version control. < stands for itself.
func Indented(value any) []byte { return encode(value, "  ") }

// Line returns a value, which must be in the JSON model, as JSON in one line.
func Line(value any) string { return strings.TrimSuffix(string(encode(value, "")), "\n") }

func encode(value any, indent string) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		panic("jsontext: value is not JSON: " + err.Error())
	}
	return text.Bytes()
}

// Object returns the entry of an object that is an object itself; empty if it is not.
func Object(object map[string]any, key string) map[string]any {
	entry, _ := object[key].(map[string]any)
	return entry
}
