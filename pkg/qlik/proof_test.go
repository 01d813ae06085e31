package qlik_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/qlik"
	simqlik "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// kinds are data sources with properties of which the statements show each in its own way.
var kinds = []struct {
	dataSource string
	properties func(i int) map[string]any
}{
	{"mssql", func(i int) map[string]any {
		return map[string]any{"host": fmt.Sprint("sql", i), "port": "1433", "database": fmt.Sprint("base", i), "QueryTimeout": json.Number(fmt.Sprint(30 + i%7))}
	}},
	{"mysql", func(i int) map[string]any {
		return map[string]any{"host": fmt.Sprintf("db%d.acme.example", i), "port": "3306", "database": "sales"}
	}},
	{"File_AmazonS3ConnectorV2", func(i int) map[string]any {
		return map[string]any{"region": "eu-west-1", "bucketName": fmt.Sprint("orders-", i)}
	}},
	{"rest", func(i int) map[string]any {
		return map[string]any{"url": fmt.Sprintf("https://api.example/v%d/items", i), "authSchema": "anonymous"}
	}},
	{"snowflake", func(i int) map[string]any {
		return map[string]any{"server": fmt.Sprintf("a%d.example", i), "port": "443", "database": "DB", "schema": "S", "warehouse": fmt.Sprint("WH_", i%5)}
	}},
	{"databricks", func(i int) map[string]any {
		return map[string]any{"host": fmt.Sprintf("d%d.example", i), "port": "443", "HTTPPath": fmt.Sprint("/sql/", i)}
	}},
	{"teradata", func(i int) map[string]any {
		return map[string]any{"host": fmt.Sprint("td", i), "port": "1025", "db": "x"}
	}},
	{"athena", func(i int) map[string]any {
		return map[string]any{"AwsRegion": "eu-central-1", "Catalog": fmt.Sprint("c", i), "Schema": "default"}
	}},
	{"DG_postgres", func(i int) map[string]any {
		return map[string]any{"gatewayInstance": "gw", "host": fmt.Sprint("pg", i), "port": "5432", "database": fmt.Sprint("base", i%40)}
	}},
	{"DG_mysql", func(i int) map[string]any {
		return map[string]any{"gatewayInstance": "gw", "host": fmt.Sprint("my", i), "port": "3306", "database": "d"}
	}},
}

// fleet is a tenant with many connections, which are as declared.
type fleet struct {
	tenant   *inspect.Tenant
	provider *qlik.Provider
	in       plan.Input
	day      string
	reading  func(done, total int)
}

// newFleet has n connections of all kinds in some spaces. change may edit a connection of the tenant.
func newFleet(t *testing.T, n, spaces int, latency time.Duration, change func(i int, live map[string]any)) *fleet {
	t.Helper()
	seed := map[string]any{
		"caller": "ana@acme.example", "token": "key-of-ana",
		"users": []any{map[string]any{"id": "u-ana", "email": "ana@acme.example", "roles": []any{"TenantAdmin"}}},
	}
	f := &fleet{in: plan.Input{Project: "finance", Tenant: plan.Tenant{Name: "t", URL: "https://t"}, Rules: qlik.Rules{}}}
	var listed, all []any
	for i := range spaces {
		name := fmt.Sprint("Space ", i)
		listed = append(listed, map[string]any{"id": fmt.Sprint("s-", i), "name": name, "type": "shared"})
		f.in.Spaces = append(f.in.Spaces, connection.SpaceRef{Name: name})
	}
	for i := range n {
		space, name, kind := fmt.Sprint("Space ", i%spaces), fmt.Sprint("Connection ", i), kinds[i/spaces%len(kinds)]
		f.declare(i, spaces)
		key := connection.KeyRecord(connection.Space{ID: fmt.Sprint("s-", i%spaces), Name: space}, name)
		live := map[string]any{
			"name": name, "space": space, "dataSource": kind.dataSource, "properties": kind.properties(i),
			"tags": []any{"qlsync:finance", "qlsync-key:" + key, "DcaasAPI:connector.exe:1.2.3"},
		}
		if change != nil {
			change(i, live)
		}
		all = append(all, live)
	}
	seed["spaces"], seed["connections"] = listed, all
	text, err := json.Marshal(seed)
	if err != nil {
		t.Fatal(err)
	}
	if f.tenant, err = inspect.New(text, simqlik.Options{}); err != nil {
		t.Fatal(err)
	}
	f.provider, err = qlik.New(qlik.Config{
		URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(f.tenant.Token())}, Project: "finance",
		HTTPClient: &http.Client{Transport: &road{service: f.tenant, latency: latency}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// declare adds a connection to the files.
func (f *fleet) declare(i, spaces int) {
	kind := kinds[i/spaces%len(kinds)]
	f.in.Desired = append(f.in.Desired, connection.Desired{
		Name: fmt.Sprint("Connection ", i), Space: connection.SpaceRef{Name: fmt.Sprint("Space ", i%spaces)},
		DataSource: kind.dataSource, Properties: kind.properties(i),
	})
}

// plan reads the tenant and plans, by proofs or in full.
func (f *fleet) plan(t *testing.T, proof bool) *plan.Plan {
	t.Helper()
	var sources []string
	for _, kind := range kinds {
		sources = append(sources, kind.dataSource)
	}
	var err error
	if f.in.Catalog, err = f.provider.DataSources(t.Context(), sources); err != nil {
		t.Fatal(err)
	}
	scope := plan.Scope(f.in)
	if proof {
		scope.Equals, scope.Day = plan.Equals(f.in), f.day
	}
	scope.Reading = f.reading
	if f.in.Snapshot, err = f.provider.Snapshot(t.Context(), scope); err != nil {
		t.Fatal(err)
	}
	p, problems := plan.Make(f.in)
	if err := problems.Err(); err != nil {
		t.Fatalf("got no plan: %v", err)
	}
	return p
}

// calls returns how many requests the last plan took.
func (f *fleet) calls() int { return f.in.Snapshot.Reads + f.in.Catalog.Reads }

func TestUnchangedConnectionsNeedTheListsAndASample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2000, 20, 50*time.Millisecond, nil)
		began := time.Now()
		if p := f.plan(t, true); !p.Empty() || p.Summary.Unchanged != 2000 {
			t.Errorf("got changes %+v, want none: all connections are as declared", p.Changes)
		}
		// 3 calls for the caller and the spaces, one list a space, 10 schemas, the gateways of 2 data sources, and 3 + log2 200 details a schema.
		if got, most := f.calls(), 3+20+10+2+10*11; got > most {
			t.Errorf("got %d calls, want at most %d", got, most)
		}
		if s := f.in.Snapshot; s.Proved != 1890 || s.Details != 110 {
			t.Errorf("got %d proved and %d read in detail, want 1890 and 110", s.Proved, s.Details)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("got %v, want at most 2 s: details are read concurrently", took)
		}
	})
}

func TestWhatDiffersIsReadInDetail(t *testing.T) {
	changes := map[string]func(live map[string]any){
		"a property":        func(live map[string]any) { live["properties"].(map[string]any)["port"] = "7" },
		"a tag":             func(live map[string]any) { live["tags"] = append(live["tags"].([]any), "other") },
		"the owner project": func(live map[string]any) { live["tags"] = []any{"DcaasAPI:connector.exe:1.2.3"} },
		"another version":   func(live map[string]any) { live["tags"] = append(live["tags"].([]any), "DcaasAPI:connector.exe:2") },
		"the protection":    func(live map[string]any) { live["tags"] = append(live["tags"].([]any), "qlsync-protected") },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t, 400, 4, time.Millisecond, func(i int, live map[string]any) {
					if i == 21 { // mysql
						change(live)
					}
				})
				unprotected := false
				for i := range f.in.Desired {
					f.in.Desired[i].Tags, f.in.Desired[i].Lifecycle.PreventDestroy = []string{}, &unprotected
				}
				f.plan(t, true)
				for _, live := range f.in.Snapshot.Connections {
					if live.Key.Name == "Connection 21" && live.Proved {
						t.Error("connection 21 counts as proved, want it read in detail: it is not certainly as declared")
					}
				}
				if f.in.Snapshot.Proved < 280 {
					t.Errorf("got %d proved connections, want at least 280: the others are as declared", f.in.Snapshot.Proved)
				}
			})
		})
	}
}

func TestAProofAndAFullReadMakeTheSamePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		change := func(i int, live map[string]any) {
			properties := live["properties"].(map[string]any)
			switch {
			case i%17 == 0 && properties["port"] != nil:
				properties["port"] = "9"
			case i%19 == 0:
				live["tags"] = append(live["tags"].([]any), "by-hand")
			case i%23 == 0:
				live["name"] = fmt.Sprint("Renamed ", i)
			case i%29 == 0:
				live["tags"] = []any{"DcaasAPI:connector.exe:1.2.3"}
			}
		}
		f := newFleet(t, 500, 5, time.Millisecond, change)
		for i := range f.in.Desired {
			f.in.Desired[i].Tags = []string{}
		}
		proof := f.plan(t, true)
		if f.in.Snapshot.Proved < 200 {
			t.Errorf("got %d proved connections, want at least 200", f.in.Snapshot.Proved)
		}
		full := f.plan(t, false)
		proof.Estimate, full.Estimate, proof.Reads = plan.Estimate{}, plan.Estimate{}, nil
		if diff := cmp.Diff(connection.Canonical(full), connection.Canonical(proof)); diff != "" || full.Empty() {
			t.Errorf("the plan by proofs differs from the one in full (-full +proof):\n%s", diff)
		}
	})
}

func TestEveryDayHasAnotherSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 400, 4, time.Millisecond, nil)
		sample := func(day string) map[string]bool {
			f.day = day
			f.plan(t, true)
			read := map[string]bool{}
			for _, live := range f.in.Snapshot.Connections {
				read[live.ID] = !live.Proved
			}
			return read
		}
		monday, again, tuesday := sample("2026-11-30"), sample("2026-11-30"), sample("2026-12-01")
		if !maps.Equal(monday, again) {
			t.Error("two runs on one day read other samples, want the same")
		}
		if maps.Equal(monday, tuesday) {
			t.Error("two days have the same sample, want other connections")
		}
	})
}

func TestTheSampleHasEverySpaceAndEveryKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 400, 4, time.Millisecond, func(i int, live map[string]any) {
			if i == 129 { // File_AmazonS3ConnectorV2, and the only one with this property
				live["properties"].(map[string]any)["storeSseHeader"] = "AES256"
			}
		})
		f.plan(t, true)
		spaces := map[string]map[string]bool{}
		for _, live := range f.in.Snapshot.Connections {
			if live.Key.Name == "Connection 129" && live.Proved {
				t.Error("connection 129 is not in the sample, want it there: it alone has a key")
			}
			if !live.Proved {
				if spaces[live.DataSource] == nil {
					spaces[live.DataSource] = map[string]bool{}
				}
				spaces[live.DataSource][live.SpaceID] = true
			}
		}
		for dataSource, in := range spaces {
			if len(in) != 4 {
				t.Errorf("the sample of %s is in %d spaces, want all 4", dataSource, len(in))
			}
		}
	})
}

func TestAProvedConnectionIsReadInDetailOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 400, 4, time.Millisecond, nil)
		f.plan(t, true)
		before := f.in.Snapshot
		var wanted string
		for _, live := range before.Connections {
			if live.Proved && live.DataSource == "mssql" {
				wanted = live.ID
			}
		}
		after, err := f.provider.Detail(t.Context(), before, plan.Scope(f.in), func(live *connection.Live) bool { return live.ID == wanted })
		if err != nil {
			t.Fatal(err)
		}
		if after.Proved != before.Proved-1 || after.Details != before.Details+1 || after.Reads != before.Reads+1 {
			t.Errorf("got %d proved, %d details and %d calls after %d, %d and %d, want one less, one more and one more",
				after.Proved, after.Details, after.Reads, before.Proved, before.Details, before.Reads)
		}
		for _, live := range after.Connections {
			if live.ID == wanted && (live.Proved || live.Properties["host"] == nil) {
				t.Errorf("got %+v, want a connection with the properties of the tenant", live)
			}
		}
		for _, live := range before.Connections {
			if live.ID == wanted && !live.Proved {
				t.Error("the earlier snapshot was changed, want it as it was")
			}
		}
	})
}

func TestTheProgressCountsWhatIsReadInDetail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 400, 4, time.Millisecond, nil)
		var mu sync.Mutex
		last, total := 0, 0
		f.reading = func(done, of int) {
			mu.Lock()
			defer mu.Unlock()
			last, total = max(last, done), max(total, of)
		}
		f.plan(t, true)
		if last != f.in.Snapshot.Details || total != last {
			t.Errorf("the progress ended at %d of %d, want %d of as many", last, total, f.in.Snapshot.Details)
		}
	})
}

func TestNothingIsProvedWithoutTheTagOfTheConnector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 100, 4, time.Millisecond, func(_ int, live map[string]any) {
			live["tags"] = live["tags"].([]any)[:2]
		})
		f.plan(t, true)
		if s := f.in.Snapshot; s.Proved != 0 || s.Details != 100 {
			t.Errorf("got %d proved and %d read in detail, want 0 and 100: the version of the connector is unknown", s.Proved, s.Details)
		}
	})
}

func TestWhatWasWrittenIsVerifiedByTheLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 0, 5, 20*time.Millisecond, nil)
		for i := range 500 {
			f.declare(i, 5)
		}
		p := f.plan(t, true)
		began := time.Now()
		result, err := apply.Run(t.Context(), p, apply.Options{
			Execute: f.provider.Execute, ExecuteGroup: f.provider.ExecuteGroup,
			Again: func(ctx context.Context, touched func(*connection.Live) bool) (plan.Input, error) {
				scope := plan.Scope(f.in)
				scope.Details, scope.Equals = touched, plan.Equals(f.in)
				var err error
				f.in.Snapshot, err = f.provider.Snapshot(ctx, scope)
				return f.in, err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if result.Ledger.Done != 500 || result.Unverified.Holds() {
			t.Errorf("got %+v, unverified %q, want 500 creates that are done and verified", result.Ledger, result.Unverified)
		}
		if took := time.Since(began); took > 1700*time.Millisecond {
			t.Errorf("got %v, want at most 1.7 s: 500 creates by 8 workers take 1.25 s", took)
		}
		if s := f.in.Snapshot; s.Proved < 390 {
			t.Errorf("got %d proved connections, want at least 390 of 500: the lists show what was written", s.Proved)
		}
		for i := range result.Items {
			if result.Items[i].Differs != nil {
				t.Errorf("got a difference of %s after its create, want none: %+v", result.Items[i].Connection, result.Items[i].Differs)
			}
		}
	})
}

func TestTheSwitchOfPerUserCredentialsComesFromTheList(t *testing.T) {
	for name, declared := range map[string]bool{"as declared": true, "not as declared": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFleet(t, 200, 1, time.Millisecond, func(_ int, live map[string]any) {
					if live["dataSource"] == "File_AmazonS3ConnectorV2" {
						live["properties"].(map[string]any)["separateCredentials"] = true
					}
				})
				for i := range f.in.Desired {
					if f.in.Desired[i].DataSource == "File_AmazonS3ConnectorV2" {
						f.in.Desired[i].Properties["separateCredentials"] = declared
					}
				}
				p := f.plan(t, true)
				proved := 0
				for _, live := range f.in.Snapshot.Connections {
					if live.DataSource == "File_AmazonS3ConnectorV2" && live.Proved {
						proved++
					}
				}
				if (proved > 0) != declared || p.Empty() != declared {
					t.Errorf("got %d proved connections and %d changes, want proofs exactly if the list has what is declared", proved, len(p.Changes))
				}
			})
		})
	}
}
