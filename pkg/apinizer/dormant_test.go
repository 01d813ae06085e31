package apinizer_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/inspect"
)

// A GET shows null for a secret that is stored and not in use, and a PUT clears it.
func TestATakeoverThatWouldClearASecretThatIsNotInUseIsRefused(t *testing.T) {
	hosts := []any{map[string]any{"host": "h"}}
	for kind, test := range map[string]struct {
		fields map[string]any
		secret string
	}{
		"database":      {map[string]any{"dbType": "ORACLE", "jdbcUrl": "jdbc:oracle:x", "useCredentials": false}, "password"},
		"email":         {map[string]any{"host": "h", "auth": false}, "password"},
		"rabbitMq":      {map[string]any{"hostPortList": hosts}, "connectionFactoryPassword"},
		"elasticsearch": {map[string]any{"elasticHostList": hosts, "authenticate": false}, "elasticPassword"},
		"activeMq": {map[string]any{
			"activeMqConnectionProtocolType": "TCP", "brokerURL": "tcp://b", "destinationType": "QUEUE", "destinationName": "q",
		}, "password"},
		"graylog": {map[string]any{"hostname": "h"}, "tlsTrustCertChainFile"},
	} {
		t.Run(kind, func(t *testing.T) {
			r := newRig(t, twoProjects, behaviour{Secrets: "null"})
			stored := maps.Clone(test.fields)
			stored[test.secret] = secretOf(test.secret)
			r.add(kind, "One", stored)
			d := r.declare(kind, "One", maps.Clone(test.fields))
			d.Lifecycle.Adopt = true
			r.demand(r.refusals(), test.secret)
			if !r.manager.SecretEquals("Payments", "One", test.secret, secretOf(test.secret)) {
				t.Error("the secret that is not in use is lost, want it kept")
			}

			// A write with the secret in hand keeps it; for the others the plan says that there is none.
			d.Credentials = map[string]any{test.secret: connection.Reference{Env: test.secret}}
			for _, name := range r.live("One").WriteOnlyCredentials {
				if name != test.secret {
					d.Properties[name] = nil
				}
			}
			r.apply()
			if !r.manager.SecretEquals("Payments", "One", test.secret, secretOf(test.secret)) {
				t.Error("the secret is lost by a takeover that carries it")
			}
		})
	}
}

// The plan saw a connection of ours; somebody has made another one by hand since.
func TestASecretThatIsNotInUseIsNotClearedByAWriteThatTheOwnershipRecordWasTakenFrom(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{Secrets: "null"})
	d := r.declare("email", "Mail", map[string]any{"host": "h"})
	r.apply()
	d.Properties["port"] = number(26)
	p := r.plan()
	if err := r.manager.Edit("Payments", "Mail", func(c *inspect.Connection) {
		c.Fields["description"], c.Fields["password"] = nil, "by hand"
	}); err != nil {
		t.Fatal(err)
	}
	r.reconnect() // as the plan is applied by another process
	r.demand(r.run(p).Items[0].Why.String(), "the write would clear password and was not sent")
	if !r.manager.SecretEquals("Payments", "Mail", "password", "by hand") {
		t.Error("the password that was set by hand is lost, want it kept")
	}
}

// The newest documents say true, older ones false; of authenticate, each of two pages says
// the other.
func TestAFieldThatIsAbsentIsComparedAsTheManagerTakesIt(t *testing.T) {
	for name, test := range map[string]struct {
		declared map[string]any
		differs  bool
	}{
		"authenticate: false":                {map[string]any{"authenticate": false}, true},
		"no authenticate":                    {map[string]any{}, false},
		"disableHostnameVerification: false": {map[string]any{"disableHostnameVerification": false}, true},
		"disableHostnameVerification: true":  {map[string]any{"disableHostnameVerification": true}, false},
	} {
		for _, asSent := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				r := newRig(t, twoProjects, behaviour{AsSent: asSent})
				d := r.declare("elasticsearch", "Logs", map[string]any{"elasticHostList": []any{map[string]any{"host": "es"}}})
				r.apply()
				maps.Copy(d.Properties, test.declared)
				d.Properties["elasticPassword"] = nil // authenticate is not known, so there may be one
				changes := r.plan().Changes
				if got := len(changes) == 1; got != test.differs {
					t.Fatalf("the plan has %+v", changes)
				}
				if test.differs {
					r.apply()
				}
			})
		}
	}
}

// Whether an elasticsearch connection authenticates that never said so is not known.
func TestAPasswordThatMayBeInUseBlocksAWrite(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{Secrets: "null", AsSent: true})
	d := r.declare("elasticsearch", "Logs", map[string]any{"elasticHostList": []any{map[string]any{"host": "es"}}})
	r.apply()
	if err := r.manager.Edit("Payments", "Logs", func(c *inspect.Connection) { c.Fields["elasticPassword"] = "by hand" }); err != nil {
		t.Fatal(err)
	}
	r.reconnect()
	d.Properties["indexName"] = "traffic"
	r.demand(r.refusals(), "would lose elasticPassword")
}

// The page of snmp says that the community is shown. Where it is not, there is one.
func TestARequiredSecretThatIsNotShownIsNotBlanked(t *testing.T) {
	r := newRig(t, twoProjects, behaviour{})
	fields := map[string]any{"version": "V2c", "connectionString": "udp:h/162", "pduOidForMessage": "1.3"}
	d := r.declare("snmp", "Trap", fields, "securityOrCommunityName")
	r.apply()
	if err := r.manager.Edit("Payments", "Trap", func(c *inspect.Connection) { c.Fields["securityOrCommunityName"] = nil }); err != nil {
		t.Fatal(err)
	}
	r.reconnect()
	if live := r.live("Trap"); !slices.Equal(live.WriteOnlyCredentials, []string{"securityOrCommunityName"}) {
		t.Errorf("got write-only %q, want securityOrCommunityName", live.WriteOnlyCredentials)
	}
	d.Credentials, d.Properties["description"] = nil, "another"
	r.demand(r.refusals(), "would lose securityOrCommunityName")
}

// An export declares the credentials that a connection uses.
func TestWhatAConnectionUsesOfItsCredentials(t *testing.T) {
	snmp := func(more map[string]any) map[string]any {
		fields := map[string]any{
			"connectionString": "udp:h/162", "pduOidForMessage": "1.3", "securityOrCommunityName": "made-up",
			"usmUserAuthenticationProtocol": "AuthSHA", "usmUserPrivacyProtocol": "PrivAES128",
		}
		maps.Copy(fields, more)
		return fields
	}
	const user, auth, priv = "securityOrCommunityName", "authPassphrase", "privPassphrase"
	for name, test := range map[string]struct {
		fields      map[string]any
		used, other []string
	}{
		"a community": {snmp(map[string]any{"version": "V2c"}), []string{user}, []string{auth, priv}},
		"no level":    {snmp(map[string]any{"version": "V3", "securityLevel": "NOAUTH_NOPRIV"}), []string{user}, []string{auth, priv}},
		"one passphrase": {
			snmp(map[string]any{"version": "V3", "securityLevel": "AUTH_NOPRIV", auth: "made-up-1"}),
			[]string{auth, user},
			[]string{priv},
		},
		"both": {
			snmp(map[string]any{"version": "V3", "securityLevel": "AUTH_PRIV", auth: "made-up-1", priv: "made-up-2"}),
			[]string{auth, priv, user},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, twoProjects, behaviour{})
			r.add("snmp", "Trap", test.fields)
			live := r.live("Trap")
			others := slices.DeleteFunc(slices.Clone(live.WriteOnlyCredentials), func(name string) bool { return slices.Contains(live.InUse, name) })
			if !slices.Equal(live.InUse, test.used) || !slices.Equal(others, test.other) && len(others)+len(test.other) > 0 {
				t.Errorf("in use %q, not in use %q", live.InUse, others)
			}
		})
	}
}
