// Package simulator serves the embedded services: the systems that qlsync talks to, in memory, behind an http.Handler. It
// is what they have in common; each of them is a package below:
//
//   - simulator/qlik is a Qlik Cloud tenant,
//   - simulator/apinizer is an Apinizer manager.
//
// Each has a package inspect, by which tests look behind its API and change things there.
//
// Both stand on simulator/internal/host: state file, request log, injected faults, digests in the place of secrets. They
// import no package of this module that is not one of the simulator's, so an embedded service cannot share a mistake with
// the client.
package simulator

import (
	"net/http"

	"github.com/qlsync/qlsync/pkg/simulator/internal/host"
)

// Service is an embedded service of any kind.
type Service interface {
	http.Handler
	Token() string // signs a caller in
}

// Fault is one piece of hostility, to be met by the requests that match its method and path. Each service has a
// ParseFaults, which refuses what it has no place for.
type Fault = host.Fault
