package apinizer_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	simulator "github.com/qlsync/qlsync/pkg/simulator/apinizer"
)

var trap = connection.Key{Space: "Payments", Name: "Trap"}

// rotated returns the value of a reference after a rotation.
func rotated(name string) string { return secretOf("rotated " + name) }

// newTrap makes a connection with two secrets, and records a fingerprint of them.
func newTrap(t *testing.T, b behaviour) *rig {
	t.Helper()
	r := newRig(t, twoProjects, b)
	r.recordTrap()
	return r
}

func (r *rig) recordTrap() {
	r.t.Helper()
	r.declare("snmp", "Trap", whole["snmp"].properties, whole["snmp"].secrets...)
	r.fingerprints = map[connection.Key]plan.Fingerprint{trap: {Fresh: "key:salt:one"}}
	r.apply()
}

// written applies and returns the bodies of what was written.
func (r *rig) written() []map[string]any {
	r.t.Helper()
	var bodies []map[string]any
	r.reconnect()
	provider, err := connect(r.manager, testProject, &http.Client{Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method != http.MethodGet {
			text, _ := io.ReadAll(q.Body)
			q.Body = io.NopCloser(strings.NewReader(string(text)))
			body := map[string]any{}
			if err := json.Unmarshal(text, &body); err != nil {
				r.t.Error(err)
			}
			bodies = append(bodies, body)
		}
		r.manager.ServeHTTP(w, q)
	})}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.provider = provider
	if result := r.run(r.plan()); !result.Complete() {
		r.t.Errorf("not complete: %+v", result.Items)
	}
	return bodies
}

// TestAWriteOfARotationHoldsEverything: all secrets of the connection and the record of
// them go in each request, with or without secrets in a GET.
func TestAWriteOfARotationHoldsEverything(t *testing.T) {
	for _, dialect := range []simulator.Dialect{simulator.Current, simulator.Legacy} {
		for _, shows := range []string{"", "clear", "null", "ciphertext"} {
			for name, rotate := range map[string]func(*rig){
				"a value behind its references": func(r *rig) {
					r.fingerprints[trap] = plan.Fingerprint{Fresh: "key:salt:two", Changed: true}
				},
				"asked for": func(r *rig) {
					r.rotate, r.fingerprints[trap] = []connection.Key{trap}, plan.Fingerprint{Fresh: "key:salt:two", Changed: true}
				},
				"another version": func(r *rig) {
					r.desired[0].CredentialsVersion++
					r.fingerprints[trap] = plan.Fingerprint{Fresh: "key:salt:two", Changed: true}
				},
			} {
				t.Run(string(dialect)+", shows "+shows+", "+name, func(t *testing.T) {
					r := newTrap(t, behaviour{Dialect: dialect, Secrets: shows})
					before := r.live("Trap")
					if bodies := r.written(); len(bodies) != 0 {
						t.Errorf("nothing has changed, and %d writes", len(bodies))
					}
					rotate(r)
					r.secret = rotated
					bodies := r.written()
					if want := r.snapshot().Capabilities.Costs[connection.Patch].Writes; len(bodies) != want {
						t.Fatalf("%d writes, not %d", len(bodies), want)
					}
					for _, body := range bodies {
						for _, secret := range whole["snmp"].secrets {
							if body[secret] != rotated(secret) {
								t.Errorf("%s is not the new one", secret)
							}
						}
						r.demand(body["description"].(string), "fingerprint=key:salt:two")
					}
					for _, secret := range whole["snmp"].secrets {
						if !r.manager.SecretEquals("Payments", "Trap", secret, rotated(secret)) {
							t.Errorf("%s is not the new one", secret)
						}
					}
					after := r.live("Trap")
					if after.Record.Fingerprint != "key:salt:two" || after.Record.Key != before.Record.Key || after.Record.Project != testProject {
						t.Errorf("the record was %+v and is %+v, want only the fingerprint changed to key:salt:two", before.Record, after.Record)
					}
					if got, want := connection.Canonical(after.Properties), connection.Canonical(before.Properties); got != want {
						t.Errorf("the properties were %s and are %s, want no change by a rotation", want, got)
					}
					r.rotate, r.fingerprints[trap] = nil, plan.Fingerprint{Fresh: "key:salt:two"}
					if bodies := r.written(); len(bodies) != 0 {
						t.Errorf("all is done, and %d writes", len(bodies))
					}
				})
			}
		}
	}
}

// TestARotationThatIsNotInEffectIsWrittenAgain: the record holds the saved
// credentials and that they are not on the gateways.
func TestARotationThatIsNotInEffectIsWrittenAgain(t *testing.T) {
	r := newRigWithFaults(t, simulator.Fault{Method: "PUT", Deploy: "fails"}, simulator.Fault{Method: "PUT", Deploy: "fails"})
	r.recordTrap()
	r.fingerprints[trap], r.secret = plan.Fingerprint{Fresh: "key:salt:two", Changed: true}, rotated
	if result := r.run(r.plan()); result.Ledger.Pending != 1 {
		t.Fatalf("got items %+v, want one that is pending", result.Items)
	}
	r.reconnect()
	if record := r.live("Trap").Record; !record.Pending || record.Fingerprint != "key:salt:two" {
		t.Errorf("got record %+v, want a pending one with key:salt:two", record)
	}
	r.fingerprints[trap] = plan.Fingerprint{Fresh: "key:salt:two"}
	if bodies := r.written(); len(bodies) == 0 {
		t.Error("the rotation was not written again, want one write")
	}
	if record := r.live("Trap").Record; record.Pending || record.Fingerprint != "key:salt:two" {
		t.Errorf("got record %+v, want one with key:salt:two that is not pending", record)
	}
	r.empty()
}

func TestARotationThatWouldBlankAnotherSecretIsRefused(t *testing.T) {
	r := newTrap(t, behaviour{})
	delete(r.desired[0].Credentials, "privPassphrase")
	r.rotate = []connection.Key{trap}
	r.reconnect()
	writes := len(r.manager.Writes())
	r.demand(r.refusals(), "would lose privPassphrase")
	if len(r.manager.Writes()) != writes {
		t.Error("a write that would blank a secret was sent, want none")
	}
	r.holds("Trap", "privPassphrase")
}
