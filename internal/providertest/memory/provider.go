// Package memory contains the smallest provider that passes the test of package providertest, and
// its service. It is an example of a new provider, and shows that packages plan and apply depend on
// no service. The program does not contain the package.
package memory

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Provider implements [connection.Provider] for a [Service].
type Provider struct {
	client  *transport.Client
	writing chan struct{}          // admits one write at a time
	written map[connection.Key]int // the version after the last write of this process
}

// New returns a provider for the service at an address. It sends nothing.
func New(address string, through *http.Client) (*Provider, error) {
	client, err := transport.NewClient(transport.Service{Attempts: 3, Classify: classify},
		transport.Config{URL: address, Parallelism: 1, HTTPClient: through})
	return &Provider{client, make(chan struct{}, 1), map[connection.Key]int{}}, err
}

// classify is [transport.Service.Classify]. A refusal is a text.
func classify(got *transport.Answer, failed *transport.Error, hide *transport.Redactor) transport.Fate {
	switch {
	case got.Status == http.StatusOK:
		return transport.Done
	case got.Status >= http.StatusInternalServerError:
		return transport.Doubtful
	}
	_ = json.Unmarshal(got.Body, &failed.Title)
	failed.Title = hide.Sanitize(failed.Title, 400)
	failed.Kind = map[int]error{http.StatusNotFound: connection.ErrNotFound, http.StatusConflict: connection.ErrChanged}[got.Status]
	failed.Kind = cmp.Or(failed.Kind, connection.ErrInvalid)
	return transport.Refused
}

// secrets are the kinds, each with the name of its secret.
var secrets = map[string]string{"table": "password", "queue": "key"}

// Classify implements [connection.Provider].
func (*Provider) Classify(kind, property string) connection.Class {
	if secrets[kind] == property {
		return connection.ClassSecret
	}
	return connection.ClassProperty
}

// Normalize implements [connection.Provider]: each value has one form.
func (*Provider) Normalize(_ connection.Property, value any) any { return value }

// DataSources implements [connection.Provider].
func (*Provider) DataSources(_ context.Context, ids []string) (*connection.Catalog, error) {
	catalog := &connection.Catalog{DataSources: map[string]*connection.DataSource{}, Known: slices.Sorted(maps.Keys(secrets))}
	for _, id := range ids {
		if secret, known := secrets[id]; known {
			catalog.DataSources[id] = &connection.DataSource{ID: id, Properties: map[string]connection.Property{secret: {Class: connection.ClassSecret}}}
		}
	}
	return catalog, nil
}

// Snapshot implements [connection.Provider].
func (p *Provider) Snapshot(ctx context.Context, scope connection.Scope) (*connection.Snapshot, error) {
	all, err := p.read(ctx)
	if err != nil {
		return nil, err
	}
	snapshot := &connection.Snapshot{Capabilities: capabilities, NoUsers: scope.OwnerIDs, Reads: 1}
	for _, space := range all.Spaces {
		snapshot.Spaces = append(snapshot.Spaces, connection.Space{ID: space, Name: space, Type: "space"})
	}
	for _, d := range all.Connections {
		if !slices.ContainsFunc(scope.Spaces, func(s connection.SpaceRef) bool { return cmp.Or(s.Name, s.ID) == d.Space }) {
			continue
		}
		live := d.live()
		if scope.Details != nil && scope.Details(&live) {
			live.Properties = d.Settings
		}
		snapshot.Connections = append(snapshot.Connections, live)
	}
	slices.SortFunc(snapshot.Connections, func(a, b connection.Live) int { return a.Key.Compare(b.Key) })
	return snapshot, nil
}

// live returns a connection without its properties. Its version changes with the properties.
func (d document) live() connection.Live {
	key := connection.Key{Space: d.Space, Name: d.Name}
	live := connection.Live{
		ID: key.String(), Key: key, SpaceID: d.Space, DataSource: d.Kind, WriteOnlyCredentials: d.Holds, HasCredentials: len(d.Holds) > 0,
		Statement: connection.DigestStatement(strconv.Itoa(d.Version)),
	}
	_ = json.Unmarshal([]byte(d.Notes["qlsync"]), &live.Record) // an unreadable record is not ours
	return live
}

func (p *Provider) read(ctx context.Context) (all inventory, err error) {
	got, err := p.client.Do(ctx, transport.Request{Method: http.MethodGet, Path: "/"})
	if err != nil {
		return all, err
	}
	decoder := json.NewDecoder(bytes.NewReader(got.Body))
	decoder.UseNumber()
	if decoder.Decode(&all) != nil {
		return all, got.Unreadable("it has another form than is documented")
	}
	return all, nil
}

// find returns the connection with the key. Without one, the version is 0.
func (p *Provider) find(ctx context.Context, key connection.Key) (document, error) {
	all, err := p.read(ctx)
	for _, d := range all.Connections {
		if d.Space == key.Space && d.Name == key.Name {
			return d, nil
		}
	}
	return document{Space: key.Space, Name: key.Name}, err
}

// Execute implements [connection.Provider]. There are no batches.
func (p *Provider) Execute(ctx context.Context, operations []connection.Operation) []connection.Outcome {
	return p.ExecuteGroup(ctx, connection.Group{Operations: operations})
}

// ExecuteGroup implements [connection.Provider]. No path of this provider is undone.
func (p *Provider) ExecuteGroup(ctx context.Context, group connection.Group) []connection.Outcome {
	operations := group.Operations
	p.writing <- struct{}{}
	defer func() { <-p.writing }()
	outcomes := make([]connection.Outcome, len(operations))
	failed := ctx.Err()
	for i := range operations {
		outcomes[i].ID = operations[i].Key.String()
		if failed != nil {
			outcomes[i].Err = fmt.Errorf("%w: %w", connection.ErrNotSent, failed)
			continue
		}
		failed = p.execute(ctx, &operations[i])
		outcomes[i].Err = failed
		ctx = context.WithoutCancel(ctx) // nothing interrupts a group
	}
	return outcomes
}

// errDone ends a request that an earlier attempt has carried out.
var errDone = errors.New("carried out")

// execute sends one operation. It reads the connection again before each attempt.
func (p *Provider) execute(ctx context.Context, o *connection.Operation) error {
	var sent document
	request := transport.Request{
		Method: http.MethodPut, Path: "/" + url.PathEscape(o.Key.Space) + "/" + url.PathEscape(o.Key.Name), Repeatable: true,
		Fresh: func(ctx context.Context, maybe bool) ([]byte, error) {
			now, err := p.find(ctx, o.Key)
			isGone := err == nil && now.Version == 0
			if isGone && o.Kind == connection.Delete || maybe && now.Version > sent.Version && now.shows(sent) {
				p.written[o.Key] = now.Version
				return nil, errDone
			}
			if err := cmp.Or(err, p.check(o, now)); err != nil {
				return nil, err
			}
			sent = now.after(o)
			return transport.JSON(sent)
		},
	}
	if o.Kind == connection.Delete {
		request.Method = http.MethodDelete
	}
	for _, value := range connection.Secrets(o.Credentials) {
		request.Secrets = append(request.Secrets, value.Reveal())
	}
	got, err := p.client.Do(ctx, request)
	if err == nil {
		var version int
		_ = json.Unmarshal(got.Body, &version) // without a version, the next write reports a change
		p.written[o.Key] = version
	} else if !errors.Is(err, errDone) {
		return fmt.Errorf("%s: %w", o.Kind, err)
	}
	if !o.ReadBack {
		return nil
	}
	now, err := p.find(ctx, o.Key)
	if err == nil && !now.shows(sent) {
		err = fmt.Errorf("it was written, and then %w", connection.ErrChanged)
	}
	return err
}

// check returns an error if a connection has changed since it was read, or if the write would erase
// a secret.
func (p *Provider) check(o *connection.Operation, now document) error {
	switch live := now.live(); {
	case o.Kind == connection.Create && now.Version != 0:
		return fmt.Errorf("%w; plan again", connection.ErrConflict)
	case o.Kind == connection.Create:
		return nil
	case now.Version == 0:
		return connection.ErrNotFound
	case now.Version == p.written[o.Key]:
	case o.Seen == nil:
		return fmt.Errorf("%w; plan again", connection.ErrChanged)
	default:
		if err := connection.CheckUnchanged(o.Seen, &live, o); err != nil {
			return err
		}
	}
	for _, name := range now.Holds {
		if o.Kind == connection.Patch && o.Credentials[name] == nil && !o.AllowSecretLoss && !slices.Contains(o.Remove, name) {
			return fmt.Errorf("%w: it would clear %s", connection.ErrInvalid, name)
		}
	}
	return nil
}

// after returns the content that carries out the operation.
func (d document) after(o *connection.Operation) document {
	d.Kind, d.Holds, d.Secrets = o.DataSource, nil, map[string]string{}
	settings, notes := map[string]any{}, map[string]string{}
	maps.Copy(settings, d.Settings)
	maps.Copy(notes, d.Notes)
	for name, value := range o.Set {
		settings[name] = connection.Reveal(value)
	}
	for _, name := range o.Remove {
		delete(settings, name)
	}
	for name, value := range o.Credentials {
		d.Secrets[name], _ = connection.Reveal(value).(string)
	}
	if o.Record != nil {
		record, _ := json.Marshal(o.Record) // of texts and switches only
		notes["qlsync"] = string(record)
	}
	d.Settings, d.Notes = settings, notes
	return d
}

// shows reports whether a connection equals what was sent, as far as it is returned.
func (d document) shows(sent document) bool {
	return d.Kind == sent.Kind && connection.Equal(d.Settings, sent.Settings) && maps.Equal(d.Notes, sent.Notes)
}
