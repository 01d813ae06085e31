package apinizer_test

import (
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// Where a GET shows that a masked field is set, the read before a write and before a delete
// notices that somebody has set or cleared it after the plan.
func TestASecretThatSomebodyTypedInAfterThePlanIsNoticedBeforeAWriteAndBeforeADelete(t *testing.T) {
	trap := map[string]any{"version": "V3", "connectionString": "udp:127.0.0.1/162", "pduOidForMessage": "1.3.6"}
	logs := map[string]any{
		"elasticHostList": []any{map[string]any{"host": "es.example"}}, "authenticate": false,
		"encryptCommunication": true, "encryptCommunicationType": "CA_IN_PEM_FILE", "caTruststoreFile": nil, "caTruststoreFilePass": nil,
	}
	mail := map[string]any{"host": "mail.example", "auth": true, "username": "ana"}
	for name, test := range map[string]struct {
		kind    string
		fields  map[string]any
		secrets []string
		field   string // what somebody types into
		text    string // empty: somebody clears it
	}{
		"a secret that is not in use is set": {"snmp", trap, []string{"securityOrCommunityName"}, "authPassphrase", "set by hand"},
		"a certificate is set":               {"elasticsearch", logs, []string{"caInPemFile"}, "caTruststoreFile", "c2V0IGJ5IGhhbmQ="},
		"a secret in use is cleared":         {"email", mail, []string{"password"}, "password", ""},
	} {
		for _, write := range []string{"an update", "a delete", "a move"} {
			t.Run(name+" before "+write, func(t *testing.T) {
				r := newRig(t, twoProjects, behaviour{Secrets: "ciphertext"})
				r.declare(test.kind, "One", test.fields, test.secrets...)
				r.mail("Other")
				r.apply()
				d := &r.desired[0]
				switch write {
				case "an update":
					d.CredentialsVersion = 1
				case "a move":
					d.Space = connection.SpaceRef{Name: "Logs"}
					r.moves = []connection.Move{{
						From: connection.MoveEnd{Space: connection.SpaceRef{Name: "Payments"}, Name: "One"}, To: connection.MoveEnd{Space: d.Space, Name: "One"},
					}}
				case "a delete":
					r.desired = r.desired[1:]
				}
				p := r.plan()
				if len(p.Changes) != 1 || p.Changes[0].Refused.Holds() {
					t.Fatalf("got the changes %+v, want one that is not refused", p.Changes)
				}
				if err := r.manager.TypeIn("Payments", "One", test.field, test.text); err != nil {
					t.Fatal(err)
				}
				r.demand(r.run(p).Items[0].Why.String(), connection.ErrChanged.Error())
				if !r.manager.SecretEquals("Payments", "One", test.field, test.text) {
					t.Errorf("%s was overwritten, want the value that somebody typed in", test.field)
				}
			})
		}
	}
}

// A field that the tables do not know is masked if its name is that of a secret.
func TestASecretOfANewerManagerThatSomebodySetAfterThePlanIsNoticedBeforeADelete(t *testing.T) {
	r := newRig(t, `{"token": "token-of-ana", "projects": [{"name": "Payments"}, {"name": "Logs"}], "newerFields": {"webhook": {"keyPassword": null}}}`, behaviour{})
	r.declare("webhook", "Hook", map[string]any{"fullUrl": "https://x.example"})
	r.mail("Other")
	r.apply()
	r.desired = r.desired[1:]
	p := r.plan()
	if err := r.manager.Edit("Payments", "Hook", func(c *inspect.Connection) { c.Fields["keyPassword"] = "Y2lwaGVydGV4dA" }); err != nil {
		t.Fatal(err)
	}
	r.demand(r.run(p).Items[0].Why.String(), connection.ErrChanged.Error())
	if _, there := r.manager.Find("Payments", "Hook"); !there {
		t.Error("the connection is deleted, and with it the secret that somebody set")
	}
}

// Environment variables in a masked field are shown, and are not secret.
func TestAnEnvironmentVariableThatSomebodyChangedAfterThePlanIsNoticed(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{Secrets: "clear"})
	r.secret = func(string) string { return "${MAIL_PASSWORD}" }
	r.mail("Mail")
	r.mail("Other")
	r.apply()
	r.desired = r.desired[1:]
	p := r.plan()
	if err := r.manager.TypeIn("Payments", "Mail", "password", "${OTHER_PASSWORD}"); err != nil {
		t.Fatal(err)
	}
	r.demand(r.run(p).Items[0].Why.String(), connection.ErrChanged.Error())
}
