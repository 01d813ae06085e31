//go:build !unix

package spec

import "os/exec"

// ownGroup does nothing where there are no process groups: the end of the context ends
// the command alone.
func ownGroup(*exec.Cmd) {}

func endGroup(*exec.Cmd) error { return nil }
