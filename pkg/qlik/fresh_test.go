package qlik_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// shared is a tenant with connections of the project finance, which another client
// works on as well.
const shared = `{
  "caller": "ana@acme.example", "token": "key-of-ana",
  "users": [
    {"id": "u-ana", "email": "ana@acme.example", "name": "Ana", "roles": ["TenantAdmin"]},
    {"id": "u-bob", "email": "bob@acme.example", "name": "Bob"}],
  "spaces": [{"id": "s-fin", "name": "Finance", "type": "shared"}, {"id": "s-sal", "name": "Sales", "type": "managed"}],
  "connections": [
    {"name": "A", "space": "Finance", "dataSource": "rest", "tags": ["qlsync:finance", "mine"], "properties": {"url": "https://a.example"}},
    {"name": "B", "space": "Finance", "dataSource": "rest", "tags": ["qlsync:finance"], "properties": {"url": "https://b.example"}},
    {"name": "C", "space": "Finance", "dataSource": "rest", "tags": ["qlsync:finance"], "properties": {"url": "https://c.example"}}]
}`

// hands are the things that another client does to a connection, with what the error
// says of each.
var hands = map[string]struct {
	do   func(*inspect.Connection)
	says string
}{
	"takes our tag off":              {func(c *inspect.Connection) { c.Tags = []string{"mine"} }, "its ownership record was removed"},
	"adds protection":                {func(c *inspect.Connection) { c.Tags = append(c.Tags, "qlsync-protected") }, "it was protected"},
	"hands it to another project":    {func(c *inspect.Connection) { c.Tags = []string{"qlsync:hr"} }, `project "hr"`},
	"adds a tag of theirs":           {func(c *inspect.Connection) { c.Tags = append(c.Tags, "urgent") }, "its tags were changed"},
	"renames it":                     {func(c *inspect.Connection) { c.Name = "Taken over" }, `renamed to "Taken over"`},
	"moves it":                       {func(c *inspect.Connection) { c.Space = "Sales" }, "moved to another space"},
	"gives it to another owner":      {func(c *inspect.Connection) { c.Owner = "u-bob" }, "given to another owner"},
	"edits its properties":           {func(c *inspect.Connection) { c.Properties["url"] = "https://edited.example" }, "its properties were changed"},
	"writes it again without change": {func(*inspect.Connection) {}, "perhaps its credentials"},
}

// writes are the kinds of writes, on the connection A; a write of several has B too.
var writes = map[string]func(a, b *connection.Live) []connection.Operation{
	"delete": func(a, _ *connection.Live) []connection.Operation {
		return []connection.Operation{{Kind: connection.Delete, ID: a.ID, Key: a.Key, Seen: a}}
	},
	"bulk delete": func(a, b *connection.Live) []connection.Operation {
		return []connection.Operation{{Kind: connection.BulkDelete, ID: a.ID, Key: a.Key, Seen: a}, {Kind: connection.BulkDelete, ID: b.ID, Key: b.Key, Seen: b}}
	},
	"owner change": func(a, b *connection.Live) []connection.Operation {
		return []connection.Operation{
			{Kind: connection.BulkUpdate, ID: a.ID, Key: a.Key, Seen: a, OwnerID: "u-bob"},
			{Kind: connection.BulkUpdate, ID: b.ID, Key: b.Key, Seen: b, OwnerID: "u-bob"},
		}
	},
	"patch of credentials": func(a, _ *connection.Live) []connection.Operation {
		return []connection.Operation{{
			Kind: connection.Patch, ID: a.ID, Key: a.Key, Seen: a, Record: &connection.Record{Project: "finance"},
			Credentials: map[string]any{"password": connection.NewSecret("p")},
		}}
	},
	"rename aside for a recreate": func(a, _ *connection.Live) []connection.Operation {
		return []connection.Operation{{Kind: connection.Patch, ID: a.ID, Key: a.Key, Seen: a, Name: "A aside", Record: &connection.Record{Project: "finance", Phase: connection.PhaseDeposed}}}
	},
	"change of whose credentials are used": func(a, _ *connection.Live) []connection.Operation {
		return []connection.Operation{{Kind: connection.Patch, ID: a.ID, Key: a.Key, Seen: a, Set: map[string]any{"credentialsName": "of each"}, DropsCredentials: true}}
	},
	"both renames of a recreate": func(a, b *connection.Live) []connection.Operation {
		back := connection.Record{Project: "finance"}
		return []connection.Operation{
			{Kind: connection.Patch, ID: b.ID, Key: b.Key, Seen: b, Name: "B aside"},
			{Kind: connection.Patch, ID: a.ID, Key: a.Key, Seen: a, Name: "B", Record: &back, Credentials: map[string]any{"password": connection.NewSecret("p")}},
		}
	},
}

// TestWhatSomebodyElseHasChangedIsLeftAlone lets each kind of write meet each thing that
// another client does after the plan.
func TestWhatSomebodyElseHasChangedIsLeftAlone(t *testing.T) {
	for kind, write := range writes {
		for hand, does := range hands {
			t.Run(kind+"/"+hand, func(t *testing.T) {
				tenant, provider := embed(t, shared, simulator.Options{})
				_, live := look(t, provider)
				a, b := live["Finance/A"], live["Finance/B"]
				time.Sleep(time.Millisecond) // that is what the tenant's clock counts
				if err := tenant.Edit(a.ID, does.do); err != nil {
					t.Fatal(err)
				}
				before := stored(tenant)
				outcomes := executeAny(t, provider, write(&a, &b))
				var told error
				for _, outcome := range outcomes {
					told = errors.Join(told, outcome.Err)
				}
				foreign := strings.Contains(does.says, "project") && strings.Contains(told.Error(), does.says)
				if !foreign && (!errors.Is(told, connection.ErrChanged) || !strings.Contains(told.Error(), does.says) || !strings.Contains(told.Error(), "plan again")) {
					t.Errorf("got error %v, want ErrChanged with what was changed and the advice to plan again", told)
				}
				now := stored(tenant)
				if diff := cmp.Diff(before[a.ID], now[a.ID]); diff != "" {
					t.Errorf("another connection was changed too (-before +after):\n%s", diff)
				}
				if diff := cmp.Diff(before, now); kind == "both renames of a recreate" && diff != "" {
					t.Errorf("the first rename was sent: %s", diff)
				}
				if len(outcomes) == 2 && kind != "both renames of a recreate" && outcomes[1].Err != nil {
					t.Errorf("the rest of the batch did not go on: %v", outcomes[1].Err)
				}
			})
		}
	}
}

func stored(tenant *inspect.Tenant) map[string]inspect.Connection {
	byID := map[string]inspect.Connection{}
	for _, c := range tenant.Connections() {
		byID[c.ID] = c
	}
	return byID
}

// TestAnUpdateAloneDoesNotStopWhatDestroysNothing is about services that touch the time of
// update for reasons of their own.
func TestAnUpdateAloneDoesNotStopWhatDestroysNothing(t *testing.T) {
	tenant, provider := embed(t, shared, simulator.Options{})
	_, live := look(t, provider)
	a := live["Finance/A"]
	time.Sleep(time.Millisecond)
	if err := tenant.Edit(a.ID, func(*inspect.Connection) {}); err != nil {
		t.Fatal(err)
	}
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: a.ID, Key: a.Key, Seen: &a, Name: "A renamed"}}))
}

// TestWhatWeWroteOurselvesIsNoChangeOfOthers carries one connection through all kinds of
// writes with what the plan saw before the first.
func TestWhatWeWroteOurselvesIsNoChangeOfOthers(t *testing.T) {
	for _, back := range []bool{false, true} {
		tenant, provider := embed(t, shared, simulator.Options{})
		_, live := look(t, provider)
		a := live["Finance/A"]
		sales := connection.Space{ID: "s-sal", Name: "Sales", Type: "managed"}
		moving := connection.Record{Project: "finance", Key: "aa", Credentials: "1", Fingerprint: "it has no room without a digest", Protected: true}
		for _, operation := range []connection.Operation{
			{Kind: connection.Patch, Name: "A2", Record: &moving, Tags: &[]string{"z", "y", "z"}},
			{Kind: connection.BulkUpdate, Space: &sales, OwnerID: "u-bob"},
			{Kind: connection.Patch, Record: &connection.Record{Project: "finance", Key: "bb"}, Set: map[string]any{"url": "https://set.example"}, Credentials: map[string]any{"password": connection.NewSecret("p")}},
			{Kind: connection.BulkDelete},
		} {
			operation.ID, operation.Key, operation.Seen, operation.ReadBack = a.ID, a.Key, &a, back
			must(t, provider.Execute(t.Context(), []connection.Operation{operation}))
		}
		if left := tenant.Connections(); len(left) != 2 {
			t.Errorf("got connections %+v, want two", left)
		}
	}
}

// TestAnEditBetweenTwoOfOurWritesIsNoticed needs what the first has left to be read again.
func TestAnEditBetweenTwoOfOurWritesIsNoticed(t *testing.T) {
	tenant, provider := embed(t, shared, simulator.Options{})
	_, live := look(t, provider)
	a := live["Finance/A"]
	must(t, provider.Execute(t.Context(), []connection.Operation{{
		Kind: connection.Patch, ID: a.ID, Key: a.Key, Seen: &a, Name: "A aside", Record: &connection.Record{Project: "finance", Phase: connection.PhaseDeposed}, ReadBack: true,
	}}))
	if err := tenant.Edit(a.ID, func(c *inspect.Connection) { c.Properties["url"] = "https://edited.example" }); err != nil {
		t.Fatal(err)
	}
	got := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.BulkDelete, ID: a.ID, Key: a.Key, Seen: &a}})[0]
	if !errors.Is(got.Err, connection.ErrChanged) || len(tenant.Connections()) != 3 {
		t.Errorf("got error %v and %+v, want ErrChanged and three connections", got.Err, tenant.Connections())
	}
}

// TestAChangeWhileAWriteWaitsForItsTurnIsNoticed has the change made while the tier is
// closed, after a first attempt was refused.
func TestAChangeWhileAWriteWaitsForItsTurnIsNoticed(t *testing.T) {
	methods := map[string]string{
		"rename aside for a recreate": http.MethodPatch, "change of whose credentials are used": http.MethodPatch,
		"delete": http.MethodDelete, "bulk delete": http.MethodPost, "owner change": http.MethodPost,
		"patch of credentials": http.MethodPatch, "both renames of a recreate": http.MethodPatch,
	}
	for kind, write := range writes {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant, provider := embed(t, shared, simulator.Options{Faults: []simulator.Fault{{Method: methods[kind], RetryAfter: 60}}})
				_, live := look(t, provider)
				a, b := live["Finance/A"], live["Finance/B"]
				go func() {
					time.Sleep(30 * time.Second)
					if err := tenant.Edit(a.ID, func(c *inspect.Connection) { c.Tags = []string{"qlsync:finance", "qlsync-protected"} }); err != nil {
						t.Error(err)
					}
				}()
				outcomes := executeAny(t, provider, write(&a, &b))
				if i := slices.IndexFunc(outcomes, func(o connection.Outcome) bool { return errors.Is(o.Err, connection.ErrChanged) }); i < 0 {
					t.Errorf("got outcomes %+v, want one with ErrChanged", outcomes)
				}
			})
		})
	}
}

// TestEachConnectionOfABatchIsReadAgainByItself deletes some of the connections of one space:
// a list may lag behind, and one that shows what the plan saw proves nothing.
func TestEachConnectionOfABatchIsReadAgainByItself(t *testing.T) {
	for _, test := range []struct {
		name  string
		whose []string
		reads []string
	}{
		{"one", []string{"A"}, []string{"GET one"}},
		{"all of a space, one of which was renamed", []string{"A", "B", "C"}, []string{"GET one", "GET one", "GET one"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tenant, provider := embed(t, shared, simulator.Options{})
			_, live := look(t, provider)
			var operations []connection.Operation
			for _, name := range test.whose {
				seen := live["Finance/"+name]
				operations = append(operations, connection.Operation{Kind: connection.BulkDelete, ID: seen.ID, Key: seen.Key, Seen: &seen})
			}
			if err := tenant.Edit(live["Finance/C"].ID, func(c *inspect.Connection) { c.Name = "C2" }); err != nil {
				t.Fatal(err)
			}
			before := len(tenant.Requests())
			executeAny(t, provider, operations)
			var reads []string
			for _, request := range tenant.Requests()[before:] {
				switch {
				case request.Method != http.MethodGet:
				case request.Path == connections:
					reads = append(reads, "GET list")
				default:
					reads = append(reads, "GET one")
				}
			}
			if !slices.Equal(reads, test.reads) {
				t.Errorf("got reads %q, want %q", reads, test.reads)
			}
		})
	}
}

// TestABatchThatMayHaveBeenCarriedOutIsNotCalledFailed cuts the connection after a bulk action, and
// refuses the read before the action is sent again: the outcome stays unknown.
func TestABatchThatMayHaveBeenCarriedOutIsNotCalledFailed(t *testing.T) {
	_, provider := embed(t, shared, simulator.Options{Faults: []simulator.Fault{
		{Method: http.MethodPost, Times: 1, Cut: "after"},
		{Method: http.MethodGet, Path: connections + "/*", Skip: 4, Times: 1, Status: http.StatusBadRequest},
	}})
	_, live := look(t, provider)
	seen := live["Finance/A"]
	outcome := executeAny(t, provider, []connection.Operation{{Kind: connection.BulkUpdate, ID: seen.ID, Key: seen.Key, Seen: &seen, OwnerID: "u-bob"}})[0]
	if !errors.Is(outcome.Err, connection.ErrUnknownOutcome) {
		t.Errorf("got the error %v, want that the outcome is unknown: the owner has changed", outcome.Err)
	}
}

// TestABatchThatWasCarriedOutIsNotTakenForAChangeOfOthers cuts the connection behind a bulk action of
// two, and refuses the second attempt: each half would find what the first attempt has written.
func TestABatchThatWasCarriedOutIsNotTakenForAChangeOfOthers(t *testing.T) {
	_, provider := embed(t, shared, simulator.Options{Faults: []simulator.Fault{
		{Method: http.MethodPost, Times: 1, Cut: "after"},
		{Method: http.MethodPost, Times: 1, Status: http.StatusBadRequest},
	}})
	_, live := look(t, provider)
	for _, outcome := range executeAny(t, provider, writes["owner change"](new(live["Finance/A"]), new(live["Finance/B"]))) {
		if outcome.Err != nil {
			t.Errorf("got the error %v, want none: the owner is as declared", outcome.Err)
		}
	}
}

// TestCredentialsThatWereTypedInByHandAreNotDestroyed has somebody type credentials between
// the plan and each write that would lose them: into a connection that had none, and over
// others, which only the time of update shows.
func TestCredentialsThatWereTypedInByHandAreNotDestroyed(t *testing.T) {
	for kind, write := range writes {
		for _, has := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s of one with credentials %v", kind, has), func(t *testing.T) {
				tenant, provider := embed(t, shared, simulator.Options{})
				for _, c := range tenant.Connections() {
					if has && c.Name == "A" {
						typeIn(t, tenant, c.ID, "before")
					}
				}
				_, live := look(t, provider)
				a, b := live["Finance/A"], live["Finance/B"]
				time.Sleep(time.Millisecond)
				typeIn(t, tenant, a.ID, "by hand")
				var told error
				for _, outcome := range executeAny(t, provider, write(&a, &b)) {
					told = errors.Join(told, outcome.Err)
				}
				if !errors.Is(told, connection.ErrChanged) || !tenant.CredentialEquals(a.ID, "password", "by hand") {
					t.Errorf("the error is %v, want one that says that the connection was changed; the credentials that were typed are there: %v",
						told, tenant.CredentialEquals(a.ID, "password", "by hand"))
				}
				if name := stored(tenant)[a.ID].Name; name != "A" {
					t.Errorf("the connection is called %q, want A: it was renamed although its credentials had changed", name)
				}
			})
		}
	}
}

// TestCredentialsThatWereTypedBeforeAnEarlierWriteOfOursAreNotDestroyedByALaterOne has them
// typed before a write that destroys nothing, which goes on.
func TestCredentialsThatWereTypedBeforeAnEarlierWriteOfOursAreNotDestroyedByALaterOne(t *testing.T) {
	tenant, provider := embed(t, shared, simulator.Options{})
	for _, c := range tenant.Connections() {
		typeIn(t, tenant, c.ID, "before")
	}
	_, live := look(t, provider)
	a := live["Finance/A"]
	time.Sleep(time.Millisecond)
	typeIn(t, tenant, a.ID, "by hand")
	time.Sleep(time.Millisecond)
	must(t, provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: a.ID, Key: a.Key, Seen: &a, Name: "A renamed", ReadBack: true}}))
	got := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.BulkUpdate, ID: a.ID, Key: a.Key, Seen: &a, OwnerID: "u-bob"}})[0]
	if !errors.Is(got.Err, connection.ErrChanged) || stored(tenant)[a.ID].Owner == "u-bob" {
		t.Errorf("the error is %v and the owner %s, want one that says that the connection was changed, and Ana: her credentials are gone", got.Err, stored(tenant)[a.ID].Owner)
	}
}

// TestTheLastCredentialsAreNotDeleted deletes what a recreate has put aside, after the one in
// its place has lost its credentials, or is gone.
func TestTheLastCredentialsAreNotDeleted(t *testing.T) {
	for name, test := range map[string]struct {
		hand    func(tenant *inspect.Tenant, standing string) error
		deletes bool
	}{
		"the one in its place is as it was": {func(*inspect.Tenant, string) error { return nil }, true},
		"the one in its place has another owner": {func(tenant *inspect.Tenant, standing string) error {
			return tenant.Edit(standing, func(c *inspect.Connection) { c.Owner = "u-bob" })
		}, false},
		"the one in its place is gone": {func(tenant *inspect.Tenant, standing string) error { return tenant.Remove(standing) }, false},
	} {
		for _, kind := range []connection.OperationKind{connection.Delete, connection.BulkDelete} {
			t.Run(fmt.Sprint(name, "/", kind), func(t *testing.T) {
				tenant, provider := embed(t, shared, simulator.Options{})
				for _, c := range tenant.Connections() {
					typeIn(t, tenant, c.ID, "typed")
				}
				_, live := look(t, provider)
				old, standing := live["Finance/A"], live["Finance/B"]
				if err := test.hand(tenant, standing.ID); err != nil {
					t.Fatal(err)
				}
				got := provider.Execute(t.Context(), []connection.Operation{{Kind: kind, ID: old.ID, Key: old.Key, Seen: &old, Successor: &standing}})[0]
				_, there := stored(tenant)[old.ID]
				if there == test.deletes || (got.Err == nil) != test.deletes || !test.deletes && !errors.Is(got.Err, connection.ErrChanged) {
					t.Errorf("the old one is still there: %v, with the error %v; want it deleted: %v", there, got.Err, test.deletes)
				}
			})
		}
	}
}

// The statement shows an edit only after the next change, and there is no time of update. The
// properties that are read by name show it at once.
func TestAnEditThatTheStatementDoesNotShowStopsEveryWrite(t *testing.T) {
	liar := simulator.Options{Behaviour: simulator.Behaviour{Lies: []simulator.Lie{{Kind: "oldValue"}}, Without: []string{"updated"}}}
	for kind, write := range writes {
		for name, url := range map[string]string{"edited": "https://by.hand.example", "as it was": "https://a.example"} {
			t.Run(fmt.Sprint(kind, "/", name), func(t *testing.T) {
				tenant, provider := embed(t, shared, liar)
				_, live := look(t, provider)
				a, b := live["Finance/A"], live["Finance/B"]
				if err := tenant.Edit(a.ID, func(c *inspect.Connection) { c.Properties["url"] = url }); err != nil {
					t.Fatal(err)
				}
				before := stored(tenant)
				var told error
				for _, outcome := range executeAny(t, provider, write(&a, &b)) {
					told = errors.Join(told, outcome.Err)
				}
				isStopped, isWritten := errors.Is(told, connection.ErrChanged), fmt.Sprint(stored(tenant)[a.ID]) != fmt.Sprint(before[a.ID])
				if isEdited := name == "edited"; isStopped != isEdited || isWritten == isEdited || told != nil && !isEdited {
					t.Errorf("the error is %v, and A was written: %t; want ErrChanged and no write only after an edit", told, isWritten)
				}
			})
		}
	}
}

// The answer to a create is lost, so that the provider has read the connection to find it. An edit
// after that read is by another client.
func TestAnEditOfWhatWasFoundAfterItsCreateIsNoticed(t *testing.T) {
	for _, edited := range []bool{false, true} {
		t.Run(fmt.Sprint("edited ", edited), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant, provider := embed(t, shared, simulator.Options{Faults: []simulator.Fault{{Method: http.MethodPost, Path: connections, Cut: simulator.CutAfter}}})
				look(t, provider)
				made := provider.Execute(t.Context(), []connection.Operation{{
					Kind: connection.Create, Key: connection.Key{Space: "Finance", Name: "New"}, Name: "New", Space: &connection.Space{ID: "s-fin", Name: "Finance", Type: "shared"},
					DataSource: "rest", Set: map[string]any{"url": "https://new.example"}, Record: &connection.Record{Project: "finance"},
				}})[0]
				if made.Err != nil {
					t.Fatal(made.Err)
				}
				if edited {
					if err := tenant.Edit(made.ID, func(c *inspect.Connection) { c.Properties["url"] = "https://by.hand.example" }); err != nil {
						t.Fatal(err)
					}
				}
				got := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: made.ID, Name: "Renamed"}})[0]
				if isStopped := errors.Is(got.Err, connection.ErrChanged); isStopped != edited || !edited && got.Err != nil {
					t.Errorf("the error is %v, want ErrChanged only after an edit", got.Err)
				}
			})
		})
	}
}

// typeIn types a password into a connection by hand.
func typeIn(t *testing.T, tenant *inspect.Tenant, id, password string) {
	t.Helper()
	if err := tenant.TypeIn(id, map[string]any{"password": password}); err != nil {
		t.Fatal(err)
	}
}

// TestNoBatchTrustsAListThatLagsBehind changes one connection of a batch by hand while the
// lists still show how the plan saw it.
func TestNoBatchTrustsAListThatLagsBehind(t *testing.T) {
	sales := connection.Space{ID: "s-sal", Name: "Sales", Type: "managed"}
	for name, operation := range map[string]connection.Operation{
		"delete": {Kind: connection.BulkDelete}, "owner change": {Kind: connection.BulkUpdate, OwnerID: "u-bob"}, "space change": {Kind: connection.BulkUpdate, Space: &sales},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant, provider := embed(t, shared, simulator.Options{Behaviour: simulator.Behaviour{ListLag: 30}})
				_, live := look(t, provider)
				var operations []connection.Operation
				for _, name := range []string{"A", "B", "C"} {
					seen, one := live["Finance/"+name], operation
					one.ID, one.Key, one.Seen = seen.ID, seen.Key, &seen
					operations = append(operations, one)
				}
				time.Sleep(time.Second)
				if err := tenant.Edit(live["Finance/B"].ID, func(c *inspect.Connection) { c.Tags = []string{"qlsync:hr"} }); err != nil {
					t.Fatal(err)
				}
				before := stored(tenant)[live["Finance/B"].ID]
				outcomes := executeAny(t, provider, operations)
				if diff := cmp.Diff(before, stored(tenant)[before.ID]); diff != "" || !errors.Is(outcomes[1].Err, connection.ErrChanged) {
					t.Errorf("a connection of another project was changed (error %v):\n%s", outcomes[1].Err, diff)
				}
				if outcomes[0].Err != nil || outcomes[2].Err != nil {
					t.Errorf("the rest of the batch did not go on: %v, %v", outcomes[0].Err, outcomes[2].Err)
				}
			})
		})
	}
}

// TestAnotherOwnerOfWhatWasJustCreatedIsNoticed has the owner changed before the new
// connection is read back: its credentials are gone, and nothing may be put aside for it.
func TestAnotherOwnerOfWhatWasJustCreatedIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant, provider := embed(t, shared, simulator.Options{Faults: []simulator.Fault{{Method: http.MethodGet, Path: connections + "/*", Skip: 3, RetryAfter: 60}}})
		look(t, provider)
		go func() {
			time.Sleep(30 * time.Second)
			made, _ := tenant.Find("Finance", "New")
			if err := tenant.Edit(made.ID, func(c *inspect.Connection) { c.Owner = "u-bob" }); err != nil {
				t.Error(err)
			}
		}()
		made := provider.Execute(t.Context(), []connection.Operation{{
			Kind: connection.Create, Key: connection.Key{Space: "Finance", Name: "New"}, Name: "New", Space: &connection.Space{ID: "s-fin", Name: "Finance", Type: "shared"},
			DataSource: "rest", Set: map[string]any{"url": "https://new.example"}, Credentials: map[string]any{"password": connection.NewSecret("p")},
			Record: &connection.Record{Project: "finance", Phase: connection.PhaseNew}, ReadBack: true,
		}})[0]
		if made.Err != nil {
			t.Fatal(made.Err)
		}
		got := provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: made.ID, Name: "Renamed", Record: &connection.Record{Project: "finance"}}})[0]
		if !errors.Is(got.Err, connection.ErrChanged) {
			t.Errorf("the error is %v, want one that says that the connection was changed: it belongs to somebody else by now", got.Err)
		}
	})
}

// TestCredentialsThatWereTypedIntoWhatWasJustCreatedAreNotDestroyed has somebody type them into
// a connection behind its create: before it is read back, where it is not, and before it is
// found because the answer was lost. Only the time of the update shows them.
func TestCredentialsThatWereTypedIntoWhatWasJustCreatedAreNotDestroyed(t *testing.T) {
	slowRead := simulator.Fault{Method: http.MethodGet, Path: connections + "/*", Skip: 3, RetryAfter: 60}
	slowList := simulator.Fault{Method: http.MethodGet, Path: connections, Skip: 3, RetryAfter: 60}
	lost := simulator.Fault{Method: http.MethodPost, Path: connections, Cut: simulator.CutAfter}
	for name, c := range map[string]struct {
		faults []simulator.Fault
		back   bool
	}{
		"read back":                 {faults: []simulator.Fault{slowRead}, back: true},
		"not read back":             {},
		"the answer lost":           {faults: []simulator.Fault{lost, slowList}, back: true},
		"the answer lost, not read": {faults: []simulator.Fault{lost, slowList}},
	} {
		for kind, write := range map[string]struct {
			operation connection.Operation
			destroys  bool
		}{
			"owner change":         {connection.Operation{Kind: connection.BulkUpdate, OwnerID: "u-bob"}, true},
			"delete":               {connection.Operation{Kind: connection.Delete}, true},
			"patch of credentials": {connection.Operation{Kind: connection.Patch, Credentials: map[string]any{"password": connection.NewSecret("again")}}, true},
			"rename":               {connection.Operation{Kind: connection.Patch, Name: "Renamed"}, false},
		} {
			for _, typed := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/typed %v", name, kind, typed), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						tenant, provider := embed(t, shared, simulator.Options{Faults: c.faults})
						look(t, provider)
						typing := func() {
							if made, _ := tenant.Find("Finance", "New"); typed {
								typeIn(t, tenant, made.ID, "by hand")
							}
						}
						if len(c.faults) > 0 {
							time.AfterFunc(30*time.Second, typing) // the next read waits longer
						}
						made := provider.Execute(t.Context(), []connection.Operation{{
							Kind: connection.Create, Key: connection.Key{Space: "Finance", Name: "New"}, Name: "New", Space: &connection.Space{ID: "s-fin", Name: "Finance", Type: "shared"},
							DataSource: "rest", Set: map[string]any{"url": "https://new.example"}, Credentials: map[string]any{"password": connection.NewSecret("p")},
							Record: &connection.Record{Project: "finance", Phase: connection.PhaseNew}, ReadBack: c.back,
						}})[0]
						if made.Err != nil {
							t.Fatalf("create: got error %v, want none", made.Err)
						}
						if len(c.faults) == 0 {
							time.Sleep(time.Second)
							typing()
						}
						operation := write.operation
						operation.ID, operation.Key = made.ID, connection.Key{Space: "Finance", Name: "New"}
						err := provider.Execute(t.Context(), []connection.Operation{operation})[0].Err
						if refused := errors.Is(err, connection.ErrChanged); refused != (typed && write.destroys) || err != nil && !refused {
							t.Errorf("the error is %v; want it refused as changed by another person: %v", err, typed && write.destroys)
						}
						if typed && write.destroys && !tenant.CredentialEquals(made.ID, "password", "by hand") {
							t.Error("the credentials that somebody has typed in are gone")
						}
					})
				})
			}
		}
	}
}

// executeAny runs operations: several patches as the group of a recreate, whose first one is
// undone.
func executeAny(t *testing.T, provider *qlik.Provider, operations []connection.Operation) []connection.Outcome {
	t.Helper()
	if len(operations) == 1 || operations[0].Kind != connection.Patch {
		return provider.Execute(t.Context(), operations)
	}
	first := operations[0]
	undo := connection.Operation{Kind: connection.Patch, ID: first.ID, Key: connection.Key{Space: first.Key.Space, Name: first.Name}, Name: first.Key.Name, Record: operations[1].Record}
	return provider.ExecuteGroup(t.Context(), connection.Group{Operations: operations, Undo: &undo})
}

// TestANewOwnerOfWhatNobodyOwnedIsNoticed sets an owner of a connection whose owner was deleted,
// between the plan and the write, and between two writes of ours. Where the lists name no owner
// at all, an answer that names one is not a change.
func TestANewOwnerOfWhatNobodyOwnedIsNoticed(t *testing.T) {
	for name, c := range map[string]struct {
		othersOwned, between, given, noticed bool
	}{
		"after the plan":                           {othersOwned: true, given: true, noticed: true},
		"between two writes":                       {othersOwned: true, between: true, given: true, noticed: true},
		"not given":                                {othersOwned: true, between: true},
		"after the plan, nobody's is reported":     {given: true},
		"between two writes, nobody's is reported": {between: true, given: true},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, provider := embed(t, shared, simulator.Options{})
			give := func(to string, names ...string) {
				for _, c := range tenant.Connections() {
					if slices.Contains(names, c.Name) {
						if err := tenant.Edit(c.ID, func(c *inspect.Connection) { c.Owner = to }); err != nil {
							t.Fatalf("%s cannot be given to the owner %q: %v", c.Name, to, err)
						}
					}
				}
			}
			if give("", "A"); !c.othersOwned {
				give("", "B", "C")
			}
			_, live := look(t, provider)
			a := live["Finance/A"]
			rename := func(name string) error {
				return provider.Execute(t.Context(), []connection.Operation{{Kind: connection.Patch, ID: a.ID, Key: a.Key, Seen: &a, Name: name, ReadBack: true}})[0].Err
			}
			if c.between {
				if err := rename("A renamed"); err != nil {
					t.Fatalf("the first write: %v", err)
				}
			}
			if c.given {
				give("u-bob", "A", "A renamed")
			}
			err := rename("A again")
			if noticed := errors.Is(err, connection.ErrChanged); noticed != c.noticed || err != nil && !noticed {
				t.Errorf("the error is %v; want it to say that another person changed the connection: %v", err, c.noticed)
			}
		})
	}
}
