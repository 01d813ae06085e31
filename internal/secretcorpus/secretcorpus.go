// Package secretcorpus contains the values for tests of the recognition of secrets: secrets that
// must be found, and harmless values that resemble them.
package secretcorpus

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"testing"
)

//go:embed secrets.jsonl
var secrets []byte

//go:embed harmless.jsonl
var harmless []byte

// Sample is one value of a property.
type Sample struct {
	Property string `json:"property"`
	Value    any    `json:"value"`
	// ByName reports that only the name of the property shows that the value is a secret.
	ByName bool `json:"byName"`
}

// String returns the sample as JSON.
func (s Sample) String() string {
	text, _ := json.Marshal(s)
	return string(text)
}

// Secrets returns values that are secrets. Each one contains the word hunter2Qz, encoded or not,
// or the number 918273645 where only digits fit.
func Secrets(t testing.TB) []Sample { return read(t, "secrets.jsonl", secrets) }

// Harmless returns values that are not secrets.
func Harmless(t testing.TB) []Sample { return read(t, "harmless.jsonl", harmless) }

// atLeast is the smallest number of values in each list.
const atLeast = 100

func read(t testing.TB, name string, text []byte) []Sample {
	t.Helper()
	var all []Sample
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var one Sample
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatalf("%s: %v: %s", name, err, lines.Text())
		}
		all = append(all, one)
	}
	if len(all) < atLeast {
		t.Fatalf("%s has %d values, want %d or more", name, len(all), atLeast)
	}
	return all
}
