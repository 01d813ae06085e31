package apply_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// codes returns the code of a reason with those of the reasons in its arguments.
func codes(r connection.Reason) string {
	text := r.Code
	for _, name := range []string{"why", "advice", "todo"} {
		if inner, is := r.Args[name].(connection.Reason); is {
			text += "(" + codes(inner) + ")"
		}
	}
	return text
}

func TestEveryOutcomeOtherThanDoneHasACode(t *testing.T) {
	needs := func(fails error) (*plan.Plan, *tenant) {
		return newPlan(2, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 1, 0))), &tenant{fails: map[int]error{0: fails}}
	}
	advised := item(0, 0)
	advised.Advice = connection.Because("sign-in-once")
	twice := newPlan(1, step("s1", nil, item(0, 0)), step("s2", []string{"s1"}, item(1, 0, 0)))
	refused := single(1)
	refused.Changes[0].Refused = connection.Because("delete-protected")
	for _, test := range []struct {
		name   string
		plan   *plan.Plan
		tenant *tenant
		want   []string
	}{
		{"a change that the plan refuses", refused, &tenant{}, []string{"delete-protected"}},
		{"a write that fails", single(1), &tenant{fails: map[int]error{0: errInvalid}}, []string{"write-failed"}},
		{"a refused write with advice", newPlan(1, step("s1", nil, advised)), &tenant{fails: map[int]error{0: errInvalid}}, []string{"write-refused(write-failed)(sign-in-once)"}},
		{"an unknown outcome", single(1), &tenant{fails: map[int]error{0: connection.ErrUnknownOutcome}}, []string{"outcome-unknown"}},
		{"a write that is not in effect", single(1), &tenant{fails: map[int]error{0: connection.ErrPending}}, []string{"not-in-effect"}},
		{"an interrupt", single(1), &tenant{fails: map[int]error{0: connection.ErrNotSent}}, []string{"interrupted-before-turn"}},
		{"a sign-in for which the plan names no place for the code", single(1), &tenant{fails: map[int]error{0: connection.ErrSignIn}}, []string{"sign-in-needed(declare-sign-in-code)"}},
		{"a refused token", single(2), &tenant{fails: map[int]error{0: connection.ErrUnauthorized}}, []string{"write-failed", "stopped-unauthorized"}},
		{"a change of which a part is done", twice, &tenant{fails: map[int]error{1: errInvalid}}, []string{"done-in-part(write-failed)"}},
	} {
		t.Run(test.name, func(t *testing.T) { demandCodes(t, test.plan, test.tenant, test.want) })
	}
	t.Run("a change that needs a failed one", func(t *testing.T) {
		p, f := needs(errInvalid)
		demandCodes(t, p, f, []string{"write-failed", "need-not-done"})
	})
}

func demandCodes(t *testing.T, p *plan.Plan, f *tenant, want []string) {
	t.Helper()
	result, err := apply.Run(t.Context(), p, apply.Options{Execute: f.execute, Parallelism: 1})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range result.Items {
		got = append(got, codes(i.Why))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the codes differ (-want +got):\n%s", diff)
	}
}

// TestAResultKeepsItsReasonsInJSON has a file of this version and one that has the text alone.
func TestAResultKeepsItsReasonsInJSON(t *testing.T) {
	result, err := apply.Run(t.Context(), single(1), apply.Options{Execute: (&tenant{fails: map[int]error{0: fmt.Errorf("a < b: %w", connection.ErrInvalid)}}).execute})
	if err != nil {
		t.Fatal(err)
	}
	result.Hash, result.Project, result.Unverified = "sha256:0", "acme", connection.Because("not-read-again", "error", "403")
	messages.Fill(result.Reasons(), nil)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), `"error":"a < b: refused by the service","code":"write-failed"`) {
		t.Errorf("got %s, want the text with its code and without escapes of HTML", text.String())
	}
	read, err := apply.Decode(&text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(result, read); diff != "" {
		t.Errorf("the result differs after a round trip (-want +got):\n%s", diff)
	}
	old, err := apply.Decode(strings.NewReader(`{"format": "qlsync.result/v1", "hash": "sha256:0", "project": "acme", "unverified": "403", "items": [{"outcome": "failed", "error": "400"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	messages.Fill(old.Reasons(), nil)
	if got := old.Items[0].Why.String() + " " + old.Unverified.String(); got != "400 403" {
		t.Errorf("got the texts %q of a file without codes, want 400 403", got)
	}
}
