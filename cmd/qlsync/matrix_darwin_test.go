package main

import (
	"os"
	"testing"
)

var systemFaults []fault

func withoutPrivileges(t *testing.T, start func()) {
	if os.Getuid() == 0 {
		t.Skip("modes of files do not count for root")
	}
	start()
}
