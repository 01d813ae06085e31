package apinizer_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/qlsync/qlsync/pkg/apinizer"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

func TestWhatSomebodyChangesMeanwhileIsNotOverwritten(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.mail("Mail")
	r.apply()
	r.desired[0].Properties["port"] = number(25)
	p := r.plan()
	if err := r.manager.Edit("Payments", "Mail", func(c *inspect.Connection) { c.Fields["host"] = "other.example" }); err != nil {
		t.Fatal(err)
	}
	r.demand(r.run(p).Items[0].Why.String(), "left alone because another person or client changed it after the plan")
	if there, _ := r.manager.Find("Payments", "Mail"); there.Fields["host"] != "other.example" {
		t.Errorf("got fields %+v, want the host that was changed meanwhile", there.Fields)
	}
}

func TestASecretThatIsNotInHandBlocksAWrite(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.mail("Mail")
	r.apply()
	writes := len(r.manager.Writes())
	outcome := r.execute(connection.Operation{
		Kind: connection.Patch, Key: connection.Key{Space: "Payments", Name: "Mail"}, DataSource: "email", Set: map[string]any{"port": number(25)},
	})
	if !errors.Is(outcome.Err, connection.ErrInvalid) || !strings.Contains(outcome.Err.Error(), "the write would clear password and was not sent") {
		t.Errorf("got error %v, want a write that is not sent because it would clear password", outcome.Err)
	}
	if len(r.manager.Writes()) != writes {
		t.Error("a write was sent without the secret in hand, want none")
	}
	r.holds("Mail", "password")
}

func TestTheLossOfASecretCanBeAllowed(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.mail("Mail")
	r.apply()
	d := r.desired[0]
	d.Credentials, d.Properties["port"], d.Lifecycle.RecreateAllowed = nil, number(26), true
	r.apply()
	if there, _ := r.manager.Find("Payments", "Mail"); fmt.Sprint(there.Fields["port"]) != "26" {
		t.Errorf("got fields %+v, want port 26", there.Fields)
	}
}

func TestAnOptionalSecretThatMayBeThereBlocksAdoption(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{Secrets: "null"})
	w := whole["elasticsearch"]
	fields := map[string]any{}
	for name, value := range w.properties {
		fields[name] = value
	}
	for _, name := range w.secrets {
		fields[name] = secretOf(name)
	}
	fields["encryptCommunication"], fields["caTruststoreFilePass"] = true, "by hand"
	r.add("elasticsearch", "Logs", fields)
	d := r.declare("elasticsearch", "Logs", map[string]any{"description": "another"}, w.secrets...)
	delete(d.Credentials, "caTruststoreFilePass")
	d.Lifecycle.Adopt = true
	r.demand(r.refusals(), "caTruststoreFilePass")
	if !r.manager.SecretEquals("Payments", "Logs", "caTruststoreFilePass", "by hand") {
		t.Error("the optional secret is lost by the adoption, want it kept")
	}
}

// A truststore that somebody has uploaded since is not shown.
func TestAnOptionalSecretThatMayHaveBeenAddedBlocksAWrite(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{Secrets: "null"})
	d := r.declare("elasticsearch", "Logs", map[string]any{
		"elasticHostList": []any{map[string]any{"host": "es.example"}}, "authenticate": false,
		"encryptCommunication": true, "encryptCommunicationType": "CA_IN_PEM_FILE",
	}, "caInPemFile")
	r.apply()
	if err := r.manager.Edit("Payments", "Logs", func(c *inspect.Connection) { c.Fields["caTruststoreFilePass"] = "by hand" }); err != nil {
		t.Fatal(err)
	}
	d.Properties["description"] = "another"
	r.reconnect()
	r.demand(r.refusals(), "would lose caTruststoreFile, caTruststoreFilePass, which the service may store but does not show. "+
		"Declare caTruststoreFile and caTruststoreFilePass under credentials, or as null under properties if there is no value")
	if !r.manager.SecretEquals("Payments", "Logs", "caTruststoreFilePass", "by hand") {
		t.Error("the optional secret is lost by the write, want it kept")
	}
	d.Credentials["caTruststoreFilePass"], d.Properties["caTruststoreFile"] = connection.Reference{Env: "caTruststoreFilePass"}, nil
	r.apply()
	for _, secret := range []string{"caInPemFile", "caTruststoreFilePass"} {
		r.holds("Logs", secret)
	}
	delete(d.Credentials, "caTruststoreFilePass")
	d.Properties["description"], d.Properties["caTruststoreFilePass"] = "a third", nil
	r.apply()
	if there, _ := r.manager.Find("Payments", "Logs"); there.Fields["caTruststoreFilePass"] != nil {
		t.Errorf("got fields %+v, want no write while the optional secret is unknown", there.Fields)
	}
	r.holds("Logs", "caInPemFile")
}

func TestASecretThatWasAddedSinceThePlanBlocksAWrite(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{Secrets: "ciphertext"})
	d := r.declare("snmp", "Trap", map[string]any{"version": "V3", "connectionString": "udp:127.0.0.1/162", "pduOidForMessage": "1.3.6"}, "securityOrCommunityName")
	r.apply()
	d.Properties["description"] = "another"
	p := r.plan()
	if err := r.manager.Edit("Payments", "Trap", func(c *inspect.Connection) { c.Fields["authPassphrase"] = "set by hand" }); err != nil {
		t.Fatal(err)
	}
	r.demand(r.run(p).Items[0].Why.String(), "left alone because another person or client changed it after the plan")
	if !r.manager.SecretEquals("Payments", "Trap", "authPassphrase", "set by hand") {
		t.Error("the secret that was added after the plan is lost, want it kept")
	}
}

// The second write, which takes the ownership record away, may not be sent either.
func TestASecretThatWasAddedAfterAWriteIsNotBlanked(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{Secrets: "ciphertext"})
	d := r.declare("snmp", "Mail", map[string]any{"version": "V3", "connectionString": "udp:127.0.0.1/162", "pduOidForMessage": "1.3.6"}, "securityOrCommunityName")
	p := r.plan()
	record := fmt.Sprintf("[qlsync:%s key=%s credentials=%s pending]", testProject,
		connection.KeyDigest(connection.Key{Space: "Payments", Name: "Mail"}), connection.CredentialsRecord(0, d.Credentials, ""))
	r.through(map[string]func(http.ResponseWriter){"POST " + mailPath: func(w http.ResponseWriter) {
		r.add("snmp", "Mail", map[string]any{
			"version": "V3", "connectionString": "udp:127.0.0.1/162", "pduOidForMessage": "1.3.6",
			"securityOrCommunityName": secretOf("securityOrCommunityName"), "authPassphrase": "set by hand", "description": record,
		})
		says(200, `{"status": "SUCCESS", "deploymentResult": {"success": true}}`)(w)
	}})
	item := r.run(p).Items[0]
	r.demand(item.Why.String(), "the write would clear authPassphrase and was not sent")
	if !r.manager.SecretEquals("Payments", "Mail", "authPassphrase", "set by hand") || item.Outcome != apply.Pending {
		t.Errorf("got %+v, want a pending item and the secret that was set by hand", item)
	}
}

func TestAMoveDoesNotLoseOneOfTwoSecrets(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	d := r.declare("snmp", "Trap", whole["snmp"].properties, whole["snmp"].secrets...)
	r.apply()
	delete(d.Credentials, "privPassphrase")
	d.Space = connection.SpaceRef{Name: "Logs"}
	r.moves = []connection.Move{{
		From: connection.MoveEnd{Space: connection.SpaceRef{Name: "Payments"}, Name: "Trap"},
		To:   connection.MoveEnd{Space: d.Space, Name: "Trap"},
	}}
	if p := r.plan(); len(p.Changes) != 1 || p.Changes[0].Refused.Code != "recreate-loses-withheld" {
		t.Errorf("the plan has %+v", p.Changes)
	}
	r.holds("Trap", "privPassphrase")
}

// A GET may show the secret as ciphertext, which must not go back.
func TestASecretThatTheTablesDoNotKnowIsNotSentBack(t *testing.T) {
	r := newRig(t, `{"token": "token-of-ana", "projects": [{"name": "Payments"}, {"name": "Logs"}], "newerFields": {"webhook": {"keyPassword": null}}}`, behaviour{})
	d := r.declare("webhook", "Hook", map[string]any{"fullUrl": "https://x.example"})
	r.apply()
	if err := r.manager.Edit("Payments", "Hook", func(c *inspect.Connection) { c.Fields["keyPassword"] = "Y2lwaGVydGV4dA" }); err != nil {
		t.Fatal(err)
	}
	d.Properties["timeout"] = number(9)
	r.reconnect()
	r.demand(r.refusals(), "would lose extra.keyPassword")
	d.Credentials = map[string]any{"extra.keyPassword": connection.Reference{Env: "keyPassword"}}
	r.reconnect()
	if result := r.run(r.plan()); !result.Complete() {
		t.Errorf("got items %+v, want a complete run", result.Items)
	}
	if there, _ := r.manager.Find("Payments", "Hook"); there.Fields["keyPassword"] != secretOf("keyPassword") || fmt.Sprint(there.Fields["timeout"]) != "9" {
		t.Errorf("got fields %+v, want the stored key password and timeout 9", there.Fields)
	}
}

func TestADescriptionCannotClaimForAnotherProject(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.mail("Mail").Properties["description"] = " Ours [qlsync:other key=0123456789abcdef]\n"
	r.apply()
	r.reconnect()
	if live := r.live("Mail"); live.Record.Project != testProject || live.Properties["description"] != "Ours" {
		t.Errorf("got %+v, want the ownership of this project and the description Ours", live)
	}
}

func TestWhatGaveUpItsMarkSinceThePlanIsNotDeleted(t *testing.T) {
	for _, text := range []any{nil, "Theirs", "Ours"} {
		r := newRig(t, twoProjects, behaviour{})
		r.mail("Mail").Properties["description"] = "Ours"
		r.mail("Other")
		r.apply()
		r.desired, r.policy.Prune = r.desired[1:], connection.PruneOwned
		p := r.plan()
		if err := r.manager.Edit("Payments", "Mail", func(c *inspect.Connection) { c.Fields["description"] = text }); err != nil {
			t.Fatal(err)
		}
		r.demand(r.run(p).Items[0].Why.String(), "left alone because another person or client changed it after the plan")
		r.holds("Mail", "password")
	}
}

func TestASecretOfAMarkedConnectionOfAnotherProjectIsLeftAlone(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.add("email", "Mail", map[string]any{"host": "h", "description": "[qlsync:other key=0123456789abcdef]"})
	r.mail("Mail").Lifecycle.Adopt = true
	r.demand(r.refusals(), `it belongs to project "other"`)
}

func TestAWriteThatAskedForNoDeploymentIsDoneWithAnyAnswer(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{EmptyWhenNotDeployed: true, Deployment: "fails"})
	r.mail("Mail").Properties["deployToWorker"] = false
	r.apply()
}

func TestADeploymentThatIsNotReportedIsNoFailure(t *testing.T) {
	newRig(t, twoProjects, behaviour{Deployment: "unknown"}).cycle()
}

func TestWhatSomebodyElseMadeIsNotTakenForACreateThatBroughtNoAnswer(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.mail("Mail")
	p := r.plan()
	r.through(map[string]func(http.ResponseWriter){"POST " + mailPath: func(w http.ResponseWriter) {
		r.add("email", "Mail", map[string]any{"host": "mail.example", "auth": true, "username": "ana", "password": "theirs"})
		says(500, `{"status": "FAILURE", "resultMessage": "An unexpected error occurred"}`)(w)
	}})
	r.demand(r.run(p).Items[0].Why.String(), "outcome unknown")
	if !r.manager.SecretEquals("Payments", "Mail", "password", "theirs") {
		t.Error("their password is lost")
	}
}

func TestAWriteThatMayHaveHappenedIsUnknownAlsoWhereItsRepetitionIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, twoProjects, behaviour{})
		r.mail("Mail")
		r.apply()
		tries := 0
		r.through(map[string]func(http.ResponseWriter){"PUT " + mailPath: func(w http.ResponseWriter) {
			if tries++; tries == 1 {
				says(500, `{"status": "FAILURE", "resultMessage": "An unexpected error occurred"}`)(w)
				return
			}
			says(400, `{"status": "FAILURE", "resultMessage": "User does not have required permission for this operation!"}`)(w)
		}})
		r.desired[0].Properties["port"] = number(25)
		if item := r.run(r.plan()).Items[0]; item.Outcome != apply.Failed || !item.Unknown || tries != 2 {
			t.Errorf("after %d tries: got %+v, want a failed item of unknown outcome after 2", tries, item)
		}
	})
}

// Nobody has to be there to hear that a gateway was not reached.
func TestWhatReachedNoGatewayIsNotForgotten(t *testing.T) {
	unanswered := func(method string, skip, times int) simulator.Fault {
		return simulator.Fault{Method: method, Skip: skip, Times: times, Cut: "after", Deploy: "fails"}
	}
	for name, test := range map[string]struct {
		faults  []simulator.Fault
		pending int // how many plans find what is not in effect
	}{
		"a create whose answer is lost":           {[]simulator.Fault{unanswered("POST", 0, 1)}, 0},
		"a create that is never answered":         {[]simulator.Fault{unanswered("POST", 0, 1), unanswered("PUT", 0, 4)}, 1},
		"an update whose answer is lost":          {[]simulator.Fault{unanswered("PUT", 1, 1)}, 0},
		"an update that is never answered":        {[]simulator.Fault{unanswered("PUT", 1, 4)}, 1},
		"a second try that is never answered":     {[]simulator.Fault{{Method: "PUT", Skip: 1, Deploy: "fails"}, unanswered("PUT", 1, 4)}, 2},
		"a rename whose answer is lost":           {[]simulator.Fault{unanswered("PUT", 3, 1)}, 0},
		"a rename that is never answered":         {[]simulator.Fault{unanswered("PUT", 3, 5)}, 1},
		"a mark that cannot be taken away":        {[]simulator.Fault{{Method: "PUT", Cut: "before", Times: 4}}, 1},
		"a mark whose removal reaches no gateway": {[]simulator.Fault{{Method: "PUT", Deploy: "fails"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRigWithFaults(t, test.faults...)
				pending := 0
				settle := func() {
					for range 4 {
						p := r.plan()
						if p.Empty() {
							return
						}
						if slices.ContainsFunc(p.Changes[0].Fields, func(f plan.Field) bool { return f.Path == "/effective" }) {
							pending++
						}
						r.run(p)
						r.reconnect()
					}
					t.Fatal("the manager does not settle within the applies, want every connection in effect")
				}
				r.mail("Mail")
				settle()
				r.desired[0].Properties["port"] = number(25)
				settle()
				r.desired[0].Name = "Post"
				r.moved("Mail", "Post")
				settle()
				if pending != test.pending {
					t.Errorf("%d plans find what is not in effect, not %d", pending, test.pending)
				}
				if there, _ := r.manager.Find("Payments", "Post"); !there.Deployed {
					t.Error("the connection is not deployed, want it deployed")
				}
				r.holds("Post", "password")
			})
		})
	}
}

func TestAMarkThatIsTakenAwayWithoutAnAnswerIsTakenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRigWithFaults(t, simulator.Fault{Method: "PUT", Cut: "after", Times: 4})
		r.mail("Mail")
		r.apply()
	})
}

func TestADescriptionThatLeavesNoRoomForTheMarkIsRefused(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{ConsoleRules: true})
	r.add("webhook", "Hook", map[string]any{"fullUrl": "https://x.example", "description": strings.Repeat("ü", 1000)})
	r.add("webhook", "Short", map[string]any{"fullUrl": "https://x.example", "description": strings.Repeat("ü", 700)})
	d := r.declare("webhook", "Hook", map[string]any{"fullUrl": "https://x.example"})
	r.demand(r.refusals(), "its description is too long to add the ownership record. Shorten it in the console, or declare description in the file")
	d.Properties["description"], d.Lifecycle.Adopt = "Ours", true
	r.declare("webhook", "Short", map[string]any{"fullUrl": "https://x.example"})
	r.apply()
}

func TestTheMarkCanBeTakenOff(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.declare("webhook", "Hook", map[string]any{"fullUrl": "https://x.example", "description": "Ours"})
	r.apply()
	there, _ := r.manager.Find("Payments", "Hook")
	if text, _ := there.Fields["description"].(string); !strings.HasPrefix(text, "Ours\n[qlsync:shop key=") {
		t.Errorf("got description %q, want Ours and the ownership record", text)
	}
	if err := r.manager.Edit("Payments", "Hook", func(c *inspect.Connection) { c.Fields["description"] = "Ours" }); err != nil {
		t.Fatal(err)
	}
	if live := r.live("Hook"); live.Record != (connection.Record{}) || live.Properties["description"] != "Ours" {
		t.Errorf("got %+v, want no ownership record and the description Ours", live)
	}
}

func TestWithoutMarksWhatIsDeclaredIsOursAndDescriptionsStayAsTheyAre(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.policy.Prune = connection.PruneNone
	r.add("webhook", "Hook", map[string]any{"fullUrl": "https://x.example", "description": "Theirs"})
	r.add("webhook", "Rest", map[string]any{"fullUrl": "https://y.example"})
	r.declare("webhook", "Hook", map[string]any{"fullUrl": "https://z.example"})
	r.mail("Mail")
	r.connectWithoutRecords()
	p := r.plan()
	if result := r.run(p); !result.Complete() {
		t.Fatalf("got items %+v, want a complete run", result.Items)
	}
	if sent := len(r.manager.Writes()); sent != p.Estimate.Tier2Calls {
		t.Errorf("%d writes were sent, and %d planned", sent, p.Estimate.Tier2Calls)
	}
	r.connectWithoutRecords()
	if p := r.plan(); !p.Empty() {
		t.Errorf("planning again finds %+v", p.Changes)
	}
	if there, _ := r.manager.Find("Payments", "Hook"); there.Fields["description"] != "Theirs" || there.Fields["fullUrl"] != "https://z.example" {
		t.Errorf("got fields %+v, want their description and the declared URL", there.Fields)
	}
	if there, _ := r.manager.Find("Payments", "Mail"); there.Fields["description"] != nil {
		t.Errorf("got fields %+v, want no description", there.Fields)
	}
	r.holds("Mail", "password")

	// Nothing is recorded, so a rotation is asked for.
	r.rotate, r.secret = []connection.Key{{Space: "Payments", Name: "Mail"}}, rotated
	r.connectWithoutRecords()
	writes := len(r.manager.Writes())
	if result := r.run(r.plan()); !result.Complete() || len(r.manager.Writes()) != writes+1 {
		t.Errorf("got %d writes and %+v, want one write in a complete run", len(r.manager.Writes())-writes, result.Items)
	}
	if there, _ := r.manager.Find("Payments", "Mail"); there.Fields["description"] != "" || !r.manager.SecretEquals("Payments", "Mail", "password", rotated("password")) {
		t.Errorf("got fields %+v, want an empty description and the rotated password", there.Fields)
	}

	// A value that is only recorded is not a difference.
	yes := true
	r.rotate, r.desired[1].Lifecycle.PreventDestroy, r.desired[1].Sensitive = nil, &yes, []string{"addressToTest"}
	r.connectWithoutRecords()
	if p := r.plan(); !p.Empty() {
		t.Errorf("got changes %+v, want none: only unrecorded values differ", p.Changes)
	}
}

func TestWhatARecordLiftsIsShownOnceItWasWritten(t *testing.T) {
	r := newRig(t, `{"token": "token-of-ana", "projects": [{"name": "Payments"}, {"name": "Logs"}], "newerFields": {"webhook": {"sessionKeyHint": null}}}`, behaviour{})
	d := r.declare("webhook", "Hook", map[string]any{"fullUrl": "https://x.example"})
	r.apply()
	if err := r.manager.Edit("Payments", "Hook", func(c *inspect.Connection) {
		c.Fields["headerList"], c.Fields["sessionKeyHint"] = []any{map[string]any{"name": "X-Session-Group", "value": "canary"}}, "canary"
	}); err != nil {
		t.Fatal(err)
	}
	d.Properties = map[string]any{
		"fullUrl": "https://x.example", "extra.sessionKeyHint": "public",
		"headerList": []any{map[string]any{"name": "X-Session-Group", "value": "green"}},
	}
	d.NotSensitive, d.UnknownAllowed = []string{"headerList", "extra.sessionKeyHint"}, true
	r.reconnect()
	p := r.plan()
	if strings.Contains(connection.Canonical(p), "canary") || len(p.Changes) != 1 || p.Changes[0].Refused.Holds() {
		t.Fatalf("before the record: %s", connection.Canonical(p))
	}
	r.apply()
	live := r.live("Hook")
	if len(connection.Secrets(live.Properties)) > 0 || live.Properties["extra.sessionKeyHint"] != "public" {
		t.Errorf("got %v after the record was written, want the value public shown", live.Properties)
	}
	r.connectWithoutRecords()
	if live := r.live("Hook"); live.Record.NotSensitive != "" || len(connection.Secrets(live.Properties["headerList"])) != 1 {
		t.Errorf("without marks: %+v", live)
	}
}

// A person who may change the files may change "ownership" too.
func TestWhatARecordHidesStaysHiddenWithoutMarks(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	d := r.declare("syslog", "Audit", map[string]any{"syslogServerHostname": "syslog.example"}, "syslogMessageHostname")
	d.Sensitive = []string{"syslogMessageHostname"}
	r.apply()
	d.Sensitive, d.Credentials, d.Properties["syslogMessageHostname"] = nil, nil, "guess"
	r.connectWithoutRecords()
	if p := r.plan(); len(p.Changes) != 1 || strings.Contains(connection.Canonical(p), secretOf("syslogMessageHostname")) {
		t.Errorf("got changes %+v, want one that does not show the recorded secret", p.Changes)
	}
}

func TestAUserSignsInForTokensAndRenewsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seed = `{"token": "token-of-ana", "user": {"name": "ana", "password": "open sesame"}, "projects": [{"name": "Payments"}, {"name": "Logs"}]}`
		manager, err := inspect.New([]byte(seed), simulator.Options{Faults: []simulator.Fault{{Method: "GET", Path: "/apiops/projects/", Skip: 1, ExpireToken: true}}})
		if err != nil {
			t.Fatal(err)
		}
		provider, err := apinizer.New(apinizer.Config{
			URL:        "http://127.0.0.1:8080",
			Auth:       apinizer.Auth{User: connection.NewSecret("ana"), Password: connection.NewSecret("open sesame")},
			HTTPClient: &http.Client{Transport: inProcess{manager}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := provider.Snapshot(t.Context(), connection.Scope{}); err != nil {
				t.Fatal(err)
			}
		}
		if left := manager.UnfiredFaults(); len(left) > 0 {
			t.Errorf("never fired: %v", left)
		}
	})
}

func TestAWrongSignInIsReportedWithoutTheSecret(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	for name, auth := range map[string]apinizer.Auth{
		"a token": {Token: connection.NewSecret("no such token")},
		"a user":  {User: connection.NewSecret("ana"), Password: connection.NewSecret("no such password")},
	} {
		provider, err := apinizer.New(apinizer.Config{URL: "http://127.0.0.1:8080", Auth: auth, HTTPClient: &http.Client{Transport: inProcess{r.manager}}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = provider.Snapshot(t.Context(), connection.Scope{})
		if !errors.Is(err, connection.ErrUnauthorized) || strings.Contains(err.Error(), "no such") {
			t.Errorf("%s: got error %v, want ErrUnauthorized without the secret", name, err)
		}
	}
}

func TestFaultsOfTheNetworkAreSettled(t *testing.T) {
	for name, fault := range map[string]simulator.Fault{
		"a create is cut before it is served":  {Method: "POST", Cut: "before"},
		"a create is cut behind":               {Method: "POST", Cut: "after"},
		"an update is cut behind":              {Method: "PUT", Cut: "after"},
		"a rename is cut behind":               {Method: "PUT", Skip: 1, Cut: "after"},
		"a delete is cut behind":               {Method: "DELETE", Cut: "after"},
		"a server fails an update":             {Method: "PUT", Status: 500},
		"a create is answered with a message":  {Method: "POST", Answer: `{"message": "maintenance"}`},
		"a create is answered with nothing":    {Method: "POST", Answer: `{}`, Served: true},
		"an update is answered with null":      {Method: "PUT", Answer: `null`},
		"an update is answered with nothing":   {Method: "PUT", Answer: `{}`, Served: true},
		"a rename is answered with nothing":    {Method: "PUT", Skip: 1, Answer: `{}`, Served: true},
		"a delete is answered with a message":  {Method: "DELETE", Answer: `{"message": "maintenance"}`},
		"a delete is answered with nothing":    {Method: "DELETE", Answer: `{}`, Served: true},
		"a proxy answers a read":               {Method: "GET", Skip: 20, Status: 502, Body: "<html>bad gateway</html>"},
		"the answer of a list is cut half-way": {Method: "GET", Path: "/apiops/projects/*/connections/", Truncate: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRigWithFaults(t, fault)
				step := func() {
					for round := 0; ; round++ {
						r.reconnect()
						p := r.plan()
						if p.Empty() {
							return
						}
						if round > 2 {
							t.Fatalf("not settled: %+v", p.Changes)
						}
						r.run(p)
					}
				}
				r.mail("Mail")
				r.mail("Rest")
				step()
				r.desired[0].Properties["port"] = number(25)
				step()
				r.desired[0].Name = "Post"
				r.moved("Mail", "Post")
				step()
				r.holds("Post", "password")
				r.desired = r.desired[:1]
				step()
				if all := r.manager.Connections(); len(all) != 1 {
					t.Errorf("got connections %+v, want one", all)
				}
			})
		})
	}
}

func TestAnInterruptSendsNothingMore(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	r.mail("Mail")
	stop := make(chan struct{})
	close(stop)
	result, err := apply.Run(t.Context(), r.plan(), apply.Options{Execute: r.provider.Execute, ExecuteGroup: r.provider.ExecuteGroup, Stop: stop, Resolve: func(connection.Reference) (connection.Secret, error) {
		return connection.NewSecret("x"), nil
	}})
	if err != nil || result.Ledger.Skipped != 1 || len(r.manager.Writes()) != 0 {
		t.Errorf("got %+v, error %v; want one skipped item and no write", result, err)
	}
}

func TestAProjectThatTheTokenDoesNotSeeIsNoEmptyProject(t *testing.T) {
	r := newRig(t, `{"token": "token-of-ana", "projects": [{"name": "Payments", "access": "none"}, {"name": "Logs"}]}`, behaviour{})
	for _, space := range r.snapshot().Spaces {
		if space.Name == "Payments" {
			t.Error("a project that the token does not see is listed")
		}
	}
}

func TestAnErrorQuotesTheNameOfTheTrialOfARecreate(t *testing.T) {
	const trial = "qlsync-new-52333d0ec8984f25"
	synctest.Test(t, func(t *testing.T) {
		r := newRigWithFaults(t, simulator.Fault{Method: http.MethodDelete, Path: "/apiops/projects/Payments/connections/" + trial + "/", Cut: "before", Times: 4})
		d := r.mail("Mail")
		r.apply()
		d.Properties["port"], d.Lifecycle.Update = number(25), connection.UpdateRecreate
		r.demand(r.run(r.plan()).Items[0].Why.String(), "/connections/"+trial+"/: ")
	})
}

func TestASecretInADescriptionIsNotQuotedByAnErrorAndTheRecordIs(t *testing.T) {
	const secret = "AKIAIOSFODNN7EXAMPLE"
	r := newRig(t, twoProjects, behaviour{})
	r.mail("Mail").Properties["description"] = "password=" + secret
	p := r.plan()
	r.through(map[string]func(http.ResponseWriter){
		"POST " + mailPath: says(400, `{"status": "FAILURE", "resultMessage": "cannot take password=`+secret+` with key=52333d0ec8984f25"}`),
	})
	got := r.run(p).Items[0].Why.String()
	r.demand(got, "key=52333d0ec8984f25")
	if strings.Contains(got, secret) {
		t.Errorf("the error quotes the secret: %s", got)
	}
}
