package qlik_test

import (
	"errors"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/qlik"
)

func TestATenantReturnsItsIDOrWhyNot(t *testing.T) {
	for name, test := range map[string]struct {
		answer  route
		id      string
		unknown string
		err     error
		reads   int
	}{
		"it does":                  {answer: always(200, `{"id": "t1", "name": "acme"}`), id: "t1", reads: 1},
		"it may not tell us":       {answer: always(403, refuse("TENANTS-403", "Forbidden", "")), unknown: "403", reads: 1},
		"it has no such operation": {answer: always(404, ""), unknown: "404", reads: 1},
		"the answer has no id":     {answer: always(200, `{}`), unknown: "holds no id", reads: 1},
		"the key is refused":       {answer: always(401, ""), err: connection.ErrUnauthorized, reads: 1},
		"it asks to try again":     {answer: inTurn(always(503, ""), always(200, `{"id": "t1"}`)), id: "t1", reads: 2},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, map[string]route{"GET /api/v1/tenants/me": test.answer})
			provider, err := qlik.New(n.config())
			if err != nil {
				t.Fatal(err)
			}
			identity, err := provider.TenantID(t.Context())
			if identity.ID != test.id || !errors.Is(err, test.err) || identity.Reads != test.reads {
				t.Errorf("got %+v, error %v; want id %q, error %v, %d reads", identity, err, test.id, test.err, test.reads)
			}
			if test.unknown != "" {
				mustContain(t, identity.Unknown, test.unknown)
			} else if identity.Unknown != nil {
				t.Errorf("got the reason %v for an unknown id, want none", identity.Unknown)
			}
		})
	}
}
