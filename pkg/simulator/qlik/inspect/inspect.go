// Package inspect reads an embedded tenant and changes it, bypassing its API, for tests and
// demonstrations. Its functions are not requests: nothing is logged, counted or refused for lack of
// rights. The program does not use it.
package inspect

import (
	"github.com/qlsync/qlsync/pkg/simulator/qlik"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
)

// Tenant is an embedded tenant that can be looked into.
type Tenant struct {
	*qlik.Tenant

	store *model.Store
}

// New makes a tenant that lives in memory alone, as [qlik.New] does.
func New(seed []byte, o qlik.Options) (*Tenant, error) { return of(qlik.New(seed, o)) }

// Open makes a tenant whose content is kept in stateFile, as [qlik.Open] does.
func Open(seed []byte, stateFile string, o qlik.Options) (*Tenant, error) {
	return of(qlik.Open(seed, stateFile, o))
}

// Of returns a tenant of a fleet, to be looked into.
func Of(t *qlik.Tenant) *Tenant { return &Tenant{t, t.Store()} }

func of(t *qlik.Tenant, err error) (*Tenant, error) {
	if err != nil {
		return nil, err
	}
	return Of(t), nil
}
