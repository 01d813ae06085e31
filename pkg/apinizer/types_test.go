package apinizer_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// inProcess answers from a handler, without a socket.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		switch cut := recover(); cut {
		case nil:
		case http.ErrAbortHandler: //nolint:errorlint // it is a value of its own
			answer, err = nil, io.ErrUnexpectedEOF
		default:
			panic(cut)
		}
	}()
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, r)
	response := recorder.Result()
	response.Request = r
	return response, r.Context().Err()
}

// rig is a manager, and a project with one connection for it.
type rig struct {
	t        *testing.T
	manager  *inspect.Manager
	provider *apinizer.Provider
	desired  []connection.Desired
	moves    []connection.Move
	policy   connection.Policy
	// rotate and fingerprints go into plans; secret returns the values of references.
	rotate       []connection.Key
	fingerprints map[connection.Key]plan.Fingerprint
	secret       func(name string) string
}

const testProject = "shop"

func newRig(t *testing.T, seed string, b simulator.Behaviour) *rig {
	t.Helper()
	manager, err := inspect.New([]byte(seed), simulator.Options{Behaviour: b})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, manager: manager, secret: secretOf, policy: connection.Policy{
		Prune: connection.PruneOwned, Adopt: connection.AdoptMatching, Update: connection.UpdatePatch, MaxDeletes: connection.MaxDeletes{Count: 100},
	}}
	r.reconnect()
	t.Cleanup(func() {
		if misuse := manager.Misuse(); len(misuse) > 0 {
			t.Errorf("got misuse %q, want none", misuse)
		}
	})
	return r
}

// reconnect makes a provider that knows nothing of the one before.
func (r *rig) reconnect() {
	r.t.Helper()
	var err error
	r.provider, err = connect(r.manager, testProject, &http.Client{Transport: inProcess{r.manager}})
	if err != nil {
		r.t.Fatal(err)
	}
}

// connectWithoutRecords makes one that writes no ownership records.
func (r *rig) connectWithoutRecords() {
	r.t.Helper()
	var err error
	r.provider, err = apinizer.New(apinizer.Config{
		URL: "http://127.0.0.1:8080", Auth: apinizer.Auth{Token: connection.NewSecret(r.manager.Token())},
		Project: testProject, NoRecords: true, HTTPClient: &http.Client{Transport: inProcess{r.manager}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) snapshot() *connection.Snapshot {
	r.t.Helper()
	snapshot, err := r.provider.Snapshot(r.t.Context(), connection.Scope{
		Spaces: []connection.SpaceRef{{Name: "Payments"}, {Name: "Logs"}}, Details: func(*connection.Live) bool { return true },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return snapshot
}

func (r *rig) live(name string) connection.Live {
	r.t.Helper()
	for _, live := range r.snapshot().Connections {
		if live.Key.Name == name {
			return live
		}
	}
	r.t.Fatalf("no connection %q", name)
	return connection.Live{}
}

func (r *rig) plan() *plan.Plan {
	r.t.Helper()
	var sources []string
	for _, d := range r.desired {
		sources = append(sources, d.DataSource)
	}
	catalog, err := r.provider.DataSources(r.t.Context(), sources)
	if err != nil {
		r.t.Fatal(err)
	}
	in := plan.Input{
		Project: testProject, Tenant: plan.Tenant{Name: "test", URL: "sim:test"}, Policy: r.policy,
		Desired: r.desired, Moves: r.moves, Spaces: []connection.SpaceRef{{Name: "Payments"}, {Name: "Logs"}},
		Catalog: catalog, Rules: r.provider, Rotate: r.rotate, Fingerprints: r.fingerprints,
	}
	if in.Snapshot, err = r.provider.Snapshot(r.t.Context(), plan.Scope(in)); err != nil {
		r.t.Fatal(err)
	}
	p, problems := plan.Make(in)
	if err := problems.Err(); err != nil {
		r.t.Fatal(err)
	}
	messages.Fill(p.Reasons(), apinizer.Rules{}.Messages())
	return p
}

func (r *rig) run(p *plan.Plan) *apply.Result {
	r.t.Helper()
	result, err := apply.Run(r.t.Context(), p, apply.Options{Execute: r.provider.Execute, ExecuteGroup: r.provider.ExecuteGroup, Resolve: func(ref connection.Reference) (connection.Secret, error) {
		return connection.NewSecret(r.secret(ref.Env)), nil
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	messages.Fill(result.Reasons(), apinizer.Rules{}.Messages())
	return result
}

// apply makes the manager equal to what is declared, and demands that planning again
// finds nothing.
func (r *rig) apply() {
	r.t.Helper()
	p := r.plan()
	if result := r.run(p); !result.Complete() {
		r.t.Fatalf("not complete: %+v", result.Items)
	}
	r.empty()
}

func (r *rig) empty() {
	r.t.Helper()
	r.reconnect()
	if p := r.plan(); !p.Empty() {
		r.t.Errorf("planning again finds %+v", p.Changes)
	}
}

// declare adds a connection to the files, with a reference for each named secret.
func (r *rig) declare(kind, name string, properties map[string]any, secrets ...string) *connection.Desired {
	d := connection.Desired{Space: connection.SpaceRef{Name: "Payments"}, Name: name, DataSource: kind, Properties: properties}
	for _, secret := range secrets {
		if d.Credentials == nil {
			d.Credentials = map[string]any{}
		}
		d.Credentials[secret] = connection.Reference{Env: secret}
	}
	r.desired = append(r.desired, d)
	return &r.desired[len(r.desired)-1]
}

// secretOf is the value of a reference: base64, as certificates must be.
func secretOf(name string) string {
	return base64.StdEncoding.EncodeToString([]byte("secret of " + name))
}

func number(n int) json.Number { return json.Number(fmt.Sprint(n)) }

// whole holds, for each type, what is declared at first: with all that any switch of
// it could need.
var whole = map[string]struct {
	properties map[string]any
	secrets    []string
}{
	"email": {map[string]any{"host": "mail.example", "auth": true, "username": "ana"}, []string{"password"}},
	"kafka": {map[string]any{
		"topicName": "orders", "enableSecure": true, "protocolTypes": []any{"TLS_1_3"}, "keyStoreName": "main",
		"propertiesMap": map[string]any{
			"bootstrap.servers": map[string]any{"value": "kafka:9092"},
			"key.serializer":    map[string]any{"value": "StringSerializer"},
			"value.serializer":  map[string]any{"value": "StringSerializer", "valueType": "STRING"},
		},
	}, nil},
	"elasticsearch": {map[string]any{
		"elasticHostList": []any{map[string]any{"host": "es.example"}}, "elasticUsername": "elastic",
		"encryptCommunicationType": "CA_IN_PEM_FILE", "indexTemplateName": "traffic",
		"indexLifecyclePolicy": map[string]any{"enableHotPhase": true},
	}, []string{"elasticPassword", "caInPemFile", "caCertInPkcs12File", "caTruststoreFile", "caTruststoreFilePass", "caKeystoreFile", "caKeystoreFilePass"}},
	"database":     {map[string]any{"dbType": "POSTGRES", "jdbcUrl": "jdbc:postgresql://db/x", "username": "app"}, []string{"password"}},
	"ldap":         {map[string]any{"serverAddress": "ldap.example", "username": "cn=app", "baseDn": "dc=example"}, []string{"password"}},
	"ftp":          {map[string]any{"host": "ftp.example", "username": "app", "protocol": "FTPS", "useExplicit": true}, []string{"password"}},
	"rabbitMq":     {map[string]any{"hostPortList": []any{map[string]any{"host": "mq"}}, "connectionFactoryUsername": "app"}, []string{"connectionFactoryPassword"}},
	"activeMq":     {map[string]any{"activeMqConnectionProtocolType": "TCP", "brokerURL": "tcp://mq:61616", "destinationType": "QUEUE", "destinationName": "orders"}, []string{"password"}},
	"snmp":         {map[string]any{"version": "V3", "connectionString": "udp:127.0.0.1/162", "pduOidForMessage": "1.3.6", "securityName": "app", "securityLevel": "AUTH_PRIV", "usmUserAuthenticationProtocol": "AuthSHA", "usmUserPrivacyProtocol": "PrivAES128"}, []string{"securityOrCommunityName", "authPassphrase", "privPassphrase"}},
	"linux-script": {map[string]any{"hostName": "host.example", "username": "app"}, []string{"password"}},
	"graylog":      {map[string]any{"hostname": "log.example"}, []string{"tlsTrustCertChainFile"}},
	"syslog":       {map[string]any{"syslogServerHostname": "log.example"}, nil},
	"webhook":      {map[string]any{"fullUrl": "https://hook.example/x"}, nil},
	"logback":      {map[string]any{}, nil},
}

// others are values for properties of which no other can be made up.
var others = map[string]any{
	"email.additionalProperties":                 []any{map[string]any{"key": "mail.debug", "value": "false"}},
	"kafka.protocolTypes":                        []any{"TLS_1_2", "TLS_1_3"},
	"kafka.propertiesMap":                        map[string]any{"bootstrap.servers": map[string]any{"value": "other:9092"}, "key.serializer": map[string]any{"value": "S"}, "value.serializer": map[string]any{"value": "S"}},
	"elasticsearch.elasticHostList":              []any{map[string]any{"host": "es1", "port": "9201"}, map[string]any{"host": "es2", "scheme": "https"}},
	"elasticsearch.indexLifecyclePolicy":         map[string]any{"enableDeletePhase": true, "minAgeOfDelete": json.Number("30")},
	"rabbitMq.hostPortList":                      []any{map[string]any{"port": json.Number("5673")}},
	"rabbitMq.connectionFactoryClientProperties": map[string]any{"product": "qlsync"},
	"rabbitMq.basicPropertiesDeliveryMode":       json.Number("2"),
	"snmp.pduVariableMap":                        map[string]any{"1.3.6.1": "x"},
	"snmp.privacyProtocolList":                   []any{"PrivDES", "PrivAES128"},
	"webhook.headerList":                         []any{map[string]any{"name": "Accept", "value": "text/plain"}},
	"database.logTableSchemaOverrides":           map[string]any{"AuditEvent": "audit"},
	"database.logTableNameOverrides":             map[string]any{"AuditEvent": "events"},
}

// other returns another valid value of a property.
func other(kind, name string, p connection.Property, now any) any {
	if value, ok := others[kind+"."+name]; ok {
		return value
	}
	if now == nil {
		now = p.Default
	}
	switch p.Type {
	case "boolean":
		return now != true
	case "integer":
		return number(17)
	}
	for _, value := range p.Enum {
		if value != now {
			return value
		}
	}
	return "another " + name
}

// since returns the contract that has the property.
func since(kind, name string) simulator.Dialect {
	switch {
	case kind == "elasticsearch" && slices.Contains([]string{"bulkBufferCapacity", "bulkFlushIntervalMs", "bulkMaxBatchSize", "elasticsearchMajorVersion"}, name),
		kind == "database" && slices.Contains([]string{"defaultLogSchema", "logTableSchemaOverrides", "logTableNameOverrides"}, name):
		return simulator.Current
	case kind == "elasticsearch" && slices.Contains([]string{"socketReuseAddress", "socketKeepAlive", "ioThreads", "maxConnectionPerHost", "maxConnectionTotal"}, name):
		return simulator.Legacy
	}
	return ""
}

// Of each type: what is there is exported and planned, which finds nothing but the
// marks; then each documented field is changed and planned again, which finds nothing.
func TestEveryFieldOfEveryType(t *testing.T) {
	for _, dialect := range []simulator.Dialect{simulator.Current, simulator.Legacy} {
		for _, kind := range apinizer.TypeNames() {
			t.Run(string(dialect)+" "+kind, func(t *testing.T) {
				r := newRig(t, twoProjects, simulator.Behaviour{Dialect: dialect})
				d := r.declare(kind, "One", maps.Clone(whole[kind].properties), whole[kind].secrets...)
				r.apply()

				live := r.live("One")
				exported := maps.Clone(live.Properties)
				for _, name := range live.WriteOnlyProperties {
					exported[name] = d.Properties[name]
				}
				d.Properties = exported
				r.empty()

				properties := apinizer.Builtin().DataSources[kind].Properties
				for _, name := range slices.Sorted(maps.Keys(properties)) {
					p := properties[name]
					if from := since(kind, name); p.Class != connection.ClassProperty || from != "" && from != dialect {
						continue
					}
					before := maps.Clone(d.Properties)
					d.Properties[name] = other(kind, name, p, d.Properties[name])
					if name == "useImplicit" { // of the two, exactly one
						d.Properties["useExplicit"] = false
					}
					if name == "useExplicit" {
						d.Properties["useImplicit"] = true
					}
					changes := r.plan()
					if len(changes.Changes) != 1 && !slices.Contains(live.WriteOnlyProperties, name) {
						t.Errorf("%s: a change to %v is not found", name, d.Properties[name])
					}
					if result := r.run(changes); !result.Complete() {
						t.Errorf("%s: got items %+v, want a complete run", name, result.Items)
						d.Properties = before
						continue
					}
					r.empty()
					for _, secret := range whole[kind].secrets {
						if !r.manager.SecretEquals("Payments", "One", secret, secretOf(secret)) {
							t.Errorf("%s: the secret %s is lost, want the value that was sent", name, secret)
						}
					}
				}
			})
		}
	}
}
