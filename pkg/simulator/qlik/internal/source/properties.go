package source

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/identity"
)

// CredentialSettings is the trio that stands for separated credentials in every connector that supports them (create tutorial).
var CredentialSettings = []string{"separateCredentials", "selectedCredentials", "credentialsName"}

// logins are what is sent with statements: a user name, and a password that only a connector can
// encode and that the simulator does not interpret. They are stored next to the properties, but
// cannot be sent as such. plainUser holds a readable user name, with Behaviour.ShowUsername.
const (
	LoginUser     = "qUsername"
	LoginPassword = "qPassword"
	PlainUser     = "$username"
)

func (s *Source) IsCredential(name string) bool {
	return name == LoginUser || name == LoginPassword || name == PlainUser || slices.Contains(s.Credentials, name)
}

// check says what is wrong with one property value, or nil.
//
// The tutorials send numbers and booleans as strings in some places and as themselves in others, so both are taken, and
// stored as they came; whether the service normalises them is undocumented. An unknown name is refused: undocumented;
// assumed.
func (s *Source) check(name string, value any) error {
	p, known := s.Properties[name]
	if !known {
		return fmt.Errorf("unknown property %q of data source %s", name, s.ID)
	}
	if host.HoldsHashKey(value) {
		return fmt.Errorf("property %q holds the reserved key %s", name, host.HashKey)
	}
	if !p.accepts(value) {
		return fmt.Errorf("property %q must be of type %s", name, p.Type)
	}
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, value) {
		return fmt.Errorf("property %q must be one of the values that the api-specs list (case-sensitive)", name)
	}
	return nil
}

func (p property) accepts(value any) bool {
	switch v := value.(type) {
	case string:
		switch p.Type {
		case "boolean":
			return v == "true" || v == "false"
		case "integer":
			_, err := strconv.ParseInt(v, 10, 64)
			return err == nil
		}
		return p.Type == "string"
	case bool:
		return p.Type == "boolean" || p.Type == "string"
	case json.Number:
		return p.Type == "string" || p.Type == "integer" && IsInteger(v.String())
	case []any:
		return p.Type == "array"
	}
	return false
}

func IsInteger(number string) bool { return !strings.ContainsAny(number, ".eE") }

// CheckAll checks every property, in the order of their names.
func (s *Source) CheckAll(properties map[string]any) error {
	for _, name := range host.SortedKeys(properties) {
		if err := s.check(name, properties[name]); err != nil {
			return err
		}
	}
	return nil
}

// HashAll returns a copy of the properties as they are stored: credentials, and the values of list items that ask for
// encryption, are digests.
func (s *Source) HashAll(properties map[string]any) map[string]any {
	stored := make(map[string]any, len(properties))
	for name, value := range properties {
		switch {
		case name == PlainUser:
			stored[name] = value
		case s.IsCredential(name):
			stored[name] = host.Hash(value)
		default:
			stored[name] = hashEncrypted(value)
		}
	}
	return stored
}

// hashEncrypted hashes "value" of list items with encrypt: true, as in the headers of a REST connection. That such an
// item is read back without its value is undocumented; assumed.
func hashEncrypted(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	out := make([]any, len(list))
	for i, item := range list {
		out[i] = item
		entry, ok := item.(map[string]any)
		if !ok || host.ScalarText(entry["encrypt"]) != "true" {
			continue
		}
		hashed := make(map[string]any, len(entry))
		for key, part := range entry {
			hashed[key] = part
			if key == "value" {
				hashed[key] = host.Hash(part)
			}
		}
		out[i] = hashed
	}
	return out
}

// Visible returns the properties that parseConnection=true shows: the update tutorial's sample has neither the secret nor
// the access key. User names are assumed to be hidden too, as they are stored with the credentials.
func (s *Source) Visible(properties map[string]any) map[string]any {
	shown := make(map[string]any, len(properties))
	for name, value := range properties {
		if s.IsCredential(name) {
			continue
		}
		if v, ok := host.NotHashed(value); ok {
			shown[name] = v
		}
	}
	return shown
}

func (s *Source) HasCredentials(properties map[string]any) bool {
	return len(s.CredentialsIn(properties)) > 0
}

// CredentialsIn returns the credentials among stored properties.
func (s *Source) CredentialsIn(properties map[string]any) map[string]any {
	found := make(map[string]any)
	for name, value := range properties {
		if s.IsCredential(name) && value != nil {
			found[name] = value
		}
	}
	return found
}

func (s *Source) WithoutCredentials(properties map[string]any) map[string]any {
	kept := make(map[string]any, len(properties))
	for name, value := range properties {
		if !s.IsCredential(name) {
			kept[name] = value
		}
	}
	return kept
}

// QRI identifies the remote place; it moves when the connection points elsewhere.
func (s *Source) QRI(properties map[string]any) string {
	parts := []string{s.ID}
	for _, name := range s.qriProperties {
		parts = append(parts, host.ScalarText(properties[name]))
	}
	return s.qriPrefix + identity.Opaque(parts...)
}

// EqualJSON compares decoded JSON values.
func EqualJSON(a, b any) bool { return reflect.DeepEqual(a, b) }

// IsTrue reads a boolean that may have been sent as a string.
func IsTrue(value any) bool { return value != nil && host.ScalarText(value) == "true" }

// HostProperties are those that name the remote place: changing one needs credentials in the same request.
var HostProperties = []string{"host", "server", "url"}

// Known returns the properties that the api-specs list.
func (s *Source) Known(properties map[string]any) map[string]any {
	kept := make(map[string]any, len(properties))
	for name, value := range properties {
		if _, listed := s.Properties[name]; listed {
			kept[name] = value
		}
	}
	return kept
}

// NamesOf returns the keys of properties that a request sets.
func NamesOf(properties map[string]any) map[string]bool {
	given := make(map[string]bool, len(properties))
	for name := range properties {
		given[name] = true
	}
	return given
}

// AsDecoded returns properties that Go code wrote as they would come out of a request.
func AsDecoded(properties map[string]any) (map[string]any, error) {
	data, err := json.Marshal(properties)
	if err != nil {
		return nil, err
	}
	out := make(map[string]any)
	err = host.DecodeOne(data, &out)
	return out, err
}

// CheckPatched checks a value that may hold digests of parts which the patch left alone.
func (s *Source) CheckPatched(name string, value any) error {
	if host.IsHashed(value) {
		return nil
	}
	if list, isList := value.([]any); isList {
		visible, _ := host.NotHashed(list)
		value = visible
	}
	return s.check(name, value)
}

// SignsIn reports whether a connection with these properties needs a person to sign in.
func (s *Source) SignsIn(properties map[string]any) bool {
	return s.SignIn != nil && properties[s.SignIn.Property] != nil &&
		host.ScalarText(properties[s.SignIn.Property]) == s.SignIn.Value
}

// Plain returns numbers as float64, as tests write them. Lists are already copies.
func Plain(properties map[string]any) map[string]any {
	for name, value := range properties {
		if number, ok := value.(json.Number); ok {
			properties[name], _ = number.Float64()
		}
	}
	return properties
}
