package doctor

import (
	"errors"
	"strings"

	"github.com/qlsync/qlsync/internal/report/messages"
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
	// Code and Args are the reason that the message was made from.
	Code string         `json:"code,omitempty"`
	Args map[string]any `json:"args,omitempty"`
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

// ended returns the result of a check.
func ended(status Status, reason connection.Reason, details []string) Check {
	filled := messages.Problem(connection.Position{}, "", reason)
	return Check{Status: status, Message: filled.Message, Next: filled.Hint, Details: details, Code: filled.Code, Args: filled.Args}
}

// passed, warned, failed and unchecked return the result of a check, with the arguments of its code.
func passed(code string, args ...any) Check { return ended(OK, connection.Because(code, args...), nil) }

func warned(details []string, code string, args ...any) Check {
	return ended(Warning, connection.Because(code, args...), details)
}

func failed(details []string, code string, args ...any) Check {
	return ended(Failed, connection.Because(code, args...), details)
}

func unchecked(code string, args ...any) Check {
	return ended(NotChecked, connection.Because(code, args...), nil)
}

// failure returns a failed check for an error, with a code for an error that has none. It keeps the
// positions, lines, codes and advice of problems.
func failure(err error, code string, args ...any) Check {
	lines := strings.Split(err.Error(), "\n")
	check := failed(nil, code, append(args, "reason", lines[0])...)
	var problems connection.Problems
	if errors.As(err, &problems) && len(problems) > 0 {
		if problems[0].Hint != "" {
			check.Next = problems[0].Hint
		}
		if problems[0].Code != "" {
			check.Code, check.Args = problems[0].Code, problems[0].Args
		}
		lines = nil
		for i, problem := range problems {
			if i == 0 {
				problem.Hint = ""
			}
			lines = append(lines, problem.Error())
		}
	}
	check.Message, check.Details = lines[0], lines[1:]
	return check
}
