package qlik

import (
	"errors"
	"fmt"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
	"github.com/qlsync/qlsync/pkg/simulator/qlik/internal/model"
)

// Fault is one piece of hostility, to be met by the requests that match its method and path.
type Fault = host.Fault

// Cut says when a fault closes the connection.
type Cut = host.Cut

// A connection is cut before the request is looked at, or after it was served and its write is durable.
const (
	CutBefore = host.CutBefore
	CutAfter  = host.CutAfter
)

// ParseFaults parses a JSON list of faults. Unknown keys are errors. It returns all mistakes, with
// their places.
func ParseFaults(data []byte) ([]Fault, error) { return host.ParseFaults(data, foreignFault) }

// foreignFault refuses what other services do.
func foreignFault(f Fault) error {
	if f.Deploy != "" {
		return errors.New("deploy: nothing is deployed here")
	}
	if f.Lie != "" {
		if err := model.CheckLie(f.Lie); err != nil {
			return fmt.Errorf("lie: %w", err)
		}
	}
	return nil
}
