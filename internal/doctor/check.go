package doctor

import (
	"errors"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// Format names the JSON contract of [Report].
const Format = "qlsync.doctor/v1"

// Report is the results for some tenants.
type Report struct {
	Format  string     `json:"format"`
	Project string     `json:"project"`
	Tenants []Examined `json:"tenants"`
}

// Failed reports whether a check of a tenant failed.
func (r Report) Failed() bool {
	for _, tenant := range r.Tenants {
		for _, check := range tenant.Checks {
			if check.Status == Failed {
				return true
			}
		}
	}
	return false
}

// Examined is the results for one tenant.
type Examined struct {
	Tenant plan.Tenant `json:"tenant"`
	// Checks are the same in every report, in the same order.
	Checks []Check `json:"checks"`
}

// Check is the result of one check.
type Check struct {
	Name   string `json:"check"`
	Status Status `json:"status"`
	// Message says what was found, or why the check was not possible.
	Message string `json:"message"`
	// Details are further findings, one on each line.
	Details []string `json:"details,omitempty"`
	// Next is the next step; empty: none.
	Next string `json:"next,omitempty"`
}

// Status is how a check ended.
type Status string

// The statuses. Only Failed means a fault.
const (
	OK         Status = "ok"
	Warning    Status = "warning"
	Failed     Status = "failed"
	NotChecked Status = "not checked"
)

// maxDetails bounds the details of a check.
const maxDetails = 5

// passed, warned, failed and unchecked return the result of a check.
func passed(message string) Check { return Check{Status: OK, Message: message} }

func warned(message, next string, details ...string) Check {
	return Check{Status: Warning, Message: message, Next: next, Details: details}
}

func failed(message, next string, details ...string) Check {
	return Check{Status: Failed, Message: message, Next: next, Details: details}
}

// failure returns a failed check for an error. It keeps the positions, lines and advice of
// problems.
func failure(err error, next string) Check {
	lines := strings.Split(err.Error(), "\n")
	var problems connection.Problems
	if errors.As(err, &problems) && len(problems) > 0 {
		if problems[0].Hint != "" {
			next = problems[0].Hint
		}
		lines = nil
		for i, problem := range problems {
			if i == 0 {
				problem.Hint = ""
			}
			lines = append(lines, problem.Error())
		}
	}
	return failed(lines[0], next, lines[1:]...)
}

func unchecked(reason string) Check { return Check{Status: NotChecked, Message: reason} }
