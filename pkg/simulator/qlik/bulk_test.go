package qlik_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

const (
	bulkUpdate = connections + "/actions/update"
	bulkDelete = connections + "/actions/delete"
)

// statuses returns the items of a 207 as "id=status", with the names of the connections for ids.
func statuses(got reply, names map[string]string) string {
	var out []string
	for _, item := range got.list("data") {
		text := fmt.Sprintf("%s=%v", names[item["id"].(string)], item["status"])
		if item["error"] != nil {
			text += "!"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestBulkUpdateReportsEveryItem(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	lake, ledger, mine := r.id("Finance", "Orders lake"), r.id("Finance", "Ledger"), r.id("", "Mine")
	const gone = "00000000-0000-4000-8000-000000000000"
	if _, err := r.Add(inspect.SeedConnection{Name: "Mine", Space: "Griffin", DataSource: "rest"}); err != nil {
		t.Fatal(err)
	}
	griffin := r.space("Griffin")
	got := r.want(207, "POST", bulkUpdate, `{"connections": [
		{"id": "`+lake+`", "name": "any name", "spaceId": "`+griffin+`", "spaceType": "managed"},
		{"id": "`+gone+`", "spaceId": "`+griffin+`", "spaceType": "managed"},
		{"id": "`+mine+`", "spaceId": "`+griffin+`", "spaceType": "managed"},
		{"id": "`+ledger+`", "spaceId": "`+griffin+`", "spaceType": "shared"},
		{"id": "`+ledger+`", "spaceId": "nope", "spaceType": "shared"},
		{"id": "`+ledger+`", "ownerId": "nope"}]}`)
	names := map[string]string{lake: "lake", ledger: "ledger", mine: "mine", gone: "gone"}
	if text := statuses(got, names); text != "lake=204 gone=404! mine=409! ledger=400! ledger=404! ledger=404!" {
		t.Errorf("got statuses of items %s, want lake=204 gone=404! mine=409! ledger=400! ledger=404! ledger=404!", text)
	}
	if _, found := r.Find("Griffin", "Orders lake"); !found {
		t.Error("got no connection with the good item's new space and old name, want one")
	}
	if !r.CredentialEquals(lake, "secretKey", "s3cr3t") {
		t.Error("a move of space lost the credentials")
	}
	r.noMisuse()
}

func TestAnOwnerChangeClearsTheCredentials(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	id, bob := r.id("Finance", "Orders lake"), r.user("bob@acme.example")
	r.want(207, "POST", bulkUpdate, `{"connections": [{"id": "`+id+`", "ownerId": "`+bob+`"}]}`)
	if r.HasCredentials(id) {
		t.Error("the credentials followed to the new owner")
	}
	got := r.want(200, "GET", connections+"/"+id, "")
	if got.body["user"] != bob || got.body["qCredentialsID"] != nil {
		t.Errorf("got %s, want the connection of bob without credentials", got.text)
	}
	r.want(207, "POST", bulkUpdate, `{"connections": [{"id": "`+r.id("Finance", "Ledger")+`", "ownerId": "`+bob+`"}]}`)
	if !r.HasCredentials(r.id("Finance", "Ledger")) {
		t.Error("an owner change to the same owner cleared the credentials")
	}
}

func TestAnEmptySpaceIsAPersonalOne(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	lake, gold, bob := r.id("Finance", "Orders lake"), r.id("Vault", "Gold"), r.user("bob@acme.example")
	r.want(207, "POST", bulkUpdate, `{"connections": [{"id": "`+gold+`", "spaceId": "", "spaceType": "personal"},
		{"id": "`+lake+`", "spaceId": "", "spaceType": "personal", "ownerId": "`+bob+`"}]}`)
	if r.id("", "Gold") != gold {
		t.Error("the connection is not in the personal space of its present owner")
	}
	r.want(403, "GET", connections+"/"+lake, "") // now Bob's own
}

func TestBulkRefusesTheWholeRequest(t *testing.T) {
	ana, bob := newRig(t, acme, qlik.Options{}), newRig(t, asBob, qlik.Options{})
	id := ana.id("Finance", "Ledger")
	tests := map[string]struct {
		who    *rig
		path   string
		body   string
		status int
	}{
		"update by one who is no administrator": {bob, bulkUpdate, `{"connections": []}`, 403},
		"delete by one who is no administrator": {bob, bulkDelete, `{"connections": []}`, 403},
		"update without connections":            {ana, bulkUpdate, `{}`, 400},
		"delete without connections":            {ana, bulkDelete, `{}`, 400},
		"update without id":                     {ana, bulkUpdate, `{"connections": [{}]}`, 400},
		"delete without id":                     {ana, bulkDelete, `{"connections": [{}]}`, 400},
		"delete with a list of ids":             {ana, bulkDelete, `{"ids": ["` + id + `"]}`, 400},
		"space without its type":                {ana, bulkUpdate, `{"connections": [{"id": "` + id + `", "spaceId": ""}]}`, 400},
		"type without its space":                {ana, bulkUpdate, `{"connections": [{"id": "` + id + `", "spaceType": "shared"}]}`, 400},
		"an unknown type":                       {ana, bulkUpdate, `{"connections": [{"id": "` + id + `", "spaceId": "x", "spaceType": "open"}]}`, 400},
		"personal with a space":                 {ana, bulkUpdate, `{"connections": [{"id": "` + id + `", "spaceId": "x", "spaceType": "personal"}]}`, 400},
		"a field of another name":               {ana, bulkUpdate, `{"connections": [{"id": "` + id + `", "owner": "x"}]}`, 400},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test.who.in(t).want(test.status, "POST", test.path, test.body) })
	}
}

func TestBulkDeleteSaysWhatWasGone(t *testing.T) {
	r := newRig(t, acme, qlik.Options{})
	lake, ledger := r.id("Finance", "Orders lake"), r.id("Finance", "Ledger")
	if err := r.Remove(ledger); err != nil {
		t.Fatal(err)
	}
	got := r.want(207, "POST", bulkDelete, `{"connections": [{"id": "`+lake+`", "name": "Orders lake"}, {"id": "`+ledger+`"}]}`)
	if text := statuses(got, map[string]string{lake: "lake", ledger: "ledger"}); text != "lake=204 ledger=404!" {
		t.Errorf("got statuses of items %s, want lake=204 ledger=404!", text)
	}
	if _, found := r.Find("Finance", "Orders lake"); found {
		t.Error("got the connection after its delete, want none")
	}
}
