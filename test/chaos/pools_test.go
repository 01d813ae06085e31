package chaos_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	usecases "github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/simulator"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// pooledTenant is one of several tenants to which the same files apply.
type pooledTenant struct {
	name   string
	world  *proofWorld
	tenant *inspect.Tenant
	lies   bool
}

// drawPool draws tenants of one project, of which some lie about statements.
func drawPool(t *rapid.T) []*pooledTenant {
	base := drawProofWorld(t)
	base.behaviour.Lies, base.told = nil, nil
	pool := make([]*pooledTenant, rapid.SampledFrom([]int{2, 5, 12, 20}).Draw(t, "tenants"))
	for i := range pool {
		one := *base
		one.edits = map[int]func(*inspect.Connection){}
		for range rapid.IntRange(0, 3).Draw(t, "edits") {
			one.editByHand(t, rapid.IntRange(0, len(one.seed)-1).Draw(t, "edited"))
		}
		p := &pooledTenant{name: fmt.Sprintf("t%02d", i), world: &one, lies: rapid.IntRange(0, 4).Draw(t, "liar") == 0}
		if p.lies {
			one.lie(t, rapid.IntRange(1, 2).Draw(t, "lies"))
		}
		p.tenant = one.tenant(t)
		pool[i] = p
	}
	return pool
}

// editByHand changes a text of a connection.
func (w *proofWorld) editByHand(t *rapid.T, n int) {
	value := rapid.SampledFrom(append([]string{"edited", "edited"}, oddValues...)).Draw(t, "edited value")
	declared, _ := w.declared[n]["properties"].(map[string]any)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(declared)), func(name string) bool {
		_, isText := declared[name].(string)
		return !isText || slices.Contains(listedValues, name)
	})
	if len(names) == 0 {
		return
	}
	name := rapid.SampledFrom(names).Draw(t, "edited property")
	w.edits[n] = func(c *inspect.Connection) { c.Properties[name] = value }
	w.told = append(w.told, fmt.Sprintf("%s: edit of %s to %q", w.seed[n]["name"], name, value))
}

// lookAt plans and looks for drift in all tenants, in one process.
func lookAt(t *rapid.T, dir, reads string, pool []*pooledTenant) map[string]*outcome {
	project := pool[0].world.project(t, dir)
	byName := map[string]*pooledTenant{}
	for _, p := range pool {
		byName[p.name] = p
	}
	look := func(ctx context.Context, s *usecases.Session) (*outcome, error) {
		p := byName[s.Tenant().Name]
		before := len(p.tenant.Requests())
		planned, err := s.Plan(ctx, usecases.PlanOptions{})
		if err != nil {
			return nil, err
		}
		read := readSince(p.tenant, before)
		drift, err := s.Drift(ctx, usecases.DriftOptions{At: p.world.date})
		return &outcome{planned, drift, read}, err
	}
	fleet := &report.Fleet[outcome]{}
	usecases.EachTenant(t.Context(), project, project.Tenants, usecases.SessionOptions{Parallelism: 4, Reads: reads}, fleet, look, nil)
	outcomes := map[string]*outcome{}
	for _, member := range fleet.Tenants {
		if member.Report == nil {
			t.Fatalf("%s: got error %q, want a drift report", member.Tenant.Name, member.Error)
		}
		outcomes[member.Tenant.Name] = member.Report
	}
	return outcomes
}

// TestProofsOfSeveralTenantsSayWhatFullReadsSay draws tenants that share their samples, some of which lie. What is said of an
// honest tenant is what full reads say, whoever comes before it.
func TestProofsOfSeveralTenantsSayWhatFullReadsSay(t *testing.T) {
	worlds, tenants, liars, missed, read, all := 0, 0, 0, 0, 0, 0
	most := max(2, *proofWorlds/4) // each has many tenants
	rapid.Check(t, func(r *rapid.T) {
		if worlds++; worlds > most {
			return
		}
		pool := drawPool(r)
		dir, err := os.MkdirTemp(t.TempDir(), "world")
		if err != nil {
			r.Fatal(err)
		}
		urls := map[string]string{}
		for _, p := range pool {
			server, err := simulator.Start(p.tenant, "")
			if err != nil {
				r.Fatal(err)
			}
			defer server.Close()
			urls[p.name] = server.URL
		}
		pool[0].world.write(r, dir, urls)
		full, proof := lookAt(r, dir, "full", pool), lookAt(r, dir, "proof", pool)
		for _, p := range pool {
			n := p.world.compare(r, p.tenant, *full[p.name], *proof[p.name])
			if n > 0 && !p.lies && !p.world.behaviour.RawStatements {
				r.Errorf("%d changes of an honest tenant are missed", n)
			}
			if r.Failed() {
				r.Logf("%s: %+v\n%s", p.name, p.world.behaviour, strings.Join(p.world.told, "\n"))
				break
			}
			tenants, missed, read, all = tenants+1, missed+n, read+len(proof[p.name].read), all+len(p.world.seed)
			if p.lies {
				liars++
			}
		}
		http.DefaultClient.CloseIdleConnections()
	})
	t.Logf("%d worlds with %d tenants, of which %d lie, and %d connections, of which %d were read in detail; %d changes were missed, as statements cannot show them",
		min(worlds, most), tenants, liars, all, read, missed)
}
