// Package host is the ground that the embedded services of the simulator stand on: a state file of one process, a
// request log, injected faults, strict decoding of JSON, and digests in the place of secrets. It knows no service.
package host
