package apinizer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/pkg/simulator/apinizer/internal/model"
	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Fault is one piece of hostility, to be met by the requests that match its method and path. Omit leaves connections out of
// a list, whose resultCount tells of them; Without and Count are about any list; NoAdmin takes the right to write; Deploy is how the push of this write ends, in
// the words of Behaviour.Deployment.
type Fault = host.Fault

// ParseFaults reads a JSON list of faults. Unknown keys are errors. It gives all mistakes, with their places.
func ParseFaults(data []byte) ([]Fault, error) { return host.ParseFaults(data, foreignFault) }

// foreignFault refuses what other services do.
func foreignFault(f Fault) error {
	switch {
	case f.Repeat:
		return errors.New("repeat: lists have no pages here")
	case f.NextHost != "":
		return errors.New("nextHost: there are no links to pages here")
	case f.Percent > 0 || f.Tier > 0:
		return errors.New("percent and tier: there are no tiers here; the seed has rateLimit")
	case f.Deploy != "" && !slices.Contains(model.Deployments, f.Deploy):
		return fmt.Errorf("deploy %q is none of %v", f.Deploy, model.Deployments)
	}
	return nil
}
