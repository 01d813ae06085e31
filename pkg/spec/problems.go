package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// What is told at most, of errors and of warnings each: nobody reads more, and a file
// made by a program that is wrong has a million.
const (
	maxProblemsOfFile = 1000
	maxProblems       = 10_000
)

const inThisFile = " in this file"

// restOf is the message that stands for all beyond a limit.
func restOf(limit int, severity connection.Severity, where string) string {
	return fmt.Sprintf("more than %d %ss%s: from here on, none is shown", limit, severity, where)
}

// Collect makes one list of several: sorted by file and place, without the
// repetitions that arise when the same files are read for several tenants, and
// bounded. Where the rest begins, a problem says that there is one. It does not matter
// in which order, or in how many steps, lists are collected.
func Collect(lists ...connection.Problems) connection.Problems {
	all := slices.Concat(lists...)
	for i := range all {
		all[i].Message, all[i].Hint = cutShort(all[i].Message), cutShort(all[i].Hint)
	}
	all.Sort()
	all = bound(slices.CompactFunc(all, connection.Problem.Same), maxProblemsOfFile, inThisFile, func(p connection.Problem) string { return p.Position.File })
	return bound(all, maxProblems, "", func(connection.Problem) string { return "" })
}

// gathered collects the problems of many connections, one part after the other, and keeps
// no more of them than are told.
type gathered struct {
	problems connection.Problems
	full     map[string]bool // files with more errors than are told
}

// add takes what was found in one part.
func (g *gathered) add(found ...connection.Problems) {
	if !slices.ContainsFunc(found, func(list connection.Problems) bool { return len(list) > 0 }) {
		return
	}
	g.problems = Collect(append(found, g.problems)...)
	g.full = map[string]bool{}
	rest := restOf(maxProblemsOfFile, connection.SeverityError, inThisFile)
	for _, problem := range g.problems {
		if problem.Message == rest {
			g.full[problem.Position.File] = true
		}
	}
}

// passes reports whether a connection need not be checked, because no more problems of its
// file are told.
func (g *gathered) passes(d *connection.Desired) bool {
	return len(g.full) > 0 && g.full[d.PositionOf("").File]
}

// gather appends the problems of one of many files, and leaves out what is not told before
// there are too many to keep.
func gather(all, found connection.Problems) connection.Problems {
	if all = append(all, found...); len(all) > 5*maxProblems {
		return Collect(all)
	}
	return all
}

// partSize is how many connections are checked before their problems are counted.
const partSize = 2000

// maxWords is how long a message or a hint may be, in bytes: it may quote a name or the
// values that a schema allows.
const maxWords = 4000

// cutShort cuts a text that is too long for anybody to read.
func cutShort(text string) string {
	if len(text) <= maxWords {
		return text
	}
	return strings.ToValidUTF8(text[:maxWords], "") + "..."
}

// bound leaves of the sorted problems of each group, errors and warnings apart, no more
// than the limit, and one that stands for the rest.
func bound(sorted connection.Problems, limit int, where string, group func(connection.Problem) string) connection.Problems {
	type kind struct {
		group    string
		severity connection.Severity
	}
	told := map[kind]int{}
	rest := map[connection.Severity]string{}
	for _, severity := range []connection.Severity{connection.SeverityError, connection.SeverityWarning} {
		rest[severity] = restOf(limit, severity, where)
	}
	bounded := sorted[:0]
	for _, problem := range sorted {
		of := kind{group(problem), problem.Severity}
		switch {
		case told[of] > limit:
			continue
		case told[of] == limit, problem.Message == rest[problem.Severity]:
			problem.Message, problem.Hint = rest[problem.Severity], ""
			told[of] = limit + 1
		default:
			told[of]++
		}
		bounded = append(bounded, problem)
	}
	bounded.Sort()
	return bounded
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

// notes collects what is wrong in one file, and no more of it than is told.
type notes struct {
	file     string
	problems connection.Problems
	// errors and warnings count what was noted, whether it was kept or not.
	errors, warnings int
	filled           int // bytes that texts with variables have become
}

// full reports whether there are more errors than are told.
func (n *notes) full() bool { return n.errors > maxProblemsOfFile }

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
	n.take(connection.Problem{Position: position(n.file, at), Severity: severity, Message: message, Hint: hint})
}

func (n *notes) take(problem connection.Problem) {
	count := &n.errors
	if problem.Severity == connection.SeverityWarning {
		count = &n.warnings
	}
	*count++
	if *count <= maxProblemsOfFile+1 {
		n.problems = append(n.problems, problem)
	}
}
