package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/qlik"
)

const project = "acme"

// world is a tenant and files as the planner sees them, and a model of the
// service that carries operations out and refuses what is impossible.
type world struct {
	rules    connection.Rules
	files    []connection.Desired
	moves    []connection.Move
	policy   connection.Policy
	snapshot *connection.Snapshot
	created  int
	// made maps the operations of the plan that is being carried out to the ids of
	// what they created.
	made map[int]string
	// stored holds, by id, the user of each credential set that the service keeps.
	stored map[string]string
	// ownersOnly lets nobody but the owner of a connection write credentials to it.
	ownersOnly bool
	// whole reports that the service has no owners, that the key of a connection is its id, and
	// that a write replaces all of it; fixedNames that it never renames a connection.
	whole, fixedNames bool
	// fresh is the fingerprint of the values that are declared; empty: none is compared.
	fresh string
	// byName lets the records of live connections be over the names of spaces, as earlier
	// versions wrote them.
	byName bool
}

func newWorld() *world {
	return &world{
		made: map[int]string{}, stored: map[string]string{},
		policy: connection.Policy{
			Prune: connection.PruneNone, Adopt: connection.AdoptMatching,
			MaxDeletes: connection.DefaultMaxDeletes(), Update: connection.UpdatePatch,
		},
		rules: exactly{qlik.Rules{}},
		snapshot: &connection.Snapshot{
			Caller: connection.User{ID: "u-ana", Email: "ana@example.com", Admin: true},
			Users:  []connection.User{{ID: "u-ana", Email: "ana@example.com"}, {ID: "u-bo", Email: "bo@example.com"}},
			Spaces: []connection.Space{
				{Name: connection.PersonalSpace, Type: "personal"},
				{ID: "s-a", Name: "A", Type: "shared"},
				{ID: "s-b", Name: "B", Type: "shared"},
				{ID: "s-c", Name: "C", Type: "managed"},
			},
			Reads:        3,
			Capabilities: adminCapabilities(),
		},
	}
}

func adminCapabilities() connection.Capabilities {
	return connection.Capabilities{
		Space: connection.BulkUpdate, Owner: connection.BulkUpdate, Existence: connection.BulkDelete,
		BatchSize: map[connection.OperationKind]int{connection.BulkUpdate: 100, connection.BulkDelete: 100},
		Costs: map[connection.OperationKind]connection.Cost{
			connection.Create: {Writes: 1}, connection.Patch: {Reads: 1, Writes: 1},
			connection.BulkUpdate: {Writes: 1}, connection.BulkDelete: {Writes: 1}, connection.Delete: {Writes: 1},
		},
		Writes: connection.RateLimit{Requests: 500, Window: 5 * time.Minute},
	}
}

func memberCapabilities() connection.Capabilities {
	capabilities := adminCapabilities()
	capabilities.Space, capabilities.Owner, capabilities.Existence = connection.Patch, "", connection.Delete
	capabilities.BatchSize = nil
	return capabilities
}

// declare adds a connection to the files.
func (w *world) declare(space, name string, change ...func(*connection.Desired)) {
	d := connection.Desired{
		Space: connection.SpaceRef{Name: space}, Name: name, DataSource: "rest",
		Properties: map[string]any{"path": "/" + name},
	}
	line := len(w.files) + 1
	d.At = func(string) connection.Position { return connection.Position{File: "a.yaml", Line: line, Column: 3} }
	for _, c := range change {
		c(&d)
	}
	w.files = append(w.files, d)
}

// hold adds a live connection that is ours and equals what declare declares.
func (w *world) hold(space, name string, change ...func(*connection.Live)) *connection.Live {
	key := connection.Key{Space: space, Name: name}
	live := connection.Live{
		ID: "id-" + space + "-" + name, Key: key, SpaceID: w.spaceID(space), OwnerID: "u-ana", DataSource: "rest", Family: "web",
		Properties: map[string]any{"path": "/" + name},
		Record:     connection.Record{Project: project, Key: w.record(key)},
	}
	for _, c := range change {
		c(&live)
	}
	w.snapshot.Connections = append(w.snapshot.Connections, live)
	w.sort()
	return &live
}

func (w *world) moved(fromSpace, fromName, toSpace, toName string) {
	w.moves = append(w.moves, connection.Move{
		From: connection.MoveEnd{Space: connection.SpaceRef{Name: fromSpace}, Name: fromName},
		To:   connection.MoveEnd{Space: connection.SpaceRef{Name: toSpace}, Name: toName},
	})
}

// record returns the key record of a live connection.
func (w *world) record(key connection.Key) string {
	if w.byName {
		return connection.KeyDigest(key)
	}
	return connection.KeyRecord(connection.Space{ID: w.spaceID(key.Space), Name: key.Space}, key.Name)
}

// fits reports whether a record is of the key, in either form.
func (w *world) fits(record string, key connection.Key) bool {
	return record == connection.KeyDigest(key) || record == recordOf(key.Space, key.Name)
}

// recordOf returns the record that a plan writes for a key of a new world.
func recordOf(space, name string) string {
	return newWorld().record(connection.Key{Space: space, Name: name})
}

func (w *world) spaceID(name string) string {
	for _, space := range w.snapshot.Spaces {
		if space.Name == name {
			return space.ID
		}
	}
	return ""
}

func (w *world) sort() {
	slices.SortFunc(w.snapshot.Connections, func(a, b connection.Live) int { return a.Key.Compare(b.Key) })
}

func (w *world) input() plan.Input {
	return plan.Input{
		Project: project, Tenant: plan.Tenant{Name: "test", URL: "https://test.example"},
		Policy: w.policy, Desired: w.files, Moves: w.moves, Snapshot: w.snapshot,
		Spaces: []connection.SpaceRef{{Name: "A"}, {Name: "B"}, {Name: "C"}, {Personal: true}},
		Catalog: &connection.Catalog{DataSources: map[string]*connection.DataSource{
			"rest": {ID: "rest", Family: "web", Properties: map[string]connection.Property{
				"mode":     {Type: "string", Default: "fast", HasDefault: true},
				"password": {Type: "string", Class: connection.ClassSecret},
			}},
			"soap":  {ID: "soap", Family: "web"},
			"mssql": {ID: "mssql", Family: "odbc"},
		}},
		Rules: w.rules,
	}
}

// do carries one operation out, and refuses it where the service would.
func (w *world) do(item plan.Item) error {
	op := item.Operation
	if item.Created != nil {
		op.ID = w.made[*item.Created]
	}
	w.snapshot.Connections = slices.Clone(w.snapshot.Connections)
	if w.whole {
		return w.replace(op)
	}
	if op.Kind == connection.Create {
		w.created++
		live := connection.Live{
			ID: fmt.Sprintf("id-new-%d", w.created), OwnerID: w.snapshot.Caller.ID, DataSource: op.DataSource,
			Key: connection.Key{Space: op.Space.Name, Name: op.Name}, SpaceID: op.Space.ID, Family: family(op.DataSource),
			Properties: map[string]any{},
		}
		w.made[item.ID] = live.ID
		w.write(&live, op)
		return w.put(live)
	}
	i := slices.IndexFunc(w.snapshot.Connections, func(l connection.Live) bool { return l.ID == op.ID })
	if i < 0 {
		return fmt.Errorf("%s %q: %w", op.Kind, op.Key, connection.ErrNotFound)
	}
	live := w.snapshot.Connections[i]
	if live.Key != op.Key {
		return fmt.Errorf("%s of %q finds it at %q", op.Kind, op.Key, live.Key)
	}
	if w.ownersOnly && op.Credentials != nil && live.OwnerID != w.snapshot.Caller.ID {
		return fmt.Errorf("%s %q: %w", op.Kind, op.Key, connection.ErrForbidden)
	}
	w.snapshot.Connections = slices.Delete(w.snapshot.Connections, i, i+1)
	if op.Kind == connection.Delete || op.Kind == connection.BulkDelete {
		return nil
	}
	if op.Kind == connection.BulkUpdate && (op.Name != "" || op.Set != nil || op.Record != nil || op.Tags != nil || op.Credentials != nil) {
		return fmt.Errorf("bulk update of %q writes what it cannot", op.Key)
	}
	live.Properties = maps.Clone(live.Properties)
	w.write(&live, op)
	return w.put(live)
}

// replace carries one operation out at such a service. What a write does not carry is gone.
func (w *world) replace(op connection.Operation) error {
	i := slices.IndexFunc(w.snapshot.Connections, func(l connection.Live) bool { return l.Key == op.Key })
	live := connection.Live{Key: op.Key, SpaceID: w.spaceID(op.Key.Space), DataSource: op.DataSource, Family: family(op.DataSource)}
	switch {
	case op.Kind == connection.Create && i >= 0:
		return fmt.Errorf("create %q: %w", op.Key, connection.ErrConflict)
	case op.Kind != connection.Create && i < 0:
		return fmt.Errorf("%s %q: %w", op.Kind, op.Key, connection.ErrNotFound)
	case i >= 0:
		live = w.snapshot.Connections[i]
		w.snapshot.Connections = slices.Delete(w.snapshot.Connections, i, i+1)
	}
	store := w.stored[live.ID+" store"]
	delete(w.stored, live.ID)
	delete(w.stored, live.ID+" store")
	switch {
	case op.Kind == connection.Delete:
		return nil
	case op.Kind != connection.Create && op.Kind != connection.Patch, op.OwnerID != "", op.Tags != nil,
		op.Kind == connection.Patch && (op.Space != nil || op.DataSource != live.DataSource || op.Name != "" && w.fixedNames):
		return fmt.Errorf("%s of %q writes what it cannot", op.Kind, op.Key)
	}
	for _, name := range live.WriteOnlyCredentials {
		if op.Credentials[name] == nil && !slices.Contains(op.Remove, name) && !op.AllowSecretLoss {
			return fmt.Errorf("%s of %q loses %s, which the service keeps", op.Kind, op.Key, name)
		}
	}
	live.Properties = maps.Clone(live.Properties)
	if live.Properties == nil {
		live.Properties = map[string]any{}
	}
	if op.Name != "" {
		live.Key.Name = op.Name
	}
	live.ID = live.Key.String()
	w.write(&live, connection.Operation{Set: op.Set, Remove: op.Remove, Record: op.Record})
	if value, has := live.Properties["store"]; has && !w.fixedNames { // it is shown as an id
		live.WriteOnlyProperties, store = []string{"store"}, fmt.Sprint(value)
		delete(live.Properties, "store")
	}
	w.stored[live.ID+" store"] = store
	live.WriteOnlyCredentials, live.HasCredentials = slices.Sorted(maps.Keys(op.Credentials)), len(op.Credentials) > 0
	if live.HasCredentials {
		w.stored[live.ID] = connection.Canonical(op.Credentials)
	}
	return w.put(live)
}

func family(source string) string {
	if source == "mssql" {
		return "odbc"
	}
	return "web"
}

func (w *world) write(live *connection.Live, op connection.Operation) {
	if op.Name != "" {
		live.Key.Name = op.Name
	}
	if op.Space != nil {
		live.Key.Space, live.SpaceID = op.Space.Name, op.Space.ID
	}
	if op.OwnerID != "" && op.OwnerID != live.OwnerID {
		live.OwnerID, live.HasCredentials = op.OwnerID, false
		delete(w.stored, live.ID)
	}
	if op.Credentials != nil {
		w.stored[live.ID], live.HasCredentials = connection.Canonical(op.Credentials), true
	}
	for name, value := range op.Set {
		live.Properties[name] = value
	}
	for _, name := range op.Remove {
		delete(live.Properties, name)
	}
	if op.Tags != nil {
		live.Tags = slices.Sorted(slices.Values(*op.Tags))
	}
	if op.Record != nil {
		live.Record = *op.Record
	}
}

func (w *world) put(live connection.Live) error {
	for _, other := range w.snapshot.Connections {
		if other.Key == live.Key {
			return fmt.Errorf("%q: %w", live.Key, connection.ErrConflict)
		}
	}
	w.snapshot.Connections = append(w.snapshot.Connections, live)
	w.sort()
	return nil
}

// exactly are the rules of a service that compares values as they are.
type exactly struct{ connection.Rules }

func (exactly) Normalize(_ connection.Property, value any) any { return value }

// patching are rules under which a patch can set a property to any value.
type patching struct{ connection.Rules }

func (p patching) Assess(c connection.Difference) connection.Demands {
	demands := p.Rules.Assess(c)
	if demands.Recreate.Code == "not-patchable" {
		demands.Recreate = connection.Reason{}
	}
	return demands
}

// told returns a reason as its code with its arguments.
func told(r connection.Reason) string {
	text := r.Code
	for _, name := range slices.Sorted(maps.Keys(r.Args)) {
		text += fmt.Sprintf(" %s=%v", name, r.Args[name])
	}
	return text
}

// toldAll is [told] for several reasons.
func toldAll(reasons []connection.Reason) string {
	var texts []string
	for _, r := range reasons {
		texts = append(texts, told(r))
	}
	return strings.Join(texts, "; ")
}
