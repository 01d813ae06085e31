package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/targets"
	"github.com/qlsync/qlsync/pkg/connection"
)

func TestTheHashKeepsSpaceAndNameApart(t *testing.T) {
	of := func(space, name string) *Plan {
		return &Plan{Format: Format, Changes: []Change{{Action: ActionCreate, Connection: connection.Key{Space: space, Name: name}}}}
	}
	if hash(of("A/B", "C")) == hash(of("A", "B/C")) {
		t.Error("two keys that look alike when joined have one hash")
	}
	seen := func(id, digest string) *Plan { return &Plan{Format: Format, Seen: []Seen{{ID: id, Digest: digest}}} }
	if hash(seen("a b", "c")) == hash(seen("a", "b c")) {
		t.Error("an id and a digest that look alike when joined have one hash")
	}
}

// TestHashesAreOverCanonicalJSON compares what is written piece by piece, or from structs, with
// the canonical JSON of maps with the same content: a plan that was reviewed stays valid.
func TestHashesAreOverCanonicalJSON(t *testing.T) {
	key := connection.Key{Space: "A & B", Name: `<"é">`}
	same := func(what, got string, value map[string]any) {
		if want := digest(value); got != want {
			t.Errorf("the digest of %s is %s, want %s: it is not over its canonical JSON", what, got, want)
		}
	}
	yes := true
	secret := map[string]any{"password": connection.Reference{Env: "A"}}
	desired := &connection.Desired{CredentialsVersion: 3, Credentials: secret, Lifecycle: connection.Lifecycle{PreventDestroy: &yes}}
	same("a declaration", declares(&targets.Target{Desired: desired, TenantOwner: "u"}), map[string]any{"version": 3, "credentials": secret, "owner": "u", "protected": true})
	same("a declaration without credentials", declares(&targets.Target{Desired: &connection.Desired{}}),
		map[string]any{"version": 0, "credentials": nil, "owner": "", "protected": nil})
	live := &connection.Live{
		ID: "x", Key: key, OwnerID: "u", DataSource: "rest", Tags: []string{"t"}, Properties: map[string]any{"b": json.Number("1.0"), "a": nil},
		HasCredentials: true, Unreadable: "no", Record: connection.Record{Project: "p", Key: "k", Credentials: "c", Moved: "m", Phase: "old", Protected: true},
	}
	saw := map[string]any{
		"id": "x", "space": key.Space, "name": key.Name, "owner": "u", "dataSource": "rest", "tags": []any{"t"}, "properties": live.Properties,
		"hasCredentials": true, "separated": false, "unreadable": true, "mark": []any{"p", "k", "c", "m", "old"}, "protected": true,
	}
	same("a live connection", see(live).Digest, saw)
	live.Record.Pending, saw["pending"] = true, true
	same("a pending connection", see(live).Digest, saw)
	field := func(path string, before, after any, secret bool) map[string]any {
		return map[string]any{"path": path, "before": before, "after": after, "secret": secret}
	}
	change := func(action, id string, refused bool, fields ...any) map[string]any {
		return map[string]any{
			"action": action, "connection": map[string]any{"space": key.Space, "name": key.Name}, "id": id, "dataSource": "rest",
			"fields": append([]any{}, fields...), "declares": "d", "refused": refused,
		}
	}
	p := &Plan{
		Format: Format, Project: "p", Tenant: Tenant{URL: "https://a.example/?a&b"},
		Changes: []Change{
			{Action: ActionUpdate, Connection: key, ID: "x", DataSource: "rest", Declares: "d", Fields: []Field{{Path: "/a", Before: "1", After: []any{true}}, {Path: "/s", Secret: true}}},
			{Action: ActionCreate, Connection: key, DataSource: "rest", Declares: "d", Refused: connection.Reason{Code: "no"}},
		},
		Seen: []Seen{{Connection: key, ID: "x", Digest: "y"}, {ID: "z"}},
	}
	whole := map[string]any{
		"hash": hashVersion, "format": Format, "project": "p", "tenant": p.Tenant.URL,
		"changes": []any{change("update", "x", false, field("/a", "1", []any{true}, false), field("/s", nil, nil, true)), change("create", "", true)},
		"seen":    []any{map[string]any{"id": "x", "digest": "y"}, map[string]any{"id": "z", "digest": ""}},
	}
	same("a plan", hash(p), whole)
	p.Changes, p.Seen, whole["changes"], whole["seen"] = nil, nil, []any{}, []any{}
	same("an empty plan", hash(p), whole)
}

// TestTheHashSees256BitsOfCredentials compares what is under the hash with the record in the
// tag, of which two declarations may have the same.
func TestTheHashSees256BitsOfCredentials(t *testing.T) {
	declaring := func(variable string, version int, owner string, protect *bool) string {
		d := &connection.Desired{CredentialsVersion: version, Credentials: map[string]any{"password": connection.Reference{Env: variable}}}
		d.Lifecycle.PreventDestroy = protect
		return declares(&targets.Target{Desired: d, TenantOwner: owner})
	}
	yes, no := true, false
	seen := map[string]bool{}
	all := []string{
		declaring("A", 0, "", nil), declaring("B", 0, "", nil), declaring("A", 1, "", nil), declaring("A", 0, "u", nil),
		declaring("A", 0, "", &yes), declaring("A", 0, "", &no),
	}
	for _, text := range all {
		if digits, ok := strings.CutPrefix(text, "sha256:"); !ok || len(digits)*4 != 256 {
			t.Errorf("%q does not have 256 bits", text)
		}
		seen[text] = true
	}
	if len(seen) != len(all) {
		t.Errorf("%d declarations have %d digests", len(all), len(seen))
	}
	if digits := strings.TrimPrefix(see(&connection.Live{ID: "x"}).Digest, "sha256:"); len(digits)*4 != 256 {
		t.Errorf("of what was seen the hash has %d bits", len(digits)*4)
	}
}

const earlierHashOfPlan = "sha256:8853109fdf2ed147b610ab1b532dca6790ec482c55a028e17407484d82b6d16f"

// earlierPlan is a plan file with hash version 1, as qlsync wrote it.
const earlierPlan = `{"format": "qlsync.plan/v1", "hash": "sha256:8853109fdf2ed147b610ab1b532dca6790ec482c55a028e17407484d82b6d16f", "project": "acme", "tenant": {"name": "demo", "url": "sim:t.yaml", "id": "DeFbYSwPhzG5H6vCkPCsQ-vBRPqD3kav"},
 "seen": [{"connection": {"space": "Finance", "name": "y"}, "id": "9ee40b6c-eb69-87e3-8100-e9bd345231cb", "digest": "sha256:6ba37e2637b860fe6ccde12c2c2171c1"}], 
 "changes": [
  {"action": "create", "connection": {"space": "Finance", "name": "x"}, "dataSource": "rest", 
   "fields": [{"path": "/properties/authSchema", "after": "basic"}, {"path": "/properties/url", "after": "https://a.example"}, {"path": "/credentials/password", "secret": true}, {"path": "/credentials/username", "secret": true}], "declares": "sha256:589a4042bd324382f578e041f707e0ab"}, 
  {"action": "update", "connection": {"space": "Finance", "name": "y"}, "id": "9ee40b6c-eb69-87e3-8100-e9bd345231cb", "dataSource": "rest", 
   "fields": [{"path": "/properties/url", "before": "https://old.example", "after": "https://b.example"}], "declares": "sha256:fbcfda1b1be97c7a13b696d6452a9ba7"}]}`

func TestAPlanOfAnEarlierVersionIsRecognised(t *testing.T) {
	read := func(hash string) *Plan {
		var p Plan
		decoder := json.NewDecoder(strings.NewReader(strings.ReplaceAll(earlierPlan, earlierHashOfPlan, hash)))
		decoder.UseNumber()
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		return &p
	}
	old := read(earlierHashOfPlan)
	if !old.IsEarlier() {
		t.Fatalf("not recognised: its hash of version 1 is %s", earlierHash(old))
	}
	now := read("sha256:of another version")
	now.Hash = hash(now)
	if stale := now.Stale(old); len(stale) != 1 || stale[0].Code != "stale-earlier" {
		t.Errorf("got stale parts %q, want only the earlier version", stale)
	}
	if now.IsEarlier() || read("sha256:0000").IsEarlier() {
		t.Error("a plan of this version is reported as an earlier one")
	}
	if text, err := json.Marshal(now); err != nil || strings.Contains(string(text), old.Hash) {
		t.Error("both versions have the same hash")
	}
}
