package spec

import (
	"maps"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/words"
	"github.com/qlsync/qlsync/pkg/connection"
)

// What is told at most, of errors and of warnings each: nobody reads more, and a file
// made by a program that is wrong has a million.
const (
	maxProblemsOfFile = 1000
	maxProblems       = 10_000
)

// The codes of problems that stand for all beyond a limit.
const (
	moreInFile = "more-problems-in-file"
	moreInAll  = "more-problems"
)

// Collect makes one list of several: sorted by file and place, without the
// repetitions that arise when the same files are read for several tenants, and
// bounded. Where the rest begins, a problem says that there is one. It does not matter
// in which order, or in how many steps, lists are collected.
func Collect(lists ...connection.Problems) connection.Problems {
	all := slices.Concat(lists...)
	for i := range all {
		p := &all[i]
		p.Message, p.Hint, p.Args = cutShort(p.Message), cutShort(p.Hint), cutArgs(p.Args)
	}
	all.Sort()
	all = bound(slices.CompactFunc(all, connection.Problem.Same), maxProblemsOfFile, moreInFile, func(p connection.Problem) string { return p.Position.File })
	return bound(all, maxProblems, moreInAll, func(connection.Problem) string { return "" })
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
	for _, problem := range g.problems {
		if problem.Code == moreInFile && problem.Severity == connection.SeverityError {
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

// cutArgs cuts the texts of arguments as cutShort does.
func cutArgs(args map[string]any) map[string]any {
	for name, value := range args {
		if text, ok := value.(string); ok && len(text) > maxWords {
			args = maps.Clone(args) // problems may share them
			args[name] = cutShort(text)
		}
	}
	return args
}

// bound leaves of the sorted problems of each group, errors and warnings apart, no more
// than the limit, and one, with the code, that stands for the rest.
func bound(sorted connection.Problems, limit int, code string, group func(connection.Problem) string) connection.Problems {
	type kind struct {
		group    string
		severity connection.Severity
	}
	told := map[kind]int{}
	bounded := sorted[:0]
	for _, problem := range sorted {
		of := kind{group(problem), problem.Severity}
		switch {
		case told[of] > limit:
			continue
		case told[of] == limit, problem.Code == code:
			problem = messages.Problem(problem.Position, problem.Severity, connection.Because(code, "limit", limit, "severity", string(problem.Severity)))
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

// add notes an error. The reason must not contain a value that could be a secret.
func (n *notes) add(at place, reason connection.Reason) {
	n.note(position(n.file, at), connection.SeverityError, reason)
}

// warn notes something to know that stops nothing.
func (n *notes) warn(at place, reason connection.Reason) {
	n.note(position(n.file, at), connection.SeverityWarning, reason)
}

// suggest adds to a reason the known word that was probably meant.
func suggest(reason connection.Reason, word string, known []string) connection.Reason {
	if meant := words.Closest(word, known, 1); len(meant) > 0 {
		return reason.With("meant", meant[0])
	}
	return reason
}

// note counts a problem, and makes its message if it is among those that are reported.
func (n *notes) note(at connection.Position, severity connection.Severity, reason connection.Reason) {
	count := &n.errors
	if severity == connection.SeverityWarning {
		count = &n.warnings
	}
	*count++
	if *count <= maxProblemsOfFile+1 {
		n.problems = append(n.problems, messages.Problem(at, severity, reason))
	}
}
