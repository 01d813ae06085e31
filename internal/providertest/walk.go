// Package providertest contains the test that every provider must pass: the same stories, run
// against its embedded service through the whole engine. A provider runs it with a [System] in its
// own test. The program does not contain the package.
//
// After every story, another plan must be empty. Then all stories run again with an incident at the
// first write of each, at the second, and so on: the process is killed before or after the write,
// or a failure replaces the answer. The result, if there is one, must be true. Then another process
// must complete the story, without losing a credential and with nothing left over.
package providertest

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

	"github.com/qlsync/qlsync/internal/fingerprint"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// System is one fresh service, and the functions to use it.
type System struct {
	Service http.Handler
	// Connect returns a provider that sends its requests through the client.
	Connect func(client *http.Client) (connection.Provider, error)
	// Spaces are two existing, empty spaces.
	Spaces [2]string
	// Kinds are two data sources with their declarations.
	Kinds [2]Kind
	// Holds reports whether the service stores the value of the credential for the connection at the
	// key.
	Holds func(key connection.Key, credential, value string) bool
	// Check fails the test if the service has complaints. May be nil.
	Check func(t *testing.T)
}

// Kind is a data source.
type Kind struct {
	DataSource string
	Properties map[string]any
	// Changed is another value of a property that does not select a host.
	Property string
	Changed  any
	// Credential is the name of a secret that the kind needs.
	Credential string
}

const project = "walk"

// story is one change to the files.
type story struct {
	name string
	// change changes the declared connections and moves.
	change func(f *files)
}

// files are the declarations.
type files struct {
	system  *System
	desired []connection.Desired
	moves   []connection.Move
	secrets map[string]string // by environment variable
}

func (f *files) declare(space int, name string, kind int) {
	k := f.system.Kinds[kind]
	f.desired = append(f.desired, connection.Desired{
		Space: connection.SpaceRef{Name: f.system.Spaces[space]}, Name: name, DataSource: k.DataSource,
		Properties: clone(k.Properties), Credentials: map[string]any{k.Credential: connection.Reference{Env: "SECRET"}},
	})
}

func (f *files) resolve(ref connection.Reference) (connection.Secret, error) {
	return connection.NewSecret(f.secrets[ref.Env]), nil
}

func (f *files) find(name string) *connection.Desired {
	for i := range f.desired {
		if f.desired[i].Name == name {
			return &f.desired[i]
		}
	}
	panic("conformance: nothing is declared as " + name)
}

// move renames or moves a declared connection, with a moved block.
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

// stories run one after the other, each on the result of the previous ones.
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
	{"rotate a value that nothing else tells of", func(f *files) { f.secrets["SECRET"] = "a newer value" }},
	{"recreate as another data source", func(f *files) {
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

// incident is an incident at a write.
type incident struct {
	name string
	// carriedOut reports whether the service carries out the request anyway.
	carriedOut bool
	// kills ends the process: nothing more is sent or answered.
	kills bool
	// status replaces the answer; 0: the connection breaks.
	status int
}

var incidents = []incident{
	{name: "killed before it", kills: true},
	{name: "killed behind it", kills: true, carriedOut: true},
	{name: "its answer is lost", carriedOut: true},
	{name: "it is not carried out and answered with 500", status: http.StatusInternalServerError},
	{name: "it is carried out and answered with 503", status: http.StatusServiceUnavailable, carriedOut: true},
}

// Walk runs all stories against a fresh system, and again with each incident at each of their
// writes. fresh is called in a bubble of fake time.
func Walk(t *testing.T, fresh func(t *testing.T) *System) {
	t.Helper()
	t.Run("no incident", func(t *testing.T) { runAll(t, fresh, 0, incident{}) })
	for write, reached := 1, true; reached && !t.Failed(); write++ {
		reached = false
		for _, in := range incidents {
			t.Run(fmt.Sprintf("write %d: %s", write, in.name), func(t *testing.T) {
				reached = runAll(t, fresh, write, in) || reached
			})
		}
	}
}

// runAll runs all stories. The incident happens at the write with that number in each story, or
// never for a number less than 1; runAll reports whether there was such a write.
func runAll(t *testing.T, fresh func(t *testing.T) *System, write int, in incident) (reached bool) {
	synctest.Test(t, func(t *testing.T) {
		w := newWalk(t, fresh(t))
		for _, s := range stories {
			s.change(w.files)
			if w.disturb(write, in) {
				reached = true
				w.settle()
			}
			w.inspect()
			if t.Failed() {
				t.Errorf("the story %s failed: its errors are above", s.name)
				return
			}
		}
		if w.system.Check != nil {
			w.system.Check(t)
		}
	})
	return reached
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

// disturb applies in a process with the incident, and reports whether the incident happened.
func (w *walk) disturb(write int, in incident) bool {
	w.t.Helper()
	w.connect(write, in)
	p, result := w.apply(true)
	befallen := w.network.befallen()
	if befallen && in.kills || result == nil {
		return befallen
	}
	if !befallen && !result.Complete() {
		w.t.Errorf("not complete: %+v", result.Items)
	}
	w.believe(p, result)
	return befallen
}

// believe fails the test unless a result is true: a change that is reported as done needs no
// further change, and any other one does.
func (w *walk) believe(p *plan.Plan, result *apply.Result) {
	w.t.Helper()
	w.connect(0, incident{})
	next, err := w.plan(w.provider())
	if err != nil {
		w.t.Error(err)
		return
	}
	for i, item := range result.Items {
		concerns := func(c plan.Change) bool {
			return c.Connection == item.Connection || c.ID == p.Change(i).ID && c.ID != ""
		}
		left := slices.ContainsFunc(slices.Concat(next.Changes, next.Rotations), concerns)
		if done := item.Outcome == apply.Done && item.Differs == nil; done == left {
			w.t.Errorf("the result says %+v, and the next plan:\n%s", item, outline(next))
		}
	}
	if result.Complete() != next.Empty() {
		w.t.Errorf("complete is %t, and the next plan:\n%s", result.Complete(), outline(next))
	}
}

// settle applies in other processes until the plan is empty, at most three times.
func (w *walk) settle() {
	w.t.Helper()
	w.connect(0, incident{})
	for round := 1; ; round++ {
		p, result := w.apply(false)
		switch {
		case result == nil || p.Empty():
			return
		case !result.Complete():
			w.t.Errorf("not complete: %+v", result.Items)
			return
		case round > 3:
			w.t.Errorf("not settled after %d rounds: %s", round, outline(p))
			return
		}
	}
}

// inspect fails the test unless the service is as declared.
func (w *walk) inspect() {
	w.t.Helper()
	w.connect(0, incident{})
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

// connect starts a process with the incident at that write.
func (w *walk) connect(write int, in incident) {
	w.network = &network{service: w.system.Service, at: write, incident: in}
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

// apply plans and applies, and may verify its writes; the result is nil if planning failed.
func (w *walk) apply(verify bool) (*plan.Plan, *apply.Result) {
	w.t.Helper()
	provider := w.provider()
	p, err := w.plan(provider)
	if err != nil {
		w.t.Error(err)
		return nil, nil
	}
	for _, change := range slices.Concat(p.Changes, p.Rotations) {
		if change.Refused.Holds() {
			w.t.Errorf("refused: %s", outline(p))
			return nil, nil
		}
	}
	options := apply.Options{Execute: provider.Execute, ExecuteGroup: provider.ExecuteGroup, Resolve: w.files.resolve}
	if verify {
		options.Again = func(ctx context.Context, touched func(*connection.Live) bool) (plan.Input, error) {
			return w.read(ctx, provider, touched)
		}
	}
	result, err := apply.Run(w.t.Context(), p, options)
	if err != nil {
		w.t.Error(err)
		return nil, nil
	}
	return p, result
}

func (w *walk) plan(provider connection.Provider) (*plan.Plan, error) {
	in, err := w.read(w.t.Context(), provider, nil)
	if err != nil {
		return nil, err
	}
	p, problems := plan.Make(in)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	in.Fingerprints = w.fingerprints(p.Compared)
	p, problems = plan.Make(in)
	return p, problems.Err()
}

// read returns the input of a plan, with the details that it needs, or the requested ones.
func (w *walk) read(ctx context.Context, provider connection.Provider, details func(*connection.Live) bool) (plan.Input, error) {
	var sources []string
	for _, d := range w.files.desired {
		sources = append(sources, d.DataSource)
	}
	in := plan.Input{
		Project: project, Tenant: plan.Tenant{Name: "walk", URL: "sim:walk"},
		Policy: connection.Policy{
			Prune: connection.PruneOwned, Adopt: connection.AdoptMatching, Update: connection.UpdatePatch,
			MaxDeletes: connection.MaxDeletes{Count: 100},
		},
		Desired: w.files.desired, Moves: w.files.moves, Spaces: w.spaces(), Rules: provider,
	}
	var err error
	if in.Catalog, err = provider.DataSources(ctx, sources); err != nil {
		return in, err
	}
	scope := plan.Scope(in)
	if details != nil {
		scope.Details = details
	}
	in.Snapshot, err = provider.Snapshot(ctx, scope)
	return in, err
}

// key is shared by all walks, because its derivation is slow.
var key = sync.OnceValues(func() (*fingerprint.Key, error) {
	return fingerprint.NewKey(connection.NewSecret("a key of enough characters"), project)
})

// fingerprints compares the declared values with their records.
func (w *walk) fingerprints(compared []plan.Compared) map[connection.Key]plan.Fingerprint {
	key, err := key()
	if err != nil {
		w.t.Fatal(err)
	}
	found := map[connection.Key]plan.Fingerprint{}
	for _, one := range compared {
		credentials, _ := connection.Resolve(one.Credentials, w.files.resolve)
		verdict := key.Compare(one.Recorded, credentials.(map[string]any))
		found[one.Connection] = plan.Fingerprint{
			Fresh:   key.Of(one.Connection, credentials.(map[string]any)),
			Changed: verdict == fingerprint.Changed, Unknown: verdict == fingerprint.Unknown,
		}
	}
	return found
}

func outline(p *plan.Plan) string {
	var lines []string
	for _, c := range slices.Concat(p.Changes, p.Rotations) {
		lines = append(lines, fmt.Sprintf("%s %s %v %s", c.Action, c.Connection, c.Fields, c.Refused))
	}
	return strings.Join(lines, "\n")
}

// network connects to the service without a socket. The incident happens at the write with the
// number at.
type network struct {
	service  http.Handler
	at       int
	incident incident

	mu     sync.Mutex
	writes int
}

// befallen reports whether the incident has happened.
func (n *network) befallen() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.at > 0 && n.writes >= n.at
}

var errDead = errors.New("the process is dead")

// RoundTrip implements [http.RoundTripper].
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.incident.kills && n.writes >= n.at {
		return nil, errDead
	}
	befalls := false
	if r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "/token") {
		n.writes++
		befalls = n.writes == n.at
	}
	recorder := httptest.NewRecorder()
	if !befalls || n.incident.carriedOut {
		if r.Body == nil {
			r.Body = http.NoBody
		}
		n.service.ServeHTTP(recorder, r)
	}
	switch {
	case befalls && n.incident.kills:
		return nil, errDead
	case befalls && n.incident.status == 0:
		return nil, io.ErrUnexpectedEOF
	case befalls:
		recorder = httptest.NewRecorder()
		recorder.WriteHeader(n.incident.status)
	}
	response := recorder.Result()
	response.Request = r
	return response, nil
}
