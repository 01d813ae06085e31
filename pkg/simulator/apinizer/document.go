package apinizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// member is one key of a document.
type member struct {
	key   string
	value any
}

// document is a JSON object with its keys in order; a key may stand there twice (facts, 7.3).
type document []member

// MarshalJSON writes the members in their order.
func (d document) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range d {
		if i > 0 {
			out.WriteByte(',')
		}
		for _, part := range []any{m.key, m.value} {
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

// text returns the text of a member; "" where there is none.
func (d document) text(key string) string {
	for _, m := range d {
		if text, isText := m.value.(string); isText && m.key == key {
			return text
		}
	}
	return ""
}

// without returns the document without some members.
func (d document) without(keys []string) document {
	return slices.DeleteFunc(slices.Clone(d), func(m member) bool { return slices.Contains(keys, m.key) })
}

// parseDocument reads one JSON object and keeps keys that stand there twice.
func parseDocument(data []byte) (document, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("the body must be one JSON object")
	}
	var out document
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, errors.New("the body is not valid JSON")
		}
		m := member{key: key.(string)}
		if err := d.Decode(&m.value); err != nil {
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
