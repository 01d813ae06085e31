// Package source has the data sources of the embedded tenant: what the API says about each, which of its properties are
// credentials, which values fit, and how its connect statement reads.
package source

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"sync"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

//go:embed datasources/*.json
var sourceFiles embed.FS

// Source is one data source: what the API says about it, and what it does not say.
type Source struct {
	Notes       []string        `json:"notes"`       // where the description is an assumption
	Credentials []string        `json:"credentials"` // properties that are stored with the credentials and never read back
	Statement   statementForm   `json:"statement"`
	SignIn      *signInForm     `json:"signIn"`     // interactive OAuth; null: there is none
	DataSource  json.RawMessage `json:"dataSource"` // item of GET /data-sources, as served
	APISpecs    json.RawMessage `json:"apiSpecs"`   // answer of GET /data-sources/{id}/api-specs, as served

	ID, Provider, version, qriPrefix string
	qriProperties                    []string
	Properties                       map[string]property
	order                            []string // property names in the order of the api-specs
}

// statementForm says how qConnectStatement begins; "provider" there is not always the connector's own (samples).
type statementForm struct {
	Provider string            `json:"provider"`
	Selector string            `json:"selector"`
	Names    map[string]string `json:"names"` // what a statement calls a property, where that is another name

	Constants []string `json:"constants"` // pairs of every statement that are not properties
}

// signInForm says which connections a person must sign in for: those whose property has the value.
type signInForm struct {
	Property string `json:"property"`
	Value    string `json:"value"`
	Code     string `json:"code"` // property that takes the authorisation code
}

// property is what the api-specs say about one connection property.
type property struct {
	Type    string `json:"type"`
	Enum    []any  `json:"enum"`
	Default any    `json:"default"`
}

// Catalogue returns the embedded data sources in the order of their ids. They are shared and must not be changed.
var Catalogue = sync.OnceValue(func() []*Source {
	files, err := sourceFiles.ReadDir("datasources")
	if err != nil {
		panic(err)
	}
	sources := make([]*Source, 0, len(files))
	for _, file := range files {
		data, err := sourceFiles.ReadFile(path.Join("datasources", file.Name()))
		if err != nil {
			panic(err)
		}
		s, err := parseSource(data)
		if err != nil {
			panic(fmt.Sprintf("embedded data source %s: %v", file.Name(), err))
		}
		sources = append(sources, s)
	}
	return sources
})

func parseSource(data []byte) (*Source, error) {
	s := new(Source)
	if err := host.DecodeStrict(data, s); err != nil {
		return nil, err
	}
	var item struct {
		DataSourceID string `json:"dataSourceId"`
		Provider     string `json:"provider"`
		QRI          struct {
			Prefix         string `json:"qriPrefix"`
			ConnectionPart struct {
				Properties []string `json:"properties"`
			} `json:"connectionPart"`
		} `json:"qriDefinition"`
	}
	if err := json.Unmarshal(s.DataSource, &item); err != nil {
		return nil, err
	}
	var specs struct {
		Version    string `json:"connectorVersion"`
		Connection struct {
			Properties json.RawMessage `json:"properties"`
		} `json:"connectionProperties"`
	}
	if err := json.Unmarshal(s.APISpecs, &specs); err != nil {
		return nil, err
	}
	s.ID, s.Provider, s.version = item.DataSourceID, item.Provider, specs.Version
	s.qriPrefix, s.qriProperties = item.QRI.Prefix, item.QRI.ConnectionPart.Properties
	if err := host.DecodeOne(specs.Connection.Properties, &s.Properties); err != nil {
		return nil, err
	}
	var err error
	s.order, err = objectOrder(specs.Connection.Properties)
	return s, err
}

// objectOrder lists the keys of a JSON object as they are written.
func objectOrder(object json.RawMessage) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var keys []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return nil, err
		}
		keys = append(keys, key.(string))
	}
	return keys, nil
}

// ByID finds an embedded data source; nil if there is none.
func ByID(id string) *Source {
	for _, s := range Catalogue() {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// ServerTag is the tag that a create with properties adds (create tutorial).
func (s *Source) ServerTag() string { return ServerTagBegin + s.Provider + ":" + s.version }

const ServerTagBegin = "DcaasAPI:"
