package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// replacingCapabilities are those of a service without ids, tags, batches and partial
// updates: a write replaces everything, and a name is all that a connection has.
func replacingCapabilities() connection.Capabilities {
	return connection.Capabilities{
		Space: connection.Recreate, Existence: connection.Delete,
		Costs: map[connection.OperationKind]connection.Cost{connection.Create: {Reads: 2, Writes: 1}},
	}
}

func TestAServiceThatReplacesWholeConnections(t *testing.T) {
	withholds := func(l *connection.Live) {
		l.WriteOnlyCredentials, l.HasCredentials = []string{"password"}, true
		l.Record.Credentials = connection.CredentialsRecord(0, secretRef("P"), "u-ana")
	}
	declared := func(d *connection.Desired) { d.Credentials = secretRef("P") }
	changed := func(d *connection.Desired) { d.Properties["path"] = "/new" }
	digest := recordOf("A", "x")
	tried := "qlsync-new-" + digest // by a recreate in place that was killed
	for _, test := range []struct {
		name string
		set  func(*world)
		want string
	}{
		{"what equals the files needs nothing, although it withholds", func(w *world) {
			w.declare("A", "x", declared)
			w.hold("A", "x", withholds)
		}, ""},
		{"every write carries the credentials", func(w *world) {
			w.declare("A", "x", declared, changed)
			w.hold("A", "x", withholds)
		}, "update A/x /properties/path:/x>/new /credentials/password=(secret)\ns1 patch A/x"},
		{"a write without what is withheld would lose it", func(w *world) {
			w.declare("A", "x", changed)
			w.hold("A", "x", withholds)
		}, "update A/x /properties/path:/x>/new !write-loses"},
		{"a property that leaves no room for the mark is shortened or declared", func(w *world) {
			crowded := func(l *connection.Live) { l.Crowded = "note" }
			w.declare("A", "x", changed)
			w.hold("A", "x", crowded)
			w.declare("A", "y", changed, func(d *connection.Desired) { d.Properties["note"] = "short" })
			w.hold("A", "y", crowded)
		}, "update A/x /properties/path:/x>/new !no-room-for-record\n" +
			"update A/y /properties/note:<nil>>short /properties/path:/y>/new\ns1 patch A/y"},
		{"what must be absent is not lost", func(w *world) {
			w.declare("A", "x", changed, func(d *connection.Desired) { d.Properties["password"] = nil })
			w.hold("A", "x", withholds)
		}, "update A/x /properties/path:/x>/new\ns1 patch A/x"},
		{"losing it can be allowed", func(w *world) {
			w.declare("A", "x", changed, func(d *connection.Desired) { d.Lifecycle.RecreateAllowed = true })
			w.hold("A", "x", withholds)
		}, "update A/x /properties/path:/x>/new\ns1 patch A/x"},
		{"to take over what equals the files but for its credentials needs a word", func(w *world) {
			w.declare("A", "x", declared)
			w.hold("A", "x", withholds, func(l *connection.Live) { l.Record = connection.Record{} })
		}, "adopt A/x /credentials/password=(secret) !adopt-writes-credentials"},
		{"what is hidden is not compared, and written along", func(w *world) {
			w.declare("A", "x", changed, func(d *connection.Desired) { d.Properties["store"] = "main" })
			w.hold("A", "x", func(l *connection.Live) { l.WriteOnlyProperties = []string{"store"} })
		}, "update A/x /properties/path:/x>/new\ns1 patch A/x"},
		{"what is hidden alone is no difference", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Properties["store"] = "main" })
			w.hold("A", "x", func(l *connection.Live) { l.WriteOnlyProperties = []string{"store"} })
		}, ""},
		{"what is not in effect is written again", func(w *world) {
			w.declare("A", "x", declared)
			w.hold("A", "x", withholds, func(l *connection.Live) { l.Record.Pending = true })
		}, "update A/x /effective:false>true /credentials/password=(secret)\ns1 patch A/x"},
		{"a recreate in place tries the new one out first", func(w *world) {
			w.declare("A", "x", declared, func(d *connection.Desired) { d.DataSource = "other" })
			w.hold("A", "x", withholds)
		}, "recreate A/x /dataSource:rest>other /credentials/password=(secret)\ns1 recreate A/x\ns2 delete A/x after s1"},
		{"a move to another space is created there, and then deleted here", func(w *world) {
			w.declare("B", "x", declared)
			w.hold("A", "x", withholds)
			w.moved("A", "x", "B", "x")
		}, "recreate B/x from A/x /space:A>B /credentials/password=(secret)\ns1 create B/x\ns2 delete B/x after s1"},
		{"what was created elsewhere by a run that was killed leaves the old one to pruning", func(w *world) {
			w.policy.Prune = connection.PruneOwned
			w.declare("B", "x", declared)
			w.hold("A", "x", withholds)
			w.hold("B", "x", withholds, func(l *connection.Live) { l.Record.Moved = digest })
			w.moved("A", "x", "B", "x")
		}, "delete A/x\ns1 delete A/x"},
		{"a recreate needs what is hidden to be declared", func(w *world) {
			w.declare("B", "x")
			w.hold("A", "x", func(l *connection.Live) { l.WriteOnlyProperties = []string{"store"} })
			w.moved("A", "x", "B", "x")
		}, "recreate B/x from A/x /space:A>B !recreate-loses-hidden"},
		{"what a killed recreate in place has tried out is deleted when the connection is there again", func(w *world) {
			w.declare("A", "x", declared)
			w.hold("A", tried, withholds, func(l *connection.Live) { l.Record.Key, l.Record.Phase = digest, connection.PhaseNew })
		}, "delete A/" + tried + "\ncreate A/x /properties/path:<nil>>/x /credentials/password=(secret)\n" +
			"s1 create A/x\ns2 delete A/" + tried + " after s1"},
		{"what a killed recreate in place has tried out goes before it is tried out again", func(w *world) {
			w.declare("A", "x", declared, func(d *connection.Desired) { d.DataSource = "other" })
			w.hold("A", "x", withholds)
			w.hold("A", tried, withholds, func(l *connection.Live) { l.Record.Key, l.Record.Phase = digest, connection.PhaseNew })
		}, "delete A/" + tried + "\nrecreate A/x /dataSource:rest>other /credentials/password=(secret)\n" +
			"s1 delete A/" + tried + "\ns2 recreate A/x after s1\ns3 delete A/x after s2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.snapshot.Capabilities, w.rules = replacingCapabilities(), exactly{apinizer.Rules{}}
			test.set(w)
			p, problems := plan.Make(w.input())
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, outline(p)); diff != "" {
				t.Errorf("plan differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryPatchOfAWholeConnectionCarriesEverything(t *testing.T) {
	w := newWorld()
	w.snapshot.Capabilities, w.rules = replacingCapabilities(), exactly{apinizer.Rules{}}
	for _, name := range []string{"x", "y"} {
		w.declare("A", name, func(d *connection.Desired) {
			d.Credentials = secretRef("P")
			d.Properties = map[string]any{"path": "/", "store": "main"}
		})
		w.hold("A", name, func(l *connection.Live) {
			l.WriteOnlyProperties, l.Properties = []string{"store"}, map[string]any{"path": "/"}
			l.WriteOnlyCredentials, l.HasCredentials = []string{"password"}, true
			l.Record.Credentials = connection.CredentialsRecord(0, secretRef("P"), "u-ana")
		})
	}
	w.moved("A", "x", "A", "y")
	w.moved("A", "y", "A", "x")
	p, problems := plan.Make(w.input())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	patches := 0
	for _, step := range p.Steps {
		for _, item := range step.Items {
			patches++
			if op := item.Operation; op.Kind != connection.Patch || op.Credentials == nil || op.Set["store"] != "main" || op.DataSource != "rest" {
				t.Errorf("%s: got %+v, want a patch with the credentials and every property", step.ID, op)
			}
		}
	}
	if patches != 3 {
		t.Errorf("%d operations: a swap of names takes three patches", patches)
	}
}

// Otherwise the next plan would take the old one for another connection, and refuse.
func TestARecreatedConnectionIsKnownAsLongAsTheOldOneExists(t *testing.T) {
	w := newWorld()
	w.snapshot.Capabilities, w.rules = replacingCapabilities(), exactly{apinizer.Rules{}}
	for name, dataSource := range map[string]string{"patched": "rest", "recreated": "other"} {
		w.declare("B", name, func(d *connection.Desired) {
			d.Credentials, d.Properties["path"], d.DataSource = secretRef("P"), "/changed", dataSource
			d.Lifecycle.RecreateAllowed = true
		})
		w.hold("A", name)
		w.hold("B", name, func(l *connection.Live) {
			l.Record.Moved = recordOf("A", name)
		})
		w.moved("A", name, "B", name)
	}
	p, problems := plan.Make(w.input())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	writes := 0
	for _, step := range p.Steps {
		for _, item := range step.Items {
			op := item.Operation
			if op.Record == nil || op.Record.Phase != "" {
				continue
			}
			writes++
			if op.Record.Moved != recordOf("A", op.Key.Name) {
				t.Errorf("%s %s: got %+v, want it to name the old connection", op.Kind, op.Key, op.Record)
			}
		}
	}
	if writes != 2 {
		t.Errorf("got %d writes, want 2: %s", writes, outline(p))
	}
}

func TestARotationNeedsRoomForTheMark(t *testing.T) {
	w := newWorld()
	w.snapshot.Capabilities, w.rules = replacingCapabilities(), exactly{apinizer.Rules{}}
	w.declare("A", "x", func(d *connection.Desired) { d.Credentials = secretRef("P") })
	w.hold("A", "x", func(l *connection.Live) {
		l.Crowded, l.Record.Credentials = "note", connection.CredentialsRecord(0, secretRef("P"), "u-ana")
	})
	in := w.input()
	in.Rotate = []connection.Key{{Space: "A", Name: "x"}}
	p, problems := plan.Make(in)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(p.Rotations) != 1 || p.Rotations[0].Refused.Code != "no-room-for-record" {
		t.Errorf("got %+v, want one rotation that is refused for want of room", p.Rotations)
	}
}

func TestDriftDoesNotReportWhatIsOnlyWrittenAlong(t *testing.T) {
	w := newWorld()
	w.snapshot.Capabilities, w.rules = replacingCapabilities(), exactly{apinizer.Rules{}}
	w.declare("A", "x", func(d *connection.Desired) { d.Credentials = secretRef("P") })
	w.hold("A", "x", func(l *connection.Live) {
		l.Record.Pending, l.HasCredentials = true, true
		l.Record.Credentials = connection.CredentialsRecord(0, secretRef("P"), "u-ana")
	})
	drift, problems := plan.FindDrift(w.input())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(drift.Items) != 1 || len(drift.Items[0].Fields) != 1 || drift.Items[0].Fields[0].Path != "/effective" {
		t.Errorf("got %+v, want one item that differs in /effective only", drift.Items)
	}
}

func TestTagsCanBeDeclaredOnlyWhereThereAreAny(t *testing.T) {
	w := newWorld()
	w.snapshot.Capabilities, w.rules = replacingCapabilities(), exactly{apinizer.Rules{}}
	w.declare("A", "x", func(d *connection.Desired) { d.Tags = []string{"t"} })
	if _, problems := plan.Make(w.input()); problems.Err() == nil {
		t.Error("got no problem, want one: the service has no tags")
	}
}
