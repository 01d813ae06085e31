// Package inspect reads an embedded manager and changes it, bypassing its API, for tests and
// demonstrations. Its functions are not requests: nothing is logged, counted or refused for lack of
// rights. The program does not use it.
package inspect

import (
	"github.com/qlsync/qlsync/pkg/simulator/apinizer"
	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
)

// Manager is an embedded manager that can be looked into.
type Manager struct {
	*apinizer.Manager

	store *model.Store
}

// New makes a manager that lives in memory alone, as [apinizer.New] does.
func New(seed []byte, o apinizer.Options) (*Manager, error) { return of(apinizer.New(seed, o)) }

// Open makes a manager whose content is kept in stateFile, as [apinizer.Open] does.
func Open(seed []byte, stateFile string, o apinizer.Options) (*Manager, error) {
	return of(apinizer.Open(seed, stateFile, o))
}

func of(m *apinizer.Manager, err error) (*Manager, error) {
	if err != nil {
		return nil, err
	}
	return &Manager{m, m.Store()}, nil
}
