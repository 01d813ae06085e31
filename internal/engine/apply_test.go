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
