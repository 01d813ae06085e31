package apinizer_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// behind is a way to the manager on which somebody acts after each write, before its answer,
// and before each read.
type behind struct {
	inProcess
	mu     sync.Mutex // one request at a time
	writes int
	act    func(write int) // from 1
	reads  int             // since the last write
	read   func(write, read int)
	lost   int // the write whose answer is lost; 0: none
}

func (b *behind) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reads++; r.Method == http.MethodGet && b.read != nil {
		b.read(b.writes, b.reads)
	}
	response, err := b.inProcess.RoundTrip(r)
	if r.Method == http.MethodGet || err != nil {
		return response, err
	}
	b.reads = 0
	if b.writes++; b.act != nil {
		b.act(b.writes)
	}
	if b.writes == b.lost {
		response.Body.Close()
		return nil, http.ErrServerClosed
	}
	return response, nil
}

// from has the rig use that way.
func (r *rig) from(b *behind) {
	r.t.Helper()
	b.inProcess = inProcess{r.manager}
	var err error
	if r.provider, err = connect(r.manager, testProject, &http.Client{Transport: b}); err != nil {
		r.t.Fatal(err)
	}
}

// After a write qlsync reads what was saved and writes it once more, without the word pending
// in the ownership record. Somebody may have changed it in between.
func TestWhatSomebodyDoesAfterAWriteStays(t *testing.T) {
	edit := func(change func(c *inspect.Connection)) func(*rig) {
		return func(r *rig) {
			if err := r.manager.Edit("Payments", "Mail", change); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	for name, test := range map[string]struct {
		act     func(*rig)
		outcome apply.Outcome
		holds   func(c inspect.Connection) bool
	}{
		"an edit of what was written": {
			edit(func(c *inspect.Connection) { c.Fields["port"] = 99 }),
			apply.Done,
			func(c inspect.Connection) bool { return c.Fields["port"] == 99.0 },
		},
		"an edit of something else": {
			edit(func(c *inspect.Connection) { c.Fields["from"] = "by hand" }),
			apply.Done,
			func(c inspect.Connection) bool { return c.Fields["from"] == "by hand" && c.Fields["port"] == 25.0 },
		},
		"an edit of the text before the record": {
			edit(func(c *inspect.Connection) {
				text, _ := c.Fields["description"].(string)
				c.Fields["description"] = strings.Replace(text, "Ours", "By hand", 1)
			}),
			apply.Done,
			func(c inspect.Connection) bool {
				text, _ := c.Fields["description"].(string)
				return strings.HasPrefix(text, "By hand")
			},
		},
		"the ownership record is taken off": {
			edit(func(c *inspect.Connection) { c.Fields["description"] = "Theirs" }),
			apply.Pending,
			func(c inspect.Connection) bool { return c.Fields["description"] == "Theirs" },
		},
		"it is protected": {
			edit(func(c *inspect.Connection) {
				text, _ := c.Fields["description"].(string)
				c.Fields["description"] = strings.Replace(text, " pending]", " protected pending]", 1)
			}),
			apply.Pending,
			func(c inspect.Connection) bool {
				text, _ := c.Fields["description"].(string)
				return strings.Contains(text, " protected")
			},
		},
	} {
		for _, write := range []string{"create", "update"} {
			t.Run(name+" behind the "+write, func(t *testing.T) {
				r := newRig(t, twoProjects, behaviour{})
				d := r.mail("Mail")
				d.Properties["description"] = "Ours"
				if write == "update" {
					r.apply()
					d.Properties["description"] = "Ours again"
				}
				d.Properties["port"] = number(25)
				b := &behind{act: func(n int) {
					if n == 1 {
						test.act(r)
					}
				}}
				r.from(b)
				item := r.run(r.plan()).Items[0]
				there, _ := r.manager.Find("Payments", "Mail")
				if item.Outcome != test.outcome || !test.holds(there) {
					t.Errorf("the item is %s (%s), want %s; what somebody did is lost if it is not in %+v", item.Outcome, item.Why.String(), test.outcome, there.Fields)
				}
				r.holds("Mail", "password")
			})
		}
	}
}

// Where the answer of a create is lost, qlsync writes again to deploy, and once more to clear
// the word pending. It reads before each.
func TestEachWriteAfterALostAnswerReadsAgain(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.mail("Mail")
	b := &behind{lost: 1, act: func(n int) {
		if n != 2 {
			return
		}
		if err := r.manager.Edit("Payments", "Mail", func(c *inspect.Connection) { c.Fields["from"] = "by hand" }); err != nil {
			t.Fatal(err)
		}
	}}
	r.from(b)
	item := r.run(r.plan()).Items[0]
	if there, _ := r.manager.Find("Payments", "Mail"); there.Fields["from"] != "by hand" || b.writes != 2 || item.Outcome != apply.Pending {
		t.Errorf("after %d writes the item is %s, and from is %v; want 2 writes, pending, and what was set by hand", b.writes, item.Outcome, there.Fields["from"])
	}
	r.demand(item.Why.String(), connection.ErrChanged.Error())
}

// A recreate makes a trial first and deletes it last. Somebody may take the trial over.
func TestATrialThatSomebodyTookOverIsNotDeleted(t *testing.T) {
	for name, at := range map[string][2]int{"right behind its create": {1, 1}, "behind the read of it": {1, 2}, "behind the delete of the old one": {2, 1}} {
		for deed, text := range map[string]string{"takes the record off": "Theirs", "forges the record": "[qlsync:shop key=0123456789abcdef] until Friday"} {
			t.Run("somebody "+deed+" "+name, func(t *testing.T) {
				r := newRig(t, twoProjects, behaviour{})
				d := r.mail("Mail")
				r.apply()
				d.Properties["port"], d.Lifecycle.Update = number(25), connection.UpdateRecreate
				trial := ""
				b := &behind{read: func(write, read int) {
					for _, c := range r.manager.Connections() {
						if at == [2]int{write, read} && c.Name != "Mail" {
							trial = c.Name
							if err := r.manager.Edit("Payments", trial, func(c *inspect.Connection) { c.Fields["description"] = text }); err != nil {
								t.Fatal(err)
							}
						}
					}
				}}
				r.from(b)
				item := r.run(r.plan()).Items[0]
				there, found := r.manager.Find("Payments", trial)
				if !found || there.Fields["description"] != text {
					t.Errorf("the trial %q is %+v, want it as somebody left it; the item is %s (%s)", trial, there, item.Outcome, item.Why.String())
				}
				r.demand(item.Why.String(), connection.ErrChanged.Error())
				r.holds("Mail", "password")
			})
		}
	}
}

// TestATrialIntoWhichSomebodyEnteredCredentialsStays: a recreate tries the new connection out
// before it deletes the old one, and deletes only what it has created.
func TestATrialIntoWhichSomebodyEnteredCredentialsStays(t *testing.T) {
	r := newRig(t, twoProjects, simulator.Behaviour{Secrets: "ciphertext"})
	d := r.mail("Mail")
	delete(d.Properties, "auth")
	delete(d.Properties, "username")
	d.Credentials = nil
	r.apply()
	d.Properties["from"], d.Lifecycle.Update = "other@example.com", connection.UpdateRecreate
	trial := ""
	r.from(&behind{act: func(n int) {
		if n > 1 {
			return
		}
		for _, c := range r.manager.Connections() {
			if strings.HasPrefix(c.Name, "qlsync-new-") {
				trial = c.Name
			}
		}
		if err := r.manager.TypeIn("Payments", trial, "password", "by hand"); err != nil {
			t.Error(err)
		}
	}})
	item := r.run(r.plan()).Items[0]
	if item.Outcome != apply.Failed || !r.manager.SecretEquals("Payments", trial, "password", "by hand") {
		t.Errorf("the item is %s (%s), want failed; %q must have the credentials that were entered", item.Outcome, item.Why.String(), trial)
	}
	if _, there := r.manager.Find("Payments", "Mail"); !there {
		t.Error("the old connection is gone, want it to stay until the new one is tried out")
	}
}
