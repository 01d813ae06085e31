package qlik

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// defaultBatch is how many connections go into one bulk request; the API
// reference names no maximum.
const defaultBatch = 100

const (
	connectionsPath = apiPath + "/data-connections"
	sourcesPath     = apiPath + "/data-sources"
	spacesPath      = apiPath + "/spaces"
	usersPath       = apiPath + "/users"
	tenantPath      = apiPath + "/tenants/me"
)

// Provider implements [connection.Provider] for a Qlik Cloud tenant. It may be used concurrently.
type Provider struct {
	Rules
	client      *Client
	project     string
	parallelism int
	batch       int
	limits      Limits
	cacheFile   string
	cacheDigest func(texts ...string) string
	samples     *Samples
	tenant      string // its name in samples
	// tutorialSpelling is set once the tenant has asked for dataSourceId, where the API reference has
	// datasourceID.
	tutorialSpelling atomic.Bool
	known            known

	mu sync.Mutex
	// schemas holds the data sources that have been read, by id; nil for one that the tenant does not
	// have.
	schemas map[string]*connection.DataSource
}

var (
	_ connection.Provider = (*Provider)(nil)
	_ connection.Pacer    = (*Provider)(nil)
	_ connection.Waiter   = (*Provider)(nil)

	_ connection.Identifier = (*Provider)(nil)
	_ connection.Detailer   = (*Provider)(nil)
	_ connection.IdleCloser = (*Provider)(nil)
)

// Pace returns how long that many more requests would wait for the rate limit.
func (p *Provider) Pace(reads, writes int) time.Duration {
	return max(p.client.reads.pace(reads), p.client.writes.pace(writes))
}

// Waiting returns why requests wait now: of the two rate limits, the one that delays longer.
func (p *Provider) Waiting() connection.Wait {
	reads, writes := p.client.reads.waiting(), p.client.writes.waiting()
	switch {
	case reads.IsZero() && writes.IsZero():
		return p.client.http.Waiting()
	case reads.After(writes):
		return connection.Wait{For: connection.WaitReads, Until: reads}
	}
	return connection.Wait{For: connection.WaitWrites, Until: writes}
}

// TenantID reads the tenant's own id from GET /tenants/me (API reference, Tenants). It is not
// documented which callers may read the id, so 403 and 404 mean that it is unknown.
func (p *Provider) TenantID(ctx context.Context) (connection.TenantIdentity, error) {
	var sent atomic.Int64
	var answer struct {
		ID string `json:"id"`
	}
	err := p.client.Do(ctx, Request{Method: http.MethodGet, Path: tenantPath, sent: &sent}, &answer)
	identity := connection.TenantIdentity{ID: answer.ID, Reads: int(sent.Load())}
	switch {
	case errors.Is(err, connection.ErrForbidden), errors.Is(err, connection.ErrNotFound):
		identity.Unknown = err
	case err != nil:
		return identity, fmt.Errorf("read the tenant's id: %w", err)
	case answer.ID == "":
		identity.Unknown = errors.New("GET " + tenantPath + ": the answer holds no id")
	}
	return identity, nil
}

// New checks the configuration and returns a provider. It sends nothing.
func New(config Config) (*Provider, error) {
	client, err := NewClient(config)
	if err != nil {
		return nil, err
	}
	p := &Provider{
		client:      client,
		project:     config.Project,
		parallelism: orDefault(config.Parallelism, defaultParallelism),
		batch:       orDefault(config.BatchSize, defaultBatch),
		limits:      config.Limits,
		cacheFile:   config.CacheFile,
		cacheDigest: config.CacheDigest,
		samples:     cmp.Or(config.Samples, NewSamples()),
		tenant:      cmp.Or(config.Tenant, config.URL),
		schemas:     map[string]*connection.DataSource{},
	}
	p.known.reset()
	return p, nil
}

// Client returns the provider's client, which also holds the permits of the rate limits.
func (p *Provider) Client() *Client { return p.client }

// CloseIdleConnections implements [connection.IdleCloser].
func (p *Provider) CloseIdleConnections() { p.client.CloseIdleConnections() }

// DataSources reads the api-specs of the data sources concurrently. A data source that is unknown
// or disabled answers 404 and is absent from the catalog; so is one that cannot be read, which the
// error reports.
func (p *Provider) DataSources(ctx context.Context, ids []string) (*connection.Catalog, error) {
	ctx = transport.WithQuota(ctx, p.client.raise)
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var sent, done atomic.Int64
	reading := connection.Reading(ctx)
	found, unread := make([]*connection.DataSource, len(ids)), make([]error, len(ids))
	group, groupCtx := p.readers(ctx)
	for i, id := range ids {
		group.Go(func() (err error) {
			defer func() { reading(int(done.Add(1)), len(ids)) }()
			found[i], err = p.dataSource(groupCtx, id, &sent)
			if err != nil && !affectsAll(err) {
				unread[i], err = err, nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}}
	var problems connection.Problems
	for i, id := range ids {
		switch {
		case unread[i] != nil:
			catalog.Unread = append(catalog.Unread, id)
			problems = append(problems, notRead(unread[i].Error()))
		case found[i] != nil:
			catalog.DataSources[id] = found[i]
		}
	}
	if len(catalog.DataSources)+len(catalog.Unread) < len(ids) {
		listed, err := p.listSources(ctx, &sent)
		if err != nil {
			return nil, err
		}
		for i, id := range ids {
			if found[i] != nil || unread[i] != nil {
				continue
			}
			if doubt := listed.doubt(id); doubt != "" {
				catalog.Unread = append(catalog.Unread, id)
				problems = append(problems, notRead(doubt))
			}
		}
		slices.Sort(catalog.Unread)
		catalog.Known = listed.enabled
		catalog.Disabled = slices.DeleteFunc(listed.disabled, func(id string) bool { return !slices.Contains(ids, id) })
	}
	catalog.Reads = int(sent.Load())
	return catalog, problems.Err()
}

// notRead returns the problem of a data source about which the tenant does not answer.
func notRead(reason string) connection.Problem {
	return messages.Problem(connection.Position{}, connection.SeverityError, connection.Because("data-source-not-read", "reason", reason))
}

// affectsAll reports whether an error of one request would also affect the others.
func affectsAll(err error) bool {
	_, unanswered := errors.AsType[*transport.Failure](err)
	_, unsigned := errors.AsType[*transport.NoToken](err)
	refusal, refused := errors.AsType[*Error](err)
	return unanswered || unsigned || refused && (refusal.Status == http.StatusUnauthorized || refusal.Status == http.StatusTooManyRequests)
}

// schema returns a data source that has been read; nil if the tenant does not have it. known
// reports whether it has been read.
func (p *Provider) schema(id string) (source *connection.DataSource, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	source, known = p.schemas[id]
	return source, known
}

// dataSource reads one data source and stores it for [Provider.schema]; nil if the tenant does not
// have it.
func (p *Provider) dataSource(ctx context.Context, id string, sent *atomic.Int64) (*connection.DataSource, error) {
	if !isSegment(id) {
		return nil, nil
	}
	// The schema is passed on as the service returned it, so it is not decoded here.
	var specs rawAnswer
	err := p.client.Do(ctx, Request{
		Method: http.MethodGet, Path: sourcesPath + "/" + url.PathEscape(id) + "/api-specs", sent: sent,
	}, &specs)
	var source *connection.DataSource
	switch {
	case errors.Is(err, connection.ErrNotFound):
	case err != nil:
		return nil, fmt.Errorf("read data source %q: %w", id, err)
	default:
		if source, err = ParseDataSource(id, specs); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.schemas[id] = source
	return source, nil
}

// sourceList is the list of data sources of a tenant.
type sourceList struct {
	enabled, disabled []string // ids, sorted
	// unnamed counts the items without an id.
	unnamed int
}

// listSources lists the enabled and the disabled data sources of the tenant.
func (p *Provider) listSources(ctx context.Context, sent *atomic.Int64) (sourceList, error) {
	var answer wireDataSources
	if err := p.client.Do(ctx, Request{
		Method: http.MethodGet, Path: sourcesPath, Query: url.Values{"includeDisabled": {"true"}}, sent: sent,
	}, &answer); err != nil {
		return sourceList{}, fmt.Errorf("list data sources: %w", err)
	}
	if err := transport.TakeItems(ctx, len(answer.DataSources)); err != nil {
		return sourceList{}, fmt.Errorf("list data sources: GET %s: %w", sourcesPath, err)
	}
	var list sourceList
	for _, source := range answer.DataSources {
		switch {
		case source.ID == "":
			list.unnamed++
		case source.Disabled:
			list.disabled = append(list.disabled, source.ID)
		default:
			list.enabled = append(list.enabled, source.ID)
		}
	}
	slices.Sort(list.enabled)
	slices.Sort(list.disabled)
	list.enabled, list.disabled = slices.Compact(list.enabled), slices.Compact(list.disabled)
	return list, nil
}

// doubt returns why it is unknown whether a data source without api-specs is disabled or does not
// exist: an item without an id may be this data source. Empty: it is known.
func (l *sourceList) doubt(id string) string {
	if l.unnamed == 0 || slices.Contains(l.enabled, id) || slices.Contains(l.disabled, id) {
		return ""
	}
	return fmt.Sprintf("the tenant has no api-specs of data source %q, and does not list its id, but %d of its data sources are listed without an id: it is unknown whether %q is disabled or does not exist",
		id, l.unnamed, id)
}

// readers returns a group for reads: the first error cancels the others.
func (p *Provider) readers(ctx context.Context) (*guard.Group, context.Context) {
	group, groupCtx := guard.WithContext(ctx)
	group.SetLimit(p.parallelism)
	return group, groupCtx
}

// isSegment reports whether a text can be one segment of a path.
func isSegment(text string) bool {
	return text != "" && text != "." && text != ".." && !strings.ContainsAny(text, `/\`)
}

// capabilities returns how this caller can make changes (API reference; "admin" is the role
// TenantAdmin, which bulk actions require).
func (p *Provider) capabilities(admin bool) connection.Capabilities {
	capabilities := connection.Capabilities{
		Space:     connection.Patch, // documented until 2025, assumed since
		Existence: connection.Delete,
		BatchSize: map[connection.OperationKind]int{connection.BulkUpdate: p.batch, connection.BulkDelete: p.batch},
		Costs: map[connection.OperationKind]connection.Cost{
			connection.Create:     {Writes: 1},
			connection.AskSignIn:  {Writes: 1},
			connection.Patch:      {Reads: 1, Writes: 1}, // each read is for the live state just before the write
			connection.BulkUpdate: {Reads: 1, Writes: 1},
			connection.BulkDelete: {Reads: 1, Writes: 1},
			connection.Delete:     {Reads: 1, Writes: 1},
		},
		Writes: p.limits.orPublished().Writes,
	}
	if admin {
		capabilities.Space, capabilities.Owner, capabilities.Existence = connection.BulkUpdate, connection.BulkUpdate, connection.BulkDelete
	}
	return capabilities
}
