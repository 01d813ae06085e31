// Package conformance is the walk that every provider must pass: the same stories,
// told to its embedded service through the whole engine. A provider switches it on
// with a [System] in a test of its own; it is no part of the program.
//
// After every story, planning again must find nothing to do. Then each story is told
// again for every request of it that writes, with the process killed before and behind
// that request, and once more by a process that knows nothing of the first: it must
// end in the same place, with no credential lost and nothing left behind.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// System is one service, fresh, and how to speak to it.
type System struct {
	Service http.Handler
	// Connect makes a provider that sends its requests through the client.
	Connect func(client *http.Client) (connection.Provider, error)
	// Spaces are two that exist and are empty.
	Spaces [2]string
	// Kinds are two data sources with what can be declared of them.
	Kinds [2]Kind
	// Holds tells whether the service holds the value of the credential for the
	// connection at the key.
	Holds func(key connection.Key, credential, value string) bool
	// Check complains about what the service has to complain about. May be nil.
	Check func(t *testing.T)
}

// Kind is a data source.
type Kind struct {
	DataSource string
	Properties map[string]any
	// Changed is another value of a property that does not point at a host.
	Property string
	Changed  any
	// Credential is the name of a secret that the kind needs.
	Credential string
}

const project = "walk"

// story is one change to the files.
type story struct {
	name string
	// tell changes the declared connections and moves.
	tell func(f *files)
}

// files are what is declared.
type files struct {
	system  *System
	desired []connection.Desired
	moves   []connection.Move
	secrets map[string]string // by the name of an environment variable
}

func (f *files) declare(space int, name string, kind int) {
	k := f.system.Kinds[kind]
	f.desired = append(f.desired, connection.Desired{
		Space: connection.SpaceRef{Name: f.system.Spaces[space]}, Name: name, DataSource: k.DataSource,
		Properties: clone(k.Properties), Credentials: map[string]any{k.Credential: connection.Reference{Env: "SECRET"}},
	})
}

func (f *files) find(name string) *connection.Desired {
	for i := range f.desired {
		if f.desired[i].Name == name {
			return &f.desired[i]
		}
	}
	panic("conformance: nothing is declared as " + name)
}

// move renames or moves what is declared, with a moved block.
func (f *files) move(fromSpace int, from string, toSpace int, to string) {
	end := func(space int, name string) connection.MoveEnd {
		return connection.MoveEnd{Space: connection.SpaceRef{Name: f.system.Spaces[space]}, Name: name}
	}
	f.moves = append(f.moves, connection.Move{From: end(fromSpace, from), To: end(toSpace, to)})
	d := f.find(from)
	d.Space, d.Name = connection.SpaceRef{Name: f.system.Spaces[toSpace]}, to
}

func clone(properties map[string]any) map[string]any {
	copied := make(map[string]any, len(properties))
	for name, value := range properties {
		copied[name] = value
	}
	return copied
}

// stories are told one after the other.
var stories = []story{
	{"create", func(f *files) {
		for _, name := range []string{"Orders", "Rates", "Mail"} {
			f.declare(0, name, 0)
		}
	}},
	{"change a property", func(f *files) {
		k := f.system.Kinds[0]
		f.find("Orders").Properties[k.Property] = k.Changed
	}},
	{"rename", func(f *files) { f.move(0, "Orders", 0, "Orders 2026") }},
	{"rename and change", func(f *files) {
		f.move(0, "Mail", 0, "Post")
		f.find("Post").Properties[f.system.Kinds[0].Property] = f.system.Kinds[0].Changed
	}},
	{"swap two names", func(f *files) {
		f.move(0, "Post", 0, "Swap")
		f.moves = f.moves[:len(f.moves)-1]
		f.move(0, "Rates", 0, "Post")
		f.find("Swap").Name = "Rates"
		f.moves = append(f.moves, connection.Move{
			From: connection.MoveEnd{Space: connection.SpaceRef{Name: f.system.Spaces[0]}, Name: "Post"},
			To:   connection.MoveEnd{Space: connection.SpaceRef{Name: f.system.Spaces[0]}, Name: "Rates"},
		})
	}},
	{"move to another space", func(f *files) { f.move(0, "Orders 2026", 1, "Orders 2026") }},
	{"rotate", func(f *files) {
		f.secrets["SECRET"] = "a new value"
		for i := range f.desired {
			f.desired[i].CredentialsVersion++
		}
	}},
	{"rebuild as another data source", func(f *files) {
		k := f.system.Kinds[1]
		d := f.find("Rates")
		d.DataSource, d.Properties = k.DataSource, clone(k.Properties)
		d.Credentials = map[string]any{k.Credential: connection.Reference{Env: "SECRET"}}
		d.Lifecycle.RecreateAllowed = true // apps may read through it in another way
	}},
	{"delete", func(f *files) {
		f.desired = slices.DeleteFunc(f.desired, func(d connection.Desired) bool { return d.Name == "Post" })
		f.moves = nil
	}},
	{"delete all but one", func(f *files) {
		f.desired = slices.DeleteFunc(f.desired, func(d connection.Desired) bool { return d.Name != "Rates" })
	}},
}

// Walk tells all stories to a fresh system, and then each of them with kills. Fresh
// is called in a bubble of fake time.
func Walk(t *testing.T, fresh func(t *testing.T) *System) {
	t.Helper()
	t.Run("every story", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { newWalk(t, fresh(t)).tellAll(len(stories), -1, false) })
	})
	for i := 1; i < len(stories); i++ {
		t.Run("killed while to "+stories[i].name, func(t *testing.T) { killed(t, fresh, i) })
	}
}

// killed tells a story with a kill before and behind each of its writes, until there
// is none left.
func killed(t *testing.T, fresh func(t *testing.T) *System, at int) {
	for write := 1; ; write++ {
		reached := false
		for _, behind := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, behind=%t", write, behind), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWalk(t, fresh(t))
					reached = w.tellAll(at+1, write, behind) || reached
				})
			})
		}
		if !reached || t.Failed() {
			return
		}
	}
}

// walk is one system and the files for it.
type walk struct {
	t       *testing.T
	system  *System
	files   *files
	network *network
}

func newWalk(t *testing.T, system *System) *walk {
	return &walk{t: t, system: system, files: &files{system: system, secrets: map[string]string{"SECRET": "the first value"}}}
}

// tellAll tells the first stories. The last of them is killed at that write of it,
// unless that is less than 1, and then told again; it reports whether there was such a
// write.
func (w *walk) tellAll(count, write int, behind bool) bool {
	reached := false
	for i, s := range stories[:count] {
		s.tell(w.files)
		w.t.Log(s.name)
		if i == count-1 && write > 0 {
			w.connect(write, behind)
			_ = w.apply(w.t)
			reached = w.network.dead
		}
		w.connect(0, false)
		w.settle()
		if w.t.Failed() {
			w.t.Errorf("in the story: %s", s.name)
			break
		}
	}
	if w.system.Check != nil {
		w.system.Check(w.t)
	}
	return reached
}

// settle applies until there is nothing to do, at most three times, and demands that
// the tenant is then as declared. Without a kill, once is enough.
func (w *walk) settle() {
	w.t.Helper()
	for round := 1; ; round++ {
		p := w.apply(w.t)
		if p == nil {
			return
		}
		if p.Empty() {
			break
		}
		if round > 3 {
			w.t.Errorf("not settled after %d rounds: %s", round, outline(p))
			return
		}
	}
	w.inspect()
}

// inspect looks at the service itself.
func (w *walk) inspect() {
	w.t.Helper()
	snapshot := w.snapshot(w.t)
	if snapshot == nil {
		return
	}
	var want, have []string
	for _, d := range w.files.desired {
		key := connection.Key{Space: d.Space.Name, Name: d.Name}
		want = append(want, key.String()+" "+d.DataSource)
		for name := range d.Credentials {
			if !w.system.Holds(key, name, w.files.secrets["SECRET"]) {
				w.t.Errorf("%s: the service does not hold its %s", key, name)
			}
		}
	}
	for _, live := range snapshot.Connections {
		have = append(have, live.Key.String()+" "+live.DataSource)
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		w.t.Errorf("the service has %q, declared are %q", have, want)
	}
}

func (w *walk) connect(killAt int, behind bool) {
	w.network = &network{service: w.system.Service, killAt: killAt, behind: behind}
}

func (w *walk) provider() connection.Provider {
	provider, err := w.system.Connect(&http.Client{Transport: w.network})
	if err != nil {
		w.t.Fatal(err)
	}
	return provider
}

func (w *walk) spaces() []connection.SpaceRef {
	return []connection.SpaceRef{{Name: w.system.Spaces[0]}, {Name: w.system.Spaces[1]}}
}

func (w *walk) snapshot(t *testing.T) *connection.Snapshot {
	snapshot, err := w.provider().Snapshot(t.Context(), connection.Scope{Spaces: w.spaces(), Details: func(*connection.Live) bool { return true }})
	if err != nil {
		t.Error(err)
	}
	return snapshot
}

// apply plans and carries the plan out; nil if it cannot be planned.
func (w *walk) apply(t *testing.T) *plan.Plan {
	t.Helper()
	provider := w.provider()
	p, err := w.plan(t.Context(), provider)
	if err != nil {
		if !w.network.isDead() {
			t.Error(err)
		}
		return nil
	}
	for _, change := range p.Changes {
		if change.Refused != "" {
			t.Errorf("refused: %s", outline(p))
			return nil
		}
	}
	result, err := apply.Run(t.Context(), p, apply.Options{Execute: provider.Execute, Resolve: func(ref connection.Reference) (connection.Secret, error) {
		return connection.NewSecret(w.files.secrets[ref.Env]), nil
	}})
	if err != nil {
		t.Error(err)
		return nil
	}
	if !result.Complete() && !w.network.isDead() {
		t.Errorf("not complete: %+v", result.Items)
		return nil
	}
	return p
}

func (w *walk) plan(ctx context.Context, provider connection.Provider) (*plan.Plan, error) {
	var sources []string
	for _, d := range w.files.desired {
		sources = append(sources, d.DataSource)
	}
	catalog, err := provider.DataSources(ctx, sources)
	if err != nil {
		return nil, err
	}
	in := plan.Input{
		Project: project, Tenant: plan.Tenant{Name: "walk", URL: "sim:walk"},
		Policy: connection.Policy{
			Prune: connection.PruneOwned, Adopt: connection.AdoptMatching, Update: connection.UpdatePatch,
			MaxDeletes: connection.MaxDeletes{Count: 100},
		},
		Desired: w.files.desired, Moves: w.files.moves, Spaces: w.spaces(), Catalog: catalog, Normalize: provider.Normalize,
	}
	in.Snapshot, err = provider.Snapshot(ctx, plan.Scope(in))
	if err != nil {
		return nil, err
	}
	p, problems := plan.Make(in)
	return p, problems.Err()
}

func outline(p *plan.Plan) string {
	var lines []string
	for _, c := range p.Changes {
		lines = append(lines, fmt.Sprintf("%s %s %v %s", c.Action, c.Connection, c.Fields, c.Refused))
	}
	return strings.Join(lines, "\n")
}

// network answers from the service, without a socket. At the write with the number
// killAt the process dies: nothing is sent or answered any more.
type network struct {
	service http.Handler
	killAt  int
	behind  bool

	mu     sync.Mutex
	writes int
	dead   bool
}

func (n *network) isDead() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dead
}

var errDead = errors.New("the process is dead")

// RoundTrip implements [http.RoundTripper].
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dead {
		return nil, errDead
	}
	if r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "/token") {
		n.writes++
		if n.writes == n.killAt {
			n.dead = true
			if !n.behind {
				return nil, errDead
			}
		}
	}
	if r.Body == nil {
		r.Body = io.NopCloser(strings.NewReader(""))
	}
	recorder := httptest.NewRecorder()
	n.service.ServeHTTP(recorder, r)
	if n.dead {
		return nil, errDead
	}
	response := recorder.Result()
	response.Request = r
	return response, nil
}
