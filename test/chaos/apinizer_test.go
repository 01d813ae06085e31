package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	manager "github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// TestAnyApinizerWorldConvergesAndNothingIsLost is the property for Apinizer, where connections
// have no ids: a name is an address.
func TestAnyApinizerWorldConvergesAndNothingIsLost(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := drawAPIWorld(r)
		var e *apiEpisode
		synctest.Test(t, func(*testing.T) {
			e = newAPIEpisode(w)
			e.run()
		})
		if len(e.troubles) > 0 {
			r.Fatalf("the world does not converge, or something is lost: %s\n\n%s\n\n%s", strings.Join(e.troubles, "\n"), w, strings.Join(e.story, "\n"))
		}
	})
}

// Apinizer's worlds are made of these.
var (
	apiFates = []fate{keeps, updates, rotates, recreated, renamed, moves, travels, retires, appears, changes, swapping}
	apiDeeds = []deed{untags, forges, edits, renames, removes, takes, replaces, handsOver, typesIn}
)

const (
	forges   deed = "turns our record into a text that only looks like one"
	replaces deed = "makes another one of another type in its place"
)

// apiWorld is a manager, what the files say of it, and everything that goes wrong.
type apiWorld struct {
	world
	behaviour manager.Behaviour
	bare      []bool // by story: it declares no credentials
	limit     manager.RateLimit
	user      bool // who applies has a name and a password, and tokens that expire
}

func drawAPIWorld(t *rapid.T) *apiWorld {
	w := &apiWorld{}
	w.handled = map[string]bool{}
	w.strange, w.parallel = rapid.IntRange(0, 4).Draw(t, "strange"), rapid.SampledFrom([]int{1, 4}).Draw(t, "parallel")
	for i := range rapid.IntRange(1, 6).Draw(t, "connections") {
		w.stories = append(w.stories, drawStory(t, i, apiFates, []string{"Finance", "Sales"}))
		w.bare = append(w.bare, rapid.IntRange(0, 2).Draw(t, "without credentials") == 0)
	}
	w.swap()
	for i := range w.stories { // a swap across projects is refused: there only copies can move
		if s := &w.stories[i]; s.fate == swapping && s.before.Space != s.after.Space {
			s.fate, s.after = keeps, s.before
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "faults") {
		w.faults = append(w.faults, drawAPIFault(t, w.stories))
	}
	for range rapid.SampledFrom([]int{0, 1, 1, 2, 3}).Draw(t, "hands") {
		w.hands = append(w.hands, drawHand(t, apiDeeds))
	}
	if rapid.IntRange(0, 2).Draw(t, "killed") == 0 {
		w.killAt, w.carryOut = rapid.IntRange(1, 12).Draw(t, "at write"), rapid.Bool().Draw(t, "carried out")
	}
	w.limit = rapid.SampledFrom([]manager.RateLimit{{}, {}, {Requests: 30, Seconds: 60}, {Requests: 20, Seconds: 20, Header: true}}).Draw(t, "limit")
	w.user = rapid.Bool().Draw(t, "a user's token")
	oneOf := func(label string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label) }
	rarely := func(label string) bool { return rapid.IntRange(0, 7).Draw(t, label) == 0 }
	w.behaviour = manager.Behaviour{
		Dialect:            manager.Dialect(oneOf("dialect", string(manager.Current), string(manager.Legacy))),
		Secrets:            oneOf("secrets", "", "null", "ciphertext", "clear"),
		ExistingName:       oneOf("existing name", "", "overwrite", "conflict"),
		LetterCase:         oneOf("letter case", "", "ignored"),
		Deployment:         oneOf("deployment", "", "", "", "unknown"),
		ErrorStatus:        rapid.SampledFrom([]int{0, 0, http.StatusOK}).Draw(t, "error status"),
		NullKeepsSecret:    rapid.Bool().Draw(t, "null keeps a secret"),
		OmittedKeepsSecret: rapid.Bool().Draw(t, "omitted keeps a secret"),
		OmittedKeepsFields: rapid.Bool().Draw(t, "omitted keeps fields"),
		FullLists:          rapid.Bool().Draw(t, "full lists"),
		MixedLists:         rapid.Bool().Draw(t, "mixed lists"),
		AsSent:             rapid.Bool().Draw(t, "as sent"),
		Computed:           rapid.Bool().Draw(t, "computed"),
		RefuseRename:       rarely("renames are refused"),
	}
	if rarely("never deployed") {
		w.behaviour.Deployment = oneOf("why", "fails", "partly", "empty")
	}
	if rarely("pages") {
		w.behaviour.PageSize = rapid.IntRange(1, 4).Draw(t, "page size")
	}
	if len(w.faults)+len(w.hands)+w.killAt == 0 { // nothing but our own writes is shown late
		w.behaviour.Lag = rapid.IntRange(0, 6).Draw(t, "seconds after which writes are shown")
	}
	return w
}

// drawAPIFault draws one of those that both services know, and what only a manager does.
func drawAPIFault(t *rapid.T, stories []story) manager.Fault {
	f := drawFault(t, stories)
	f.Path = rapid.SampledFrom([]string{"", "/apiops/projects/", "/apiops/projects/*/connections/", "/apiops/projects/*/connections/*/"}).Draw(t, "route")
	if f.Method == http.MethodPatch {
		f.Method = http.MethodPut
	}
	if f.Percent > 0 { // there are no tiers
		f.Percent, f.Deploy = 0, rapid.SampledFrom([]string{"fails", "partly", "unknown", "empty"}).Draw(t, "deploy")
	}
	return f
}

func (w *apiWorld) String() string {
	faults, _ := json.Marshal(w.faults)
	return fmt.Sprintf("%s%s\n%+v\n%+v, a user's token: %v, without credentials: %v\n", w.world.String(), faults, w.behaviour, w.limit, w.user, w.bare)
}

// blocked reports whether some changes can never be done on this manager.
func (w *apiWorld) blocked() bool {
	return w.behaviour.RefuseRename || w.behaviour.PageSize > 0 || w.behaviour.Deployment != "" && w.behaviour.Deployment != "unknown"
}

func (w *apiWorld) auth() apinizer.Auth {
	if w.user {
		return apinizer.Auth{User: connection.NewSecret("ana"), Password: connection.NewSecret("password of ana")}
	}
	return apinizer.Auth{Token: connection.NewSecret(token)}
}

// isBare reports whether a story declares no credentials.
func (w *apiWorld) isBare(s *story) bool {
	i := slices.IndexFunc(w.stories, func(other story) bool { return other.before == s.before && other.after == s.after })
	return w.bare[i]
}

// fields are those of a connection that the files declare.
func (w *apiWorld) fields(s *story, bucket string) map[string]any {
	if w.isBare(s) {
		return map[string]any{"host": "mail.example", "from": bucket}
	}
	return map[string]any{"host": "mail.example", "from": bucket, "auth": true, "username": "ana"}
}

func (w *apiWorld) credentials(s *story, secret string) map[string]any {
	if w.isBare(s) {
		return nil
	}
	return map[string]any{"password": connection.Reference{Env: secret}}
}

// seed is the manager before, as [inspect.New] takes it.
func (w *apiWorld) seed() []byte {
	connections := []inspect.SeedConnection{}
	for i := range w.stories {
		s := &w.stories[i]
		if s.before.Name == "" {
			continue
		}
		fields := w.fields(s, fmt.Sprint("bucket-", i))
		if !w.isBare(s) {
			fields["password"] = "old"
		}
		fields["description"] = fmt.Sprintf("Ours\n[qlsync:%s key=%s credentials=%s]", project, connection.KeyDigest(s.before), connection.CredentialsRecord(0, w.credentials(s, "old"), ""))
		connections = append(connections, inspect.SeedConnection{Project: s.before.Space, Type: "email", Name: s.before.Name, Fields: fields})
	}
	for i := range w.strange {
		connections = append(connections, inspect.SeedConnection{Project: "Finance", Type: "email", Name: fmt.Sprint("Stranger ", i), Fields: map[string]any{
			"host": "strange", "password": "theirs", "description": []any{nil, "[qlsync:acme] see the wiki", "Theirs [qlsync:other key=0123456789abcdef]", "[qlsync:acme key=0123456789abcdef] not at the end"}[i%4],
		}})
	}
	text, _ := json.Marshal(map[string]any{
		"token": token, "user": map[string]any{"name": "ana", "password": "password of ana"}, "rateLimit": w.limit, "projects": []any{map[string]any{"name": "Finance"}, map[string]any{"name": "Sales"}}, "connections": connections,
	})
	return text
}

// files are the declarations afterwards.
func (w *apiWorld) files() (desired []connection.Desired, moved []connection.Move) {
	for i := range w.stories {
		s := &w.stories[i]
		if s.after.Name == "" {
			continue
		}
		d := connection.Desired{
			Space: connection.SpaceRef{Name: s.after.Space}, Name: s.after.Name, DataSource: "email",
			Properties: w.fields(s, s.bucket), Credentials: w.credentials(s, s.secret),
		}
		d.Properties["description"] = "Ours"
		switch s.fate {
		case rotates, changes:
			d.CredentialsVersion = 1
		case recreated:
			d.Lifecycle.Update = connection.UpdateRecreate
		}
		desired = append(desired, d)
		if s.before.Name != "" && s.before != s.after {
			moved = append(moved, connection.Move{From: end(s.before), To: end(s.after)})
		}
	}
	return desired, moved
}

// apiEpisode is a world on its way: one process after the other plans and applies.
type apiEpisode struct {
	diary
	world   *apiWorld
	manager *inspect.Manager
	foreign map[connection.Key]inspect.Connection // what must never be touched
}

func newAPIEpisode(w *apiWorld) *apiEpisode {
	e := &apiEpisode{world: w, foreign: map[connection.Key]inspect.Connection{}}
	var err error
	if e.manager, err = inspect.New(w.seed(), manager.Options{Faults: w.faults, Behaviour: w.behaviour}); err != nil {
		e.trouble("seed: %v", err)
		return e
	}
	for key, c := range e.records() {
		if strings.HasPrefix(key.Name, "Stranger") {
			e.foreign[key] = c
		}
	}
	return e
}

// records are the connections as the manager holds them, without what is on the gateways.
func (e *apiEpisode) records() map[connection.Key]inspect.Connection {
	records := map[connection.Key]inspect.Connection{}
	for _, c := range e.manager.Connections() {
		c.Deployed, c.Stale = false, false
		records[connection.Key{Space: c.Project, Name: c.Name}] = c
	}
	return records
}

func (e *apiEpisode) run() {
	for round := 1; len(e.troubles) == 0; round++ {
		n := &apiWire{e: e, round: round, read: map[connection.Key]int{}, hands: map[connection.Key]int{}, did: map[connection.Key]deed{}, wrote: map[connection.Key]bool{}}
		if round == 1 {
			n.killAt = e.world.killAt
		}
		e.note("round %d", round)
		outcome := e.process(n)
		// The next run comes later, when the limit that this run used is free again.
		time.Sleep(time.Duration(e.world.behaviour.Lag+e.world.limit.Seconds) * time.Second)
		calm := round > e.world.rounds()
		switch {
		case outcome == inSync && (round > lastHand || len(e.world.hands) == 0):
			e.check()
			return
		case calm && outcome == explained && (e.world.blocked() || len(e.world.handled) > 0):
			e.check()
			return
		case calm && round > e.world.lastFault():
			e.trouble("after %d rounds there is something left to do", round)
		}
	}
	if misuse := e.manager.Misuse(); len(misuse) > 0 {
		e.trouble("misuse: %q", misuse)
	}
}

// ending is how a process ended.
type ending string

const (
	inSync    ending = "nothing was left to do"
	explained ending = "what was not done was given a reason"
	written   ending = "something was done"
)

// process is one plan and one apply.
func (e *apiEpisode) process(n *apiWire) ending {
	provider, err := apinizer.New(apinizer.Config{
		URL: "http://127.0.0.1:8080", Auth: e.world.auth(), Project: project,
		HTTPClient: &http.Client{Transport: n}, Parallelism: e.world.parallel,
	})
	if err != nil {
		e.trouble("%v", err)
		return written
	}
	defer provider.Client().CloseIdleConnections()
	ctx := context.Background()
	in, err := e.read(ctx, provider, nil)
	if err != nil {
		e.note("  not read: %v", err)
		return written
	}
	p, problems := plan.Make(in)
	if err := problems.Err(); err != nil || p.Refusal != nil {
		if e.note("  no plan: %v, %+v", err, p); len(e.world.handled) == 0 {
			e.trouble("no plan: %v, %+v", err, p)
		}
		return explained
	}
	for _, c := range p.Changes {
		e.note("  %s %s %s", c.Action, c.Connection, c.Refused)
	}
	if p.Empty() {
		if len(in.Snapshot.Incomplete) > 0 {
			return explained
		}
		return inSync
	}
	before := e.records()
	n.begin()
	result, err := apply.Run(ctx, p, apply.Options{
		Execute: provider.Execute, ExecuteGroup: provider.ExecuteGroup, Parallelism: e.world.parallel,
		Resolve: func(ref connection.Reference) (connection.Secret, error) { return connection.NewSecret(ref.Env), nil },
		Again: func(ctx context.Context, touched func(*connection.Live) bool) (plan.Input, error) {
			return e.read(ctx, provider, touched)
		},
	})
	if err != nil {
		e.note("  not applied: %v", err)
		return written
	}
	messages.Fill(result.Reasons(), nil)
	for _, item := range result.Items {
		e.note("  %s %s: %s %s %+v", item.Action, item.Connection, item.Outcome, item.Why.String(), item.Differs)
	}
	if !n.dead {
		e.checkResult(p, result, before, n)
	}
	if slices.ContainsFunc(result.Items, func(item apply.Item) bool { return item.Outcome == apply.Done }) {
		return written
	}
	return explained
}

func (e *apiEpisode) read(ctx context.Context, provider *apinizer.Provider, touched func(*connection.Live) bool) (plan.Input, error) {
	desired, moved := e.world.files()
	in := plan.Input{
		Project: project, Tenant: plan.Tenant{Name: "test", URL: "http://127.0.0.1:8080"},
		Policy: connection.Policy{
			Prune: connection.PruneOwned, Adopt: connection.AdoptMatching, Update: connection.UpdatePatch,
			MaxDeletes: connection.MaxDeletes{Count: 100},
		},
		Desired: desired, Moves: moved, Spaces: []connection.SpaceRef{{Name: "Finance"}, {Name: "Sales"}}, Rules: provider,
	}
	if len(desired) == 0 { // deleting everything takes a confirmation
		in.Policy.Prune = connection.PruneNone
	}
	var err error
	if in.Catalog, err = provider.DataSources(ctx, []string{"email"}); err != nil {
		return in, err
	}
	scope := plan.Scope(in)
	if touched != nil {
		scope.Details = touched
	}
	in.Snapshot, err = provider.Snapshot(ctx, scope)
	return in, err
}

// checkResult compares what a result says with the manager.
func (e *apiEpisode) checkResult(p *plan.Plan, r *apply.Result, before map[connection.Key]inspect.Connection, n *apiWire) {
	l := r.Ledger
	if l.Planned != len(p.Changes) || l.Done+l.Pending+l.Failed+l.Blocked+l.Skipped != l.Planned {
		e.trouble("the ledger does not add up: %+v", l)
	}
	now := e.records()
	if !r.Wrote() && !n.acted && !reflect.DeepEqual(before, now) {
		e.trouble("it says that nothing was written, and something was")
	}
	for i := range r.Items {
		item, c := &r.Items[i], &p.Changes[i]
		got, there := now[c.Connection]
		s := e.world.at(c.Connection)
		handled := e.world.handled[c.Connection.Name] || s != nil && e.world.isHandled(s)
		switch {
		case item.Outcome != apply.Done && item.Why.String() == "" && !c.Refused.Holds():
			e.trouble("%s of %q is %s, and it does not say why", c.Action, c.Connection, item.Outcome)
		case n.did[c.Connection] != "" && !n.wrote[c.Connection] && item.Outcome == apply.Done && item.Differs == nil && there:
			e.trouble("%s of %q is done, it says, and nothing was written to it after somebody %s", c.Action, c.Connection, n.did[c.Connection])
		case handled || r.Unverified.Holds():
		case item.Outcome == apply.Done && item.Differs == nil && c.Action == plan.ActionDelete:
			if there {
				e.trouble("%q is deleted, it says, and there", c.Connection)
			}
		case item.Outcome == apply.Done && item.Differs == nil:
			e.checkDeclared(s, c.Connection, got, there)
		case leftByAnother(r, p, c.Connection):
		case item.Outcome != apply.Done && item.Outcome != apply.Pending && !item.Partial && !item.Unknown && c.Action != plan.ActionCreate && !reflect.DeepEqual(before[c.Connection], got):
			e.trouble("%s of %q is %s (%s), and it has changed: %+v -> %+v", c.Action, c.Connection, item.Outcome, item.Why.String(), before[c.Connection], got)
		}
	}
}

// leftByAnother reports whether another change began to rename or move away what had that
// name: then the result reports that change there.
func leftByAnother(r *apply.Result, p *plan.Plan, key connection.Key) bool {
	for i := range r.Items {
		if c := &p.Changes[i]; c.From != nil && *c.From == key && c.Connection != key && (r.Items[i].Partial || r.Items[i].Unknown) {
			return true
		}
	}
	return false
}

// checkDeclared demands that a connection is as its story declares it.
func (e *apiEpisode) checkDeclared(s *story, key connection.Key, got inspect.Connection, there bool) {
	secret := s.secret
	if e.world.isBare(s) {
		secret = ""
	}
	switch {
	case !there:
		e.trouble("%q is declared, and missing", key)
	case got.Fields["from"] != s.bucket:
		e.trouble("%q has %v in from, want %s", key, got.Fields["from"], s.bucket)
	case !e.manager.SecretEquals(key.Space, key.Name, "password", secret):
		e.trouble("%q does not have the password %q", key, secret)
	}
}

// check compares the manager at the end with what the files say.
func (e *apiEpisode) check() {
	now := e.records()
	for i := range e.world.stories {
		s := &e.world.stories[i]
		if s.after.Name != "" && !e.world.isHandled(s) && (!e.world.blocked() || s.isPlain()) && e.world.behaviour.PageSize == 0 {
			got, there := now[s.after]
			e.checkDeclared(s, s.after, got, there)
		}
	}
	desired, _ := e.world.files()
	for key := range now {
		_, foreign := e.foreign[key]
		if len(e.world.handled) == 0 && !e.world.blocked() && len(desired) > 0 && !foreign && e.world.at(key) == nil {
			e.trouble("%q is left over", key)
		}
	}
	e.lookAtForeign()
}

// lookAtForeign demands that what is not ours stays as it is.
func (e *apiEpisode) lookAtForeign() {
	now := e.records()
	for key, was := range e.foreign {
		if is, there := now[key]; !there || !reflect.DeepEqual(was, is) || strings.HasPrefix(key.Name, "Stranger") && !e.manager.SecretEquals(key.Space, key.Name, "password", "theirs") {
			e.trouble("%q is not ours, and touched: %+v", key, is)
		}
	}
}
