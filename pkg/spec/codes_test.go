package spec_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// codes returns a line for each problem: its place, its code, and its arguments by name. The
// sentences are those of the table of messages, which has its own test.
func codes(problems connection.Problems) string {
	var lines []string
	for _, problem := range problems {
		line := problem.Code
		for _, name := range slices.Sorted(maps.Keys(problem.Args)) {
			value := fmt.Sprint(problem.Args[name])
			if strings.ContainsFunc(value, func(r rune) bool { return r == '"' || r == ' ' || !strconv.IsPrint(r) }) || value == "" {
				value = strconv.Quote(value)
			}
			line += " " + name + "=" + value
		}
		if at := problem.Position.String(); at != "" {
			line = at + ": " + line
		}
		if problem.Severity == connection.SeverityWarning {
			line += " (warning)"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
