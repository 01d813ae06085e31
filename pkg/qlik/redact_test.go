package qlik_test

import (
	"encoding/json"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

// TestASecretInsideAValueIsHiddenAndMayNotBeDeclared goes through one list twice:
// as what a tenant answers, and as what a file declares.
func TestASecretInsideAValueIsHiddenAndMayNotBeDeclared(t *testing.T) {
	type object = map[string]any
	for name, test := range map[string]struct {
		property string
		value    any
		live     string // as it is shown
	}{
		"a plain URL":                           {"url", "https://host/a?page=2&limit=3#top", `"https://host/a?page=2\u0026limit=3#top"`},
		"a URL with a user alone":               {"url", "https://ana@host/", `"https://ana@host/"`},
		"a URL with a password":                 {"url", "https://ana:hunter2@host/", `"(secret)"`},
		"a URL with spaces around it":           {"url", " https://ana:hunter2@host/ ", `"(secret)"`},
		"a URL with a key":                      {"url", "https://host/?page=2&api_key=x", `"(secret)"`},
		"a URL with an escaped key":             {"url", "https://host/?api%5Fkey=x", `"(secret)"`},
		"a URL with a key without a value":      {"url", "https://host/?api_key=&token", `"https://host/?api_key=\u0026token"`},
		"a URL with a signature":                {"container", "https://a.blob.example/c?sv=2024&sig=abc%3D", `"(secret)"`},
		"a URL with a token in its fragment":    {"url", "https://host/#access_token=abc", `"(secret)"`},
		"a URL with parameters split by ;":      {"url", "https://host/?a=1;password=b", `"(secret)"`},
		"a URL of which the password is broken": {"url", "https://ana:hun%zzter@host/", `"(secret)"`},
		"a URL of which the key is broken":      {"url", "https://host:x/?token=b", `"(secret)"`},
		"a broken URL without secrets":          {"url", "https://host:x/?page=b", `"https://host:x/?page=b"`},
		"a path with a key":                     {"path", "/v1/rates?apikey=x", `"(secret)"`},
		"a JDBC URL with a password":            {"jdbc", "jdbc:postgresql://db:5432/a?user=ana&password=x", `"(secret)"`},
		"a JDBC URL with settings":              {"jdbc", "jdbc:sqlserver://db:1433;user=ana;password=x", `"(secret)"`},
		"a JDBC URL without secrets":            {"jdbc", "jdbc:sqlserver://db:1433;database=a", `"jdbc:sqlserver://db:1433;database=a"`},
		"a text with a question":                {"note", "is it ready?token=yes", `"is it ready?token=yes"`},
		"a time":                                {"at", "12:30", `"12:30"`},
		"a header by its name":                  {"queryHeaders", []any{object{"name": "X-Api-Key", "value": "x"}}, `[{"name":"X-Api-Key","value":"(secret)"}]`},
		"a header that is marked":               {"queryHeaders", []any{object{"name": "X-A", "value": "x", "encrypt": "true"}}, `[{"encrypt":"true","name":"X-A","value":"(secret)"}]`},
		"a header that is empty":                {"queryHeaders", []any{object{"name": "X-Api-Key", "value": ""}}, `[{"name":"X-Api-Key","value":""}]`},
		"a header that is a number":             {"queryHeaders", []any{object{"name": "X-Api-Key", "value": json.Number("7")}}, `[{"name":"X-Api-Key","value":"(secret)"}]`},
		"a header that is none":                 {"queryHeaders", []any{object{"name": "Accept", "value": "x"}}, `[{"name":"Accept","value":"x"}]`},
		"a URL in a header":                     {"queryHeaders", []any{object{"name": "Referer", "value": "https://a:b@c/"}}, `[{"name":"Referer","value":"(secret)"}]`},
		"a file by a name that means nothing":   {"rootCertificates", []any{object{"name": "key", "value": "x"}}, `[{"name":"key","value":"x"}]`},
		"a secret in a map":                     {"options", object{"sharedKey": "x", "region": "y"}, `{"region":"y","sharedKey":"(secret)"}`},
		"a switch with the name of a secret":    {"options", object{"useToken": true, "token": nil}, `{"token":null,"useToken":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, lists(text(t, map[string]any{
				"qID": "c1", "qName": "A", "space": "s1", "user": "u1", "datasourceID": "rest", "connectionProperties": object{test.property: test.value},
			})))
			got, err := n.provider().Snapshot(t.Context(), connection.Scope{
				Spaces: []connection.SpaceRef{{Name: "Finance"}}, Details: func(*connection.Live) bool { return true },
			})
			if err != nil {
				t.Fatal(err)
			}
			shown := connection.Canonical(got.Connections[0].Properties[test.property])
			if shown != test.live {
				t.Errorf("shown as %s, want %s", shown, test.live)
			}
			hidden := len(connection.Secrets(got.Connections[0].Properties)) > 0
			if declared := qlik.HoldsSecret(test.property, test.value); declared != hidden {
				t.Errorf("got a secret %v as declared, but %v as live", declared, hidden)
			}
		})
	}
}

// lists answers with one space and one connection in it.
func lists(single string) map[string]route {
	return map[string]route{
		"GET /api/v1/users/me":       always(200, `{"id": "u1"}`),
		"GET " + spaces:              always(200, `{"data": [{"id": "s1", "name": "Finance", "type": "shared"}]}`),
		"GET " + connections:         always(200, `{"data": [`+single+`]}`),
		"GET " + connections + "/c1": always(200, single),
	}
}
