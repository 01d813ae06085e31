// Package jsontext reads and writes JSON and preserves the notation of numbers.
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

// Check returns an error if a text is not one JSON value, with the text of [Reason].
func Check(text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("it is empty")
	}
	var value json.RawMessage
	if err := json.Unmarshal(text, &value); err != nil {
		return errors.New(Reason(err))
	}
	return nil
}

// Reason returns the text of an encoding/json error for people.
func Reason(err error) string {
	message := err.Error()
	switch {
	case strings.HasSuffix(message, "exceeded max depth"):
		return "lists and maps are nested more than 10000 deep"
	case message == "unexpected end of JSON input":
		return "the text ends within a value"
	}
	return message
}

// Indented returns a value, which must be in the JSON model, as JSON for people and for version
// control. It does not escape <.
func Indented(value any) []byte { return mustEncode(value, "  ") }

// Line returns a value, which must be in the JSON model, as JSON in one line.
func Line(value any) string { return strings.TrimSuffix(string(mustEncode(value, "")), "\n") }

func mustEncode(value any, indent string) []byte {
	text, err := Encode(value, indent)
	if err != nil {
		panic("jsontext: value is not JSON: " + err.Error())
	}
	return text
}

// Encode returns a value as JSON with a line break at its end. It does not escape <. With an indent,
// each entry is on a line of its own.
func Encode(value any, indent string) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(value)
	return text.Bytes(), err
}

// Object returns the entry of an object if the entry is an object itself; otherwise an empty one.
func Object(object map[string]any, key string) map[string]any {
	entry, _ := object[key].(map[string]any)
	return entry
}

// Marks counts the commas and opening brackets of a JSON text outside of its strings. Each may
// begin a value, whose decoded form needs many times the memory of its text.
func Marks(text []byte) (marks int64) {
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++ // the next byte is escaped
		case c == '"':
			inString = !inString
		case !inString && (c == ',' || c == '[' || c == '{'):
			marks++
		}
	}
	return marks
}
