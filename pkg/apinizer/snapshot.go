package apinizer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/qlsync/qlsync/internal/guard"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// survey is a snapshot in progress.
type survey struct {
	*Provider
	sent, details atomic.Int64
	incomplete    []string
	// undescribed marks connections that a list shows without a description, which may contain an
	// ownership record.
	undescribed map[connection.Key]bool
}

// Snapshot reads the projects; then, for those in the scope, one list for each type; then single
// connections, because lists show less and mask more.
func (p *Provider) Snapshot(ctx context.Context, scope connection.Scope) (*connection.Snapshot, error) {
	ctx = transport.WithQuota(ctx, p.client.raise)
	p.mu.Lock()
	clear(p.writes)
	p.mu.Unlock()
	s := &survey{Provider: p, undescribed: map[connection.Key]bool{}}
	spaces, err := s.projects(ctx)
	if err != nil {
		return nil, err
	}
	var live []connection.Live
	for _, space := range spaces {
		if !slices.ContainsFunc(scope.Spaces, func(ref connection.SpaceRef) bool { return names(ref, space) }) {
			continue
		}
		found, err := s.inventory(ctx, space)
		if err != nil {
			return nil, err
		}
		live = append(live, found...)
	}
	if err := s.read(ctx, live, scope); err != nil {
		return nil, err
	}
	slices.SortFunc(live, func(a, b connection.Live) int { return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.ID, b.ID)) })
	return &connection.Snapshot{
		Spaces: spaces, Connections: live, Incomplete: s.incomplete,
		Reads: int(s.sent.Load()), Details: int(s.details.Load()), Capabilities: p.capabilities(),
	}, nil
}

func names(ref connection.SpaceRef, space connection.Space) bool {
	return !ref.Personal && cmp.Or(ref.Name, ref.ID) == space.Name
}

// projects returns the projects that the token may see. The server silently omits others, so the
// planner reports declared projects that are missing.
func (s *survey) projects(ctx context.Context) ([]connection.Space, error) {
	items, count, err := s.list(ctx, "projects/", nil, &s.sent)
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	if miscounted := describeCount(count, len(items), "projects"); miscounted != "" {
		s.incomplete = append(s.incomplete, miscounted)
	}
	var spaces []connection.Space
	for _, item := range items {
		var project struct {
			Name string `json:"name"`
		}
		if err := cmp.Or(transport.CheckTexts(item), json.Unmarshal(item, &project)); err == nil && project.Name != "" {
			spaces = append(spaces, connection.Space{ID: project.Name, Name: project.Name, Type: "project"})
		}
	}
	switch odd := len(items) - len(spaces); {
	case odd > 0 && len(spaces) == 0:
		return nil, errors.New("list projects: no project has a name: check that the url is that of an Apinizer manager")
	case odd > 0:
		s.incomplete = append(s.incomplete, fmt.Sprintf("%d of %d projects could not be read: they have no name, or a text longer than 1 MiB", odd, len(items)))
	}
	slices.SortFunc(spaces, func(a, b connection.Space) int { return cmp.Compare(a.Name, b.Name) })
	distinct := slices.Compact(slices.Clone(spaces))
	if twice := len(spaces) - len(distinct); twice > 0 {
		s.incomplete = append(s.incomplete, "the list of projects changed while it was read: "+words.CountOf(twice, "project is listed twice", "projects are listed twice"))
	}
	return distinct, nil
}

// list reads a list and the server's count of its items; nil: unknown. For the meaning of the
// count, see [describeCount].
func (p *Provider) list(ctx context.Context, path string, query url.Values, sent *atomic.Int64) (items []json.RawMessage, count *int, err error) {
	ctx = transport.WithQuota(ctx, p.client.raise)
	got, err := p.client.do(ctx, transport.Request{Method: http.MethodGet, Path: path, Query: query, Sent: sent})
	if err != nil {
		return nil, nil, err
	}
	var body envelope
	if err := json.Unmarshal(got.Body, &body); err != nil || body.List == nil {
		return nil, nil, &Error{
			Method: http.MethodGet, Path: apiPath + path, Status: got.Status,
			Title: "the answer is not what the API describes: it has no list under \"resultList\"",
		}
	}
	if err := transport.TakeItems(ctx, len(body.List)); err != nil {
		return nil, nil, fmt.Errorf("GET %s: %w", apiPath+path, err)
	}
	return body.List, body.Count, nil
}

// describeCount says why a list is incomplete according to its count. Empty: the count equals the
// number of listed items or is unknown. It is not documented whether lists have pages, so a larger
// count means that items are missing. A smaller count means that either the list or the count is
// wrong.
func describeCount(count *int, listed int, what string) string {
	switch {
	case count == nil || *count == listed:
		return ""
	case *count < listed:
		return fmt.Sprintf("the manager lists %d %s and counts only %d", listed, what, *count)
	}
	return fmt.Sprintf("the manager counts %d %s and lists only %d", *count, what, listed)
}

// inventory lists the connections of a project, type by type.
func (s *survey) inventory(ctx context.Context, space connection.Space) ([]connection.Live, error) {
	kinds := TypeNames()
	lists := make([][]document, len(kinds))
	missing := make([]string, len(kinds))
	group, ctx := s.readers(ctx)
	for i, kind := range kinds {
		group.Go(func() (err error) {
			lists[i], missing[i], err = s.listType(ctx, space.Name, kind, &s.sent)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var live []connection.Live
	for i := range kinds {
		if missing[i] != "" {
			s.incomplete = append(s.incomplete, missing[i])
		}
		for _, d := range lists[i] {
			one := s.toLive(space, d)
			if _, described := d.fields[descriptionKey]; !described && !s.unmarked {
				s.undescribed[one.Key] = true
			}
			live = append(live, one)
		}
	}
	return withoutNamesakes(live), nil
}

// listType lists the connections of one type, and returns what is missing from the list, empty if
// nothing is. A server may also return connections of other types, as an example of the
// documentation does.
func (p *Provider) listType(ctx context.Context, project, kind string, sent *atomic.Int64) (found []document, missing string, err error) {
	path, err := listPath(project)
	if err != nil {
		return nil, "", err
	}
	items, count, err := p.list(ctx, path, url.Values{"type": {kind}}, sent)
	if err != nil {
		return nil, "", fmt.Errorf("list connections of type %s in project %q: %w", kind, project, err)
	}
	odd, twice, seen := 0, 0, map[string]bool{}
	for _, item := range items {
		d, err := parseDocument(item)
		name, _ := d.fields["name"].(string)
		switch {
		case err != nil, name == "":
			odd++
		case d.kind == "", d.kind == kind:
			if seen[name] {
				twice++
			}
			seen[name], d.kind = true, kind
			found = append(found, d)
		}
	}
	switch {
	case twice > 0:
		missing = fmt.Sprintf("the list of connections of type %s in project %q changed while it was read: %s", kind, project,
			words.CountOf(twice, "connection is listed twice", "connections are listed twice"))
	case odd > 0:
		missing = fmt.Sprintf("%d of %d connections of type %s in project %q could not be read: they have no name, or a text longer than 1 MiB", odd, len(items), kind, project)
	default:
		missing = describeCount(count, len(items), fmt.Sprintf("connections of type %s in project %q", kind, project))
	}
	return found, missing, nil
}

// withoutNamesakes marks connections that share a name as unreadable: get, put and delete take a
// name without a type, and it is not documented which connection they affect. Names that differ
// only in letter case or Unicode normalization may count as the same.
func withoutNamesakes(live []connection.Live) []connection.Live {
	sharing := map[string][]connection.Live{}
	for _, l := range live {
		folded := connection.FoldName(l.Key.Name)
		sharing[folded] = append(sharing[folded], l)
	}
	for i := range live {
		others := sharing[connection.FoldName(live[i].Key.Name)]
		if len(others) < 2 {
			continue
		}
		var kinds []string
		for _, other := range others {
			kinds = append(kinds, fmt.Sprintf("%q of type %s", other.Key.Name, other.DataSource))
		}
		slices.Sort(kinds)
		live[i].Unreadable = "the project has " + strings.Join(kinds, " and ") + ", and the API cannot address them separately: rename one in the console"
	}
	slices.SortStableFunc(live, func(a, b connection.Live) int { return a.Key.Compare(b.Key) })
	return slices.CompactFunc(live, func(a, b connection.Live) bool { return a.Key == b.Key })
}

func (p *Provider) readers(ctx context.Context) (*guard.Group, context.Context) {
	group, groupCtx := guard.WithContext(ctx)
	group.SetLimit(p.parallelism)
	return group, groupCtx
}

// idOf returns the address of a connection, which has no other id.
func idOf(key connection.Key) string { return key.String() }

// toLive converts an answer of the server. Properties are omitted if the answer is a list.
func (p *Provider) toLive(space connection.Space, d document) connection.Live {
	name, _ := d.fields["name"].(string)
	live := connection.Live{
		Key: connection.Key{Space: space.Name, Name: name}, SpaceID: space.ID, DataSource: d.kind, Record: d.record(),
	}
	live.ID = idOf(live.Key)
	return live
}

// read reads the properties of the connections for which they are requested, or whose list shows no
// description, which may contain an ownership record.
func (s *survey) read(ctx context.Context, live []connection.Live, scope connection.Scope) error {
	if scope.Details == nil {
		return nil
	}
	var chosen []*connection.Live
	for i := range live {
		if live[i].Unreadable == "" && (scope.Details(&live[i]) || s.undescribed[live[i].Key]) {
			chosen = append(chosen, &live[i])
		}
	}
	var done atomic.Int64
	group, ctx := s.readers(ctx)
	for _, one := range chosen {
		group.Go(func() error {
			err := s.detail(ctx, one)
			if scope.Reading != nil {
				scope.Reading(int(done.Add(1)), len(chosen))
			}
			return err
		})
	}
	return group.Wait()
}

func (s *survey) detail(ctx context.Context, live *connection.Live) error {
	s.details.Add(1)
	d, err := s.get(ctx, live.Key, &s.sent)
	switch {
	case errors.Is(err, connection.ErrNotFound), errors.Is(err, connection.ErrInvalid), transport.HasOtherForm(err):
		live.Unreadable = "the list shows it, but a read fails: " + err.Error()
		return nil
	case err != nil:
		return fmt.Errorf("read connection %q: %w", live.Key, err)
	case d.kind != live.DataSource:
		live.Unreadable = fmt.Sprintf("the list shows it as of type %s, but its own page as of type %s", live.DataSource, d.kind)
		return nil
	}
	s.fill(live, d)
	s.remember(live.Key, d)
	return nil
}

// get reads one connection: the first item of the list in the answer.
func (p *Provider) get(ctx context.Context, key connection.Key, sent *atomic.Int64) (document, error) {
	path, err := connectionPath(key)
	if err != nil {
		return document{}, err
	}
	items, _, err := p.list(ctx, path, nil, sent)
	if err != nil {
		return document{}, err
	}
	odd := func(format string, args ...any) (document, error) {
		return document{}, &Error{Method: http.MethodGet, Path: apiPath + path, Status: http.StatusOK, Title: fmt.Sprintf(format, args...)}
	}
	if len(items) != 1 {
		return odd("it answers with %d connections, not one", len(items))
	}
	d, err := parseDocument(items[0])
	if err != nil {
		return odd("%v", err)
	}
	if name, _ := d.fields["name"].(string); !strings.EqualFold(name, key.Name) {
		return odd("the answer is about another connection than %q", key.Name)
	}
	return d, nil
}

// fill sets the properties from the fields. Masked fields are dropped with any value, because a
// value may be ciphertext. Null is the same as absent.
func (p *Provider) fill(live *connection.Live, d document) {
	text, _ := d.fields[descriptionKey].(string)
	user, record, _ := splitDescription(text)
	live.Record = record
	if p.unmarked && (record.Project == "" || record.Project == p.project) {
		live.Record = connection.Record{Project: p.project, Key: connection.KeyDigest(live.Key), Sensitive: record.Sensitive}
	}
	if !p.unmarked && utf8.RuneCountInString(user) > maxDescription {
		live.Crowded = descriptionKey
	}
	t := types[d.kind]
	live.Properties = map[string]any{}
	live.WriteOnlyCredentials, live.InUse = writeOnly(t, d.fields), inUse(t, d.fields)
	if live.Record.Project == "" {
		live.WriteOnlyCredentials = slices.Sorted(slices.Values(slices.Concat(live.WriteOnlyCredentials, dormant(t, d.fields))))
	}
	for name, value := range d.fields {
		s := t.fields[name]
		switch {
		case value == nil, slices.Contains(serverOwned, name), name == "name":
		case s != nil && s.class() != connection.ClassProperty:
		case name == descriptionKey:
			if user != "" {
				live.Properties[name] = user
			}
		case s != nil:
			live.Properties[name] = p.redactLive(&live.Record, name, name, s.normalize(value))
		case t.shownAs(name), slices.Contains(live.WriteOnlyCredentials, extraPrefix+name):
		default:
			live.Properties[extraPrefix+name] = p.redactLive(&live.Record, extraPrefix+name, name, value)
		}
	}
	for name, s := range t.fields {
		if s.ShownAs != "" && live.Properties[name] == nil && d.fields[s.ShownAs] != nil {
			live.WriteOnlyProperties = append(live.WriteOnlyProperties, name)
		}
	}
	slices.Sort(live.WriteOnlyProperties)
	live.HasCredentials = len(live.InUse) > 0 || len(connection.Secrets(live.Properties)) > 0
}

// inUse lists the parts of the credentials that the connection uses with its current settings: the
// write-only ones, and those that the server returns in clear text.
func inUse(t *connectionType, fields map[string]any) []string {
	found := append([]string{}, writeOnly(t, fields)...)
	for name, s := range t.fields {
		if text, _ := fields[name].(string); text != "" && s.class() != connection.ClassProperty {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// extraPrefix is the prefix of properties that the tables do not know: a field of a newer server
// can be declared as extra.NAME.
const extraPrefix = "extra."

// serverOwned are fields that are neither compared nor sent (documented, or present in one of the
// contracts).
var serverOwned = []string{"projectName", "id", "projectId", "_class", "selectedEnvironmentId"}

// shownAs reports whether a field replaces another one in answers: an id in place of a name.
func (t *connectionType) shownAs(name string) bool {
	for _, s := range t.fields {
		if s.ShownAs == name {
			return true
		}
	}
	return false
}

// writeOnly lists the masked fields that the connection has: the fields that it needs or may need
// with its current settings, and fields for which the server returns a value. A value of only
// environment variables is not a secret, and is returned. A field that we did not write may still
// have a value, added by hand.
func writeOnly(t *connectionType, fields map[string]any) []string {
	var found []string
	for name, s := range t.fields {
		text, _ := fields[name].(string)
		switch {
		case s.masked() && !isVariable(text) && (text != "" || s.inUse(fields, t) || t.holds(s.MaybeWhen, fields)),
			s.class() != connection.ClassProperty && text == "" && slices.Contains(t.needed, name):
			found = append(found, name)
		}
	}
	for name, value := range fields {
		if text, _ := value.(string); t.fields[name] == nil && text != "" && t.masks(fields, name) && !isVariable(text) {
			found = append(found, extraPrefix+name)
		}
	}
	slices.Sort(found)
	return found
}

// dormant lists the masked fields that the connection does not use with its current settings. The
// server may store an earlier value of each, never returns it, and loses it with the next write.
// Only for a connection that qlsync has written is it certain that there is no such value.
func dormant(t *connectionType, fields map[string]any) []string {
	var found []string
	for name, s := range t.fields {
		text, _ := fields[name].(string)
		if s.masked() && text == "" && !s.inUse(fields, t) && !t.holds(s.MaybeWhen, fields) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// remember stores the [digest] of a connection.
func (p *Provider) remember(key connection.Key, d document) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[connection.FoldKey(key)] = digest(d)
}

func (p *Provider) forget(key connection.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.seen, connection.FoldKey(key))
}

// changed reports whether a connection differs from what the plan saw.
func (p *Provider) changed(key connection.Key, d document) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, known := p.seen[connection.FoldKey(key)]
	return known && before != digest(d)
}

// digest identifies the result of a read, including the ownership record. For a masked field it
// contains only whether the field is set: the text may be ciphertext that differs at each read. It
// excludes the manager's own id and the pending flag.
func digest(d document) string {
	t := types[d.kind]
	visible := map[string]any{typeKey: d.kind}
	d.fields = maps.Clone(d.fields)
	d.setPending(false)
	for name, value := range d.fields {
		s := (*schema)(nil)
		if t != nil {
			s = t.fields[name]
		}
		text, isText := value.(string)
		switch {
		case value == nil, slices.Contains(serverOwned, name):
		case t != nil && t.masks(d.fields, name) && !isVariable(text):
			if !isText || text != "" {
				visible[name] = true
			}
		case name == descriptionKey:
			visible[name] = value
		case s != nil:
			visible[name] = s.normalize(value)
		default:
			visible[name] = value
		}
	}
	sum := sha256.Sum256([]byte(connection.Canonical(visible)))
	return hex.EncodeToString(sum[:])
}
