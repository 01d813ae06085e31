package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/qlsync/qlsync/internal/doctor"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/apply"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/plan"
	"github.com/qlsync/qlsync/pkg/spec"
)

// checkAddress is the advice if an answer cannot come from the expected tenant.
const checkAddress = "check what answers at the url of the tenant"

// quotes reports whether a text of the tenant quotes a secret of the run. A text that the files
// declare is never altered, because readers of the files know it.
func (s *Session) quotes(text string) bool {
	if s.host.Secrets == nil || !s.host.Secrets.Holds(text) {
		return false
	}
	if s.ours == nil {
		s.ours = declaredTexts(s.project.Name, s.declared)
	}
	return !s.ours[connection.FoldName(text)]
}

// declaredTexts returns the names and ids that the files declare, folded.
func declaredTexts(project string, declared *spec.DesiredSet) map[string]bool {
	ours := map[string]bool{}
	add := func(texts ...string) {
		for _, text := range texts {
			ours[connection.FoldName(text)] = true
		}
	}
	add(project)
	for _, space := range declared.Spaces {
		add(space.Name, space.ID, space.String())
	}
	for i := range declared.Connections {
		one := &declared.Connections[i]
		add(one.Name, one.DataSource, one.Owner, one.OwnerID, one.Space.Name, connection.Key{Space: one.Space.String(), Name: one.Name}.String())
		add(one.Tags...)
	}
	for _, move := range declared.Moves {
		add(move.From.Name, connection.Key{Space: move.From.Space.String(), Name: move.From.Name}.String())
	}
	return ours
}

// redact replaces texts of the tenant that quote a secret of the run, and reports whether there was
// one.
func (s *Session) redact(texts ...*string) bool {
	redacted := false
	for _, text := range texts {
		if s.quotes(*text) {
			*text, redacted = s.host.Secrets.Text(*text), true
		}
	}
	return redacted
}

// redactAll is [Session.redact] for a list. It returns a copy if it replaces anything.
func (s *Session) redactAll(texts *[]string) bool {
	if !slices.ContainsFunc(*texts, s.quotes) {
		return false
	}
	*texts = slices.Clone(*texts)
	for i := range *texts {
		s.redact(&(*texts)[i])
	}
	return true
}

// redactKey is [Session.redact] for a copy of a key, which may be nil. A key can still contain only
// secrets that were read after the tenant; see [Session.withhold].
func (s *Session) redactKey(key *connection.Key) *connection.Key {
	if key == nil {
		return nil
	}
	redacted := *key
	s.redact(&redacted.Space, &redacted.Name)
	return &redacted
}

// withholdMembers is [Session.withhold] for what a snapshot has of declared spaces. If something that is
// written back is affected, the members become unreadable, so that nothing writes to them.
func (s *Session) withholdMembers(snapshot *connection.Snapshot) {
	for i := range snapshot.SpaceDetails {
		one := &snapshot.SpaceDetails[i]
		s.redact(&one.Description, &one.OwnerID, &one.Unreadable)
		quotes := s.redactAll(&one.AssignableRoles)
		for j := range one.Members {
			member := &one.Members[j]
			s.redact(&member.Name)
			isQuoted := s.redact(&member.ID, &member.Assignment)
			quotes = s.redactAll(&member.Roles) || isQuoted || quotes
		}
		if quotes && one.Unreadable == "" {
			one.Unreadable = "one of them quotes a secret of this run; " + checkAddress
		}
	}
	for i := range snapshot.Principals {
		if one := &snapshot.Principals[i]; s.redact(&one.ID) {
			one.Unreadable = "its id quotes a secret of this run; " + checkAddress
		}
		s.redact(&snapshot.Principals[i].Unreadable)
	}
}

// withhold replaces texts of live connections, spaces and users that quote a secret of the run,
// because every output shows them. A connection whose name, id, data source, fields or ownership
// record are affected becomes unreadable, so that nothing writes to it. If its id or data source is
// affected, the snapshot becomes incomplete too, so that nothing is deleted.
func (s *Session) withhold(snapshot *connection.Snapshot) {
	if s.host.Secrets == nil || snapshot == nil {
		return
	}
	s.redactUser(&snapshot.Caller)
	for _, users := range [][]connection.User{snapshot.Users, snapshot.People} {
		for i := range users {
			s.redactUser(&users[i])
		}
	}
	s.redactAll(&snapshot.Incomplete)
	s.redactAll(&snapshot.Disabled)
	spaces := map[connection.Space]connection.Space{} // ids and names before and after
	for i := range snapshot.Spaces {
		one := &snapshot.Spaces[i]
		was := *one
		if s.redact(&one.Name) {
			one.Name += fmt.Sprint(" withheld-", i+1) // no two have the same name
		}
		if s.quotes(one.ID) {
			if was.ID != was.Name {
				snapshot.Incomplete = append(snapshot.Incomplete, fmt.Sprintf("the id of space %q quotes a secret of this run; %s", one.Name, checkAddress))
			}
			one.ID = fmt.Sprint("withheld-", i+1)
		}
		s.redact(&one.Type)
		spaces[connection.Space{ID: was.ID, Name: was.Name}] = *one
	}
	s.withholdMembers(snapshot)
	for i := range snapshot.Connections {
		one := &snapshot.Connections[i]
		if space, ok := spaces[connection.Space{ID: one.SpaceID, Name: one.Key.Space}]; ok {
			one.SpaceID, one.Key.Space = space.ID, space.Name
		}
		s.redact(&one.OwnerID, &one.Family, &one.Unreadable) // the owner is then unknown
		record, what, isAddress := &one.Record, "", one.ID == one.Key.String()
		if s.redact(&record.Project, &record.Key, &record.Credentials, &record.Fingerprint, &record.Sensitive, &record.NotSensitive, &record.Moved) {
			what = "ownership record"
		}
		for _, fields := range []*[]string{&one.WriteOnlyCredentials, &one.InUse, &one.WriteOnlyProperties} {
			if s.redactAll(fields) {
				what = "list of fields"
			}
		}
		if was := one.Key; s.redact(&one.Key.Name) {
			what = "name"
			one.Key.Name += fmt.Sprint(" withheld-", i+1) // no two have the same name
			if space := (connection.Space{ID: one.SpaceID, Name: was.Space}); record.Key == connection.KeyRecord(space, was.Name) || record.Key == connection.KeyDigest(was) {
				record.Key = connection.KeyRecord(space, one.Key.Name) // its own name is not evidence of a copy
			}
		}
		isIncomplete := false
		if isAddress {
			one.ID = one.Key.String()
		} else if s.quotes(one.ID) {
			what, one.ID, isIncomplete = "id", fmt.Sprint("withheld-", i+1), true
		}
		if s.redact(&one.DataSource) {
			what, isIncomplete = "data source", true
		}
		if what == "" {
			continue
		}
		one.Properties, one.Unreadable = nil, fmt.Sprintf("its %s quotes a secret of this run", what)
		if isIncomplete {
			snapshot.Incomplete = append(snapshot.Incomplete, fmt.Sprintf("the %s of a connection in space %q quotes a secret of this run; %s", what, one.Key.Space, checkAddress))
		}
	}
}

// redactUser replaces the texts of a user that quote a secret of the run. The user then matches no
// declaration.
func (s *Session) redactUser(user *connection.User) {
	s.redact(&user.ID, &user.Name, &user.Email, &user.Subject, &user.Inactive)
}

// redactSources removes data sources whose schema quotes a secret of the run, because problems,
// suggestions and vendored schemas repeat its texts. Each is a problem.
func (s *Session) redactSources(catalog *connection.Catalog, err error) error {
	if s.host.Secrets == nil || catalog == nil {
		return err
	}
	var problems connection.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	problems = s.redactProblems(problems)
	catalog.Known = slices.DeleteFunc(catalog.Known, s.quotes)
	for _, id := range slices.Sorted(maps.Keys(catalog.DataSources)) {
		source := catalog.DataSources[id]
		if s.quotes(string(source.Schema)) || s.quotes(source.Version) || s.quotes(source.Family) {
			delete(catalog.DataSources, id)
			catalog.Unread = append(catalog.Unread, id)
			problems = append(problems, messages.Problem(connection.Position{}, connection.SeverityError, connection.Because("schema-quotes-secret", "dataSource", id)))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return problems
}

// isQuoting reports whether a live connection quotes a secret and must not be cached.
func (s *Session) isQuoting(live *connection.Live) bool {
	return s.quotes(live.ID) || s.quotes(live.DataSource) || s.quotes(connection.Canonical(live.Properties))
}

// redactProblems returns the problems without secrets of the run.
func (s *Session) redactProblems(problems connection.Problems) connection.Problems {
	problems = slices.Clone(problems)
	for i := range problems {
		s.redact(&problems[i].Message, &problems[i].Hint)
		problems[i].Args = s.redactArgs(problems[i].Args)
	}
	return problems
}

// redactReasons replaces texts in the sentences and arguments of reasons that quote a secret of the
// run.
func (s *Session) redactReasons(reasons iter.Seq[*connection.Reason]) {
	for reason := range reasons {
		s.redactReason(reason)
	}
}

func (s *Session) redactReason(reason *connection.Reason) {
	s.redact(&reason.Text, &reason.Next)
	reason.Args = s.redactArgs(reason.Args)
}

// redactArgs returns the arguments of a reason, in which no text quotes a secret of the run. An
// argument of another type is shown as the text that messages have for it, if that text quotes one.
func (s *Session) redactArgs(args map[string]any) map[string]any {
	if s.host.Secrets == nil {
		return args
	}
	args = maps.Clone(args)
	for name, value := range args {
		switch value := value.(type) {
		case string:
			s.redact(&value)
			args[name] = value
		case connection.UserID:
			text := string(value)
			s.redact(&text)
			args[name] = connection.UserID(text)
		case connection.Key:
			args[name] = *s.redactKey(&value)
		case []string:
			s.redactAll(&value)
			args[name] = value
		case connection.Reason:
			s.redactReason(&value)
			args[name] = value
		case []connection.Reason:
			value = slices.Clone(value)
			for i := range value {
				s.redactReason(&value[i])
			}
			args[name] = value
		case connection.Problems:
			args[name] = s.redactProblems(value)
		default:
			text, _ := json.Marshal(value)
			if shown := fmt.Sprint(value); s.quotes(shown) || s.quotes(string(text)) {
				s.redact(&shown)
				args[name] = shown
			}
		}
	}
	return args
}

// redactValues replaces properties, tags and stored credentials that quote a secret of the run, for
// a file. No plan compares them in this form.
func (s *Session) redactValues(snapshot *connection.Snapshot) {
	if s.host.Secrets == nil {
		return
	}
	for i := range snapshot.Stored {
		s.redact(&snapshot.Stored[i].ID, &snapshot.Stored[i].Name)
	}
	for i := range snapshot.Connections {
		live := &snapshot.Connections[i]
		if live.Properties != nil { // nil: unknown
			live.Properties, _ = s.host.Secrets.Value(live.Properties).(map[string]any)
		}
		s.redactAll(&live.Tags)
		s.redact(&live.StoredID)
	}
}

// redactPlan replaces live values of a plan, and sentences about them, that quote a secret of the
// run. The hash of the plan covers the original values.
func (s *Session) redactPlan(p *plan.Plan) {
	if p == nil || s.host.Secrets == nil {
		return
	}
	s.redactReasons(p.Reasons())
	for _, changes := range [][]plan.Change{p.Changes, p.Rotations} {
		for i := range changes {
			c := &changes[i]
			c.From = s.redactKey(c.From)
			c.Connection = *s.redactKey(&c.Connection)
			for j := range c.Fields {
				c.Fields[j].Before = s.host.Secrets.Value(c.Fields[j].Before)
				if c.Connection.IsSpace() { // the path names a member
					s.redact(&c.Fields[j].Path)
				}
			}
		}
	}
	for i := range p.Steps {
		step := &p.Steps[i]
		step.Connections = slices.Clone(step.Connections)
		for j := range step.Connections {
			step.Connections[j] = *s.redactKey(&step.Connections[j])
		}
	}
	for i := range p.Warnings {
		p.Warnings[i].Connection = s.redactKey(p.Warnings[i].Connection)
	}
}

// redactDrift replaces live values of a drift report, and sentences about them, that quote a
// secret of the run.
func (s *Session) redactDrift(drift *plan.Drift) {
	if s.host.Secrets == nil {
		return
	}
	s.redactReasons(drift.Reasons())
	for i := range drift.Items {
		fields := drift.Items[i].Fields
		for j := range fields {
			fields[j].After = s.host.Secrets.Value(fields[j].After)
			if drift.Items[i].Connection.IsSpace() {
				s.redact(&fields[j].Path)
			}
		}
	}
}

// redactResult replaces texts of the tenant in a result that quote a secret of the run. Many
// secrets are resolved only after the tenant has been read.
func (s *Session) redactResult(result *apply.Result) {
	if result == nil {
		return
	}
	s.redactReasons(result.Reasons())
	for i := range result.Items {
		item := &result.Items[i]
		s.redact(&item.Connection.Space, &item.Connection.Name, &item.ID)
	}
}

// redactChecks replaces the parts of messages that quote a secret of the run, such as the name
// of a role.
func (s *Session) redactChecks(checks []doctor.Check) {
	for i := range checks {
		s.redact(&checks[i].Message, &checks[i].Next)
		s.redactAll(&checks[i].Details)
		checks[i].Args = s.redactArgs(checks[i].Args)
	}
}

// redactError returns an error without secrets of the run: errors of reads name live connections.
func (s *Session) redactError(err error) error {
	if err == nil || !s.quotes(err.Error()) {
		return err
	}
	return redactedError{err, s.host.Secrets.Text(err.Error())}
}

type redactedError struct {
	error
	text string
}

func (e redactedError) Error() string { return e.text }

func (e redactedError) Unwrap() error { return e.error }
