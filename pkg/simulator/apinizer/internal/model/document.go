package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Member is one key of a document.
type Member struct {
	Key   string
	Value any
}

// Document is a JSON object with its keys in order; a key may stand there twice (facts, 7.3).
type Document []Member

// MarshalJSON writes the members in their order.
func (d Document) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range d {
		if i > 0 {
			out.WriteByte(',')
		}
		for _, part := range []any{m.Key, m.Value} {
			data, err := host.JSON(part)
			if err != nil {
				return nil, err
			}
			out.Write(bytes.TrimSpace(data))
			out.WriteByte(':')
		}
		out.Truncate(out.Len() - 1)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// Text returns the text of a member; "" where there is none.
func (d Document) Text(key string) string {
	for _, m := range d {
		if text, isText := m.Value.(string); isText && m.Key == key {
			return text
		}
	}
	return ""
}

// Without returns the document without some members.
func (d Document) Without(keys []string) Document {
	return slices.DeleteFunc(slices.Clone(d), func(m Member) bool { return slices.Contains(keys, m.Key) })
}

// parseDocument reads one JSON object and keeps keys that stand there twice.
func parseDocument(data []byte) (Document, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("the body must be one JSON object")
	}
	var out Document
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, errors.New("the body is not valid JSON")
		}
		m := Member{Key: key.(string)}
		if err := d.Decode(&m.Value); err != nil {
			return nil, errors.New("the body is not valid JSON")
		}
		out = append(out, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("the body is not valid JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the body is more than one JSON object")
	}
	return out, nil
}
