package resolver

import (
	"context"

	"github.com/qlsync/qlsync/internal/infile"
	"github.com/qlsync/qlsync/internal/limits"
	"github.com/qlsync/qlsync/internal/report/messages"
	"github.com/qlsync/qlsync/pkg/connection"
)

// Present returns why a secret cannot be read, without reading it: nil if no reason is known. An
// error is a [connection.Problem] with the position of the reference and the text of
// [Resolver.Resolve]. No value is kept, and no command runs.
//
//   - {env: NAME}: the variable must be set and not empty.
//   - {file: PATH}: the file must be a regular file that can be opened, of 1 byte to 1 MiB.
//   - {exec: [COMMAND, ...]}: commands must be allowed, and the command must exist.
//
// Resolve may still fail later: a file may not be text, and a command may fail.
func (r *Resolver) Present(ref connection.Reference) error {
	var reason connection.Reason
	switch {
	case ref.Env != "":
		_, reason = r.env(ref.Env)
	case ref.File != "":
		reason = presentFile(ref.File, infile.Under(r.options.Dir, ref.File))
	case !r.options.AllowExec:
		reason = connection.Because("exec-off")
	default:
		reason = r.presentCommand(ref.Exec)
	}
	if !reason.Holds() {
		return nil
	}
	return messages.Problem(ref.Position, connection.SeverityError, reason)
}

// presentFile checks a file of a secret without reading from it. The zero reason means that the
// file can be read.
func presentFile(name, path string) connection.Reason {
	file, err := infile.Open(path)
	if err != nil {
		return connection.Because("secret-file-not-readable", "file", name, "reason", infile.Reason(err))
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return connection.Because("secret-file-not-readable", "file", name, "reason", infile.Reason(err))
	case info.Size() == 0:
		return connection.Because("secret-file-empty", "file", name)
	case info.Size() > maxSecret:
		return connection.Because("secret-file-not-readable", "file", name, "reason", "larger than "+limits.Size(maxSecret))
	}
	return connection.Reason{}
}

// presentCommand finds a command as [Resolver.Resolve] does, and prepares it without running it.
func (r *Resolver) presentCommand(command []string) connection.Reason {
	if len(command) == 0 {
		return connection.Because("exec-without-command")
	}
	if _, err := r.command(context.Background(), command); err != nil {
		return connection.Because("secret-command-failed", "command", command[0], "reason", exitReason(err).Error())
	}
	return connection.Reason{}
}
