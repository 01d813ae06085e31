package statement_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/qlik/internal/statement"
)

var databaseGroup = statement.Group{DataSource: "mssql", Version: "mssql:1.0.0"}

// ofTenant returns the sample of a tenant with so many connections, of which those of facts were read.
func ofTenant(p *statement.Pool, tenant string, connections int, facts ...known) *statement.Sample {
	s := p.Sample(tenant, databaseGroup, connections)
	for _, fact := range facts {
		s.Add(text(fact.pairs).Parse(), fact.shown)
	}
	if len(facts) >= s.Whole() {
		s.SetWhole()
	}
	s.Disagreements()
	return s
}

// honest returns facts that agree.
func honest(n int) (facts []known) {
	for i := range n {
		facts = append(facts, known{fmt.Sprintf("host=db%d;port=14%02d;", i, i+10), properties{"host": fmt.Sprint("db", i), "port": json.Number(fmt.Sprintf("14%02d", i+10))}})
	}
	return facts
}

// filled returns a pool in which so many tenants, of 50 connections each, agree.
func filled(tenants int) *statement.Pool {
	p := &statement.Pool{}
	for i := range tenants {
		ofTenant(p, fmt.Sprint("honest ", i), 50, honest(9)...)
	}
	return p
}

const (
	asSampled = "host=db77;port=1501;"
	plenty    = 20 // tenants, with more evidence than 1,000 connections need
)

func TestATenantThatFollowsEnoughOthersReadsOneConnection(t *testing.T) {
	p := &statement.Pool{}
	var sizes []int
	for i := range 20 {
		s := p.Sample(fmt.Sprint("tenant ", i), databaseGroup, 50)
		if s.Whole() != 9 {
			t.Fatalf("got a whole sample of %d, want 9", s.Whole())
		}
		sizes = append(sizes, s.First())
		for _, fact := range honest(s.First()) {
			s.Add(text(fact.pairs).Parse(), fact.shown)
		}
		if s.First() == s.Whole() {
			s.SetWhole()
		}
		want := properties{"host": "db77", "port": json.Number("1501")}
		if diff := cmp.Diff(want, s.Properties(text(asSampled).Parse())); diff != "" {
			t.Errorf("tenant %d proves something else (-want +got):\n%s", i, diff)
		}
	}
	if want := []int{9, 9, 9, 8, 7, 7, 6, 5, 4, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1}; !slices.Equal(sizes, want) {
		t.Errorf("got samples of %d connections, want %d: a tenant replaces one connection of each other sample", sizes, want)
	}
}

func TestATenantAloneHasAWholeSample(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 2, 3: 3, 5: 5, 50: 9, 10_000: 17} {
		p := &statement.Pool{}
		for range 3 { // the tenant is read again, such as after an apply
			if s := ofTenant(p, "one", n, honest(want)...); s.First() != want || s.Whole() != want {
				t.Errorf("%d connections: got %d and %d, want a sample of %d", n, s.First(), s.Whole(), want)
			}
		}
	}
}

func TestAPropertyIsProvedByTheTenantAndByThePool(t *testing.T) {
	one := honest(1)[0]
	for name, test := range map[string]struct {
		pool  *statement.Pool
		own   []known
		pairs string
		want  properties
	}{
		"both agree":                                     {filled(plenty), []known{one}, asSampled, properties{"host": "db77", "port": json.Number("1501")}},
		"the tenant has no sample":                       {filled(plenty), nil, asSampled, nil},
		"the pool is small":                              {filled(9), []known{one}, asSampled, properties{}},
		"the pool does not have the property":            {filled(plenty), []known{{"host=a;ssl=true;", properties{"host": "a", "ssl": true}}}, "host=db77;ssl=true;", properties{"host": "db77"}},
		"the sample does not have the property":          {filled(plenty), []known{{"host=a;port=1;", properties{"host": "a"}}}, asSampled, properties{"host": "db77"}},
		"the sample does not have the key":               {filled(plenty), []known{{"host=a;", properties{"host": "a"}}}, asSampled, nil},
		"the sample has another order":                   {filled(plenty), []known{{"port=1;host=a;", properties{"host": "a", "port": json.Number("1")}}}, asSampled, nil},
		"the sample does not have the order of two keys": {filled(plenty), []known{{"host=a;port=1;", properties{"host": "a", "port": json.Number("1")}}, {"host=a;ssl=true;", properties{"host": "a", "ssl": true}}}, "host=db77;ssl=true;port=1501;", nil},
		"the sample has another kind":                    {filled(plenty), []known{{"host=a;port=1;", properties{"host": "a", "port": "1"}}}, asSampled, properties{"host": "db77"}},
		"the value looks otherwise than in the sample":   {filled(plenty), []known{one}, "host=77;port=1501;", properties{"port": json.Number("1501")}},
		"the sample disagrees":                           {filled(plenty), []known{{"host=b;port=1;", properties{"host": "a", "port": json.Number("1")}}}, asSampled, properties{"port": json.Number("1501")}},
	} {
		t.Run(name, func(t *testing.T) {
			s := ofTenant(test.pool, "last", 50, test.own...)
			if diff := cmp.Diff(test.want, s.Properties(text(test.pairs).Parse())); diff != "" {
				t.Errorf("other properties are proved (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADisagreementInOneTenantCountsInAll(t *testing.T) {
	for name, liar := range map[string]known{
		"another value": {"host=a;port=1433;", properties{"host": "b", "port": json.Number("1433")}},
		"no value":      {"host=a;port=1433;", properties{"port": json.Number("1433")}},
		"a list":        {"host=a;port=1433;", properties{"host": []any{"a"}, "port": json.Number("1433")}},
		"another kind":  {"host=1433;port=1433;", properties{"host": json.Number("1433"), "port": json.Number("1433")}},
	} {
		t.Run(name, func(t *testing.T) {
			p := filled(plenty)
			number := known{"host=15;port=1433;", properties{"host": "15", "port": json.Number("1433")}}
			before, whole := ofTenant(p, "before", 50, honest(1)...), ofTenant(p, "whole", 50, append(honest(8), number)...)
			ofTenant(p, "liar", 50, append(honest(8), liar)...)
			after := ofTenant(p, "after", 50, append(honest(8), number)...)
			want := properties{"port": json.Number("1501")}
			for name, s := range map[string]*statement.Sample{"a tenant that is being read": before, "one with a whole sample": whole, "a later one": after} {
				if diff := cmp.Diff(want, s.Properties(text(asSampled).Parse())); diff != "" {
					t.Errorf("%s proves other properties (-want +got):\n%s", name, diff)
				}
				if got := s.Disagreements(); len(got) > 0 {
					t.Errorf("%s reports disagreements about %q, want none: they are of another tenant", name, got)
				}
			}
			other := p.Sample("liar", statement.Group{DataSource: "mssql", Version: "mssql:2"}, 3)
			for _, fact := range honest(3) {
				other.Add(text(fact.pairs).Parse(), fact.shown)
			}
			other.SetWhole()
			if got := other.Properties(text(asSampled).Parse()); len(got) != 2 {
				t.Errorf("another version of the connector proves %v, want host and port", got)
			}
		})
	}
}

func TestATenantReplacesAtMostOneConnectionInTheSampleOfAnother(t *testing.T) {
	p := &statement.Pool{}
	for range 30 { // the same tenant, with a sample of any size
		ofTenant(p, "eager", 400, honest(40)...)
	}
	s := p.Sample("other", databaseGroup, 400)
	if got, want := s.First(), min(s.Whole(), statement.Size(800)-1); got != want {
		t.Errorf("got a sample of %d, want %d: one other tenant has agreed", got, want)
	}
	for _, fact := range honest(statement.Size(800) - 2) {
		s.Add(text(fact.pairs).Parse(), fact.shown)
	}
	if got := s.Properties(text(asSampled).Parse()); len(got) > 0 {
		t.Errorf("%v is proved, want nothing: too few connections agreed", got)
	}
}

func TestAPropertyUnderAnotherNameNeedsAWholeSample(t *testing.T) {
	p := &statement.Pool{}
	for i := range plenty { // in these tenants, the property is under its own name
		ofTenant(p, fmt.Sprint("tenant ", i), 50, known{"host=a;database=b;", properties{"host": "a", "database": "b"}})
	}
	s := p.Sample("last", databaseGroup, 50)
	for _, fact := range databases() {
		s.Add(text(fact.pairs).Parse(), fact.shown)
	}
	if got := s.Properties(text("host=db9;port=1500;ssl=true;db=sales;").Parse()); got["host"] != "db9" || got["database"] != nil {
		t.Errorf("got %v, want the host and no database", got)
	}
	s.SetWhole()
	if got := s.Properties(text("host=db9;port=1500;ssl=true;db=sales;").Parse()); got["database"] != "sales" {
		t.Errorf("got %v, want the database too: the sample is whole", got)
	}
}

func TestAPoolShowsNothing(t *testing.T) {
	p := filled(3)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		if got := fmt.Sprintf(verb, p); got != "(statement)" {
			t.Errorf("%s prints %q, want a placeholder", verb, got)
		}
	}
}
