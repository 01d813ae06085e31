package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Provider returns what stands in a file for the state of the tenant. It may be used
// concurrently.
type Provider struct {
	connection.Rules
	file *File
	// local reports of data sources that the file says nothing about; may be nil.
	local *connection.Catalog
}

var _ connection.Provider = (*Provider)(nil)

// NewProvider makes one of a file. What the file does not know of data sources is
// looked up in the local catalog.
func NewProvider(file *File, rules connection.Rules, local *connection.Catalog) *Provider {
	return &Provider{rules, file, local}
}

// DataSources returns what is known of the data sources: by the file, or else by the
// local catalog. What neither knows is an error, as it may exist.
func (p *Provider) DataSources(_ context.Context, ids []string) (*connection.Catalog, error) {
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}, Known: p.file.Catalog.Known, Reads: p.file.Catalog.Reads}
	var unknown []string
	for _, id := range ids {
		switch {
		case p.file.Catalog.DataSources[id] != nil:
			catalog.DataSources[id] = p.file.Catalog.DataSources[id]
		case slices.Contains(p.file.Catalog.Disabled, id):
			catalog.Disabled = append(catalog.Disabled, id)
		case slices.Contains(p.file.Asked.DataSources, id): // the tenant does not have it
		case p.local != nil && p.local.DataSources[id] != nil:
			catalog.DataSources[id] = p.local.DataSources[id]
		default:
			unknown = append(unknown, fmt.Sprintf("the data source %q (its schema may be vendored: qlsync schemas pull)", id))
		}
	}
	return catalog, missing(unknown)
}

// Snapshot returns what the scope names of the file. What was not asked of the tenant
// when the file was taken is an error: it may be there. A connection whose details
// were not read then is unreadable.
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

// missing lists what the scope asks for and nobody asked the tenant.
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
	return missing(unknown)
}

func missing(unknown []string) error {
	if len(unknown) == 0 {
		return nil
	}
	return fmt.Errorf("the snapshot says nothing about %s: take a new one with these files, or plan with a token", strings.Join(unknown, ", "))
}

// ErrReadOnly reports that a snapshot cannot be written to.
var ErrReadOnly = errors.New("a snapshot cannot be changed")

// Execute refuses everything.
func (p *Provider) Execute(_ context.Context, operations []connection.Operation) []connection.Outcome {
	outcomes := make([]connection.Outcome, len(operations))
	for i := range outcomes {
		outcomes[i].Err = fmt.Errorf("%w: %w", connection.ErrNotSent, ErrReadOnly)
	}
	return outcomes
}

// ExecuteGroup refuses everything.
func (p *Provider) ExecuteGroup(ctx context.Context, group connection.Group) []connection.Outcome {
	return p.Execute(ctx, group.Operations)
}
