package engine

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/impact"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

func TestDependentsAreConfirmedBehindEachOtherRuleOnce(t *testing.T) {
	const others = "--confirm-deletes 4@sha256:1 --confirm-recreates 4@sha256:1"
	recreates := &plan.Refusal{Rule: plan.RuleMaxRecreates, Reason: connection.Because("max-recreates", "confirm", others)}
	p := &plan.Plan{
		Hash: "sha256:1", Impact: &impact.Report{Refused: &impact.Refused{Dependents: 3, Unknown: true}},
		Refusal: &plan.Refusal{Rule: plan.RuleMaxDeletes, Reason: connection.Because("max-deletes", "confirm", others), Next: recreates},
	}
	rule(p, []impact.Verdict{{Refuses: true, Reason: connection.Because("impact-over", "dependents", 3)}})
	want := others + " --confirm-impact 3+unknown@sha256:1"
	var rules []string
	for refusal := p.Refusal; refusal != nil; refusal = refusal.Next {
		rules = append(rules, refusal.Rule)
		if got := refusal.Reason.Args["confirm"]; got != want {
			t.Errorf("rule %s: got the flags %q, want %q", refusal.Rule, got, want)
		}
	}
	if got, want := strings.Join(rules, " "), "maxDeletes maxRecreates impact"; got != want {
		t.Errorf("got refusals by %q, want %q", got, want)
	}
}

func TestAPlanThatIsRefusedBecauseOfItsReviewStaysSo(t *testing.T) {
	p := &plan.Plan{
		Hash: "sha256:1", Impact: &impact.Report{Refused: &impact.Refused{Dependents: 3}},
		Refusal: &plan.Refusal{Rule: plan.RuleStale, Reason: connection.Because("reviewed-another")},
	}
	rule(p, []impact.Verdict{{Refuses: true, Reason: connection.Because("impact-over", "dependents", 3)}})
	if err := Confirm(p, Confirmations{Impact: "3@sha256:1"}); err != nil || p.Refusal == nil || p.Refusal.Rule != plan.RuleStale {
		t.Errorf("got refusal %+v and error %v, want the refusal of the review, which nothing confirms", p.Refusal, err)
	}
}
