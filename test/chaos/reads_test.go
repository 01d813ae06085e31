package chaos_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

var allReads = flag.Bool("reads", false, "read up to 100,000 connections in the table of reads")

// fleetSources are the data sources of a fleet, with a declaration of each.
var fleetSources = []struct {
	id         string
	properties func(n int) map[string]any
}{
	{lake, func(n int) map[string]any {
		return map[string]any{"region": "eu-west-1", "bucketName": fmt.Sprint("bucket-", n)}
	}},
	{"File_GoogleCloudStorageConnector", func(n int) map[string]any { return map[string]any{"bucketName": fmt.Sprint("bucket-", n)} }},
	{"athena", func(n int) map[string]any {
		return map[string]any{"AwsRegion": "eu-west-1", "Catalog": fmt.Sprint("catalog ", n%100), "S3OutputLocation": fmt.Sprint("s3://results-", n)}
	}},
	{"databricks", func(n int) map[string]any {
		return map[string]any{"host": fmt.Sprintf("adb-%d.example.net", n), "port": "443", "HTTPPath": fmt.Sprint("/sql/1.0/warehouses/", n)}
	}},
	{query, func(n int) map[string]any {
		return map[string]any{"OAuthMechanism": "0", "Catalog": fmt.Sprint("project-", n)}
	}},
	{"mssql", func(n int) map[string]any {
		return map[string]any{"host": fmt.Sprintf("db%d.example", n), "port": "1433", "database": fmt.Sprint("sales", n%7), "QueryTimeout": 30 + n%3}
	}},
	{"mysql", func(n int) map[string]any {
		return map[string]any{"host": fmt.Sprintf("my%d.example", n), "port": "3306", "database": fmt.Sprint("shop", n%9)}
	}},
	{rest, func(n int) map[string]any { return map[string]any{"url": fmt.Sprintf("https://api%d.example/v1", n)} }},
	{snow, func(n int) map[string]any {
		return map[string]any{"server": fmt.Sprintf("a%d.snow.example", n%50), "database": fmt.Sprint("DB", n), "warehouse": "WH"}
	}},
	{"DG_postgres", func(n int) map[string]any {
		return map[string]any{"host": fmt.Sprintf("pg%d.example", n), "port": "5432", "database": fmt.Sprint("pg", n)}
	}},
}

// fleet is a tenant with many connections, and the files that declare them.
type fleet struct {
	tenant  *inspect.Tenant
	desired []connection.Desired
	spaces  []connection.SpaceRef
}

// newFleet makes a tenant with so many connections, evenly over spaces and data sources, as declared.
func newFleet(t testing.TB, connections, spaces int, o simulator.Options) *fleet {
	t.Helper()
	seed := []byte(`{"token": "key-of-ana", "users": [{"id": "u-ana", "name": "Ana", "email": "ana@example.com", "roles": ["TenantAdmin"]}], "spaces": [`)
	f := &fleet{}
	for i := range spaces {
		name := fmt.Sprintf("Space %03d", i)
		f.spaces = append(f.spaces, connection.SpaceRef{Name: name})
		seed = fmt.Appendf(seed, `{"id": %q, "name": %q, "type": "shared"},`, spaceID(i), name)
	}
	var err error
	if f.tenant, err = inspect.New(append(seed[:len(seed)-1], "]}"...), o); err != nil {
		t.Fatal(err)
	}
	for n := range connections {
		f.add(t, n, n%len(fleetSources))
	}
	return f
}

// add adds a connection to the tenant and to the files.
func (f *fleet) add(t testing.TB, n, source int) {
	t.Helper()
	of, space := fleetSources[source], n%len(f.spaces)
	d := connection.Desired{
		Space: f.spaces[space], Name: fmt.Sprintf("Connection %06d", n), DataSource: of.id, Properties: of.properties(n),
		Credentials: map[string]any{},
	}
	if _, err := f.tenant.Add(inspect.SeedConnection{
		Name: d.Name, Space: d.Space.Name, DataSource: d.DataSource, Properties: d.Properties,
		Tags: []string{
			"qlsync:" + project, "qlsync-key:" + connection.KeyRecord(connection.Space{ID: spaceID(space), Name: d.Space.Name}, d.Name),
			"DcaasAPI:" + of.id + ":1.0.0",
		},
	}); err != nil {
		t.Fatal(err)
	}
	for name, value := range d.Properties { // as numbers are in files
		if number, isInt := value.(int); isInt {
			d.Properties[name] = json.Number(strconv.Itoa(number))
		}
	}
	f.desired = append(f.desired, d)
}

// reading is what one plan has cost.
type reading struct {
	calls, detailed, proved int
	took                    time.Duration
	kept                    int64 // bytes of the snapshot
	plan                    *plan.Plan
}

// input reads what a plan needs; with proofs by the list on that day, if one is given.
func (f *fleet) input(t testing.TB, e *engine, day string) plan.Input {
	t.Helper()
	in := plan.Input{
		Project: project, Tenant: plan.Tenant{Name: "test", URL: "http://127.0.0.1:8080"},
		Policy:  connection.Policy{Prune: connection.PruneOwned, Adopt: connection.AdoptMatching, Update: connection.UpdatePatch},
		Desired: f.desired, Rules: qlik.Rules{}, Spaces: f.spaces,
	}
	e.desired = f.desired
	var err error
	if in.Catalog, err = e.provider.DataSources(context.Background(), e.sources()); err != nil {
		t.Fatal(err)
	}
	scope := plan.Scope(in)
	if day != "" {
		scope.Equals, scope.Day = plan.Equals(in), day
	}
	if in.Snapshot, err = e.provider.Snapshot(context.Background(), scope); err != nil {
		t.Fatal(err)
	}
	return in
}

// read plans once, with or without proofs by the list, at 50 ms a request.
func (f *fleet) read(t testing.TB, proof bool) reading {
	t.Helper()
	l := &line{service: f.tenant, latency: 50 * time.Millisecond}
	day := ""
	if proof {
		day = "2026-11-29"
	}
	start := time.Now()
	in := f.input(t, newEngine(t, f.tenant, l, qlik.Limits{}, workersOfReads), day)
	p, problems := plan.Make(in)
	if err := problems.Err(); err != nil || p.Refusal != nil {
		t.Fatalf("got error %v and refusal %+v, want neither", err, p.Refusal)
	}
	r := reading{detailed: in.Snapshot.Details, proved: in.Snapshot.Proved, took: time.Since(start), calls: l.sent, plan: p}
	held := heap()
	runtime.KeepAlive(in.Snapshot)
	r.kept = held - heap()
	return r
}

// heap returns the bytes that are in use.
func heap() int64 {
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	return int64(memory.HeapAlloc)
}

const workersOfReads = 8

// TestReadsOfAFleet plans for tenants that are as declared, in full and with proofs by the list, with 50 ms a request and
// the documented limit, in fake time; `make bench` prints the table for up to 100,000 connections.
func TestReadsOfAFleet(t *testing.T) {
	for _, test := range []struct {
		connections, spaces int
		calls               int           // at most, with proofs; 0: any number
		took                time.Duration // at most, with proofs
		big                 bool
	}{
		{1_000, 1, 125, 2 * time.Second, true},
		{1_000, 50, 165, 2 * time.Second, false},
		{1_000, 500, 620, 5 * time.Second, true},
		{10_000, 1, 250, 8 * time.Second, true},
		{10_000, 50, 250, 5 * time.Second, true},
		{10_000, 500, 700, 6 * time.Second, true},
		{100_000, 1, 1_600, 0, true},
		{100_000, 50, 1_600, 0, true},
		{100_000, 500, 1_600, 15 * time.Second, true},
	} {
		if test.big && !*allReads {
			continue
		}
		t.Run(fmt.Sprintf("%d connections in %d spaces", test.connections, test.spaces), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t, test.connections, test.spaces, simulator.Options{})
				proof := f.read(t, true)
				time.Sleep(time.Hour) // the limit is unused again
				full := f.read(t, false)
				for _, r := range []*reading{&full, &proof} {
					t.Logf("%7d in %3d: %-5s %7d calls %8.1f s %6.1f MB snapshot, %6d read in detail, %6d proved", test.connections, test.spaces,
						map[bool]string{true: "full", false: "proof"}[r == &full], r.calls, r.took.Seconds(), float64(r.kept)/1e6, r.detailed, r.proved)
				}
				if !full.plan.Empty() || !proof.plan.Empty() || full.plan.Hash != proof.plan.Hash {
					t.Errorf("got %d changes in full and %d with proofs, want none and the same hash", len(full.plan.Changes), len(proof.plan.Changes))
				}
				if proof.detailed+proof.proved != test.connections || full.proved > 0 || full.detailed != test.connections {
					t.Errorf("got %d read and %d proved, in full %d and %d; want each connection once", proof.detailed, proof.proved, full.detailed, full.proved)
				}
				if test.calls > 0 && proof.calls > test.calls || test.took > 0 && proof.took > test.took {
					t.Errorf("got %d calls in %v with proofs, want at most %d in %v", proof.calls, proof.took, test.calls, test.took)
				}
				if misuse := f.tenant.Misuse(); len(misuse) > 0 {
					t.Errorf("got misuse %q, want none", misuse)
				}
			})
		})
	}
}

// TestALieIsMissedAsOftenAsExpected lets a service show old statements of one connection in ten. A day on which one of them
// is in the sample finds all of them, and a day on which none is finds none.
func TestALieIsMissedAsOftenAsExpected(t *testing.T) {
	const connections, liars, days, sampled = 60, 6, 24, 9 // 3 + log2 of 60
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 0, 4, simulator.Options{Behaviour: simulator.Behaviour{Lies: []simulator.Lie{{Kind: "oldValue"}}}})
		for n := range connections {
			f.add(t, n, 6) // mysql
		}
		edited := map[string]bool{}
		for i, c := range f.tenant.Connections() {
			if i%(connections/liars) != 0 {
				continue
			}
			edited[c.ID] = true
			if err := f.tenant.Edit(c.ID, func(c *inspect.Connection) { c.Properties["host"] = "elsewhere.example" }); err != nil {
				t.Fatal(err)
			}
		}
		e := newEngine(t, f.tenant, &line{service: f.tenant}, qlik.Limits{}, workersOfReads)
		missed := 0
		for day := range days {
			snapshot := f.input(t, e, fmt.Sprint("day ", day)).Snapshot
			proved, sampledLiars := 0, 0
			for _, live := range snapshot.Connections {
				switch {
				case edited[live.ID] && live.Proved:
					proved++
				case edited[live.ID]:
					sampledLiars++
				}
			}
			switch {
			case proved == liars && snapshot.Details == sampled:
				missed++
			case proved > 0 || sampledLiars < liars || snapshot.Details != connections:
				t.Errorf("day %d: %d of %d lies were believed after %d reads in detail; want none, or all after a sample without any", day, proved, liars, snapshot.Details)
			}
			time.Sleep(24 * time.Hour)
		}
		expected := 1.0
		for i := range sampled {
			expected *= float64(connections-liars-i) / float64(connections-i)
		}
		spread := 4 * math.Sqrt(days*expected*(1-expected))
		t.Logf("missed on %d of %d days, expected %.1f", missed, days, days*expected)
		if math.Abs(float64(missed)-days*expected) > spread {
			t.Errorf("missed on %d of %d days, want %.1f by the size of the sample, give or take %.1f", missed, days, days*expected, spread)
		}
	})
}

// TestManyCreatesAreVerifiedByTheList creates 500 connections with 20 ms a request, which takes 1.25 s with eight workers. The
// lists of the space show most of them to be as declared.
func TestManyCreatesAreVerifiedByTheList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant, err := inspect.New([]byte(empty), simulator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		l := &line{service: tenant, latency: 20 * time.Millisecond}
		e := newEngine(t, tenant, l, qlik.Limits{}, workersOfReads)
		e.declare(500)
		p := e.plan()
		start, before := time.Now(), l.sent
		result := e.apply(p)
		took, reads := time.Since(start), l.sent-before-500
		t.Logf("%v, with %d calls to verify", took, reads)
		if result.Ledger.Done != 500 || result.Unverified.Holds() || result.Ledger.Differs > 0 {
			t.Errorf("got ledger %+v and %q, want 500 verified creates", result.Ledger, result.Unverified.String())
		}
		if took > 1700*time.Millisecond || reads > 30 {
			t.Errorf("took %v with %d calls to verify, want at most 1.7s and 30 calls", took, reads)
		}
	})
}
