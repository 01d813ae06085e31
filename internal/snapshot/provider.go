package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Provider is a provider with the state of a tenant from a file. It may be used concurrently.
type Provider struct {
	connection.Rules
	file *File
	// local holds data sources that the file lacks; may be nil.
	local *connection.Catalog
}

var _ connection.Provider = (*Provider)(nil)

// NewProvider returns a provider for a file. Data sources that the file lacks are looked up in the
// local catalog.
func NewProvider(file *File, rules connection.Rules, local *connection.Catalog) *Provider {
	return &Provider{rules, file, local}
}

// DataSources returns the data sources of the file, or else of the local catalog. A data source in
// neither is an error, because it may exist.
func (p *Provider) DataSources(_ context.Context, ids []string) (*connection.Catalog, error) {
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}, Known: p.file.Catalog.Known, Reads: p.file.Catalog.Reads}
	var unknown []string
	for _, id := range ids {
		switch {
		case p.file.Catalog.DataSources[id] != nil:
			catalog.DataSources[id] = p.file.Catalog.DataSources[id]
		case slices.Contains(p.file.Catalog.Disabled, id):
			catalog.Disabled = append(catalog.Disabled, id)
		case slices.Contains(p.file.Asked.DataSources, id): // the tenant does not have the data source
		case p.local != nil && p.local.DataSources[id] != nil:
			catalog.DataSources[id] = p.local.DataSources[id]
		default:
			unknown = append(unknown, fmt.Sprintf("the data source %q (its schema may be vendored: qlsync schemas pull)", id))
		}
	}
	return catalog, missing(unknown)
}

// Snapshot returns the part of the file that the scope selects. It is an error if the scope was not
// read when the file was taken, because absence is then unknown. A connection whose details were
// not read is unreadable.
func (p *Provider) Snapshot(_ context.Context, scope connection.Scope) (*connection.Snapshot, error) {
	if err := p.missing(scope); err != nil {
		return nil, err
	}
	snapshot := *p.file.Snapshot
	snapshot.Connections = nil
	for _, live := range p.file.Snapshot.Connections {
		if !p.inScope(&live, scope) {
			continue
		}
		obsolete := scope.Listed != nil && scope.Listed(&live)
		if live.Properties == nil && live.Unreadable == "" && scope.Details != nil && scope.Details(&live) && !obsolete {
			live.Unreadable = "its details are not in the snapshot, which was taken before the files named it"
		}
		snapshot.Connections = append(snapshot.Connections, live)
	}
	return &snapshot, nil
}

func (p *Provider) inScope(live *connection.Live, scope connection.Scope) bool {
	return slices.ContainsFunc(scope.Spaces, func(ref connection.SpaceRef) bool {
		switch {
		case ref.Personal:
			return live.SpaceID == ""
		case ref.ID != "":
			return live.SpaceID == ref.ID
		}
		return live.Key.Space == ref.Name
	})
}

// missing returns an error about the parts of the scope that were not read.
func (p *Provider) missing(scope connection.Scope) error {
	var unknown []string
	add := func(what string, asked []string, wanted []string) {
		for _, name := range wanted {
			if !slices.Contains(asked, name) {
				unknown = append(unknown, fmt.Sprintf("%s %q", what, name))
			}
		}
	}
	add("the space", p.file.Asked.Spaces, names(scope.Spaces))
	add("the owner", p.file.Asked.Owners, sorted(scope.Owners))
	add("the stored credentials", p.file.Asked.Stored, sorted(scope.Stored))
	add("the details of space", p.file.Asked.Details, sorted(scope.SpaceDetails))
	add("the member", p.file.Asked.Members, members(scope.Principals))
	add("what can be chosen with", p.file.Asked.Choices, scope.Choices)
	return missing(unknown)
}

func missing(unknown []string) error {
	if len(unknown) == 0 {
		return nil
	}
	return fmt.Errorf("the snapshot says nothing about %s: take a new one with these files, or plan with a token", strings.Join(unknown, ", "))
}

// ErrReadOnly is the error of a write to a snapshot.
var ErrReadOnly = errors.New("a snapshot cannot be changed")

// Execute refuses all operations.
func (p *Provider) Execute(_ context.Context, operations []connection.Operation) []connection.Outcome {
	outcomes := make([]connection.Outcome, len(operations))
	for i := range outcomes {
		outcomes[i].Err = fmt.Errorf("%w: %w", connection.ErrNotSent, ErrReadOnly)
	}
	return outcomes
}

// ExecuteGroup refuses all operations.
func (p *Provider) ExecuteGroup(ctx context.Context, group connection.Group) []connection.Outcome {
	return p.Execute(ctx, group.Operations)
}
