package connection

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// Placeholder is what every formatter and encoder shows instead of a [Secret].
const Placeholder = "(secret)"

// Secret holds a value that must never be shown. Every formatter and encoder prints [Placeholder]
// for it; only [Secret.Reveal] returns the value, and only a provider that is about to send the
// value may call it. The value is in a closure, so that no formatter finds it by reflection. Two
// secrets are never equal.
type Secret struct{ reveal func() string }

// NewSecret returns a secret with the value.
func NewSecret(value string) Secret { return Secret{func() string { return value }} }

// Reveal returns the value; empty for the zero Secret.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// String returns [Placeholder].
func (Secret) String() string { return Placeholder }

// GoString returns [Placeholder].
func (Secret) GoString() string { return Placeholder }

// Format writes [Placeholder] for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Placeholder)) }

// MarshalJSON returns [Placeholder] as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return json.Marshal(Placeholder) }

// MarshalText returns [Placeholder].
func (Secret) MarshalText() ([]byte, error) { return []byte(Placeholder), nil }

// MarshalYAML returns [Placeholder].
func (Secret) MarshalYAML() (any, error) { return Placeholder, nil }

// LogValue returns [Placeholder].
func (Secret) LogValue() slog.Value { return slog.StringValue(Placeholder) }

// Reference is the source of a secret. Exactly one of Env, File and Exec is set. A reference may be
// shown: it contains names, never values.
type Reference struct {
	Env      string   `json:"env,omitempty"`
	File     string   `json:"file,omitempty"`
	Encoding string   `json:"encoding,omitempty"` // of the file: empty or "base64"
	Exec     []string `json:"exec,omitempty"`
	Position Position `json:"-"`
}

// String returns the reference as it is written in a file: {env: NAME}.
func (r Reference) String() string {
	switch {
	case r.Env != "":
		return "{env: " + r.Env + "}"
	case r.File != "" && r.Encoding != "":
		return "{file: " + r.File + ", encoding: " + r.Encoding + "}"
	case r.File != "":
		return "{file: " + r.File + "}"
	}
	return "{exec: [" + strings.Join(r.Exec, ", ") + "]}"
}

// Resolve copies a tree of values with every [Reference] replaced by the [Secret] that resolve
// returns for it. Resolve continues after an error and returns all errors, in the order of the
// tree.
func Resolve(tree any, resolve func(Reference) (Secret, error)) (any, []error) {
	var errs []error
	resolved := mapLeaves(tree, func(leaf any) any {
		reference, ok := leaf.(Reference)
		if !ok {
			return leaf
		}
		secret, err := resolve(reference)
		if err != nil {
			errs = append(errs, err)
		}
		return secret
	})
	return resolved, errs
}

// Reveal copies a tree with every [Secret] replaced by its value, ready to be encoded for its
// service. Only providers call it.
func Reveal(tree any) any {
	return mapLeaves(tree, func(leaf any) any {
		if secret, ok := leaf.(Secret); ok {
			return secret.Reveal()
		}
		return leaf
	})
}

// Secrets returns the values of all secrets in the tree, for a redactor.
func Secrets(tree any) []Secret {
	var found []Secret
	mapLeaves(tree, func(leaf any) any {
		if secret, ok := leaf.(Secret); ok {
			found = append(found, secret)
		}
		return leaf
	})
	return found
}
