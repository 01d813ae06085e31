package compare_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/compare"
	"github.com/qlsync/qlsync/internal/match"
	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

// rules is a provider for which a number and its text are one value.
type rules struct {
	connection.Rules
	demands connection.Demands
}

func (rules) Check(*connection.Desired, *connection.DataSource, *connection.Capabilities) []connection.Reason {
	return nil
}

func (rules) Normalize(_ connection.Property, value any) any {
	if number, ok := value.(int); ok {
		return fmt.Sprint(number)
	}
	return value
}

func (r rules) Assess(connection.Difference) connection.Demands { return r.demands }

// world is a declared connection and its live one, which are the same if nothing is set.
type world struct {
	declared connection.Desired
	live     connection.Live
	rules    rules
	policy   connection.Policy
	stale    bool
}

func secret() map[string]any {
	return map[string]any{"password": connection.Reference{Env: "PASSWORD"}}
}

func newWorld() *world {
	return &world{
		declared: connection.Desired{
			Space: connection.SpaceRef{Name: "A"}, Name: "x", DataSource: "postgres",
			Properties: map[string]any{"port": 5432, "database": "sales"},
		},
		live: connection.Live{
			ID: "id-x", Key: connection.Key{Space: "A", Name: "x"}, DataSource: "postgres", OwnerID: "u-ana",
			Properties: map[string]any{"port": "5432", "database": "sales", "other": "kept"},
			Record:     connection.Record{Project: "acme", Key: "k", Credentials: connection.CredentialsRecord(0, nil, "u-ana")},
		},
	}
}

func (w *world) compare() *compare.Difference {
	files := &targets.Files{
		Project: "acme", Policy: w.policy, Desired: []connection.Desired{w.declared},
		Catalog: &connection.Catalog{DataSources: map[string]*connection.DataSource{"postgres": {ID: "postgres", Properties: map[string]connection.Property{
			"schema": {HasDefault: true, Default: "public"},
		}}}},
	}
	tenant := targets.NewTenant(&connection.Snapshot{
		Caller: connection.User{ID: "u-ana"}, Users: []connection.User{{ID: "u-ana", Email: "ana@example.com"}, {ID: "u-bo", Email: "bo@example.com"}},
		Spaces: []connection.Space{{ID: "s-a", Name: "A"}, {ID: "s-b", Name: "B"}},
	}, nil)
	resolved := targets.Resolve(files, w.rules, tenant)
	pair := &match.Pair{Target: resolved.Targets[0], Live: &w.live, Stale: w.stale}
	return compare.New(files, w.rules, tenant).Compare(pair)
}

func TestOnlyWhatIsDeclaredIsCompared(t *testing.T) {
	for name, test := range map[string]struct {
		set  func(w *world)
		want string
	}{
		"the same, in another form":     {func(*world) {}, ""},
		"a property":                    {func(w *world) { w.declared.Properties["database"] = "hr" }, `/properties/database "sales" -> "hr"`},
		"a property that must be gone":  {func(w *world) { w.declared.Properties["other"] = nil }, `/properties/other "kept" -> null`},
		"a property that is not there":  {func(w *world) { w.declared.Properties["new"] = "n" }, `/properties/new null -> "n"`},
		"the default that is not there": {func(w *world) { w.declared.Properties["schema"] = "public" }, ""},
		"one that the service never returns": {func(w *world) {
			w.declared.Properties["new"], w.declared.Lifecycle.Unreadable = "n", []string{"new"}
		}, ""},
		"one that the service hides": {func(w *world) {
			w.declared.Properties["database"], w.live.WriteOnlyProperties = "hr", []string{"database"}
		}, ""},
		"one that the files ignore": {func(w *world) {
			w.declared.Properties["database"], w.declared.Lifecycle.IgnoreChanges = "hr", []string{"properties.database"}
		}, ""},
		"tags, in another order": {func(w *world) { w.declared.Tags, w.live.Tags = []string{"b", "a"}, []string{"a", "b"} }, ""},
		"tags":                   {func(w *world) { w.declared.Tags, w.live.Tags = []string{}, []string{"a"} }, `/tags ["a"] -> []`},
		"the place":              {func(w *world) { w.live.Key = connection.Key{Space: "B", Name: "y"} }, `/space "B" -> "A", /name "y" -> "x"`},
		"the owner":              {func(w *world) { w.declared.Owner = "bo@example.com" }, `/owner "ana@example.com" -> "bo@example.com"`},
		"the protection": {func(w *world) {
			yes := true
			w.declared.Lifecycle.PreventDestroy = &yes
		}, "/lifecycle/preventDestroy false -> true"},
		"the record of the key":                   {func(w *world) { w.stale = true }, `/keyRecord "k" -> "` + connection.KeyRecord(connection.Space{ID: "s-a", Name: "A"}, "x") + `"`},
		"what is sensitive":                       {func(w *world) { w.declared.Sensitive = []string{"dsn"} }, `/sensitive null -> ["dsn"]`},
		"what is not sensitive":                   {func(w *world) { w.declared.NotSensitive = []string{"database"} }, `/notSensitive null -> ["database"]`},
		"not the record of what no project owns":  {func(w *world) { w.declared.Sensitive, w.live.Record.Project = []string{"dsn"}, "" }, ""},
		"a write of ours that is not in effect":   {func(w *world) { w.live.Record.Pending = true }, "/effective false -> true"},
		"a name that is a path of its own: a/b~c": {func(w *world) { w.declared.Properties["a/b~c"] = "n" }, `/properties/a~1b~0c null -> "n"`},
	} {
		w := newWorld()
		test.set(w)
		var got []string
		for _, f := range w.compare().Fields {
			got = append(got, f.Path+" "+connection.Canonical(f.Before)+" -> "+connection.Canonical(f.After))
		}
		if diff := cmp.Diff(test.want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s: fields differ (-want +got):\n%s", name, diff)
		}
	}
}

func TestCredentialsAreWrittenForAReasonAndNeverShown(t *testing.T) {
	recorded := func(w *world) {
		w.live.HasCredentials, w.live.Record.Credentials = true, connection.CredentialsRecord(0, secret(), "u-ana")
	}
	for name, test := range map[string]struct {
		set  func(w *world)
		want string // the code; empty: they are not written
	}{
		"they are as recorded":     {recorded, ""},
		"their version was raised": {func(w *world) { recorded(w); w.declared.CredentialsVersion = 1 }, "credentials-version"},
		"the tenant has none":      {func(w *world) { w.live.Record.Credentials = "" }, "no-credentials-there"},
		"the service demands it":   {func(w *world) { recorded(w); w.rules.demands.Credentials = connection.Because("new-host") }, "new-host"},
		"a recreate is demanded":   {func(w *world) { recorded(w); w.rules.demands.Recreate = connection.Because("fixed") }, "recreate-carries-credentials"},
		"the files ignore them": {func(w *world) {
			recorded(w)
			w.declared.CredentialsVersion = 1
			w.declared.Lifecycle.IgnoreChanges = []string{"credentials"}
		}, ""},
		"every write carries them": {func(w *world) {
			recorded(w)
			w.rules.demands.Carries = connection.Because("carries")
			w.declared.Tags = []string{"new"}
		}, "carries"},
		"a write would, but there is none": {func(w *world) { recorded(w); w.rules.demands.Carries = connection.Because("carries") }, ""},
	} {
		w := newWorld()
		w.declared.Credentials = secret()
		test.set(w)
		d := w.compare()
		if d.CredentialsWhy.Code != test.want || d.Credentials != (test.want != "") {
			t.Errorf("%s: they are written %v for %q, want %q", name, d.Credentials, d.CredentialsWhy.Code, test.want)
		}
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Path, "/credentials/") && (!f.Secret || f.Before != nil || f.After != nil) {
				t.Errorf("%s: the field %s shows a value, want none of a credential", name, f.Path)
			}
		}
	}
}

func TestAnUpdateByRecreateIsForWhatAPatchWouldWriteElse(t *testing.T) {
	for name, test := range map[string]struct {
		set  func(w *world)
		want string
	}{
		"a property": {func(w *world) { w.declared.Properties["database"] = "hr" }, "update-recreate"},
		"the tags":   {func(w *world) { w.declared.Tags = []string{"new"} }, ""},
		"the space":  {func(w *world) { w.live.Key.Space = "B" }, ""},
	} {
		w := newWorld()
		w.policy.Update = connection.UpdateRecreate
		test.set(w)
		if d := w.compare(); d.Recreate.Code != test.want {
			t.Errorf("%s: a recreate is needed for %q, want %q", name, d.Recreate.Code, test.want)
		}
	}
}

func TestAHiddenPropertyIsKeptForTheWritesThatNeedIt(t *testing.T) {
	w := newWorld()
	w.live.WriteOnlyProperties = []string{"database"}
	if diff := cmp.Diff(map[string]any{"database": "sales"}, w.compare().Hidden); diff != "" {
		t.Errorf("declared properties that cannot be compared differ (-want +got):\n%s", diff)
	}
}
