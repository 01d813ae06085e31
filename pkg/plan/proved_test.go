package plan_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestAnyPlanByProofsIsThatOfAFullRead replaces connections that equal the files by what a proof
// leaves of them, and has those that are mentioned read in detail, as the caller of the planner does.
func TestAnyPlanByProofsIsThatOfAFullRead(t *testing.T) {
	compared := 0
	for name, draw := range map[string]func(*rapid.T) *world{
		"any files": randomWorld, "cycles": randomCycle,
		"hostile files":  func(t *rapid.T) *world { return hostileWorld(t, randomWorld) },
		"hostile cycles": func(t *rapid.T) *world { return hostileWorld(t, randomCycle) },
		"in sync":        inSync,
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				w := draw(t)
				for i := range w.snapshot.Connections {
					if live := &w.snapshot.Connections[i]; live.Properties != nil && rapid.Bool().Draw(t, "undeclared") {
						live.Properties["undeclared"] = live.Key.Name
					}
				}
				in := w.input()
				in.Fingerprints = map[connection.Key]plan.Fingerprint{}
				for _, key := range allKeys() {
					if rapid.IntRange(0, 3).Draw(t, "value") == 0 {
						in.Fingerprints[key] = plan.Fingerprint{Fresh: "0:0:0", Changed: rapid.Bool().Draw(t, "changed"), Unknown: rapid.Bool().Draw(t, "unknown")}
					}
				}
				compared += samePlan(t, in)
				sameDrift(t, in)
			})
		})
	}
	if compared == 0 {
		t.Error("no connection of any world was proved, want many: the test compares nothing")
	}
}

// inSync draws files of which most connections are there as declared.
func inSync(t *rapid.T) *world {
	w := newWorld()
	for _, key := range allKeys() {
		declareAny(t, w, key)
		d := &w.files[len(w.files)-1]
		w.hold(key.Space, key.Name, func(l *connection.Live) {
			l.Properties, l.DataSource, l.Tags = maps.Clone(d.Properties), d.DataSource, slices.Clone(d.Tags)
			l.OwnerID = rapid.SampledFrom([]string{"u-ana", "u-bo"}).Draw(t, "owner")
			if d.Credentials != nil {
				l.HasCredentials, l.Record.Credentials = true, connection.CredentialsRecord(0, d.Credentials, l.OwnerID)
			}
			if rapid.IntRange(0, 9).Draw(t, "differs") == 0 {
				l.Properties["path"] = "/differs"
			}
		})
	}
	return w
}

// proved returns the snapshot in which everything that equals the files is proved.
func proved(in plan.Input) *connection.Snapshot {
	equals := plan.Equals(in)
	snapshot := *in.Snapshot
	snapshot.Connections = slices.Clone(in.Snapshot.Connections)
	for i := range snapshot.Connections {
		live := &snapshot.Connections[i]
		if declared, equal := equals(live, live.Properties); equal {
			live.Properties, live.Proved = declared, true
		}
	}
	return &snapshot
}

// detail reads the mentioned connections of a snapshot, and reports whether there were any.
func detail(from, snapshot *connection.Snapshot, ids map[string]bool, keys map[connection.Key]bool) (any bool) {
	for i := range snapshot.Connections {
		if live := &snapshot.Connections[i]; live.Proved && (ids[live.ID] || keys[live.Key]) {
			at := slices.IndexFunc(from.Connections, func(full connection.Live) bool { return full.ID == live.ID })
			*live, any = from.Connections[at], true
		}
	}
	return any
}

// samePlan returns how many connections are proved in the end.
func samePlan(t *rapid.T, in plan.Input) (left int) {
	full, problems := plan.Make(in)
	byProof := in
	byProof.Snapshot = proved(in)
	for {
		p, found := plan.Make(byProof)
		if diff := cmp.Diff(problems.Error(), found.Error()); diff != "" {
			t.Fatalf("the problems by proofs differ from those in full (-full +proof):\n%s", diff)
		}
		if p == nil {
			return 0
		}
		ids, keys := map[string]bool{}, map[connection.Key]bool{}
		for i := range len(p.Changes) + len(p.Rotations) {
			ids[p.Change(i).ID], keys[p.Change(i).Connection] = true, true
		}
		for _, item := range itemsOf(p.Steps) {
			if successor := item.Operation.Successor; successor != nil {
				ids[successor.ID] = true
			}
		}
		if detail(in.Snapshot, byProof.Snapshot, ids, keys) {
			continue
		}
		if diff := cmp.Diff(connection.Canonical(full), connection.Canonical(p)); diff != "" {
			t.Fatalf("the plan by proofs differs from the one in full (-full +proof):\n%s", diff)
		}
		if diff := cmp.Diff(operations(full), operations(p)); diff != "" {
			t.Fatalf("the operations by proofs differ from those in full (-full +proof):\n%s", diff)
		}
		for i := range byProof.Snapshot.Connections {
			if byProof.Snapshot.Connections[i].Proved {
				left++
			}
		}
		return left
	}
}

// operations returns what each step does, with what it expects.
func operations(p *plan.Plan) (list []string) {
	for _, item := range itemsOf(p.Steps) {
		list = append(list, connection.Canonical(item.Operation))
	}
	return list
}

func sameDrift(t *rapid.T, in plan.Input) {
	full, _ := plan.FindDrift(in)
	byProof := in
	byProof.Snapshot = proved(in)
	for {
		d, _ := plan.FindDrift(byProof)
		if d == nil {
			return
		}
		ids, keys := map[string]bool{}, map[connection.Key]bool{}
		for i := range d.Items {
			ids[d.Items[i].ID], keys[d.Items[i].Connection] = true, true
		}
		if detail(in.Snapshot, byProof.Snapshot, ids, keys) {
			continue
		}
		if diff := cmp.Diff(connection.Canonical(full), connection.Canonical(d)); diff != "" {
			t.Fatalf("the drift by proofs differs from the one in full (-full +proof):\n%s", diff)
		}
		return
	}
}
