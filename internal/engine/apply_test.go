package engine

import (
	"errors"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

func TestARefusalHasTheCodeOfItsReason(t *testing.T) {
	with := func(hosts string) error {
		lookup := func(string) (string, bool) { return hosts, true }
		s := &Session{host: &Host{Lookup: lookup}, tenant: &spec.Tenant{Name: "prod", URL: "https://acme.example"}}
		return s.checkHost()
	}
	tooMany := &plan.Plan{Refusal: &plan.Refusal{Reason: connection.Because("too-many-deletes")}}
	for want, err := range map[string]error{
		"no-host-listed":   with(""),
		"host-not-listed":  with("other.example"),
		"too-many-deletes": (&Session{}).Check(tooMany, nil, ""),
	} {
		refusal, ok := errors.AsType[*Refusal](err)
		if !ok || refusal.Reason.Code != want {
			t.Errorf("got the error %v, want a refusal with the code %q", err, want)
		}
	}
}

func TestAnEntryForADomainListsItsHostsOnly(t *testing.T) {
	const entry = "*.eu.qlikcloud.com"
	for host, want := range map[string]bool{
		"acme.eu.qlikcloud.com": true, "ACME.EU.qlikcloud.com": true, "a.b.eu.qlikcloud.com": true,
		"eu.qlikcloud.com": false, ".eu.qlikcloud.com": false, "evileu.qlikcloud.com": false, "acme.us.qlikcloud.com": false,
		"acme.eu.qlikcloud.com.evil.example": false, "acme.eu.qlikcloud.com:8443": false,
	} {
		lookup := func(string) (string, bool) { return entry, true }
		s := &Session{host: &Host{Lookup: lookup}, tenant: &spec.Tenant{Name: "prod", URL: "https://" + host}}
		if err := s.checkHost(); (err == nil) != want {
			t.Errorf("%s for %s: got %v, want listed: %t", entry, host, err, want)
		}
	}
}
