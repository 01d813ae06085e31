package engine

import (
	"fmt"
	"slices"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
)

// withhold replaces ids and data sources of live connections that quote a secret of the run,
// because every output shows them. Such a connection is unreadable, so nothing writes to it,
// and the snapshot is incomplete, so nothing is deleted. An id that is the connection's own
// key, as with Apinizer, is a name and stays.
func (s *Session) withhold(snapshot *connection.Snapshot) {
	secrets := s.host.Secrets
	if secrets == nil || snapshot == nil {
		return
	}
	withholdUser(secrets, &snapshot.Caller)
	for i := range snapshot.Users {
		withholdUser(secrets, &snapshot.Users[i])
	}
	for i := range snapshot.Spaces {
		one := &snapshot.Spaces[i]
		if one.ID != one.Name && secrets.Holds(one.ID) {
			snapshot.Incomplete = append(snapshot.Incomplete, fmt.Sprintf("the id of space %q quotes a secret of this run; check what answers at the url of the tenant", one.Name))
			one.ID = fmt.Sprint("withheld-", i+1)
		}
		if secrets.Holds(one.Type) {
			one.Type = secrets.Text(one.Type)
		}
	}
	declared := s.declared.DataSources()
	known := map[string]bool{} // many connections have the same owner and data source
	holds := func(text string) bool {
		found, seen := known[text]
		if !seen {
			found = secrets.Holds(text)
			known[text] = found
		}
		return found
	}
	for i := range snapshot.Connections {
		one := &snapshot.Connections[i]
		if holds(one.OwnerID) {
			one.OwnerID = secrets.Text(one.OwnerID) // nobody's id
		}
		if holds(one.Family) {
			one.Family = secrets.Text(one.Family)
		}
		what := ""
		if one.ID != one.Key.String() && secrets.Holds(one.ID) {
			what, one.ID = "id", fmt.Sprint("withheld-", i+1)
		}
		if holds(one.DataSource) && !slices.Contains(declared, one.DataSource) {
			what, one.DataSource = "data source", secrets.Text(one.DataSource)
		}
		if what == "" {
			continue
		}
		one.Properties, one.Unreadable = nil, fmt.Sprintf("its %s quotes a secret of this run", what)
		snapshot.Incomplete = append(snapshot.Incomplete, fmt.Sprintf("the %s of a connection in space %q quotes a secret of this run; check what answers at the url of the tenant", what, one.Key.Space))
	}
}

// withholdValues replaces properties and tags of live connections that quote a secret of the run,
// for a file. No plan compares them in this form.
func (s *Session) withholdValues(live []connection.Live) {
	secrets := s.host.Secrets
	if secrets == nil {
		return
	}
	for i := range live {
		if live[i].Properties != nil { // nil: unknown
			live[i].Properties, _ = secrets.Hide(live[i].Properties).(map[string]any)
		}
		for j, tag := range live[i].Tags {
			if secrets.Holds(tag) {
				live[i].Tags = slices.Clone(live[i].Tags)
				live[i].Tags[j] = secrets.Text(tag)
			}
		}
	}
}

// withholdPlan replaces live values of a plan that quote a secret of the run, also where a message
// names them. The hash of the plan covers the values themselves.
func (s *Session) withholdPlan(p *plan.Plan) {
	if p == nil || s.host.Secrets == nil {
		return
	}
	for i := range p.Changes {
		change := &p.Changes[i]
		for j := range change.Fields {
			change.Fields[j].Before = s.host.Secrets.Hide(change.Fields[j].Before)
		}
		withholdTexts(s.host.Secrets, &change.Reason, &change.Refused)
	}
	for i := range p.Warnings {
		withholdTexts(s.host.Secrets, &p.Warnings[i].Message)
	}
	for refusal := p.Refusal; refusal != nil; refusal = refusal.Next {
		withholdTexts(s.host.Secrets, &refusal.Message)
	}
}

// withholdDrift replaces live values of a drift report that quote a secret of the run, also where a
// reason names them.
func (s *Session) withholdDrift(drift *plan.Drift) {
	if s.host.Secrets == nil {
		return
	}
	for i := range drift.Items {
		item := &drift.Items[i]
		for j := range item.Fields {
			item.Fields[j].After = s.host.Secrets.Hide(item.Fields[j].After)
		}
		withholdTexts(s.host.Secrets, &item.Reason)
	}
}

// withholdChecks replaces the parts of messages that quote a secret of the run, such as the name
// of a role.
func (s *Session) withholdChecks(checks []doctor.Check) {
	secrets := s.host.Secrets
	if secrets == nil {
		return
	}
	for i := range checks {
		withholdTexts(secrets, &checks[i].Message, &checks[i].Next)
		for j := range checks[i].Details {
			withholdTexts(secrets, &checks[i].Details[j])
		}
	}
}

// withholdUser replaces the texts of a user that quote a secret of the run. The user is then
// nobody who could be declared.
func withholdUser(secrets *transport.Redactor, user *connection.User) {
	withholdTexts(secrets, &user.ID, &user.Name, &user.Email, &user.Subject, &user.Inactive)
}

// withholdTexts replaces the parts of texts that quote a secret of the run.
func withholdTexts(secrets *transport.Redactor, texts ...*string) {
	for _, text := range texts {
		if secrets.Holds(*text) {
			*text = secrets.Text(*text)
		}
	}
}
