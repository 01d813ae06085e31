package chaos_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// TestNothingIsCreatedOrDeletedFromAListThatContradictsItself applies a create, a rename and
// a delete to a tenant whose list has items without a space or an id, or counts less than it
// lists: nothing but updates in place is written. Once the list is whole, the rest is done.
func TestNothingIsCreatedOrDeletedFromAListThatContradictsItself(t *testing.T) {
	const list = "/api/v1/data-connections"
	for name, test := range map[string]struct {
		fault   simulator.Fault
		want    string // in the reasons for which the list is incomplete
		updated bool   // what can be seen is updated
	}{
		"no item names its space": {simulator.Fault{Without: []string{"space"}}, "3 of 3 connections do not say which space they are in", false},
		"one item names no space": {simulator.Fault{Without: []string{"space"}, Of: []string{"Leaves"}}, "1 of 3 connections do not say which space they are in", true},
		"one item has no id":      {simulator.Fault{Without: []string{"qID", "id"}, Of: []string{"Renamed"}}, "1 of 3 items on a page could not be read", true},
		"a smaller count":         {simulator.Fault{Count: -1}, "the tenant lists 3 and counts only 2", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.fault.Path, test.fault.Times = list, -1
				tenant := newTenant(t, simulator.Options{})
				e := newEngine(t, tenant, &line{service: tenant, latency: 20 * time.Millisecond}, qlik.Limits{}, 1)
				for name, fate := range map[string]fate{"Stays": updates, "Renamed": renamed, "Leaves": retires, "Appears": appears} {
					key := connection.Key{Space: "Finance", Name: name}
					e.turn(tenant, &story{fate: fate, before: key, after: key, bucket: "old", secret: "old"})
				}
				lying := newTenant(t, simulator.Options{Faults: []simulator.Fault{test.fault}})
				for _, c := range tenant.Connections() {
					c := inspect.SeedConnection{
						Name: c.Name, Space: c.Space, DataSource: c.DataSource, Properties: c.Properties, Tags: c.Tags,
						Credentials: map[string]any{"accessKey": "key", "secretKey": "old"},
					}
					if _, err := lying.Add(c); err != nil {
						t.Fatal(err)
					}
				}
				e.provider = newEngine(t, lying, &line{service: lying}, qlik.Limits{}, 1).provider
				p := e.plan()
				if told := warnings(p); !strings.Contains(told, test.want) {
					t.Errorf("the plan warns of %q, want %q in it", told, test.want)
				}
				result := e.apply(p)
				var done []string
				for _, item := range result.Items {
					if item.Outcome == apply.Done {
						done = append(done, item.Connection.Name)
					}
				}
				if slices.Contains(done, "Stays") != test.updated || len(done) > 1 || len(lying.Writes()) != len(done) {
					t.Errorf("done are %q with %d writes, want Stays alone (%v)", done, len(lying.Writes()), test.updated)
				}
				if got := names(lying); got != "Leaves Renamed Stays" {
					t.Errorf("the tenant has %s, want the same names as before", got)
				}
				e.provider = newEngine(t, tenant, &line{service: tenant}, qlik.Limits{}, 1).provider
				e.apply(e.plan())
				if got := names(tenant); got != "Appears Renamed again Stays" {
					t.Errorf("with a whole list, the tenant has %s, want Appears, Renamed again and Stays", got)
				}
			})
		})
	}
}

func warnings(p *plan.Plan) string {
	var told []string
	for _, warning := range p.Warnings {
		told = append(told, fmt.Sprint(warning.Reason.Args["why"]))
	}
	return strings.Join(told, "; ")
}

func names(tenant *inspect.Tenant) string {
	var names []string
	for _, c := range tenant.Connections() {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
