package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// signsIn is a world with a data source that somebody signs in for.
func signsIn(set func(*world)) plan.Input {
	w := newWorld()
	set(w)
	in := w.input()
	in.Catalog.DataSources["mail"] = &connection.DataSource{
		ID: "mail", Family: "web",
		Properties: map[string]connection.Property{"how": {Type: "string", Default: "key", HasDefault: true}},
		SignIn:     &connection.SignIn{Property: "how", Values: []string{"person", "robot"}, Code: "code"},
	}
	in.Catalog.DataSources["odd"] = &connection.DataSource{ID: "odd", Family: "web", SignIn: &connection.SignIn{Code: "code"}}
	return in
}

func mail(how any, more ...func(*connection.Desired)) func(*connection.Desired) {
	return func(d *connection.Desired) {
		d.DataSource = "mail"
		if how != nil {
			d.Properties["how"] = how
		}
		for _, change := range more {
			change(d)
		}
	}
}

func code(d *connection.Desired) {
	d.Credentials = map[string]any{"code": connection.Reference{Env: "CODE"}}
}

func liveMail(how any, more ...func(*connection.Live)) func(*connection.Live) {
	return func(l *connection.Live) {
		l.DataSource, l.HasCredentials = "mail", true
		if how != nil {
			l.Properties["how"] = how
		}
		for _, change := range more {
			change(l)
		}
	}
}

func TestWhatAPersonMustSignInFor(t *testing.T) {
	const put = "put-code"
	for _, test := range []struct {
		name   string
		set    func(*world)
		want   string // outline
		manual string // what there is to do
	}{
		{"no value means the default, and that needs nobody", func(w *world) {
			w.declare("A", "x", mail(nil))
		}, "create A/x /properties/path:<nil>>/x\ns1 create A/x", ""},
		{"a value that means something else needs nobody", func(w *world) {
			w.declare("A", "x", mail("key"))
		}, "create A/x /properties/how:<nil>>key /properties/path:<nil>>/x\ns1 create A/x", ""},
		{"without a declared code, the address is asked for", func(w *world) {
			w.declare("A", "x", mail("person"))
		}, "create A/x /properties/how:<nil>>person /properties/path:<nil>>/x\ns1 sign-in A/x", "declare-code"},
		{"with a declared code, the create is planned", func(w *world) {
			w.declare("A", "x", mail("person", code))
		}, "create A/x /properties/how:<nil>>person /properties/path:<nil>>/x /credentials/code=(secret)\ns1 create A/x", put},
		{"what exists is managed without anybody", func(w *world) {
			w.declare("A", "x", mail("person"))
			w.hold("A", "x", liveMail("person", func(l *connection.Live) { l.Properties["path"] = "/old" }))
		}, "update A/x /properties/path:/old>/x\ns1 patch A/x", ""},
		{"new credentials are a patch of their own, so that the rest does not wait", func(w *world) {
			w.declare("A", "x", mail("person", code, func(d *connection.Desired) { d.CredentialsVersion = 2 }))
			w.hold("A", "x", liveMail("person", func(l *connection.Live) {
				l.Properties["path"], l.Record.Credentials = "/old", "1:aa"
			}))
		}, "update A/x /properties/path:/old>/x /credentials/code=(secret)\ns1 patch A/x\ns2 patch A/x after s1", put},
		{"with nothing else to do, one patch is enough", func(w *world) {
			w.declare("A", "x", mail("person", code, func(d *connection.Desired) { d.CredentialsVersion = 2 }))
			w.hold("A", "x", liveMail("person", func(l *connection.Live) { l.Record.Credentials = "1:aa" }))
		}, "update A/x /credentials/code=(secret)\ns1 patch A/x", put},
		{"what is not declared is as it is live", func(w *world) {
			w.declare("A", "x", mail(nil, code, func(d *connection.Desired) { d.CredentialsVersion = 2 }))
			w.hold("A", "x", liveMail("robot", func(l *connection.Live) { l.Record.Credentials = "1:aa" }))
		}, "update A/x /credentials/code=(secret)\ns1 patch A/x", put},
		{"other credentials need nobody", func(w *world) {
			w.declare("A", "x", mail("person", func(d *connection.Desired) { d.Credentials, d.CredentialsVersion = secretRef("P"), 2 }))
			w.hold("A", "x", liveMail("person", func(l *connection.Live) { l.Record.Credentials = "1:aa" }))
		}, "update A/x /credentials/password=(secret)\ns1 patch A/x", ""},
		{"where no property says so, the code itself does", func(w *world) {
			w.declare("A", "x", mail(nil, code, func(d *connection.Desired) { d.DataSource = "odd" }))
			w.declare("A", "y", mail(nil, func(d *connection.Desired) { d.DataSource, d.Credentials = "odd", secretRef("P") }))
		}, "create A/x /properties/path:<nil>>/x /credentials/code=(secret)\n" +
			"create A/y /properties/path:<nil>>/y /credentials/password=(secret)\ns1 create A/x\ns2 create A/y", put},
		{"a recreate needs the code before anything is touched", func(w *world) {
			w.declare("A", "x", mail("person", code, func(d *connection.Desired) { d.Lifecycle.Update = connection.UpdateRecreate }))
			w.hold("A", "x", liveMail("person", func(l *connection.Live) { l.Properties["path"] = "/old" }))
		}, "recreate A/x /properties/path:/old>/x /credentials/code=(secret)\ns1 recreate A/x\ns2 bulk-delete A/x after s1", put},
		{"nobody signs in for another owner", func(w *world) {
			w.declare("A", "x", mail("person", code, func(d *connection.Desired) { d.OwnerID = "u-bo" }))
		}, "create A/x /owner:<nil>>bo@example.com /properties/how:<nil>>person /properties/path:<nil>>/x /credentials/code=(secret)" +
			" !sign-in-of-another", ""},
		{
			"a delete of the same kind waits for the person too", func(w *world) {
				w.policy.Prune = connection.PruneOwned
				w.declare("A", "x", mail("person"))
				w.hold("A", "y", liveMail("person"))
			}, "create A/x /properties/how:<nil>>person /properties/path:<nil>>/x" +
				"\ndelete A/y !waits-for-create\ns1 sign-in A/x",
			"declare-code",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, problems := plan.Make(signsIn(test.set))
			if problems.Err() != nil {
				t.Fatalf("got problems %v, want none", problems)
			}
			if diff := cmp.Diff(test.want, outline(p)); diff != "" {
				t.Errorf("the plan differs (-want +got):\n%s", diff)
			}
			manual := told(p.Changes[0].Manual)
			if (manual == "") != (test.manual == "") || !strings.Contains(manual, test.manual) {
				t.Errorf("got manual step %q, want %q", manual, test.manual)
			}
			for _, step := range p.Steps {
				for _, item := range step.Items {
					carries := item.Operation.Credentials["code"] != nil || step.Kind == connection.AskSignIn
					if (item.Operation.SignIn == "code") != carries || item.Todo.Holds() != carries {
						t.Errorf("%s: sign-in %q, todo %q", step.ID, item.Operation.SignIn, item.Todo)
					}
				}
			}
		})
	}
}

func TestTheSummaryCountsWhatWaitsForAPerson(t *testing.T) {
	p, problems := plan.Make(signsIn(func(w *world) {
		w.declare("A", "x", mail("person"))
		w.declare("A", "y", mail("person", code))
		w.declare("A", "z")
	}))
	if problems.Err() != nil {
		t.Fatalf("got problems %v, want none", problems)
	}
	if want := (plan.Summary{Create: 2, Manual: 1}); p.Summary != want {
		t.Errorf("got summary %+v, want %+v", p.Summary, want)
	}
}
