package spec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// problemsIn makes n different problems of a file, one on each line.
func problemsIn(file string, severity connection.Severity, n int) connection.Problems {
	problems := make(connection.Problems, n)
	for i := range problems {
		problems[i] = connection.Problem{Position: connection.Position{File: file, Line: i + 1, Column: 1}, Severity: severity, Message: "wrong", Hint: "mend it", Code: "wrong"}
	}
	return problems
}

func TestTheReportedProblemsAreBounded(t *testing.T) {
	const mistake, warning = connection.SeverityError, connection.SeverityWarning
	for name, test := range map[string]struct {
		found connection.Problems
		told  int
		want  []string // some of the reported problems
	}{
		"as many as are reported": {problemsIn("a", mistake, 1000), 1000, []string{"a:1000:1: wrong"}},
		"one more":                {problemsIn("a", mistake, 1001), 1001, []string{"a:1000:1: wrong", "a:1001:1: more-problems-in-file limit=1000 severity=error"}},
		"many more, and another file": {
			append(problemsIn("a", mistake, 5000), problemsIn("b", mistake, 1)...), 1002,
			[]string{"a:1001:1: more-problems-in-file limit=1000 severity=error", "b:1:1: wrong"},
		},
		"no error is lost behind warnings": {
			append(problemsIn("a", warning, 5000), problemsIn("a", mistake, 5001)[5000]), 1002,
			[]string{"a:1001:1: more-problems-in-file limit=1000 severity=warning (warning)", "a:5001:1: wrong"},
		},
		"many files": {
			func() (all connection.Problems) {
				for i := range 30 {
					all = append(all, problemsIn(fmt.Sprintf("%02d", i), mistake, 2000)...)
				}
				return all
			}(), 10_001,
			[]string{"08:1001:1: more-problems-in-file limit=1000 severity=error", "09:992:1: more-problems limit=10000 severity=error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			told := spec.Collect(test.found)
			if len(told) != test.told {
				t.Errorf("got %d problems in the report, want %d", len(told), test.told)
			}
			for _, want := range test.want {
				if !strings.Contains("\n"+codes(told)+"\n", "\n"+want+"\n") {
					t.Errorf("not told: %s", want)
				}
			}
		})
	}
}

// TestCollectingInStepsIsCollecting: files are read one by one, for several tenants,
// and the report must not depend on the order.
func TestCollectingInStepsIsCollecting(t *testing.T) {
	var parts []connection.Problems
	for i := range 30 {
		file, severity := fmt.Sprintf("%02d", i/2), connection.SeverityError
		if i%7 == 0 {
			severity = connection.SeverityWarning
		}
		parts = append(parts, problemsIn(file, severity, 100*i)[i*i:])
	}
	want := spec.Collect(parts...)
	for _, order := range []func([]connection.Problems){func([]connection.Problems) {}, slices.Reverse[[]connection.Problems]} {
		order(parts)
		var steps connection.Problems
		for _, part := range parts {
			steps = spec.Collect(steps, part)
		}
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Errorf("problems collected in steps differ from those collected at once (-want +got):\n%s", diff)
		}
	}
}
