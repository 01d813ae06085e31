package apinizer_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
)

const listOfPayments = "/apiops/projects/Payments/connections/"

// oddForms are answers with the status 200 that no contract describes: of a server under
// maintenance, or of a proxy in between.
var oddForms = map[string]string{
	"an empty object": `{}`, "a message": `{"message": "maintenance"}`, "null": `null`, "a list": `[]`, "a text": `"ok"`,
	"HTML": `<html>Maintenance</html>`, "nothing": ``,
}

// oddReads are successes that hold no list.
var oddReads = map[string]string{
	"no list": `{"status": "SUCCESS"}`, "a list that is null": `{"status": "SUCCESS", "resultList": null, "resultCount": 0}`,
	"a list that is an object": `{"success": true, "resultList": {}}`,
}

func readForms() map[string]string {
	all := map[string]string{}
	for _, forms := range []map[string]string{oddForms, oddReads} {
		for name, body := range forms {
			all[name] = body
		}
	}
	return all
}

// TestAnAnswerOfAnotherFormNeverCountsAsAnEmptyList answers one read of a snapshot with what
// no contract describes: nothing can be planned without it.
func TestAnAnswerOfAnotherFormNeverCountsAsAnEmptyList(t *testing.T) {
	for _, path := range []string{"/apiops/projects/", listOfPayments} {
		for name, body := range readForms() {
			t.Run(path+" is "+name, func(t *testing.T) {
				r := newRig(t, twoProjects, behaviour{})
				r.mail("Mail")
				r.apply()
				r.through(map[string]func(http.ResponseWriter){"GET " + path: says(http.StatusOK, body)})
				found, err := r.provider.Snapshot(t.Context(), connection.Scope{Spaces: []connection.SpaceRef{{Name: "Payments"}}})
				if err == nil {
					t.Errorf("no error, and %d connections, incomplete %q", len(found.Connections), found.Incomplete)
				}
			})
		}
	}
}

// TestAnItemOfAnotherFormMakesItsListIncomplete keeps what can be read, so that nothing is
// created or deleted, and everything else goes on.
func TestAnItemOfAnotherFormMakesItsListIncomplete(t *testing.T) {
	for path, item := range map[string]string{
		"/apiops/projects/": `{"name": "Payments"}`, listOfPayments: `{"name": "Mail", "type": "email"}`,
	} {
		for name, odd := range map[string]string{
			"null": `null`, "an empty object": `{}`, "a text": `"Mail"`, "a list": `[]`, "without a name": `{"type": "email"}`,
		} {
			t.Run(path+" holds "+name, func(t *testing.T) {
				r := newRig(t, twoProjects, behaviour{})
				body := fmt.Sprintf(`{"status": "SUCCESS", "resultList": [%s, %s], "resultCount": 2}`, odd, item)
				r.through(map[string]func(http.ResponseWriter){"GET " + path: says(http.StatusOK, body)})
				found, err := r.provider.Snapshot(t.Context(), connection.Scope{Spaces: []connection.SpaceRef{{Name: "Payments"}}})
				if err != nil || len(found.Incomplete) == 0 || !strings.Contains(found.Incomplete[0], "1 of 2") {
					t.Errorf("got %+v, error %v; want a list that is incomplete by 1 of 2", found, err)
				}
			})
		}
	}
}

// TestAListThatCountsSomethingElseThanItListsIsIncomplete says which of the two numbers is the
// larger one. Nothing is created or deleted until the two agree.
func TestAListThatCountsSomethingElseThanItListsIsIncomplete(t *testing.T) {
	for _, test := range []struct {
		path  string
		count int
		want  string
	}{
		{"/apiops/projects/", 1, "the manager counts 3 projects and lists only 2"},
		{"/apiops/projects/", -1, "the manager lists 2 projects and counts only 1"},
		{listOfPayments, 2, `the manager counts 3 connections of type email in project "Payments" and lists only 1`},
		{listOfPayments, -1, `the manager lists 1 connections of type email in project "Payments" and counts only 0`},
	} {
		t.Run(fmt.Sprint(test.path, test.count), func(t *testing.T) {
			honest := newRig(t, twoProjects, behaviour{})
			honest.mail("Mail")
			honest.apply()
			mail, _ := honest.manager.Find("Payments", "Mail")
			r := newRigWithFaults(t, simulator.Fault{Path: test.path, Count: test.count, Times: -1})
			mail.Fields["password"] = secretOf("password")
			r.add("email", "Mail", mail.Fields)
			r.mail("Post") // which is to be created, and Mail to be deleted
			r.demand(strings.Join(r.snapshot().Incomplete, "; "), test.want)
			r.demand(r.refusals(), "nothing is deleted while the tenant's list is incomplete")
			if _, there := r.manager.Find("Payments", "Mail"); !there {
				t.Error("Mail was deleted although the list was incomplete")
			}
			if _, there := r.manager.Find("Payments", "Post"); there {
				t.Error("Post was created although the list was incomplete")
			}
		})
	}
}

// TestADetailOfAnotherFormIsUnreadable leaves the connection alone that it is about.
func TestADetailOfAnotherFormIsUnreadable(t *testing.T) {
	forms := readForms()
	for name, item := range map[string]string{"an item that is null": `null`, "another connection": `{"name": "Other", "type": "email"}`} {
		forms[name] = `{"status": "SUCCESS", "resultList": [` + item + `], "resultCount": 1}`
	}
	for name, body := range forms {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, twoProjects, behaviour{})
			r.mail("Mail")
			r.apply()
			r.through(map[string]func(http.ResponseWriter){"GET " + mailPath: says(http.StatusOK, body)})
			if live := r.live("Mail"); live.Unreadable == "" {
				t.Errorf("got %+v, want an unreadable connection", live)
			}
		})
	}
}

// TestAWriteThatIsAnsweredWithAnotherFormIsNotDone never takes an answer for an
// acknowledgement that is none.
func TestAWriteThatIsAnsweredWithAnotherFormIsNotDone(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		for name, body := range oddForms {
			if body == "" {
				continue
			}
			t.Run(method+" is answered with "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRigWithFaults(t, simulator.Fault{Method: method, Path: mailPath, Answer: body})
					fields := map[string]any{"password": "of somebody"}
					maps.Copy(fields, whole["email"].properties)
					if method != "POST" {
						r.add("email", "Mail", fields)
					}
					key := connection.Key{Space: "Payments", Name: "Mail"}
					operation := map[string]connection.Operation{
						"POST":   {Kind: connection.Create, Key: key, Name: "Mail", DataSource: "email", Set: fields},
						"PUT":    {Kind: connection.Patch, Key: key, DataSource: "email", Set: map[string]any{"port": number(25)}},
						"DELETE": {Kind: connection.Delete, Key: key, DataSource: "email"},
					}[method]
					operation.AllowSecretLoss = true
					if outcome := r.execute(operation); outcome.Err == nil {
						t.Errorf("got %+v, want an error: the answer has another form", outcome)
					}
				})
			})
		}
	}
}
