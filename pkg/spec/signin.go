package spec

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// signInParts are the parts of auth in the order of their checks, with their names for people, and
// whether the value is sent unchanged in a header.
var signInParts = []struct {
	key, name string
	inHeader  bool
}{
	{"apiKey", "API key", true},
	{"clientId", "client id", false},
	{"clientSecret", "client secret", false},
	{"token", "token", true},
	{"user", "user name", false},
	{"password", "password", false},
}

// CheckSignIn returns the problems of the values of auth, by the names of its parts: a key with a
// line end, as echo adds one, would only be refused after several attempts to send it. declared
// holds the source of each value. No value is quoted.
func CheckSignIn(declared map[string]any, values map[string]connection.Secret) connection.Problems {
	var problems connection.Problems
	for _, part := range signInParts {
		wrong := unfitForSignIn(values[part.key].Reveal(), part.inHeader)
		if wrong == "" {
			continue
		}
		reason := connection.Because("sign-in-malformed", "part", part.name, "fault", wrong)
		var at connection.Position
		if ref, ok := declared[part.key].(connection.Reference); ok {
			reason = connection.Because("sign-in-secret-malformed", "part", part.name, "source", sourceOf(ref), "fault", wrong)
			at = ref.Position
		}
		problems = append(problems, messages.Problem(at, connection.SeverityError, reason))
	}
	return problems
}

// sourceOf names where a reference points to.
func sourceOf(ref connection.Reference) string {
	switch {
	case ref.Env != "":
		return fmt.Sprintf("the environment variable %q", ref.Env)
	case ref.File != "":
		return fmt.Sprintf("the file %q", ref.File)
	case len(ref.Exec) > 0:
		return fmt.Sprintf("the command %q", ref.Exec[0])
	}
	return "nowhere"
}

// unfitForSignIn returns the fault of a value as a part of a sign-in; empty: none.
func unfitForSignIn(value string, inHeader bool) string {
	switch {
	case strings.ContainsAny(value, "\r\n"):
		return "a line end"
	case strings.ContainsFunc(value, unicode.IsControl):
		return "a control character"
	case !inHeader:
		return ""
	case strings.ContainsFunc(value, unicode.IsSpace):
		return "a blank"
	case strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII }):
		return "a character that is not ASCII"
	}
	return ""
}
