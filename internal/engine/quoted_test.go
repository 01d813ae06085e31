package engine

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// TestAMessageOfAPlanADriftOrAResultThatQuotesASecretIsRedacted checks the places that
// name a live value, in words and in arguments.
func TestAMessageOfAPlanADriftOrAResultThatQuotesASecretIsRedacted(t *testing.T) {
	const secret = "can-ary-7f3a9c"
	s := &Session{host: &Host{Secrets: transport.NewRedactor(secret)}, ours: map[string]bool{}}
	said := func() string { return `url changes from "Bearer+` + secret + `+" to "https://new.example"` }
	because := func() connection.Reason {
		return connection.Because("change-refused", "why", connection.Because("unreadable", "error", said()))
	}
	p := &plan.Plan{
		Changes:  []plan.Change{{Connection: connection.Key{Space: "Finance"}, Fields: []plan.Field{{Path: "/members/group new.example " + secret}}}, {Fields: []plan.Field{{Path: "/properties/url", Before: said()}}, Reasons: []connection.Reason{because(), connection.Because("even-after", "why", []connection.Reason{because()}, "after", "3s")}, Refused: because()}},
		Warnings: []plan.Warning{{Reason: because()}},
		Refusal:  &plan.Refusal{Reason: because(), Next: &plan.Refusal{Reason: because()}},
	}
	messages.Fill(p.Reasons(), nil)
	s.redactPlan(p)
	drift := &plan.Drift{Items: []plan.DriftItem{{Connection: connection.Key{Space: "Finance"}, Fields: []plan.Field{{Path: "/members/group new.example " + secret}}}, {Fields: []plan.Field{{Path: "/properties/url", After: said()}}, Reasons: []connection.Reason{because(), connection.Because("even-after", "why", []connection.Reason{because()}, "after", "3s")}}}}
	messages.Fill(drift.Reasons(), nil)
	s.redactDrift(drift)
	result := &apply.Result{Unverified: because(), Items: []apply.Item{{Why: because()}}}
	messages.Fill(result.Reasons(), nil)
	s.redactResult(result)
	text, err := json.Marshal([]any{p, p.Refusal.Next, drift, result})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret) || strings.Count(string(text), "new.example") < 24 {
		t.Errorf("got %s, want every message without the secret and with the rest of its words", text)
	}
}

// TestTheArgumentsOfAProblemQuoteNoSecret has an argument of each type.
func TestTheArgumentsOfAProblemQuoteNoSecret(t *testing.T) {
	const secret = "can-ary-7f3a9c"
	s := &Session{host: &Host{Secrets: transport.NewRedactor(secret)}, ours: map[string]bool{}}
	problem := connection.Problem{Code: "any", Args: map[string]any{
		"text": "a " + secret, "list": []string{"one", "a " + secret}, "key": connection.Key{Space: "Finance", Name: "a " + secret}, "user": connection.UserID("a " + secret), "count": 3,
		"map": map[string]any{"host": "a " + secret}, "any": []any{1, "a " + secret}, "keys": []connection.Key{{Name: "a " + secret}},
		"pointer": &connection.Key{Name: "a " + secret}, "error": errors.New("a " + secret), "plain": []int{1, 2},
	}}
	text, err := json.Marshal(s.redactProblems(connection.Problems{problem}))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret) || strings.Count(string(text), "a (secret)") != 9 || !strings.Contains(string(text), `"count":3`) || !strings.Contains(string(text), `"plain":[1,2]`) {
		t.Errorf("got %s, want nine redacted texts and the numbers", text)
	}
}

// TestAPlanShowsNoNameThatQuotesASecretOfItsCredentials has a plan whose credentials were read after
// the tenant: the names that it shows are redacted, and what its steps do is not.
func TestAPlanShowsNoNameThatQuotesASecretOfItsCredentials(t *testing.T) {
	const secret = "can-ary-7f3a9c"
	s := &Session{host: &Host{Secrets: transport.NewRedactor(secret)}, ours: map[string]bool{}}
	key := connection.Key{Space: "Finance", Name: "Old " + secret}
	was := key
	p := &plan.Plan{
		Changes:  []plan.Change{{Action: plan.ActionDelete, Connection: key, From: &key}},
		Steps:    []plan.Step{{Connections: []connection.Key{key}, Items: []plan.Item{{Operation: connection.Operation{Kind: connection.Delete, Key: key}}}}},
		Warnings: []plan.Warning{{Connection: &key, Reason: connection.Reason{Text: "it is deleted"}}},
	}
	s.redactPlan(p)
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret) || strings.Count(string(text), "Old (secret)") != 4 {
		t.Errorf("got %s, want the redacted name four times", text)
	}
	if got := p.Steps[0].Items[0].Operation.Key; got != was || key != was {
		t.Errorf("the operation is about %v and the key is %v, want %v for both: the plan must change only what it shows", got, key, was)
	}
}

// TestASpaceThatQuotesASecretIsNotWrittenTo has the secret in each text that a tenant returns of a
// declared space.
func TestASpaceThatQuotesASecretIsNotWrittenTo(t *testing.T) {
	const secret = "can-ary-7f3a9c"
	s := &Session{host: &Host{Secrets: transport.NewRedactor(secret)}, ours: map[string]bool{}}
	snapshot := &connection.Snapshot{
		SpaceDetails: []connection.SpaceDetails{
			{ID: "s1", Description: "a " + secret, OwnerID: secret, Members: []connection.Member{
				{Assignment: "a1", Principal: connection.Principal{Kind: connection.MemberGroup, Name: secret, ID: "g1"}, Roles: []string{"consumer"}},
			}},
			{ID: "s2", Members: []connection.Member{
				{Assignment: secret, Principal: connection.Principal{Kind: connection.MemberGroup, ID: secret}, Roles: []string{secret}},
			}},
			{ID: "s3", AssignableRoles: []string{secret}, Unreadable: secret},
		},
		Principals: []connection.Principal{{Kind: connection.MemberGroup, Name: "Analysts", ID: secret}, {Kind: connection.MemberGroup, Name: "Writers", Unreadable: secret}},
	}
	s.withhold(snapshot)
	text, err := json.Marshal(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret) {
		t.Errorf("got %s, want no secret", text)
	}
	if first, second := snapshot.SpaceDetails[0].Unreadable, snapshot.SpaceDetails[1].Unreadable; first != "" || second == "" {
		t.Errorf("got the reasons %q and %q, want one only where ids or roles are redacted", first, second)
	}
	if snapshot.Principals[0].Unreadable == "" {
		t.Error("a group with a redacted id can still be assigned to, want that it cannot")
	}
}
