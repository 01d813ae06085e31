package apinizer_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// TestEveryContradictionCanBeServed has a case for each contradiction of section 9 of the facts. A client that works against
// all sides of each depends on none of them. Each side is the answer under one behaviour.
func TestEveryContradictionCanBeServed(t *testing.T) {
	type sides map[string]string // behaviour: answer
	tests := map[string]struct {
		do    func(r *rig) string
		sides sides
	}{
		"C1: success or status": {func(r *rig) string {
			return r.want(200, "GET", connections+"?type=ftp", "").text
		}, sides{
			`"dialect": "legacy"`:  `{"success":true,"resultList":[],"resultCount":0}`,
			`"dialect": "current"`: `{"status":"SUCCESS","resultList":[],"resultCount":0}`,
		}},
		"C2: error or resultMessage, in either dialect": {func(r *rig) string {
			r.token = "x"
			got := r.want(401, "GET", connections+"?type=ftp", "").text
			r.token = r.Token()
			return got + r.want(200, "GET", connections+"?type=ftp", "").text[2:8]
		}, sides{
			`"dialect": "legacy"`:                      `{"error":"unauthorized_client","error_description":"Invalid token"}succes`,
			`"dialect": "legacy", "errors": "current"`: `{"status":"FAILURE","resultMessage":"Token is not valid!"}succes`,
			`"dialect": "current"`:                     `{"status":"FAILURE","resultMessage":"Token is not valid!"}status`,
			`"dialect": "current", "errors": "legacy"`: `{"error":"unauthorized_client","error_description":"Invalid token"}status`,
		}},
		"C3: not found is 404 or 400": {func(r *rig) string {
			const nix = connections + "Nix/"
			return fmt.Sprint(r.do("GET", nix, "").status, r.do("PUT", nix, `{"type": "email", "name": "Nix", "host": "h"}`).status, r.do("DELETE", nix, "").status)
		}, sides{
			`"dialect": "legacy"`: "404 400 400", `"dialect": "current"`: "400 400 400",
			`"dialect": "current", "errorStatus": 404`: "404 404 404", `"errorStatus": 200`: "200 200 200",
		}},
		"C4: POST onto an existing name": {func(r *rig) string {
			status := r.do("POST", connections+"Orders/", `{"type": "database", "name": "Orders", "dbType": "ORACLE", "jdbcUrl": "j", "useCredentials": false}`).status
			return fmt.Sprint(status, r.SecretEquals("Payments", "Orders", "password", "s3cr3t"))
		}, sides{
			`"dialect": "legacy"`: "400 true", `"dialect": "current"`: "200 false",
			`"dialect": "legacy", "existingName": "conflict"`:  "409 true",
			`"dialect": "legacy", "existingName": "overwrite"`: "200 false", `"existingName": "refuse"`: "400 true",
		}},
		"C5: a single GET shows secrets in clear, masked, or encrypted": {func(r *rig) string {
			email, database := r.one("Mail")["password"], r.one("Orders")["password"]
			text := fmt.Sprintf("%v %v", email, database)
			if ciphertext := regexp.MustCompile(`^[\w-]{43}== [\w-]{43}==$`); ciphertext.MatchString(text) {
				// what is sent back is encrypted once more: the secret is another one
				r.want(200, "PUT", connections+"Mail/", mail+`, "password": `+compact(r.t, email)+`}`)
				return fmt.Sprint("ciphertext ", r.SecretEquals("Payments", "Mail", "password", "pa55word"))
			}
			return text
		}, sides{
			``: "pa55word <nil>", `"secrets": "clear"`: "pa55word s3cr3t", `"secrets": "null"`: "<nil> <nil>",
			`"secrets": "ciphertext"`: "ciphertext false",
		}},
		"C6: letter case in paths and names": {func(r *rig) string {
			return fmt.Sprint(r.do("GET", connections+"mail/", "").status,
				r.do("PUT", connections+"Orders/", `{"type": "database", "name": "mail", "dbType": "ORACLE", "jdbcUrl": "j", "useCredentials": false}`).status)
		}, sides{``: "400 400", `"letterCase": "ignored"`: "200 400", `"letterCase": "matters"`: "400 200"}},
		"C7: PUT renames, or refuses to": {func(r *rig) string {
			status := r.do("PUT", connections+"Mail/", `{"type": "email", "name": "Post", "host": "h"}`).status
			_, old := r.Find("Payments", "Mail")
			_, renamed := r.Find("Payments", "Post")
			return fmt.Sprint(status, old, renamed)
		}, sides{``: "200 false true", `"refuseRename": true`: "400 true false"}},
		"C8: one name in two types": {func(r *rig) string {
			made := r.do("POST", connections+"Mail/", `{"type": "database", "name": "Mail", "dbType": "ORACLE", "jdbcUrl": "j", "useCredentials": false}`).status
			found := r.want(200, "GET", connections+"?type=email", "").names() + " " + r.want(200, "GET", connections+"?type=database", "").names()
			put := r.do("PUT", connections+"Mail/", mail+`}`).status
			return fmt.Sprintf("%d, %s, GET %s, PUT %d", made, found, r.one("Mail")["type"], put)
		}, sides{
			``:                    "400, Mail Orders, GET email, PUT 200",
			`"sameName": "first"`: "200, Mail Orders,Mail, GET email, PUT 200",
			`"sameName": "last"`:  "200, Mail Orders,Mail, GET database, PUT 400",
		}},
		"C9: a list is of one type, or of all": {func(r *rig) string {
			return r.want(200, "GET", connections+"?type=email", "").names() + fmt.Sprint(" ", r.do("GET", connections, "").status)
		}, sides{``: "Mail 400", `"mixedLists": true`: "Mail,Orders 200"}},
		"C10: three shapes of deployment detail": {func(r *rig) string {
			got := result(r.want(200, "PUT", connections+"Mail/", mail+`}`))
			return regexp.MustCompile(`"(\w+)":\[`).FindString(got)
		}, sides{
			`"dialect": "legacy"`: `"deploymentResults":[`, `"dialect": "current"`: `"detailList":[`,
			`"deploymentDetail": "environmentResults"`: `"environmentResults":[`, `"deploymentDetail": "none"`: "",
		}},
		"C11: the only way to deploy again is the same PUT": {func(r *rig) string {
			const path, body = connections + "Mail/", mail + `}`
			first := result(r.want(200, "PUT", path, body))[:16]
			before, _ := r.Find("Payments", "Mail")
			second := result(r.want(200, "PUT", path, body))[:16]
			after, _ := r.Find("Payments", "Mail")
			return fmt.Sprint(first, before.Deployed, second, after.Deployed, r.do("POST", connections+"Mail/deploy/", `{}`).status)
		}, sides{``: `{"success":falsefalse{"success":true,true 404`}},
		"C12: permission is 403 or 400": {func(r *rig) string {
			got := r.do("DELETE", "/apiops/projects/Logs/connections/Central/", "")
			return fmt.Sprint(got.status, strings.Contains(got.text, "required permission"))
		}, sides{`"dialect": "legacy"`: "403 true", `"dialect": "current"`: "400 true"}},
		"C13: a list may be longer than what it shows": {func(r *rig) string {
			if err := r.Add(inspect.SeedConnection{Project: "Payments", Type: "email", Name: "Post", Fields: map[string]any{"host": "h"}}); err != nil {
				r.t.Fatal(err)
			}
			got := r.want(200, "GET", connections+"?type=email", "")
			return fmt.Sprint(len(got.items()), got.body["resultCount"], r.do("GET", connections+"?type=email&page=2", "").status)
		}, sides{``: "2 2 400", `"pageSize": 1`: "1 2 200"}},
		"C14: values in prose, or as printed": {func(r *rig) string {
			write := func(protocol string) int {
				return r.do("POST", connections+"f/", `{"type": "ftp", "name": "f", "host": "h", "username": "u", "password": "p", "protocol": "`+protocol+`"}`).status
			}
			return fmt.Sprint(write("ftp"), write("FTP"), r.one("f")["protocol"])
		}, sides{``: "400 200FTP", `"printedEnums": true`: "200 200ftp"}},
		"C15: kafka is written with names, and read with ids": {func(r *rig) string {
			r.want(200, "POST", connections+"k/", `{"name": "k", "keyStoreName": "ks", "type": `+kafka+`}`)
			got := r.one("k")
			name, id := got["keyStoreName"] != nil, got["keyStoreId"] != nil
			// a read-modify-write sends back what it has read
			body := compact(r.t, got)
			r.want(200, "PUT", connections+"k/", body)
			c, _ := r.Find("Payments", "k")
			return fmt.Sprint(name, id, c.Fields["keyStoreName"])
		}, sides{``: "false trueks", `"storeNames": true`: "true falseks"}},
		"C16: the id of a certificate is needed, and passed through": {func(r *rig) string {
			const body = `{"type": "ldap", "name": "l", "serverAddress": "s", "username": "u", "password": "p", "baseDn": "d", "useSsl": true, "requireCertificateType": "REQUIRED_CN"`
			return fmt.Sprint(r.do("POST", connections+"l/", body+`}`).status, r.do("POST", connections+"l/", body+`, "certificateName": "c"}`).status,
				r.do("POST", connections+"l/", body+`, "certificateId": "any"}`).status, r.one("l")["certificateId"])
		}, sides{``: "400 400 200any"}},
		"C17: environments have another path": {func(r *rig) string {
			old, now := r.do("GET", "/apiops/environments/Payments", ""), r.do("GET", "/apiops/projects/Payments/environments/", "")
			return fmt.Sprint(old.status, old.names(), now.status, now.names())
		}, sides{`"dialect": "legacy"`: "200production404", `"dialect": "current"`: "404200production"}},
		"C18: fields of samples that do not exist": {func(r *rig) string {
			return fmt.Sprint(r.do("POST", connections+"s/", `{"name": "s", "type": `+snmp+`, "pduUdpForTime": "1.4", "enabledUserAuthentication": true}`).status)
		}, sides{``: "400", `"unknownFields": "ignore"`: "200", `"unknownFields": "keep"`: "200"}},
		"C20: a write answers 200, 201 or 202": {func(r *rig) string {
			return fmt.Sprint(r.do("PUT", connections+"Mail/", mail+`}`).status)
		}, sides{``: "200", `"writeStatus": 201`: "201", `"writeStatus": 202`: "202"}},
	}
	covered := map[string]bool{"C19": true} // below, because C19 has no switch
	for name, test := range tests {
		covered[name[:strings.Index(name, ":")]] = true
		for behaviour, want := range test.sides {
			t.Run(name+", "+behaviour, func(t *testing.T) {
				o := apinizer.Options{}
				if strings.HasPrefix(name, "C11") {
					o.Faults = []apinizer.Fault{{Deploy: "fails"}}
				}
				if got := test.do(newRig(t, under(behaviour), o)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		}
	}
	for n := 1; n <= 20; n++ {
		if !covered[fmt.Sprint("C", n)] {
			t.Errorf("no case for C%d", n)
		}
	}
}

// TestC19ARateLimitIsReportedInFourWays: the documentation has its body, but no status and no header.
func TestC19ARateLimitIsReportedInFourWays(t *testing.T) {
	for limit, want := range map[string]string{
		`"dialect": "legacy"} {"requests": 1, "seconds": 60}`:                  `429  {"error":"rate_limit_exceeded","error_description":"Rate limit exceeded","retry_after":60}`,
		`"dialect": "legacy"} {"requests": 1, "seconds": 60, "status": 503}`:   `503  {"error":"rate_limit_exceeded","error_description":"Rate limit exceeded","retry_after":60}`,
		`"dialect": "current"} {"requests": 1, "seconds": 60}`:                 `429  {"status":"FAILURE","resultMessage":"Rate limit exceeded"}`,
		`"dialect": "current"} {"requests": 1, "seconds": 60, "header": true}`: `429 60 {"status":"FAILURE","resultMessage":"Rate limit exceeded"}`,
	} {
		t.Run(limit, func(t *testing.T) {
			behaviour, rate, _ := strings.Cut(limit, "} ")
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			r := newRig(t, strings.Replace(under(behaviour), `"token"`, `"rateLimit": `+rate+`, "token"`, 1), apinizer.Options{Now: func() time.Time { return now }})
			r.want(200, "GET", "/apiops/projects/", "")
			got := r.do("GET", "/apiops/projects/", "")
			if text := fmt.Sprint(got.status, " ", got.header.Get("Retry-After"), " ", got.text); text != want {
				t.Errorf("got the refusal %s, want %s", text, want)
			}
			r.want(200, "GET", "/apiops/test/healthcheck", "")
			now = now.Add(time.Minute)
			r.want(200, "GET", "/apiops/projects/", "")
		})
	}
}
