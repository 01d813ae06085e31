package apinizer_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

type behaviour = simulator.Behaviour

// mail declares an email connection with a secret.
func (r *rig) mail(name string) *connection.Desired {
	return r.declare("email", name, map[string]any{"host": "mail.example", "auth": true, "username": "ana"}, "password")
}

// add puts a connection there that nobody owns.
func (r *rig) add(kind, name string, fields map[string]any) {
	r.t.Helper()
	if err := r.manager.Add(inspect.SeedConnection{Project: "Payments", Type: kind, Name: name, Fields: fields}); err != nil {
		r.t.Fatal(err)
	}
}

// moved declares that a connection has another name now.
func (r *rig) moved(from, to string) {
	payments := connection.SpaceRef{Name: "Payments"}
	r.moves = []connection.Move{{From: connection.MoveEnd{Space: payments, Name: from}, To: connection.MoveEnd{Space: payments, Name: to}}}
}

func (r *rig) holds(name, secret string) {
	r.t.Helper()
	if !r.manager.SecretEquals("Payments", name, secret, secretOf(secret)) {
		r.t.Errorf("%s: %s is lost", name, secret)
	}
}

// cycle creates, changes, renames and deletes, and plans after each.
func (r *rig) cycle() {
	r.t.Helper()
	r.mail("Mail")
	r.apply()
	r.desired[0].Properties["port"] = number(25)
	r.apply()
	r.holds("Mail", "password")
	r.desired[0].Name = "Post"
	r.moved("Mail", "Post")
	r.apply()
	r.holds("Post", "password")
	r.mail("Kept")
	r.apply()
	r.desired, r.moves = r.desired[1:], nil
	r.apply()
}

// refusals runs what is planned, and returns what was refused or failed.
func (r *rig) refusals() string {
	r.t.Helper()
	p := r.plan()
	var found []string
	for _, item := range r.run(p).Items {
		if item.Outcome != apply.Done {
			found = append(found, item.Why.String())
		}
	}
	return strings.Join(found, "; ")
}

func (r *rig) demand(got, part string) {
	r.t.Helper()
	if !strings.Contains(got, part) {
		r.t.Errorf("got %q, want %q in it", got, part)
	}
}

// execute runs one operation.
func (r *rig) execute(operation connection.Operation) connection.Outcome {
	r.t.Helper()
	return r.provider.Execute(r.t.Context(), []connection.Operation{operation})[0]
}

// scripted answers requests by "METHOD path", and all others from the manager.
type scripted struct {
	http.Handler
	answers map[string]func(w http.ResponseWriter)
}

func (s scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if answer := s.answers[r.Method+" "+r.URL.Path]; answer != nil {
		answer(w)
		return
	}
	s.Handler.ServeHTTP(w, r)
}

func says(status int, body string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// through lets the provider speak to a handler in front of the manager.
func (r *rig) through(answers map[string]func(w http.ResponseWriter)) {
	r.t.Helper()
	var err error
	r.provider, err = connect(r.manager, testProject, &http.Client{Transport: inProcess{scripted{r.manager, answers}}})
	if err != nil {
		r.t.Fatal(err)
	}
}

const mailPath = "/apiops/projects/Payments/connections/Mail/"

// The documentation contradicts itself in twenty places. The client lives with both
// sides of each.
func TestContradictions(t *testing.T) {
	for name, test := range map[string]func(t *testing.T){
		"C1: success true, or status SUCCESS": func(t *testing.T) {
			for _, dialect := range []simulator.Dialect{simulator.Legacy, simulator.Current} {
				newRig(t, twoProjects, behaviour{Dialect: dialect}).cycle()
			}
		},
		"C2: errors of the one dialect in the other": func(t *testing.T) {
			newRig(t, twoProjects, behaviour{Dialect: simulator.Current, Errors: simulator.Legacy}).cycle()
			newRig(t, twoProjects, behaviour{Dialect: simulator.Legacy, Errors: simulator.Current}).cycle()
		},
		"C3: not found is known by the words, under any status": func(t *testing.T) {
			for _, status := range []int{200, 400, 404, 409} {
				newRig(t, twoProjects, behaviour{ErrorStatus: status}).cycle()
			}
		},
		"C3: a 404 alone proves no absence": func(t *testing.T) {
			r := newRig(t, twoProjects, behaviour{})
			r.mail("Mail")
			r.apply()
			r.through(map[string]func(http.ResponseWriter){"GET " + mailPath: says(404, "<html>not here</html>")})
			key := connection.Key{Space: "Payments", Name: "Mail"}
			if err := r.execute(connection.Operation{Kind: connection.Delete, Key: key, DataSource: "email"}).Err; err == nil || errors.Is(err, connection.ErrNotFound) {
				t.Errorf("delete: got error %v, want one that is not ErrNotFound", err)
			}
			if err := r.execute(connection.Operation{Kind: connection.Create, Key: key, Name: "Mail", DataSource: "email"}).Err; !errors.Is(err, connection.ErrConflict) {
				t.Errorf("create: got error %v, want ErrConflict", err)
			}
			if _, there := r.manager.Find("Payments", "Mail"); !there {
				t.Error("the connection is gone, want it kept")
			}
		},
		"C4: POST refuses, conflicts or overwrites": func(t *testing.T) {
			for _, existing := range []string{"refuse", "conflict", "overwrite"} {
				r := newRig(t, twoProjects, behaviour{ExistingName: existing})
				r.mail("Mail")
				p := r.plan()
				r.add("email", "Mail", map[string]any{"host": "somebody's"}) // meanwhile
				result := r.run(p)
				if item := result.Items[0]; item.Outcome != apply.Failed || !strings.Contains(item.Why.String(), "the name is taken") {
					t.Errorf("%s: got %+v, want a failed item because the name is taken", existing, item)
				}
				if there, _ := r.manager.Find("Payments", "Mail"); there.Fields["host"] != "somebody's" {
					t.Errorf("%s: the connection of somebody else was overwritten", existing)
				}
			}
		},
		"C5: a GET shows secrets in clear, as null or as ciphertext": func(t *testing.T) {
			for _, secrets := range []string{"clear", "null", "ciphertext"} {
				r := newRig(t, twoProjects, behaviour{Secrets: secrets})
				r.cycle()
				r.holds("Kept", "password")
				live := r.live("Kept")
				if _, shown := live.Properties["password"]; shown || !slices.Equal(live.WriteOnlyCredentials, []string{"password"}) {
					t.Errorf("%s: got %+v, want a password that is write-only and not shown", secrets, live)
				}
				r.desired[0].Credentials, r.desired[0].Properties["port"] = nil, number(26)
				r.demand(r.refusals(), "would lose password")
				r.holds("Kept", "password")
			}
		},
		"C6: letter case of names counts, or does not": func(t *testing.T) {
			for _, letterCase := range []string{"ignored", "matters"} {
				r := newRig(t, twoProjects, behaviour{LetterCase: letterCase})
				r.mail("Mail")
				r.apply()
				r.desired[0].Name = "MAIL"
				r.demand(r.refusals(), "only in letter case")
				r.moved("Mail", "MAIL")
				r.apply()
				r.holds("MAIL", "password")
			}
		},
		"C7: PUT renames, or refuses to": func(t *testing.T) {
			r := newRig(t, twoProjects, behaviour{RefuseRename: true})
			r.mail("Mail")
			r.apply()
			r.desired[0].Name = "Post"
			r.moved("Mail", "Post")
			r.demand(r.refusals(), "update connection")
			r.holds("Mail", "password")
		},
		"C8: one name under two types is not touched": func(t *testing.T) {
			for _, which := range []string{"first", "last"} {
				r := newRig(t, twoProjects, behaviour{SameName: which})
				r.add("email", "Mail", map[string]any{"host": "one"})
				r.add("syslog", "mail", map[string]any{"syslogServerHostname": "two"})
				r.mail("Mail").Lifecycle.Adopt = true
				r.demand(r.refusals(), "the API cannot address them separately")
			}
		},
		"C8: another type under the name since the plan": func(t *testing.T) {
			r := newRig(t, twoProjects, behaviour{})
			r.mail("Mail")
			r.apply()
			r.desired[0].Properties["port"] = number(25)
			p := r.plan()
			if err := r.manager.Remove("Payments", "Mail"); err != nil {
				t.Fatal(err)
			}
			r.add("syslog", "Mail", map[string]any{"syslogServerHostname": "two"})
			r.demand(r.run(p).Items[0].Why.String(), "of type syslog now, not email")
		},
		"C9: a list is of one type, or mixed": func(t *testing.T) {
			newRig(t, twoProjects, behaviour{MixedLists: true}).cycle()
		},
		"C10: three forms of the detail of a deployment": func(t *testing.T) {
			for _, detail := range []string{"deploymentResults", "environmentResults", "detailList", "none"} {
				for _, deployment := range []string{"fails", "partly"} {
					if detail == "none" && deployment == "partly" {
						continue // nothing says whether it was deployed
					}
					r := newRig(t, twoProjects, behaviour{Deployment: deployment, DeploymentDetail: detail})
					r.mail("Mail")
					result := r.run(r.plan())
					if item := result.Items[0]; item.Outcome != apply.Pending || result.Complete() || !result.Wrote() {
						t.Errorf("%s %s: got %+v, want a pending item in an incomplete run that wrote", deployment, detail, item)
					}
				}
			}
		},
		"C11: to deploy again is to write again": func(t *testing.T) {
			r := newRigWithFaults(t, simulator.Fault{Method: "POST", Deploy: "fails"})
			r.mail("Mail")
			if result := r.run(r.plan()); result.Ledger.Pending != 1 {
				t.Fatalf("got items %+v, want one that is pending", result.Items)
			}
			r.reconnect()
			p := r.plan()
			if len(p.Changes) != 1 || p.Changes[0].Fields[0].Path != "/credentials/password" && p.Changes[0].Fields[0].Path != "/effective" {
				t.Fatalf("the next plan has %+v", p.Changes)
			}
			r.apply()
			if there, _ := r.manager.Find("Payments", "Mail"); !there.Deployed {
				t.Error("the connection is not deployed, want it deployed")
			}
			r.holds("Mail", "password")
		},
		"C12: permission is refused by 403, or by words": func(t *testing.T) {
			for _, dialect := range []simulator.Dialect{simulator.Legacy, simulator.Current} {
				r := newRig(t, `{"token": "token-of-ana", "projects": [{"name": "Payments", "access": "view"}, {"name": "Logs"}]}`, behaviour{Dialect: dialect})
				r.mail("Mail")
				outcome := r.execute(connection.Operation{
					Kind: connection.Create, Key: connection.Key{Space: "Payments", Name: "Mail"}, Name: "Mail", DataSource: "webhook",
					Set: map[string]any{"fullUrl": "https://x.example"},
				})
				if !errors.Is(outcome.Err, connection.ErrForbidden) {
					t.Errorf("%s: got error %v, want ErrForbidden", dialect, outcome.Err)
				}
			}
		},
		"C13: a list that counts more than it holds is incomplete": func(t *testing.T) {
			r := newRig(t, twoProjects, behaviour{PageSize: 1})
			for _, name := range []string{"a", "b"} {
				r.add("email", name, map[string]any{"host": "x"})
			}
			r.mail("Mail")
			r.demand(r.refusals(), "the tenant's list is incomplete")
		},
		"C14: enums are printed as constants, or as Java prints them": func(t *testing.T) {
			r := newRig(t, twoProjects, behaviour{PrintedEnums: true})
			r.declare("ftp", "Drop", map[string]any{"host": "h", "username": "u", "protocol": "FTP"}, "password")
			r.declare("graylog", "Log", map[string]any{"hostname": "h", "gelfMessageLevel": "INFO"})
			r.apply()
			for _, d := range r.desired {
				d.Properties["description"] = "another"
			}
			r.apply()
		},
		"C15: kafka shows the id of a store, or its name": func(t *testing.T) {
			for _, names := range []bool{false, true} {
				r := newRig(t, twoProjects, behaviour{StoreNames: names})
				d := r.declare("kafka", "Events", whole["kafka"].properties)
				r.apply()
				d.Properties["topicName"] = "others"
				r.apply()
			}
		},
		"C16: the id of an LDAP certificate goes through as it is declared": func(t *testing.T) {
			r := newRig(t, twoProjects, behaviour{})
			r.declare("ldap", "Staff", map[string]any{"serverAddress": "s", "username": "u", "baseDn": "dc=x", "useSsl": true, "certificateId": "42"}, "password")
			r.apply()
			if there, _ := r.manager.Find("Payments", "Staff"); there.Fields["certificateId"] != "42" {
				t.Errorf("got fields %+v, want the certificate 42", there.Fields)
			}
		},
		"C17: environments have two paths, and none is asked": func(t *testing.T) {
			r := newRig(t, twoProjects, behaviour{})
			r.cycle()
			for _, request := range r.manager.Requests() {
				if strings.Contains(request.Path, "environments") {
					t.Errorf("got a request of %s, want none of environments", request.Path)
				}
			}
		},
		"C18: fields of samples that do not exist are mistakes, and there is a way to write newer ones": func(t *testing.T) {
			for _, sample := range []struct{ kind, field string }{
				{"database", "driverClassName"}, {"database", "port"}, {"kafka", "bootstrapServers"}, {"snmp", "pduUdpForMessage"}, {"snmp", "enabledUserAuthentication"},
			} {
				if _, known := apinizer.Builtin().DataSources[sample.kind].Properties[sample.field]; known {
					t.Errorf("%s.%s is known, want no such field", sample.kind, sample.field)
				}
			}
			r := newRig(t, `{"token": "token-of-ana", "projects": [{"name": "Payments"}, {"name": "Logs"}], "newerFields": {"email": {"useSsl": false, "circuit": "off"}}}`, behaviour{})
			r.mail("Mail").Properties["extra.useSsl"] = true
			r.apply()
			if err := r.manager.Edit("Payments", "Mail", func(c *inspect.Connection) { c.Fields["circuit"] = "on" }); err != nil {
				t.Fatal(err)
			}
			r.desired[0].Properties["port"] = number(25)
			r.reconnect()
			r.apply()
			if there, _ := r.manager.Find("Payments", "Mail"); there.Fields["useSsl"] != true || there.Fields["circuit"] != "on" {
				t.Errorf("newer fields are lost: got %+v, want useSsl true and circuit on", there.Fields)
			}
		},
		"C19: a rate limit is a status, or only a word": func(t *testing.T) {
			for _, answer := range []func(http.ResponseWriter){
				says(429, `{"status": "FAILURE", "resultMessage": "slow down"}`),
				says(400, `{"error": "rate_limit_exceeded", "error_description": "slow down", "retry_after": 7}`),
				func(w http.ResponseWriter) { w.Header().Set("Retry-After", "7"); w.WriteHeader(503) },
			} {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, twoProjects, behaviour{})
					r.add("webhook", "Mail", map[string]any{"fullUrl": "https://x.example"})
					times := 0
					r.through(map[string]func(http.ResponseWriter){"GET " + mailPath: func(w http.ResponseWriter) {
						if times++; times <= 2 {
							answer(w)
							return
						}
						says(200, `{"status": "SUCCESS", "resultCount": 1, "resultList": [{"type": "webhook", "name": "Mail"}]}`)(w)
					}})
					start := time.Now()
					if r.live("Mail").Unreadable != "" || times != 3 || time.Since(start) < time.Second/4 {
						t.Errorf("got %d requests in %s, want 3 with pauses before the detail is readable", times, time.Since(start))
					}
				})
			}
		},
		"C20: any 2xx with a success in it is one": func(t *testing.T) {
			for _, status := range []int{200, 201, 202} {
				newRig(t, twoProjects, behaviour{WriteStatus: status}).cycle()
			}
		},
	} {
		t.Run(name, test)
	}
}

func newRigWithFaults(t *testing.T, faults ...simulator.Fault) *rig {
	t.Helper()
	r := newRig(t, twoProjects, behaviour{})
	manager, err := inspect.New([]byte(twoProjects), simulator.Options{Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	r.manager = manager
	r.reconnect()
	t.Cleanup(func() {
		if unfired := manager.UnfiredFaults(); len(unfired) > 0 {
			t.Errorf("faults that never fired: %+v", unfired)
		}
	})
	return r
}
