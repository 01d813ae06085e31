package spec

import (
	"slices"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Collect makes one list of several: sorted by file and place, and without the
// repetitions that arise when the same files are read for several tenants.
func Collect(lists ...connection.Problems) connection.Problems {
	all := slices.Concat(lists...)
	all.Sort()
	return slices.Compact(all)
}

// Further leaves out of what was found later the errors at places where there is
// one already: a second complaint about a value mostly follows from the first.
func Further(known, found connection.Problems) connection.Problems {
	places := map[connection.Position]bool{}
	for _, problem := range known {
		if problem.Severity == connection.SeverityError && problem.Position.Line > 0 {
			places[problem.Position] = true
		}
	}
	var further connection.Problems
	for _, problem := range found {
		if !places[problem.Position] {
			further = append(further, problem)
		}
	}
	return further
}

// notes collects what is wrong in one file.
type notes struct {
	file     string
	problems connection.Problems
}

// add notes an error. The message and the hint must not hold a value that could
// be a secret.
func (n *notes) add(at place, message, hint string) {
	n.note(connection.SeverityError, at, message, hint)
}

// warn notes something to know that stops nothing.
func (n *notes) warn(at place, message, hint string) {
	n.note(connection.SeverityWarning, at, message, hint)
}

func (n *notes) note(severity connection.Severity, at place, message, hint string) {
	n.problems = append(n.problems, connection.Problem{
		Position: position(n.file, at),
		Severity: severity,
		Message:  message,
		Hint:     hint,
	})
}
