package apinizer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Fault is one fault for the requests that match its method and path. Omit removes connections from
// a list, whose resultCount still counts them; Without and Count apply to any list; NoAdmin removes
// the right to write; Deploy is the result of deploying this write, in the words of
// Behaviour.Deployment.
type Fault = host.Fault

// ParseFaults parses a JSON list of faults. Unknown keys are errors. It returns all mistakes, with
// their places.
func ParseFaults(data []byte) ([]Fault, error) { return host.ParseFaults(data, foreignFault) }

// foreignFault refuses what other services do.
func foreignFault(f Fault) error {
	switch {
	case f.Repeat:
		return errors.New("repeat: lists of an Apinizer manager have no pages")
	case f.NextHost != "":
		return errors.New("nextHost: lists of an Apinizer manager have no links to pages")
	case f.Percent > 0 || f.Tier > 0:
		return errors.New("percent and tier: an Apinizer manager has no tiers. Set rateLimit in the seed")
	case f.Lie != "":
		return errors.New("lie: there are no statements here")
	case f.Deploy != "" && !slices.Contains(model.Deployments, f.Deploy):
		return fmt.Errorf("deploy %q is none of %v", f.Deploy, model.Deployments)
	}
	return nil
}
