// Package snapshot stores the live side of a plan in a file, and provides it in place of a real
// provider, so that a job without a token and without a network can plan. It never compares, never
// decides, and writes to no tenant.
//
// A file contains only what the plan of one project on one tenant needs. It contains no secrets: a
// placeholder replaces each secret that the provider has recognised.
package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Format names the JSON contract of a file.
const Format = "qlsync.snapshot/v1"

// File is a snapshot with everything that is needed to plan from it.
type File struct {
	Format  string    `json:"format"`
	Taken   time.Time `json:"taken"` // in UTC, to the second
	Project string    `json:"project"`
	Tenant  Tenant    `json:"tenant"`
	// Asked is the scope that was read: everything outside of it is unknown.
	Asked    Asked                `json:"asked"`
	Catalog  *connection.Catalog  `json:"catalog"`
	Snapshot *connection.Snapshot `json:"snapshot"`
}

// Tenant identifies the tenant of the state.
type Tenant struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	ID   string `json:"id,omitempty"` // the tenant's own; empty: unknown
}

// Asked lists what was read, each as a file declares it; sorted.
type Asked struct {
	Spaces      []string `json:"spaces"`
	Owners      []string `json:"owners"`
	DataSources []string `json:"dataSources"`
	Stored      []string `json:"stored"`
	Choices     []string `json:"choices,omitempty"` // data sources
	// Details are the spaces whose details were read, and Members the members that were looked up.
	Details []string `json:"spaceDetails,omitempty"`
	Members []string `json:"members,omitempty"`
}

// Take reads a tenant through its provider. The scope depends on the data sources of the tenant.
func Take(ctx context.Context, provider connection.Provider, scopeOf func(*connection.Catalog) connection.Scope, sources []string) (*File, error) {
	catalog, err := provider.DataSources(ctx, sources)
	if err != nil {
		return nil, err
	}
	scope := scopeOf(catalog)
	snapshot, err := provider.Snapshot(ctx, scope)
	if err != nil {
		return nil, err
	}
	return &File{
		Format: Format, Taken: time.Now().UTC().Truncate(time.Second), Catalog: catalog, Snapshot: snapshot,
		Asked: Asked{
			Spaces: names(scope.Spaces), Owners: sorted(scope.Owners), DataSources: sorted(sources), Stored: sorted(scope.Stored),
			Choices: scope.Choices, Details: sorted(scope.SpaceDetails), Members: members(scope.Principals),
		},
	}, nil
}

func members(principals []connection.Principal) []string {
	texts := make([]string, len(principals))
	for i, one := range principals {
		texts[i] = one.String()
	}
	return sorted(texts)
}

func names(spaces []connection.SpaceRef) []string {
	texts := make([]string, len(spaces))
	for i, space := range spaces {
		texts[i] = space.String()
	}
	return sorted(texts)
}

func sorted(texts []string) []string {
	return append([]string{}, slices.Compact(slices.Sorted(slices.Values(texts)))...)
}

// Redacted returns a copy of the file for writing, without data that no plan needs: the names of
// people, fingerprints, the details of connections outside of the scope. Placeholders replace
// secrets.
func (f *File) Redacted() *File {
	redacted, snapshot := *f, *f.Snapshot
	snapshot.Caller.Name, snapshot.People = "", nil
	snapshot.Users = slices.Clone(snapshot.Users)
	for i := range snapshot.Users {
		snapshot.Users[i].Name = ""
	}
	snapshot.Connections = slices.Clone(snapshot.Connections)
	for i := range snapshot.Connections {
		live := &snapshot.Connections[i]
		live.Record.Fingerprint = ""
		if live.Properties != nil {
			live.Properties, _ = redact(live.Properties).(map[string]any)
		}
	}
	redacted.Snapshot = &snapshot
	return &redacted
}

// secretRecord replaces a secret in a file.
const secretRecord = "qlsync:secret"

// redact copies a value with a placeholder for each secret.
func redact(value any) any {
	return mapLeaves(value, func(leaf any) any {
		if _, ok := leaf.(connection.Secret); ok {
			return map[string]any{secretRecord: true}
		}
		return leaf
	})
}

// unredact is the inverse of redact: the secrets have no value any more.
func unredact(value any) any {
	if object, ok := value.(map[string]any); ok && len(object) == 1 && object[secretRecord] == true {
		return connection.NewSecret("")
	}
	switch value := value.(type) {
	case map[string]any:
		for name := range value {
			value[name] = unredact(value[name])
		}
	case []any:
		for i := range value {
			value[i] = unredact(value[i])
		}
	}
	return value
}

func mapLeaves(value any, replace func(any) any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(value))
		for name := range value {
			copied[name] = mapLeaves(value[name], replace)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i := range value {
			copied[i] = mapLeaves(value[i], replace)
		}
		return copied
	}
	return replace(value)
}

// Decode parses a file. Its errors quote nothing of the content.
func Decode(r io.Reader) (*File, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var head struct {
		Format string `json:"format"`
	}
	switch err := json.Unmarshal(text, &head); {
	case err != nil:
		return nil, errors.New("the file is not JSON. Take a snapshot with qlsync snapshot --out FILE")
	case head.Format == "" || !strings.HasPrefix(head.Format, "qlsync."):
		return nil, errors.New("the file is not a snapshot. Take one with qlsync snapshot --out FILE")
	case head.Format != Format:
		return nil, fmt.Errorf("this version of qlsync cannot read the snapshot, because its format is not %s. Take it again with this version", Format)
	}
	var file File
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&file); err != nil || file.Catalog == nil || file.Snapshot == nil || file.Taken.IsZero() {
		return nil, errors.New("the snapshot is incomplete. Take it again with qlsync snapshot --out FILE")
	}
	for i := range file.Snapshot.Connections {
		live := &file.Snapshot.Connections[i]
		if live.Properties != nil {
			live.Properties, _ = unredact(live.Properties).(map[string]any)
		}
	}
	return &file, nil
}
