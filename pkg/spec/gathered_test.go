package spec

import (
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

// TestTheProblemsOfManyConnectionsAreCountedWhileTheyAreFound compares with the problems of all
// connections at once.
func TestTheProblemsOfManyConnectionsAreCountedWhileTheyAreFound(t *testing.T) {
	set := make([]connection.Desired, 2*maxProblemsOfFile+5*partSize)
	checked := 0
	for i := range set {
		file := "a.yaml"
		if i%2 == 1 && i < 100 || i >= len(set)-10 {
			file = "b.yaml"
		}
		set[i] = connection.Desired{Name: "c", DataSource: "rest", Properties: map[string]any{"password": "x"}, At: func(string) connection.Position {
			return connection.Position{File: file, Line: i + 1, Column: 1}
		}}
	}
	holds := func(string, string, any) bool { return false }
	problems := CheckCredentials(set, func(string, string) connection.Class { checked++; return connection.ClassSecret }, holds, holds)
	if want := maxProblemsOfFile + 1 + 60; len(problems) != want {
		t.Errorf("got %d problems, want %d: those of a.yaml that are reported, with the remark that there are more, and all of b.yaml", len(problems), want)
	}
	if checked > 2*partSize {
		t.Errorf("got %d of %d connections checked, want at most %d: no more problems of their file are reported", checked, len(set), 2*partSize)
	}
	if last := problems[len(problems)-1].Position.File; last != "b.yaml" {
		t.Errorf("got the last problem in %q, want b.yaml: a file that is full says nothing about another one", last)
	}
}
