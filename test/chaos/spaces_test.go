package chaos_test

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/qlik"
	simulator "github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// place is a declared space of a world, and what the tenant has of it before.
type place struct {
	declared connection.DesiredSpace
	there    bool
	owner    string
	members  map[string][]string // roles by the name of a group or the address of a user
}

// places is a world of declared spaces. Another client adds and removes roles meanwhile.
type places struct {
	places   []place
	admin    bool
	faults   []simulator.Fault
	killAt   int
	carryOut bool
	parallel int
	hands    []handOnSpace
}

// handOnSpace is a moment at which another client works on a space; see [hand].
type handOnSpace struct {
	at, round int
	deed      string
	space     string
	member    string
	roles     []string
}

const anaAddress, boAddress, cyAddress = "ana@example.com", "bo@example.com", "cy@example.com"

// roles are those that may be assigned in a shared space.
var roles = []string{"codeveloper", "consumer", "facilitator", "producer"}

func drawRoles(t *rapid.T) []string {
	some := rapid.SliceOfNDistinct(rapid.SampledFrom(roles), 1, 3, rapid.ID[string]).Draw(t, "roles")
	slices.Sort(some)
	return some
}

func drawPlaces(t *rapid.T) *places {
	w := &places{admin: rapid.Bool().Draw(t, "admin"), parallel: rapid.SampledFrom([]int{1, 3, 8}).Draw(t, "parallel")}
	for _, name := range []string{"Finance", "Sales", "Lab"} {
		p := place{
			declared: connection.DesiredSpace{Name: name, Type: "shared", ExactMembers: rapid.Bool().Draw(t, "exact")},
			there:    name != "Lab" && rapid.IntRange(0, 3).Draw(t, "there") > 0,
			owner:    rapid.SampledFrom([]string{anaAddress, boAddress}).Draw(t, "owner"), members: map[string][]string{},
		}
		if text := rapid.SampledFrom([]string{"", "Books"}).Draw(t, "description"); text != "" || rapid.Bool().Draw(t, "described") {
			p.declared.Description = &text
		}
		for _, who := range []string{"Analysts", "Writers", boAddress, cyAddress, anaAddress} {
			if rapid.Bool().Draw(t, "declared member") {
				kind := connection.MemberGroup
				if strings.Contains(who, "@") {
					kind = connection.MemberUser
				}
				p.declared.Members = append(p.declared.Members, connection.DesiredMember{Principal: connection.Principal{Kind: kind, Name: who}, Roles: drawRoles(t)})
			}
			if rapid.Bool().Draw(t, "member") && who != p.owner {
				p.members[who] = drawRoles(t)
			}
		}
		if !w.admin && p.owner != anaAddress {
			p.members[anaAddress] = []string{"facilitator", "producer"}
		}
		w.places = append(w.places, p)
	}
	for range rapid.IntRange(0, 4).Draw(t, "faults") {
		f := simulator.Fault{
			Method: rapid.SampledFrom([]string{"", "GET", "POST", "PUT", "PATCH", "DELETE"}).Draw(t, "method"),
			Path: rapid.SampledFrom([]string{
				"/api/v1/spaces", "/api/v1/spaces/*", "/api/v1/spaces/*/assignments", "/api/v1/spaces/*/assignments/*", "/api/v1/groups", "/api/v1/users", "/api/v1/data-connections",
			}).Draw(t, "path"),
			Skip: rapid.IntRange(0, 6).Draw(t, "skip"), Times: rapid.IntRange(1, 3).Draw(t, "times"),
		}
		switch rapid.IntRange(0, 5).Draw(t, "effect") {
		case 0, 1:
			f.Status = rapid.SampledFrom([]int{400, 403, 404, 409, 500, 503}).Draw(t, "status")
		case 2:
			f.Cut = rapid.SampledFrom([]simulator.Cut{simulator.CutBefore, simulator.CutAfter}).Draw(t, "cut")
		case 3:
			f.Answer, f.Served = rapid.SampledFrom(oddAnswers).Draw(t, "answer"), rapid.Bool().Draw(t, "served")
		case 4:
			f.Truncate = true
		case 5:
			f.RetryAfter = rapid.IntRange(1, 30).Draw(t, "retry after")
		}
		w.faults = append(w.faults, f)
	}
	for range rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(t, "hands") {
		w.hands = append(w.hands, handOnSpace{
			max(1, rapid.IntRange(-15, 30).Draw(t, "hand at")), rapid.SampledFrom([]int{1, 1, 2, lastHand}).Draw(t, "hand in round"),
			rapid.SampledFrom([]string{"assigns", "unassigns", "describes", "creates"}).Draw(t, "deed"),
			rapid.SampledFrom([]string{"Finance", "Sales", "Lab"}).Draw(t, "in"),
			rapid.SampledFrom([]string{boAddress, cyAddress}).Draw(t, "hand on"), drawRoles(t),
		})
	}
	if rapid.Bool().Draw(t, "killed") {
		w.killAt, w.carryOut = rapid.IntRange(1, 12).Draw(t, "at write"), rapid.Bool().Draw(t, "carried out")
	}
	return w
}

func (w *places) seed() []byte {
	role := "SharedSpaceCreator"
	if w.admin {
		role = "TenantAdmin"
	}
	spaces := []any{}
	for _, p := range w.places {
		if !p.there {
			continue
		}
		var members []any
		for who, roles := range p.members {
			kind := "group"
			if strings.Contains(who, "@") {
				kind = "user"
			}
			members = append(members, map[string]any{kind: who, "roles": roles})
		}
		spaces = append(spaces, map[string]any{"name": p.declared.Name, "type": "shared", "owner": p.owner, "assignments": members})
	}
	text, _ := json.Marshal(map[string]any{
		"caller": anaAddress, "token": token, "groups": []string{"Analysts", "Writers"}, "spaces": spaces,
		"users": []any{
			map[string]any{"id": ana, "email": anaAddress, "roles": []string{role}},
			map[string]any{"id": bo, "email": boAddress},
			map[string]any{"id": cy, "email": cyAddress},
		},
	})
	return text
}

// input is the files: each space with one connection.
func (w *places) input(ctx context.Context, provider *qlik.Provider) (plan.Input, error) {
	in := plan.Input{
		Project: project, Tenant: plan.Tenant{Name: "test", URL: "http://127.0.0.1:8080"}, Rules: qlik.Rules{},
		Policy: connection.Policy{Prune: connection.PruneOwned, Adopt: connection.AdoptMatching, Update: connection.UpdatePatch},
	}
	for _, p := range w.places {
		in.Prepared = append(in.Prepared, p.declared)
		in.Spaces = append(in.Spaces, connection.SpaceRef{Name: p.declared.Name})
		in.Desired = append(in.Desired, connection.Desired{
			Space: connection.SpaceRef{Name: p.declared.Name}, Name: "Lake", DataSource: lake,
			Properties: map[string]any{"bucketName": "b", "region": "eu-west-1"}, Credentials: credentials("new"),
		})
	}
	var err error
	if in.Catalog, err = provider.DataSources(ctx, []string{lake}); err == nil {
		in.Snapshot, err = provider.Snapshot(ctx, plan.Scope(in))
	}
	return in, err
}

// wanted returns the roles that the files declare for a member.
func (p *place) wanted(member string) []string {
	for _, m := range p.declared.Members {
		if m.Name == member {
			return m.Roles
		}
	}
	return nil
}

// placesWire is the way of one process to the tenant.
type placesWire struct {
	*placesRun
	round, killAt int

	order     sync.Mutex
	planned   map[string][]string // the roles that the plan has seen, by space and member; nil: no plan yet
	dead      bool
	acted     bool
	count     int            // of requests since the plan
	writes    int            // since the process began
	disturbed int            // answers that were no success
	read      map[string]int // of the members of a space, by its id
	handled   map[string]int // by space and member
}

func (n *placesWire) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(latency)
	n.order.Lock()
	defer n.order.Unlock()
	if n.dead {
		return nil, errDead
	}
	if n.planned != nil {
		n.count++
		n.act()
	}
	isRead := r.Method == http.MethodGet
	if !isRead {
		n.writes++
	}
	if n.dead = !isRead && n.writes == n.killAt; n.dead && !n.world.carryOut {
		return nil, errDead
	}
	before := n.tenant.Spaces()
	response, whole, err := serve(n.tenant, r)
	if !whole || response.StatusCode >= 400 {
		n.disturbed++
	}
	if id, found := strings.CutPrefix(r.URL.Path, "/api/v1/spaces/"); found && isRead {
		n.read[strings.TrimSuffix(id, "/assignments")] = n.count
	}
	if !isRead {
		n.look(r, before)
	}
	if n.dead {
		return nil, errDead
	}
	return response, err
}

// act lets another client do what it does before this request.
func (n *placesWire) act() {
	for _, h := range n.world.hands {
		if h.round != n.round || h.at != n.count {
			continue
		}
		var err error
		switch h.deed {
		case "assigns":
			if at := n.live(h.space); at == nil || n.owns(at, h.member) {
				continue
			}
			err = n.tenant.Assign(h.space, h.member, h.roles...)
		case "unassigns":
			err = n.tenant.Unassign(h.space, h.member)
		case "describes":
			err = n.tenant.DescribeSpace(h.space, "by hand")
		case "creates":
			err = n.tenant.AddSpace(h.space, "shared")
		}
		n.acted = n.acted || err == nil
		if h.deed == "assigns" {
			if n.handled[h.space+" "+h.member] = n.count; slices.Equal(rolesOf(n.live(h.space), h.member), n.planned[h.space+" "+h.member]) {
				delete(n.handled, h.space+" "+h.member) // as the plan has seen it
			}
		}
		n.note("  by hand, at %d: somebody %s %s in %s %v: %v", n.count, h.deed, h.member, h.space, h.roles, err)
	}
}

// look compares the spaces before and after a write of ours.
func (n *placesWire) look(r *http.Request, before []inspect.Space) {
	for _, was := range before {
		is := n.live(was.Name)
		if is == nil || is.ID != was.ID || is.Owner != was.Owner {
			n.trouble("%s %s: the space %q is another one now: %+v", r.Method, r.URL.Path, was.Name, is)
			continue
		}
		p := n.world.at(was.Name)
		for _, m := range was.Members {
			for _, role := range m.Roles {
				if slices.Contains(rolesOf(is, m.Name), role) {
					continue
				}
				// Between the last read and the write, nobody can notice what another client does. Which of
				// several operations at the same time has read is not known here. Nothing has read before
				// the first request.
				at, byHand := n.handled[was.Name+" "+m.Name]
				switch isRace := at > 1 && (n.read[was.ID] < at || n.world.parallel > 1); {
				case isRace && m.Name != anaAddress:
				case byHand, m.Name == anaAddress, !p.declared.ExactMembers, slices.Contains(p.wanted(m.Name), role):
					n.trouble("%s %s: %s has lost the role %s in %s; given by hand at %d, and read at %d", r.Method, r.URL.Path, m.Name, role, was.Name, at, n.read[was.ID])
				}
			}
		}
	}
	for _, c := range n.tenant.Connections() {
		if n.world.at(c.Space) == nil {
			n.trouble("%s %s: the connection %q is in the space %q", r.Method, r.URL.Path, c.Name, c.Space)
		}
	}
}

func (w *places) at(name string) *place {
	i := slices.IndexFunc(w.places, func(p place) bool { return p.declared.Name == name })
	if i < 0 {
		return nil
	}
	return &w.places[i]
}

func rolesOf(space *inspect.Space, member string) []string {
	for _, m := range space.Members {
		if m.Name == member {
			return m.Roles
		}
	}
	return nil
}

// placesRun is a world on its way; see [episode].
type placesRun struct {
	diary
	world  *places
	tenant *inspect.Tenant
}

func (e *placesRun) live(name string) *inspect.Space {
	for _, s := range e.tenant.Spaces() {
		if s.Name == name {
			return &s
		}
	}
	return nil
}

// owns reports whether a user owns a space: the service lists no roles of an owner.
func (*placesRun) owns(space *inspect.Space, address string) bool {
	return space.Owner == map[string]string{anaAddress: ana, boAddress: bo, cyAddress: cy}[address]
}

func (e *placesRun) run() {
	most := lastHand + 4
	for _, f := range e.world.faults {
		most += f.Times
	}
	for round := 1; len(e.troubles) == 0; round++ {
		n := &placesWire{placesRun: e, round: round, read: map[string]int{}, handled: map[string]int{}}
		if round == 1 {
			n.killAt = e.world.killAt
		}
		e.note("round %d", round)
		if e.process(n) && round > lastHand {
			e.check()
			return
		}
		if round > most {
			e.trouble("after %d rounds there is something left to do", round)
		}
	}
}

// process plans and applies. It reports whether there was nothing to do.
func (e *placesRun) process(n *placesWire) (converged bool) {
	provider, err := qlik.New(qlik.Config{
		URL: "http://127.0.0.1:8080", Auth: qlik.Auth{APIKey: connection.NewSecret(token)}, Project: project,
		HTTPClient: &http.Client{Transport: n}, Parallelism: e.world.parallel,
	})
	if err != nil {
		e.trouble("%v", err)
		return false
	}
	defer provider.Client().CloseIdleConnections()
	ctx := context.Background()
	in, err := e.world.input(ctx, provider)
	if err != nil {
		e.note("  not read: %v", err)
		return false
	}
	p, problems := plan.Make(in)
	if problems.Err() != nil || p.Refusal != nil {
		if e.note("  no plan: %v", problems); n.disturbed == 0 {
			e.trouble("no plan: %v", problems)
		}
		return false
	}
	for _, c := range p.Changes {
		e.note("  %s %s %+v %s", c.Action, c.Connection, c.Fields, c.Refused.Code)
		if c.Connection.IsSpace() && c.Action == plan.ActionCreate && e.live(c.Connection.Space) != nil && n.disturbed == 0 {
			e.trouble("%s is to be created, and the caller can see it", c.Connection)
		}
	}
	if p.Empty() {
		return true
	}
	before := e.tenant.Spaces()
	n.order.Lock()
	n.planned = map[string][]string{}
	for _, s := range before {
		for _, m := range s.Members {
			n.planned[s.Name+" "+m.Name] = m.Roles
		}
	}
	n.order.Unlock()
	result, err := apply.Run(ctx, p, apply.Options{
		Execute: provider.Execute, ExecuteGroup: provider.ExecuteGroup, Parallelism: e.world.parallel,
		Resolve: func(ref connection.Reference) (connection.Secret, error) {
			return connection.NewSecret(value(ref)), nil
		},
		Again: func(ctx context.Context, _ func(*connection.Live) bool) (plan.Input, error) {
			return e.world.input(ctx, provider)
		},
	})
	if err != nil {
		e.trouble("not applied: %v", err)
		return false
	}
	l := result.Ledger
	if l.Planned != len(p.Changes) || l.Done+l.Failed+l.Blocked+l.Skipped != l.Planned {
		e.trouble("the ledger does not add up: %+v", l)
	}
	if !result.Wrote() && !n.acted && !n.dead && !reflect.DeepEqual(before, e.tenant.Spaces()) {
		e.trouble("it says that nothing was written, and something was")
	}
	for i := range result.Items {
		item := &result.Items[i]
		e.note("  %s %s: %s %v %+v", item.Action, item.Connection, item.Outcome, item.Why, item.Differs)
		if item.Connection.IsSpace() && item.Outcome == apply.Done && item.Differs == nil && !result.Unverified.Holds() && !n.acted {
			e.checkSpace(e.world.at(item.Connection.Space))
		}
	}
	return false
}

// check compares the tenant at the end with what the files say.
func (e *placesRun) check() {
	for i := range e.world.places {
		e.checkSpace(&e.world.places[i])
	}
	if all := e.tenant.Connections(); len(all) != len(e.world.places) {
		e.trouble("got %d connections, want one in each space", len(all))
	}
	for _, c := range e.tenant.Connections() {
		if want := connection.KeyRecord(connection.Space{ID: e.live(c.Space).ID}, c.Name); !slices.Contains(c.Tags, "qlsync-key:"+want) {
			e.trouble("%s/%s has the tags %q, want the record %s over the id of its space", c.Space, c.Name, c.Tags, want)
		}
	}
}

func (e *placesRun) checkSpace(p *place) {
	live := e.live(p.declared.Name)
	if live == nil {
		e.trouble("the space %q is not there", p.declared.Name)
		return
	}
	if text := p.declared.Description; text != nil && *text != live.Description {
		e.trouble("the space %q has the description %q, want %q", live.Name, live.Description, *text)
	}
	for _, m := range p.declared.Members {
		for _, role := range m.Roles {
			if !slices.Contains(rolesOf(live, m.Name), role) && !e.owns(live, m.Name) {
				e.trouble("%s does not have the role %s in %s", m.Name, role, live.Name)
			}
		}
	}
	isSafe := e.world.admin || live.Owner == ana || slices.Contains(rolesOf(live, anaAddress), "facilitator")
	for _, m := range live.Members {
		for _, role := range m.Roles {
			if p.declared.ExactMembers && m.Name != anaAddress && !e.owns(live, m.Name) && (isSafe || m.Type != "group") && !slices.Contains(p.wanted(m.Name), role) {
				e.trouble("%s has the role %s in %s, which is exact", m.Name, role, live.Name)
			}
		}
	}
}

// TestAnySpacesConvergeAndNobodyLosesAccess lets random declared spaces meet random members, faults,
// kills and another client. `make chaos` draws many worlds, a plain test run a few.
func TestAnySpacesConvergeAndNobodyLosesAccess(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		e := &placesRun{world: drawPlaces(r)}
		synctest.Test(t, func(*testing.T) {
			var err error
			if e.tenant, err = inspect.New(e.world.seed(), simulator.Options{Faults: e.world.faults}); err != nil {
				e.trouble("seed: %v", err)
				return
			}
			e.run()
		})
		if len(e.troubles) > 0 {
			r.Fatalf("the spaces do not converge, or somebody loses access: %s\n\n%+v\n\n%s", strings.Join(e.troubles, "\n"), *e.world, strings.Join(e.story, "\n"))
		}
	})
}

// TestAMemberStaysWhereAnotherOneCannotGetItsRoles: an exact list replaces one group by another, and the
// tenant refuses the roles of the new one.
func TestAMemberStaysWhereAnotherOneCannotGetItsRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writers := connection.DesiredMember{Principal: connection.Principal{Kind: connection.MemberGroup, Name: "Writers"}, Roles: []string{"producer"}}
		e := &placesRun{world: &places{admin: true, parallel: 8, places: []place{{
			declared: connection.DesiredSpace{Name: "Finance", Type: "shared", ExactMembers: true, Members: []connection.DesiredMember{writers}},
			there:    true, owner: anaAddress, members: map[string][]string{"Analysts": {"producer"}},
		}}}}
		var err error
		if e.tenant, err = inspect.New(e.world.seed(), simulator.Options{Faults: []simulator.Fault{{Method: "POST", Path: "/api/v1/spaces/*/assignments", Status: 403}}}); err != nil {
			t.Fatal(err)
		}
		e.process(&placesWire{placesRun: e, round: 1, read: map[string]int{}, handled: map[string]int{}})
		if got := rolesOf(e.live("Finance"), "Analysts"); len(got) != 1 {
			t.Errorf("Analysts have the roles %q and Writers none, want that Analysts keep theirs\n%s", got, strings.Join(e.story, "\n"))
		}
	})
}
