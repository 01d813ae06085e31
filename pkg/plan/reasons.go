package plan

import (
	"maps"

	"github.com/qlsync/qlsync/pkg/connection"
)

// text returns the sentence of a reason, with users as people know them.
func (t *tenant) text(r connection.Reason) string {
	return t.messages.Text(t.named(r))
}

// named returns a reason whose arguments have names of users instead of their ids.
func (t *tenant) named(r connection.Reason) connection.Reason {
	for name, value := range r.Args {
		if id, isUser := value.(connection.UserID); isUser {
			r = r.With(name, t.userName(string(id)))
		}
	}
	return r
}

// contrast returns a reason about two names that a reader may take for the same.
func contrast(code, own, other, difference string) connection.Reason {
	own, other = connection.QuoteApart(own, other)
	return connection.Because(code, "own", own, "other", other, "difference", difference)
}

// remark is a warning before it is put into words.
type remark struct {
	about  *connection.Key // nil: no single connection
	reason connection.Reason
}

// messagesOf returns the sentences of the planner and of a provider.
func messagesOf(rules connection.Rules) connection.Messages {
	all := maps.Clone(messages)
	maps.Copy(all, rules.Messages())
	return all
}
