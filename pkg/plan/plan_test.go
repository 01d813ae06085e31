package plan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/report"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// outline returns a plan as one line for each change and step.
func outline(p *plan.Plan) string {
	var lines []string
	for _, c := range p.Changes {
		line := fmt.Sprintf("%s %s", c.Action, c.Connection)
		if c.From != nil {
			line += " from " + c.From.String()
		}
		for _, f := range c.Fields {
			switch {
			case f.Secret:
				line += " " + f.Path + "=(secret)"
			default:
				line += fmt.Sprintf(" %s:%v>%v", f.Path, f.Before, f.After)
			}
		}
		if c.Refused.Holds() {
			line += " !" + c.Refused.String()
		}
		lines = append(lines, line)
	}
	for _, s := range p.Steps {
		var keys []string
		for _, k := range s.Connections {
			keys = append(keys, k.String())
		}
		line := fmt.Sprintf("%s %s %s", s.ID, s.Kind, strings.Join(keys, " "))
		if len(s.After) > 0 {
			line += " after " + strings.Join(s.After, " ")
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func secretRef(name string) map[string]any {
	return map[string]any{"password": connection.Reference{Env: name}}
}

func TestMake(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(*world)
		want string
	}{
		{"what is declared and missing is created", func(w *world) {
			w.declare("A", "x")
		}, "create A/x /properties/path:<nil>>/x\ns1 create A/x"},
		{"what equals the files needs nothing", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x")
		}, ""},
		{"a property is compared only where it is declared", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x", func(l *connection.Live) { l.Properties["more"] = "1" })
		}, ""},
		{"a property that differs is patched", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x", func(l *connection.Live) { l.Properties["path"] = "/old" })
		}, "update A/x /properties/path:/old>/x\ns1 patch A/x"},
		{"a property that is null in the files must go", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Properties["extra"] = nil })
			w.hold("A", "x", func(l *connection.Live) { l.Properties["extra"] = "1" })
		}, "update A/x /properties/extra:1><nil>\ns1 patch A/x"},
		{"a property that is missing live and has the schema's default is no difference", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Properties["mode"] = "fast" })
			w.hold("A", "x")
		}, ""},
		{"a property that was removed and fell back to its default is gone", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Properties["mode"] = nil })
			w.hold("A", "x", func(l *connection.Live) { l.Properties["mode"] = "fast" })
		}, ""},
		{"an unreadable property is unknown, never a difference", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) {
				d.Properties["shy"], d.Lifecycle.Unreadable = "1", []string{"shy"}
			})
			w.hold("A", "x")
		}, ""},
		{"ignored changes are not compared", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) {
				d.Tags, d.Lifecycle.IgnoreChanges = []string{"t"}, []string{"tags", "properties.path"}
			})
			w.hold("A", "x", func(l *connection.Live) { l.Properties["path"] = "/old" })
		}, ""},
		{"declared tags are the exact set, in any order", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Tags = []string{"b", "a"} })
			w.declare("A", "y", func(d *connection.Desired) { d.Tags = []string{} })
			w.hold("A", "x", func(l *connection.Live) { l.Tags = []string{"a", "b"} })
			w.hold("A", "y", func(l *connection.Live) { l.Tags = []string{"a"} })
		}, "update A/y /tags:[a]>[]\ns1 patch A/y"},
		{"credentials without a record are a baseline, not a change", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Credentials = secretRef("P") })
			w.hold("A", "x", func(l *connection.Live) { l.HasCredentials = true })
		}, ""},
		{"credentials that the tenant does not have are written", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Credentials = secretRef("P") })
			w.hold("A", "x")
		}, "update A/x /credentials/password=(secret)\ns1 patch A/x"},
		{"credentials that are added later are written", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Credentials = secretRef("P") })
			w.hold("A", "x", func(l *connection.Live) {
				l.HasCredentials, l.Record.Credentials = true, connection.CredentialsRecord(0, nil, "u-ana")
			})
		}, "update A/x /credentials/password=(secret)\ns1 patch A/x"},
		{"nothing moves into the personal space of somebody else", func(w *world) {
			w.declare("", "x", func(d *connection.Desired) { d.Space = connection.SpaceRef{Personal: true} })
			w.hold("A", "x", func(l *connection.Live) { l.OwnerID = "u-bo" })
			w.moves = []connection.Move{{
				From: connection.MoveEnd{Space: connection.SpaceRef{Name: "A"}, Name: "x"},
				To:   connection.MoveEnd{Space: connection.SpaceRef{Personal: true}, Name: "x"},
			}}
		}, "move personal/x from A/x /space:A>personal !personal-of-another"},
		{"nothing moves while the list is incomplete", func(w *world) {
			w.snapshot.Incomplete = []string{"one connection failed"}
			w.declare("B", "x")
			w.hold("A", "x")
			w.moved("A", "x", "B", "x")
		}, "move B/x from A/x /space:A>B !move-not-listed"},
		{"another reference writes the credentials again", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Credentials = secretRef("NEW") })
			w.hold("A", "x", func(l *connection.Live) {
				l.Record.Credentials = connection.CredentialsRecord(0, secretRef("OLD"), "u-ana")
			})
		}, "update A/x /credentials/password=(secret)\ns1 patch A/x"},
		{"a host change carries all credentials", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) {
				d.Credentials, d.Properties["url"] = secretRef("P"), "https://new"
			})
			w.hold("A", "x", func(l *connection.Live) { l.Properties["url"] = "https://old" })
		}, "update A/x /properties/url:https://old>https://new /credentials/password=(secret)\ns1 patch A/x"},
		{"a host change without declared credentials is refused where there are some", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Properties["url"] = "https://new" })
			w.hold("A", "x", func(l *connection.Live) { l.HasCredentials = true })
		}, "update A/x /properties/url:<nil>>https://new !host-needs-credentials"},
		{"what nobody owns and equals the files is adopted", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x", func(l *connection.Live) { l.Record = connection.Record{} })
		}, "adopt A/x\ns1 patch A/x"},
		{"what nobody owns and differs is refused", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x", func(l *connection.Live) { l.Record, l.Properties["path"] = connection.Record{}, "/old" })
		}, "adopt A/x /properties/path:/old>/x !adopt-differs"},
		{"what nobody owns and differs is adopted where the file says so", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Lifecycle.Adopt = true })
			w.hold("A", "x", func(l *connection.Live) { l.Record, l.Properties["path"] = connection.Record{}, "/old" })
		}, "adopt A/x /properties/path:/old>/x\ns1 patch A/x"},
		{"another project's is refused", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x", func(l *connection.Live) { l.Record.Project = "other" })
		}, `adopt A/x !other-project`},
		{"what cannot be read is refused, and the rest goes on", func(w *world) {
			w.declare("A", "x")
			w.declare("A", "y")
			w.hold("A", "x", func(l *connection.Live) { l.Unreadable = "decryption failed" })
		}, "update A/x !unreadable\ncreate A/y /properties/path:<nil>>/y\ns1 create A/y"},
		{"a moved block renames", func(w *world) {
			w.declare("A", "new", func(d *connection.Desired) { d.Properties["path"] = "/old" })
			w.hold("A", "old")
			w.moved("A", "old", "A", "new")
		}, "move A/new from A/old /name:old>new\ns1 patch A/new"},
		{"a moved block between spaces is one bulk update", func(w *world) {
			w.declare("B", "x")
			w.hold("A", "x")
			w.moved("A", "x", "B", "x")
		}, "move B/x from A/x /space:A>B\ns1 bulk-update B/x"},
		{"a change of space and name is two calls in order", func(w *world) {
			w.declare("B", "y", func(d *connection.Desired) { d.Properties["path"] = "/x" })
			w.hold("A", "x")
			w.moved("A", "x", "B", "y")
		}, "move B/y from A/x /space:A>B /name:x>y\ns1 patch B/y\ns2 bulk-update B/y after s1"},
		{"the place in between must be free", func(w *world) {
			w.declare("B", "y", func(d *connection.Desired) { d.Properties["path"] = "/x" })
			w.hold("A", "x")
			w.hold("A", "y", func(l *connection.Live) { l.Record = connection.Record{} })
			w.moved("A", "x", "B", "y")
		}, "move B/y from A/x /space:A>B /name:x>y\ns1 bulk-update B/y\ns2 patch B/y after s1"},
		{"where both places in between are taken, a temporary name helps", func(w *world) {
			w.declare("B", "y", func(d *connection.Desired) { d.Properties["path"] = "/x" })
			w.hold("A", "x")
			w.hold("A", "y", func(l *connection.Live) { l.Record = connection.Record{} })
			w.hold("B", "x", func(l *connection.Live) { l.Record = connection.Record{} })
			w.moved("A", "x", "B", "y")
		}, "move B/y from A/x /space:A>B /name:x>y\ns1 patch B/y\ns2 bulk-update B/y after s1\ns3 patch B/y after s2"},
		{"without the admin role a change of space and name is one patch", func(w *world) {
			w.snapshot.Capabilities = memberCapabilities()
			w.declare("B", "y", func(d *connection.Desired) { d.Properties["path"] = "/x" })
			w.hold("A", "x")
			w.moved("A", "x", "B", "y")
		}, "move B/y from A/x /space:A>B /name:x>y\ns1 patch B/y"},
		{"a finished move may stay in the files", func(w *world) {
			w.declare("A", "new", func(d *connection.Desired) { d.Properties["path"] = "/old" })
			w.hold("A", "new", func(l *connection.Live) { l.Properties["path"] = "/old" })
			w.moved("A", "old", "A", "new")
		}, ""},
		{"a finished move stays finished when its old name is declared again", func(w *world) {
			w.declare("A", "new")
			w.declare("A", "old")
			w.hold("A", "new")
			w.hold("A", "old")
			w.moved("A", "old", "A", "new")
		}, ""},
		{"a move to a taken name is refused", func(w *world) {
			w.declare("A", "new", func(d *connection.Desired) { d.Properties["path"] = "/changed" })
			w.hold("A", "old")
			w.hold("A", "new")
			w.moved("A", "old", "A", "new")
		}, `update A/new /properties/path:/new>/changed !moved-to-taken`},
		{"a move to a taken name is refused also when nothing else differs", func(w *world) {
			w.declare("A", "new")
			w.hold("A", "old")
			w.hold("A", "new")
			w.moved("A", "old", "A", "new")
		}, `update A/new !moved-to-taken`},
		{"a chain of moves frees each name before it is taken", func(w *world) {
			for _, name := range []string{"b", "c", "d"} {
				w.declare("A", name)
			}
			for _, name := range []string{"a", "b", "c"} {
				w.hold("A", name, func(l *connection.Live) { l.Properties["path"] = "/" + string(name[0]+1) })
			}
			w.moved("A", "a", "A", "b")
			w.moved("A", "b", "A", "c")
			w.moved("A", "c", "A", "d")
		}, "move A/b from A/a /name:a>b\nmove A/c from A/b /name:b>c\nmove A/d from A/c /name:c>d\n" +
			"s1 patch A/d\ns2 patch A/c after s1\ns3 patch A/b after s2"},
		{"a move over several blocks goes straight to the end", func(w *world) {
			w.declare("A", "c", func(d *connection.Desired) { d.Properties["path"] = "/a" })
			w.hold("A", "a")
			w.moved("A", "a", "A", "b")
			w.moved("A", "b", "A", "c")
		}, "move A/c from A/a /name:a>c\ns1 patch A/c"},
		{"a swap goes by a temporary name", func(w *world) {
			w.declare("A", "a")
			w.declare("A", "b")
			w.hold("A", "a")
			w.hold("A", "b")
			w.moved("A", "a", "A", "b")
			w.moved("A", "b", "A", "a")
		}, "move A/a from A/b /name:b>a /properties/path:/b>/a\nmove A/b from A/a /name:a>b /properties/path:/a>/b\n" +
			"s1 patch A/a\ns2 patch A/b after s1\ns3 patch A/a after s1 s2"},
		{"blocks that lead round to a single connection move nothing", func(w *world) {
			w.declare("A", "a")
			w.hold("A", "a")
			w.moved("A", "a", "A", "b")
			w.moved("A", "b", "A", "a")
		}, ""},
		{"calls are filled with what others wait for first", func(w *world) {
			capabilities := adminCapabilities()
			capabilities.BatchSize = map[connection.OperationKind]int{connection.BulkUpdate: 2, connection.BulkDelete: 2}
			w.snapshot.Capabilities = capabilities
			for _, name := range []string{"1", "2", "3"} {
				w.declare("B", name)
				w.hold("A", name)
				w.moved("A", name, "B", name)
			}
			w.declare("A", "3", func(d *connection.Desired) { d.Properties["path"] = "/3 of C" })
			w.hold("C", "3", func(l *connection.Live) { l.Properties["path"] = "/3 of C" })
			w.moved("C", "3", "A", "3")
		}, "move A/3 from C/3 /space:C>A\nmove B/1 from A/1 /space:A>B\nmove B/2 from A/2 /space:A>B\nmove B/3 from A/3 /space:A>B\n" +
			"s1 bulk-update B/1 B/3\ns2 bulk-update A/3 B/2 after s1\ns3 patch B/3 after s1"},
		{"a rename by hand is brought back", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "mine", func(l *connection.Live) {
				l.Properties["path"] = "/x"
				l.Record.Key = recordOf("A", "x")
			})
		}, "move A/x from A/mine /name:mine>x\ns1 patch A/x"},
		{"a copy made by hand is never pruned", func(w *world) {
			w.policy.Prune = connection.PruneOwned
			w.declare("A", "x")
			w.hold("A", "x")
			w.hold("A", "copy", func(l *connection.Live) {
				l.Record.Key = recordOf("A", "x")
			})
		}, ""},
		{"what is owned and no longer declared is kept unless the policy prunes", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x")
			w.hold("A", "gone")
		}, ""},
		{"what is owned and no longer declared is pruned last", func(w *world) {
			w.policy.Prune = connection.PruneOwned
			w.declare("A", "x")
			w.hold("A", "gone")
			w.hold("B", "gone")
		}, "delete A/gone\ncreate A/x /properties/path:<nil>>/x\ndelete B/gone\ns1 create A/x\ns2 bulk-delete A/gone B/gone after s1"},
		{"a delete comes first where its name is needed", func(w *world) {
			w.policy.Prune = connection.PruneOwned
			w.declare("B", "x")
			w.hold("A", "x")
			w.hold("B", "x", func(l *connection.Live) { l.Record.Project = "" })
			w.files[0].Lifecycle.Adopt = true
		}, "delete A/x\nadopt B/x\ns1 patch B/x\ns2 bulk-delete A/x after s1"},
		{"a protected connection is not pruned", func(w *world) {
			w.policy.Prune = connection.PruneOwned
			w.declare("A", "x")
			w.hold("A", "x")
			w.hold("A", "gone", func(l *connection.Live) { l.Record.Protected = true })
		}, "delete A/gone !delete-protected"},
		{"what others own is never pruned", func(w *world) {
			w.policy.Prune = connection.PruneOwned
			w.declare("A", "x")
			w.hold("A", "x")
			w.hold("A", "theirs", func(l *connection.Live) { l.Record.Project = "other" })
			w.hold("A", "nobodys", func(l *connection.Live) { l.Record = connection.Record{} })
		}, ""},
		{"nothing is deleted or created where the list is incomplete", func(w *world) {
			w.policy.Prune = connection.PruneOwned
			w.snapshot.Incomplete = []string{"one connection failed"}
			w.declare("A", "x")
			w.hold("A", "gone")
		}, "delete A/gone !delete-not-listed\n" +
			"create A/x /properties/path:<nil>>/x !create-not-listed"},
		{"a name in another letter case is not created next to the live one", func(w *world) {
			w.declare("A", "Orders")
			w.hold("A", "orders", func(l *connection.Live) { l.Record = connection.Record{} })
		}, `create A/Orders /properties/path:<nil>>/Orders !namesake`},
		{"a name in another normalisation is neither created nor deleted, and the eye sees which is which", func(w *world) {
			w.policy.Prune = connection.PruneOwned
			w.declare("A", "cafe\u0301")
			w.hold("A", "caf\u00e9")
		}, "create A/cafe\u0301 /properties/path:<nil>>/cafe\u0301 !namesake"},
		{"a name that looks the same is created first and deleted by a later plan", func(w *world) {
			w.policy.Prune = connection.PruneOwned
			w.declare("A", "نامها")
			w.declare("A", "Ledger")
			w.hold("A", "نام\u200cها")
			w.hold("A", "L\u0435dger")
			w.hold("B", "Ledger\u2800")
		}, "create A/Ledger /properties/path:<nil>>/Ledger\ncreate A/نامها /properties/path:<nil>>/نامها\ndelete B/Ledger\u2800\n" +
			"s1 create A/Ledger\ns2 create A/نامها\ns3 bulk-delete B/Ledger\u2800 after s1 s2"},
		{"of two that look the same the one that is no longer declared is deleted", func(w *world) {
			w.policy.Prune = connection.PruneOwned
			w.declare("A", "Ledger")
			w.hold("A", "Ledger")
			w.hold("A", "L\u0435dger")
		}, "delete A/L\u0435dger\ns1 bulk-delete A/L\u0435dger"},
		{"a name is brought into another normalisation by a moved block", func(w *world) {
			w.declare("A", "cafe\u0301", func(d *connection.Desired) { d.Properties = map[string]any{"path": "/caf\u00e9"} })
			w.hold("A", "caf\u00e9")
			w.moved("A", "caf\u00e9", "A", "cafe\u0301")
		}, "move A/cafe\u0301 from A/caf\u00e9 /name:caf\u00e9>cafe\u0301\ns1 patch A/cafe\u0301"},
		{"where the service does not say who owns a connection, a record for the caller fits", func(w *world) {
			for name, owner := range map[string]string{"of the caller": "u-ana", "of another": "u-di", "without credentials": "u-ana"} {
				w.declare("A", name, func(d *connection.Desired) { d.Credentials = secretRef("P") })
				w.hold("A", name, func(l *connection.Live) {
					l.OwnerID, l.HasCredentials = "", name != "without credentials"
					l.Record.Credentials = connection.CredentialsRecord(0, secretRef("P"), owner)
				})
			}
		}, "update A/of another /credentials/password=(secret)\nupdate A/without credentials /credentials/password=(secret)\n" +
			"s1 patch A/of another\ns2 patch A/without credentials"},
		{"where the service does not say who owns a connection, the record of the credentials says whether the owner is the declared one", func(w *world) {
			for name, owner := range map[string]string{"recorded": "u-bo", "of the caller": "u-ana", "of a former one": "u-di", "rotated": "u-bo"} {
				w.declare("A", name, func(d *connection.Desired) {
					d.Owner, d.Credentials = "bo@example.com", secretRef("P")
					if name == "rotated" {
						d.CredentialsVersion = 1
					}
				})
				w.hold("A", name, func(l *connection.Live) {
					l.OwnerID, l.HasCredentials = "", true
					l.Record.Credentials = connection.CredentialsRecord(0, secretRef("P"), owner)
				})
			}
		}, "update A/of a former one /owner:>bo@example.com /credentials/password=(secret)\n" +
			"update A/of the caller /owner:>bo@example.com /credentials/password=(secret)\n" +
			"update A/rotated /credentials/password=(secret)\n" +
			"s1 bulk-update A/of a former one A/of the caller\ns2 patch A/of a former one after s1\ns3 patch A/of the caller after s1\ns4 patch A/rotated"},
		{"without a record, nobody is given what may be theirs", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Owner = "bo@example.com" })
			w.hold("A", "x", func(l *connection.Live) { l.OwnerID = "" })
		}, ""},
		{"a connection whose owner was deleted gets the declared one", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Owner = "bo@example.com" })
			w.hold("A", "x", func(l *connection.Live) { l.OwnerID, l.Ownerless = "", true })
		}, "update A/x /owner:>bo@example.com\ns1 bulk-update A/x"},
		{"tags that leave no room for ours are refused before anything is written", func(w *world) {
			full := func(tags int, change ...func(*connection.Live)) func(*connection.Live) {
				return func(l *connection.Live) {
					l.Tags, l.OtherTags = numbered(tags), 1
					for _, c := range change {
						c(l)
					}
				}
			}
			nobodys := func(l *connection.Live) { l.Record = connection.Record{} }
			other := func(d *connection.Desired) { d.Properties["path"] = "/other" }
			protect, recreated := true, connection.Lifecycle{Update: connection.UpdateRecreate}
			w.declare("A", "adopt full")
			w.hold("A", "adopt full", full(29, nobodys))
			w.declare("A", "adopt room")
			w.hold("A", "adopt room", full(28, nobodys))
			w.declare("A", "declared", func(d *connection.Desired) { d.Tags = []string{"one"} })
			w.hold("A", "declared", full(30))
			w.declare("A", "protect", func(d *connection.Desired) { d.Lifecycle.PreventDestroy = &protect })
			w.hold("A", "protect", full(28))
			w.declare("A", "sensitive", func(d *connection.Desired) { d.Sensitive = []string{"x"} })
			w.hold("A", "sensitive", full(28))
			w.declare("A", "update full", other)
			w.hold("A", "update full", full(29))
			w.declare("A", "update room", other)
			w.hold("A", "update room", full(28))
			w.declare("A", "zrecreate", other, func(d *connection.Desired) { d.Lifecycle = recreated })
			w.hold("A", "zrecreate", full(28))
		}, "adopt A/adopt full !no-room-for-tags\n" +
			"adopt A/adopt room\nupdate A/declared /tags:[" + strings.Join(numbered(30), " ") + "]>[one]\n" +
			"update A/protect /lifecycle/preventDestroy:false>true !no-room-for-tags\n" +
			"update A/sensitive /sensitive:<nil>>[x] !no-room-for-tags\n" +
			"update A/update full /properties/path:/update full>/other !no-room-for-tags\n" +
			"update A/update room /properties/path:/update room>/other\n" +
			"recreate A/zrecreate /properties/path:/zrecreate>/other !no-room-for-tags\n" +
			"s1 patch A/adopt room\ns2 patch A/declared\ns3 patch A/update room"},
		{"what lifecycle.compare takes for the same is no difference, and what it does not is written as declared", func(w *world) {
			item := func(name, value string, more ...string) any {
				entry := map[string]any{"name": name, "value": value}
				for _, key := range more {
					entry[key] = false
				}
				return entry
			}
			byName := map[string]connection.Comparison{"list": {As: connection.CompareSet, By: "name", OnlyDeclared: true}}
			for i, test := range []struct {
				rules      map[string]connection.Comparison
				want, have any
			}{
				{byName, []any{item("z", "1"), item("a", "2")}, []any{item("a", "2", "encrypt"), item("z", "1", "encrypt")}},                                                                 // 0
				{byName, []any{item("z", "1"), item("a", "2")}, []any{item("a", "2"), item("z", "3")}},                                                                                       // 1: another value
				{byName, []any{item("z", "1"), item("z", "2")}, []any{item("z", "2"), item("z", "1")}},                                                                                       // 2: a duplicate
				{byName, []any{item("z", "1"), "x"}, []any{"x", item("z", "1")}},                                                                                                             // 3: a missing key
				{byName, []any{item("z", "1"), item("z", "2")}, []any{item("z", "1", "encrypt"), item("z", "2")}},                                                                            // 4: in order
				{byName, []any{item("z", "1")}, []any{item("z", "1"), item("a", "2")}},                                                                                                       // 5: one more
				{map[string]connection.Comparison{"list": {As: connection.CompareSet}}, []any{"b", "a", "a"}, []any{"a", "b", "a"}},                                                          // 6
				{map[string]connection.Comparison{"list": {As: connection.CompareSet}}, []any{"b", "a", "a"}, []any{"a", "b", "b"}},                                                          // 7: other items
				{map[string]connection.Comparison{"list": {OnlyDeclared: true}}, []any{item("z", "1")}, []any{item("z", "1", "encrypt")}},                                                    // 8
				{map[string]connection.Comparison{"list": {OnlyDeclared: true}}, []any{item("z", "1", "encrypt")}, []any{item("z", "1")}},                                                    // 9: a declared one is missing
				{map[string]connection.Comparison{"list": {As: connection.CompareIgnoreCase}}, "DB.example", "db.EXAMPLE"},                                                                   // 10
				{map[string]connection.Comparison{"list": {As: connection.CompareIgnoreCase}}, []any{"A", "b"}, []any{"a", "B"}},                                                             // 11
				{map[string]connection.Comparison{"list": {As: connection.CompareIgnoreCase}}, "a", "b"},                                                                                     // 12: another text
				{map[string]connection.Comparison{"list.in": {As: connection.CompareSet}}, map[string]any{"in": []any{"b", "a"}, "n": "1"}, map[string]any{"in": []any{"a", "b"}, "n": "1"}}, // 13
				{map[string]connection.Comparison{"list.in": {As: connection.CompareSet}}, map[string]any{"in": []any{"b", "a"}, "n": "1"}, map[string]any{"in": []any{"a", "b"}, "n": "2"}}, // 14: next to it
				{nil, []any{"b", "a"}, []any{"a", "b"}}, // 15: no rule
				{map[string]connection.Comparison{"list": {As: connection.CompareSet, OnlyDeclared: true}}, []any{"b", "a"}, []any{"a", "x", "b"}}, // 16: a subset
				{map[string]connection.Comparison{"list": {As: connection.CompareSet, OnlyDeclared: true}}, []any{"b", "b"}, []any{"a", "x", "b"}}, // 17: one is missing
			} {
				name := fmt.Sprintf("%02d", i)
				w.declare("A", name, func(d *connection.Desired) {
					d.Properties, d.Lifecycle.Compare = map[string]any{"list": test.want}, test.rules
				})
				w.hold("A", name, func(l *connection.Live) { l.Properties = map[string]any{"list": test.have} })
			}
			w.rules = patching{w.rules}
		}, strings.Join([]string{
			"update A/01 /properties/list:[map[name:a value:2] map[name:z value:3]]>[map[name:z value:1] map[name:a value:2]]",
			"update A/02 /properties/list:[map[name:z value:2] map[name:z value:1]]>[map[name:z value:1] map[name:z value:2]]",
			"update A/03 /properties/list:[x map[name:z value:1]]>[map[name:z value:1] x]",
			"update A/05 /properties/list:[map[name:z value:1] map[name:a value:2]]>[map[name:z value:1]]",
			"update A/07 /properties/list:[a b b]>[b a a]",
			"update A/09 /properties/list:[map[name:z value:1]]>[map[encrypt:false name:z value:1]]",
			"update A/12 /properties/list:b>a",
			"update A/14 /properties/list:map[in:[a b] n:2]>map[in:[b a] n:1]",
			"update A/15 /properties/list:[a b]>[b a]",
			"update A/17 /properties/list:[a x b]>[b b]",
			"s1 patch A/01", "s2 patch A/02", "s3 patch A/03", "s4 patch A/05", "s5 patch A/07", "s6 patch A/09", "s7 patch A/12", "s8 patch A/14", "s9 patch A/15", "s10 patch A/17",
		}, "\n")},
		{"a protection is written, and lifted only on demand", func(w *world) {
			yes, no := true, false
			w.declare("A", "x", func(d *connection.Desired) { d.Lifecycle.PreventDestroy = &yes })
			w.declare("A", "y", func(d *connection.Desired) { d.Lifecycle.PreventDestroy = &no })
			w.declare("A", "z")
			w.hold("A", "x")
			w.hold("A", "y", func(l *connection.Live) { l.Record.Protected = true })
			w.hold("A", "z", func(l *connection.Live) { l.Record.Protected = true })
		}, "update A/x /lifecycle/preventDestroy:false>true\nupdate A/y /lifecycle/preventDestroy:true>false\ns1 patch A/x\ns2 patch A/y"},
		{"what is sensitive is written down once, and only where something is", func(w *world) {
			recorded := func(names ...string) func(*connection.Live) {
				return func(l *connection.Live) {
					l.Record.Credentials, l.Record.Sensitive = connection.CredentialsRecord(0, nil, "u-ana"), connection.SensitiveRecord(names)
				}
			}
			sensitive := func(names ...string) func(*connection.Desired) {
				return func(d *connection.Desired) { d.Sensitive = names }
			}
			w.declare("A", "known", sensitive("code", "pin"))
			w.declare("A", "more", sensitive("pin", "code"))
			w.declare("A", "new", sensitive("pin"))
			w.declare("A", "none")
			w.declare("A", "no longer")
			w.hold("A", "known", recorded("pin", "code"))
			w.hold("A", "more", recorded("pin"))
			w.hold("A", "new", recorded())
			w.hold("A", "none", recorded())
			w.hold("A", "no longer", recorded("pin"))
		}, "update A/more /sensitive:[pin]>[code pin]\nupdate A/new /sensitive:<nil>>[pin]\ns1 patch A/more\ns2 patch A/new"},
		{"what was sensitive is overwritten unseen", func(w *world) {
			w.declare("A", "x")
			w.hold("A", "x", func(l *connection.Live) {
				l.Properties["path"], l.Record.Sensitive = "canary", connection.SensitiveRecord([]string{"path"})
			})
		}, "update A/x /properties/path:(secret)>/x\ns1 patch A/x"},
		{"what is not sensitive is recorded once, of what is declared and written", func(w *world) {
			recorded := func(value any, names ...string) func(*connection.Live) {
				return func(l *connection.Live) {
					l.Properties["path"] = value
					l.Record.Credentials, l.Record.NotSensitive = connection.CredentialsRecord(0, nil, "u-ana"), connection.NotSensitiveRecord(names)
				}
			}
			canary := connection.NewSecret("canary")
			not := func(names ...string) func(*connection.Desired) {
				return func(d *connection.Desired) { d.NotSensitive = names }
			}
			w.declare("A", "hidden", not("path"))
			w.hold("A", "hidden", recorded(canary))
			w.declare("A", "ignored", not("path"), func(d *connection.Desired) { d.Lifecycle.IgnoreChanges = []string{"properties.path"} })
			w.hold("A", "ignored", recorded(canary))
			w.declare("A", "kept", not("path"), func(d *connection.Desired) {
				d.Properties["path"] = map[string]any{"a": "b"}
				d.Lifecycle.Compare = map[string]connection.Comparison{"path": {OnlyDeclared: true}}
			})
			w.hold("A", "kept", recorded(map[string]any{"a": "b", "c": canary}))
			w.declare("A", "known", not("path"))
			w.hold("A", "known", recorded("/known", "path"))
			w.declare("A", "more", not("path", "undeclared"))
			w.hold("A", "more", recorded("/more"))
			w.declare("A", "no longer")
			w.hold("A", "no longer", recorded("/no longer", "path"))
			w.declare("A", "sensitive", not("path"), func(d *connection.Desired) { d.Sensitive = []string{"path"} })
			w.hold("A", "sensitive", recorded("/sensitive"), func(l *connection.Live) { l.Record.Sensitive = connection.SensitiveRecord([]string{"path"}) })
		}, "update A/hidden /properties/path:(secret)>/hidden /notSensitive:<nil>>[path]\n" +
			"update A/more /notSensitive:<nil>>[path]\n" +
			"update A/sensitive /properties/path:(secret)>/sensitive\n" +
			"s1 patch A/hidden\ns2 patch A/more\ns3 patch A/sensitive"},
		{"a new record needs room among the tags", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.NotSensitive = []string{"path"} })
			w.hold("A", "x", func(l *connection.Live) { l.Tags, l.OtherTags = numbered(28), 1 })
		}, "update A/x /notSensitive:<nil>>[path] !no-room-for-tags"},
		{"where no marks are kept, what they would record is not compared", func(w *world) {
			yes := true
			w.snapshot.Capabilities.NoRecords = true
			w.declare("A", "x", func(d *connection.Desired) { d.Sensitive, d.Lifecycle.PreventDestroy = []string{"pin"}, &yes })
			w.hold("A", "x")
		}, ""},
		{"another data source is a recreate, never a delete first", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.DataSource = "soap" })
			w.hold("A", "x")
		}, "recreate A/x /dataSource:rest>soap\ns1 recreate A/x\ns2 bulk-delete A/x after s1"},
		{"another owner takes the credentials away, so they are written again", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Owner, d.Credentials = "bo@example.com", secretRef("P") })
			w.hold("A", "x", func(l *connection.Live) {
				l.Record.Credentials = connection.CredentialsRecord(0, secretRef("P"), "u-ana")
			})
		}, "update A/x /owner:ana@example.com>bo@example.com /credentials/password=(secret)\ns1 bulk-update A/x\ns2 patch A/x after s1"},
		{"a record of the credentials comes before the change of owner, so that a crash is noticed", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Owner, d.Credentials = "bo@example.com", secretRef("P") })
			w.hold("A", "x")
		}, "update A/x /owner:ana@example.com>bo@example.com /credentials/password=(secret)\ns1 patch A/x\ns2 bulk-update A/x after s1\ns3 patch A/x after s2"},
		{"a name does not wait for credentials that the service may let only another owner write", func(w *world) {
			w.declare("A", "y", func(d *connection.Desired) { d.Properties, d.Credentials = nil, secretRef("P") })
			w.hold("A", "x", func(l *connection.Live) { l.OwnerID, l.Record.Credentials = "u-bo", "1:aa" })
			w.moved("A", "x", "A", "y")
		}, "move A/y from A/x /name:x>y /credentials/password=(secret)\ns1 patch A/y\ns2 patch A/y after s1"},
		{"a create for another owner hands over", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Owner, d.Credentials = "bo@example.com", secretRef("P") })
		}, "create A/x /owner:<nil>>bo@example.com /properties/path:<nil>>/x /credentials/password=(secret)\n" +
			"s1 create A/x\ns2 bulk-update A/x after s1\ns3 patch A/x after s2"},
		{"without the admin role an owner cannot change", func(w *world) {
			w.snapshot.Capabilities = memberCapabilities()
			w.declare("A", "x", func(d *connection.Desired) { d.Owner = "bo@example.com" })
			w.hold("A", "x")
		}, "update A/x /owner:ana@example.com>bo@example.com !may-not-change-owner"},
		{"update: recreate recreates for a property, and patches a tag", func(w *world) {
			w.policy.Update = connection.UpdateRecreate
			w.declare("A", "x", func(d *connection.Desired) { d.Properties["path"] = "/new" })
			w.declare("A", "y", func(d *connection.Desired) { d.Tags = []string{"t"} })
			w.hold("A", "x")
			w.hold("A", "y")
		}, "recreate A/x /properties/path:/x>/new\nupdate A/y /tags:[]>[t]\ns1 recreate A/x\ns2 patch A/y\ns3 bulk-delete A/x after s1 s2"},
		{"a value that cannot be patched needs a recreate", func(w *world) {
			w.declare("A", "x", func(d *connection.Desired) { d.Properties["options"] = map[string]any{"a": "b"} })
			w.hold("A", "x")
		}, "recreate A/x /properties/options:<nil>>map[a:b]\ns1 recreate A/x\ns2 bulk-delete A/x after s1"},
		{"a recreate is refused where something would be lost", func(w *world) {
			for _, name := range []string{"family", "owner", "protected", "separated", "stored"} {
				w.declare("A", name, func(d *connection.Desired) { d.DataSource = "soap" })
			}
			w.files[0].DataSource = "mssql"
			w.hold("A", "family")
			w.hold("A", "owner", func(l *connection.Live) { l.OwnerID = "u-bo" })
			w.hold("A", "protected", func(l *connection.Live) { l.Record.Protected = true })
			w.hold("A", "separated", func(l *connection.Live) { l.PerUserCredentials = true })
			w.hold("A", "stored", func(l *connection.Live) { l.HasCredentials = true })
		}, "recreate A/family /dataSource:rest>mssql !recreate-other-family\n" +
			"recreate A/owner /dataSource:rest>soap !recreate-changes-owner\n" +
			"recreate A/protected /dataSource:rest>soap !recreate-protected\n" +
			"recreate A/separated /dataSource:rest>soap !recreate-loses-users-credentials\n" +
			"recreate A/stored /dataSource:rest>soap !recreate-loses-credentials"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
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

func TestMakeReportsWhatTheUserMustMend(t *testing.T) {
	w := newWorld()
	w.declare("a", "x")
	w.declare("A", "y", func(d *connection.Desired) { d.Owner = "cy@example.com" })
	w.declare("A", "z", func(d *connection.Desired) { d.Owner = "bo@example.com" })
	w.declare("A", "t", func(d *connection.Desired) { d.Tags = slices.Repeat([]string{"t"}, 27) })
	w.declare("A", "s", func(d *connection.Desired) { d.Properties["password"] = nil })
	w.files[0].Space.Position = connection.Position{File: "a.yaml", Line: 1, Column: 9}
	w.snapshot.Users = append(w.snapshot.Users, connection.User{ID: "u-bo2", Email: "Bo@example.com"})
	p, problems := plan.Make(w.input())
	if p != nil {
		t.Error("got a plan, want none with problems")
	}
	want := `a.yaml:1:9: no-space-case
a.yaml:2:3: no-user
a.yaml:3:3: several-users
a.yaml:4:3: too-many-tags
a.yaml:5:3: absent-credential`
	if diff := cmp.Diff(want, problems.Error()); diff != "" {
		t.Errorf("problems differ (-want +got):\n%s", diff)
	}
}

func TestRefusesTheWholePlan(t *testing.T) {
	for _, test := range []struct {
		name  string
		set   func(*world)
		rule  string
		count int
	}{
		{"an empty desired set deletes nothing", func(w *world) { w.hold("A", "x") }, plan.RuleEmpty, 1},
		{"more deletes than a tenth and three", func(w *world) {
			w.declare("A", "x")
			for i := range 4 {
				w.hold("B", fmt.Sprint(i))
			}
		}, plan.RuleMaxDeletes, 4},
		{"three deletes are always allowed", func(w *world) {
			w.declare("A", "x")
			for i := range 3 {
				w.hold("B", fmt.Sprint(i))
			}
		}, "", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.policy.Prune = connection.PruneOwned
			test.set(w)
			p, _ := plan.Make(w.input())
			rule := ""
			if p.Refusal != nil {
				rule = p.Refusal.Rule
			}
			if rule != test.rule || p.Summary.Delete != test.count {
				t.Fatalf("refused by %q with %d deletes, want %q with %d", rule, p.Summary.Delete, test.rule, test.count)
			}
			if err := p.ConfirmDeletes(fmt.Sprintf("%d@sha256:other", test.count)); !err.Holds() {
				t.Error("the confirmation of another plan was accepted")
			}
			if err := p.ConfirmDeletes(fmt.Sprintf("%d@%s", test.count, p.Hash)); err.Holds() || p.Refusal != nil {
				t.Errorf("confirmed, and still refused: %v, %v", err, p.Refusal)
			}
		})
	}
}

func TestHash(t *testing.T) {
	base := func() *world {
		w := newWorld()
		w.declare("A", "x")
		w.declare("B", "y")
		w.hold("B", "y", func(l *connection.Live) { l.Properties["path"] = "/old" })
		w.hold("C", "unrelated")
		return w
	}
	make := func(w *world) *plan.Plan {
		p, problems := plan.Make(w.input())
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		return p
	}
	reviewed := make(base())

	t.Run("another order of files makes the same bytes", func(t *testing.T) {
		w := base()
		slices.Reverse(w.files)
		w.snapshot.Connections = slices.Clone(w.snapshot.Connections)
		if diff := cmp.Diff(encode(t, reviewed), encode(t, make(w))); diff != "" {
			t.Errorf("the same world makes another plan (-first +second):\n%s", diff)
		}
	})
	t.Run("an unrelated live change keeps the hash", func(t *testing.T) {
		w := base()
		w.snapshot.Connections[1].Tags = []string{"new"}
		if w.snapshot.Connections[1].Key.Space != "C" {
			t.Fatal("the connection at index 1 is not the unrelated one in space C")
		}
		if got := make(w); got.Hash != reviewed.Hash {
			t.Error("an unrelated change made another hash, want the same")
		}
	})
	t.Run("a related live change makes another hash and says where", func(t *testing.T) {
		w := base()
		w.snapshot.Connections[0].Tags = []string{"new"}
		got := make(w)
		want := "stale-differs connection=B/y"
		if diff := cmp.Diff(want, toldAll(got.Stale(reviewed))); diff != "" {
			t.Errorf("the stale parts differ (-want +got):\n%s", diff)
		}
	})
	t.Run("another reference or protection makes another hash", func(t *testing.T) {
		w := base()
		w.files[0].Credentials = secretRef("A")
		first := make(w).Hash
		w.files[0].Credentials = secretRef("B")
		second := make(w).Hash
		yes := true
		w.files[0].Lifecycle.PreventDestroy = &yes
		if third := make(w).Hash; first == second || second == third {
			t.Error("got one hash for different inputs, want one for each")
		}
	})
	t.Run("a plan file that was edited is stale", func(t *testing.T) {
		edited := *reviewed
		edited.Hash = "sha256:0000"
		if got := reviewed.Stale(&edited); len(got) == 0 {
			t.Error("a plan with another hash is not stale")
		}
		edited.Hash = reviewed.Hash
		edited.Changes = edited.Changes[1:]
		if got := reviewed.Stale(&edited); len(got) == 0 {
			t.Error("a plan with other changes is not stale")
		}
	})
	t.Run("a plan that went through a file is the same", func(t *testing.T) {
		decoded, err := report.ReadPlan(strings.NewReader(encode(t, reviewed)))
		if err != nil {
			t.Fatal(err)
		}
		if stale := reviewed.Stale(decoded); stale != nil {
			t.Errorf("got stale parts %v of the same plan, want none", stale)
		}
		w := base()
		w.snapshot.Connections[0].Tags = []string{"new"}
		if got := make(w).Stale(decoded); len(got) != 1 {
			t.Errorf("stale: %q, want one line", got)
		}
	})
}

func encode(t *testing.T, p *plan.Plan) string {
	text, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDriftReportsTheOwnerOfAConnectionAndWhenItChanged(t *testing.T) {
	at := time.Date(2026, 11, 24, 16, 5, 6, 0, time.UTC)
	w := newWorld()
	w.declare("A", "changed")
	w.declare("A", "missing")
	hold := func(name, owner string) {
		w.hold("A", name, func(l *connection.Live) {
			l.Properties["path"], l.OwnerID, l.UpdatedAt = "/live", owner, at
			if name != "changed" {
				l.Record = connection.Record{}
			}
		})
	}
	hold("changed", "u-mail")
	hold("named", "u-name")
	hold("strange", "u-unknown")
	in := w.input()
	in.Snapshot.People = []connection.User{{ID: "u-mail", Name: "Bo", Email: "bo@example.com"}, {ID: "u-name", Name: "A bot"}}
	drift, problems := plan.FindDrift(in)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range drift.Items {
		got = append(got, fmt.Sprintf("%s: %s, %v", item.Connection.Name, item.Owner, item.UpdatedAt.Equal(at)))
	}
	want := []string{"changed: bo@example.com, true", "missing: , false", "named: A bot, true", "strange: u-unknown, true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("drift differs (-want +got):\n%s", diff)
	}
}

func TestFindDrift(t *testing.T) {
	w := newWorld()
	w.declare("A", "clean")
	w.declare("A", "changed")
	w.declare("A", "missing")
	w.declare("A", "foreign")
	w.declare("A", "unreadable")
	w.declare("A", "adopt")
	w.hold("A", "clean")
	w.hold("A", "changed", func(l *connection.Live) { l.Properties["path"] = "/live" })
	w.hold("A", "foreign", func(l *connection.Live) { l.Record.Project = "other" })
	w.hold("A", "unreadable", func(l *connection.Live) { l.Unreadable = "broken" })
	w.hold("A", "adopt", func(l *connection.Live) { l.Record = connection.Record{} })
	w.hold("A", "nobodys", func(l *connection.Live) { l.Record = connection.Record{} })
	w.hold("A", "left")
	w.hold("A", "others", func(l *connection.Live) { l.Record.Project = "other" })
	drift, problems := plan.FindDrift(w.input())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range drift.Items {
		got = append(got, fmt.Sprintf("%s %s %s %v", item.Kind, item.Connection, item.Apply, item.Fields))
	}
	want := []string{
		"changed A/changed update [{/properties/path /changed /live false}]",
		"foreign A/foreign refuse []",
		"undeclared A/left nothing []",
		"missing A/missing create []",
		"unmanaged A/nobodys nothing []",
		"unreadable A/unreadable refuse []",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("drift differs (-want +got):\n%s", diff)
	}
	if want := (plan.DriftSummary{Changed: 1, Missing: 1, Undeclared: 1, Unmanaged: 1, Foreign: 1, Unreadable: 1, Clean: 2}); drift.Summary != want {
		t.Errorf("summary %+v, want %+v", drift.Summary, want)
	}
}

// numbered returns as many tags.
func numbered(count int) []string {
	tags := make([]string, count)
	for i := range tags {
		tags[i] = fmt.Sprintf("t%02d", i)
	}
	return tags
}
