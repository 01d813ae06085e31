package apinizer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// TestSwitches shows each switch off and on, the latter by options and by the seed.
func TestSwitches(t *testing.T) {
	const hook = connections + "Hook/"
	hooked := func(r *rig, rest string) reply {
		return r.do("POST", hook, `{"type": "webhook", "name": "Hook", "fullUrl": "https://w"`+rest+`}`)
	}
	tests := map[string]struct {
		seed    string // the switch as the seed has it
		do      func(r *rig) string
		off, on string
	}{
		"error bodies of the other dialect (C2)": {
			`"errors": "legacy"`, func(r *rig) string {
				return r.do("GET", connections+"Nix/", "").text + r.want(200, "GET", connections+"Mail/", "").text[:20]
			}, `{"status":"FAILURE","resultMessage":"Connection (name: Nix) was not found!"}{"status":"SUCCESS",`,
			`{"error":"bad_request","error_description":"Connection (name: Nix) was not found!"}{"status":"SUCCESS",`,
		},
		"errors under status 200 (section 3)": {`"errorStatus": 200`, func(r *rig) string {
			return r.brief("GET", connections+"Nix/", "")
		}, "400 FAILURE Connection (name: Nix) was not found!", "200 FAILURE Connection (name: Nix) was not found!"},
		"writes under status 201 (C20)": {`"writeStatus": 201`, func(r *rig) string {
			return compact(r.t, hooked(r, "").status)
		}, "200", "201"},
		"POST refuses an existing name (C4)": {`"existingName": "refuse"`, func(r *rig) string {
			return r.brief("POST", connections+"Mail/", mail+`, "port": 99}`) + fmt.Sprint(r.one("Mail")["port"])
		}, "200 SUCCESS99", "400 FAILURE Connection (name: Mail) already exists!587"},
		"POST is a conflict (C4)": {`"existingName": "conflict"`, func(r *rig) string {
			return r.brief("POST", connections+"Mail/", mail+`}`)
		}, "200 SUCCESS", "409 FAILURE Connection (name: Mail) already exists!"},
		"reads lag behind writes": {`"lag": 3600`, func(r *rig) string {
			return r.brief("PUT", connections+"Mail/", mail+`, "port": 99}`) + fmt.Sprint(r.one("Mail")["port"])
		}, "200 SUCCESS99", "200 SUCCESS587"},
		"secrets are read in clear (C5)": {`"secrets": "clear"`, secrets, `["pa55word",null,null]`, `["pa55word","s3cr3t",null]`},
		"secrets are read as null (C5)":  {`"secrets": "null"`, secrets, `["pa55word",null,null]`, `[null,null,null]`},
		"null keeps a secret (6.3)":      {`"nullKeepsSecret": true`, lost, "null \"\" omitted", `"" omitted`},
		"blank keeps a secret (6.3)":     {`"blankKeepsSecret": true`, lost, "null \"\" omitted", "null omitted"},
		"omitted keeps a secret (6.3)":   {`"omittedKeepsSecret": true`, lost, "null \"\" omitted", `null ""`},
		"a secret is required (6.3)": {`"secretsRequired": true`, func(r *rig) string {
			return r.brief("PUT", connections+"Orders/", `{"type": "database", "name": "Orders", "dbType": "ORACLE", "jdbcUrl": "j", "username": "u"}`)
		}, "200 SUCCESS", "400 FAILURE The field password is required"},
		"an omitted field keeps its value (6.2)": {`"omittedKeepsFields": true`, func(r *rig) string {
			hooked(r, `, "timeout": 9, "description": "d"`)
			return r.brief("PUT", hook, `{"type": "webhook", "name": "Hook", "fullUrl": "https://v", "timeout": null}`) +
				fmt.Sprint(r.one("Hook")["timeout"], r.one("Hook")["description"])
		}, "200 SUCCESS2 <nil>", "200 SUCCESS2d"},
		"elasticsearch authenticates by itself (8.3)": {`"authenticate": "true"`, func(r *rig) string {
			const body = `{"type": "elasticsearch", "name": "Search", "elasticHostList": [{"host": "e"}]`
			said := r.brief("POST", connections+"Search/", body+`}`)
			r.do("POST", connections+"Search/", body+`, "elasticUsername": "u", "elasticPassword": "p"}`)
			return said + fmt.Sprint(" ", r.one("Search")["authenticate"])
		}, "200 SUCCESS <nil>", "400 FAILURE The field elasticUsername is required true"},
		"a rename is refused (C7)": {
			`"refuseRename": true`, func(r *rig) string {
				return r.brief("PUT", connections+"Mail/", `{"type": "email", "name": "Post", "host": "h"}`) + " " +
					r.brief("PUT", connections+"Mail/", `{"type": "email", "name": "MAIL", "host": "h"}`)
			}, "200 SUCCESS 400 FAILURE Connection (name: Mail) was not found!",
			"400 FAILURE Connection name in the path (Mail) and in the body (Post) must be the same! 200 SUCCESS",
		},
		"a path in any letter case (C6)": {
			`"letterCase": "ignored"`, func(r *rig) string {
				return r.brief("GET", connections+"mail/", "") + " " + r.brief("PUT", connections+"Orders/", `{"type": "database", "name": "mail", "dbType": "ORACLE", "jdbcUrl": "j"}`)
			}, "400 FAILURE Connection (name: mail) was not found! 400 FAILURE Connection (name: Mail) already exists!",
			"200 SUCCESS 400 FAILURE Connection (name: Mail) already exists!",
		},
		"letter case matters (C6)": {`"letterCase": "matters"`, func(r *rig) string {
			return r.brief("POST", connections+"mail/", `{"type": "email", "name": "mail", "host": "h"}`) + r.want(200, "GET", connections+"?type=email", "").names()
		}, "200 SUCCESSmail", "200 SUCCESSMail,mail"},
		"one name in two types, the first is meant (C8)": {
			`"sameName": "first"`, twice,
			"400 FAILURE Connection type can not be changed! (email to webhook) email 200 SUCCESS []", `200 SUCCESS email 200 SUCCESS ["webhook"]`,
		},
		"one name in two types, the last is meant (C8)": {
			`"sameName": "last"`, twice,
			"400 FAILURE Connection type can not be changed! (email to webhook) email 200 SUCCESS []", `200 SUCCESS webhook 200 SUCCESS ["email"]`,
		},
		"lists have pages (C13)": {`"pageSize": 1`, func(r *rig) string {
			hooked(r, "")
			r.want(200, "POST", connections+"Hook2/", `{"type": "webhook", "name": "Hook2", "fullUrl": "https://w"}`)
			first, second := r.do("GET", connections+"?type=webhook", ""), r.do("GET", connections+"?type=webhook&page=2&size=5", "")
			return fmt.Sprint(first.names(), first.body["resultCount"], " ", second.status, second.names())
		}, "Hook,Hook22 400", "Hook2 200Hook2"},
		"lists hold all types (C9)": {`"mixedLists": true`, func(r *rig) string {
			return r.want(200, "GET", connections+"?type=email", "").names() + fmt.Sprint(r.do("GET", connections, "").status)
		}, "Mail400", "Mail,Orders200"},
		"lists have all fields (2.2)": {`"fullLists": true`, func(r *rig) string {
			_, has := r.want(200, "GET", connections+"?type=email", "").items()[0]["additionalProperties"]
			return fmt.Sprint(has)
		}, "false", "true"},
		"a GET shows what was sent (6.2)": {
			`"asSent": true`, func(r *rig) string {
				hooked(r, `, "headerList": [{"name": "n"}]`)
				return compact(r.t, r.one("Hook"))
			}, `{"connectionPoolMaxConnectionPerHost":24,"connectionPoolMaxConnectionTotal":48,"deployToWorker":true,"description":null,"enabled":true,"fullUrl":"https://w","headerList":[{"name":"n","value":null}],"httpMethod":"GET","name":"Hook","timeout":2,"type":"webhook"}`,
			`{"fullUrl":"https://w","headerList":[{"name":"n"}],"name":"Hook","type":"webhook"}`,
		},
		"a GET shows computed fields (7.2)": {
			`"computed": true`, func(r *rig) string {
				r.want(200, "POST", connections+"e/", `{"name": "e", "projectName": "x", "type": `+elastic+`}`)
				r.want(200, "POST", connections+"k/", `{"name": "k", "type": `+strings.Replace(kafka, `"STRING"`, `"STRING", "valueByType": 9`, 1)+`}`)
				properties := r.one("k")["propertiesMap"].(map[string]any)
				return compact(r.t, []any{r.one("e")["projectName"], r.one("e")["elasticHostList"], properties["bootstrap.servers"]})
			}, `[null,[{"host":"e","port":9200,"scheme":"http"}],{"value":"k","valueType":"STRING"}]`,
			`["Payments",[{"clusterName":"docker-cluster","host":"e","port":9200,"scheme":"http","status":"green"}],{"value":"k","valueByType":"k","valueType":"STRING"}]`,
		},
		"a GET of kafka shows names (C15)": {`"storeNames": true`, func(r *rig) string {
			r.want(200, "POST", connections+"k/", `{"name": "k", "keyStoreName": "ks", "type": `+kafka+`}`)
			got := r.one("k")
			return compact(r.t, []any{got["keyStoreName"], got["keyStoreId"], r.want(200, "GET", connections+"?type=kafka", "").items()[0]["keyStoreName"]})
		}, `[null,"` + keyStoreID + `","ks"]`, `["ks",null,"ks"]`},
		"values as the OpenAPI document prints them (C14)": {`"printedEnums": true`, func(r *rig) string {
			r.want(200, "POST", connections+"g/", `{"type": "graylog", "name": "g", "hostname": "h"}`)
			r.want(200, "POST", connections+"f/", `{"type": "ftp", "name": "f", "host": "h", "username": "u", "password": "p", "protocol": "SFTP"}`)
			return fmt.Sprint(r.one("g")["gelfMessageLevel"], r.one("f")["protocol"], " ") +
				r.brief("PUT", connections+"g/", `{"type": "graylog", "name": "g", "hostname": "h", "gelfMessageLevel": "DEBUG(7)"}`)[:3]
		}, "INFOSFTP 400", "INFO(6)sftp 200"},
		"elasticsearch has the key type twice (7.3)": {`"accessModeKey": "type"`, func(r *rig) string {
			return r.brief("POST", connections+"e/", `{"name": "e", "type": `+elastic+`, "type": "READ"}`)[:3] + " " +
				r.brief("POST", connections+"e/", `{"name": "e", "type": `+elastic+`, "elasticsearchType": "READ"}`)[:3] + " " +
				fmt.Sprint(strings.Count(r.want(200, "GET", connections+"e/", "").text, `"type":`))
		}, "400 200 1", "200 400 2"},
		"unknown fields are dropped (11.8)": {
			`"unknownFields": "ignore"`, unknownField,
			"400 FAILURE Unrecognized field \"circuitBreaker\" of a connection of type webhook", `200 SUCCESS[null,[{"name":"n","value":null}]]`,
		},
		"unknown fields are kept (11.8)": {
			`"unknownFields": "keep"`, unknownField,
			"400 FAILURE Unrecognized field \"circuitBreaker\" of a connection of type webhook", `200 SUCCESS[true,[{"more":1,"name":"n","value":null}]]`,
		},
		"a push fails (section 7)": {
			`"deployment": "fails"`, deployed,
			pushed,
			`{"success":false,"detailList":[{"envName":"production","podName":"worker-1","success":false,"detail":"Connection refused: worker-1","responseTime":12},{"envName":"production","podName":"worker-2","success":false,"detail":"Connection refused: worker-2","responseTime":12}]} saved`,
		},
		"a push fails in part (section 7)": {
			`"deployment": "partly"`, deployed,
			pushed,
			`{"success":true,"detailList":[{"envName":"production","podName":"worker-1","success":true,"detail":"Deployed","responseTime":12},{"envName":"production","podName":"worker-2","success":false,"detail":"Connection refused: worker-2","responseTime":12}]} saved`,
		},
		"a push ends unknown (section 7)": {`"deployment": "unknown"`, deployed, pushed, "null deployed"},
		"a push ends without detail (section 7)": {
			`"deployment": "empty"`, deployed, pushed, `{"success":false,"detailList":[]} saved`,
		},
		"the detail per environment (C10)": {
			`"deploymentDetail": "environmentResults"`, deployed,
			pushed,
			`{"success":true,"environmentResults":[{"environmentName":"production","success":true,"message":"Deployed"}]} deployed`,
		},
		"no detail (section 3)": {
			`"deploymentDetail": "none"`, deployed,
			pushed,
			`{"success":true} deployed`,
		},
		"a false alarm (section 7)": {`"emptyWhenNotDeployed": true`, func(r *rig) string {
			return result(hooked(r, `, "deployToWorker": false`))
		}, "null", `{"success":false,"detailList":[]}`},
		"what is on the workers stays there (11.6)": {`"staysDeployed": true`, func(r *rig) string {
			r.want(200, "PUT", connections+"Mail/", mail+`, "deployToWorker": false}`)
			c, _ := r.Find("Payments", "Mail")
			return fmt.Sprint(c.Deployed, c.Stale, " ", result(r.want(200, "DELETE", connections+"Mail/", "")) != "null")
		}, "false false false", "false true true"},
		"the slash may be left out (section 1)": {`"optionalSlash": true`, func(r *rig) string {
			return fmt.Sprint(r.do("GET", connections+"Mail", "").status, r.do("GET", "/apiops/test/healthcheck", "").status)
		}, "404 200", "200 200"},
		"a proxy answers what is no operation (section 4.1)": {`"proxyPages": "unknown"`, proxied, " Mail", page + " Mail"},
		"a proxy answers everything (section 4.1)":           {`"proxyPages": "all"`, proxied, " Mail", page + " "},
		"the rules of the console (2.1)": {`"consoleRules": true`, func(r *rig) string {
			return r.brief("POST", connections+"a!/", `{"type": "email", "name": "a!", "host": "h"}`)[:3] +
				r.brief("POST", connections+"%20a/", `{"type": "email", "name": " a", "host": "h"}`)[:3] +
				r.brief("POST", connections+"a%20b-c_d.1/", `{"type": "email", "name": "a b-c_d.1", "host": "h"}`)[:3] +
				r.brief("POST", connections+"b/", `{"type": "email", "name": "b", "host": "h", "description": "`+strings.Repeat("x", 1001)+`"}`)[:3]
		}, "200200200200", "400400200400"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var on apinizer.Behaviour
			if err := json.Unmarshal([]byte("{"+test.seed+"}"), &on); err != nil {
				t.Fatal(err)
			}
			if got := test.do(newRig(t, acme, apinizer.Options{})); got != test.off {
				t.Errorf("off:\n got  %s\n want %s", got, test.off)
			}
			if got := test.do(newRig(t, acme, apinizer.Options{Behaviour: on})); got != test.on {
				t.Errorf("by options:\n got  %s\n want %s", got, test.on)
			}
			if got := test.do(newRig(t, under(test.seed), apinizer.Options{})); got != test.on {
				t.Errorf("by the seed:\n got  %s\n want %s", got, test.on)
			}
		})
	}
}

// pushed is the deploymentResult of a push that went well, and what it came to.
const pushed = `{"success":true,"detailList":[{"envName":"production","podName":"worker-1","success":true,"detail":"Deployed","responseTime":12},{"envName":"production","podName":"worker-2","success":true,"detail":"Deployed","responseTime":12}]} deployed`

// keyStoreID is what the manager makes of the name ks.
const keyStoreID = "59548661e252a6f235e5d2da"

// brief returns an answer as "status SUCCESS" or "status FAILURE message".
func (r *rig) brief(method, path, body string) string {
	r.t.Helper()
	got := r.do(method, path, body)
	text := fmt.Sprint(got.status, " ", got.body["status"])
	if message, ok := got.body["resultMessage"].(string); ok {
		text += " " + message
	}
	return text
}

func secrets(r *rig) string {
	listed := r.want(200, "GET", connections+"?type=email", "").items()[0]["password"]
	return compact(r.t, []any{r.one("Mail")["password"], r.one("Orders")["password"], listed})
}

// lost returns the ways of sending no secret that lose it.
func lost(r *rig) string {
	var ways []string
	for _, way := range []struct{ name, field string }{{"null", `, "password": null`}, {`""`, `, "password": ""`}, {"omitted", ""}} {
		body := `{"type": "database", "name": "Orders", "dbType": "ORACLE", "jdbcUrl": "j", "username": "u"`
		r.want(200, "PUT", connections+"Orders/", body+`, "password": "kept"}`)
		r.want(200, "PUT", connections+"Orders/", body+way.field+`}`)
		switch {
		case r.SecretEquals("Payments", "Orders", "password", ""):
			ways = append(ways, way.name)
		case !r.SecretEquals("Payments", "Orders", "password", "kept"):
			r.t.Errorf("%s: another secret", way.name)
		}
	}
	return strings.Join(ways, " ")
}

// twice makes a webhook with the name of the email, and deletes the name.
func twice(r *rig) string {
	made := r.brief("POST", connections+"Mail/", `{"type": "webhook", "name": "Mail", "fullUrl": "https://w"}`)
	read := r.one("Mail")["type"]
	deleted := r.brief("DELETE", connections+"Mail/", "")
	left := []string{}
	for _, c := range r.Connections() {
		if c.Name == "Mail" {
			left = append(left, c.Type)
		}
	}
	return fmt.Sprint(made, " ", read, " ", deleted, " ", compact(r.t, left))
}

func unknownField(r *rig) string {
	got := r.brief("POST", connections+"Hook/", `{"type": "webhook", "name": "Hook", "fullUrl": "https://w", "circuitBreaker": true, "headerList": [{"name": "n", "more": 1}]}`)
	if !strings.HasPrefix(got, "200") {
		return got
	}
	return got + compact(r.t, []any{r.one("Hook")["circuitBreaker"], r.one("Hook")["headerList"]})
}

const page = "<html><body><h1>404 Not Found</h1></body></html>"

func proxied(r *rig) string {
	return r.want(404, "GET", "/apiops/nowhere", "").text + " " + r.do("GET", connections+"Mail/", "").names()
}

// deployed returns the deploymentResult of a create, and what it came to.
func deployed(r *rig) string {
	got := r.want(200, "POST", connections+"Hook/", `{"type": "webhook", "name": "Hook", "fullUrl": "https://w"}`)
	c, found := r.Find("Payments", "Hook")
	switch {
	case !found:
		return "nothing"
	case c.Deployed:
		return result(got) + " deployed"
	}
	return result(got) + " saved"
}

// result returns the deploymentResult as it was written.
func result(p reply) string {
	_, after, _ := strings.Cut(p.text, `"deploymentResult":`)
	return strings.TrimSuffix(after, "}")
}

func TestWrongSwitchesAreRefused(t *testing.T) {
	for behaviour, want := range map[string]string{
		`"dialect": "old"`:         `behaviour.dialect: "old"`,
		`"errors": "x"`:            "behaviour.errors",
		`"existingName": "x"`:      "behaviour.existingName",
		`"secrets": "x"`:           "behaviour.secrets",
		`"authenticate": "yes"`:    "behaviour.authenticate",
		`"letterCase": "x"`:        "behaviour.letterCase",
		`"sameName": "x"`:          "behaviour.sameName",
		`"accessModeKey": "x"`:     "behaviour.accessModeKey",
		`"unknownFields": "x"`:     "behaviour.unknownFields",
		`"deployment": "null"`:     "behaviour.deployment",
		`"deploymentDetail": "x"`:  "behaviour.deploymentDetail",
		`"proxyPages": "x"`:        "behaviour.proxyPages",
		`"pageSize": -1`:           "behaviour.pageSize",
		`"lag": -1`:                "behaviour.lag",
		`"errorStatus": 99`:        "behaviour.errorStatus",
		`"writeStatus": 400`:       "behaviour.writeStatus",
		`"dialects": "legacy"`:     "unknown field dialects",
		`"nullKeepsSecret": "yes"`: "nullKeepsSecret",
	} {
		if _, err := inspect.New([]byte(under(behaviour)), apinizer.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", behaviour, err, want)
		}
	}
}

func TestEverySwitchIsDocumented(t *testing.T) {
	documented, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "reference", "simulator.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(documented), "### Behaviour of a manager")
	for f := range reflect.TypeFor[apinizer.Behaviour]().Fields() {
		if name := f.Tag.Get("json"); !strings.Contains(section, "`"+name+"`") {
			t.Errorf("docs/reference/simulator.md lacks %s", name)
		}
	}
}
