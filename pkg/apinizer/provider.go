package apinizer

import (
	"context"
	"slices"
	"sync"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Provider implements [connection.Provider] for an Apinizer manager. It may be used concurrently.
type Provider struct {
	Rules
	client      *Client
	project     string
	unmarked    bool
	parallelism int

	mu sync.Mutex
	// seen holds a digest of each connection at the last read for a plan or at the last write: a
	// difference before a write means that another client changed the connection.
	seen map[connection.Key]string
	// writes holds the last acknowledged write under each key since the last snapshot.
	writes map[connection.Key]written
}

var (
	_ connection.Provider = (*Provider)(nil)
	_ connection.Waiter   = (*Provider)(nil)

	_ connection.IdleCloser = (*Provider)(nil)
)

// New checks the configuration and returns a provider. It sends nothing.
func New(config Config) (*Provider, error) {
	client, err := NewClient(config)
	if err != nil {
		return nil, err
	}
	return &Provider{
		client: client, project: config.Project, unmarked: config.NoRecords, parallelism: config.readers(),
		seen: map[connection.Key]string{}, writes: map[connection.Key]written{},
	}, nil
}

// Client returns the provider's client.
func (p *Provider) Client() *Client { return p.client }

// CloseIdleConnections implements [connection.IdleCloser].
func (p *Provider) CloseIdleConnections() { p.client.CloseIdleConnections() }

// Waiting returns why requests wait now.
func (p *Provider) Waiting() connection.Wait { return p.client.http.Waiting() }

// DataSources returns the connection types with these names, from the documentation: no server
// lists its types, so it sends nothing.
func (*Provider) DataSources(_ context.Context, ids []string) (*connection.Catalog, error) {
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}}
	for _, id := range ids {
		if t := types[id]; t != nil {
			catalog.DataSources[id] = t.source()
		}
	}
	if slices.ContainsFunc(ids, func(id string) bool { return types[id] == nil }) {
		catalog.Known = TypeNames()
	}
	return catalog, nil
}

// capabilities returns how connections can be changed.
func (p *Provider) capabilities() connection.Capabilities {
	// One read before, one after; one write of the change, one to clear the pending flag.
	write := connection.Cost{Reads: 2, Writes: 2}
	if p.unmarked {
		write.Writes = 1
	}
	return connection.Capabilities{
		Space: connection.Recreate, Existence: connection.Delete, NoRecords: p.unmarked,
		Costs: map[connection.OperationKind]connection.Cost{
			connection.Create: write,
			connection.Patch:  write,
			connection.Delete: {Reads: 1, Writes: 1},
		},
	}
}
