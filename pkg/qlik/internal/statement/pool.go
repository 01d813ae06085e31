package statement

import (
	"fmt"
	"sync"
)

// Group is what the connections have in common of which the statements have one form.
type Group struct {
	DataSource string
	Version    string // of the connector
}

// Pool is what samples of a group have shown in several tenants. It contains names of properties and of
// tenants, but nothing of a statement. The zero value is empty. A pool may be used concurrently.
//
// A tenant counts once as evidence for a property, regardless of the size of its sample. So the samples of
// one tenant replace at most one connection in the sample of another tenant. A disagreement counts for all
// tenants, from then on.
type Pool struct {
	mu     sync.Mutex
	groups map[Group]*evidence
}

// evidence is what a pool has of one group.
type evidence struct {
	connections map[string]int           // that may be proved, by tenant
	all         int                      // the sum of connections
	sampled     tenants                  // of which a connection was compared
	agreed      map[claim]tenants        // of which a connection agreed
	kinds       map[string]map[look]look // of the properties that agreed
	refuted     map[string]bool          // properties that no tenant proves any more
}

// claim is the statement that a property whose text has this look is a scalar of this kind, under its own
// name.
type claim struct {
	property   string
	look, kind look
}

// tenants is a set of tenants, by name. It has no more than maxTenants.
type tenants map[string]bool

// maxTenants is more than any sample needs; see [Size].
const maxTenants = 80

func (t tenants) add(tenant string) {
	if len(t) < maxTenants {
		t[tenant] = true
	}
}

// without returns the number of the other tenants.
func (t tenants) without(tenant string) int {
	if t[tenant] {
		return len(t) - 1
	}
	return len(t)
}

// Sample returns a sample of a tenant in which this many connections of the group may be proved. names
// are the properties that the data source may have.
func (p *Pool) Sample(tenant string, of Group, connections int, names ...string) *Sample {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.groups[of]
	if e == nil {
		e = &evidence{
			connections: map[string]int{}, sampled: tenants{}, agreed: map[claim]tenants{},
			kinds: map[string]map[look]look{}, refuted: map[string]bool{},
		}
		if p.groups == nil {
			p.groups = map[Group]*evidence{}
		}
		p.groups[of] = e
	}
	if more := connections - e.connections[tenant]; more > 0 { // a tenant may be read again
		e.connections[tenant] += more
		e.all += more
	}
	s := NewSample(names...)
	s.pool = &share{pool: p, evidence: e, tenant: tenant, whole: Size(connections), needed: max(minFacts, Size(e.all))}
	s.pool.first = min(s.pool.whole, max(1, s.pool.needed-e.sampled.without(tenant)))
	return s
}

// share is the part of one tenant in a pool, for one group.
type share struct {
	pool     *Pool
	evidence *evidence
	tenant   string
	// whole is the size of the sample of a tenant alone, and first the size that suffices if the samples
	// of all tenants agree.
	whole, first int
	needed       int // how many connections of all tenants must have agreed
	isWhole      bool
}

// add adds what the facts of the tenant show.
func (s *share) add(rules map[string]*rule, refuted []string) {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	e := s.evidence
	e.sampled.add(s.tenant)
	for _, name := range refuted {
		e.refuted[name] = true
	}
	for name, rule := range rules {
		if rule.key != name {
			continue
		}
		if e.kinds[name] == nil {
			e.kinds[name] = map[look]look{}
		}
		for look, kind := range rule.kinds {
			if before, known := e.kinds[name][look]; known && before != kind {
				e.refuted[name] = true
			}
			e.kinds[name][look] = kind
			of := claim{name, look, kind}
			if e.agreed[of] == nil {
				e.agreed[of] = tenants{}
			}
			e.agreed[of].add(s.tenant)
		}
	}
}

// proves reports whether a property is provable that agreed in the sample of the tenant: no tenant
// disagrees, and the sample of the tenant is whole, or enough connections of all tenants agreed. A
// property under another name needs a whole sample.
func (s *share) proves(name string, rule *rule, look look) bool {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	switch {
	case s.evidence.refuted[name]:
		return false
	case s.isWhole:
		return true
	case rule.key != name:
		return false
	}
	others := s.evidence.agreed[claim{name, look, rule.kinds[look]}].without(s.tenant)
	return rule.agreed[look]+others >= s.needed
}

// First returns how many connections of the sample must be read before anything may be provable.
func (s *Sample) First() int { return s.pool.first }

// Whole returns how many connections of the sample must be read to prove without other tenants.
func (s *Sample) Whole() int { return s.pool.whole }

// SetWhole records that so many connections were read.
func (s *Sample) SetWhole() { s.pool.isWhole = true }

// Format prints a placeholder for every verb.
func (*Pool) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(placeholder)) }
