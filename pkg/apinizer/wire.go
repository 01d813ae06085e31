package apinizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/transport"
)

// document is the server's form of a connection.
type document struct {
	// kind is the connection type: the first "type" of the object.
	kind string
	// fields holds the other fields, as JSON values with [json.Number]. The access mode of
	// elasticsearch is always under elasticsearchType.
	fields map[string]any
	// twoTypes reports whether the access mode was a second "type", as in the old contract (a Go
	// decoder would keep the second and lose the first).
	twoTypes bool
}

const (
	typeKey       = "type"
	accessModeKey = "elasticsearchType"
)

// parseDocument parses a connection, key by key.
func parseDocument(text []byte) (document, error) {
	d := document{fields: map[string]any{}}
	if err := transport.CheckTexts(text); err != nil {
		return d, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return d, errors.New("a connection is not a JSON object")
	}
	types := 0
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return d, err
		}
		key, _ := token.(string)
		var value any
		if err := decoder.Decode(&value); err != nil {
			return d, err
		}
		switch {
		case key != typeKey:
			d.fields[key] = value
		case types == 0:
			d.kind, _ = value.(string)
		default:
			d.fields[accessModeKey], d.twoTypes = value, true
		}
		if key == typeKey {
			types++
		}
	}
	return d, nil
}

// encode encodes the object with its type first, and with a second type if the server uses one.
func (d document) encode() ([]byte, error) {
	var text bytes.Buffer
	write := func(key string, value any) error {
		name, err := transport.JSON(key)
		if err != nil {
			return err
		}
		content, err := transport.JSON(value)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if text.Len() > 1 {
			text.WriteByte(',')
		}
		text.Write(name)
		text.WriteByte(':')
		text.Write(content)
		return nil
	}
	text.WriteByte('{')
	err := write(typeKey, d.kind)
	for _, key := range slices.Sorted(maps.Keys(d.fields)) {
		name := key
		if key == accessModeKey && d.twoTypes {
			name = typeKey
		}
		err = errors.Join(err, write(name, d.fields[key]))
	}
	text.WriteByte('}')
	return text.Bytes(), err
}

// deployment is the result of deploying a write to the gateways.
type deployment int

const (
	deployUnknown deployment = iota // not reported
	deployed
	notDeployed
)

// parseDeployment parses the deployment result of a write, in the three documented forms, and
// returns the reasons of failures.
func parseDeployment(text []byte) (deployment, []string) {
	var result map[string]any
	if len(text) == 0 || json.Unmarshal(text, &result) != nil || result == nil {
		return deployUnknown, nil
	}
	var failures []string
	nested := collectFailures(result, &failures)
	success, told := result["success"].(bool)
	switch {
	case len(failures) > 0:
		return notDeployed, failures
	case told && success:
		return deployed, nil
	case told && !success:
		if nested == 0 {
			failures = []string{noGateway}
		}
		return notDeployed, failures
	}
	return deployUnknown, nil
}

// collectFailures adds the failures below a result, and returns how many results it found there.
func collectFailures(result map[string]any, failures *[]string) int {
	nested := 0
	for _, name := range []string{"detailList", "deploymentResults", "environmentResults", "firstFromApiResultList"} {
		items, ok := result[name].([]any)
		if one, isOne := result[name].(map[string]any); isOne {
			items, ok = []any{one}, true
		}
		if !ok {
			continue
		}
		for _, item := range items {
			detail, _ := item.(map[string]any)
			if detail == nil {
				continue
			}
			nested++
			if below := collectFailures(detail, failures); below == 0 && detail["success"] == false {
				*failures = append(*failures, describeFailure(detail))
			}
		}
	}
	return nested
}

func describeFailure(detail map[string]any) string {
	first := func(names ...string) string {
		for _, name := range names {
			if text, _ := detail[name].(string); text != "" {
				return text
			}
		}
		return ""
	}
	where := first("envName", "environmentName")
	if pod := first("podName", "podIp"); pod != "" {
		if where != "" {
			where += "/"
		}
		where += pod
	}
	if where == "" {
		where = "a gateway"
	}
	if why := first("detail", "message"); why != "" {
		return where + ": " + why
	}
	return where
}
