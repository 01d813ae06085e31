package qlik_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/inspect"
)

// TestReadsLagBehindWrites makes, changes and deletes a connection, and reads before and after the lag.
func TestReadsLagBehindWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant, err := inspect.New([]byte(`{"token": "k", "behaviour": {"lag": 3},
			"users": [{"name": "Ana", "email": "a@acme.example"}], "spaces": [{"id": "s", "name": "S", "type": "shared"}]}`), qlik.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(method, path, body string) *httptest.ResponseRecorder {
			request := httptest.NewRequest(method, connections+path, strings.NewReader(body))
			request.Header.Set("Authorization", "Bearer k")
			if body != "" {
				request.Header.Set("Content-Type", "application/json")
			}
			w := httptest.NewRecorder()
			tenant.ServeHTTP(w, request)
			return w
		}
		id := ""
		seen := func() string {
			list := ask(http.MethodGet, "?noDatafiles=true", "").Body.String()
			one := ask(http.MethodGet, "/"+id, "")
			name := "none"
			for _, n := range []string{"first", "second"} {
				if strings.Contains(one.Body.String(), `"qName":"`+n+`"`) {
					name = n
				}
				if strings.Contains(list, `"qName":"`+n+`"`) != (name == n) && name == n {
					return "the list and the connection differ: " + list
				}
			}
			return fmt.Sprint(one.Code, " ", name)
		}
		steps := []struct {
			method, body string
			status       int
			at, later    string
		}{
			{http.MethodPost, `{"datasourceID": "rest", "qName": "first", "space": "s", "connectionProperties": {"url": "https://a.example"}}`, 201, "404 none", "200 first"},
			{http.MethodPatch, `[{"op": "replace", "path": "/qName", "value": "second"}]`, 204, "200 first", "200 second"},
			{http.MethodDelete, "", 204, "200 second", "404 none"},
		}
		for _, step := range steps {
			path := "/" + id
			if step.method == http.MethodPost {
				path = ""
			}
			if w := ask(step.method, path, step.body); w.Code != step.status {
				t.Fatalf("%s: got %d %s, want status %d", step.method, w.Code, w.Body, step.status)
			}
			if found, ok := tenant.Find("S", "first"); ok && id == "" {
				id = found.ID
			}
			time.Sleep(2999 * time.Millisecond)
			if got := seen(); got != step.at {
				t.Errorf("within the lag of a %s: %s, not %s", step.method, got, step.at)
			}
			time.Sleep(time.Millisecond)
			if got := seen(); got != step.later {
				t.Errorf("after the lag of a %s: %s, not %s", step.method, got, step.later)
			}
		}
		// Writes act on what there is: two of them at once.
		ask(http.MethodPost, "", steps[0].body)
		found, _ := tenant.Find("S", "first")
		if id = found.ID; ask(http.MethodPatch, "/"+id, steps[1].body).Code != 204 || ask(http.MethodPost, "", steps[0].body).Code != 201 {
			t.Error("a write did not act on the newest state")
		}
	})
}

func TestALagIsNotNegative(t *testing.T) {
	if _, err := inspect.New([]byte(`{"users": [{"name": "Ana", "email": "a@acme.example"}], "behaviour": {"lag": -1}}`), qlik.Options{}); err == nil || !strings.Contains(err.Error(), "behaviour.lag") {
		t.Error(err)
	}
}

// TestListsMayBeStalerThanOneConnection edits a connection and reads it both ways.
func TestListsMayBeStalerThanOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant, err := inspect.New([]byte(`{"token": "k", "behaviour": {"listLag": 3}, "users": [{"name": "Ana", "email": "a@acme.example"}],
			"spaces": [{"id": "s", "name": "S", "type": "shared"}],
			"connections": [{"name": "first", "space": "S", "dataSource": "rest", "properties": {"url": "https://a.example"}}]}`), qlik.Options{})
		if err != nil {
			t.Fatal(err)
		}
		id := tenant.Connections()[0].ID
		if err := tenant.Edit(id, func(c *inspect.Connection) { c.Name = "second" }); err != nil {
			t.Fatal(err)
		}
		shows := func(path, name string) bool {
			request := httptest.NewRequest(http.MethodGet, connections+path, nil)
			request.Header.Set("Authorization", "Bearer k")
			w := httptest.NewRecorder()
			tenant.ServeHTTP(w, request)
			return strings.Contains(w.Body.String(), `"qName":"`+name+`"`)
		}
		if !shows("?noDatafiles=true", "first") || !shows("/"+id, "second") {
			t.Error("within the lag, the list must show the old name and a single request the new one")
		}
		time.Sleep(3 * time.Second)
		if !shows("?noDatafiles=true", "second") {
			t.Error("after the lag, the list must show the new name")
		}
	})
}

// TestCredentialsAreTypedInByHand also covers a change of owner by hand, with which they go.
func TestCredentialsAreTypedInByHand(t *testing.T) {
	tenant, err := inspect.New([]byte(`{"token": "k", "users": [{"name": "Ana", "email": "a@acme.example"}, {"id": "u-bo", "name": "Bo", "email": "b@acme.example"}],
		"spaces": [{"id": "s", "name": "S", "type": "shared"}],
		"connections": [{"name": "first", "space": "S", "dataSource": "rest", "properties": {"url": "https://a.example"}}]}`), qlik.Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := tenant.Connections()[0]
	if err := tenant.TypeIn(before.ID, map[string]any{"password": "p"}); err != nil {
		t.Fatal(err)
	}
	if now := tenant.Connections()[0]; !tenant.CredentialEquals(before.ID, "password", "p") || !now.HasCredentials || !now.Updated.After(before.Updated) {
		t.Errorf("the credentials are there: %v; updated at %v, before at %v", now.HasCredentials, now.Updated, before.Updated)
	}
	if err := tenant.TypeIn(before.ID, map[string]any{"url": "https://b.example"}); err == nil {
		t.Error("a property was taken for a credential")
	}
	if err := tenant.Edit(before.ID, func(c *inspect.Connection) { c.Owner = "u-bo" }); err != nil {
		t.Fatal(err)
	}
	if tenant.HasCredentials(before.ID) {
		t.Error("the credentials went to the new owner, want none")
	}
}
