package resolver

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Resolver reads the secrets of references. It keeps none of them. It may be used concurrently.
type Resolver struct {
	options Options
	// timeout and grace bound a command; see execTimeout and execGrace.
	timeout, grace time.Duration
}

// Options are the sources of a resolver.
type Options struct {
	// Dir is the folder of the project, which is the base of relative files and commands, and the
	// working directory of commands.
	Dir string
	// Lookup returns environment variables, as [os.LookupEnv] does.
	Lookup func(string) (string, bool)
	// AllowExec allows references to run commands.
	AllowExec bool
	// Environ returns the environment of commands, as [os.Environ] does. Nil: the environment of the
	// process.
	Environ func() []string
	// Excluded are the environment variables that no command gets, in any letter case.
	Excluded []string
}

// New returns a resolver for the references of a project.
func New(options Options) *Resolver {
	return &Resolver{options: options, timeout: execTimeout, grace: execGrace}
}

// maxSecret is the maximum size of a secret, in bytes.
const maxSecret = limits.SecretBytes

// Resolve reads one secret. An error is a [connection.Problem] with the position of the reference;
// it names the source and never contains a value or the output of a command.
//
//   - {env: NAME}: the variable must be set and not empty. Its value is used unchanged.
//   - {file: PATH}: a regular file of at most 1 MiB, not empty. One newline at its end ("\n" or
//     "\r\n") is removed, because editors and echo add it.
//   - {file: PATH, encoding: base64}: the secret is the base64 encoding of all the file's bytes,
//     which services want for key files; the file itself is not encoded, and may be binary.
//   - {exec: [COMMAND, ARGUMENT...]}: the standard output of the command, under the rules for a
//     file. There is no shell; the command must exit with 0 within 30 seconds.
//
// All but the encoded file must be text in UTF-8 without a NUL byte, because other bytes do not
// reach a service unchanged. A leading byte order mark is not part of the value.
func (r *Resolver) Resolve(ctx context.Context, ref connection.Reference) (connection.Secret, error) {
	if err := ctx.Err(); err != nil {
		return connection.Secret{}, err
	}
	var value string
	var reason connection.Reason
	switch {
	case ref.Env != "":
		value, reason = r.env(ref.Env)
	case ref.File != "":
		value, reason = r.file(ref)
	case !r.options.AllowExec:
		reason = connection.Because("exec-off")
	default:
		value, reason = r.exec(ctx, ref.Exec)
	}
	if ctx.Err() != nil {
		return connection.Secret{}, ctx.Err()
	}
	if reason.Holds() {
		return connection.Secret{}, messages.Problem(ref.Position, connection.SeverityError, reason)
	}
	return connection.NewSecret(value), nil
}

func (r *Resolver) env(name string) (string, connection.Reason) {
	value, set := r.options.Lookup(name)
	if !set {
		return "", connection.Because("variable-not-set", "variable", name)
	}
	text, err := infile.Text([]byte(value))
	switch {
	case err != nil:
		return "", connection.Because("variable-not-text", "variable", name, "fault", err.Error())
	case len(text) == 0:
		return "", connection.Because("variable-empty", "variable", name)
	}
	return string(text), connection.Reason{}
}

func (r *Resolver) file(ref connection.Reference) (string, connection.Reason) {
	content, err := infile.Read(infile.Under(r.options.Dir, ref.File), maxSecret)
	switch {
	case err != nil:
		return "", connection.Because("secret-file-not-readable", "file", ref.File, "reason", infile.Reason(err))
	case ref.Encoding == "base64" && len(content) > 0:
		return base64.StdEncoding.EncodeToString(content), connection.Reason{}
	}
	text, err := infile.Text(content)
	switch {
	case errors.Is(err, infile.ErrUTF16):
		return "", connection.Because("secret-file-in-utf16", "file", ref.File)
	case err != nil:
		return "", connection.Because("secret-file-not-text", "file", ref.File, "fault", err.Error())
	}
	text = cutNewline(text)
	if len(text) == 0 {
		return "", connection.Because("secret-file-empty", "file", ref.File)
	}
	return string(text), connection.Reason{}
}

// cutNewline removes one newline from the end.
func cutNewline(content []byte) []byte {
	if text, cut := bytes.CutSuffix(content, []byte("\n")); cut {
		return bytes.TrimSuffix(text, []byte("\r"))
	}
	return content
}
