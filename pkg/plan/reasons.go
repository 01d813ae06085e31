package plan

import "github.com/qlsync/qlsync/pkg/connection"

// named returns a reason whose arguments have names of users instead of their ids.
func (a *analysis) named(r connection.Reason) connection.Reason {
	for name, value := range r.Args {
		if id, isUser := value.(connection.UserID); isUser {
			r = r.With(name, a.UserName(string(id)))
		}
	}
	return r
}
