package engine

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/internal/transport"
	"github.com/qlsync/qlsync/pkg/connection"
	"github.com/qlsync/qlsync/pkg/spec"
)

// auth resolves the sign-in of the project file.
func (s *Session) auth(ctx context.Context) (auth, error) {
	a := s.tenant.Auth
	declared := map[string]any{
		"apiKey": a.APIKey, "clientId": a.ClientID, "clientSecret": a.ClientSecret, "privateKey": a.PrivateKey,
		"token": a.Token, "user": a.User, "password": a.Password,
	}
	resolved, errs := connection.Resolve(declared, func(ref connection.Reference) (connection.Secret, error) {
		return s.secrets.read(ctx, ref)
	})
	var problems connection.Problems
	for _, err := range errs {
		var problem connection.Problem
		if !errors.As(err, &problem) {
			return auth{}, errors.Join(errs...)
		}
		if code, missing := missingSignIn[problem.Code]; missing {
			reason := connection.Reason{Code: code, Args: problem.Args}.With("tenant", s.tenant.Name)
			problem = messages.Problem(problem.Position, problem.Severity, reason)
		}
		problems = append(problems, problem)
	}
	if len(problems) > 0 {
		return auth{}, problems
	}
	parts := map[string]connection.Secret{}
	for name, part := range resolved.(map[string]any) {
		parts[name] = secretOf(part)
	}
	if problems := spec.CheckSignIn(declared, parts); len(problems) > 0 {
		return auth{}, problems
	}
	return auth{
		apiKey: parts["apiKey"], clientID: parts["clientId"], clientSecret: parts["clientSecret"], privateKey: parts["privateKey"], keyID: a.KeyID,
		token: parts["token"], user: parts["user"], password: parts["password"],
	}, nil
}

// missingSignIn are the codes of a missing variable when it signs in to a tenant.
var missingSignIn = map[string]string{"variable-not-set": "sign-in-not-set", "variable-empty": "sign-in-empty"}

// secretOf returns a part of the sign-in as a secret, even if it may be written in clear text.
func secretOf(part any) connection.Secret {
	switch part := part.(type) {
	case connection.Secret:
		return part
	case string:
		return connection.NewSecret(part)
	}
	return connection.Secret{}
}

// explained converts a failure of a request to a problem with a position in the project file and
// what to try: the position of the tenant for an address, proxy or network failure, and of the
// credentials for a refused sign-in. Other errors are returned unchanged.
func (s *Session) explained(err error) error {
	failed, unanswered := errors.AsType[*transport.Failure](err)
	switch {
	case err == nil, s.tenant.SimFile != "", unanswered && failed.Interrupted():
		return err
	case unanswered:
		reason := connection.Because("tenant-unreachable", "tenant", s.tenant.Name, "reason", failed.Trouble())
		if failed.Sent { // the request may matter
			reason = reason.With("reason", err.Error())
		}
		if failed.Hint != "" {
			reason = reason.With("advice", failed.Hint)
		}
		return connection.Problems{messages.Problem(s.tenant.Position, connection.SeverityError, reason)}
	case errors.Is(err, connection.ErrUnauthorized):
		return s.refusedSignIn("sign-in-refused", err)
	case errors.Is(err, connection.ErrForbidden):
		return s.refusedSignIn("reading-forbidden", err)
	}
	return err
}

// refusedSignIn returns a problem with the declared credentials.
func (s *Session) refusedSignIn(code string, err error) connection.Problems {
	in := signInOf(s.tenant.Auth)
	reason := connection.Because(code, "tenant", s.tenant.Name, "signIn", in.String(), "reason", answered(err), "sources", strings.Join(in.sources, " and "))
	return connection.Problems{messages.Problem(cmp.Or(in.position, s.tenant.Position), connection.SeverityError, reason)}
}

// answered returns the answer of the service in an error, without the request: the message has
// already said what was refused.
func answered(err error) string {
	answer, ok := errors.AsType[*transport.Error](err)
	if !ok {
		return err.Error()
	}
	text := strconv.Itoa(answer.Status) + " " + cmp.Or(answer.Title, http.StatusText(answer.Status))
	if answer.Detail != "" {
		text += ", " + answer.Detail
	}
	if answer.TraceID != "" {
		text += " (trace " + answer.TraceID + ")"
	}
	return text
}

// declaredSignIn describes the credentials of a tenant in the project file.
type declaredSignIn struct {
	kind     string
	sources  []string            // an environment variable, a file, a command
	position connection.Position // of the secret part
}

// String returns "the API key from QLIK_API_KEY".
func (in declaredSignIn) String() string {
	return in.kind + " from " + strings.Join(in.sources, " and ")
}

func signInOf(auth spec.Auth) declaredSignIn {
	var in declaredSignIn
	switch {
	case auth.APIKey != nil:
		in.kind = "the API key"
	case auth.Token != nil:
		in.kind = "the token"
	case auth.ClientSecret != nil, auth.PrivateKey != nil:
		in.kind = "the OAuth client"
	default:
		in.kind = "the user"
	}
	for _, part := range []any{auth.APIKey, auth.Token, auth.ClientID, auth.ClientSecret, auth.PrivateKey, auth.User, auth.Password} {
		if ref, ok := part.(connection.Reference); ok {
			in.sources = append(in.sources, sourceOf(ref))
			in.position = ref.Position
		}
	}
	return in
}

// sourceOf names the source of a reference's value.
func sourceOf(ref connection.Reference) string {
	switch {
	case ref.Env != "":
		return ref.Env
	case ref.File != "":
		return "the file " + ref.File
	}
	return "the command " + ref.Exec[0]
}
