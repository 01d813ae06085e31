package apinizer_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
)

const mail = `{"type": "email", "name": "Mail", "host": "h"`

// TestRefusals asks for what is refused, in both dialects (facts, section 4). What no client should send is misuse.
func TestRefusals(t *testing.T) {
	const other = "/apiops/projects/"
	tests := map[string]struct {
		method, path, body string
		legacy, current    string // status and body
		misuse             bool
	}{
		"get: connection missing": {
			"GET", connections + "Nix/", "",
			`404 {"error":"not_found","error_description":"Connection (name: Nix) was not found!"}`,
			`400 {"status":"FAILURE","resultMessage":"Connection (name: Nix) was not found!"}`, false,
		},
		"put: connection missing": {
			"PUT", connections + "Nix/", `{"type": "email", "name": "Nix", "host": "h"}`,
			`400 {"error":"bad_request","error_description":"Connection (name: Nix) was not found!"}`,
			`400 {"status":"FAILURE","resultMessage":"Connection (name: Nix) was not found!"}`, false,
		},
		"delete: connection missing": {
			"DELETE", connections + "Nix/", "",
			`400 {"error":"bad_request","error_description":"Connection (name: Nix) was not found!"}`,
			`400 {"status":"FAILURE","resultMessage":"Connection (name: Nix) was not found!"}`, false,
		},
		"project missing": {
			"GET", other + "payments/connections/?type=email", "",
			`404 {"error":"not_found","error_description":"Project 'payments' not found"}`,
			`400 {"status":"FAILURE","resultMessage":"Project (payments) is not found!"}`, false,
		},
		"not a member of the project": {
			"DELETE", other + "Vault/connections/x/", "",
			`404 {"error":"not_found","error_description":"Project 'Vault' not found"}`,
			`400 {"status":"FAILURE","resultMessage":"Project (Vault) is not found or user does not have privilege to access it!"}`, false,
		},
		"no right to write": {
			"DELETE", other + "Logs/connections/Central/", "",
			`403 {"error":"forbidden","error_description":"User does not have required permission for this operation!"}`,
			`400 {"status":"FAILURE","resultMessage":"User does not have required permission for this operation!"}`, false,
		},
		"empty name": {
			"GET", connections + "/", "",
			`400 {"error":"bad_request","error_description":"Connection name can not be empty!"}`,
			`400 {"status":"FAILURE","resultMessage":"Connection name can not be empty!"}`, true,
		},
		"list: no type": {
			"GET", connections, "",
			`400 {"error":"bad_request","error_description":"Connection type parameter is required!"}`,
			`400 {"status":"FAILURE","resultMessage":"Connection type parameter is required!"}`, true,
		},
		"list: a type that is none": {
			"GET", connections + "?type=Email", "",
			`400 {"error":"bad_request","error_description":"Connection type \"Email\" is not valid!"}`,
			`400 {"status":"FAILURE","resultMessage":"Connection type \"Email\" is not valid!"}`, true,
		},
		"an unknown query key": {
			"GET", connections + "?type=email&page=1", "",
			`400 {"error":"bad_request","error_description":"unknown query key \"page\""}`,
			`400 {"status":"FAILURE","resultMessage":"unknown query key \"page\""}`, true,
		},
		"a query key twice": {
			"GET", connections + "?type=email&type=ftp", "",
			`400 {"error":"bad_request","error_description":"query key \"type\" is given more than once"}`,
			`400 {"status":"FAILURE","resultMessage":"query key \"type\" is given more than once"}`, true,
		},
		"create: another name in the body": {
			"POST", connections + "A/", `{"type": "email", "name": "B", "host": "h"}`,
			`400 {"error":"bad_request","error_description":"Connection name in the path (A) and in the body (B) must be the same!"}`,
			`400 {"status":"FAILURE","resultMessage":"Connection name in the path (A) and in the body (B) must be the same!"}`, true,
		},
		"a change of type": {
			"PUT", connections + "Mail/", `{"type": "webhook", "name": "Mail", "fullUrl": "https://w"}`,
			`400 {"error":"bad_request","error_description":"Connection type can not be changed! (email to webhook)"}`,
			`400 {"status":"FAILURE","resultMessage":"Connection type can not be changed! (email to webhook)"}`, false,
		},
		"a rename onto an existing name": {
			"PUT", connections + "Mail/", `{"type": "email", "name": "Orders", "host": "h"}`,
			`400 {"error":"bad_request","error_description":"Connection (name: Orders) already exists!"}`,
			`400 {"status":"FAILURE","resultMessage":"Connection (name: Orders) already exists!"}`, false,
		},
		"no type": {
			"PUT", connections + "Mail/", `{"name": "Mail", "host": "h"}`,
			`400 {"error":"bad_request","error_description":"Connection type is required!"}`,
			`400 {"status":"FAILURE","resultMessage":"Connection type is required!"}`, true,
		},
		"a field that is none": {
			"PUT", connections + "Mail/", mail + `, "bootstrapServers": "k"}`,
			`400 {"error":"bad_request","error_description":"Unrecognized field \"bootstrapServers\" of a connection of type email"}`,
			`400 {"status":"FAILURE","resultMessage":"Unrecognized field \"bootstrapServers\" of a connection of type email"}`, true,
		},
		"a field within a list that is none": {
			"PUT", connections + "Mail/", mail + `, "additionalProperties": [{"key": "k", "vlaue": "v"}]}`,
			`400 {"error":"bad_request","error_description":"Unrecognized field \"vlaue\" in additionalProperties[0]"}`,
			`400 {"status":"FAILURE","resultMessage":"Unrecognized field \"vlaue\" in additionalProperties[0]"}`, true,
		},
		"a required field is missing": {
			"PUT", connections + "Mail/", `{"type": "email", "name": "Mail"}`,
			`400 {"error":"bad_request","error_description":"The field host is required","validation_errors":[{"field":"host","message":"The field host is required"}]}`,
			`400 {"status":"FAILURE","resultMessage":"The field host is required"}`, false,
		},
		"a number as a text": {
			"PUT", connections + "Mail/", mail + `, "port": "25"}`,
			`400 {"error":"bad_request","error_description":"The field port must be a whole number","validation_errors":[{"field":"port","message":"The field port must be a whole number"}]}`,
			`400 {"status":"FAILURE","resultMessage":"The field port must be a whole number"}`, false,
		},
		"no JSON": {
			"PUT", connections + "Mail/", `{"type": `,
			`400 {"error":"bad_request","error_description":"the body is not valid JSON"}`,
			`400 {"status":"FAILURE","resultMessage":"the body is not valid JSON"}`, true,
		},
		"a list as the body": {
			"PUT", connections + "Mail/", `[]`,
			`400 {"error":"bad_request","error_description":"the body must be one JSON object"}`,
			`400 {"status":"FAILURE","resultMessage":"the body must be one JSON object"}`, true,
		},
		"two bodies": {
			"PUT", connections + "Mail/", mail + `}{}`,
			`400 {"error":"bad_request","error_description":"the body is more than one JSON object"}`,
			`400 {"status":"FAILURE","resultMessage":"the body is more than one JSON object"}`, true,
		},
		"a body that is not wanted": {
			"DELETE", connections + "Mail/", `{}`,
			`400 {"error":"bad_request","error_description":"DELETE takes no body"}`,
			`400 {"status":"FAILURE","resultMessage":"DELETE takes no body"}`, true,
		},
		"no slash at the end":   {"GET", connections + "Mail", "", "404 ", "404 ", true},
		"no operation":          {"PATCH", connections + "Mail/", `{}`, "404 ", "404 ", true},
		"the unknown bulk read": {"POST", "/apiops/utility/connections/batch-names", `[]`, "404 ", "404 ", true},
	}
	for name, test := range tests {
		for dialect, want := range map[string]string{"legacy": test.legacy, "current": test.current} {
			t.Run(name+", "+dialect, func(t *testing.T) {
				r := newRig(t, under(`"dialect": "`+dialect+`"`), apinizer.Options{})
				before := compact(t, r.Connections())
				got := r.do(test.method, test.path, test.body)
				if text := strings.TrimSpace(compact(t, got.status) + " " + got.text); text != strings.TrimSpace(want) {
					t.Errorf("got  %s\nwant %s", text, want)
				}
				if misused := len(r.Misuse()) > 0; misused != test.misuse {
					t.Errorf("got misuse %q, want some: %v", r.Misuse(), test.misuse)
				}
				if compact(t, r.Connections()) != before {
					t.Error("a refused request changed something")
				}
			})
		}
	}
}

// TestValuesAreChecked sends definitions that the tables of section 8 do not allow.
func TestValuesAreChecked(t *testing.T) {
	for body, want := range map[string]string{
		`"email", "host": ""`:                                                                       "host is required",
		`"email", "host": 1`:                                                                        "host must be a text",
		`"email", "host": "h", "port": 2.5`:                                                         "port must be a whole number",
		`"email", "host": "h", "port": 4294967296`:                                                  "port must be a whole number",
		`"email", "host": "h", "auth": "true"`:                                                      "auth must be true or false",
		`"email", "host": "h", "auth": true`:                                                        "username is required",
		`"email", "host": "h", "enabled": 1`:                                                        "enabled must be true or false",
		`"email", "host": "h", "name": "c"`:                                                         "there once",
		`"email", "host": "h", "host": "i"`:                                                         "host is there twice",
		`"email", "host": "h", "type": "READ"`:                                                      "type is there twice",
		`"email", "host": "h", "additionalProperties": {}`:                                          "must be a list",
		`"email", "host": "h", "additionalProperties": [null]`:                                      "holds null",
		`"email", "host": "h", "additionalProperties": ["x"]`:                                       "additionalProperties[0] must be an object",
		`"email", "host": "h", "additionalProperties": [{"value": "v"}]`:                            "needs key",
		`"kafka", "topicName": "t"`:                                                                 "propertiesMap is required",
		`"kafka", "topicName": "t", "propertiesMap": {"a": {"value": "b", "valueType": "STRING"}}`:  "must contain bootstrap.servers",
		`"kafka", "topicName": "t", "propertiesMap": {"a": {"value": "b", "valueType": "TEXT"}}`:    "propertiesMap.a.valueType must be one of",
		`"kafka", "topicName": "t", "propertiesMap": {"a": {"value": 1, "valueType": "LONG"}}`:      "propertiesMap.a.value must be a text",
		kafka + `, "enableSecure": true, "keyStoreName": "k"`:                                       "protocolTypes is required",
		kafka + `, "enableSecure": true, "protocolTypes": ["TLS_1_3"]`:                              "keyStoreName is required",
		kafka + `, "protocolTypes": ["TLS"]`:                                                        "protocolTypes[0] must be one of",
		kafka + `, "keyStoreId": "abc"`:                                                             "keyStoreId names no store",
		`"elasticsearch", "elasticHostList": []`:                                                    "needs at least 1 item",
		`"elasticsearch", "elasticHostList": [{"port": 1}]`:                                         "elasticHostList[0] needs host",
		elastic + `, "authenticate": true`:                                                          "elasticUsername is required",
		elastic + `, "encryptCommunication": true`:                                                  "encryptCommunicationType is required",
		elastic + `, "encryptCommunicationType": "CA_IN_PEM_FILE"`:                                  "caInPemFile is required",
		elastic + `, "caInPemFile": "no base 64"`:                                                   "caInPemFile must be base64",
		elastic + `, "indexLifecyclePolicyCreated": true`:                                           "indexLifecyclePolicy is required",
		elastic + `, "indexLifecyclePolicy": {"policyName": "p"}`:                                   "at least one phase",
		elastic + `, "indexTemplateCreated": true`:                                                  "indexTemplateName is required",
		`"database", "dbType": "postgres", "jdbcUrl": "j"`:                                          "dbType must be one of",
		`"database", "dbType": "POSTGRES", "jdbcUrl": "j"`:                                          "username is required",
		`"database", "dbType": "POSTGRES", "jdbcUrl": "j", "logTableNameOverrides": {"Audit": "a"}`: `Unrecognized key "Audit"`,
		`"database", "host": "h", "port": 1, "driverClassName": "d"`:                                `Unrecognized field "host"`,
		`"ldap", "serverAddress": "l", "username": "u", "baseDn": "d"`:                              "password is required",
		`"ldap", "serverAddress": "l", "username": "u", "password": "p", "baseDn": "d", "useSsl": true, "requireCertificateType": "REQUIRED_CN"`: "certificateId is required",
		`"ftp", "host": "h", "username": "u", "password": "p", "protocol": "FTPS"`:                                                               "exactly one of useImplicit and useExplicit",
		`"ftp", "host": "h", "username": "u", "password": "p", "protocol": "FTP", "useImplicit": true, "useExplicit": true`:                      "exactly one",
		`"ftp", "host": "h", "username": "u", "password": "p", "protocol": "ftp"`:                                                                "protocol must be one of",
		`"rabbitMq", "hostPortList": []`:                                                                                    "needs at least 1 item",
		`"rabbitMq", "hostPortList": [{}], "authenticationEnabled": true`:                                                   "connectionFactoryUsername is required",
		`"rabbitMq", "hostPortList": [{}], "basicPropertiesDeliveryMode": 3`:                                                "basicPropertiesDeliveryMode must be one of",
		`"rabbitMq", "hostPortList": [{}], "basicPropertiesExpiration": 60`:                                                 "basicPropertiesExpiration must be a text",
		`"rabbitMq", "hostPortList": [{}], "connectionFactoryClientProperties": []`:                                         "must be an object",
		snmp + `, "securityLevel": "AUTH_NOPRIV"`:                                                                           "usmUserAuthenticationProtocol is required",
		snmp + `, "securityLevel": "AUTH_PRIV", "usmUserAuthenticationProtocol": "AuthSHA", "authPassphrase": "passphrase"`: "usmUserPrivacyProtocol is required",
		snmp + `, "authPassphrase": "short"`:                                                                                "at least 8 characters",
		snmp + `, "enableUserAuthentication": true`:                                                                         "securityName is required",
		snmp + `, "pduUdpForMessage": "1.3"`:                                                                                `Unrecognized field "pduUdpForMessage"`,
		snmp + `, "version": "V2C"`:                                                                                         "version",
		`"graylog", "hostname": "h", "tlsCertVerificationEnabled": true`:                                                    "tlsTrustCertChainFile is required",
		`"graylog", "hostname": "h", "gelfMessageLevel": "INFO(6)"`:                                                         "gelfMessageLevel must be one of",
		`"logback", "logPath": "/p"`:                                                                                        "logFileName is required",
		`"ops-genie", "apiKey": "k"`:                                                                                        `"ops-genie" is not valid`,
		`"activemq", "brokerURL": "tcp://b"`:                                                                                `"activemq" is not valid`,
	} {
		t.Run(body, func(t *testing.T) {
			r := newRig(t, acme, apinizer.Options{})
			got := r.want(400, "POST", connections+"c/", `{"name": "c", "type": `+body+`}`)
			if text, _ := got.body["resultMessage"].(string); !strings.Contains(text, want) {
				t.Errorf("%q, want %q", text, want)
			}
		})
	}
}

const (
	kafka = `"kafka", "topicName": "t", "propertiesMap": {"bootstrap.servers": {"value": "k", "valueType": "STRING"},
		"key.serializer": {"value": "k", "valueType": "STRING"}, "value.serializer": {"value": "k", "valueType": "STRING"}}`
	elastic = `"elasticsearch", "elasticHostList": [{"host": "e"}]`
	snmp    = `"snmp", "connectionString": "udp:h/1", "securityOrCommunityName": "s", "pduOidForMessage": "1.3", "version": "V1"`
)

// TestSigningIn is section 1 and the row on tokens of section 4.
func TestSigningIn(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for dialect, want := range map[string]struct{ none, wrong, expired string }{
		"legacy": {
			`{"error":"unauthorized_client","error_description":"Invalid token"}`,
			`{"error":"unauthorized_client","error_description":"Invalid token"}`,
			`{"error":"unauthorized_client","error_description":"Invalid token"}`,
		},
		"current": {
			`{"status":"FAILURE","resultMessage":"Empty Key! Client must be authenticated to access this resource."}`,
			`{"status":"FAILURE","resultMessage":"Token is not valid!"}`, `{"status":"FAILURE","resultMessage":"Token was expired!"}`,
		},
	} {
		t.Run(dialect, func(t *testing.T) {
			r := newRig(t, under(`"dialect": "`+dialect+`"`), apinizer.Options{Now: func() time.Time { return now }})
			const path = "/apiops/projects/"
			check := func(token, want string) {
				t.Helper()
				r.token = token
				if got := r.want(401, "GET", path, "").text; got != want {
					t.Errorf("got %s for a token that is not accepted, want %s", got, want)
				}
			}
			check("", want.none)
			check("wrong", want.wrong)
			grant := r.form(200, "grant_type=client_credentials&client_id=ana&client_secret=open+sesame")
			if grant.body["expires_in"] != 3600.0 || (grant.body["token_type"] == "Bearer") != (dialect == "legacy") {
				t.Errorf("got the grant %s, want one for 3600 seconds whose type is Bearer in the legacy dialect only", grant.text)
			}
			token := grant.body["access_token"].(string)
			r.token = token
			r.want(200, "GET", path, "")
			now = now.Add(time.Hour)
			check(token, want.expired)

			for body, want := range map[string]string{
				"grant_type=password&client_id=ana&client_secret=open+sesame": `400 {"error":"unsupported_grant_type","error_description":"Unsupported grant type"}`,
				"grant_type=client_credentials&client_id=ana&client_secret=x": `401 {"error":"unauthorized_client","error_description":"Bad credentials"}`,
				"grant_type=client_credentials&client_id=bob":                 `401 {"error":"unauthorized_client","error_description":"Bad credentials"}`,
			} {
				if got := r.form(0, body); compact(t, got.status)+" "+got.text != want {
					t.Errorf("%s: got %d %s, want %s", body, got.status, got.text, want)
				}
			}
			r.noMisuse()
			r.form(400, "grant_type=client_credentials&scope=all")
			r.token = ""
			r.want(400, "POST", "/apiops/auth/token", `{"grant_type": "client_credentials"}`)
			if len(r.Misuse()) != 2 {
				t.Errorf("got misuse %q, want two requests", r.Misuse())
			}
		})
	}
}

// form asks for a token; a status of 0 is any.
func (r *rig) form(status int, body string) reply {
	r.t.Helper()
	request, err := http.NewRequest("POST", r.url+"/apiops/auth/token", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := r.send(request)
	if err != nil || status != 0 && got.status != status {
		r.t.Fatalf("%s: status %d, error %v: %s", body, got.status, err, got.text)
	}
	return got
}

func TestTheSecondHeaderIsOfTheCurrentDialect(t *testing.T) {
	for dialect, want := range map[string]int{"current": 200, "legacy": 401} {
		r := newRig(t, under(`"dialect": "`+dialect+`"`), apinizer.Options{})
		request, err := http.NewRequest("GET", r.url+"/apiops/projects/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("apinizer-token", r.token)
		if got, err := r.send(request); err != nil || got.status != want {
			t.Errorf("%s: got status %d, error %v; want status %d", dialect, got.status, err, want)
		}
	}
}

// TestProbesAndProjects are the other reads of sections 1 and 2.
func TestProbesAndProjects(t *testing.T) {
	r := newRig(t, acme, apinizer.Options{})
	if got := r.want(200, "GET", "/apiops/test/hello/a%2Fb", ""); got.text != "Hello a/b" {
		t.Errorf("got %s, want the greeting of a/b", got.text)
	}
	if got := r.want(200, "GET", "/apiops/projects/", ""); got.names() != "Payments,Logs" || got.body["resultCount"] != 2.0 {
		t.Errorf("got projects %s, want Payments and Logs", got.text)
	}
	if got := r.want(200, "GET", "/apiops/environments/", ""); got.names() != "production" {
		t.Errorf("got environments %s, want production", got.text)
	}
	r.token = ""
	if got := r.want(200, "GET", "/apiops/test/healthcheck", ""); got.text != "OK" || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
		t.Errorf("got %s, want OK as text/plain", got.text)
	}
	r.noMisuse()
}

// TestNamesMayHaveAnyCharacter is section 1: path segments are escaped.
func TestNamesMayHaveAnyCharacter(t *testing.T) {
	r := newRig(t, strings.Replace(acme, `"Payments"}`, `"Payments"}, {"name": "a/b c"}`, 1), apinizer.Options{})
	for _, name := range []string{"a b", "a/b", "a+b", "é", "%2F", "?", "#", ".."} {
		path := "/apiops/projects/a%2Fb%20c/connections/" + escape(name) + "/"
		r.want(200, "POST", path, `{"type": "webhook", "name": `+compact(t, name)+`, "fullUrl": "https://w"}`)
		if got := r.want(200, "GET", path, "").items(); len(got) != 1 || got[0]["name"] != name {
			t.Errorf("got %v for the name %[1]q, want that connection", name, got)
		}
	}
	r.noMisuse()
}

func escape(name string) string {
	return strings.NewReplacer("%", "%25", " ", "%20", "/", "%2F", "?", "%3F", "#", "%23", "..", "%2E%2E", "é", "%C3%A9").Replace(name)
}
