package qlik

import (
	"cmp"
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik/internal/statement"
)

// Connections that are as declared by the list are not read in detail. Package statement explains
// what a statement proves. The connections of one data source and connector version are a group, of
// which a sample is read first. Nothing that differs is concluded from a statement, and nothing of a
// statement outlasts the snapshot.

// proof is what a survey knows for the proofs. Its maps are nil if nothing is to be proved.
type proof struct {
	mu      sync.Mutex
	listed  map[string]*listing
	read    map[string]map[string]any // properties as they were read in detail, by id
	sampled map[string]bool           // ids
	proved  int
	remarks []connection.Reason
}

// listing is what a list shows of a connection and [connection.Live] does not have.
type listing struct {
	statement statement.Text
	group     group
	separated *looseBool
	twice     bool // the id is in several lists
}

// group is what the connections have in common of which the statements have one form.
type group struct {
	dataSource string
	version    string // the tag of the service, which has the connector and its version; empty: unknown
}

// list keeps an item of a list.
func (s *survey) list(wire *wireConnection) {
	p := &s.proof
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.digests != nil {
		s.digests[wire.id()] = wire.Statement.text.Digest(s.cacheDigest, wire.Updated.Format(time.RFC3339Nano))
	}
	if p.listed == nil {
		return
	}
	version := slices.DeleteFunc(slices.Clone(wire.Tags), func(tag string) bool { return !strings.HasPrefix(tag, serverTag) })
	item := &listing{statement: wire.Statement.text, group: group{dataSource: wire.DataSource}, separated: wire.Separated}
	if len(version) == 1 {
		item.group.version = version[0]
	}
	item.twice = p.listed[wire.id()] != nil
	p.listed[wire.id()] = item
}

// note keeps the properties of a connection as they were read.
func (p *proof) note(id string, properties map[string]any) {
	if p.read != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.read[id] = properties
	}
}

// isSampled reports whether a connection must be read from the tenant, because other connections
// depend on it.
func (p *proof) isSampled(live *connection.Live) bool { return p.sampled[live.ID] }

// divide returns the connections that must be read in detail, with the samples, and those that may be
// proved then.
func (s *survey) divide(chosen []*connection.Live, scope connection.Scope) (first, rest []*connection.Live) {
	if s.proof.listed == nil {
		return chosen, nil
	}
	s.proof.sampled = map[string]bool{}
	groups := map[group][]*member{}
	for _, one := range chosen {
		if member := s.member(one, scope); member != nil {
			of := s.proof.listed[one.ID].group
			groups[of] = append(groups[of], member)
		} else {
			first = append(first, one)
		}
	}
	for _, members := range groups {
		chooseSample(members, scope.Day)
		for _, member := range members {
			if member.sampled {
				s.proof.sampled[member.live.ID] = true
				first = append(first, member.live)
			} else {
				rest = append(rest, member.live)
			}
		}
	}
	byPlace := func(a, b *connection.Live) int { return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.ID, b.ID)) }
	slices.SortFunc(first, byPlace)
	slices.SortFunc(rest, byPlace)
	return first, rest
}

// member is a connection of a group that may be proved.
type member struct {
	live    *connection.Live
	keys    []string // of its statement
	order   [sha256.Size]byte
	sampled bool
}

// member returns nil for a connection that no statement can prove.
func (s *survey) member(live *connection.Live, scope connection.Scope) *member {
	listed := s.proof.listed[live.ID]
	if listed.twice || listed.group.version == "" || live.DataSource == "" {
		return nil
	}
	if declared, _ := scope.Equals(live, nil); declared == nil {
		return nil
	}
	if source, _ := s.schema(live.DataSource); source == nil {
		return nil
	}
	parsed := listed.statement.Parse()
	if parsed == nil {
		return nil
	}
	return &member{live: live, keys: parsed.Keys()}
}

// chooseSample marks the members of a group that are read in detail: first one for each key of a
// statement, then one for each space, then others, in an order that is another one each day.
func chooseSample(members []*member, day string) {
	for _, m := range members {
		m.order = sha256.Sum256([]byte(day + "\n" + m.live.ID))
	}
	slices.SortFunc(members, func(a, b *member) int { return slices.Compare(a.order[:], b.order[:]) })
	left := statement.Size(len(members))
	seen := map[string]bool{}
	choose := func(features func(*member) []string) {
		for _, m := range members {
			if left == 0 {
				return
			}
			isNew := features == nil
			if !m.sampled && !isNew {
				isNew = slices.ContainsFunc(features(m), func(feature string) bool { return !seen[feature] })
			}
			if m.sampled || !isNew {
				continue
			}
			m.sampled = true
			left--
			for _, feature := range slices.Concat(m.keys, spaceOf(m)) {
				seen[feature] = true
			}
		}
	}
	choose(func(m *member) []string { return m.keys })
	choose(spaceOf)
	choose(nil)
}

// spaceOf returns the space of a member; no key of a statement has its form.
func spaceOf(m *member) []string { return []string{"space " + m.live.SpaceID} }

// prove sets the properties of the connections that are as declared, by the samples that have been
// read, and returns the others.
func (s *survey) prove(rest []*connection.Live, scope connection.Scope) (unproved []*connection.Live) {
	defer func() { s.proof.listed, s.proof.read = nil, nil }()
	samples := map[group]*statement.Sample{}
	for _, one := range rest {
		of := s.proof.listed[one.ID].group
		if samples[of] == nil {
			source, _ := s.schema(of.dataSource)
			samples[of] = statement.NewSample(slices.Collect(maps.Keys(source.Properties))...)
		}
	}
	for id, properties := range s.proof.read {
		listed := s.proof.listed[id]
		if sample := samples[listed.group]; sample != nil && !listed.twice {
			sample.Add(listed.statement.Parse(), properties)
		}
	}
	for _, one := range rest {
		listed := s.proof.listed[one.ID]
		sample := samples[listed.group]
		declared, equal := scope.Equals(one, s.shown(one, sample.Properties(listed.statement.Parse())))
		if !equal {
			unproved = append(unproved, one)
			continue
		}
		one.Properties, one.Proved = maps.Clone(declared), true
		s.proof.proved++
	}
	s.remark(samples)
	return unproved
}

// shown returns properties in the form in which a snapshot has them. The list has a field for the
// switch of per-user credentials: where a statement contradicts the field, the switch is unknown.
func (s *survey) shown(live *connection.Live, properties map[string]any) map[string]any {
	shown := redactProperties(live.DataSource, properties, s.lifts(live))
	listed := &wireConnection{Separated: s.proof.listed[live.ID].separated}
	if value, known := shown[separateCredentials]; known && value != listed.isSeparated() {
		delete(shown, separateCredentials)
	} else {
		showSeparated(shown, listed)
	}
	source, _ := s.schema(live.DataSource)
	shown = source.Redact(shown, s.lifts(live))
	dropSeparated(source, shown)
	return shown
}

// remark reports the properties that differ from what the statements say.
func (s *survey) remark(samples map[group]*statement.Sample) {
	byGroup := func(a, b group) int {
		return cmp.Or(cmp.Compare(a.dataSource, b.dataSource), cmp.Compare(a.version, b.version))
	}
	for _, of := range slices.SortedFunc(maps.Keys(samples), byGroup) {
		if names := samples[of].Disagreements(); len(names) > 0 {
			s.proof.remarks = append(s.proof.remarks, connection.Because("statement-differs",
				"dataSource", of.dataSource, "version", strings.TrimPrefix(of.version, serverTag), "properties", names))
		}
	}
}

// Detail implements [connection.Detailer].
func (p *Provider) Detail(ctx context.Context, snapshot *connection.Snapshot, scope connection.Scope, needed func(*connection.Live) bool) (*connection.Snapshot, error) {
	ctx = transport.WithQuota(ctx, p.client.raise)
	scope.Equals = nil
	s := p.survey(scope)
	detailed := *snapshot
	detailed.Connections = slices.Clone(snapshot.Connections)
	var chosen []*connection.Live
	for i := range detailed.Connections {
		if one := &detailed.Connections[i]; one.Proved && needed(one) {
			one.Proved, one.Properties = false, nil
			chosen = append(chosen, one)
		}
	}
	if _, err := s.readAll(ctx, chosen, nil); err != nil {
		return nil, err
	}
	if err := s.redactMarked(ctx, chosen); err != nil {
		return nil, err
	}
	if scope.Linked {
		showLinked(detailed.Connections, snapshot.Stored)
	}
	slices.SortFunc(detailed.Connections, byKey)
	detailed.Reads += int(s.sent.Load())
	detailed.Details += s.detailed
	detailed.Proved -= len(chosen)
	return &detailed, nil
}
