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
	read    map[string]map[string]any // properties that were read in detail and not compared yet, by id
	sampled map[string]bool           // ids
	groups  map[statement.Group]*group
	proved  int
	remarks []connection.Reason
}

// listing is what a list shows of a connection and [connection.Live] does not have.
type listing struct {
	statement statement.Text
	group     statement.Group // without a version if it is unknown
	separated *looseBool
	twice     bool // the id is in several lists
}

// group is the connections of one form of statements that may be proved.
type group struct {
	sample  *statement.Sample
	sampled int       // connections
	rest    []*member // not read in detail
	needed  bool      // the sample does not have all connections
	closed  bool      // the sample is whole, and compared
}

// Samples is what the tenants of one process share about the form of connect statements, so that each of
// them reads fewer connections in detail. It has no statement and no value of a property, and may be used
// concurrently.
type Samples struct{ pool statement.Pool }

// NewSamples returns samples without a tenant.
func NewSamples() *Samples { return &Samples{} }

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
	item := &listing{statement: wire.Statement.text, group: statement.Group{DataSource: wire.DataSource}, separated: wire.Separated}
	if len(version) == 1 {
		item.group.Version = strings.TrimPrefix(version[0], serverTag)
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

// divide returns the connections that must be read in detail first: those that nothing can prove, and
// the samples.
func (s *survey) divide(chosen []*connection.Live, scope connection.Scope) []*connection.Live {
	if s.proof.listed == nil {
		return chosen
	}
	s.proof.sampled, s.proof.groups = map[string]bool{}, map[statement.Group]*group{}
	var first []*connection.Live
	members := map[statement.Group][]*member{}
	for _, one := range chosen {
		if member := s.member(one, scope); member != nil {
			of := s.proof.listed[one.ID].group
			members[of] = append(members[of], member)
		} else {
			first = append(first, one)
		}
	}
	for of, members := range members {
		source, _ := s.schema(of.DataSource)
		g := &group{sample: s.samples.pool.Sample(s.tenant, of, len(members), slices.Collect(maps.Keys(source.Properties))...)}
		s.proof.groups[of] = g
		chooseSample(members, scope.Day, g.sample.First(), g.sample.Whole())
		first = append(first, s.take(g, members, func(m *member) bool { return m.sampled })...)
		g.needed = len(g.rest) > 0
	}
	slices.SortFunc(first, byPlace)
	return first
}

// take adds the members that are wanted to the sample, and returns them. The others are the rest of
// the group.
func (s *survey) take(g *group, members []*member, wanted func(*member) bool) (taken []*connection.Live) {
	g.rest = nil
	for _, m := range members {
		if !wanted(m) {
			g.rest = append(g.rest, m)
			continue
		}
		s.proof.sampled[m.live.ID] = true
		g.sampled++
		taken = append(taken, m.live)
	}
	if g.sampled >= g.sample.Whole() {
		g.sample.SetWhole()
	}
	return taken
}

func byPlace(a, b *connection.Live) int {
	return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.ID, b.ID))
}

// member is a connection of a group that may be proved.
type member struct {
	live    *connection.Live
	keys    []string // of its statement
	order   [sha256.Size]byte
	sampled bool
	proved  map[string]any // the declared properties; nil: it is not proved
}

// member returns nil for a connection that no statement can prove.
func (s *survey) member(live *connection.Live, scope connection.Scope) *member {
	listed := s.proof.listed[live.ID]
	if listed.twice || listed.group.Version == "" || live.DataSource == "" {
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

// chooseSample marks the members of a group that are read in detail, in an order that is another one
// each day: first one for each key of a statement, up to the size of a whole sample; then one for each
// space, and then others, up to the size that may suffice.
func chooseSample(members []*member, day string, first, whole int) {
	for _, m := range members {
		m.order = sha256.Sum256([]byte(day + "\n" + m.live.ID))
	}
	slices.SortFunc(members, func(a, b *member) int { return slices.Compare(a.order[:], b.order[:]) })
	chosen := 0
	seen := map[string]bool{}
	choose := func(most int, features func(*member) []string) {
		for _, m := range members {
			if chosen >= most {
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
			chosen++
			for _, feature := range slices.Concat(m.keys, spaceOf(m)) {
				seen[feature] = true
			}
		}
	}
	choose(whole, func(m *member) []string { return m.keys })
	choose(first, spaceOf)
	choose(first, nil)
}

// spaceOf returns the space of a member; no key of a statement has its form.
func spaceOf(m *member) []string { return []string{"space " + m.live.SpaceID} }

// prove compares the connections that were not read with what is declared, and returns those that must
// be read now: up to a whole sample of what the sample so far does not prove, and all of it after that.
// What a smaller sample has proved is compared again, because a larger one may disagree. Only a sample
// shows anything about other connections: what is read after it has odd values, or differs.
func (s *survey) prove(scope connection.Scope) (next []*connection.Live) {
	for id, properties := range s.proof.read {
		listed := s.proof.listed[id]
		if g := s.proof.groups[listed.group]; g != nil && !listed.twice && !g.closed {
			g.sample.Add(listed.statement.Parse(), properties)
		}
	}
	clear(s.proof.read)
	for _, g := range s.proof.groups {
		more := g.sample.Whole() - g.sampled
		isWhole := more <= 0
		g.closed = isWhole
		next = append(next, s.take(g, g.rest, func(m *member) bool {
			if s.compare(g.sample, m, scope); m.proved != nil {
				return false
			}
			more--
			return isWhole || more >= 0
		})...)
	}
	slices.SortFunc(next, byPlace)
	return next
}

// compare determines whether the statement proves that a connection is as declared.
func (s *survey) compare(sample *statement.Sample, m *member, scope connection.Scope) {
	m.proved = nil
	shown := sample.Properties(s.proof.listed[m.live.ID].statement.Parse())
	if declared, equal := scope.Equals(m.live, s.shown(m.live, shown)); equal {
		m.proved = declared
	}
}

// end sets the properties of the connections that are proved, and drops everything that was known for
// the proofs, except what other connections depend on.
func (s *survey) end() {
	for _, g := range s.proof.groups {
		for _, m := range g.rest {
			m.live.Properties, m.live.Proved = maps.Clone(m.proved), true
		}
		s.proof.proved += len(g.rest)
	}
	s.remark()
	s.proof.listed, s.proof.read, s.proof.groups = nil, nil, nil
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

// remark reports the properties that differ from what the statements say, where these were to prove
// something.
func (s *survey) remark() {
	byGroup := func(a, b statement.Group) int {
		return cmp.Or(cmp.Compare(a.DataSource, b.DataSource), cmp.Compare(a.Version, b.Version))
	}
	for _, of := range slices.SortedFunc(maps.Keys(s.proof.groups), byGroup) {
		g := s.proof.groups[of]
		if names := g.sample.Disagreements(); g.needed && len(names) > 0 {
			s.proof.remarks = append(s.proof.remarks, connection.Because("statement-differs",
				"dataSource", of.DataSource, "version", of.Version, "properties", names))
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
