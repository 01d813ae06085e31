package qlik

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// maxSpecs bounds the api-specs of one data source, in bytes.
const maxSpecs = 4 << 20

// ParseDataSource parses the answer of GET /data-sources/{id}/api-specs, or a file with its
// content: {connectorProvider, connectorVersion, connectionProperties}. The last is a JSON Schema,
// of which only one sample is public: keywords other than types, defaults and enums are tolerated.
func ParseDataSource(id string, apiSpecs []byte) (*connection.DataSource, error) {
	if len(apiSpecs) > maxSpecs {
		return nil, fmt.Errorf("read api-specs of %q: they are larger than %d MiB", id, maxSpecs>>20)
	}
	var specs struct {
		Provider string          `json:"connectorProvider"`
		Version  json.RawMessage `json:"connectorVersion"`
		Schema   json.RawMessage `json:"connectionProperties"`
	}
	var mistyped *json.UnmarshalTypeError
	switch err := json.Unmarshal(apiSpecs, &specs); {
	case errors.As(err, &mistyped):
		return nil, fmt.Errorf("read api-specs of %q: not a map of connectorProvider, connectorVersion and connectionProperties", id)
	case err != nil:
		return nil, fmt.Errorf("read api-specs of %q: not JSON: %w", id, err)
	}
	properties, err := parseProperties(id, specs.Schema)
	if err != nil {
		return nil, fmt.Errorf("read api-specs of %q: %w", id, err)
	}
	return &connection.DataSource{
		ID: id, Version: versionText(specs.Version), Family: specs.Provider, Schema: specs.Schema,
		Properties: properties, SignIn: signInOf(id, properties), Unsuited: unsuited(id),
	}, nil
}

// integrationPrefixes are prefixes of the ids of Data Integration's data sources.
var integrationPrefixes = []string{"repsrc_", "reptgt_"}

// unsuited returns the types of space in which a data source does not belong. No documentation says
// that the service refuses it there.
func unsuited(id string) map[string]string {
	const source = "(source: Qlik's reference of the Spaces API)"
	if slices.ContainsFunc(integrationPrefixes, func(prefix string) bool { return strings.HasPrefix(strings.TrimPrefix(id, "DG_"), prefix) }) {
		why := "It is for Data Integration, which has spaces of type data " + source + ". Use a space of type data instead."
		return map[string]string{"shared": why, "managed": why, connection.PersonalSpace: why}
	}
	return map[string]string{"data": "It is for analytics, and spaces of type data are for Data Integration only " + source + ". Use a shared, managed or personal space instead."}
}

// versionText returns a version in the service's notation: 4.10 is not 4.1.
func versionText(version json.RawMessage) string {
	var text string
	if json.Unmarshal(version, &text) == nil {
		return text
	}
	return string(version)
}

func parseProperties(id string, schema []byte) (map[string]connection.Property, error) {
	var object struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	switch schema = bytes.TrimSpace(schema); {
	case len(schema) == 0:
		return nil, errors.New("connectionProperties is missing")
	case schema[0] != '{':
		return nil, errors.New("connectionProperties is not a JSON Schema")
	}
	if err := json.Unmarshal(schema, &object); err != nil {
		return nil, errors.New("connectionProperties.properties is not an object")
	}
	properties := make(map[string]connection.Property, len(object.Properties))
	for name, text := range object.Properties {
		property := parseProperty(Classify(id, name), text)
		property.Guessed = property.Class == connection.ClassSecret && IsGuess(id, name) && !isMarked(text)
		if property.Guessed && property.Type == "boolean" { // useToken is a switch
			property.Class, property.Guessed = connection.ClassProperty, false
		}
		property.PerUserRole = perUserRoles[name]
		property.ChosenBy, property.AnyID = chosenBy(id, name)
		properties[name] = property
	}
	return properties, nil
}

// parseProperty returns the parts of a property's schema that it understands.
func parseProperty(class connection.Class, text []byte) connection.Property {
	property := connection.Property{Class: class}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var schema map[string]any
	if decoder.Decode(&schema) != nil {
		return property // "true" is a schema too
	}
	property.Type = typeOf(schema["type"])
	property.Default, property.HasDefault = schema["default"]
	if values, ok := schema["enum"].([]any); ok {
		for _, value := range values {
			if value, ok := connection.ToText(value).(string); ok {
				property.Enum = append(property.Enum, value)
			}
		}
	}
	property.Marked = markedIn(schema, nil)
	if slices.ContainsFunc(property.Marked, func(place []string) bool { return len(place) == 0 }) {
		property.Class, property.Marked = connection.ClassSecret, nil
	}
	return property
}

// isMarked reports whether the schema of a property marks all of it as a secret.
func isMarked(text []byte) bool {
	var schema map[string]any
	return json.Unmarshal(text, &schema) == nil &&
		slices.ContainsFunc(markedIn(schema, nil), func(place []string) bool { return len(place) == 0 })
}

// maxNesting is how deep a schema is searched.
const maxNesting = 32

// markedIn returns the places in the values of a schema at which it marks a secret, as in
// [connection.Property]; place is the place of the values. Values nested deeper than maxNesting
// count as secret.
func markedIn(schema any, place []string) [][]string {
	object, ok := schema.(map[string]any)
	switch {
	case !ok:
		return nil // "true" is a schema too
	case object["writeOnly"] == true, object["format"] == "password", len(place) > maxNesting:
		return [][]string{place}
	}
	var places [][]string
	look := func(inner any, names ...string) {
		places = append(places, markedIn(inner, slices.Concat(place, names))...)
	}
	named, _ := object["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(named)) {
		look(named[name], name)
	}
	patterns, _ := object["patternProperties"].(map[string]any)
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		look(patterns[pattern], "*")
	}
	for _, word := range []string{"additionalProperties", "items", "prefixItems"} {
		for _, inner := range each(object[word]) {
			look(inner, "*")
		}
	}
	for _, word := range []string{"allOf", "anyOf", "oneOf", "then", "else"} {
		for _, inner := range each(object[word]) {
			look(inner)
		}
	}
	return places
}

// each returns the items of a list, or the value itself if it is not a list.
func each(value any) []any {
	if items, ok := value.([]any); ok {
		return items
	}
	return []any{value}
}

// typeOf returns the one type that a schema allows in addition to null, or "".
func typeOf(declared any) string {
	if name, ok := declared.(string); ok {
		return name
	}
	names, _ := declared.([]any)
	names = slices.DeleteFunc(slices.Clone(names), func(name any) bool { return name == "null" })
	if len(names) != 1 {
		return ""
	}
	name, _ := names[0].(string)
	return name
}

// secretProperties lists the secret properties that the documentation shows for each data source.
// api-specs does not mark them.
var secretProperties = map[string][]string{
	"File_AmazonS3ConnectorV2":         {"accessKey", "secretKey"},
	"AmazonS3ConnectorV2":              {"accessKey", "secretKey"},
	"File_AmazonS3Connector":           {"accessKey", "secretKey"},
	"File_GoogleCloudStorageConnector": {"serviceAccountKeyFile"},
	"GoogleCloudStorageConnector":      {"serviceAccountKeyFile"},
	"File_FileTransferConnector":       {"password", "privateKey"},
	"snowflake":                        {"password", "PRIV_KEY_FILE"},
	"gbq":                              {"KeyFilePath", "P12CustomPwd", "authCode"},
	"rest":                             {"password", "mutualPfxCertificateFiles", "mutualPfxCertificateKey"},
	"reptgt_qdisnowflake":              {"password", "privateKeyFile", "privateKeyPassphrase"},
	"reptgt_qdibigquery":               {"jsonCredentials"},
	"reptgt_qdiadls":                   {"adlsclientappkey"},
	"reptgt_qdis3":                     {"s3SecretKey", "s3AccessKey"},
}

// notSecret lists names that look like secrets and are not: the three settings of per-user
// credentials, and lists of which only some items are secret.
var notSecret = []string{"separatecredentials", "selectedcredentials", "credentialsname", "queryheaders", "queryparameters"}

// secretWords occur in names of secret properties of Qlik, in addition to the words that
// [connection.IsSecretName] knows; they are matched in the plain form of the name.
var secretWords = []string{"pfx"}

// secretWhatever are words of such names that remain secret with any ending: the value of
// KeyFilePath is the file itself.
var secretWhatever = []string{"keyfile", "sasurl", "sasuri"}

// secretNames are secrets only as whole names, not as parts of longer ones.
var secretNames = []string{"pat"}

// userNames are parts of credentials that may be shown.
var userNames = []string{"username", "user", "userid", "uid", "login", "qusername"}

// Classify returns the class of a property: by the documented lists first, then by its name.
// "DG_x", the variant for the data gateway, is like "x".
func Classify(dataSource, property string) connection.Class {
	if isDocumented(dataSource, property) {
		return connection.ClassSecret
	}
	name := connection.PlainName(property)
	switch {
	case containsAny(name, secretWhatever):
		return connection.ClassSecret
	case connection.IsAboutSecret(property) && !slices.Contains(userNames, name):
		return connection.ClassProperty
	case slices.Contains(notSecret, name), strings.HasPrefix(name, "publickey"):
		return connection.ClassProperty
	case slices.Contains(userNames, name):
		return connection.ClassCredential
	case slices.Contains(secretNames, name), containsAny(name, secretWords), connection.IsSecretName(property):
		return connection.ClassSecret
	}
	return connection.ClassProperty
}

// IsGuess reports whether [Classify] takes a property for a secret by its name alone.
func IsGuess(dataSource, property string) bool {
	return Classify(dataSource, property) == connection.ClassSecret && !isDocumented(dataSource, property)
}

func isDocumented(dataSource, property string) bool {
	return slices.Contains(secretProperties[strings.TrimPrefix(dataSource, "DG_")], property)
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
