package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// separates is a world with a data source whose users bring their own credentials,
// and stored credentials of the caller.
func separates(set func(*world)) plan.Input {
	w := newWorld()
	w.snapshot.Stored = []connection.StoredCredentials{{ID: "id-team", Name: "team"}, {ID: "id-mine", Name: "mine"}}
	set(w)
	in := w.input()
	in.Catalog.DataSources["db"] = &connection.DataSource{ID: "db", Family: "odbc", Properties: map[string]connection.Property{
		"apart": {Type: "boolean", PerUserRole: connection.SeparatesCredentials, Default: false, HasDefault: true},
		"set":   {Type: "string", PerUserRole: connection.SelectsCredentials},
		"as":    {Type: "string", PerUserRole: connection.NamesCredentials},
	}}
	return in
}

func db(properties map[string]any, more ...func(*connection.Desired)) func(*connection.Desired) {
	return func(d *connection.Desired) {
		d.DataSource, d.Properties = "db", properties
		for _, change := range more {
			change(d)
		}
	}
}

func liveDB(separated bool, properties map[string]any) func(*connection.Live) {
	return func(l *connection.Live) {
		l.DataSource, l.Family, l.Properties, l.PerUserCredentials, l.HasCredentials = "db", "odbc", properties, separated, !separated
		l.Record.Credentials = "1:aa"
	}
}

func password(d *connection.Desired) { d.Credentials = secretRef("P") }

func recreates(d *connection.Desired) {
	d.Lifecycle = connection.Lifecycle{Update: connection.UpdateRecreate, RecreateAllowed: true}
}

func TestCredentialsThatEachUserBrings(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(*world)
		want string   // outline
		sets []string // of the first operation
		warn string
	}{
		{
			"stored credentials are selected by name, and sent by id",
			func(w *world) { w.declare("A", "x", db(map[string]any{"set": "team"})) },
			"create A/x /properties/set:<nil>>team\ns1 create A/x",
			[]string{`{"set":"id-team"}`},
			"",
		},
		{
			"or by id",
			func(w *world) { w.declare("A", "x", db(map[string]any{"set": "id-mine"})) },
			"create A/x /properties/set:<nil>>mine\ns1 create A/x",
			[]string{`{"set":"id-mine"}`},
			"",
		},
		{
			"what is linked needs nothing",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"set": "team"}))
				w.hold("A", "x", liveDB(true, map[string]any{"set": "id-team", "as": "team"}))
			}, "", nil, "",
		},
		{
			"another selection sends no credentials: they would become the values of the other set",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"set": "mine"}))
				w.hold("A", "x", liveDB(true, map[string]any{"set": "id-team", "as": "team"}))
			}, "update A/x /properties/set:team>mine\ns1 patch A/x",
			[]string{`{"set":"id-mine"}`},
			"",
		},
		{
			"what is not there is refused, alone",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"set": "nobody"}))
				w.declare("A", "y", db(map[string]any{"as": "maybe"}))
			}, "create A/x /properties/set:<nil>>nobody !no-stored\ncreate A/y /properties/as:<nil>>maybe\ns1 create A/y", nil, "",
		},
		{
			"but not where the selection is ignored",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"set": "nobody", "host": "h"}, func(d *connection.Desired) {
					d.Lifecycle.IgnoreChanges = []string{"properties.set"}
				}))
				w.hold("A", "x", liveDB(true, map[string]any{"set": "id-team", "as": "team"}))
			}, "update A/x /properties/host:<nil>>h\ns1 patch A/x", nil, "",
		},
		{
			"and a pending create is reported",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"set": "maybe"}))
				w.declare("A", "y", db(map[string]any{"as": "maybe"}))
			}, "create A/x /properties/set:<nil>>maybe !no-stored-yet" +
				"\ncreate A/y /properties/as:<nil>>maybe\ns1 create A/y", nil, "",
		},
		{
			"another name comes with the credentials",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"as": "mine"}, password))
				w.hold("A", "x", liveDB(true, map[string]any{"set": "id-team", "as": "team"}))
			}, "update A/x /properties/as:team>mine /credentials/password=(secret)\ns1 patch A/x",
			[]string{`{"as":"mine"}`},
			"",
		},
		{
			"so does the switch, which every user must hear of",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"apart": "true"}, password))
				w.hold("A", "x", liveDB(false, map[string]any{}))
			}, "update A/x /properties/apart:<nil>>true /credentials/password=(secret)\ns1 patch A/x",
			[]string{`{"apart":"true"}`},
			"users-need-credentials",
		},
		{
			"a recreate with credentials for everybody takes along nobody's own",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"apart": "false"}, password, recreates))
				w.hold("A", "x", liveDB(true, map[string]any{"apart": "true", "set": "id-team", "as": "team", "kept": "1"}))
			}, "recreate A/x /properties/apart:true>false /credentials/password=(secret)\ns1 recreate A/x\ns2 bulk-delete A/x after s1",
			[]string{`{"apart":"false","kept":"1"}`},
			"users-credentials-unused",
		},
		{
			"and one that still separates them links the same",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"host": "new"}, recreates))
				w.hold("A", "x", liveDB(true, map[string]any{"apart": "true", "set": "id-team", "as": "team"}))
			}, "recreate A/x /properties/host:<nil>>new\ns1 recreate A/x\ns2 bulk-delete A/x after s1",
			[]string{`{"apart":"true","as":"team","host":"new","set":"id-team"}`},
			"",
		},
		{
			"a change of host links the selected ones again",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"set": "team", "host": "new"}))
				w.hold("A", "x", liveDB(true, map[string]any{"set": "id-team", "as": "team", "host": "old"}))
			}, "update A/x /properties/host:old>new\ns1 patch A/x",
			[]string{`{"host":"new","set":"id-team"}`},
			"host-gets-credentials-from",
		},
		{
			"and is refused where nothing would link the declared ones",
			func(w *world) {
				w.declare("A", "x", db(map[string]any{"host": "new"}, password))
				w.hold("A", "x", liveDB(true, map[string]any{"host": "old"}))
			}, "update A/x /properties/host:old>new /credentials/password=(secret)" +
				" !host-needs-link", nil, "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, problems := plan.Make(separates(test.set))
			if problems.Err() != nil {
				t.Fatalf("got problems %v, want none", problems)
			}
			if diff := cmp.Diff(test.want, outline(p)); diff != "" {
				t.Errorf("the plan differs (-want +got):\n%s", diff)
			}
			for i, want := range test.sets {
				if got := connection.Canonical(p.Steps[i].Items[0].Operation.Set); got != want {
					t.Errorf("the operation sets %s, want %s", got, want)
				}
			}
			if test.warn != "" && (len(p.Warnings) == 0 || p.Warnings[0].Reason.Code != test.warn) {
				t.Errorf("got warnings %+v, want first %q", p.Warnings, test.warn)
			}
		})
	}
}

func TestTheScopeNamesStoredCredentialsOnce(t *testing.T) {
	scope := plan.Scope(separates(func(w *world) {
		w.declare("A", "x", db(map[string]any{"set": "team"}))
		w.declare("A", "y", db(map[string]any{"set": "team"}))
		w.declare("A", "z", db(map[string]any{"set": ""}))
	}))
	if diff := cmp.Diff([]string{"team"}, scope.Stored); diff != "" || !scope.Linked {
		t.Errorf("got linked %v, want true, and these spaces (-want +got):\n%s", scope.Linked, diff)
	}
	if scope := plan.Scope(separates(func(w *world) { w.declare("A", "x") })); len(scope.Stored) > 0 || scope.Linked {
		t.Errorf("got scope %+v, want no stored credentials", scope)
	}
}
